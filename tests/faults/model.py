"""A ledger as simple as can be: a dictionary of nights. The real one is held against it, movement by movement."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

Place = tuple[str, date]
"""A bed and a night."""


class Night(NamedTuple):
    """Who has a bed on a night, by which hold, stay or entry of the house's own list, and which fund pays."""

    minor: str | None
    hold: str | None
    stay: str | None
    fund: str | None
    resident: str | None = None


@dataclass
class KeptBed:
    """A hold, as far as the ledger goes."""

    minor: str
    bed: str
    nights: list[date]
    expires_at: datetime


@dataclass
class Ledger:
    """The nights, the hours at which holds run out, and how many rows went into the history."""

    nights: dict[Place, Night] = field(default_factory=dict)
    holds: dict[str, KeptBed] = field(default_factory=dict)
    former: int = 0
    former_listed: int = 0
    """The same of the house's own list."""

    def hold(self, hold: str, kept: KeptBed, funds: Mapping[date, str | None], now: datetime) -> None:
        """Take the nights of a hold."""
        self.holds[hold] = kept
        rows = {night: Night(kept.minor, hold, None, funds.get(night)) for night in kept.nights}
        self._claim(kept.bed, rows, now)

    def accept(self, hold: str, stay: str) -> None:
        """The nights of a hold become those of a stay."""
        for place, row in self.nights.items():
            if row.hold == hold:
                self.nights[place] = row._replace(hold=None, stay=stay)

    def drop(self, hold: str) -> None:
        """A hold has ended."""
        self.nights = {place: row for place, row in self.nights.items() if row.hold != hold}

    def vacate(self, stay: str, first: date, until: date = date.max) -> dict[date, Night]:
        """A stay, or somebody listed, gives up its nights of `[first, until)`; what they were."""
        own = {p: row for p, row in self.nights.items() if stay in (row.stay, row.resident)}
        gone = {p: row for p, row in own.items() if first <= p[1] < until}
        self.nights = {place: row for place, row in self.nights.items() if place not in gone}
        listed = sum(row.resident is not None for row in gone.values())
        self.former += len(gone) - listed
        self.former_listed += listed
        return {night: row for (_, night), row in gone.items()}

    def move(
        self, stay: str, minor: str, bed: str, first: date, ends: tuple[date | None, date],
        had: Mapping[date, str | None], now: datetime,
    ) -> None:  # fmt: skip
        """A stay goes to another bed from a night on, with the nights and payers that it has, or `had` long ago.

        `ends`: the first night of the next placement, and where it has no night at all until when it has the bed.
        """
        was = {night: row.fund for night, row in self.vacate(stay, first).items()} or had
        last = max(was, default=ends[1] - timedelta(days=1))
        last = last if ends[0] is None else min(last, ends[0] - timedelta(days=1))
        self._claim(bed, {n: Night(minor, None, stay, was.get(n)) for n in days(first, last)}, now)

    def extend(self, stay: str, minor: str, bed: str, nights: Iterable[date], fund: str | None, now: datetime) -> None:
        """More nights for a stay."""
        self._claim(bed, {night: Night(minor, None, stay, fund) for night in nights}, now)

    def occupy(self, resident: str, bed: str, nights: Iterable[date], now: datetime) -> None:
        """Somebody whom the house does not name is in a bed."""
        self._claim(bed, {night: Night(None, None, None, None, resident) for night in nights}, now)

    def repay(self, stay: str, nights: Iterable[date], fund: str | None) -> None:
        """Another payer for nights of a stay."""
        wanted = set(nights)
        for place, row in self.nights.items():
            if row.stay == stay and place[1] in wanted:
                self.nights[place] = row._replace(fund=fund)
                self.former += 1

    def of_stay(self, stay: str) -> list[date]:
        """The nights of a stay, in order."""
        return sorted(night for (_, night), row in self.nights.items() if row.stay == stay)

    def paid(self, minor: str, fund: str, before: date) -> int:
        """How many past nights of a minor a fund paid in stays."""
        rows = (n for n in self.nights.items() if n[1].stay is not None and n[0][1] < before)
        return sum((row.minor, row.fund) == (minor, fund) for _, row in rows)

    def reaches(
        self, minor: str, wanted: Mapping[date, str], granted: Mapping[str, int], beds: Mapping[str, int], now: datetime
    ) -> bool:
        """Whether each fund has these nights left of those granted, and a bed on each of them, beside everyone else."""
        counted = self.in_force(now).items()
        for fund in set(wanted.values()):
            own = [night for night, payer in wanted.items() if payer == fund]
            used = sum(
                row.fund == fund and (row.minor != minor or (row.stay is not None and night not in own))
                for (_, night), row in counted
            )
            paid = Counter(n for (_, n), row in counted if row.fund == fund and row.minor != minor)
            fullest = max((count for n, count in paid.items() if min(own) <= n <= max(own)), default=0)
            if used + len(own) > granted[fund] or fullest + 1 > beds.get(fund, fullest + 1):
                return False
        return True

    def in_force(self, now: datetime) -> dict[Place, Night]:
        """The nights that count: of a stay, or of a hold that has not run out."""
        return {p: row for p, row in self.nights.items() if row.hold is None or self.holds[row.hold].expires_at > now}

    def free(self, bed: str, minor: str, nights: Iterable[date], now: datetime) -> bool:
        """Whether neither the bed nor the minor is taken on any of these nights."""
        wanted = set(nights)
        taken = self.in_force(now).items()
        return not any(night in wanted and (bed == b or row.minor == minor) for (b, night), row in taken)

    def _claim(self, bed: str, rows: Mapping[date, Night], now: datetime) -> None:
        """Rows that have run out give way; whatever else stands there means that two have one bed."""
        counted = self.in_force(now)
        for night, new in rows.items():
            for (b, n), row in list(self.nights.items()):
                if n == night and (b == bed or (new.minor is not None and row.minor == new.minor)):
                    assert (b, n) not in counted, f"{bed} on {night} is given twice"
                    del self.nights[b, n]
            self.nights[bed, night] = new


def days(first: date, last: date) -> list[date]:
    """The days from one to another, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
