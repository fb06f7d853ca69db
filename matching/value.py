"""What is better: the ordered terms of a placement's cost, each a whole number with a name, a unit and a sentence.

No term outweighs a rule, and none predicts a person. Weights are a policy: data with a version.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.admission import need_nights
from matching.alike import distinct
from matching.case import Case
from matching.census import Census
from matching.facts import Bed, Facility, Referral
from matching.house_terms import BAND_KM, FAR, HOUSE_TERMS, gaps, home

COST_LIMIT = 2**20
CALL_FIRST_AFTER = timedelta(hours=12)
HOUR = timedelta(hours=1)
WORTH = "bed.worth"
"""What the bed is worth to those still to come, by prices learnt from the past: in a policy that counts it."""


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
    by_worth: tuple[Weight, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        kinds = {"by_house": HOUSE_TERMS, "by_bed": _BED_TERMS, "by_nights": _NIGHTS_TERMS, "by_worth": {WORTH}}
        for name, terms in kinds.items():
            object.__setattr__(self, name, tuple(row for row in self.weights if row.code in terms))
        unknown = [row.code for row in self.weights if row.code not in _TEXTS]
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
        value = _value(row.code, placing)
        text = _TEXTS[row.code](placing, value)
        found.append(Term(row.code, min(value, row.most), row.unit, row.weight, text))
    return tuple(found)


def _value(code: str, placing: Placing) -> int:
    if code in _BED_TERMS:
        return _BED_TERMS[code](placing.bed, placing.as_of)
    if code in _NIGHTS_TERMS:
        return _NIGHTS_TERMS[code](placing.need, placing.usable_nights)
    if code == WORTH:
        return _worth(placing.case.census, placing.bed, placing.usable_nights)
    return HOUSE_TERMS[code].value(placing.case.census, placing.referral, placing.case.facility, placing.case.admit_on)


def cost(placing: Placing, policy: Policy) -> int:
    """The sum of all terms, below 2**20."""
    return sum(min(_value(row.code, placing), row.most) * row.weight for row in policy.weights)


def house_costs(
    census: Census, referrals: Sequence[Referral], facilities: Sequence[Facility], policy: Policy
) -> NDArray[np.int64]:
    """The sums of the terms that are the same tonight for every bed of a house, whoever pays.

    Parameters
    ----------
    census : Census
    referrals : sequence of Referral
    facilities : sequence of Facility
    policy : Policy

    Returns
    -------
    int64[referrals, facilities]
    """
    on = census.tonight
    total = np.zeros((len(referrals), len(facilities)), np.int64)
    for row in policy.by_house:
        term = HOUSE_TERMS[row.code]
        minors = [term.of_minor(census, referral, on) for referral in referrals]
        if any(minors):
            houses = [term.of_house(facility, on) for facility in facilities]
            (first, minor_at), (kinds, house_at) = distinct(minors), distinct(houses)
            values = term.values([minors[one] for one in first], [houses[at] for at in kinds])
            total += row.weight * np.minimum(values, row.most)[minor_at[:, None], house_at]
    return total


def bed_cost(bed: Bed, as_of: datetime, policy: Policy) -> int:
    """The sum of the terms that the bed alone decides."""
    return sum(min(_BED_TERMS[row.code](bed, as_of), row.most) * row.weight for row in policy.by_bed)


def nights_cost(need: int, nights: int, policy: Policy) -> int:
    """The sum of the terms that so many paid nights of a need decide."""
    return sum(min(_NIGHTS_TERMS[row.code](need, nights), row.most) * row.weight for row in policy.by_nights)


def worth_cost(census: Census, bed: Bed, nights: int, policy: Policy) -> int:
    """The term that prices decide, for so many paid nights in a bed."""
    return sum(min(_worth(census, bed, nights), row.most) * row.weight for row in policy.by_worth)


def call_first(bed: Bed, as_of: datetime) -> bool:
    """Whether nobody has confirmed a bed within twelve hours."""
    return bed.confirmed_at is None or as_of - bed.confirmed_at > CALL_FIRST_AFTER


def _call_first(bed: Bed, as_of: datetime) -> int:
    return int(call_first(bed, as_of))


def _call_first_text(_: Placing, value: int) -> str:
    return "Nobody confirmed the bed within 12 hours: call first" if value else "Confirmed within 12 hours"


def _unpaid(need: int, nights: int) -> int:
    return need - nights


def _unpaid_text(placing: Placing, _: int) -> str:
    return f"{placing.usable_nights} of {placing.need} nights are paid while the bed is free"


def _moves(need: int, nights: int) -> int:
    return int(nights < need)


def _moves_text(_: Placing, value: int) -> str:
    return "A move before the need ends" if value else "No move to expect"


def _siblings_text(_: Placing, value: int) -> str:
    return (
        f"{value} {'sibling lives' if value == 1 else 'siblings live'} elsewhere" if value else "No sibling elsewhere"
    )


def _wish_text(placing: Placing, value: int) -> str:
    if not placing.case.minor.wishes.prefer:
        return "No wish said"
    return "The young person would rather be elsewhere" if value else "The young person's wish"


def _missing_text(placing: Placing, value: int) -> str:
    missing = gaps(placing.case.minor, placing.case.facility)
    return f"Missing: {', '.join(missing)}" if value else "Every service and language asked for"


def _restrictive_text(placing: Placing, _: int) -> str:
    doors = placing.case.facility.safeguards.egress.on(placing.case.admit_on)
    return f"Doors: {(doors or 'not known').replace('_', ' ')}"


def _distance_text(placing: Placing, value: int) -> str:
    if placing.referral.home_point is None:
        return "Home not known, or not safe"
    if home(placing.case.census, placing.referral) is None:
        return "Home is in a place to avoid: distance does not count"
    if value == FAR:
        return "Distance from home not known"
    return f"{value * BAND_KM} to {(value + 1) * BAND_KM} km from home"


def _confirmation(bed: Bed, as_of: datetime) -> int:
    return FAR if bed.confirmed_at is None else max(0, int((as_of - bed.confirmed_at) // HOUR))


def _confirmation_text(_: Placing, value: int) -> str:
    if value == FAR:
        return "Never confirmed"
    return f"Confirmed {value} {'hour' if value == 1 else 'hours'} ago" if value else "Confirmed within the hour"


def _worth(census: Census, bed: Bed, nights: int) -> int:
    return census.worth.get(bed.id, 0) * nights


def _worth_text(placing: Placing, value: int) -> str:
    price = placing.case.census.worth.get(placing.bed.id)
    if price is None:
        return "What this bed is worth to those still to come has not been learnt"
    if not value:
        return "Those still to come have other beds as good"
    return f"To those still to come each of its {placing.usable_nights} nights is worth {price}"


_BED_TERMS: Mapping[str, Callable[[Bed, datetime], int]] = {
    "bed.call_first": _call_first,
    "bed.confirmation_age": _confirmation,
}
_NIGHTS_TERMS: Mapping[str, Callable[[int, int], int]] = {"nights.unpaid": _unpaid, "nights.moves": _moves}
_TEXTS: Mapping[str, Callable[[Placing, int], str]] = {
    "bed.call_first": _call_first_text,
    "nights.unpaid": _unpaid_text,
    "nights.moves": _moves_text,
    "siblings.elsewhere": _siblings_text,
    "wishes.unmet": _wish_text,
    "needs.missing": _missing_text,
    "setting.restrictive": _restrictive_text,
    "home.distance": _distance_text,
    "bed.confirmation_age": _confirmation_text,
    WORTH: _worth_text,
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

WORTH_WEIGHT = Weight(WORTH, "unit of cost", 1, 200_000)
"""The term that a policy counts once prices have been learnt and its network wants them."""
