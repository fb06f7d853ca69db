"""Which minors an agency may see: where every query for a minor's data starts."""

from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Select, exists, false, or_, select, update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Permission
from app.db import new_id
from app.sharing.codes import OF_RECORD, Item
from app.sharing.models import Agreement, AgreementSignature, Grant, LegalBasis, Relation, Release, SharingPolicy

_CASE = (Permission.MINOR_READ, Permission.REFERRAL_READ, Permission.STAY_READ)


def visible_minors(actor: Actor, now: datetime) -> Select[str]:
    """Ids of the minors whom the actor may see now; a released one only while the release holds."""
    query = granted(actor.agency_id, now, actor.person_id)
    return query if reads_cases(actor) else query.where(false())


def reads_cases(actor: Actor) -> bool:
    """A second wall behind the permission of the route."""
    return any(actor.may(permission) for permission in _CASE)


def granted(
    agency_id: str | BindParameter[str],
    now: datetime | BindParameter[datetime],
    person_id: str | BindParameter[str | None] | None = None,
) -> Select[str]:
    """Ids of the minors whom an agency may see at an hour, whoever of it asks; and whom this person of it alone may."""
    return (
        select(Grant.minor_id)
        .outerjoin(Release, Release.id == Grant.release_id)
        .outerjoin(LegalBasis, LegalBasis.id == Grant.basis_id)
        .where(
            Grant.agency_id == agency_id,
            or_(Grant.person_id.is_(None), Grant.person_id == person_id),
            Grant.valid_from <= now,
            or_(Grant.valid_until.is_(None), Grant.valid_until > now),
            or_(Grant.release_id.is_(None), release_holds(now)),
            or_(Grant.basis_id.is_(None), basis_holds(now)),
        )
        .distinct()
    )


def release_holds(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether a release is in force: asked whenever something is read, never remembered."""
    return (
        (Release.valid_from <= now)
        & (Release.valid_until > now)
        & or_(Release.revoked_at.is_(None), Release.revoked_at > now)
    )


def basis_holds(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether a law that takes the place of a release is in force; by an agreement, whether both stand by it still."""
    by_it = AgreementSignature.agreement_id == LegalBasis.agreement_id, AgreementSignature.withdrawn_at.is_(None)
    opens = exists().where(*by_it, AgreementSignature.agency_id == LegalBasis.sharer_id, AgreementSignature.shares)
    reads = exists().where(*by_it, AgreementSignature.agency_id == LegalBasis.agency_id)
    stands = exists().where(Agreement.id == LegalBasis.agreement_id, agreement_holds(now))
    return (
        (LegalBasis.valid_from <= now)
        & (LegalBasis.valid_until > now)
        & or_(LegalBasis.ended_at.is_(None), LegalBasis.ended_at > now)
        & or_(LegalBasis.agreement_id.is_(None), opens & reads & stands)
    )


def agreement_holds(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether an agreement of agencies is in force."""
    return (
        (Agreement.valid_from <= now)
        & (Agreement.valid_until > now)
        & or_(Agreement.ended_at.is_(None), Agreement.ended_at > now)
    )


def shared_items(session: Session, minor_id: str, agency_id: str, now: datetime) -> dict[Item, str]:
    """What an agency may be told of a minor at this hour: each item, with the id of the release or law that says so."""
    laws = select(LegalBasis.id, LegalBasis.fields).where(
        LegalBasis.minor_id == minor_id, LegalBasis.agency_id == agency_id, basis_holds(now)
    )
    releases = select(Release.id, Release.fields).where(
        Release.minor_id == minor_id, Release.agency_id == agency_id, release_holds(now)
    )
    # Where both say so, the release does: what was agreed to needs no law.
    found = [
        *session.execute(laws.order_by(LegalBasis.valid_from, LegalBasis.id)),
        *session.execute(releases.order_by(Release.valid_from, Release.id)),
    ]
    return {Item(item): row.id for row in found for item in row.fields}


def who_may_see(session: Session, minor_id: str, item: Item, now: datetime) -> dict[str, str]:
    """The agencies that a release or a law lets see an item of a young person now, each with the id of one of these."""
    laws = select(LegalBasis.agency_id, LegalBasis.id, LegalBasis.fields).where(
        LegalBasis.minor_id == minor_id, basis_holds(now)
    )
    releases = select(Release.agency_id, Release.id, Release.fields).where(
        Release.minor_id == minor_id, release_holds(now)
    )
    found = [*session.execute(laws.order_by(LegalBasis.id)), *session.execute(releases.order_by(Release.id))]
    return {row.agency_id: row.id for row in found if item in row.fields}


def record_items(session: Session, actor: Actor, minor_id: str, owner_id: str, now: datetime) -> dict[Item, str | None]:
    """Which items of the shared record the actor may see of a young person, and by which release or law.

    The owner sees all of them, and so does who has emergency access; nobody else by being asked for a bed. Nothing at
    all is the same as no such record.
    """
    if session.scalar(visible_minors(actor, now).where(Grant.minor_id == minor_id)) is not None:
        of_one = Grant.relation == Relation.EMERGENCY, Grant.minor_id == minor_id
        if owner_id == actor.agency_id or session.scalar(visible_minors(actor, now).where(*of_one)) is not None:
            return dict.fromkeys(OF_RECORD)
    if not reads_cases(actor):
        return {}
    shared = shared_items(session, minor_id, actor.agency_id, now)
    return {item: source for item, source in shared.items() if item in OF_RECORD}


def former_nights(session: Session) -> int:
    """For how many nights after its end a house still reads a stay; 0: no more from the day of leaving on."""
    return session.get_one(SharingPolicy, 1).former_nights


def grant(
    session: Session,
    minor_id: str,
    agency_id: str,
    relation: Relation,
    valid_from: datetime,
    valid_until: datetime | None = None,
    *,
    release_id: str | None = None,
    basis_id: str | None = None,
    person_id: str | None = None,
) -> Grant:
    """Let an agency see a minor. The act that causes it is what gets audited."""
    row = Grant(
        id=new_id("grant"),
        minor_id=minor_id,
        agency_id=agency_id,
        relation=relation,
        release_id=release_id,
        basis_id=basis_id,
        person_id=person_id,
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
