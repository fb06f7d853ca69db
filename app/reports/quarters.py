"""Quarters of the calendar, by the local date of the evening: `2026-Q3` is July to September 2026."""

import re
from datetime import date, timedelta
from typing import NamedTuple, Self

MONTHS = 3


class Quarter(NamedTuple):
    """One quarter; `number` is 1 to 4."""

    year: int
    number: int

    @classmethod
    def of(cls, night: date) -> Self:
        """The quarter of a night."""
        return cls(night.year, (night.month - 1) // MONTHS + 1)

    @classmethod
    def read(cls, name: str) -> Self | None:
        """The quarter of this name; None where it is the name of none."""
        found = re.fullmatch(r"(20[0-9]{2}|19[0-9]{2})-Q([1-4])", name, re.ASCII)
        return cls(int(found[1]), int(found[2])) if found else None

    @property
    def name(self) -> str:
        """As addresses and tables name it."""
        return f"{self.year}-Q{self.number}"

    @property
    def first(self) -> date:
        """Its first night."""
        return date(self.year, MONTHS * (self.number - 1) + 1, 1)

    @property
    def until(self) -> date:
        """The first night after it."""
        return self.next.first

    @property
    def next(self) -> "Quarter":
        """The quarter after it."""
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)

    @property
    def nights(self) -> list[date]:
        """Every night of it."""
        return [self.first + timedelta(days=at) for at in range((self.until - self.first).days)]
