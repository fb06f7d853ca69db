"""The past as prices are learnt from it: counts and sums of first decisions and slept nights, and nobody's facts."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.answers import sealed
from app.answers.models import RankingRun
from app.beds.models import BedNight
from app.facilities.models import Bed, Unit
from app.minors.models import Minor
from app.placements.snapshot import HORIZON_NIGHTS
from app.referrals.models import Referral
from app.sealing.keyring import keyring_of
from matching.prices import History
from matching.value import DEFAULT_POLICY, nights_cost

Json = dict[str, Any]

A_YEAR = timedelta(days=365)
AT_ONCE = 50
"""Decisions that are in memory together: each is long."""
OF_THE_HOUR = "bed."
"""Terms that say how a bed stood at that hour, not what it is worth."""


@dataclass(frozen=True, slots=True)
class _Rooms:
    """The units of the network, each with its beds, and which a named unit, or a house, stands for."""

    units: tuple[str, ...]
    beds: dict[str, int]
    alike: dict[str, list[int]]
    of_house: dict[str, list[tuple[int, frozenset[str] | None]]]

    def of(self, entry: Json, gender: str | None) -> list[int]:
        """The columns of an entry: units with one admission rule are as good; no unit is named where none was free."""
        if entry["unit"] is not None:
            return self.alike.get(entry["unit"], [])
        rows = self.of_house.get(entry["facility"], [])
        return [at for at, genders in rows if genders is None or gender in genders]


class _Wanted(NamedTuple):
    """One place that an arrival could have had: the column, the cost of its own terms, and nights, where known."""

    unit: int
    cost: int
    nights: int | None


@dataclass(frozen=True, slots=True)
class _Arrival:
    night: int
    need: int
    wanted: list[_Wanted]


def history(session: Session, tonight: date) -> History:
    """What came and what was free in the last year, or since the first decision."""
    first = session.scalar(select(func.min(RankingRun.tonight)).where(RankingRun.tonight >= tonight - A_YEAR))
    since = first or tonight
    rooms = _rooms(session)
    nights = (tonight - since).days
    arrivals = [row for row in _arrivals(session, since, rooms) if row.night < nights]
    typical = _typical(arrivals, len(rooms.units))
    shape = (len(arrivals), len(rooms.units))
    cost, paid, allowed = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    for row, arrival in enumerate(arrivals):
        for place in arrival.wanted:
            known = min(arrival.need, typical[place.unit]) if place.nights is None else place.nights
            own = nights_cost(arrival.need, known, DEFAULT_POLICY) if place.nights is None else place.cost
            cost[row, place.unit], paid[row, place.unit], allowed[row, place.unit] = own, known, True
    beds = np.array([rooms.beds.get(unit, 0) for unit in rooms.units], np.int64)
    return History(
        units=rooms.units,
        beds=beds,
        free=np.maximum(0, beds - _taken(session, since, nights, rooms.units)),
        night=np.array([row.night for row in arrivals], np.int64),
        cost=cost,
        nights=paid,
        allowed=allowed,
    )


def _rooms(session: Session) -> _Rooms:
    rows = session.execute(select(Unit).order_by(Unit.id)).scalars().all()
    beds = dict(session.execute(select(Bed.unit_id, func.count()).group_by(Bed.unit_id)).all())
    groups: dict[Any, list[int]] = {}
    of_house: dict[str, list[tuple[int, frozenset[str] | None]]] = {}
    keys = [(row.facility_id, tuple(sorted(row.genders or ())), row.min_age, row.max_age) for row in rows]
    for at, (row, key) in enumerate(zip(rows, keys, strict=True)):
        groups.setdefault(key, []).append(at)
        genders = None if row.genders is None else frozenset(row.genders)
        of_house.setdefault(row.facility_id, []).append((at, genders))
    alike = {row.id: groups[key] for row, key in zip(rows, keys, strict=True)}
    return _Rooms(tuple(row.id for row in rows), beds, alike, of_house)


def _arrivals(session: Session, since: date, rooms: _Rooms) -> Iterator[_Arrival]:
    """Each referral by its first decision, in the order of nights; what was asked again is not asked twice."""
    first = select(RankingRun.referral_id, func.min(RankingRun.decided_at).label("at"))
    firsts = first.where(RankingRun.tonight >= since).group_by(RankingRun.referral_id).subquery()
    query = (
        select(RankingRun.id, RankingRun.referral_id, RankingRun.tonight, RankingRun.sealed_answer)
        .add_columns(Referral.needed_from, Referral.nights_needed, Minor.gender)
        .join(firsts, (firsts.c.referral_id == RankingRun.referral_id) & (firsts.c.at == RankingRun.decided_at))
        .join(Referral, Referral.id == RankingRun.referral_id)
        .join(Minor, Minor.id == Referral.minor_id)
        .order_by(RankingRun.tonight, RankingRun.id)
        .execution_options(yield_per=AT_ONCE)
    )
    seen: set[str] = set()
    for rows in session.execute(query).partitions(AT_ONCE):
        # What was expunged is no past to learn from.
        told = sealed.answers(
            keyring_of(session), RankingRun.__tablename__, {row.id: row.sealed_answer for row in rows}
        )
        for row in (row for row in rows if row.id in told and row.referral_id not in seen):
            seen.add(row.referral_id)
            night = max(row.tonight, row.needed_from or row.tonight)
            need = min(row.nights_needed or HORIZON_NIGHTS, HORIZON_NIGHTS)
            answer = json.loads(told[row.id])
            entries = [*answer["options"], *answer["later"]]
            yield _Arrival((night - since).days, need, list(_wanted(entries, rooms, row.gender)))


def _wanted(entries: Iterable[Json], rooms: _Rooms, gender: str | None) -> Iterator[_Wanted]:
    """Every house that could have taken her or him, had a bed been free."""
    for entry in entries:
        nights = entry["funded_nights"]
        if nights is not None and entry["bed_until"] is not None:
            nights = min(nights, (date.fromisoformat(entry["bed_until"]) - date.fromisoformat(entry["admit_on"])).days)
        terms = (term for term in entry["terms"] if not term["code"].startswith(OF_THE_HOUR))
        cost = sum(term["value"] * term["weight"] for term in terms)
        yield from (_Wanted(unit, cost, nights) for unit in rooms.of(entry, gender))


def _typical(arrivals: Iterable[_Arrival], units: int) -> list[int]:
    """The median of the nights that were paid in each unit; of a unit without any, that of all."""
    known: list[list[int]] = [[] for _ in range(units)]
    for place in (place for row in arrivals for place in row.wanted if place.nights is not None):
        known[place.unit].append(place.nights or 0)
    everywhere = [nights for rows in known for nights in rows]
    usual = int(np.median(everywhere)) if everywhere else 0
    return [int(np.median(rows)) if rows else usual for rows in known]


def _taken(session: Session, since: date, nights: int, units: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Beds of each unit in which somebody slept, night by night: of holds that came to nothing none is counted."""
    at = {unit: place for place, unit in enumerate(units)}
    found = np.zeros((nights, len(units)), np.int64)
    until = since + timedelta(days=nights)
    query = (
        select(Bed.unit_id, BedNight.night, func.count())
        .join(Bed, Bed.id == BedNight.bed_id)
        .where(BedNight.night >= since, BedNight.night < until, BedNight.hold_id.is_(None))
        .group_by(Bed.unit_id, BedNight.night)
    )
    for unit, night, count in session.execute(query):
        found[(night - since).days, at[unit]] = count
    return found
