"""Everybody's chains of stays over the horizon, planned together: who sleeps where, who pays, and how near the best.

**What holds for all together.** On every night of the horizon: no bed twice; no house above its licence, tonight
within the staff awake too; nobody in one house with somebody to be kept from; nobody without the siblings whom she or
he asks to be with, on nights that these need too (`chains_siblings`); in a unit with an age gap nobody beside somebody
who waits too and is too far in age, in one of one gender a night nobody beside somebody of another; no fund beyond its
beds of a night or the nights it has left. Each minor's own chain keeps all that a chain for one must (`chain`), caps
of funds among it.

**What is best.** As in the plan tonight, first as many as can be have a bed tonight, by urgency, tier after tier.
Then the least cost of all by the policy's own weights: nights that nobody pays or on which no bed is free, and moves.

**How.** Prices of beds, houses and funds choose chains for each minor (`chain_prices`); each in turn takes the best
that the others leave; then parts of the plan are solved anew among all chains that were found (`nights_search`).
`chains_bound` says what no plan costs less than, with the prices by which that can be reckoned.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from time import monotonic
from typing import Literal

from matching import ENGINE_VERSION, RULES_VERSION, codec
from matching.admission import earliest
from matching.census import Census
from matching.chain import weight_of
from matching.chains_planner import Planner
from matching.chains_tonight import TIERS
from matching.facts import Payer, PolicyRef, Referral, Snapshot
from matching.ranking import same_policy
from matching.value import DEFAULT_POLICY, Policy

CAREFUL = {
    "beds.planned": (
        "A bed counts as free on a later night as its house plans it now: from the planned departure on, until the "
        "next planned arrival. Nothing is kept for that night until somebody asks the house."
    ),
    "residents.stay": (
        "Everyone who lives in a house is taken to stay there as planned, whoever of them the plan moves."
    ),
    "money.stays": "What a fund pays now it goes on paying: nothing that a move would free is given to anybody else.",
    "newcomers.unknown": "Those who will ask on nights to come are not known: a later stay may be lost to them.",
    "siblings.come": (
        "Who asks to be with a sibling who waits too comes only to a house that could take both on the night she or he "
        "comes, even where the sibling has a bed there by then, or needs none any more."
    ),
}
"""What the plan takes for granted, or where it is more careful than it would have to be, by code."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay of a chain, `[start, until)`, every night of it paid."""

    facility: str
    unit: str
    bed: str
    start: date
    until: date
    payers: tuple[Payer, ...]


@dataclass(frozen=True, slots=True)
class OwnChain:
    """One minor's stays over `[start, until)`, the nights that are needed, and how many of them have no paid bed."""

    minor: str
    referral: str
    urgency: int
    start: date
    until: date
    stays: tuple[Stay, ...]
    uncovered: int


@dataclass(frozen=True, slots=True)
class Value:
    """What is made least: minors without a bed tonight by tier, one tier after another, then the cost."""

    unplaced: tuple[int, ...]
    cost: int


@dataclass(frozen=True, slots=True)
class Worth:
    """A price of the certificate: of what, on which nights `[start, until)` if any, in thousandths of cost."""

    of: tuple[str, ...]
    start: date | None
    until: date | None
    price: int


@dataclass(frozen=True, slots=True)
class JointChains:
    """Everybody's chains, and what is proved: `proof` is "optimal" where value and bound are the same.

    `certificate` are the prices from which the cost of the bound can be reckoned.
    """

    snapshot_sha256: str
    rules_version: str
    engine_version: str
    policy: PolicyRef
    tonight: date
    chains: tuple[OwnChain, ...]
    value: Value
    bound: Value
    proof: Literal["optimal", "bounded"]
    certificate: tuple[Worth, ...]


