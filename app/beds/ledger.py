"""The bed-night ledger: who has which bed on which night, and who pays. Every movement of it is here.

What two people try at once is settled by the keys of the table, never by what one of them read before. So nothing
here depends on the isolation level: rows go in night by night in one order, and a row that is there ends the attempt.
Locks are taken in one order as well: the house's stamp, then limits, then nights.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.beds.models import BedNight, FormerBedNight, Movement
from app.db import NOW, new_id, table_of
from app.facilities.stamps import lock as lock
from app.facilities.stamps import stamp as stamp
from app.facilities.stamps import stamps as stamps
from app.sealing.keyring import SYSTEM
from app.sealing.words import seal_words

NIGHT = timedelta(days=1)
REACH = timedelta(days=30)
"""How far ahead somebody without a date of leaving has rows; every night adds one."""


_RUN_OUT = (
    select(BedNight.bed_id, BedNight.night)
    .where(
        BedNight.expires_at <= NOW,
        BedNight.night >= bindparam("first"),
        BedNight.night < bindparam("until"),
        or_(BedNight.bed_id == bindparam("bed"), BedNight.minor_id == bindparam("minor")),
    )
    .order_by(BedNight.night, BedNight.bed_id)
    .with_for_update()
)
# What is asked back makes it one statement, with the nights in their order, instead of one for each night.
_TAKE = insert(table_of(BedNight)).returning(table_of(BedNight).c.night)


class Payer(NamedTuple):
    """Who pays a night, and the limit that governs it; None: nobody, or not known."""

    fund_id: str | None = None
    limit_id: str | None = None


NOBODY = Payer()


class Taken(Exception):
    """A night that somebody has already: the bed's, or the minor's own elsewhere. Says no more than which."""

    def __init__(self, what: Literal["bed", "minor"]) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class Holder:
    """By what somebody has a bed: exactly one of hold, stay and listed resident; a hold runs out at its hour."""

    hold_id: str | None = None
    stay_id: str | None = None
    resident_id: str | None = None
    expires_at: datetime | None = None


def nights(first: date, until: date) -> Iterator[date]:
    """The nights of `[first, until)`, in order."""
    night = first
    while night < until:
        yield night
        night += NIGHT


def claim(
    session: Session,
    *,
    facility_id: str,
    bed_id: str,
    minor_id: str | None,
    first: date,
    until: date,
    holder: Holder,
    now: datetime,
    payers: Mapping[date, Payer] | None = None,
) -> int:
    """Take a bed for the nights `[first, until)`; raises Taken, and then nothing of the transaction may be kept."""
    clear_run_out(session, bed_id, minor_id, first, until, now)
    paid = payers or {}
    rows = [
        {
            "bed_id": bed_id,
            "night": night,
            "facility_id": facility_id,
            "minor_id": minor_id,
            "hold_id": holder.hold_id,
            "stay_id": holder.stay_id,
            "resident_id": holder.resident_id,
            "fund_id": (payer := paid.get(night, NOBODY)).fund_id,
            "limit_id": payer.limit_id,
            "expires_at": holder.expires_at,
        }
        for night in nights(first, until)
    ]
    if rows:
        try:
            session.execute(_TAKE, rows)
        except IntegrityError as error:
            what = _collision(error)
            if what is None:
                raise
            raise Taken(what) from None
    return len(rows)


def clear_run_out(session: Session, bed_id: str, minor_id: str | None, first: date, until: date, now: datetime) -> None:
    """Remove rows of holds that have run out and stand in the way of a claim."""
    where = {"bed": bed_id, "minor": minor_id, "first": first, "until": until, "now": now}
    # Locked in one order first: two claims that clear the same rows would else wait for each other.
    found = session.execute(_RUN_OUT, where).all()
    if found:
        keys = tuple_(BedNight.bed_id, BedNight.night).in_([tuple(row) for row in found])
        session.execute(delete(BedNight).where(keys, BedNight.expires_at <= now))


def hold_to_stay(session: Session, hold_id: str, stay_id: str, expected: int, now: datetime) -> bool:
    """Turn a hold's nights into nights of a stay; False where it has run out, and then nothing may be kept."""
    turned: Any = session.execute(
        update(BedNight)
        .where(BedNight.hold_id == hold_id, BedNight.expires_at > now)
        .values(hold_id=None, expires_at=None, stay_id=stay_id)
    )
    return bool(turned.rowcount == expected)


