"""Which payer may pay for whom tonight, as arrays: a column for each payer that houses accept.

Each rule of the funds is judged by its own class once for each combination of what it looks at, and only where the
rules before it are met. A past stay in the house itself is looked at by the rule classes alone.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, chain

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matching.alike import age_seen, alone, distinct
from matching.case import Case
from matching.census import Census
from matching.facts import Facility, Fund, Limit, Minor
from matching.findings import MET
from matching.payer import Funding, ages_out_on
from matching.payers import Payer, chain_heads, covered
from matching.rules import NIGHT_RULES, ONCE_RULES
from matching.rules.base import FundRule

Met = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Paying:
    """Who may pay for whom, for minors who come tonight.

    Attributes
    ----------
    usable : bool[minors, payers]
        All rules that hold for the whole stay are met, so that the payer may stand in a sequence.
    own_met : bool[minors, payers]
        The rules of tonight are met too, the last resort aside.
    funds : tuple of Fund
        The fund of each payer.
    houses : tuple of Facility
        A house like those that accept each payer, where nobody has stayed.
    accepted : tuple of tuples of int
        The payers of each facility, by the fund's id.
    pays : bool[minors, facilities]
        Whether a payer of the facility may pay tonight; true too where a past stay there may decide.
    """

    usable: Met
    own_met: Met
    funds: tuple[Fund, ...]
    houses: tuple[Facility, ...]
    accepted: tuple[tuple[int, ...], ...]
    pays: Met


@dataclass(frozen=True, slots=True)
class _Keys:
    """What a rule looks at, of a limit row and of a minor on a night."""

    of_limit: Callable[[Limit], Hashable]
    of_minor: Callable[[Minor, date], Hashable]


_BY_KEYS = {
    "funding.age_band": _Keys(lambda row: (row.min_age, row.max_age), age_seen),
    "funding.residence": _Keys(
        lambda row: row.residence, lambda minor, on: (minor.residence, minor.found, minor.jurisdiction)
    ),
    "funding.custody": _Keys(lambda row: row.custody, lambda minor, on: minor.custody),
    "funding.trafficking": _Keys(lambda row: row.trafficking, lambda minor, on: minor.trafficking),
    "funding.gender": _Keys(lambda row: row.genders, lambda minor, on: minor.gender),
    "funding.requires": _Keys(lambda row: row.requires, lambda minor, on: minor.approvals),
    "funding.ages_out": _Keys(lambda row: row.leaves_at_age, age_seen),
    "funding.budget": _Keys(lambda row: row.nights_left, lambda minor, on: None),
}
"""The rules about the row and the minor; any other looks at the payer as a whole, and at the minor's past stays."""


def paying(census: Census, minors: Sequence[Minor]) -> Paying:
    """Judge every accepted payer for every minor, tonight.

    Parameters
    ----------
    census : Census
    minors : sequence of Minor

    Returns
    -------
    Paying
        Equal to what the rule classes say of each minor at each house where he or she has not stayed.
    """
    columns: dict[Hashable, int] = {}
    funds: list[Fund] = []
    houses: list[Facility] = []
    accepted = []
    for facility in census.snapshot.facilities:
        payers = census.payers_of(facility)
        for fund, seen in payers:
            if columns.setdefault(seen, len(funds)) == len(funds):
                funds.append(fund)
                houses.append(Facility(f"\x00{facility.kind}{facility.state}", facility.kind, facility.state))
        accepted.append(tuple([columns[seen] for _, seen in payers]))
    judge = _Judge(census, minors, funds, houses)
    usable = np.tile(np.array([limit is not None for limit in judge.limits], np.bool_), (len(minors), 1))
    for rule in ONCE_RULES:
        judge.keep(rule, usable)
    own_met = usable.copy()
    for rule in NIGHT_RULES:
        judge.keep(rule, own_met)
    return Paying(
        usable, own_met, tuple(funds), tuple(houses), tuple(accepted), _pays(census, minors, own_met, accepted)
    )


