"""Where a task or a notice leads: the page of what it is about, and the code that people say, if both are seen."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Permission
from app.answers.models import RankingRun
from app.clock import Clock
from app.exceptions.models import RuleException
from app.facilities.models import Facility
from app.minors.records import glimpse, record_code
from app.referrals.models import Referral
from app.sharing.service import visible_minors
from app.stays.called import stay_codes
from app.stays.models import Offer, Stay

Subject = tuple[str, str]


class Lead(NamedTuple):
    """A page, and the code of the young person's referral."""

    href: str
    code: str | None


def leads(session: Session, actor: Actor, subjects: Iterable[Subject], clock: Clock) -> dict[Subject, Lead]:
    """What the actor can open of these subjects; one that is not theirs to see, or not there, is missing."""
    ids: dict[str, set[str]] = {}
    for kind, subject_id in subjects:
        ids.setdefault(kind, set()).add(subject_id)
    return {
        (kind, subject_id): lead
        for kind, wanted in ids.items()
        if kind in _KINDS
        for subject_id, lead in _KINDS[kind](session, actor, wanted, clock).items()
    }


def _referrals(session: Session, actor: Actor, ids: set[str], clock: Clock) -> dict[str, Lead]:
    rows = session.execute(select(Referral.id, Referral.code).where(Referral.id.in_(ids), _seen(actor, clock)))
    return {row.id: Lead(f"/referrals/{row.id}", row.code) for row in rows}


def _offers(session: Session, actor: Actor, ids: set[str], clock: Clock) -> dict[str, Lead]:
    """The agency that asked reads how it stands; the house answers on its board."""
    query = select(Offer.id, Offer.facility_id, Offer.referral_id, Referral.code, Offer.agency_id)
    query = query.join(Referral, Referral.id == Offer.referral_id).where(Offer.id.in_(ids), _seen(actor, clock))
    found = {}
    for row in session.execute(query):
        own = row.agency_id == actor.agency_id and actor.may(Permission.HOLD_WRITE)
        href = f"/referrals/{row.referral_id}/offers/{row.id}" if own else _board(row.facility_id)
        found[row.id] = Lead(href, row.code)
    return found


def _stays(session: Session, actor: Actor, ids: set[str], clock: Clock) -> dict[str, Lead]:
    seen = Stay.minor_id.in_(visible_minors(actor, clock.now()))
    there = session.scalars(select(Stay.id).where(Stay.id.in_(ids), seen)).all()
    codes = stay_codes(session, there)
    return {stay_id: Lead(f"/stays/{quote(stay_id, safe='')}", codes.get(stay_id)) for stay_id in there}


def _exceptions(session: Session, actor: Actor, ids: set[str], clock: Clock) -> dict[str, Lead]:
    query = select(RuleException.id, Referral.id, Referral.code).join(
        Referral, Referral.id == RuleException.referral_id
    )
    rows = session.execute(query.where(RuleException.id.in_(ids), _seen(actor, clock))).all()
    return {own: Lead(f"/referrals/{referral}/exceptions", code) for own, referral, code in rows}


def _runs(session: Session, actor: Actor, ids: set[str], clock: Clock) -> dict[str, Lead]:
    query = select(RankingRun.id, Referral.id, Referral.code).join(Referral, Referral.id == RankingRun.referral_id)
    rows = session.execute(query.where(RankingRun.id.in_(ids), _seen(actor, clock))).all()
    return {run: Lead(f"/referrals/{referral}/rankings/{run}", code) for run, referral, code in rows}


def _houses(session: Session, actor: Actor, ids: set[str], clock: Clock) -> dict[str, Lead]:
    """The board for whoever works there; for others the houses of the network, each with its number."""
    rows = session.execute(select(Facility.id, Facility.alias).where(Facility.id.in_(ids))).all()
    if actor.may(Permission.BED_STATUS_WRITE):
        return {row.id: Lead(_board(row.id), None) for row in rows}
    return {row.id: Lead("/beds", row.alias) for row in rows} if actor.may(Permission.BED_STATUS_READ) else {}


def _seen(actor: Actor, clock: Clock) -> ColumnElement[bool]:
    return Referral.minor_id.in_(visible_minors(actor, clock.now()))


def _board(facility_id: str) -> str:
    return f"/board/{quote(facility_id, safe='')}"


def _emergencies(session: Session, actor: Actor, ids: set[str], clock: Clock) -> dict[str, Lead]:
    """The page on which a supervisor reviews all of them."""
    return dict.fromkeys(ids, Lead("/emergency/reviews", None)) if actor.may(Permission.EMERGENCY_REVIEW) else {}


def _contacts(session: Session, actor: Actor, ids: set[str], clock: Clock) -> dict[str, Lead]:
    """The page on which the owner of a record reads who asks."""
    return dict.fromkeys(ids, Lead("/minors/contacts", None)) if actor.may(Permission.MINOR_READ) else {}


def _minors(session: Session, actor: Actor, ids: set[str], clock: Clock) -> dict[str, Lead]:
    """The shared record, for whoever may see something of it."""
    if not actor.may(Permission.MINOR_READ):
        return {}
    seen = [one for one in sorted(ids) if glimpse(session, actor, one, clock.now()) is not None]
    return {one: Lead(f"/minors/{one}", record_code(one)) for one in seen}


_KINDS: Mapping[str, Callable[[Session, Actor, set[str], Clock], dict[str, Lead]]] = {
    "referral": _referrals,
    "offer": _offers,
    "stay": _stays,
    "exception": _exceptions,
    "ranking_run": _runs,
    "facility": _houses,
    "emergency": _emergencies,
    "contact": _contacts,
    "minor": _minors,
}