def drop_hold(session: Session, hold_id: str) -> None:
    """Free the nights of a hold that has ended."""
    session.execute(delete(BedNight).where(BedNight.hold_id == hold_id))


def vacate(
    session: Session,
    *,
    stay_id: str | None = None,
    resident_id: str | None = None,
    first: date,
    until: date | None = None,
    movement: Movement,
    by: str,
    now: datetime,
    reason: str | None = None,
    words: str | None = None,
) -> int:
    """Take the nights from `first` on, before `until`, out of the ledger; each stays in the history."""
    own = BedNight.stay_id == stay_id if stay_id is not None else BedNight.resident_id == resident_id
    where = own & (BedNight.night >= first)
    if until is not None:
        where &= BedNight.night < until
    kept = keep_former(session, where, movement, by, now, reason, words)
    if kept:
        session.execute(delete(BedNight).where(where))
    return kept


def keep_former(
    session: Session,
    where: ColumnElement[bool],
    movement: Movement,
    by: str,
    now: datetime,
    reason: str | None = None,
    words: str | None = None,
) -> int:
    """Write rows into the history as they stand, locked in night order; the number of them. `reason`: a code."""
    rows = session.execute(
        select(*BedNight.__table__.c).where(where).order_by(BedNight.night, BedNight.bed_id).with_for_update()
    ).all()
    names = ("bed_id", "night", "minor_id", "stay_id", "resident_id", "fund_id", "limit_id")
    if rows:
        session.execute(
            insert(FormerBedNight),
            [
                {
                    "id": was_id,
                    **{name: getattr(row, name) for name in names},
                    "movement": movement,
                    "reason": reason,
                    "sealed_words": None if words is None else _sealed(session, row.minor_id, was_id, words),
                    "moved_at": now,
                    "moved_by": by,
                }
                for row, was_id in [(row, new_id("was")) for row in rows]
            ],
        )
    return len(rows)


def _sealed(session: Session, minor_id: str | None, was_id: str, words: str) -> bytes:
    return seal_words(session, minor_id or SYSTEM, FormerBedNight, "words", was_id, words)


def repay(
    session: Session, stay_id: str, payers: Mapping[date, Payer], movement: Movement, by: str, now: datetime,
    words: str | None = None,
) -> None:  # fmt: skip
    """Write who pays these nights of a stay, and why; what stood there before stays in the history."""
    for payer, own in _by_payer(payers).items():
        where = and_(BedNight.stay_id == stay_id, BedNight.night.in_(own))
        keep_former(session, where, movement, by, now, words=words)
        session.execute(update(BedNight).where(where).values(fund_id=payer.fund_id, limit_id=payer.limit_id))


