"""What is better: the ordered terms of a placement's cost, each a whole number with a name, a unit and a sentence.

No term outweighs a rule, and none predicts a person. Weights are a policy: data with a version.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from matching.admission import need_nights
from matching.case import Case
from matching.facts import Bed, Referral
from matching.rules.safeguards import distance_km

COST_LIMIT = 2**20
CALL_FIRST_AFTER = timedelta(hours=12)
BAND_KM = 25
RESTRICTIVE = {"unlocked": 0, "delayed_release": 1, "locked_with_release": 2}


class Term(NamedTuple):
    """One term of a cost: value times weight is cost."""

    code: str
    value: int
    unit: str
    weight: int
    text: str

    @property
    def cost(self) -> int:
        """The share of this term."""
        return self.value * self.weight


@dataclass(frozen=True, slots=True)
class Weight:
    """How much one unit of a term counts, and the most units that count."""

    code: str
    unit: str
    weight: int
    most: int


@dataclass(frozen=True, slots=True)
class Policy:
    """An order of terms, by id and version. The most that all terms can cost stays below 2**20."""

    id: str
    version: int
    weights: tuple[Weight, ...]

    def __post_init__(self) -> None:
        unknown = [row.code for row in self.weights if row.code not in _MEASURES]
        if unknown:
            raise ValueError(f"terms that are not known: {', '.join(unknown)}")
        if any(row.weight < 0 or row.most < 0 for row in self.weights):
            raise ValueError("a weight or a limit is below zero")
        if sum(row.weight * row.most for row in self.weights) >= COST_LIMIT:
            raise ValueError(f"the terms together can cost {COST_LIMIT} or more")


@dataclass(frozen=True, slots=True)
class Placing:
    """A pair that is valued: the case, its bed, and the nights that are paid while that bed is free."""

    case: Case
    referral: Referral
    bed: Bed
    usable_nights: int

    @property
    def need(self) -> int:
        """Nights of the need."""
        return need_nights(self.case.census, self.referral)

    @property
    def as_of(self) -> datetime:
        """The instant of the decision."""
        return self.case.census.snapshot.as_of


def terms(placing: Placing, policy: Policy) -> tuple[Term, ...]:
    """Value a pair by every term of a policy, in its order."""
    found = []
    for row in policy.weights:
        value, text = _MEASURES[row.code](placing)
        found.append(Term(row.code, min(value, row.most), row.unit, row.weight, text))
    return tuple(found)


def cost(placing: Placing, policy: Policy) -> int:
    """The sum of all terms, below 2**20."""
    return standing_cost(placing, policy) + nights_cost(placing, policy)


def standing_cost(placing: Placing, policy: Policy) -> int:
    """The sum of the terms that are the same whoever pays."""
    return _cost(placing, [row for row in policy.weights if row.code not in _BY_NIGHTS])


def nights_cost(placing: Placing, policy: Policy) -> int:
    """The sum of the terms that the paid nights decide."""
    return _cost(placing, [row for row in policy.weights if row.code in _BY_NIGHTS])


def _cost(placing: Placing, weights: Iterable[Weight]) -> int:
    return sum(min(_MEASURES[row.code](placing)[0], row.most) * row.weight for row in weights)


def call_first(bed: Bed, as_of: datetime) -> bool:
    """Whether nobody has confirmed a bed within twelve hours."""
    return bed.confirmed_at is None or as_of - bed.confirmed_at > CALL_FIRST_AFTER


Measure = tuple[int, str]


def _call_first(placing: Placing) -> Measure:
    if call_first(placing.bed, placing.as_of):
        return 1, "Nobody confirmed the bed within 12 hours: call first"
    return 0, "Confirmed within 12 hours"


def _unpaid(placing: Placing) -> Measure:
    nights = placing.need - placing.usable_nights
    return nights, f"{placing.usable_nights} of {placing.need} nights are paid while the bed is free"


def _moves(placing: Placing) -> Measure:
    ends = placing.usable_nights < placing.need
    return int(ends), "A move before the need ends" if ends else "No move to expect"


def _siblings(placing: Placing) -> Measure:
    census, case = placing.case.census, placing.case
    away = sum(
        any(row.present(case.admit_on) for row in census.presence.get(sibling, ()))
        and not case.house.has_own(case.admit_on, sibling)
        for sibling in set(case.minor.together_with)
    )
    return away, f"{away} siblings live elsewhere" if away else "No sibling lives elsewhere"


def _wish(placing: Placing) -> Measure:
    prefer = placing.case.minor.wishes.prefer
    if not prefer:
        return 0, "No wish said"
    met = placing.case.facility.id in prefer
    return int(not met), "The young person's wish" if met else "The young person would rather be elsewhere"


def _missing(placing: Placing) -> Measure:
    facility, needs = placing.case.facility, placing.case.minor.needs
    gaps = sorted(set(needs.services or ()) - set(facility.services or ()))
    gaps += sorted(set(needs.languages or ()) - set(facility.languages or ()))
    return len(gaps), f"Missing: {', '.join(gaps)}" if gaps else "Every service and language asked for"


def _restrictive(placing: Placing) -> Measure:
    doors = placing.case.facility.safeguards.egress.on(placing.case.admit_on)
    return RESTRICTIVE.get(doors or "unlocked", 0), f"Doors: {(doors or 'not known').replace('_', ' ')}"


def _distance(placing: Placing) -> Measure:
    home, facility, avoid = placing.referral.home_point, placing.case.facility, placing.case.minor.avoid
    if home is None:
        return 0, "Home not known, or not safe"
    unsafe = any(distance_km(home, (circle[0], circle[1])) <= circle[2] for circle in avoid.circles)
    if unsafe or placing.case.minor.residence.county in avoid.counties:
        return 0, "Home is in a place to avoid: distance does not count"
    if facility.point is None:
        return COST_LIMIT, "Distance from home not known"
    band = int(distance_km(home, facility.point) // BAND_KM)
    return band, f"{band * BAND_KM} to {(band + 1) * BAND_KM} km from home"


def _confirmation(placing: Placing) -> Measure:
    confirmed = placing.bed.confirmed_at
    if confirmed is None:
        return COST_LIMIT, "Never confirmed"
    hours = max(0, int((placing.as_of - confirmed) // timedelta(hours=1)))
    return hours, f"Confirmed {hours} {'hour' if hours == 1 else 'hours'} ago" if hours else "Confirmed within the hour"


_MEASURES: Mapping[str, Callable[[Placing], Measure]] = {
    "bed.call_first": _call_first,
    "nights.unpaid": _unpaid,
    "nights.moves": _moves,
    "siblings.elsewhere": _siblings,
    "wishes.unmet": _wish,
    "needs.missing": _missing,
    "setting.restrictive": _restrictive,
    "home.distance": _distance,
    "bed.confirmation_age": _confirmation,
}

_BY_NIGHTS = ("nights.unpaid", "nights.moves")

DEFAULT_POLICY = Policy(
    "default",
    1,
    (
        Weight("bed.call_first", "yes", 400_000, 1),
        Weight("nights.unpaid", "night", 2_000, 180),
        Weight("nights.moves", "move", 1_000, 1),
        Weight("siblings.elsewhere", "sibling", 900, 20),
        Weight("wishes.unmet", "wish", 900, 1),
        Weight("needs.missing", "each", 300, 40),
        Weight("setting.restrictive", "step", 200, 2),
        Weight("home.distance", "band of 25 km", 20, 20),
        Weight("bed.confirmation_age", "hour", 1, 12),
    ),
)
"""Version 1 of the order that a network starts with."""
