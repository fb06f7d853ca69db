"""A minor who has a bed elsewhere on a night that is asked for: a supervisor looks, who asked is told nothing."""

from sqlalchemy import select

from app.codes import trail_id
from app.db import Database
from app.minors.models import Minor
from app.referrals.models import Referral
from app.tasks.models import TaskKind
from app.tasks.service import open_task


def open_for(database: Database, referral_id: str) -> None:
    """Give the agency that owns the record the task, once a night, in a transaction of its own: the other is undone."""
    now, tonight = database.clock.now(), database.clock.tonight()
    with database.writing() as session:
        owner = select(Minor.agency_id).join(Referral, Referral.minor_id == Minor.id).where(Referral.id == referral_id)
        open_task(
            session,
            TaskKind.CLASH,
            agency_id=session.scalars(owner).one(),
            subject=("referral", referral_id),
            now=now,
            due_at=now,
            once=f"clash:{trail_id(referral_id)}:{tonight}",
        )
