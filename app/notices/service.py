"""Reading notices and marking them seen, within the actor's agency and own houses."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.codes import trail_id
from app.notices.models import Notice
from app.notices.sentences import SENTENCES, permission_of
from app.web.translation import gettext


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice as its reader sees it."""

    id: str
    text: str
    kind: str
    facility_id: str | None
    subject_kind: str
    subject_id: str
    created_at: datetime
    seen_at: datetime | None


def concerns(actor: Actor, notice: Notice) -> bool:
    """Whether a notice is for this actor: of their agency, of a house they work in, about what their role may see."""
    if notice.agency_id != actor.agency_id or not actor.may(permission_of(notice.kind)):
        return False
    return actor.facility_ids is None or notice.facility_id in set(map(trail_id, actor.facility_ids))


def list_notices(session: Session, actor: Actor, *, unseen: bool = False, limit: int = 50) -> list[Shown]:
    """What the actor was told, the newest first."""
    query = _readable(actor).order_by(Notice.seq.desc()).limit(limit)
    if unseen:
        query = query.where(Notice.seen_at.is_(None))
    return [
        Shown(
            id=row.id,
            text=gettext(SENTENCES[row.kind].text),
            kind=row.kind,
            facility_id=row.facility_id,
            subject_kind=row.subject_kind,
            subject_id=row.subject_id,
            created_at=row.created_at,
            seen_at=row.seen_at,
        )
        for row in session.scalars(query)
    ]


def mark_seen(session: Session, actor: Actor, notice_id: str, now: datetime) -> None:
    """Somebody has read it: it is seen for all whom it concerns. Seen twice is seen once."""
    notice = session.scalar(_readable(actor).where(Notice.id == notice_id))
    if notice is None:
        raise hidden(actor, "notice.seen", "notice", notice_id)
    marked = session.execute(
        update(Notice)
        .where(Notice.id == notice_id, Notice.seen_at.is_(None))
        .values(seen_at=now, seen_by=actor.id)
        .returning(Notice.id)
    ).all()
    if marked:
        record(session, actor, "notice.seen", "notice", notice_id)


def mark_all_seen(session: Session, actor: Actor, newest_id: str, now: datetime) -> None:
    """Everything up to the newest that the reader was shown; what came after it was not."""
    newest = session.scalar(_readable(actor).where(Notice.id == newest_id))
    if newest is None:
        raise hidden(actor, "notice.seen", "notice", newest_id)
    unseen = _readable(actor).where(Notice.seen_at.is_(None), Notice.seq <= newest.seq)
    ids = [row.id for row in session.scalars(unseen)]
    session.execute(
        update(Notice).where(Notice.id.in_(ids), Notice.seen_at.is_(None)).values(seen_at=now, seen_by=actor.id)
    )
    if ids:
        record(session, actor, "notice.seen", "agency", actor.agency_id)


def _readable(actor: Actor) -> Select[Notice]:
    """The notices with a sentence that concern the actor: `concerns`, as a query."""
    kinds = [kind for kind, sentence in SENTENCES.items() if actor.may(sentence.permission)]
    query = select(Notice).where(Notice.agency_id == actor.agency_id, Notice.kind.in_(kinds))
    if actor.facility_ids is not None:
        query = query.where(Notice.facility_id.in_([trail_id(facility) for facility in actor.facility_ids]))
    return query
