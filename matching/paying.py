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

from matching.alike import age_seen, alone, distinct, together
from matching.case import Case
from matching.census import Census
from matching.coverage import FEW
from matching.dates import birthday
from matching.facts import Facility, Fund, Limit, Minor
from matching.findings import MET
from matching.payer import Funding, ages_out_on
from matching.payers import Payer, chain_heads
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
    past : bool[minors, payers]
        Whether a payer sees something of the minor's past that it does not see of everybody's.
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
    past: Met
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
"""The rules about the row and the minor; any other looks at the payer as a whole, and at the minor's past with it."""


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
    past = _past(census, minors, funds)
    judge = _Judge(census, minors, funds, houses, past)
    usable = np.tile(np.array([limit is not None for limit in judge.limits], np.bool_), (len(minors), 1))
    for rule in ONCE_RULES:
        judge.keep(rule, usable)
    own_met = usable.copy()
    for rule in NIGHT_RULES:
        judge.keep(rule, own_met)
    pays = _pays(census, minors, own_met, accepted)
    return Paying(usable, own_met, past, tuple(funds), tuple(houses), tuple(accepted), pays)


def _past(census: Census, minors: Sequence[Minor], funds: Sequence[Fund]) -> Met:
    """Which payers have paid for whom; any may see nights away."""
    past = np.zeros((len(minors), len(funds)), np.bool_)
    columns: dict[str, list[int]] = {}
    for column, fund in enumerate(funds):
        columns.setdefault(fund.id, []).append(column)
    for row, minor in enumerate(minors):
        for stay in census.stays_of.get(minor.id, ()):
            for payer in stay.payers:
                past[row, columns.get(payer.fund, [])] = True
            if stay.away:
                past[row] = True
    return past


