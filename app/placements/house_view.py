"""One house in an answer, and what can still be done: exceptions by their own parties, a night nobody pays, a no."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Permission
from app.access.service import called
from app.answers import runs
from app.answers.against import excluded
from app.answers.names import names_in
from app.answers.view import Tried
from app.clock import Clock
from app.errors import Problem, not_found
from app.exceptions import service as exceptions
from app.exceptions.schemas import ExceptionRead
from app.facilities import service as facilities
from app.placements.holding import houses_asked
from app.placements.rights import rights
from app.referrals import service as referrals
from app.referrals.models import ReferralStatus
from app.referrals.summary import summary
from app.sharing.projection import AGENCY, LISTS, NOT_AVAILABLE_TEXT, project
from app.web import words
from app.web.answers import Form
from app.web.translation import gettext, marked

Json = dict[str, Any]

DAYS = ((1, marked("Tonight only")), (7, marked("A week")), (30, marked("30 days")), (90, marked("90 days")))
NO = (
    "no_bed", "no_staffed_bed", "age", "residence", "payer", "acuity_medical", "acuity_psych", "facility_other",
)  # fmt: skip
"""At most eight answers of a house on the phone."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press on the page that was refused: by what, and what is wrong in which field, as it was sent."""

    sent: Form
    problem: Problem | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)


def house_view(
    session: Session, actor: Actor, clock: Clock, referral_id: str, run_id: str, facility_id: str,
    pressed: Pressed | None = None,
) -> Json:  # fmt: skip
    """Everything that the page shows."""
    run, stored = runs.read_run(session, actor, referral_id, run_id, clock.now())
    referral = referrals.read_referral(session, actor, referral_id, clock.now(), clock.tonight())
    house = facilities.find(session, actor, facility_id)
    decision = project(runs.only(stored, facility_id), viewer=AGENCY, findings="all")
    entries = [(name, entry) for name in LISTS for entry in decision[name]]
    if not entries:
        raise not_found()
    where, entry = entries[0]
    found = excluded(entry, names_in(session, decision)) if where == "excluded" else None
    rows = exceptions.list_exceptions(session, actor, referral_id, clock.now())
    own = [row for row in rows if row.facility_id == facility_id]
    in_force = {row.rule for row in own if row.in_force}
    waits = referral.status is ReferralStatus.OPEN and run.tonight == clock.tonight()
    may = actor.may(Permission.HOLD_WRITE) and waits
    failed = entry["failed"] if found is not None else []
    waived = found is not None and found["fixable"] and set(failed) <= in_force
    money = found is not None and found["fixable"] and all(code.startswith("funding.") for code in failed)
    unfunded = money and referral.urgency == 1
    asked = facility_id in houses_asked(session, referral_id, clock.now())
    here = f"/referrals/{referral_id}/rankings/{run_id}"
    return {
        "title": f"{referral.code}: {house.alias}",
        "tab": gettext("%(code)s: what can be done") % {"code": referral.code},
        "summary": summary(referral, run.tonight),
        "facility": facility_id,
        "name": house.alias,
        "phone": house.duty_phone,
        "says": gettext(NOT_AVAILABLE_TEXT) if entry.get("code") else None,
        "rules": [] if found is None else _rules(found["rules"], in_force, may),
        "never": found is not None and not found["fixable"],
        "days": [(str(days), gettext(text)) for days, text in DAYS],
        "exceptions": exception_rows(session, actor, own, clock),
        "all": f"/referrals/{referral_id}/exceptions" if rows else None,
        "hold": _hold(referral.minor.custody, pressed, clock) if may and (waived or unfunded) and not asked else None,
        "waived": waived,
        "noes": [(code, words.said(words.DECLINE_REASONS, code)) for code in NO] if may else [],
        "back": here,
        "here": here,
        "refused": None if pressed is None or pressed.problem is None else refusal(pressed.problem),
        "wrong": {} if pressed is None else dict(pressed.wrong),
        "typed": {name: "" if pressed is None else pressed.sent.one(name) for name in _TYPED},
    }


_TYPED = ("rule", "role", "reason", "days", "unfunded_reason")


def refusal(problem: Problem) -> str:
    """What a refusal means to a person."""
    return " ".join([problem.detail or f"{problem.title}.", *(error.message for error in problem.errors)])


def _rules(rows: list[Json], in_force: set[str], may: bool) -> list[Json]:
    """Each rule once, with what every payer says of it, and whether its party can still be asked."""
    found: dict[str, Json] = {}
    for row in rows:
        one = found.setdefault(row["code"], {**row, "texts": []})
        one["texts"].append(row["text"])
    for code, one in found.items():
        one["waived"] = code in in_force
        one["may_waive"] = may and one["party"] is not None and code not in in_force
    return list(found.values())


def _hold(custody: str | None, pressed: Pressed | None, clock: Clock) -> Json:
    """The same questions as on the page of the answer."""
    usual = words.AUTHORITY_OF_CUSTODY.get(custody or "", "")
    return {
        "rights": rights(clock),
        "right": usual if pressed is None else pressed.sent.one("authority"),
        "until": "" if pressed is None else pressed.sent.one("authority_until"),
        "reasons": [(code, gettext(text)) for code, text in words.CHOICE_REASONS.items()],
        "reason": "" if pressed is None else pressed.sent.one("choice_reason"),
        "ticked": pressed is not None and bool(pressed.sent.one("called")),
        "wrong": {} if pressed is None else dict(pressed.wrong),
    }


def exception_rows(session: Session, actor: Actor, rows: list[ExceptionRead], clock: Clock) -> list[Json]:
    """Exceptions in words: whose, why, until when, and the second person."""
    people = called(session, actor, {row.recorded_by for row in rows})
    return [
        {
            "id": row.id,
            "facility": row.facility_id,
            "rule": words.said(words.RULES, row.rule),
            "who": gettext("%(party)s, %(role)s: %(reason)s")
            % {
                "party": words.said(words.WHO, row.party.replace("_", " ")),
                "role": row.role,
                "reason": row.reason or gettext("expunged"),
            },
            "until": _at(row.until, clock),
            "by": people.get(row.recorded_by, row.recorded_by),
            "second": _second(row, clock),
            "in_force": row.in_force,
            "may_second": row.awaits_second and row.recorded_by != actor.id and actor.may(Permission.EXCEPTION_SECOND),
        }
        for row in rows
    ]


def _second(row: ExceptionRead, clock: Clock) -> str:
    if row.second_at is not None:
        return gettext("A second person agreed on %(at)s") % {"at": _at(row.second_at, clock)}
    if row.in_force:
        return gettext("A second person must look at it by %(at)s") % {"at": _at(row.second_due_at, clock)}
    if row.awaits_second:
        return gettext("No second person looked at it by %(at)s: it counts for nothing new until one agrees") % {
            "at": _at(row.second_due_at, clock)
        }
    return gettext("No second person agreed in time: it counts no more")


def _at(at: datetime, clock: Clock) -> str:
    return words.clock_time(at, clock.zone, clock.tonight())


def tried(sent: Form, wrong: Mapping[str, str]) -> Tried:
    """A press on a bed that was refused, as the page of the answer shows it."""
    return Tried(
        facility=sent.one("facility"),
        authority=sent.one("authority"),
        authority_until=sent.one("authority_until"),
        choice_reason=sent.one("choice_reason"),
        called=sent.many("called"),
        wrong=dict(wrong),
    )
