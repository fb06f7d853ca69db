"""Called, told no: one tap. The house's beds count as not confirmed until it confirms them; nobody is barred."""

from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.beds import ledger
from app.db import new_id
from app.errors import FieldError, invalid
from app.facilities import service as facilities
from app.gaps import service as gaps
from app.gaps.models import Call, DeclineReason
from app.gaps.schemas import CallCreate, CallRead
from app.referrals import service as referrals


def told_no(
    session: Session, actor: Actor, facility_id: str, body: CallCreate, now: datetime, tonight: date
) -> CallRead:
    """Write down what the house said. Decisions that looked at the house are judged again."""
    facilities.find(session, actor, facility_id)
    referral = referrals.find_own(session, actor, body.referral, now, "call.told_no")
    if body.reason is DeclineReason.MINOR_DECLINED:
        message = "The young person's no is no answer of the house: record it among the wishes."
        raise invalid([FieldError("/reason", "not_the_house", message)])
    ledger.stamp(session, facility_id)
    row = Call(
        id=new_id("call"),
        facility_id=facility_id,
        referral_id=referral.id,
        agency_id=actor.agency_id,
        made_at=now,
        made_by=actor.id,
        reason=body.reason,
    )
    session.add(row)
    session.flush()
    gaps.of_call(session, row, tonight)
    record(session, actor, "call.told_no", "call", row.id, reason=f"decline.{body.reason}")
    return _shown(row)


def read_call(session: Session, actor: Actor, facility_id: str, call_id: str) -> CallRead:
    """One call of the own agency."""
    own = (Call.id == call_id, Call.facility_id == facility_id, Call.agency_id == actor.agency_id)
    row = session.scalar(select(Call).where(*own))
    if row is None:
        raise hidden(actor, "call.read", "call", call_id)
    return _shown(row)


def last_no(session: Session) -> dict[str, datetime]:
    """When each house last said no on the phone."""
    query = select(Call.facility_id, func.max(Call.made_at)).group_by(Call.facility_id)
    return dict(session.execute(query).all())


def _shown(row: Call) -> CallRead:
    names = ("id", "facility_id", "referral_id", "reason", "made_at")
    return CallRead(**{name: getattr(row, name) for name in names})
