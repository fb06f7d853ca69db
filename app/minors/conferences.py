"""Case conferences: agencies sit together about young people, and each sees those alone whose records it may see.

Whose record it is puts it on the agenda, writes down what was decided, and gives tasks to agencies that may see it.
Nothing is copied: who may see what is asked for at each look, so that a paper taken back takes the decision with it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.access.models import Agency
from app.access.policy import AgencyKind
from app.audit.service import record
from app.clock import Clock
from app.codes import trail_id
from app.db import new_id
from app.errors import FieldError, conflict, invalid
from app.minors.conference_models import Conference, ConferenceCase, ConferenceDecision, ConferenceSeat, ConferenceTask
from app.minors.conference_schemas import (
    CameSent,
    CaseRead,
    ConferenceRead,
    ConferenceSent,
    ConferenceTaskRead,
    ConferenceTaskSent,
    DecisionRead,
    DecisionSent,
    SeatRead,
)
from app.minors.record_schemas import NotSharedRead
from app.minors.records import Sight, glimpse, own_record, record_code
from app.outbox.service import emit
from app.sealing.words import seal_words, words_at
from app.sharing.codes import Item
from app.sharing.service import reads_cases, who_may_see

DECIDED = Item.SUPPORT
"""Under which kind of information what was decided is shared: plans for a young person, like case management."""
AHEAD = timedelta(days=400)


def call(session: Session, actor: Actor, body: ConferenceSent, clock: Clock) -> ConferenceRead:
    """Ask agencies to sit together; each of them is told."""
    now = clock.now()
    if not now - timedelta(days=7) <= body.held_at <= now + AHEAD:
        words = f"Expected a moment within a week before and {AHEAD.days} days after now."
        raise invalid([FieldError("/held_at", "out_of_range", words)])
    asked = sorted(set(body.agencies) - {actor.agency_id})
    known = select(Agency.id).where(Agency.id.in_(asked), Agency.closed_at.is_(None), Agency.kind != AgencyKind.FUNDER)
    if len(session.scalars(known).all()) < len(asked):
        raise invalid([FieldError("/agencies", "unknown", "There is no such agency, or it is a funder.")])
    row = Conference(
        id=new_id("conf"), agency_id=actor.agency_id, name=body.name, held_at=body.held_at, called_at=now,
        called_by=actor.id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    for agency in (actor.agency_id, *asked):
        session.add(ConferenceSeat(conference_id=row.id, agency_id=agency))
    for agency in asked:
        emit(session, "conference.called", agency_id=agency, subject_kind="conference", subject_id=row.id)
    session.flush()
    record(session, actor, "conference.call", "conference", row.id)
    return _shown(session, actor, row, clock)


def every(session: Session, actor: Actor, clock: Clock) -> list[ConferenceRead]:
    """Those to which the own agency is asked, the latest first."""
    record(session, actor, "conference.list", "agency", actor.agency_id)
    if not reads_cases(actor):
        return []
    mine = exists().where(ConferenceSeat.conference_id == Conference.id, ConferenceSeat.agency_id == actor.agency_id)
    rows = session.scalars(select(Conference).where(mine).order_by(Conference.held_at.desc(), Conference.id)).all()
    return [_shown(session, actor, row, clock) for row in rows]


def read(session: Session, actor: Actor, conference_id: str, clock: Clock) -> ConferenceRead:
    """One of them; 404 where the own agency has no seat."""
    row = _find(session, actor, conference_id, "conference.read")
    record(session, actor, "conference.read", "conference", row.id)
    return _shown(session, actor, row, clock)


def note(session: Session, actor: Actor, conference_id: str, body: CameSent, clock: Clock) -> ConferenceRead:
    """Note whether an agency came: whoever called the conference does."""
    row = _find(session, actor, conference_id, "conference.note")
    if row.agency_id != actor.agency_id:
        raise hidden(actor, "conference.note", "conference", trail_id(conference_id))
    seat = session.get(ConferenceSeat, (row.id, body.agency), with_for_update=True)
    if seat is None:
        raise invalid([FieldError("/agency", "unknown", "This agency was not asked to come.")])
    if row.held_at > clock.now():
        raise conflict("not_now", "It has not begun.")
    seat.came, seat.noted_by = body.came, actor.id
    session.flush()
    record(session, actor, "conference.note", "conference", row.id)
    return _shown(session, actor, row, clock)


def put(session: Session, actor: Actor, conference_id: str, minor_id: str, clock: Clock) -> CaseRead:
    """Put an own record on the agenda. Put there twice it is there once."""
    row = _find(session, actor, conference_id, "conference.put")
    own_record(session, actor, minor_id, clock.now(), "conference.put", lock=True)
    there = ConferenceCase.conference_id == row.id, ConferenceCase.minor_id == minor_id
    case = session.scalar(select(ConferenceCase).where(*there, ConferenceCase.taken_off_at.is_(None)))
    if case is None:
        case = ConferenceCase(
            id=new_id("case"), conference_id=row.id, minor_id=minor_id, agency_id=actor.agency_id, put_at=clock.now(),
            put_by=actor.id,
        )  # fmt: skip
        session.add(case)
        session.flush()
        record(session, actor, "conference.put", "minor", trail_id(minor_id))
    return read_case(session, actor, case.id, clock)


def take_off(session: Session, actor: Actor, conference_id: str, case_id: str, clock: Clock) -> CaseRead:
    """Take an own record off the agenda; what was decided stays on the record."""
    case = _own_case(session, actor, conference_id, case_id, clock, "conference.take_off")
    if case.taken_off_at is None:
        case.taken_off_at, case.taken_off_by = clock.now(), actor.id
        session.flush()
        record(session, actor, "conference.take_off", "minor", trail_id(case.minor_id))
    return read_case(session, actor, case.id, clock)


def decide(
    session: Session, actor: Actor, conference_id: str, case_id: str, body: DecisionSent, clock: Clock
) -> CaseRead:
    """Write down what was decided about an own record."""
    case = _own_case(session, actor, conference_id, case_id, clock, "conference.decide")
    decision = new_id("dec")
    sealed = seal_words(session, case.minor_id, ConferenceDecision, "words", decision, body.words)
    session.add(
        ConferenceDecision(
            id=decision, case_id=case.id, minor_id=case.minor_id, agency_id=actor.agency_id, words=sealed,
            decided_at=clock.now(), decided_by=actor.id,
        )
    )  # fmt: skip
    session.flush()
    record(session, actor, "conference.decide", "minor", trail_id(case.minor_id))
    return read_case(session, actor, case.id, clock)


def give(
    session: Session, actor: Actor, conference_id: str, case_id: str, body: ConferenceTaskSent, clock: Clock
) -> CaseRead:
    """Give an agency that sits here something to do about an own record, which it must be able to see."""
    case = _own_case(session, actor, conference_id, case_id, clock, "conference.give")
    if not clock.today() <= body.due_on <= clock.today() + AHEAD:
        raise invalid([FieldError("/due_on", "out_of_range", f"Expected a day within {AHEAD.days} days.")])
    if session.get(ConferenceSeat, (case.conference_id, body.agency)) is None:
        raise invalid([FieldError("/agency", "unknown", "This agency was not asked to come.")])
    if body.agency not in {actor.agency_id, *who_may_see(session, case.minor_id, DECIDED, clock.now())}:
        words = "Plans for this young person are not shared with that agency: a paper comes first."
        raise conflict("not_now", words)
    task = new_id("todo")
    sealed = seal_words(session, case.minor_id, ConferenceTask, "words", task, body.words)
    session.add(
        ConferenceTask(
            id=task, case_id=case.id, minor_id=case.minor_id, agency_id=actor.agency_id, doer_id=body.agency,
            words=sealed, due_on=body.due_on, given_at=clock.now(), given_by=actor.id,
        )
    )  # fmt: skip
    session.flush()
    emit(session, "conference.task", agency_id=body.agency, subject_kind="conference", subject_id=case.conference_id)
    record(session, actor, "conference.give", "minor", trail_id(case.minor_id))
    return read_case(session, actor, case.id, clock)


def done(
    session: Session, actor: Actor, conference_id: str, task_id: str, clock: Clock, *, is_done: bool
) -> ConferenceTaskRead:
    """Say that a task is done, or after all is not: whoever is to do it, or gave it, and may see it still."""
    _find(session, actor, conference_id, "conference.done")
    of_it = ConferenceTask.id == task_id, ConferenceCase.conference_id == conference_id
    query = select(ConferenceTask).join(ConferenceCase, ConferenceCase.id == ConferenceTask.case_id).where(*of_it)
    row = session.scalar(query.with_for_update(of=ConferenceTask))
    sight = None if row is None else glimpse(session, actor, row.minor_id, clock.now())
    if (
        row is None
        or sight is None
        or DECIDED not in sight.items
        or actor.agency_id not in (row.doer_id, row.agency_id)
    ):
        raise hidden(actor, "conference.done", "task", trail_id(task_id))
    row.done_at, row.done_by = (clock.now(), actor.id) if is_done else (None, None)
    session.flush()
    record(session, actor, "conference.done", "minor", trail_id(row.minor_id))
    return _tasks(session, actor, [row], {row.case_id: conference_id}, clock)[0]


def to_do(session: Session, actor: Actor, clock: Clock) -> list[ConferenceTaskRead]:
    """What the own agency is to do and may see, the nearest day first."""
    mine = ConferenceTask.doer_id == actor.agency_id, ConferenceTask.done_at.is_(None)
    rows = session.scalars(select(ConferenceTask).where(*mine).order_by(ConferenceTask.due_on, ConferenceTask.id)).all()
    seen = _seen(session, actor, {row.minor_id for row in rows}, clock)
    rows = [row for row in rows if row.minor_id in seen and DECIDED in seen[row.minor_id].items]
    record(session, actor, "conference.list", "agency", actor.agency_id)
    for minor_id in sorted({row.minor_id for row in rows}):
        for source in seen[minor_id].sources:
            record(session, actor, "conference.read", "minor", trail_id(minor_id), release_id=source)
    cases = select(ConferenceCase.id, ConferenceCase.conference_id).where(
        ConferenceCase.id.in_([row.case_id for row in rows])
    )
    return _tasks(session, actor, rows, {row.id: row.conference_id for row in session.execute(cases)}, clock)


def read_case(session: Session, actor: Actor, case_id: str, clock: Clock) -> CaseRead:
    """One case of the own agency's, as it stands now."""
    case = session.get_one(ConferenceCase, case_id)
    own_record(session, actor, case.minor_id, clock.now(), "conference.read")
    return _cases(session, actor, [case], clock)[0]


