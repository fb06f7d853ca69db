"""Seeded choices: this world's size, its rate of unknown facts and its rate of misfits."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

Json = dict[str, Any]
T = TypeVar("T")
Span = tuple[int, int]

# Month ends, a leap day, a turn of year and of fiscal year: where dates go wrong.
TONIGHTS = (
    "2026-11-21",
    "2026-11-25",
    "2027-06-28",
    "2027-02-26",
    "2028-02-27",
    "2030-02-26",
    "2026-12-30",
    "2027-03-30",
)


@dataclass(frozen=True)
class Knobs:
    """How big and how nasty a world may be; spans include both ends."""

    facilities: Span = (1, 4)
    units: Span = (1, 3)
    beds: Span = (1, 4)
    funds: Span = (1, 5)
    minors: Span = (1, 4)
    others: Span = (0, 4)
    horizon: Span = (1, 40)
    null_rates: tuple[float, ...] = (0.0, 0.0, 0.0, 0.01, 0.04, 0.2)
    misfit_rates: tuple[float, ...] = (0.0, 0.0, 0.01, 0.02, 0.05, 0.2)
    last_resort: float = 0.25
    clocked: float = 0.85
    together: float = 0.4


class Draw:
    """A seeded source of everything in one world."""

    def __init__(self, seed: int, knobs: Knobs) -> None:
        """Settle the rates of this world, and tonight."""
        self.rng = random.Random(seed)  # noqa: S311
        self.knobs = knobs
        self.null_rate = self.pick(knobs.null_rates)
        self.misfit_rate = self.pick(knobs.misfit_rates)
        self.tonight = date.fromisoformat(self.pick(TONIGHTS)) + timedelta(days=self.within((0, 3)))
        self.horizon = (
            self.within((knobs.horizon[0], self.within(knobs.horizon)))
            if self.chance(0.6)
            else self.within(knobs.horizon)
        )

    def chance(self, rate: float) -> bool:
        """Tell whether something of that rate happens."""
        return self.rng.random() < rate

    def pick(self, items: Sequence[T]) -> T:
        """Take one."""
        return self.rng.choice(items)

    def within(self, span: Span) -> int:
        """Take a number of the span, both ends included."""
        return self.rng.randint(*span)

    def some(self, items: Iterable[T], rate: float = 0.5) -> list[T]:
        """Take each with that rate, in order."""
        return [item for item in items if self.chance(rate)]

    def at_least_one(self, items: Sequence[T], rate: float = 0.5) -> list[T]:
        """Take some, and never none."""
        return self.some(items, rate) or [self.pick(items)]

    def fact(self, value: T) -> T | None:
        """Know a fact, or not."""
        return None if self.chance(self.null_rate) else value

    def usual(self, good: Sequence[T], misfits: Sequence[T]) -> T:
        """Take one that fits, or at this world's rate one that does not."""
        return self.pick(misfits if self.chance(self.misfit_rate) else good)

    def limit(self, rate: float, value: T) -> T | None:
        """Set a limit at that rate; none is no rule."""
        return value if self.chance(rate) else None

    def near(self, before: int, after: int) -> date:
        """Take a date close to tonight."""
        return self.tonight + timedelta(days=self.within((-before, after)))

    def span(self, before: int, after: int, longest: int = 8) -> tuple[date, date]:
        """Take a half-open range that begins close to tonight."""
        start = self.near(before, after)
        return start, start + timedelta(days=self.within((1, longest)))


def iso(value: date | None) -> str | None:
    """Write a date as the contract does."""
    return None if value is None else value.isoformat()


def spelled(span: tuple[date, date]) -> list[str]:
    """Write a half-open range as the contract does."""
    return [span[0].isoformat(), span[1].isoformat()]
