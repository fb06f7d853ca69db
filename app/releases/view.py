"""What is shared with whom, in words, and the form for another paper."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency
from app.access.policy import AgencyKind, Permission
from app.access.service import agencies
from app.clock import Clock
from app.errors import Problem
from app.referrals.through import Kind, Through
from app.releases import agreements, laws, service
from app.releases.schemas import LegalBasisRead, ReleaseRead
from app.sharing.codes import Item, Law, Purpose
from app.sharing.models import LoneConsent, SharingPolicy
from app.sharing.signers import SignerRelation
from app.web import words
from app.web.answers import Form
from app.web.translation import gettext, marked

Json = dict[str, Any]

ITEMS: Mapping[Item, str] = {
    Item.CASE: marked("The whole case: needs, referrals, answers and stays, without a name or an address"),
    Item.GIVEN_NAMES: marked("Given names"),
    Item.FAMILY_NAME: marked("Family name"),
    Item.CALLED: marked("The name that the young person goes by"),
    Item.ALIASES: marked("Other names"),
    Item.CONTACT: marked("How to reach the young person safely"),
    Item.WORDS: marked("What who cares for the young person must know"),
    Item.AGE: marked("Age"),
    Item.BORN_ON: marked("Birth date"),
    Item.GENDER: marked("Gender"),
    Item.COUNTIES: marked("Counties: where the young person lives, was found, and whose court has the case"),
    Item.CUSTODY: marked("Who has legal custody"),
    Item.LANGUAGES: marked("Languages"),
    Item.CONDITIONS: marked("Conditions that a house asks about"),
    Item.SERVICES: marked("Services that are needed"),
    Item.STAYS: marked("Nights slept, and never where"),
    Item.FLAGS: marked("Flags: at risk or verified; and word of a referral, of missing or found, of leaving a house"),
    Item.OUTREACH: marked("Outreach, drop-in visits and shelter nights"),
    Item.HEALTH: marked("Medical care and counseling"),
    Item.LEGAL: marked("Interviews, legal help and court dates"),
    Item.SCHOOL: marked("School"),
    Item.SUPPORT: marked("Mentoring, groups, case management and safety plans"),
    Item.MISSING: marked("Missing and returned"),
}
PURPOSES: Mapping[Purpose, str] = {
    Purpose.PLACEMENT: marked("A placement"),
    Purpose.TREATMENT: marked("Treatment"),
    Purpose.SCHOOLING: marked("Schooling"),
    Purpose.LEGAL_HELP: marked("Legal help"),
    Purpose.FAMILY: marked("Contact with the family"),
    Purpose.BENEFITS: marked("Benefits"),
}
LAWS: Mapping[Law, str] = {
    Law.COURT_ORDER: marked("A court's order"),
    Law.PROTECTIVE_CUSTODY: marked("Protective custody"),
    Law.MANDATED_BY_LAW: marked("A law demands it"),
    Law.COALITION_AGREEMENT: marked("An agreement of agencies that both signed"),
}
SIGNERS: Mapping[SignerRelation, str] = {
    SignerRelation.MINOR: marked("the young person"),
    SignerRelation.PARENT: marked("a parent"),
    SignerRelation.GUARDIAN: marked("a guardian"),
}
DAYS = (30, 90, 180, 365)
PAPERS = {Kind.REFERRAL: "releases", Kind.MINOR: "papers"}
"""The last step of the page; of a record, what is shared stands as a grid before it."""
BACK = {Kind.REFERRAL: "change", Kind.MINOR: "releases"}
DEFAULTS = [("days", "30"), ("second", "parent")]


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press that was refused: what was sent, why, and what is wrong in which field."""

    sent: Form
    problem: Problem | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)


