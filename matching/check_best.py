"""How good a joint plan could be, for the checker, where nothing but beds and rooms is between those who wait.

Then everybody is placed afresh by shortest paths, in whole numbers (`check_plan`). Where siblings, somebody to be kept
from, a fund that may not reach, or who else sleeps in a room decides too, nothing is said here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from matching.check_judged import Option
from matching.check_nights import Nights
from matching.check_plan import OUT, Network, Pair, Place, Plan
from matching.check_prices import Reckoning
from matching.check_shape import TIERS
from matching.check_worth import price_of_night
from matching.facts import Bed, Facility, Referral, Unit
from matching.value import Placing, Policy, bed_cost, cost, nights_cost

MOST = 100
"""Of so many who wait at most it is looked at how good a plan could be."""

MOST_MOVED = 40
"""The same of whether somebody could be elsewhere at no more cost."""


class Best(NamedTuple):
    """How many of each tier can be placed, tier after tier, and at what cost at the least."""

    placed: tuple[int, ...]
    cost: int


def best(reckoning: Reckoning, policy: Policy, waiting: Mapping[str, Referral]) -> tuple[Best, Network] | None:
    """How good a plan can be, and the network that it was found in; None where it is not told here."""
    short = _short(reckoning, waiting)
    plain = all(_alone(one, short) for options in reckoning.options.values() for one in options)
    if len(waiting) > MOST or not plain or any(reckoning.pairs.values()):
        return None
    network = Network()
    for minor, referral in waiting.items():
        network.tier[minor], network.pairs[minor] = referral.urgency, {}
        for option in reckoning.options[minor]:
            _add(network, reckoning, policy, referral, option)
    return _solved(network), network


def elsewhere(found: Best, network: Network, at: Mapping[str, str]) -> bool:
    """Whether somebody could be in another house than in a plan that is as good as can be, or in none, at no more cost.

    `at`: the house of each who is placed. False as well where there are too many to look at.
    """
    if len(network.tier) > MOST_MOVED:
        return False
    for minor, house in at.items():
        pairs = {place: pair for place, pair in network.pairs[minor].items() if _house(network, place) != house}
        other = replace(network, pairs=network.pairs | {minor: pairs})
        if _solved(other) == found:
            return True
    return False


def _solved(network: Network) -> Best:
    at = Plan(network, network.tier).at
    placed = [minor for minor in network.tier if at[minor] != OUT]
    counts = tuple(sum(network.tier[minor] == tier for minor in placed) for tier in TIERS)
    return Best(counts, sum(network.pairs[minor][at[minor]].cost for minor in placed))


def _house(network: Network, place: Place) -> str:
    """In which house a group of beds is."""
    return network.above[place][1]


def _add(network: Network, reckoning: Reckoning, policy: Policy, referral: Referral, option: Option) -> None:
    """The groups of beds that a minor could have in a house, with what each costs with all nights that are paid."""
    case, house = option.case, option.case.facility
    reach = Nights(case, option.usable, reckoning.book).farthest()
    for unit, beds in _groups(reckoning, policy, house):
        bed = beds[0]
        until = reckoning.judge.bed_until(case, unit, bed) or case.until
        nights = min(reach, until.toordinal()) - case.admit_on.toordinal()
        if nights <= 0 or not reckoning.may_have(option, unit, bed):
            continue
        # A bed of one's own takes no place of the house one lives in.
        room: Place = ("own", house.id, bed.id) if reckoning.own(option, bed) else ("room", house.id)
        network.add(room, OUT, 1 if room[0] == "own" else reckoning.room[house.id])
        group = ("beds", *(one.id for one in beds))
        network.add(group, room, len(beds))
        # What a house, a bed and a young person cost together is the same however many nights are paid.
        nobody = Placing(case, referral, bed, 0)
        standing = cost(nobody, policy) - nights_cost(nobody.need, 0, policy)
        price = price_of_night(reckoning.judge, unit)
        worth = sum(min(price * nights, row.most) * row.weight for row in policy.by_worth)
        paid = nights_cost(nobody.need, nights, policy) + worth
        network.pairs[referral.minor][group] = Pair(standing + paid, nights)


def _short(reckoning: Reckoning, waiting: Mapping[str, Referral]) -> set[str]:
    """The funds whose beds or nights might not reach where everybody came whom they may pay."""
    judge, ledger, found = reckoning.judge, reckoning.book.ledger, set()
    usable = {
        (one.fund.id, minor): one.row for minor, rows in reckoning.options.items() for o in rows for one in o.usable
    }
    who: dict[str, list[str]] = {}
    for fund, minor in usable:
        who.setdefault(fund, []).append(minor)
    for fund, minors in who.items():
        needs = [judge.need(waiting[minor]) for minor in minors]
        rows = [usable[fund, minor] for minor in minors]
        nights = [row.nights_left for row in rows if row.nights_left is not None]
        beds = [row.beds_per_night for row in rows if row.beds_per_night is not None]
        ahead = (judge.snapshot.tonight + timedelta(night) for night in range(max(needs)))
        if (nights and min(nights) < sum(needs)) or (
            beds and any(min(beds) - ledger.taken(fund, night, "") < len(minors) for night in ahead)
        ):
            found.add(fund)
    return found


def _alone(option: Option, short: set[str]) -> bool:
    """Whether nobody else's payer, age or gender is in the way of a pair."""
    alike = any(unit.looks_at_others for unit in option.case.facility.units)
    return not alike and short.isdisjoint(one.fund.id for one in option.usable)


def _groups(reckoning: Reckoning, policy: Policy, house: Facility) -> Iterator[tuple[Unit, list[Bed]]]:
    """The beds of each unit, those together that are the same for everybody."""
    judge = reckoning.judge
    for unit in house.units:
        found: dict[int | str, list[Bed]] = {}
        for bed in unit.beds:
            plain = bed.status == "open" and bed.id not in judge.entries and not bed.unavailable
            found.setdefault(bed_cost(bed, judge.snapshot.as_of, policy) if plain else bed.id, []).append(bed)
        yield from ((unit, beds) for beds in found.values())