def in_force(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Rows that count: of a stay, of a resident, or of a hold that has not run out."""
    return or_(BedNight.expires_at.is_(None), BedNight.expires_at > now)


_PER_NIGHT = (
    select(func.count().label("people"))
    .where(
        BedNight.facility_id == bindparam("house"),
        BedNight.night >= bindparam("first"),
        BedNight.night < bindparam("until"),
        in_force(NOW),
    )
    .group_by(BedNight.night)
    .subquery()
)
FULLEST = select(func.coalesce(func.max(_PER_NIGHT.c.people), 0)).scalar_subquery()
"""How many have a bed in a `house` on its fullest night of `[first, until)`, `now`."""


def nights_used(session: Session, now: datetime, besides_holds_of: str | None = None) -> dict[str, int]:
    """Nights that each limit has paid or is committed to: by stays, and by holds in force but those of one minor."""
    query = _USED if besides_holds_of is None else _USED_BESIDES
    rows = session.execute(query, {"now": now, "besides": besides_holds_of})
    return {str(limit_id): count for limit_id, count in rows}


def _used(held: ColumnElement[bool]) -> Select[Any]:
    """How many nights each limit pays, of stays and of those held."""
    counts = or_(_NIGHTS.stay_id.is_not(None), held)
    query = select(_NIGHTS.limit_id, func.count()).where(_NIGHTS.limit_id.is_not(None), counts)
    return query.group_by(_NIGHTS.limit_id)


_NIGHTS = table_of(BedNight).c
_USED = _used(_NIGHTS.expires_at > NOW)
_USED_BESIDES = _used(and_(_NIGHTS.expires_at > NOW, _NIGHTS.minor_id != bindparam("besides")))


class PaidRun(NamedTuple):
    """Nights of a stay in a row that one fund pays, both ends included."""

    fund_id: str
    first: date
    last: date
    to_the_end: bool
    """The stay has no row after it."""


def paid_query(stay_ids: Select[Any]) -> Select[Any]:
    """What asks who pays the nights of these stays: grouped by the database, since a network has many nights."""
    counted = (func.min(_NIGHTS.night), func.max(_NIGHTS.night), func.count())
    query = select(_NIGHTS.stay_id, _NIGHTS.fund_id, *counted).where(_NIGHTS.stay_id.in_(stay_ids))
    return query.group_by(_NIGHTS.stay_id, _NIGHTS.fund_id)


def paid_runs(session: Session, query: Select[Any], given: Mapping[str, Any] | None = None) -> dict[str, list[PaidRun]]:
    """Who pays the nights of each stay of a `paid_query`, in order."""
    runs: dict[str, list[PaidRun]] = {}
    ends: dict[str, date] = {}
    broken: list[str] = []
    rows: Any = session.execute(query, given)
    for stay_id, fund_id, first, last, count in rows:
        ends[stay_id] = max(last, ends.get(stay_id, last))
        if fund_id is None:
            continue
        if count <= (last - first).days:
            broken.append(stay_id)  # this fund pays, another or nobody does, and this fund again
        runs.setdefault(stay_id, []).append(PaidRun(fund_id, first, last, to_the_end=False))
    runs |= _broken_runs(session, broken) if broken else {}
    return {
        stay_id: [run._replace(to_the_end=run.last == ends[stay_id]) for run in sorted(own, key=lambda run: run.first)]
        for stay_id, own in sorted(runs.items())
    }


def _broken_runs(session: Session, stay_ids: Sequence[str]) -> dict[str, list[PaidRun]]:
    """The same for stays in which a fund begins to pay more than once."""
    place = func.row_number().over(partition_by=(BedNight.stay_id, BedNight.fund_id), order_by=BedNight.night)
    own = BedNight.stay_id.in_(stay_ids) & BedNight.fund_id.is_not(None)
    row = select(BedNight.stay_id, BedNight.fund_id, BedNight.night, place.label("n")).where(own).subquery()
    # Nights in a row fall on one day when each goes back by its place among its kind.
    postgres = session.get_bind().dialect.name == "postgresql"
    start = (row.c.night - cast(row.c.n, Integer)) if postgres else func.julianday(row.c.night) - row.c.n
    query = select(row.c.stay_id, row.c.fund_id, func.min(row.c.night), func.max(row.c.night))
    runs: dict[str, list[PaidRun]] = {}
    for stay_id, fund_id, first, last in session.execute(query.group_by(row.c.stay_id, row.c.fund_id, start)):
        runs.setdefault(stay_id, []).append(PaidRun(fund_id, first, last, to_the_end=False))
    return runs


def _by_payer(payers: Mapping[date, Payer]) -> dict[Payer, Sequence[date]]:
    grouped: dict[Payer, list[date]] = {}
    for night in sorted(payers):
        grouped.setdefault(payers[night], []).append(night)
    return dict(grouped)


def _collision(error: IntegrityError) -> Literal["bed", "minor"] | None:
    """Which key says no: PostgreSQL names the constraint, SQLite the columns."""
    diagnosis = getattr(error.orig, "diag", None)
    said = getattr(diagnosis, "constraint_name", None) or str(error.orig)
    if "bed_nights" not in said or ("UNIQUE" not in said and diagnosis is None):
        return None
    if "minor_id_night" in said or "bed_nights.minor_id" in said:
        return "minor"
    return "bed" if "pk_bed_nights" in said or "bed_nights.bed_id, bed_nights.night" in said else None