def releases_view(session: Session, actor: Actor, clock: Clock, whose: Through, pressed: Pressed | None = None) -> Json:
    """Everything that the page shows."""
    rows = service.list_releases(session, actor, whose, clock.now())
    return {
        "title": gettext("%(code)s: what is shared with whom") % {"code": whose.code(session, actor, clock.now())},
        "here": f"{whose.here}/{PAPERS[whose.kind]}",
        "back_to": gettext("Back to the referral")
        if whose.kind is Kind.REFERRAL
        else gettext("Back to what is shared"),
        "back": f"{whose.here}/{BACK[whose.kind]}",
        "rows": [_row(row, actor, clock) for row in rows],
        "laws": [_law(row, actor, clock) for row in laws.list_bases(session, actor, whose, clock.now())],
        "laws_here": f"{whose.here}/legal-bases",
        "may_write": actor.may(Permission.RELEASE_WRITE),
        "form": pressed.sent if pressed is not None else Form(DEFAULTS),
        "errors": {} if pressed is None else dict(pressed.wrong),
        "law_open": pressed is not None and any(name.startswith("law_") for name in pressed.wrong),
        "refused": None if pressed is None or pressed.problem is None else refusal(pressed.problem),
        "choices": _choices(session, actor, clock),
    }


def refusal(problem: Problem) -> str:
    """What a refusal means to a person."""
    return problem.detail or f"{problem.title}."


def alone_choices(session: Session) -> list[tuple[str, str]]:
    """The services that a law on record gives a young person alone, each with its State."""
    rows = session.scalars(select(LoneConsent).order_by(LoneConsent.service, LoneConsent.state)).all()
    return [(row.id, _alone(row.service, row.state)) for row in rows]


def _choices(session: Session, actor: Actor, clock: Clock) -> dict[str, list[tuple[str, str]]]:
    most = session.get_one(SharingPolicy, 1).release_days
    others = session.scalars(agencies().where(Agency.id != actor.agency_id, Agency.closed_at.is_(None)))
    signed = agreements.signed_by(session, actor.agency_id, clock.now())
    return {
        "recipient": [(one.id, one.name) for one in others if one.kind is not AgencyKind.FUNDER],
        "purpose": [(code.value, gettext(text)) for code, text in PURPOSES.items()],
        "items": [(code.value, gettext(text)) for code, text in ITEMS.items()],
        "second": [
            ("parent", gettext("A parent")),
            ("guardian", gettext("A guardian")),
            ("", gettext("Nobody: the law lets the young person sign alone")),
        ],
        "abuser": [("no", gettext("No")), ("yes", gettext("Yes, known or alleged")), ("", gettext("Not asked"))],
        "alone": alone_choices(session),
        "law": [
            (code.value, gettext(text)) for code, text in LAWS.items() if signed or code is not Law.COALITION_AGREEMENT
        ],
        "agreement": [(one.id, one.name) for one in signed],
        "days": [(str(n), gettext("%(n)s days") % {"n": n}) for n in DAYS if n <= most],
    }


def _row(row: ReleaseRead, actor: Actor, clock: Clock) -> Json:
    now, tonight = clock.now(), clock.tonight()
    signed = [gettext(SIGNERS[one.relation]) for one in row.signers]
    return {
        "id": row.id,
        "to": row.recipient_name,
        "purpose": gettext(PURPOSES[row.purpose]),
        "items": [gettext(ITEMS[item]) for item in row.items],
        "signed": words.listed(signed),
        "alone": None if row.alone_service is None else _alone(row.alone_service, row.alone_state),
        "from": words.clock_time(row.valid_from, clock.zone, tonight),
        "until": words.clock_time(row.valid_until, clock.zone, tonight),
        "withdrawn": None if row.withdrawn_at is None else words.ago(row.withdrawn_at, now),
        "in_force": row.in_force,
        "comes": row.withdrawn_at is None and row.valid_from > now,
        "may_withdraw": row.withdrawn_at is None and row.valid_until > now and actor.may(Permission.RELEASE_WRITE),
    }


def _law(row: LegalBasisRead, actor: Actor, clock: Clock) -> Json:
    now, tonight = clock.now(), clock.tonight()
    return {
        "id": row.id,
        "to": row.recipient_name,
        "law": gettext(LAWS[row.law]),
        "reference": row.reference,
        "items": [gettext(ITEMS[item]) for item in row.items],
        "from": words.clock_time(row.valid_from, clock.zone, tonight),
        "until": words.clock_time(row.valid_until, clock.zone, tonight),
        "in_force": row.in_force,
        "may_end": row.ended_at is None and row.valid_until > now and actor.may(Permission.RELEASE_WRITE),
    }


def _alone(service_code: str, state: str | None) -> str:
    name = words.code_words(service_code)
    return f"{name}, {state}" if state is not None else gettext("%(name)s, any State") % {"name": name}
