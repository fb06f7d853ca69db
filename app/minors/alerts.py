"""A flagged young person is referred, missing, found, or leaves a house: the agencies that may know are told at once.

Told is whoever a release or a law lets see the flags of the record, at this hour; by ids, and nothing else. Where
nobody flagged her or him, nobody is told.
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.codes import trail_id
from app.minors import flags
from app.minors.linking import together
from app.minors.models import Minor
from app.minors.record_models import Flag
from app.outbox.service import emit
from app.sharing.codes import Item
from app.sharing.service import who_may_see
from app.tasks.models import TaskKind, TaskOutcome
from app.tasks.service import hours_of, open_task, settle

REPORTS = (TaskKind.REPORT_POLICE, TaskKind.REPORT_NCMEC)


class Turn(StrEnum):
    """What happened, as it is told."""

    REFERRED = "record.referred"
    MISSING = "record.missing"
    FOUND = "record.found"
    LEFT = "record.left"


def tell(session: Session, minor_id: str, turn: Turn, now: datetime, today: date) -> None:
    """Tell whoever may know, once each; under which release or law stands in the trail."""
    owner = session.get_one(Minor, minor_id).agency_id
    own, _ = together(session, owner, minor_id)
    if session.scalar(select(Flag.id).where(Flag.minor_id.in_(own), flags.holds(today)).limit(1)) is None:
        return
    told: set[str] = {owner}
    for one in own:
        for agency, source in sorted(who_may_see(session, one, Item.FLAGS, now).items()):
            if agency not in told:
                told.add(agency)
                emit(session, turn.value, agency_id=agency, subject_kind="minor", subject_id=trail_id(one))
                record(session, None, "alert.tell", "minor", trail_id(one), reason=turn.value, release_id=source)


def owe_reports(session: Session, minor_id: str, agency_id: str, once: str, now: datetime) -> None:
    """Of a missing child law enforcement and NCMEC are told in time, by the agency that entered it."""
    for kind in REPORTS:
        within = hours_of(session, kind, None, None)
        if within is not None:
            open_task(session, kind, agency_id=agency_id, subject=("minor", minor_id), now=now, due_at=now + within,
                      once=f"{kind}:{once}")  # fmt: skip


def settle_reports(session: Session, minor_ids: Iterable[str], by: str, now: datetime) -> None:
    """Whoever is back needs no report of being missing any more."""
    for minor_id in minor_ids:
        for kind in REPORTS:
            settle(session, kind, ("minor", minor_id), TaskOutcome.FOUND_BEFORE, by, now)