def held_about(session: Session, minor_ids: Iterable[str], now: datetime) -> list[tuple[str, datetime]]:
    """When conferences about these records were held, by record."""
    query = select(ConferenceCase.minor_id, Conference.held_at).join(
        Conference, Conference.id == ConferenceCase.conference_id
    )
    over = ConferenceCase.taken_off_at.is_(None), Conference.held_at <= now
    found = session.execute(query.where(ConferenceCase.minor_id.in_(list(minor_ids)), *over))
    return [(row.minor_id, row.held_at) for row in found]


def _find(session: Session, actor: Actor, conference_id: str, action: str) -> Conference:
    row = session.get(Conference, conference_id)
    if row is None or not reads_cases(actor) or session.get(ConferenceSeat, (conference_id, actor.agency_id)) is None:
        raise hidden(actor, action, "conference", trail_id(conference_id))
    return row


def _own_case(
    session: Session, actor: Actor, conference_id: str, case_id: str, clock: Clock, action: str
) -> ConferenceCase:
    _find(session, actor, conference_id, action)
    mine = ConferenceCase.id == case_id, ConferenceCase.conference_id == conference_id
    case = session.scalar(
        select(ConferenceCase).where(*mine, ConferenceCase.agency_id == actor.agency_id).with_for_update()
    )
    if case is None:
        raise hidden(actor, action, "case", trail_id(case_id))
    own_record(session, actor, case.minor_id, clock.now(), action)
    return case


