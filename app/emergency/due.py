"""What time brings to emergency access: a review that did not come, and with it the end of somebody's right."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.codes import trail_id
from app.db import Database
from app.emergency.models import EmergencyAccess
from app.outbox.models import OutboxEvent
from app.outbox.service import emit

_LATE = "emergency_late:"


def run(database: Database) -> int:
    """Tell the supervisors of each review that is late by now, once; how many. That nobody told them lifts nothing."""
    now = database.clock.now()
    told = select(OutboxEvent.once).where(OutboxEvent.once == _LATE + EmergencyAccess.id)
    late = (
        select(EmergencyAccess.id)
        .where(EmergencyAccess.reviewed_at.is_(None), EmergencyAccess.review_due_at <= now, ~told.exists())
        .order_by(EmergencyAccess.review_due_at, EmergencyAccess.id)
    )
    with database.reading() as session:
        found = session.scalars(late).all()
    return sum(_tell(database, access_id) for access_id in found)


def _tell(database: Database, access_id: str) -> bool:
    with database.writing() as session:
        row = session.get_one(EmergencyAccess, access_id, with_for_update=True)
        if row.reviewed_at is not None or _was_told(session, row.id):
            return False
        emit(session, "emergency.unreviewed", agency_id=row.agency_id, subject_kind="emergency", subject_id=row.id,
             once=_LATE + row.id)  # fmt: skip
        record(session, None, "emergency.suspend", "referral", trail_id(row.referral_id), reason="not_reviewed")
        return True


def _was_told(session: Session, access_id: str) -> bool:
    return session.scalar(select(OutboxEvent.seq).where(OutboxEvent.once == _LATE + access_id)) is not None