class _Judge:
    """The payers, each with a house like those that accept it where nobody has stayed, and the minors."""

    def __init__(
        self, census: Census, minors: Sequence[Minor], funds: Sequence[Fund], houses: Sequence[Facility]
    ) -> None:
        self.census = census
        self.minors = minors
        self.funds = funds
        self.houses = houses
        self.cases: dict[tuple[int, str], Case] = {}
        self.limits = [fund.limit_on(census.tonight) for fund in funds]

    def keep(self, rule: FundRule, met: Met) -> None:
        """Leave true only where this rule is met too."""
        rows, columns = np.nonzero(met)
        minor_at, payer_at = self._keys(rule)
        pairs = minor_at[rows] * len(self.funds) + payer_at[columns]
        _, first, back = np.unique(pairs, return_index=True, return_inverse=True)
        judged = [self._met(rule, row, column) for row, column in zip(rows[first], columns[first], strict=True)]
        met[rows, columns] = np.array(judged, np.bool_)[back]

    def _keys(self, rule: FundRule) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        keys, stays = _BY_KEYS.get(rule.code), self.census.stays_of
        if keys is None:
            of_minor = [(minor.approvals, minor.id if minor.id in stays else None) for minor in self.minors]
            return distinct(of_minor)[1], np.arange(len(self.funds))
        on = self.census.tonight
        of_limit = [None if limit is None else keys.of_limit(limit) for limit in self.limits]
        return distinct([keys.of_minor(minor, on) for minor in self.minors])[1], distinct(of_limit)[1]

    def _met(self, rule: FundRule, row: int, column: int) -> bool:
        house = self.houses[column]
        case = self.cases.get((row, house.id))
        if case is None:
            case = self.cases[row, house.id] = alone(self.census, self.minors[row], house)
        return rule.judge(Funding(case, self.funds[column], self.census.tonight)) is MET


def _pays(census: Census, minors: Sequence[Minor], own_met: Met, accepted: Sequence[tuple[int, ...]]) -> Met:
    """Whether a payer of each facility may pay, or the minor has stayed there."""
    columns, ends = list(chain.from_iterable(accepted)), [0, *accumulate(map(len, accepted))]
    of_house = csr_array((np.ones(len(columns), np.int32), columns, ends), shape=(len(accepted), own_met.shape[1]))
    pays: Met = (of_house @ own_met.T.astype(np.int32)).T > 0
    place = {facility.id: at for at, facility in enumerate(census.snapshot.facilities)}
    for row, minor in enumerate(minors):
        pays[row, [place[stay.facility] for stay in census.stays_of.get(minor.id, ()) if stay.facility in place]] = True
    return pays


class Heads:
    """How far the payers of a house could pay for those who wait tonight, where they have not stayed.

    Minors of whom a fund sees the same share it as a payer; only whether it may begin tonight is each one's own.
    """

    def __init__(self, census: Census, found: Paying) -> None:
        self.census = census
        self.found = found
        self._ages = list({row.leaves_at_age for fund in found.funds for row in fund.limits} - {None})
        self._made: dict[tuple[Hashable, int, bool], Payer] = {}

    def payers(self, at: int, minor: Minor, until: date) -> list[Payer | None]:
        """The payers that may stand in a sequence for the minor of a row, by column; the need lasts until a date."""
        stays = self.census.stays_of.get(minor.id, ())
        away = any(stay.away for stay in stays)
        paid = {payer.fund for stay in stays for payer in stay.payers}
        seen = until, minor.approvals, *(min(ages_out_on(minor, age), until) for age in self._ages)
        usable, own_met = self.found.usable[at].tolist(), self.found.own_met[at].tolist()
        payers: list[Payer | None] = [None] * len(usable)
        for column, fund in enumerate(self.found.funds):
            if usable[column]:
                key = (minor.id if away or fund.id in paid else seen, column, own_met[column])
                payers[column] = self._made.get(key) or self._make(key, minor, until)
        return payers

    def _make(self, key: tuple[Hashable, int, bool], minor: Minor, until: date) -> Payer:
        _, column, own_met = key
        case = alone(self.census, minor, self.found.houses[column], (until - self.census.tonight).days)
        payer = self._made[key] = Payer(Funding(case, self.found.funds[column], case.admit_on), True, own_met)
        return payer

    def of(self, payers: Sequence[Payer | None], house: int, minor: Minor, until: date) -> list[tuple[Funding, int]]:
        """Each payer of a house that may pay tonight, and how far a chain that it begins would reach (an ordinal)."""
        census, usable = self.census, [payers[at] for at in self.found.accepted[house]]
        stop = covered(census.snapshot.facilities[house].licence, minor, census.tonight, until)
        return chain_heads(census, [payer for payer in usable if payer is not None], census.tonight, stop)
