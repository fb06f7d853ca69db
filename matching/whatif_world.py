"""The difference between what happened and another world: stays that are gone, stays that there were not.

A snapshot of then is seen with it: beds that are free, people who live there, nights that funds have paid.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from matching.dates import age_on
from matching.facts import Bed, Facility, Fund, Minor, Payer, Resident, Snapshot, Stay, Unit

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Slept:
    """A stay of the past: each night's bed and who paid it; `left` None: still there at the end.

    `followed`: another house took over, so that it ended for no other reason.
    """

    id: str
    referral: str
    minor: str
    facility: str
    left: date | None
    nights: Mapping[date, tuple[str, str | None]]
    followed: bool = False

    def in_force(self, tonight: date) -> bool:
        """Whether a decision of a night may still see it."""
        return self.left is None or self.left >= tonight


@dataclass(frozen=True, slots=True)
class Extra:
    """A stay of the other world, `[first, until)`; nights that no payer covers are paid by nobody."""

    referral: str
    minor: Minor
    facility: str
    bed: str
    first: date
    until: date
    payers: tuple[Payer, ...]

    @property
    def nights(self) -> Iterator[tuple[date, str | None]]:
        """Each night, and who pays it."""
        for ahead in range((self.until - self.first).days):
            night = self.first + ahead * ONE_DAY
            paying = (row.fund for row in self.payers if row.from_ <= night < (row.until or date.max))
            yield night, next(paying, None)

    def resident(self, tonight: date) -> Resident:
        """As the house lists her or him tonight."""
        born = self.minor.born_on
        return Resident(
            minor=self.minor.id,
            bed=self.bed,
            trafficking=self.minor.trafficking,
            age=None if born is None else age_on(born, tonight),
            from_=self.first if self.first > tonight else None,
            until=self.until,
        )

    def stay(self, tonight: date) -> Stay:
        """As a stay on record tonight."""
        left = self.until if self.until <= tonight else None
        return Stay(
            f"whatif {self.referral}", self.minor.id, self.facility, self.first, left, self.bed, (), self.payers
        )


class World:
    """The difference, as far as a re-run has come."""

    def __init__(self, budgeted: frozenset[str]) -> None:
        self.gone: dict[str, Slept] = {}
        self.extra: list[Extra] = []
        self._budgeted = budgeted
        self._spent: Counter[tuple[str, date]] = Counter()
        """Nights of budgeted funds more than then, or less, by the first night of the stay."""

    def take_out(self, came: Slept) -> None:
        """A stay that there is not."""
        self.gone[came.id] = came
        self._spend(min(came.nights, default=date.max), (fund for _, fund in came.nights.values()), -1)

    def add(self, extra: Extra) -> None:
        """A stay that there was not."""
        self.extra.append(extra)
        self._spend(extra.first, (fund for _, fund in extra.nights), 1)

    def _spend(self, first: date, funds: Iterator[str | None], sign: int) -> None:
        for fund in funds:
            if fund in self._budgeted:
                self._spent[fund, first] += sign

    def cut(self, minor: str, on: date) -> None:
        """End what a minor has of the other world where a stay of then begins."""
        for at, row in enumerate(self.extra):
            if row.minor.id == minor and row.until > on:
                before = replace(row, until=max(row.first, on))
                self._spend(row.first, (fund for _, fund in row.nights), -1)
                self._spend(row.first, (fund for _, fund in before.nights), 1)
                self.extra[at] = before

    def has_bed(self, referral: str, tonight: date) -> bool:
        """Whether a referral has led to a bed that there was not, which has not ended by a night."""
        return any(row.referral == referral and row.until > max(row.first, tonight) for row in self.extra)

    def touches(self, tonight: date, minor: str) -> bool:
        """Whether a decision of a night about a minor may see any of it."""
        if not self.gone and not self.extra:
            return False
        return (
            any(self._spent.values())
            or any(row.until >= tonight or row.minor.id == minor for row in self.extra)
            or any(row.in_force(tonight) or row.minor == minor for row in self.gone.values())
        )

    def houses(self, snapshot: Snapshot, minor: str, funds: Iterable[str]) -> set[str]:
        """The houses at which a minor could be answered otherwise for it, or for changed limits of some funds."""
        if any(row.minor.id == minor for row in self.extra) or any(row.minor == minor for row in self.gone.values()):
            return {row.id for row in snapshot.facilities}
        paying = {*funds}
        paying |= {fund for row in self.extra for _, fund in row.nights if fund is not None}
        paying |= {fund for slept in self.gone.values() for _, fund in slept.nights.values() if fund is not None}
        there = {row.facility for row in self.extra} | {row.facility for row in self.gone.values()}
        return {row.id for row in snapshot.facilities if row.id in there or not paying.isdisjoint(row.funds or ())}

    def clashes(self, came: Slept) -> bool:
        """Whether somebody of the other world has the bed on a night of a stay, or she or he another."""
        return any(
            row.first <= night < row.until and (row.bed == bed or row.minor.id == came.minor)
            for row in self.extra
            for night, (bed, _) in came.nights.items()
        )

    def nights_of(self, key: str, first: date) -> Iterator[date]:
        """The nights from a first on that somebody of the other world has a bed, or a minor sleeps in one."""
        for row in self.extra:
            if key in (row.bed, row.minor.id):
                yield from (night for night, _ in row.nights if night >= first)

    def seen(self, snapshot: Snapshot, asked: str) -> Snapshot:
        """What a decision about a minor would have looked at in the other world."""
        if not self.gone and not self.extra:
            return snapshot
        tonight = snapshot.tonight
        there: dict[str, list[Extra]] = defaultdict(list)
        for row in self.extra:
            if row.until > tonight and row.until > row.first:
                there[row.facility].append(row)
        away: dict[str, set[str]] = defaultdict(set)
        for slept in self.gone.values():
            if slept.in_force(tonight):
                away[slept.facility].add(slept.minor)
        houses = {*there, *away}
        return replace(
            snapshot,
            facilities=tuple(
                self._house(house, there[house.id], away[house.id], tonight) if house.id in houses else house
                for house in snapshot.facilities
            ),
            funds=tuple(self._fund(fund) for fund in snapshot.funds),
            minors=self._minors(snapshot),
            referrals=tuple(
                row for row in snapshot.referrals if row.minor == asked or not self.has_bed(row.id, tonight)
            ),
            stays=self._stays(snapshot, asked),
        )

    def _house(self, house: Facility, there: list[Extra], away: set[str], tonight: date) -> Facility:
        residents = [row for row in house.residents if row.minor is None or row.minor not in away]
        begun = {row.bed for row in residents if row.from_ is None}
        freed = {row.bed for row in house.residents if row.minor in away} - begun
        residents += [row.resident(tonight) for row in there]

        def bed(one: Bed) -> Bed:
            open_ = one.id in freed and one.status in ("occupied", "held")
            return replace(one, status="open", held_for=None) if open_ else one

        def unit(one: Unit) -> Unit:
            return replace(one, beds=tuple(map(bed, one.beds))) if freed else one

        return replace(house, residents=tuple(residents), units=tuple(map(unit, house.units)))

    def _fund(self, fund: Fund) -> Fund:
        if fund.id not in self._budgeted:
            return fund
        more = [0] * len(fund.limits)
        for (name, first), nights in self._spent.items():
            row = fund.limit_on(first) if name == fund.id else None
            if row is not None:
                more[fund.limits.index(row)] += nights
        return replace(
            fund,
            limits=tuple(
                row if row.nights_left is None else replace(row, nights_left=max(0, row.nights_left - nights))
                for row, nights in zip(fund.limits, more, strict=True)
            ),
        )

    def _minors(self, snapshot: Snapshot) -> tuple[Minor, ...]:
        known = {row.id for row in snapshot.minors}
        new = {row.minor.id: row.minor for row in self.extra if row.until > snapshot.tonight}
        return (*snapshot.minors, *(row for name, row in new.items() if name not in known))

    def _stays(self, snapshot: Snapshot, asked: str) -> tuple[Stay, ...]:
        tonight = snapshot.tonight
        kept = (row for row in snapshot.stays if row.id not in self.gone)
        new = (row for row in self.extra if row.until > row.first and (row.until > tonight or row.minor.id == asked))
        return (*kept, *(row.stay(tonight) for row in new))
