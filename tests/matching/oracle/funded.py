"""Which payer pays which night: every sequence of blocks is tried, the five criteria choose."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import NamedTuple

from .clocks import governing
from .facts import MET, Json, all_of, nights, plus
from .house import licence_age, licence_in_force
from .payers import NIGHT_RULES, accepted_funds, on_night, once, row_on
from .people import Pair
from .safeguards import Look

# What is better, smallest first: nights short, nights of last resort, changes of payer,
# nights of each scarce payer, the payers night by night.
Worth = tuple[int, int, int, tuple[int, ...], tuple[str, ...]]


class Block(NamedTuple):
    """The payer of the last night, the first night of its block, and everyone used so far."""

    fund: str | None
    first: date
    used: frozenset[str]


class Search:
    """All sequences of payers for one pair, from the admission date on."""

    def __init__(self, pair: Pair, start: date, need: int) -> None:
        """Find the usable payers; everything else is asked night by night."""
        self.pair, self.start, self.need = pair, start, need
        self.usable = {
            fund["id"]: fund for fund in accepted_funds(pair) if all_of(once(pair, fund, start).values()) == MET
        }
        self.rows = {i: self._row(fund) for i, fund in self.usable.items()}
        limited = [i for i, row in self.rows.items() if row.get("nights_left") is not None]
        self.scarce = sorted(limited, key=lambda i: (self.rows[i]["nights_left"], i))
        self.outcomes = cache(self._outcomes)
        self.best = cache(self._best)

    def _row(self, fund: Json) -> Json:
        row = row_on(fund, governing(self.pair, self.start))
        assert row is not None
        return row

    def _outcomes(self, fund: str, first: date, night: date) -> dict[str, str]:
        """Judge a night for a payer whose block began on an earlier night, or begins now."""
        assigned = list(nights(first, night))
        row = self.rows[fund]
        return on_night(self.pair, self.usable[fund], row, self.start, night, assigned)

    def licensed(self, night: date) -> bool:
        """Tell whether the licence and its ages hold on the night."""
        look = Look(self.pair, night, True, 1)
        return licence_in_force(look) == MET and licence_age(look) == MET

    def can_pay(self, block: Block, fund: str, night: date) -> bool:
        """Tell whether a payer may pay the night, the last resort aside."""
        if fund in block.used and fund != block.fund:
            return False
        first = block.first if fund == block.fund else night
        return all_of(self.outcomes(fund, first, night).values()) == MET

    def choices(self, block: Block, night: date) -> Iterator[str]:
        """Give every payer that may pay the night."""
        if not self.licensed(night):
            return
        able = [fund for fund in self.usable if self.can_pay(block, fund, night)]
        first_resort = [fund for fund in able if not self.usable[fund].get("last_resort")]
        yield from first_resort or able

    def after(self, block: Block, fund: str, night: date) -> Block:
        """Give the block that holds once the fund pays the night."""
        if fund == block.fund:
            return block
        return Block(fund, night, block.used | {fund})

    def _best(self, block: Block, night: date) -> Worth:
        """Give the best that can follow, from this night to the end of the need."""
        none = tuple(0 for _ in self.scarce)
        end = plus(self.start, self.need)
        worths: list[Worth] = [((end - night).days, 0, 0, none, ())]
        if night < end:
            for fund in self.choices(block, night):
                rest = self.best(self.after(block, fund, night), plus(night, 1))
                worths.append(self._with(block, fund, rest))
        return min(worths)

    def _with(self, block: Block, fund: str, rest: Worth) -> Worth:
        """Put one night of a fund before what follows."""
        short, last, changes, scarce, funds = rest
        return (
            short,
            last + bool(self.usable[fund].get("last_resort")),
            changes + (block.fund is not None and block.fund != fund),
            tuple(n + (i == fund) for i, n in zip(self.scarce, scarce, strict=True)),
            (fund, *funds),
        )

    def start_block(self) -> Block:
        """Give the block before the first night: nobody has paid."""
        return Block(None, self.start, frozenset())

    def run(self) -> list[str]:
        """Give the payer of each funded night."""
        return list(self.best(self.start_block(), self.start)[-1])

    def every_sequence(self, block: Block, night: date) -> Iterator[Worth]:
        """Write out every sequence with its worth; only for checking the memo."""
        yield ((plus(self.start, self.need) - night).days, 0, 0, tuple(0 for _ in self.scarce), ())
        if night < plus(self.start, self.need):
            for fund in self.choices(block, night):
                after = self.after(block, fund, night)
                for rest in self.every_sequence(after, plus(night, 1)):
                    yield self._with(block, fund, rest)

    def binding(self, funds: list[str]) -> str | None:
        """Name the rule that ends the run; None where the need is met."""
        night = plus(self.start, len(funds))
        if len(funds) == self.need:
            return None
        look = Look(self.pair, night, True, 1)
        if licence_in_force(look) != MET:
            return "licence.in_force"
        if licence_age(look) != MET:
            return "licence.age"
        first = plus(self.start, funds.index(funds[-1]))
        found = self.outcomes(funds[-1], first, night)
        return next(code for code in NIGHT_RULES if found[code] != MET)


def ranges(start: date, funds: list[str]) -> list[Json]:
    """Join equal neighbours into half-open ranges."""
    joined: list[Json] = []
    for offset, fund in enumerate(funds):
        night = plus(start, offset)
        if not joined or joined[-1]["fund"] != fund:
            joined.append({"fund": fund, "from": night.isoformat()})
        joined[-1]["until"] = plus(night, 1).isoformat()
    return joined


def funded(pair: Pair, start: date, need: int) -> Json:
    """Give the funded nights of an option: how many, who pays, what ends them."""
    search = Search(pair, start, need)
    funds = search.run()
    met = len(funds) == need
    return {
        "funded_nights": len(funds),
        "first_unfunded_night": None if met else plus(start, len(funds)).isoformat(),
        "binding": search.binding(funds),
        "payers": ranges(start, funds),
    }
