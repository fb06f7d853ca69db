"""Everyone who waits, at every group of beds they could have tonight: what the joint plan chooses from, money aside.

The beds of a unit that are free for anybody, cost alike and stay free alike are one group: who gets which of them is
all the same. A bed that only one minor may have is a group of its own.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.admission import make_case, need_nights
from matching.case import Case
from matching.census import Census
from matching.eligibility import Assessment, sibling_outcome
from matching.facts import Bed, Referral, Unit
from matching.findings import MET
from matching.open_pairs import Collector, open_pairs
from matching.rules.fit import unit_outcome
from matching.value import Policy, worth_cost
from matching.waiting import Place, room_tonight, waiting_tonight

SEPARATOR = "\x1f"
NOBODY = ""


class Stand(NamedTuple):
    """One minor at one group of beds.

    `minor` is the place among those who wait, `group` the id of the beds, `until` the first night on which they are
    no longer free, `standing` what the pair costs besides its nights, `end` how far any payers reach (an ordinal).
    """

    minor: int
    referral: Referral
    case: Case
    unit: Unit
    group: str
    until: date | None
    standing: int
    end: int

    @property
    def bed_end(self) -> int:
        """The first night after the need, or after the bed (an ordinal)."""
        return (self.until or self.case.until).toordinal()


class Stands(Collector):
    """Collects the stands of everyone whose need has begun, with the beds of each group and the room of each house."""

    def __init__(self, census: Census, policy: Policy) -> None:
        super().__init__(census, policy, waiting_tonight(census))
        self.minors = [row.minor for row in self.referrals]
        self.tiers = [row.urgency for row in self.referrals]
        self.stands: list[Stand] = []
        self.beds: dict[str, tuple[Bed, ...]] = {}
        self.house: dict[str, str] = {}
        self.room: dict[str, int] = {}
        self._groups: dict[str, list[tuple[str, Bed, date | None, bool]]] = {}
        self._named = {row.minor for row in self.referrals}
        rows = range(len(self.referrals))
        costs, opened = self.house_costs(rows), open_pairs(self.found, self.open, self.heads, rows)
        pairs = zip(
            opened.at.tolist(), opened.house.tolist(), opened.reach().tolist(), opened.unit.tolist(), strict=True
        )
        at_houses = {at: list(own) for at, own in groupby(pairs, key=itemgetter(0))}
        for at in rows:
            for assessment in self.exceptions(at):
                self._add_assessed(at, assessment, costs[at])
            for (_, house, end), units in groupby(at_houses.get(at, ()), key=itemgetter(0, 1, 2)):
                self._add_open(at, house, [self.found.units[unit] for *_, unit in units], end, int(costs[at, house]))

    def nights_cost(self, stand: Stand, nights: int) -> int:
        """What so many paid nights of the need cost."""
        worth = worth_cost(self.census, self.beds[stand.group][0], nights, self.policy)
        return self.paid_cost(need_nights(self.census, stand.referral), nights) + worth

    def places(self, groups: Iterable[str]) -> int:
        """How many at most could be in these groups of beds together."""
        beds: Counter[str] = Counter()
        for group in groups:
            beds[self.house[group]] += len(self.beds[group])
        return sum(min(count, self.room[house]) for house, count in beds.items())

    def _add_open(self, at: int, house: int, units: Sequence[Unit], end: int, cost: int) -> None:
        """Add a stand for each group of beds of these units that anybody may have."""
        census, referral = self.census, self.referrals[at]
        minor, facility = census.minors[referral.minor], census.snapshot.facilities[house]
        case = make_case(census, minor, facility, referral, census.tonight, True, sibling_outcome)
        self._add_stands(at, case, [place for unit in units for place in self._shared(case, unit)], end, cost)

    def _add_assessed(self, at: int, assessment: Assessment, costs: NDArray[np.int32]) -> None:
        """Add the stands in a facility that is an option tonight."""
        if assessment.verdict == "option":
            case, end = assessment.case, max(end for _, end in assessment.heads())
            self._add_stands(at, case, self._own(assessment), end, int(costs[self.place[case.facility.id]]))

    def _shared(self, case: Case, unit: Unit) -> list[Place]:
        """One place for each group of beds of a unit that anybody may have."""
        groups = self._groups.get(unit.id)
        if groups is None:
            groups = self._groups[unit.id] = self._grouped(case, unit)
        places: list[Place] = []
        for key, bed, until, named in groups:
            if named or unit.one_gender_a_night:
                until = case.bed_until(unit, bed)
            places.append((key, unit, bed, None if until is None or until >= case.until else until))
        return places

    def _grouped(self, case: Case, unit: Unit) -> list[tuple[str, Bed, date | None, bool]]:
        """The groups of a unit: id, first bed, first night not free, and whether somebody who waits has an entry."""
        tonight, far = self.census.tonight, self.census.last_night + timedelta(days=1)
        alike: dict[tuple[int, date | None, str], list[Bed]] = {}
        for bed in case.house.shared_beds(unit, tonight):
            cost = self.bed_cost(bed)
            named = any(row.minor in self._named for row in case.house.by_bed.get(bed.id, ()))
            until = case.house.free_until(bed, tonight, far, "")
            alike.setdefault((cost, until, bed.id if named else ""), []).append(bed)
        groups = []
        for (_, until, named_bed), beds in alike.items():
            beds.sort(key=lambda row: row.id)
            key = SEPARATOR.join((unit.id, beds[0].id))
            self.beds[key] = tuple(beds)
            groups.append((key, beds[0], until, bool(named_bed)))
        return groups

    def _own(self, assessment: Assessment) -> list[Place]:
        """The same for one minor, with the beds that nobody else may have."""
        case, places = assessment.case, []
        for unit in case.facility.units:
            if unit_outcome(case, unit, case.admit_on, gap=True) is not MET:
                continue
            places += self._shared(case, unit)
            for bed in case.free_beds(unit, case.admit_on):
                if not case.house.free(bed, case.admit_on, "", ()):
                    key = SEPARATOR.join((unit.id, bed.id))
                    self.beds[key] = (bed,)
                    until = case.bed_until(unit, bed)
                    places.append((key, unit, bed, until))
        return places

    def _add_stands(self, at: int, case: Case, places: Sequence[Place], end: int, cost: int) -> None:
        for key, unit, bed, until in places:
            if key not in self.house:
                self._put(case, key, bed)
            standing = cost + self.bed_cost(bed)
            self.stands.append(Stand(at, self.referrals[at], case, unit, key, until, standing, end))

    def _put(self, case: Case, key: str, bed: Bed) -> None:
        """Say in which house a group of beds is. A bed of one's own takes no place of the house one lives in."""
        own = not case.house.free(bed, case.admit_on, "", ()) and case.house.has_own(case.admit_on, case.minor.id)
        self.house[key] = key if own else case.facility.id
        if self.house[key] not in self.room:
            self.room[self.house[key]] = 1 if own else room_tonight(case.house, NOBODY)
