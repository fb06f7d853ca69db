"""The admission date: the first night with a bed for everybody who must come together (the rules' section 2)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from matching.case import Case
from matching.census import Census
from matching.dates import age_on, birthday
from matching.facts import Bed, Facility, Minor, Referral, Unit
from matching.findings import NOT_MET, UNKNOWN, Codes, Outcome
from matching.rules.conflict import Conflict
from matching.rules.fit import UnitFit, unit_outcome
from matching.rules.licensing import Capacity
from matching.rules.safeguards import Population

SiblingOutcome = Callable[[Case, Minor], Outcome]
Place = tuple[Unit, Bed]

_POPULATION = Population()
_JUDGED = (_POPULATION, Conflict(), Capacity())
"""Rules about people that decide on which night a house can take the minor."""

_DECIDING = {UnitFit.code, *(rule.code for rule in _JUDGED)}


class Admission(NamedTuple):
    """Where and when a minor could come; without a bed, the date is only `first`, the earliest night asked for.

    `room_from` is the first night on which beds and licence would do, whoever lives there and whatever siblings are
    like: where it comes before the admission, the house waits for people, not for a bed.
    """

    referral: str
    case: Case
    first: date
    unit: Unit | None = None
    bed: Bed | None = None
    bed_until: date | None = None
    room_from: date | None = None


def need_nights(census: Census, referral: Referral) -> int:
    """Nights of the need, at most the horizon."""
    horizon = census.snapshot.horizon_nights
    return min(referral.nights_needed or horizon, horizon)


def earliest(census: Census, referral: Referral) -> date:
    """The first night asked for, tonight at the earliest."""
    return max(census.tonight, referral.needed_from or census.tonight)


def admission(
    census: Census, minor: Minor, facility: Facility, referral: Referral, sibling_outcome: SiblingOutcome
) -> Admission:
    """Find the first night on which everybody who must come together has a bed."""
    first = earliest(census, referral)
    house, asking = census.house(facility), frozenset((referral.id,))
    room_from: date | None = None
    for night in nights_of_change(census, minor, facility, first):
        if not any(house.free_beds(unit, night, minor.id, asking) for unit in facility.units):
            continue
        case = make_case(census, minor, facility, referral, night, True, sibling_outcome)
        places = places_on(case)
        if places and all(rule.outcome(case, night) is not NOT_MET for rule in _JUDGED):
            chosen = _choose(referral.id, case, first, places)
            if chosen is not None:
                return chosen._replace(room_from=room_from or night)
        if room_from is None and (places or _looks_at_others(facility)) and has_room(case):
            room_from = night
    return Admission(referral.id, make_case(census, minor, facility, referral, first, False, sibling_outcome), first)


def comes_tonight(known: Codes) -> bool:
    """Whether tonight is the admission, from the codes of one who comes alone tonight to a bed that is there."""
    return _DECIDING.isdisjoint(known[0])


def make_case(
    census: Census,
    minor: Minor,
    facility: Facility,
    referral: Referral,
    on: date,
    bed_known: bool,
    sibling_outcome: SiblingOutcome,
) -> Case:
    """Put together what the rules look at for one date."""
    siblings = census.waiting_siblings(minor, on) if minor.together_with else []
    return Case(
        census,
        minor,
        facility,
        on,
        need_nights(census, referral),
        referrals=frozenset((referral.id,)),
        siblings=siblings,
        bed_known=bed_known,
        sibling_outcome=sibling_outcome,
    )


def sibling_case(case: Case, sibling: Minor) -> Case:
    """The same facility, date and number of people for a sibling who waits too."""
    others = [case.minor, *(other for other in case.siblings if other.id != sibling.id)]
    return Case(
        case.census,
        sibling,
        case.facility,
        case.admit_on,
        (case.until - case.admit_on).days,
        referrals=case.census.referral_ids(sibling),
        siblings=others,
        bed_known=case.bed_known,
        sibling_outcome=case.sibling_outcome,
    )


def nights_of_change(census: Census, minor: Minor, facility: Facility, first: date) -> Iterator[date]:
    """The nights on which an answer can differ from the night before, from the earliest on; none where all say no."""
    if first > census.last_night or _POPULATION.never(facility):
        return
    yield first
    events = set(census.house(facility).dates)
    events.add(census.tonight + timedelta(days=1))
    aged = any(
        unit.min_age is not None or unit.max_age is not None or unit.max_age_gap_years is not None
        for unit in facility.units
    )
    for person in (minor, *(census.minors[other] for other in minor.together_with if other in census.minors)):
        if aged:
            events.update(_birthdays(person, first, census.last_night))
        if person is not minor:
            events.update(
                day for row in census.presence.get(person.id, ()) for day in (row.from_, row.until) if day is not None
            )
    yield from sorted(day for day in events if first < day <= census.last_night)


def _birthdays(minor: Minor, first: date, last: date) -> Iterator[date]:
    if minor.born_on is not None:
        for age in range(age_on(minor.born_on, first) + 1, age_on(minor.born_on, last) + 1):
            yield birthday(minor.born_on, age)


def _looks_at_others(facility: Facility) -> bool:
    return any(unit.looks_at_others for unit in facility.units)


def has_room(case: Case) -> bool:
    """Whether there are beds enough within the licence, one of them for the minor, whoever else lives there.

    A sibling counts as one more, in any bed, and only where she or he lives nowhere all along: neither when siblings
    come of age nor when they move is told by the night.
    """
    night, capacity = case.admit_on, case.facility.licence.capacity
    more = sum(one.id not in case.census.presence for one in case.siblings)
    if capacity is not None and case.count(night) - len(case.siblings) + more > capacity:
        return False
    if not places_on(case, gap=False):
        return False
    group = [case, *(sibling_case(case, one) for one in case.siblings)]
    return more < len({bed.id for one in group for unit in case.facility.units for bed in one.free_beds(unit, night)})


def places_on(case: Case, *, gap: bool = True) -> list[Place]:
    """Every bed free that night in a unit that does not rule the minor out, with or without those who sleep there."""
    night = case.admit_on
    places: list[Place] = []
    for unit in case.facility.units:
        free = case.free_beds(unit, night)
        if free and unit_outcome(case, unit, night, gap=gap) is not NOT_MET:
            places.extend((unit, bed) for bed in free)
    return places


def _choose(referral: str, case: Case, first: date, places: Sequence[Place]) -> Admission | None:
    """Take the best bed that leaves the siblings seated; None where they cannot all be."""
    seats = [[bed.id for _, bed in places_on(sibling_case(case, sibling))] for sibling in case.siblings]
    ranked = []
    doubts: dict[str, bool] = {}
    for unit, bed in places:
        if unit.id not in doubts:
            doubts[unit.id] = unit_outcome(case, unit, case.admit_on, gap=True) is UNKNOWN
        until = case.bed_until(unit, bed)
        ranked.append(((doubts[unit.id], -(until or date.max).toordinal(), bed.id), unit, bed, until))
    ranked.sort(key=lambda row: row[0])
    for _, unit, bed, until in ranked:
        if _seated(seats, bed.id):
            return Admission(referral, case, first, unit, bed, until)
    return None


def _seated(seats: Sequence[Sequence[str]], taken: str) -> bool:
    """Whether every sibling can have a bed of his or her own once one bed is taken."""
    if not seats:
        return True
    sleeper: dict[str, int] = {}

    def seat(sibling: int, tried: set[str]) -> bool:
        for bed in seats[sibling]:
            if bed != taken and bed not in tried:
                tried.add(bed)
                if bed not in sleeper or seat(sleeper[bed], tried):
                    sleeper[bed] = sibling
                    return True
        return False

    return all(seat(sibling, set()) for sibling in range(len(seats)))
