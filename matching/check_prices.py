"""Whether the prices of a joint plan prove what it says of each tier, for the checker: arithmetic alone.

Any prices of 0 or more give a bound; so nothing here has to know where they come from.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matching.check_judged import Option
from matching.check_judging import Judge
from matching.check_nights import Book
from matching.check_shape import TIERS, Document, same
from matching.facts import Bed, Facility, Fund, Unit
from matching.findings import MET
from matching.rules.fit import unit_outcome

SCALE = 2**20
KEYS = {"tier", "placed", "prices"}
KINDS = {"beds", "room", "fund", "together", "apart", "held"}


class Prices:
    """The prices of one tier, by what they stand on."""

    def __init__(self, rows: Sequence[Document]) -> None:
        self.rows: dict[tuple[str, ...], int] = {tuple(row["of"]): row["price"] for row in rows}
        self.bed = {bed: price for name, price in self.rows.items() if name[0] == "beds" for bed in name[1:]}

    def of(self, *name: str) -> int:
        """A price; 0 where none stands on it."""
        return self.rows.get(name, 0)


def misread(rows: Any) -> bool:
    """Whether the certificate is not four tiers with prices that are whole numbers of 0 or more."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) and set(row) == KEYS for row in rows):
        return True
    if not same([row["tier"] for row in rows], list(TIERS)):
        return True
    return not all(
        type(row["placed"]) is int and isinstance(row["prices"], list) and all(map(_is_price, row["prices"]))
        for row in rows
    )


def _is_price(row: Any) -> bool:
    if not isinstance(row, dict) or set(row) != {"of", "price"} or type(row["price"]) is not int or row["price"] < 0:
        return False
    return bool(
        isinstance(row["of"], list)
        and row["of"]
        and all(isinstance(one, str) for one in row["of"])
        and row["of"][0] in KINDS
    )


