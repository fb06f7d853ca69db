"""A small network in which everything is known and every rule is met, and the changes that tests make to it.

One house (`fac_a`) with two beds, one fund (`fund_a`) with every kind of limit, one minor (`min_1`), one referral.
`changed(document, {pointer: value})` gives a copy; a pointer is a JSON pointer and `-` at its end appends.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import date, timedelta
from random import Random
from typing import Any

from matching.codec import decode
from matching.decision_form import decision_document
from matching.ranking import rank

Json = dict[str, Any]

TONIGHT = date(2026, 11, 21)
LISTS = ("options", "later", "needs_info", "excluded")
GONE = object()
"""As a value in `changed`: take the key out."""

GENDERS = ("female", "male", "nonbinary")
GA = {"county": "13121", "place": "1304000", "state": "GA"}
SAFEGUARDS: Json = {
    "egress": "unlocked",
    "fire_clearance": True,
    "outside_contact": "open",
    "remote": False,
    "equal_activities": True,
    "awake_night_staff": True,
    "education": True,
    "grievance_contact": True,
}


def day(offset: int) -> str:
    """A date so many days after tonight."""
    return (TONIGHT + timedelta(days=offset)).isoformat()


def bed(name: str, status: str = "open", **more: Any) -> Json:
    """A bed, confirmed tonight."""
    return {"id": name, "status": status, "confirmed_at": "2026-11-21T22:00:00-05:00"} | more


def unit(name: str, *beds: Json, **more: Any) -> Json:
    """A room group without a rule of its own."""
    return {"id": name, "beds": list(beds)} | more


def house(letter: str = "a", *units: Json, **more: Any) -> Json:
    """A house that meets every rule, with two open beds unless units are given."""
    return {
        "id": f"fac_{letter}",
        "kind": "safe_house",
        "state": "GA",
        "county": "13121",
        "place": "1304000",
        "point": [33.75, -84.39],
        "licence": {
            "status": "active",
            "valid_from": "2026-01-01",
            "expires_on": "2029-01-01",
            "capacity": 6,
            "min_age": 12,
            "max_age": 17,
            "genders": ["female"],
            "infants": False,
        },
        "population": "trafficking_only",
        "admits": None,
        "safeguards": {name: {"value": value} for name, value in SAFEGUARDS.items()},
        "staffing": {"night_ratio": 4, "awake_staff_tonight": 1},
        "services": ["trauma_therapy", "medical"],
        "languages": ["en"],
        "declines": ["arson"],
        "funds": ["fund_a"],
        "units": list(units) or [unit(f"unit_{letter}", bed(f"bed_{letter}1"), bed(f"bed_{letter}2"))],
        "residents": [],
    } | more


def resident(bed_id: str | None = None, **more: Any) -> Json:
    """Somebody who lives there already, with no end known."""
    return {"minor": "min_9", "bed": bed_id, "trafficking": "verified", "age": 16, "from": None, "until": None} | more


def clock(limit: int, unit: str = "night", window: str = "lifetime", **more: Any) -> Json:
    """A stay cap."""
    return {"id": f"cap{limit}", "limit": limit, "unit": unit, "window": window} | more


def fund(letter: str = "a", *, last_resort: bool = False, **limit: Any) -> Json:
    """A fund with one row of limits, open since 2010, without any condition but those given."""
    row = {"valid_from": "2010-01-01", "valid_until": None, "citation": f"contract {letter}"} | limit
    return {"id": f"fund_{letter}", "funder": "A county", "last_resort": last_resort, "limits": [row]}


def strict_fund(letter: str = "a") -> Json:
    """A fund with every kind of limit, each of them met by `minor()`."""
    return fund(
        letter,
        min_age=12,
        max_age=17,
        leaves_at_age=18,
        residence={"basis": ["residence"], "counties": ["13121"]},
        custody={"allow": None, "deny": ["ward_state"]},
        trafficking=["verified", "at_risk"],
        genders=["female"],
        facility_kinds=["safe_house", "group_home"],
        excluded_facility_kinds=["secure_detention"],
        requires=["agency_placement"],
        clocks=[clock(90, "night", "trailing", window_months=12)],
        beds_per_night=2,
        nights_left=300,
    )


def every_gender(home: Json) -> Json:
    """The same house, licensed for every gender."""
    return home | {"licence": home["licence"] | {"genders": list(GENDERS)}}


def some_rooms_of_one_gender(seed: int, document: Json) -> Json:
    """Let most units of every third example be for one gender a night; to some of them somebody comes within days.

    Its houses and funds take every gender, and not all of them are known. All other examples stay as they are.
    """
    if seed % 3 != 1:
        return document
    draw = Random(seed)  # noqa: S311 - an example
    document["facilities"] = list(map(every_gender, document["facilities"]))
    for home in document["facilities"]:
        for room in home["units"]:
            room["one_gender_a_night"] = draw.choice((True, True, None))
            if room["one_gender_a_night"] and draw.random() < 0.5:
                room["beds"].append(bed(f"{room['id']}_next", "offline"))
                comes = resident(
                    f"{room['id']}_next", minor=f"min_to_{room['id']}", **{"from": day(draw.randint(1, 3))}
                )
                home["residents"].append(comes)
                home["licence"]["capacity"] += 1
        for entry in home["residents"]:
            entry["gender"] = draw.choice(("female", "male", None))
    for row in document["funds"]:
        for limit in row["limits"]:
            limit["genders"] = None
    for row in document["minors"]:
        row["gender"] = draw.choice(("female", "female", "male", "male", "nonbinary", None))
    return document


def minor(name: str = "min_1", **more: Any) -> Json:
    """A girl of 15 about whom everything is known."""
    return {
        "id": name,
        "born_on": "2011-03-02",
        "age_range": None,
        "gender": "female",
        "residence": dict(GA),
        "found": dict(GA),
        "jurisdiction": dict(GA),
        "custody": "parent",
        "trafficking": "verified",
        "needs": {"services": [], "services_required": ["medical"], "languages": [], "conditions": [], "infants": 0},
        "approvals": ["agency_placement"],
        "avoid": {"counties": [], "circles": [], "minors": [], "facilities": []},
        "together_with": [],
        "wishes": {"prefer": [], "refuse": []},
        "history": "complete",
    } | more


def referral(number: int = 1, **more: Any) -> Json:
    """A request for 30 nights from tonight."""
    return {
        "id": f"ref_{number}",
        "minor": f"min_{number}",
        "opened_at": "2026-11-21T21:50:00-05:00",
        "urgency": 1,
        "needed_from": TONIGHT.isoformat(),
        "nights_needed": 30,
        "home_point": [33.7, -84.4],
    } | more


def stay(
    name: str = "stay_1", start: int = -20, end: int | None = -8, *, fund: str | None = "fund_a", **more: Any
) -> Json:
    """A past stay of `min_1` elsewhere, paid throughout by one fund; days count from tonight."""
    left = None if end is None else day(end)
    payers = [] if fund is None else [{"fund": fund, "from": day(start), "until": left}]
    return {
        "id": name,
        "minor": "min_1",
        "facility": "fac_old",
        "admitted_on": day(start),
        "left_on": left,
        "payers": payers,
    } | more


def snapshot(**more: Any) -> Json:
    """The network of this module, with lists replaced."""
    return {
        "version": 1,
        "as_of": "2026-11-21T22:14:00-05:00",
        "tonight": TONIGHT.isoformat(),
        "horizon_nights": 180,
        "policy": {"id": "default", "version": 1},
        "facilities": [house()],
        "funds": [strict_fund()],
        "minors": [minor()],
        "referrals": [referral()],
        "stays": [],
        "holidays": {"GA": ["2026-11-26", "2026-11-27"]},
        "interstate_approvals": [],
    } | more


def changed(document: Json, changes: Mapping[str, Any]) -> Json:
    """A copy of a document with values put at JSON pointers."""
    copy: Json = deepcopy(document)
    for pointer, value in changes.items():
        *steps, last = pointer.split("/")[1:]
        at: Any = copy
        for step in steps:
            at = at[int(step)] if isinstance(at, list) else at[step]
        if last == "-":
            at.append(deepcopy(value))
        elif value is GONE:
            at.pop(last, None)
        else:
            at[int(last) if isinstance(at, list) else last] = deepcopy(value)
    return copy


def decide(document: Json, referral_id: str = "ref_1") -> Json:
    """The decision for a referral, with every finding, as it is printed."""
    decision = decision_document(rank(decode(document), referral_id))
    printed: Json = json.loads(json.dumps(decision))
    return printed


def placed(document: Json, facility: str = "fac_a", referral_id: str = "ref_1") -> tuple[str, Json]:
    """The list a facility stands in, and its entry."""
    decision = decide(document, referral_id)
    found = [(name, entry) for name in LISTS for entry in decision[name] if entry["facility"] == facility]
    assert len(found) == 1, f"{facility} stands in {len(found)} lists"
    return found[0]


def option(document: Json, facility: str = "fac_a") -> Json:
    """The entry of a facility that is an option."""
    name, entry = placed(document, facility)
    assert name == "options", (name, entry.get("failed"), entry.get("unknown"))
    return entry


def later(document: Json, facility: str = "fac_a") -> Json:
    """The entry of a facility that is one later."""
    name, entry = placed(document, facility)
    assert name == "later", (name, entry.get("failed"), entry.get("unknown"))
    return entry


def failed(document: Json, facility: str = "fac_a") -> list[str]:
    """The codes that exclude a facility; none where it is not excluded."""
    codes: list[str] = placed(document, facility)[1].get("failed", [])
    return codes


def unknown(document: Json, facility: str = "fac_a") -> list[str]:
    """The codes that must be asked about; none where there is nothing to ask."""
    codes: list[str] = placed(document, facility)[1].get("unknown", [])
    return codes


def asked(document: Json, facility: str = "fac_a") -> list[str]:
    """The facts to ask for, in order."""
    return [ask["fact"] for ask in placed(document, facility)[1].get("ask", [])]


def finding(document: Json, rule: str, subject: str | None = None, facility: str = "fac_a") -> Json:
    """One finding of a facility; `subject` tells payers apart."""
    rows: list[Json] = placed(document, facility)[1]["findings"]
    found = [row for row in rows if row["rule"] == rule and subject in (None, row["subject"])]
    assert len(found) == 1, f"{len(found)} findings of {rule}"
    return found[0]


def outcome(document: Json, rule: str, subject: str | None = None) -> str:
    """The outcome of one rule at `fac_a`."""
    said: str = finding(document, rule, subject)["outcome"]
    return said


def fix(document: Json, rule: str) -> Json:
    """The fix of a failed rule at `fac_a`."""
    rows: list[Json] = placed(document)[1]["fix"]
    return next(row for row in rows if row["rule"] == rule)
