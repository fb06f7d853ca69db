"""Which minors an agency may see: where every query for a minor's data starts."""

from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Select, false, or_, select, update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Permission
from app.db import new_id
from app.sharing.models import Grant, Relation, Release

_CASE = (Permission.MINOR_READ, Permission.REFERRAL_READ, Permission.STAY_READ)


def visible_minors(actor: Actor, now: datetime) -> Select[str]:
    """Ids of the minors whom the actor's agency may see now; a released one only while the release holds."""
    query = granted(actor.agency_id, now)
    return query if reads_cases(actor) else query.where(false())


def reads_cases(actor: Actor) -> bool:
    """A second wall behind the permission of the route."""
    return any(actor.may(permission) for permission in _CASE)


def granted(agency_id: str | BindParameter[str], now: datetime | BindParameter[datetime]) -> Select[str]:
    """Ids of the minors whom an agency may see at an hour, whoever of it asks."""
    return (
        select(Grant.minor_id)
        .outerjoin(Release, Release.id == Grant.release_id)
        .where(
            Grant.agency_id == agency_id,
            Grant.valid_from <= now,
            or_(Grant.valid_until.is_(None), Grant.valid_until > now),
            or_(Grant.release_id.is_(None), _in_force(now)),
        )
        .distinct()
    )


def _in_force(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return (
        (Release.valid_from <= now)
        & (Release.valid_until > now)
        & or_(Release.revoked_at.is_(None), Release.revoked_at > now)
    )


def grant(
    session: Session,
    minor_id: str,
    agency_id: str,
    relation: Relation,
    valid_from: datetime,
    valid_until: datetime | None = None,
    *,
    release_id: str | None = None,
) -> Grant:
    """Let an agency see a minor. The act that causes it is what gets audited."""
    row = Grant(
        id=new_id("grant"),
        minor_id=minor_id,
        agency_id=agency_id,
        relation=relation,
        release_id=release_id,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    session.add(row)
    return row


def end_grants(session: Session, minor_id: str, agency_id: str, relation: Relation, now: datetime) -> None:
    """Stop what an agency sees for one reason, at once: an offer declined, a stay ended."""
    session.execute(
        update(Grant)
        .where(
            Grant.minor_id == minor_id,
            Grant.agency_id == agency_id,
            Grant.relation == relation,
            Grant.valid_from <= now,
            or_(Grant.valid_until.is_(None), Grant.valid_until > now),
        )
        .values(valid_until=now)
    )
