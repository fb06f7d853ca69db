"""What prices learnt in one invented year are worth in the next: beside the best bed now, and beside hindsight.

Each arrival is placed at once, in the free bed of least cost: by the own terms alone, with prices learnt the year
before, or by whoever knew the whole year. Every load and seed is a network of its own.
"""

import sys
from datetime import date
from statistics import median

import numpy as np

from benchmarks.alone import timed
from benchmarks.figures import write
from benchmarks.years import NOBODY, Charge, Lived, Year, hindsight, live, worth, years
from matching.facts import Prices
from matching.network import COST_LIMIT, Floats, Ints
from matching.prices import History, learn
from matching.value import WORTH_WEIGHT

SIZES = ((8, 0.8), (8, 1.0), (8, 1.2))
SEEDS = (1, 2, 3, 4, 5)


def main() -> str:
    """Live through every pair of years, and write the figures."""
    rows = []
    for houses, load in SIZES:
        seen = [measure(houses, load, seed) for seed in SEEDS]
        middle = [median(column) for column in zip(*seen, strict=True)]
        better = sum(one[1] > one[0] for one in seen)
        rows.append(
            (
                f"{houses}",
                f"{load:.1f}",
                f"{middle[2]:,.0f}",
                f"{100 * middle[0]:.1f}",
                f"{100 * middle[1]:.1f}",
                f"{better} of {len(SEEDS)}",
                f"{middle[3]:+.1f}",
                f"{middle[4]:+.1f}",
                f"{middle[5]:.1f}",
            )
        )
    return write(
        "Prices: a year with what the year before taught",
        "python -m benchmarks.prices",
        (
            "houses",
            "load",
            "arrivals",
            "best bed now, % of hindsight",
            "with prices, % of hindsight",
            "years that are better for it",
            "placed, %",
            "paid nights, %",
            "learning, s",
        ),
        rows,
        f"Medians over seeds {SEEDS[0]} to {SEEDS[-1]}: a network, a year to learn from, and the next. What a year is "
        "worth: for each who is placed, 2^20 less what the own terms cost. Hindsight is its linear bound: it may turn "
        "people away, which the other two never do. At a load of 1 the nights asked for are as many as there are. "
        "Placed and paid nights are with prices against without.",
    )


def measure(houses: int, load: float, seed: int) -> tuple[float, ...]:
    """Both shares of hindsight, arrivals, changes of placed and of paid nights in hundredths, seconds of learning."""
    past, test = years(houses, load, seed)
    history = _history(past, live(past, _nothing))
    prices, seconds = timed(lambda: learn(history, date(2026, 1, 1)))
    now, priced, most = live(test, _nothing), live(test, charging(prices, test)), hindsight(test)
    placed = [int((one.unit != NOBODY).sum()) for one in (now, priced)]
    paid = [_paid(test, one) for one in (now, priced)]
    changes = [100 * after / before - 100 for before, after in (placed, paid)]
    return worth(test, now) / most, worth(test, priced) / most, float(len(test.night)), *changes, seconds


def charging(prices: Prices, year: Year) -> Charge:
    """What the term would charge, as the product does."""
    most = int(year.beds.max()) + 1
    table = np.array([[prices.of(unit, free) or 0 for free in range(most)] for unit in year.units])
    units = np.arange(len(year.units))

    def charge(free: Ints, nights: Ints) -> Floats:
        return np.minimum(table[units, free] * nights, WORTH_WEIGHT.most).astype(np.float64)

    return charge


def _nothing(free: Ints, nights: Ints) -> Floats:
    return np.zeros(len(free))


def _history(year: Year, lived: Lived) -> History:
    allowed = year.cost < COST_LIMIT
    return History(year.units, year.beds, lived.free, year.night, year.cost, year.nights * allowed, allowed)


def _paid(year: Year, lived: Lived) -> int:
    placed = np.flatnonzero(lived.unit != NOBODY)
    return int(year.nights[placed, lived.unit[placed]].sum())


if __name__ == "__main__":
    sys.stdout.write(main() + "\n")