def chains(
    snapshot: Snapshot,
    policy: Policy = DEFAULT_POLICY,
    *,
    seconds: float | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> JointChains:
    """Plan the chains of stays of everyone who waits.

    Parameters
    ----------
    snapshot : Snapshot
    policy : Policy
        The order of terms that the snapshot names; its weights of unpaid nights and of moves count, without their caps.
    seconds : float, optional
        How long to look. With a deadline the clock decides, so that the plan may differ from one machine to another;
        without one it is looked for so many times, wherever it runs.
    progress : callable
        Told in a line what is being done.

    Returns
    -------
    JointChains
        The same for every order of the snapshot's rows.

    Raises
    ------
    UnknownPolicy
        Where the snapshot names another policy.
    """
    same_policy(snapshot, policy)
    ends = None if seconds is None else monotonic() + seconds
    census = Census(snapshot)
    asked = list(waiting(census))
    progress("judging every house and payer on every night")
    planner = Planner(census, asked, weight_of(policy, "nights.unpaid"), weight_of(policy, "nights.moves"))
    progress(f"{len(asked)} wait, {len(planner.grounds.keys)} places")
    planner.run(ends, progress)
    unplaced = tuple(planner.unplaced[tier] for tier in TIERS)
    cost, low = planner.cost, min(planner.low, planner.cost)
    answer = JointChains(
        snapshot_sha256=codec.sha256(snapshot),
        rules_version=RULES_VERSION,
        engine_version=ENGINE_VERSION,
        policy=snapshot.policy,
        tonight=snapshot.tonight,
        chains=tuple(_chains(planner)),
        value=Value(unplaced, cost),
        bound=Value(unplaced if planner.proved else (0,) * len(TIERS), low),
        proof="optimal" if planner.proved and cost == low else "bounded",
        certificate=tuple(_worths(planner)),
    )
    census.forget()
    return answer


def waiting(census: Census) -> Iterator[Referral]:
    """One referral for each minor whose need begins within the horizon, the most urgent, by minor."""
    chosen: dict[str, Referral] = {}
    for referral in sorted(census.referrals.values(), key=lambda row: (row.urgency, row.id)):
        if earliest(census, referral) <= census.last_night:
            chosen.setdefault(referral.minor, referral)
    return (chosen[minor] for minor in sorted(chosen))


def _worths(planner: Planner) -> Iterator[Worth]:
    """The prices that prove the bound, by date."""
    for of, nights, price in planner.certificate:
        start, until = (None, None) if nights is None else (date.fromordinal(planner.base + night) for night in nights)
        yield Worth(of, start, until, price)


def _chains(planner: Planner) -> Iterator[OwnChain]:
    """What is said of each minor."""
    beds = _beds(planner)
    for at, (referral, prospect, chain) in enumerate(zip(planner.asked, planner.prospects, planner.now, strict=True)):
        slept = sum(stayed.slept.until - stayed.slept.start for stayed in chain)
        yield OwnChain(
            minor=referral.minor,
            referral=referral.id,
            urgency=referral.urgency,
            start=date.fromordinal(prospect.doors.first),
            until=date.fromordinal(prospect.doors.stop),
            stays=tuple(
                Stay(
                    facility=slept.facility,
                    unit=stand.unit,
                    bed=beds[at, slept.start],
                    start=date.fromordinal(slept.start),
                    until=date.fromordinal(slept.until),
                    payers=tuple(
                        Payer(row.fund, date.fromordinal(row.start), date.fromordinal(row.end)) for row in slept.blocks
                    ),
                )
                for stand, slept in chain
            ),
            uncovered=prospect.stop - prospect.first - slept,
        )


def _beds(planner: Planner) -> dict[tuple[int, int], str]:
    """A bed for each stay, by minor and first night: who comes first takes the first that is free, by id."""
    stays = sorted(
        (slept.start, at, stand, slept.until) for at, chain in enumerate(planner.now) for stand, slept in chain
    )
    taken: dict[str, int] = {}
    found = {}
    for start, at, stand, until in stays:
        referral, house = planner.asked[at], planner.census.house(stand.facility)
        unit = next(unit for unit in stand.facility.units if unit.id == stand.unit)
        names = planner.grounds.beds(unit.id, stand.bed)
        on, asking = date.fromordinal(start), frozenset((referral.id,))
        bed = min(
            bed.id
            for bed in unit.beds
            if bed.id in names and taken.get(bed.id, start) <= start and house.free(bed, on, referral.minor, asking)
        )
        found[at, start], taken[bed] = bed, until
    return found
