"""The acts on record that name a young person's own record, as the agency that owns it is told of them.

Lists in which a young person stands among others (a house's offers, an agency's referrals) name no one of them, so a
look at a list is not told here.
"""

from datetime import datetime

from sqlalchemy import Select, select, union_all
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency
from app.access.service import called
from app.answers.models import RankingRun
from app.audit.models import AuditEvent
from app.audit.service import record
from app.beds.models import Hold
from app.codes import trail_id
from app.looks.schemas import Look
from app.minors.models import Minor
from app.minors.records import own_record
from app.paging import Place, page
from app.referrals.models import Referral
from app.referrals.service import find_own
from app.stays.models import Admission, Offer


def looks_at(
    session: Session, actor: Actor, referral_id: str, place: Place, now: datetime
) -> tuple[list[Look], str | None]:
    """One page of who looked and what they did, the newest first; 404 for a referral of another agency."""
    referral = find_own(session, actor, referral_id, now, "looks.read")
    found = _looks(session, actor, _subjects(referral.minor_id, referral.agency_id), place)
    record(session, actor, "looks.read", "referral", trail_id(referral_id))
    return found


def looks_at_record(
    session: Session, actor: Actor, minor_id: str, place: Place, now: datetime
) -> tuple[list[Look], str | None]:
    """The same of a record that nobody may have asked a bed for; 404 for one of another agency."""
    minor = own_record(session, actor, minor_id, now, "looks.read")
    found = _looks(session, actor, _subjects(minor.id, minor.agency_id), place)
    record(session, actor, "looks.read", "minor", trail_id(minor_id))
    return found


def _looks(session: Session, actor: Actor, subjects: Select[str], place: Place) -> tuple[list[Look], str | None]:
    query = select(AuditEvent).where(AuditEvent.subject.in_(subjects))
    rows, cursor = page(session, query, [AuditEvent.seq], place, newest_first=True)
    names = called(session, actor, {row.actor_id for row in rows if row.actor_id is not None})
    agencies = _names(session, {row.agency_id for row in rows if row.agency_id is not None})
    return [
        Look(
            at=row.at,
            by=names.get(row.actor_id or ""),
            agency=agencies.get(row.agency_id or ""),
            action=row.action,
            outcome=row.outcome,
            reason=row.reason,
            under_release=row.release_id is not None,
        )
        for row in rows
    ], cursor


def _subjects(minor_id: str, agency_id: str) -> Select[str]:
    """The ids under which the trail knows the record: of the young person and of what the own agency did for her."""
    own = select(Referral.id).where(Referral.minor_id == minor_id, Referral.agency_id == agency_id)
    offers = select(Offer.id).where(Offer.referral_id.in_(own))
    ids = union_all(
        select(Minor.id).where(Minor.id == minor_id),
        own,
        select(RankingRun.id).where(RankingRun.referral_id.in_(own)),
        select(Hold.id).where(Hold.referral_id.in_(own)),
        offers,
        select(Admission.stay_id).where(Admission.offer_id.in_(offers)),
    ).subquery()
    return select(ids.c[0])


def _names(session: Session, ids: set[str]) -> dict[str, str]:
    return {row.id: row.name for row in session.execute(select(Agency.id, Agency.name).where(Agency.id.in_(ids)))}
