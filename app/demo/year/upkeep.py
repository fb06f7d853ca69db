"""What goes on in the houses whoever comes: papers, confirmations, cleaning, tasks, and what the clock brings."""

from datetime import timedelta

from sqlalchemy import select, update

from app.beds.confirming import confirm
from app.beds.due import reopen
from app.beds.ledger import NIGHT
from app.beds.models import BedNight
from app.beds.schemas import BedStatusChange, ConfirmationCreate
from app.beds.service import put
from app.config import Settings
from app.demo.houses import HOUSES
from app.demo.year import volume
from app.demo.year.book import Book
from app.demo.year.opening import Renewal, renew
from app.facilities.models import Bed, BedStatus
from app.outbox.models import OutboxEvent
from app.placements import due
from app.stays.authority import finish
from app.stays.rolling import roll
from app.tasks.models import Task, TaskKind, TaskOutcome
from app.tasks.schemas import TaskDone
from app.tasks.service import FOR_SUPERVISORS, tell_due

_PROMISED = timedelta(days=4)
_RENEWED_FOR = timedelta(days=30)
_ENDS = {
    TaskKind.PARENT_CONTACT: (
        (TaskOutcome.REACHED, 70),
        (TaskOutcome.NOT_REACHED, 18),
        (TaskOutcome.UNSAFE_TO_CONTACT, 12),
    ),
    TaskKind.REPORT_POLICE: ((TaskOutcome.REPORTED, 90), (TaskOutcome.FOUND_BEFORE, 10)),
    TaskKind.REPORT_NCMEC: ((TaskOutcome.REPORTED, 90), (TaskOutcome.FOUND_BEFORE, 10)),
    TaskKind.CLASH: ((TaskOutcome.SETTLED, 100),),
    TaskKind.AUTHORITY: ((TaskOutcome.RENEWED, 100),),
    TaskKind.FOLLOW_UP: (
        (TaskOutcome.SAFE, 52),
        (TaskOutcome.NEEDS_HELP, 16),
        (TaskOutcome.NOT_REACHED, 24),
        (TaskOutcome.MISSING, 8),
    ),
}
"""What comes of each kind of task, of a hundred. Invented; a discharge owes four follow-ups within a year."""


def bring_due(book: Book, settings: Settings) -> None:
    """What the clock brings due: as the worker does it, once a day."""
    database = book.database
    reopen(database, settings)
    due.run(database)
    roll(database)
    tell_due(database)


def keep_free(book: Book) -> None:
    """Take out of use what is promised to somebody within days, or stands empty when the evening comes."""
    until = {}
    for bed_id in book.standing.free_until:
        day = book.standing.next_in(bed_id, book.tonight)
        if day - book.tonight < _PROMISED:
            until[bed_id] = max(day, book.tonight + NIGHT)
    taken = select(BedNight.bed_id).where(BedNight.night >= book.tonight)
    beds = select(Bed).where(Bed.id.in_(until), Bed.status == BedStatus.OPEN, Bed.id.not_in(taken))
    for bed in book.session.scalars(beds.order_by(Bed.id)).all():
        said = BedStatusChange(status=BedStatus.OFFLINE, reason="Promised", offline_until=until[bed.id])
        put(book.session, book.staff.by_house[bed.facility_id], bed, said, book.now, book.tonight)


def renew_papers(book: Book, renewals: list[Renewal]) -> None:
    """Licences and evidence that come into force today."""
    for renewal in renewals:
        renew(book.session, book.staff.by_house[renewal.facility_id], renewal, book.now)


def confirm_houses(book: Book) -> None:
    """One call a house, its staff of the night included; now and then nobody has the time."""
    for house in HOUSES:
        if book.draw.chance(volume.CONFIRMS):
            said = ConfirmationCreate(awake_staff_tonight=house.awake)
            actor = book.staff.by_house[house.facility]
            confirm(book.session, actor, house.facility, said, book.now, book.tonight)


def finish_tasks(book: Book) -> None:
    """Do what was owed by today."""
    session, staff = book.session, book.staff
    owed = select(Task).where(Task.done_at.is_(None), Task.opens_at <= book.now, Task.kind.in_(_ENDS))
    for task in session.scalars(owed.order_by(Task.opens_at, Task.id)).all():
        caller = staff.supervisor if task.kind in FOR_SUPERVISORS else staff.coordinator
        actor = caller if task.facility_id is None else staff.by_house[task.facility_id]
        if actor.agency_id == task.agency_id:
            outcome = book.draw.weighted(_ENDS[task.kind])
            until = book.now + _RENEWED_FOR if outcome is TaskOutcome.RENEWED else None
            finish(session, actor, task.id, TaskDone(outcome=outcome, until=until), book.now)


def tell_nobody(book: Book) -> None:
    """Nobody was there to be told: a year of notices would bury those of the evening."""
    waiting = (OutboxEvent.handed_on_at.is_(None), OutboxEvent.due_at <= book.now)
    told = update(OutboxEvent).where(*waiting).values(handed_on_at=book.now, delivered_at=book.now)
    book.session.execute(told.execution_options(synchronize_session=False))
