"""Everyone who waits, at every group of beds they could have tonight: what the joint plan chooses from, money aside.

The beds of a unit that are free for anybody, cost alike and stay free alike are one group: who gets which of them is
all the same. A bed that only one minor may have is a group of its own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from matching.admission import make_case, need_nights
from matching.case import Case
from matching.census import Census
from matching.eligibility import Assessment, sibling_outcome
from matching.facts import Bed, Facility, Referral, Unit
from matching.findings import MET
from matching.masks import masks
from matching.payer import Funding
from matching.paying import paying
from matching.rules.fit import unit_outcome
from matching.value import Policy, worth_cost
from matching.waiting import Builder, Place, room_tonight, waiting_tonight

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


class Stands(Builder):
    """Collects the stands of everyone whose need has begun, with the beds of each group and the room of each house."""

    def __init__(self, census: Census, policy: Policy) -> None:
        self.referrals = waiting_tonight(census)
        minors = [census.minors[row.minor] for row in self.referrals]
        super().__init__(census, policy, masks(census, minors), paying(census, minors))
        self.stands: list[Stand] = []
        self.beds: dict[str, tuple[Bed, ...]] = {}
        self.house: dict[str, str] = {}
        self.room: dict[str, int] = {}
        self._groups: dict[str, list[tuple[str, Bed, date | None, bool]]] = {}
        self._named = {row.minor for row in self.referrals}
        costs = self.house_costs(self.referrals, range(len(self.referrals)))
        for at, referral in enumerate(self.referrals):
            self.add_minor(referral)
            self.add_masked(referral, at, costs[at])

    def nights_cost(self, stand: Stand, nights: int) -> int:
        """What so many paid nights of the need cost."""
        worth = worth_cost(self.census, self.beds[stand.group][0], nights, self.policy)
        return self._nights_cost(need_nights(self.census, stand.referral), nights) + worth

    def places(self, groups: Iterable[str]) -> int:
        """How many at most could be in these groups of beds together."""
        beds: Counter[str] = Counter()
        for group in groups:
            beds[self.house[group]] += len(self.beds[group])
        return sum(min(count, self.room[house]) for house, count in beds.items())

    def _add_open(
        self,
        referral: Referral,
        facility: Facility,
        units: Sequence[Unit],
        heads: Sequence[tuple[Funding, int]],
        cost: int,
    ) -> None:
        """Add a stand for each group of beds of these units that anybody may have."""
        census = self.census
        minor = census.minors[referral.minor]
        case = make_case(census, minor, facility, referral, census.tonight, True, sibling_outcome)
        self._add_stands(referral, case, [place for unit in units for place in self._shared(case, unit)], heads, cost)

    def add_assessed(self, referral: Referral, assessment: Assessment, costs: Mapping[str, int]) -> None:
        """Add the stands in a facility that is an option tonight."""
        if assessment.verdict == "option":
            case = assessment.case
            self._add_stands(referral, case, self._own(assessment), assessment.heads(), costs[case.facility.id])

    def _shared(self, case: Case, unit: Unit) -> list[Place]:
        """One place for each group of beds of a unit that anybody may have."""
        groups = self._groups.get(unit.id)
        if groups is None:
            groups = self._groups[unit.id] = self._grouped(case, unit)
        places: list[Place] = []
        for key, bed, until, named in groups:
            if named:
                until = case.house.free_until(bed, case.admit_on, case.until, case.minor.id)
            places.append((key, unit, bed, None if until is None or until >= case.until else until))
        return places

    def _grouped(self, case: Case, unit: Unit) -> list[tuple[str, Bed, date | None, bool]]:
        """The groups of a unit: id, first bed, first night not free, and whether somebody who waits has an entry."""
        tonight, far = self.census.tonight, self.census.last_night + timedelta(days=1)
        alike: dict[tuple[int, date | None, str], list[Bed]] = {}
        for bed in case.house.shared_beds(unit, tonight):
            cost = self._bed_cost(bed)
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
                    until = case.house.free_until(bed, case.admit_on, case.until, case.minor.id)
                    places.append((key, unit, bed, until))
        return places

    def _add_stands(
        self, referral: Referral, case: Case, places: Sequence[Place], heads: Sequence[tuple[Funding, int]], cost: int
    ) -> None:
        end = max(end for _, end in heads)
        for key, unit, bed, until in places:
            if key not in self.house:
                self._put(case, key, bed)
            standing = cost + self._bed_cost(bed)
            self.stands.append(Stand(len(self.minors) - 1, referral, case, unit, key, until, standing, end))

    def _put(self, case: Case, key: str, bed: Bed) -> None:
        """Say in which house a group of beds is. A bed of one's own takes no place of the house one lives in."""
        own = not case.house.free(bed, case.admit_on, "", ()) and case.house.has_own(case.admit_on, case.minor.id)
        self.house[key] = key if own else case.facility.id
        if self.house[key] not in self.room:
            self.room[self.house[key]] = 1 if own else room_tonight(case.house, NOBODY)
