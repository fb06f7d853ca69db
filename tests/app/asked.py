"""What the matrix sends: for each route that takes a body, one that is right enough for the asker's place to matter.

A body that is malformed is refused before anybody looks whose case it is, and the line would say yes to everyone.
Names in braces stand for the ids of the stage.
"""

from typing import Any

from tests.app.test_whose import WRITES

Json = dict[str, Any]

_QUESTION: Json = {
    "run": "{run_id}", "facility": "fac_a", "authority": "court_order", "choice_reason": "clinical_advice",
}  # fmt: skip
_EXCEPTION: Json = {
    "run": "{run_id}", "facility": "fac_a", "rule": "unit.fit", "party": "facility", "role": "manager",
    "reason": "a bed tonight", "until": "2026-11-23T22:14:00-05:00",
}  # fmt: skip
_AWAY: Json = {"first": "2026-11-22", "until": "2026-11-24", "keep_bed": True, "paid": False}
_NO: Json = {"accept": False, "decided_by": "facility", "reason": "no_bed"}
_HOME: Json = {"reason": "completed", "destination": "family"}
_WHY: Json = {"reason": "court_asks", "words": "The court asks why this house was not offered."}

_RELEASE: Json = {
    "recipient": "{recipient}", "purpose": "placement", "items": ["case"], "given": "written", "explained": True,
    "signers": [{"relation": "minor"}], "valid_until": "2026-11-30T22:14:00-05:00",
}  # fmt: skip
_CARE: Json = {"kind": "drop_in", "name": "a", "contact": "b", "phone": "404-555-0100", "hours": "c"}
_AGREEMENT: Json = {
    "name": "Safe harbor", "approval": "counsel, May 4", "items": ["flags"], "valid_until": "2027-11-30T22:14:00-05:00",
}  # fmt: skip
_PAPER: Json = {
    "recipient": "{recipient}", "purpose": "placement", "items": "case", "minor": "on", "explained": "on",
    "days": "30",
}  # fmt: skip
_LAW: Json = {
    "recipient": "{recipient}", "law": "court_order", "reference": "file 12", "items": ["case"],
    "valid_until": "2026-11-30T22:14:00-05:00",
}  # fmt: skip
_EMERGENCY: Json = {
    "code": "{referral_code}", "reason": "medical", "words": "a fever that does not go down by itself",
}  # fmt: skip
FLAG: Json = {"level": "at_risk", "basis": "observation", "indicators": ["hotels"]}
LINK: Json = {"other": "{other_id}", "verdict": "same"}
_REFERRAL, _RUN = "/v1/referrals/{referral_id}", "/referrals/{referral_id}/rankings/{run_id}"
_CONFERENCE = "/v1/conferences/{conference_id}"
_STAY, _MINOR = "/v1/stays/{stay_id}", "/v1/minors/{minor_id}"

