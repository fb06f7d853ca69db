"""What is better: the ordered terms of a placement's cost, each a whole number with a name, a unit and a sentence.

No term outweighs a rule, and none predicts a person. Weights are a policy: data with a version.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from matching.admission import need_nights
from matching.case import Case
from matching.facts import Bed, Referral
from matching.rules.conflict import distance_km

COST_LIMIT = 2**20
CALL_FIRST_AFTER = timedelta(hours=12)
BAND_KM = 25
HOUR = timedelta(hours=1)
FAR = COST_LIMIT
"""Stands for what is not known: more than any term counts."""

BY_NIGHTS = ("nights.unpaid", "nights.moves")
"""Terms that depend on who pays, and else on the need alone."""

BY_BED = ("bed.call_first", "bed.confirmation_age")
"""Terms that depend on the bed alone."""

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

    by_house: tuple[Weight, ...] = field(init=False, repr=False)
    by_bed: tuple[Weight, ...] = field(init=False, repr=False)
    by_nights: tuple[Weight, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name, codes in (("by_bed", BY_BED), ("by_nights", BY_NIGHTS)):
            object.__setattr__(self, name, tuple(row for row in self.weights if row.code in codes))
        rest = tuple(row for row in self.weights if row.code not in (*BY_BED, *BY_NIGHTS))
        object.__setattr__(self, "by_house", rest)
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
        value = _MEASURES[row.code].value(placing)
        text = _MEASURES[row.code].text(placing, value)
        found.append(Term(row.code, min(value, row.most), row.unit, row.weight, text))
    return tuple(found)


def cost(placing: Placing, policy: Policy) -> int:
    """The sum of all terms, below 2**20."""
    return house_cost(placing, policy) + bed_cost(placing, policy) + nights_cost(placing, policy)


def house_cost(placing: Placing, policy: Policy) -> int:
    """The sum of the terms that are the same for every bed of a house, whoever pays."""
    return _cost(placing, policy.by_house)


def bed_cost(placing: Placing, policy: Policy) -> int:
    """The sum of the terms that the bed alone decides."""
    return _cost(placing, policy.by_bed)


def nights_cost(placing: Placing, policy: Policy) -> int:
    """The sum of the terms that the need and its paid nights alone decide."""
    return _cost(placing, policy.by_nights)


def _cost(placing: Placing, weights: Iterable[Weight]) -> int:
    total = 0
    for row in weights:
        value = _MEASURES[row.code].value(placing)
        if value:
            total += min(value, row.most) * row.weight
    return total


def call_first(bed: Bed, as_of: datetime) -> bool:
    """Whether nobody has confirmed a bed within twelve hours."""
    return bed.confirmed_at is None or as_of - bed.confirmed_at > CALL_FIRST_AFTER


def _call_first(placing: Placing) -> int:
    return int(call_first(placing.bed, placing.as_of))


def _call_first_text(_: Placing, value: int) -> str:
    return "Nobody confirmed the bed within 12 hours: call first" if value else "Confirmed within 12 hours"


def _unpaid(placing: Placing) -> int:
    return placing.need - placing.usable_nights


def _unpaid_text(placing: Placing, _: int) -> str:
    return f"{placing.usable_nights} of {placing.need} nights are paid while the bed is free"


def _moves(placing: Placing) -> int:
    return int(placing.usable_nights < placing.need)


def _moves_text(_: Placing, value: int) -> str:
    return "A move before the need ends" if value else "No move to expect"


def _siblings(placing: Placing) -> int:
    census, case = placing.case.census, placing.case
    if not case.minor.together_with:
        return 0
    return sum(
        any(row.present(case.admit_on) for row in census.presence.get(sibling, ()))
        and not case.house.has_own(case.admit_on, sibling)
        for sibling in set(case.minor.together_with)
    )


def _siblings_text(_: Placing, value: int) -> str:
    return (
        f"{value} {'sibling lives' if value == 1 else 'siblings live'} elsewhere" if value else "No sibling elsewhere"
    )


def _wish(placing: Placing) -> int:
    prefer = placing.case.minor.wishes.prefer
    return int(bool(prefer) and placing.case.facility.id not in prefer)


def _wish_text(placing: Placing, value: int) -> str:
    if not placing.case.minor.wishes.prefer:
        return "No wish said"
    return "The young person would rather be elsewhere" if value else "The young person's wish"


def _gaps(placing: Placing) -> list[str]:
    facility, needs = placing.case.facility, placing.case.minor.needs
    return _not_in(facility.services, needs.services) + _not_in(facility.languages, needs.languages)


def _not_in(offered: Collection[str] | None, wanted: Collection[str] | None) -> list[str]:
    """What is wanted and not offered, each once; None offers nothing."""
    if not wanted:
        return []
    return [code for code in dict.fromkeys(wanted) if not offered or code not in offered]


def _missing(placing: Placing) -> int:
    return len(_gaps(placing))


def _missing_text(placing: Placing, value: int) -> str:
    return f"Missing: {', '.join(_gaps(placing))}" if value else "Every service and language asked for"


def _restrictive(placing: Placing) -> int:
    return RESTRICTIVE.get(placing.case.facility.safeguards.egress.on(placing.case.admit_on) or "unlocked", 0)


def _restrictive_text(placing: Placing, _: int) -> str:
    doors = placing.case.facility.safeguards.egress.on(placing.case.admit_on)
    return f"Doors: {(doors or 'not known').replace('_', ' ')}"


def _home_counts(placing: Placing) -> bool:
    """Whether home is known and lies in no place to avoid."""
    home, minor = placing.referral.home_point, placing.case.minor
    if home is None or minor.residence.county in minor.avoid.counties:
        return False
    return not minor.avoid.circles or not any(
        distance_km(home, (circle[0], circle[1])) <= circle[2] for circle in minor.avoid.circles
    )


def _distance(placing: Placing) -> int:
    home, point = placing.referral.home_point, placing.case.facility.point
    if home is None or not _home_counts(placing):
        return 0
    return FAR if point is None else int(distance_km(home, point) // BAND_KM)


def _distance_text(placing: Placing, value: int) -> str:
    if placing.referral.home_point is None:
        return "Home not known, or not safe"
    if not _home_counts(placing):
        return "Home is in a place to avoid: distance does not count"
    if value == FAR:
        return "Distance from home not known"
    return f"{value * BAND_KM} to {(value + 1) * BAND_KM} km from home"


def _confirmation(placing: Placing) -> int:
    confirmed = placing.bed.confirmed_at
    return FAR if confirmed is None else max(0, int((placing.as_of - confirmed) // HOUR))


def _confirmation_text(_: Placing, value: int) -> str:
    if value == FAR:
        return "Never confirmed"
    return f"Confirmed {value} {'hour' if value == 1 else 'hours'} ago" if value else "Confirmed within the hour"


class _Measure(NamedTuple):
    """How a term is counted, and what is said of it."""

    value: Callable[[Placing], int]
    text: Callable[[Placing, int], str]


_MEASURES: Mapping[str, _Measure] = {
    "bed.call_first": _Measure(_call_first, _call_first_text),
    "nights.unpaid": _Measure(_unpaid, _unpaid_text),
    "nights.moves": _Measure(_moves, _moves_text),
    "siblings.elsewhere": _Measure(_siblings, _siblings_text),
    "wishes.unmet": _Measure(_wish, _wish_text),
    "needs.missing": _Measure(_missing, _missing_text),
    "setting.restrictive": _Measure(_restrictive, _restrictive_text),
    "home.distance": _Measure(_distance, _distance_text),
    "bed.confirmation_age": _Measure(_confirmation, _confirmation_text),
}

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