class _Judge:
    """The payers, each with a house like those that accept it where nobody has stayed, and the minors."""

    def __init__(
        self, census: Census, minors: Sequence[Minor], funds: Sequence[Fund], houses: Sequence[Facility], past: Met
    ) -> None:
        self.census = census
        self.minors = minors
        self.funds = funds
        self.houses = houses
        self.past = past
        self.cases: dict[tuple[int, str], Case] = {}
        self.limits = [fund.limit_on(census.tonight) for fund in funds]

    def keep(self, rule: FundRule, met: Met) -> None:
        """Leave true only where this rule is met too."""
        rows, columns = np.nonzero(met)
        _, first, back = np.unique(self._seen(rule, rows, columns), return_index=True, return_inverse=True)
        judged = [self._met(rule, row, column) for row, column in zip(rows[first], columns[first], strict=True)]
        met[rows, columns] = np.array(judged, np.bool_)[back]

    def _seen(self, rule: FundRule, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
        """A number for each pair, equal for those of which the rule sees the same."""
        keys, on = _BY_KEYS.get(rule.code), self.census.tonight
        if keys is None:
            alike = distinct([minor.approvals for minor in self.minors])[1]
            whose = np.where(self.past[rows, columns], len(alike) + rows, alike[rows])
            return whose * len(self.funds) + columns
        of_limit = distinct([None if limit is None else keys.of_limit(limit) for limit in self.limits])[1]
        of_minor = distinct([keys.of_minor(minor, on) for minor in self.minors])[1]
        return of_minor[rows] * len(self.funds) + of_limit[columns]

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

    Parameters
    ----------
    census : Census
    found : Paying
    minors : sequence of Minor
        Those of the rows of `found`.
    nights : sequence of int
        Nights of the need of each.
    """

    def __init__(self, census: Census, found: Paying, minors: Sequence[Minor], nights: Sequence[int]) -> None:
        self.census = census
        self.found = found
        self.minors = minors
        self._nights = nights
        self._first = census.tonight.toordinal()
        self._until = np.array(nights, np.int64) + self._first
        most = max(map(len, found.accepted), default=0)
        self._accepted = np.full((len(found.accepted), most), len(found.funds), np.int64)
        for house, columns in enumerate(found.accepted):
            self._accepted[house, : len(columns)] = columns
        self._payers: list[Payer] = []
        self._at = np.full((len(minors), len(found.funds) + 1), -1, np.int64)
        self._share()
        self._last_resort = np.array([*(payer.funding.fund.last_resort for payer in self._payers), False], np.bool_)

    def _share(self) -> None:
        """Make one payer for all of whom a fund sees the same."""
        found, ages = self.found, dict[int | None, NDArray[np.int64]]()
        alike = distinct([(minor.approvals, own) for minor, own in zip(self.minors, self._nights, strict=True)])[1]
        for column, fund in enumerate(found.funds):
            limit = fund.limit_on(self.census.tonight)
            rows = np.flatnonzero(found.usable[:, column])
            if limit is None or not len(rows):
                continue
            if limit.leaves_at_age not in ages:
                leaves = np.minimum(self._leaves(limit.leaves_at_age), self._until)
                ages[limit.leaves_at_age] = together([alike, leaves - leaves.min()])
            seen = ages[limit.leaves_at_age]
            seen = np.where(found.past[:, column], seen.max() + 1 + np.arange(len(seen)), seen)
            _, first, at = np.unique(
                2 * seen[rows] + found.own_met[rows, column], return_index=True, return_inverse=True
            )
            self._at[rows, column] = len(self._payers) + at
            self._payers += [self._payer(row, column) for row in rows[first].tolist()]

    def _payer(self, row: int, column: int) -> Payer:
        case = alone(self.census, self.minors[row], self.found.houses[column], self._nights[row])
        own_met = bool(self.found.own_met[row, column])
        return Payer(Funding(case, self.found.funds[column], case.admit_on), True, own_met)

    def _leaves(self, age: int | None) -> NDArray[np.int64]:
        return np.array([ages_out_on(minor, age).toordinal() for minor in self.minors], np.int64)

    def of(
        self, rows: NDArray[np.int64], houses: NDArray[np.int64]
    ) -> tuple[list[list[tuple[Funding, int]]], NDArray[np.int64], NDArray[np.int64]]:
        """Each payer of a house that may pay tonight, and how far a chain that it begins would reach, by kinds.

        Parameters
        ----------
        rows, houses : int64[pairs]
            A minor and a house of each pair.

        Returns
        -------
        chains : list of lists of (Funding, int)
            What pairs of one kind have in common: the payers, and how far each reaches (an ordinal).
        kind : int64[pairs]
        stop : int64[pairs]
            The first night that no payer of the pair pays (an ordinal): no chain reaches beyond it.
        """
        own, stop = self._at[rows[:, None], self._accepted[houses]], self._stop(rows, houses)
        # A few payers none of which waits for another reach as far under any stop, or to it.
        waits = self._last_resort[own].any(axis=1) | ((own >= 0).sum(axis=1) > FEW)
        looked_to = np.where(waits, stop, self._until[rows])
        kind = together([looked_to - self._first, *(own + 1).T])
        _, first, kind = np.unique(kind, return_index=True, return_inverse=True)
        chains = []
        for at, last in zip(own[first].tolist(), looked_to[first].tolist(), strict=True):
            payers = [self._payers[one] for one in at if one >= 0]
            chains.append(chain_heads(self.census, payers, self.census.tonight, date.fromordinal(last)))
        return chains, kind, stop

    def _stop(self, rows: NDArray[np.int64], houses: NDArray[np.int64]) -> NDArray[np.int64]:
        """What `payers.covered` says of each pair."""
        licences = [facility.licence for facility in self.census.snapshot.facilities]
        ends = [(one.expires_on or date.max).toordinal() for one in licences]
        stop = np.minimum(self._until[rows], np.array(ends, np.int64)[houses])
        oldest, at = distinct([one.max_age for one in licences])
        birthdays = [self._birthdays(licences[one].max_age) for one in oldest]
        stop = np.minimum(stop, np.array(birthdays, np.int64)[at[houses], rows]) if len(rows) else stop
        return np.maximum(self._first, stop)

    def _birthdays(self, oldest: int | None) -> list[int]:
        """The first date on which each is older than a licence allows; never where either is not known."""
        never = date.max.toordinal()
        if oldest is None:
            return [never] * len(self.minors)
        return [
            never if minor.born_on is None else birthday(minor.born_on, oldest + 1).toordinal() for minor in self.minors
        ]