BODIES: dict[tuple[str, str], Json] = WRITES | {
    ("POST", "/v1/facilities"): {"alias": "Harbor", "kind": "safe_house", "state": "GA"},
    ("POST", "/v1/facilities/{facility_id}/calls"): {"referral": "{referral_id}", "reason": "no_bed"},
    ("POST", "/v1/facilities/{facility_id}/walk-ins"): {"bed": "{bed_id}"},
    ("POST", "/v1/facilities/{facility_id}/offers/{offer_id}/answer"): _NO,
    ("POST", "/v1/funds"): {"funder": "a", "program": "a"},
    ("PUT", "/v1/prices"): {"counted": False},
    ("PUT", "/v1/reports/floor"): {"most_small": 10},
    ("PUT", "/v1/states/{state}/holidays"): {"days": []},
    ("POST", "/v1/referrals"): {"minor": {}, "needed_from": None},
    ("PATCH", _REFERRAL): {"urgency": 2, "version": 1},
    ("POST", f"{_REFERRAL}/again"): {"needed_from": None},
    ("POST", f"{_REFERRAL}/end"): {"how": "closed"},
    ("POST", f"{_REFERRAL}/exceptions"): _EXCEPTION,
    ("POST", f"{_REFERRAL}/holds"): _QUESTION,
    ("POST", f"{_REFERRAL}/offers"): _QUESTION,
    ("POST", f"{_REFERRAL}/offers/{{offer_id}}/withdrawal"): {},
    ("POST", f"{_REFERRAL}/past-stays"): {
        "outside_facility": "x", "admitted_on": "2026-02-01", "left_on": "2026-02-05",
    },
    ("POST", f"{_REFERRAL}/rankings/{{run_id}}/whole-views"): _WHY,
    ("POST", f"{_REFERRAL}/releases"): _RELEASE,
    ("POST", f"{_REFERRAL}/legal-bases"): _LAW,
    ("POST", "/referrals/{referral_id}/legal-bases"): {**_LAW, "items": "case", "days": "30"},
    ("POST", "/v1/person-searches"): {"family_name": "x", "born_on": "2011-03-02"},
    ("POST", "/v1/emergency-accesses"): _EMERGENCY,
    ("POST", "/v1/emergency-accesses/{access_id}/review"): {"justified": True},
    ("POST", "/v1/conferences"): {"name": "a", "held_at": "2026-11-24T10:00:00-05:00", "agencies": []},
    ("POST", "/conferences"): {"name": "a", "held_at": "2026-11-24T10:00"},
    ("PUT", f"{_CONFERENCE}/attendance"): {"agency": "{own_agency}", "came": True},
    ("POST", f"{_CONFERENCE}/cases"): {"minor": "{minor_id}"},
    ("POST", f"{_CONFERENCE}/cases/{{case_id}}/decisions"): {"words": "school first"},
    ("POST", f"{_CONFERENCE}/cases/{{case_id}}/tasks"): {
        "words": "call", "agency": "{own_agency}", "due_on": "2026-12-01",
    },
    ("PUT", f"{_CONFERENCE}/tasks/{{todo_id}}"): {"done": True},
    ("POST", "/conferences/{conference_id}/attendance"): {"agency": "{own_agency}", "came": "yes"},
    ("POST", "/conferences/{conference_id}/cases"): {"minor": "{minor_id}"},
    ("POST", "/conferences/{conference_id}/cases/{case_id}"): {"press": "decided", "words": "school first"},
    ("POST", "/conferences/{conference_id}/tasks/{todo_id}"): {"press": "done"},
    ("PUT", "/v1/reporting-lines/{state}"): {"name": "a", "phone": "1-800-555-0100", "citation": "b"},
    ("POST", "/reporting-lines"): {"state": "GA", "name": "a", "phone": "1-800-555-0100", "citation": "b"},
    ("POST", "/v1/continuum"): {**_CARE, "counties": []},
    ("PUT", "/v1/continuum/{care_id}"): {**_CARE, "counties": [], "version": 1},
    ("POST", "/continuum"): _CARE,
    ("POST", "/continuum/{care_id}"): {**_CARE, "version": "1"},
    ("POST", "/v1/agreements"): _AGREEMENT,
    ("PUT", "/v1/agreements/{agreement_id}/signature"): {"signed": True},
    ("POST", "/agreements"): {"name": "a", "approval": "b", "item": "flags", "days": "90"},
    ("POST", "/agreements/{agreement_id}"): {"press": "reads"},
    ("PUT", "/v1/sharing-policy"): {"former_nights": 1, "release_days": 90},
    ("PUT", "/v1/lone-consents"): {"service": "shelter", "state": "GA", "from_age": 16, "citation": "a law"},
    ("PUT", f"{_REFERRAL}/identity"): {"called": "x"},
    ("PUT", f"{_REFERRAL}/expungement"): {"reason": "court_order"},
    ("PUT", f"{_REFERRAL}/expungement/decision"): {"agree": False},
    ("POST", f"{_STAY}/absences"): _AWAY,
    ("PUT", f"{_STAY}/aftercare"): {"items": [], "version": 1},
    ("POST", f"{_STAY}/corrections"): {"first": "2026-11-21", "until": "2026-11-22", "fund": None, "reason": "nobody"},
    ("POST", f"{_STAY}/discharge"): _HOME,
    ("POST", f"{_STAY}/extension"): {"until": "2026-12-05"},
    ("POST", f"{_STAY}/next"): {},
    ("POST", f"{_STAY}/return"): {},
    ("POST", f"{_STAY}/transfer"): {"bed": "{bed_id}"},
    ("POST", "/v1/minors"): {"flag": FLAG},
    ("POST", "/minors"): {"level": "at_risk", "basis": "observation"},
    ("POST", f"{_MINOR}/flags"): FLAG,
    ("POST", f"{_MINOR}/flags/{{flag_id}}/review"): {"review_by": "2027-01-02", "version": 1},
    ("POST", f"{_MINOR}/flags/{{flag_id}}/end"): {"reason": "safe_now", "version": 1},
    ("PUT", f"{_MINOR}/identity"): {"called": "x"},
    ("POST", "/minors/{minor_id}/releases/withdrawal"): {"agency": "{recipient}"},
    ("POST", "/minors/{minor_id}/tasks/{task_id}"): {"outcome": "reported"},
    ("POST", f"{_MINOR}/links"): LINK,
    ("POST", "/minor-links"): {**LINK, "minor": "{minor_id}"},
    ("PUT", "/v1/minors/contacts/{contact_id}"): {"answer": "in_contact"},
    ("POST", "/minors/contacts/{contact_id}"): {"answer": "in_contact"},
    ("POST", f"{_MINOR}/activities"): {"kind": "school"},
    ("POST", "/minors/{minor_id}/flags"): {"level": "at_risk", "basis": "observation"},
    ("POST", "/minors/{minor_id}/flags/{flag_id}/review"): {"days": "30", "version": "1"},
    ("POST", "/minors/{minor_id}/flags/{flag_id}/end"): {"reason": "safe_now", "version": "1"},
    ("POST", "/minors/{minor_id}/activities"): {"kind": "school"},
    ("POST", f"{_MINOR}/referrals"): {"needed_from": None},
    ("POST", f"{_MINOR}/releases"): _RELEASE,
    ("POST", f"{_MINOR}/legal-bases"): _LAW,
    ("PUT", f"{_MINOR}/expungement"): {"reason": "court_order"},
    ("PUT", f"{_MINOR}/expungement/decision"): {"agree": False},
    ("POST", "/minors/{minor_id}/legal-bases"): {**_LAW, "items": "case", "days": "30"},
    ("POST", "/minors/{minor_id}/expungement"): {"press": "ask", "reason": "court_order"},
    ("POST", "/minors/{minor_id}/papers"): _PAPER,
    ("POST", "/v1/tasks/{task_id}/done"): {"outcome": "reached"},
    ("POST", "/v1/webhooks"): {"url": "https://hooks.example.org/other"},
    ("PATCH", "/v1/webhooks/{webhook_id}"): {"enabled": True, "version": 1},
    # Forms.
    ("POST", "/emergency"): _EMERGENCY,
    ("POST", "/emergency/reviews/{access_id}"): {"press": "justified"},
    ("POST", "/people/{person_id}"): {"press": "link"},
    ("POST", "/referrals/{referral_id}"): {"version": "1"},
    ("POST", "/referrals/{referral_id}/end"): {"how": "closed"},
    ("POST", "/referrals/{referral_id}/expungement"): {"press": "ask", "reason": "court_order"},
    ("POST", "/referrals/{referral_id}/releases"): _PAPER,
    ("POST", f"{_RUN}/answers"): {"fact": "minor.custody", "answer": "none", "version": "1"},
    ("POST", f"{_RUN}/calls"): {"facility": "fac_a", "press": "no_bed"},
    ("POST", f"{_RUN}/exceptions"): {**_EXCEPTION, "days": "1"},
    ("POST", f"{_RUN}/holds"): _QUESTION,
    ("POST", f"{_RUN}/offers"): _QUESTION,
    ("POST", f"{_RUN}/whole"): _WHY,
    ("POST", "/board/{facility_id}/offers/{offer_id}"): {"press": "yes"},
    ("POST", "/board/{facility_id}/units"): {"name": "West"},
    ("POST", "/board/{facility_id}/units/{unit_id}"): {"name": "West", "version": "1"},
    ("POST", "/board/{facility_id}/walk-ins"): {"bed": "{bed_id}", "press": "verified"},
    ("POST", "/stays/{stay_id}/aftercare"): {"press": "add", "kind": "counseling", "with_whom": "x", "version": "1"},
    ("POST", "/stays/{stay_id}/away"): {"first": "2026-11-22", "back_on": "2026-11-24", "press": "kept"},
    ("POST", "/stays/{stay_id}/bed"): {"bed": "{bed_id}"},
    ("POST", "/stays/{stay_id}/discharge"): _HOME,
    ("POST", "/stays/{stay_id}/longer"): {"until": "2026-12-05"},
    ("POST", "/stays/{stay_id}/payers"): {
        "paid_from": "2026-11-21", "paid_through": "2026-11-21", "fund": "nobody", "because": "they said so",
    },
    ("POST", "/tasks/notices"): {"press": "{notice_id}"},
    ("POST", "/tasks/{task_id}"): {"press": "reached", "version": "1"},
}  # fmt: skip
# What an address asks for beside its steps.
QUERIES = {f"{_RUN}/house": "?facility=fac_a"}


def sent_to(method: str, path: str, ids: dict[str, str]) -> tuple[str, Json | None]:
    """The address with its ids, and the body; an empty one where nothing is named here."""
    body = BODIES.get((method, path), {} if method != "GET" else None)
    if body is not None:
        body = {name: value.format(**ids) if isinstance(value, str) else value for name, value in body.items()}
    return path.format(**ids) + QUERIES.get(path, ""), body