class Reckoning:
    """What prices prove, from everybody's options."""

    def __init__(
        self,
        judge: Judge,
        book: Book,
        options: Mapping[str, Sequence[Option]],
        room: Mapping[str, int],
        pairs: Mapping[str, Sequence[Sequence[str]]],
    ) -> None:
        self.judge, self.book, self.options, self.room, self.pairs = judge, book, options, room, pairs
        self.funds = {row.id: row for row in judge.snapshot.funds}

    def at_most(self, tier: int, tiers: Mapping[str, int], prices: Prices, placed: Mapping[int, int]) -> int:
        """The most that can be placed of a tier: what all is worth, and what each is worth beyond what she takes."""
        total = sum(self.there_is(name, placed) * price for name, price in prices.rows.items())
        for minor, options in self.options.items():
            own = (SCALE if tiers[minor] == tier else 0) + sum(
                prices.of("held", str(at)) for at in (1, 2, 3) if at < tier and tiers[minor] == at
            )
            total += max([0, *(own - self._takes(minor, option, prices) for option in options)])
        return total // SCALE

    def there_is(self, name: tuple[str, ...], placed: Mapping[int, int]) -> int:
        """How much there is of what a price stands on."""
        kind, *ids = name
        if kind == "beds":
            return len(ids)
        if kind == "room":
            return self.room[ids[0]]
        if kind == "fund":
            return self._beds_left(self.funds[ids[0]]) or 0
        if kind == "held":
            return -placed[int(ids[0])]
        return 1 if kind == "apart" else 0

    def _beds_left(self, fund: Fund) -> int | None:
        """Beds that a fund may still pay tonight, by the row that allows most; None where one sets no number."""
        beds = [row.beds_per_night for row in fund.limits]
        most = max((row for row in beds if row is not None), default=0)
        taken = self.book.ledger.taken(fund.id, self.judge.snapshot.tonight, "")
        return None if None in beds or not beds else max(0, most - taken)

    def _takes(self, minor: str, option: Option, prices: Prices) -> int:
        """The least that a minor takes of what has a price, at one house."""
        facility = option.case.facility
        takes = min((self._bed(option, unit, bed, prices) for unit in facility.units for bed in unit.beds), default=0)
        takes += min(self._fund(minor, funding.fund, prices) for funding in option.heads)
        for one, other in self.pairs["together"]:
            price = prices.of("together", one, other, facility.id)
            takes += price if minor == one else -price if minor == other else 0
        for one, other in self.pairs["apart"]:
            takes += prices.of("apart", one, other, facility.id) if minor in (one, other) else 0
        return takes

    def may_have(self, option: Option, unit: Unit, bed: Bed) -> bool:
        """Whether a minor could have a bed of a house that is an option."""
        case = option.case
        free = self.judge.free(bed, case.admit_on, case.minor.id, case.referrals)
        return free and unit_outcome(case, unit, case.admit_on, gap=True) is MET

    def own(self, option: Option, bed: Bed) -> bool:
        """Whether a bed is the minor's own, in the house where she or he lives: it takes no place there."""
        case = option.case
        lives = any(row.minor == case.minor.id and row.present(case.admit_on) for row in case.facility.residents)
        return lives and not self.judge.free(bed, case.admit_on, "", frozenset())

    def counts(self, minor: str, fund: Fund) -> bool:
        """Whether a minor takes one of a fund's beds: not where it sets no number, or pays a stay of hers already."""
        ledger, tonight = self.book.ledger, self.judge.snapshot.tonight
        return self._beds_left(fund) is not None and ledger.taken(fund.id, tonight, "") == ledger.taken(
            fund.id, tonight, minor
        )

    def _bed(self, option: Option, unit: Unit, bed: Bed, prices: Prices) -> int:
        """The price of a bed and of the place in the house that it takes; far too much where it cannot be had."""
        if not self.may_have(option, unit, bed):
            return 10**9 * SCALE
        return prices.bed.get(bed.id, 0) + (0 if self.own(option, bed) else prices.of("room", option.case.facility.id))

    def _fund(self, minor: str, fund: Fund, prices: Prices) -> int:
        """The price of a fund's bed tonight, where it is counted."""
        return prices.of("fund", fund.id) if self.counts(minor, fund) else 0


def overclaimed(
    rows: Sequence[Document], reckoning: Reckoning, tiers: Mapping[str, int], placed: Mapping[int, int]
) -> Iterator[str]:
    """One sentence for each tier of which the prices do not prove what is said."""
    known = {facility.id for facility in _houses(reckoning)}
    for row in rows:
        named = [tuple(price["of"]) for price in row["prices"]]
        beds = [bed for name in named if name[0] == "beds" for bed in name[1:]]
        wrong = len(set(named)) != len(named) or len(set(beds)) != len(beds)
        wrong = wrong or any(not _known(name, reckoning, known, row["tier"]) for name in named)
        if wrong or row["placed"] != reckoning.at_most(row["tier"], tiers, Prices(row["prices"]), placed):
            yield f"the plan: its prices do not prove what it says of tier {row['tier']}"
        if row["placed"] < placed[row["tier"]]:
            yield f"the plan: more of tier {row['tier']} are placed than it says can be"


def _houses(reckoning: Reckoning) -> Sequence[Facility]:
    return reckoning.judge.snapshot.facilities


def _known(name: tuple[str, ...], reckoning: Reckoning, houses: set[str], tier: int) -> bool:
    """Whether a price stands on something that there is."""
    kind, *ids = name
    if kind == "room":
        return len(ids) == 1 and ids[0] in houses
    if kind == "fund":
        return len(ids) == 1 and ids[0] in reckoning.funds
    if kind == "held":
        return len(ids) == 1 and ids[0] in {str(at) for at in range(1, tier)}
    if kind in reckoning.pairs:
        return len(ids) == 3 and list(ids[:2]) in [list(pair) for pair in reckoning.pairs[kind]] and ids[2] in houses
    return kind == "beds" and bool(ids)
