"""Minors at units that the arrays leave open to them, by kinds: what a payer's chain says is said once for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from matching.admission import need_nights
from matching.alike import distinct, together
from matching.census import Census
from matching.eligibility import Assessment, assess
from matching.facts import Bed, Referral
from matching.masks import Masks, masks
from matching.payer import Funding
from matching.paying import Heads, paying
from matching.value import Policy, bed_cost, house_costs, nights_cost

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class OpenPairs:
    """Every minor at every unit with a bed that anybody may have, minor by minor and house by house.

    Attributes
    ----------
    at, unit, house : int64[pairs]
        The place of the minor among those asked for; the unit and the facility, as indices of the masks.
    kind : int64[pairs]
        Whose payers reach equally far.
    stop : int64[pairs]
        The first night that no payer pays there (an ordinal): no chain reaches beyond it.
    chains : list of lists of (Funding, int)
        For each kind the payers that may pay tonight, and how far each reaches (an ordinal).
    """

    at: Ints
    unit: Ints
    house: Ints
    kind: Ints
    stop: Ints
    chains: list[list[tuple[Funding, int]]]

    @cached_property
    def fundings(self) -> list[Funding]:
        """The payers of all kinds, one after the other."""
        return [funding for chain in self.chains for funding, _ in chain]

    def reach(self) -> Ints:
        """The first night that no payer of each pair reaches (ordinals)."""
        return np.minimum(
            np.array([max(end for _, end in chain) for chain in self.chains], np.int64)[self.kind], self.stop
        )

    def with_payers(self) -> tuple[Ints, Ints, Ints]:
        """Every pair with each of its payers.

        Returns
        -------
        pair, payer, end : int64[pairs with a payer]
            The pair, which of `fundings` it is, and the first night that its chain does not reach there (an ordinal).
        """
        counts = np.array([len(chain) for chain in self.chains], np.int64)
        ends = np.array([end for chain in self.chains for _, end in chain], np.int64)
        many = counts[self.kind]
        pair = np.repeat(np.arange(len(many)), many)
        within = np.arange(len(pair)) - (np.cumsum(many) - many)[pair]
        payer = (np.cumsum(counts) - counts)[self.kind[pair]] + within
        return pair, payer, np.minimum(ends[payer], self.stop[pair])

    def contract(self, pair: Ints, payer: Ints) -> Ints:
        """A number for each pair with a payer, equal for those of one unit and one fund."""
        return together([self.unit[pair], distinct([funding.fund.id for funding in self.fundings])[1][payer]])


def open_pairs(found: Masks, could: NDArray[np.bool_], heads: Heads, rows: Sequence[int]) -> OpenPairs:
    """Gather the pairs of some minors.

    Parameters
    ----------
    found : Masks
    could : bool[rows, facilities]
        Which facilities the rules leave open to each of them.
    heads : Heads
    rows : sequence of int
        The minors, as rows of the masks.
    """
    chosen = np.array(rows, np.int64)
    at, unit = np.nonzero(found.unit_met[chosen] & could[:, found.unit_facility])
    house = found.unit_facility[unit]
    chains, kind, stop = heads.of(chosen[at], house)
    return OpenPairs(at, unit, house, kind, stop, chains)


class Collector:
    """What the arrays leave of the pairs of those who wait, and what is the same for many of them.

    `open` says of which facilities the arrays hold that they and a payer may take a minor, `special` which of those
    that a payer may pay for the rule classes judge.
    """

    def __init__(
        self, census: Census, policy: Policy, referrals: Sequence[Referral], found: Masks | None = None
    ) -> None:
        self.census = census
        self.policy = policy
        self.referrals = referrals
        minors = [census.minors[referral.minor] for referral in referrals]
        self.found = found = found or masks(census, minors)
        payers = paying(census, minors)
        self.needs = [need_nights(census, referral) for referral in referrals]
        self.heads = Heads(census, payers, minors, self.needs)
        exceptions = np.zeros_like(payers.pays)
        for row, places in enumerate(found.exceptions):
            exceptions[row, list(places)] = True
        self.special = payers.pays & exceptions
        self.open = payers.pays & ~exceptions & ((found.not_met | found.unknown) == 0)
        self.place = {facility.id: at for at, facility in enumerate(census.snapshot.facilities)}
        self._bed_costs: dict[str, int] = {}
        self._nights_costs: dict[tuple[int, int], int] = {}

    def house_costs(self, rows: Sequence[int]) -> NDArray[np.int32]:
        """What each house that could take one of these rows costs each of them (int32[rows, facilities])."""
        costs = np.zeros((len(rows), len(self.census.snapshot.facilities)), np.int32)
        could = np.flatnonzero((self.open | self.special)[rows].any(axis=0))
        houses = [self.census.snapshot.facilities[at] for at in could.tolist()]
        costs[:, could] = house_costs(self.census, [self.referrals[row] for row in rows], houses, self.policy)
        return costs

    def exceptions(self, row: int) -> list[Assessment]:
        """What the rule classes say of a minor at the facilities about which the arrays say nothing."""
        facilities, referral = self.census.snapshot.facilities, self.referrals[row]
        houses = np.flatnonzero(self.special[row]).tolist()
        return [assess(self.census, referral, facilities[house], words=False) for house in houses]

    def bed_cost(self, bed: Bed) -> int:
        """What a bed costs whoever comes; reckoned once."""
        found = self._bed_costs.get(bed.id)
        if found is None:
            found = self._bed_costs[bed.id] = bed_cost(bed, self.census.snapshot.as_of, self.policy)
        return found

    def paid_cost(self, need: int, nights: int) -> int:
        """What so many paid nights of a need cost whoever comes; reckoned once."""
        found = self._nights_costs.get((need, nights))
        if found is None:
            found = self._nights_costs[need, nights] = nights_cost(need, nights, self.policy)
        return found
