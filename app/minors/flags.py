"""Flags: made, reviewed, ended. A flag tells people to look; it opens no bed and stands in no decision."""

from collections.abc import Iterable
from datetime import date, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.access.service import called
from app.audit.service import record
from app.clock import Clock
from app.codes import trail_id
from app.db import new_id
from app.errors import FieldError, Problem, invalid
from app.minors.record_models import Flag, FlagLevel, Indicator
from app.minors.record_schemas import FlagEnding, FlagRead, FlagReview, FlagSent, MinorSent, Screening
from app.minors.records import own_record
from app.minors.schemas import MinorFacts
from app.minors.service import create_minor
from app.sealing.box import Place
from app.sealing.keyring import keyring_of
from app.sharing.models import Relation
from app.sharing.service import grant
from app.versions import must_be_current

HOLDS = timedelta(days=90)
"""For how long a flag holds where nobody says until when."""
LONGEST = timedelta(days=365)


def holds(today: date) -> ColumnElement[bool]:
    """Whether a flag is in force: asked whenever something is read, so that it ends by itself."""
    return Flag.ended_at.is_(None) & (Flag.review_by >= today)


def begin(session: Session, actor: Actor, body: MinorSent, clock: Clock) -> str:
    """A record of the own agency of somebody whom nobody asks a bed for yet; its id."""
    now = clock.now()
    minor = create_minor(session, actor, MinorFacts(), now)
    grant(session, minor.id, actor.agency_id, Relation.OWNER, now)
    session.flush()
    record(session, actor, "record.begin", "minor", minor.id)
    add(session, actor, minor.id, body.flag, clock)
    return minor.id


def add(session: Session, actor: Actor, minor_id: str, body: FlagSent, clock: Clock) -> FlagRead:
    """Flag a young person of the own agency's record."""
    now, today = clock.now(), clock.today()
    own_record(session, actor, minor_id, now, "flag.make")
    if body.screening is not None and body.screening.on > today:
        raise invalid([FieldError("/screening/on", "out_of_range", "Expected a day that has come.")])
    row = Flag(
        id=new_id("flag"),
        minor_id=minor_id,
        agency_id=actor.agency_id,
        level=body.level,
        basis=body.basis,
        indicators=sorted(set(body.indicators)),
        flagged_at=now,
        flagged_by=actor.id,
        review_by=_end(body.review_by, today),
    )
    if body.screening is not None:
        row.tool, row.tool_version = body.screening.tool, body.screening.version
        row.screened_on, row.screen_level = body.screening.on, body.screening.level
    if body.words is not None:
        row.words = keyring_of(session).seal(minor_id, _place(row.id), body.words)
    session.add(row)
    session.flush()
    record(session, actor, "flag.make", "minor", trail_id(minor_id), reason=f"as.{row.level}")
    return _shown(session, actor, [row], today)[0]


def review(session: Session, actor: Actor, minor_id: str, flag_id: str, body: FlagReview, clock: Clock) -> FlagRead:
    """Look at a flag again: it holds on until another day, one that ran out holds again."""
    row = _find(session, actor, minor_id, flag_id, body.version, clock, "flag.review")
    row.review_by, row.reviewed_at, row.reviewed_by = _end(body.review_by, clock.today()), clock.now(), actor.id
    session.flush()
    record(session, actor, "flag.review", "minor", trail_id(minor_id))
    return _shown(session, actor, [row], clock.today())[0]


def end(session: Session, actor: Actor, minor_id: str, flag_id: str, body: FlagEnding, clock: Clock) -> FlagRead:
    """It holds no more, and why."""
    row = _find(session, actor, minor_id, flag_id, body.version, clock, "flag.end")
    row.ended_at, row.ended_by, row.end_reason = clock.now(), actor.id, body.reason
    session.flush()
    record(session, actor, "flag.end", "minor", trail_id(minor_id), reason=body.reason.value)
    return _shown(session, actor, [row], clock.today())[0]


def read_flags(session: Session, actor: Actor, minor_ids: Iterable[str], clock: Clock) -> list[FlagRead]:
    """The flags of records that the actor was found to see, those that hold first, then the newest first."""
    query = select(Flag).where(Flag.minor_id.in_(list(minor_ids))).order_by(Flag.flagged_at.desc(), Flag.id)
    found = _shown(session, actor, session.scalars(query).all(), clock.today())
    return sorted(found, key=lambda flag: not flag.in_force)


def level_of(session: Session, minor_id: str, today: date) -> FlagLevel | None:
    """What the flags that hold say of a young person: verified, where one of them does."""
    levels = set(session.scalars(select(Flag.level).where(Flag.minor_id == minor_id, holds(today))))
    return FlagLevel.VERIFIED if FlagLevel.VERIFIED in levels else FlagLevel.AT_RISK if levels else None


def read_flag(session: Session, actor: Actor, flag_id: str, clock: Clock) -> FlagRead:
    """One flag of the own agency, as it stands now."""
    row = session.get_one(Flag, flag_id)
    own_record(session, actor, row.minor_id, clock.now(), "flag.read")
    return _shown(session, actor, [row], clock.today())[0]


def _find(
    session: Session, actor: Actor, minor_id: str, flag_id: str, version: int | None, clock: Clock, action: str
) -> Flag:
    """A flag of the own agency that was not ended, under its lock, as the caller read it."""
    own_record(session, actor, minor_id, clock.now(), action)
    row = session.scalar(select(Flag).where(Flag.id == flag_id, Flag.minor_id == minor_id).with_for_update())
    if row is None:
        raise hidden(actor, action, "flag", trail_id(flag_id))
    must_be_current(_shown(session, actor, [row], clock.today())[0], version, None)
    if row.ended_at is not None:
        raise Problem("not_now", "This flag was ended. Flag again, on what is known now.")
    return row


def _end(asked: date | None, today: date) -> date:
    last = asked or today + HOLDS
    if not today <= last <= today + LONGEST:
        words = f"Expected a day from today on, {LONGEST.days} days from now at most."
        raise invalid([FieldError("/review_by", "out_of_range", words)])
    return last


def _shown(session: Session, actor: Actor, rows: Iterable[Flag], today: date) -> list[FlagRead]:
    flags = list(rows)
    names, ring = called(session, actor, {row.flagged_by for row in flags}), keyring_of(session)
    return [
        FlagRead(
            id=row.id,
            version=row.version,
            agency_id=row.agency_id,
            level=row.level,
            basis=row.basis,
            indicators=[Indicator(code) for code in row.indicators],
            screening=_screening(row),
            words=None if row.words is None else ring.open(_place(row.id), row.words),
            flagged_at=row.flagged_at,
            flagged_by=names.get(row.flagged_by),
            review_by=row.review_by,
            reviewed_at=row.reviewed_at,
            ended_at=row.ended_at,
            end_reason=row.end_reason,
            in_force=row.ended_at is None and row.review_by >= today,
        )
        for row in flags
    ]


def _screening(row: Flag) -> Screening | None:
    if row.tool is None or row.tool_version is None or row.screened_on is None or row.screen_level is None:
        return None
    return Screening(tool=row.tool, version=row.tool_version, on=row.screened_on, level=row.screen_level)


def _place(flag_id: str) -> Place:
    return Place(Flag.__tablename__, "words", flag_id)