def _shown(session: Session, actor: Actor, row: Conference, clock: Clock) -> ConferenceRead:
    seats = session.scalars(select(ConferenceSeat).where(ConferenceSeat.conference_id == row.id)).all()
    standing = ConferenceCase.conference_id == row.id, ConferenceCase.taken_off_at.is_(None)
    cases = session.scalars(select(ConferenceCase).where(*standing).order_by(ConferenceCase.put_at)).all()
    names = _names(session)
    shown = _cases(session, actor, cases, clock)
    hidden_of = Counter(case.agency_id for case in cases) - Counter(case.agency_id for case in shown)
    return ConferenceRead(
        id=row.id, name=row.name, held_at=row.held_at, agency_id=row.agency_id, agency=names[row.agency_id],
        own=row.agency_id == actor.agency_id,
        seats=sorted(
            (SeatRead(agency_id=one.agency_id, agency=names[one.agency_id], came=one.came) for one in seats),
            key=lambda seat: seat.agency,
        ),
        cases=shown,
        not_shared=[
            NotSharedRead(agency_id=one, agency=names[one], entries=hidden_of[one]) for one in sorted(hidden_of)
        ],
    )  # fmt: skip


def _cases(session: Session, actor: Actor, cases: Iterable[ConferenceCase], clock: Clock) -> list[CaseRead]:
    """Those whose records the actor may see, and what was decided where plans are shared; each look is on record."""
    rows = list(cases)
    seen = _seen(session, actor, {row.minor_id for row in rows}, clock)
    rows = [row for row in rows if row.minor_id in seen]
    plain = [row.id for row in rows if DECIDED in seen[row.minor_id].items]
    decisions = session.scalars(
        select(ConferenceDecision).where(ConferenceDecision.case_id.in_(plain)).order_by(ConferenceDecision.decided_at)
    ).all()
    said = words_at(session, ConferenceDecision, "words", {one.id: one.words for one in decisions})
    tasks = session.scalars(
        select(ConferenceTask)
        .where(ConferenceTask.case_id.in_(plain))
        .order_by(ConferenceTask.due_on, ConferenceTask.id)
    ).all()
    given = _tasks(session, actor, tasks, {row.id: row.conference_id for row in rows}, clock)
    case_of = {one.id: one.case_id for one in tasks}
    names = _names(session)
    for row in rows:
        for source in seen[row.minor_id].sources:
            record(session, actor, "conference.read", "minor", trail_id(row.minor_id), release_id=source)
    return [
        CaseRead(
            id=row.id, minor_id=row.minor_id, code=record_code(row.minor_id), agency_id=row.agency_id,
            agency=names[row.agency_id], own=row.agency_id == actor.agency_id, taken_off_at=row.taken_off_at,
            decisions=[
                DecisionRead(id=one.id, words=said[one.id], decided_at=one.decided_at)
                for one in decisions
                if one.case_id == row.id and one.id in said
            ] if row.id in plain else None,
            tasks=[task for task in given if case_of[task.id] == row.id] if row.id in plain else None,
        )
        for row in rows
    ]  # fmt: skip


def _tasks(
    session: Session, actor: Actor, rows: Iterable[ConferenceTask], conferences: Mapping[str, str], clock: Clock
) -> list[ConferenceTaskRead]:
    tasks = list(rows)
    said = words_at(session, ConferenceTask, "words", {one.id: one.words for one in tasks})
    names = _names(session)
    return [
        ConferenceTaskRead(
            id=one.id, conference_id=conferences[one.case_id], minor_id=one.minor_id, code=record_code(one.minor_id),
            words=said[one.id], agency_id=one.doer_id, agency=names[one.doer_id],
            mine=one.doer_id == actor.agency_id, due_on=one.due_on, done_at=one.done_at,
            overdue=one.done_at is None and one.due_on < clock.today(),
        )
        for one in tasks
        if one.id in said
    ]  # fmt: skip


def _seen(session: Session, actor: Actor, minor_ids: Iterable[str], clock: Clock) -> dict[str, Sight]:
    found = {one: glimpse(session, actor, one, clock.now()) for one in sorted(minor_ids)}
    return {one: sight for one, sight in found.items() if sight is not None}


def _names(session: Session) -> dict[str, str]:
    return {row.id: row.name for row in session.execute(select(Agency.id, Agency.name))}
