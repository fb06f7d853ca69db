"""The best chain of stays for one minor: house after house, payer after payer, over the nights that are needed.

**What is chosen.** At most `MOST_STAYS` stays, no house twice, every night of each of them paid. A stay begins on any
night on which its house takes the young person with every rule met (an unknown is not met), and is judged as an
admission of that night: the stays before it in the chain are past stays then, their paid nights count on every clock,
and have used up what a fund has left. It ends on any night; inside it, payers follow one another as the rules allow.

**What is best.** First the earliest first night: a bed is never given up for nights to come. Then the least cost, by
the policy's own weights: nights of the need that nobody pays or on which no bed is free, and moves. Then fewest moves;
the first uncovered night, then the next, as late as possible; each move as late as possible; then as among the
sequences of payers (the rules' section 6): fewest nights of last resort, fewest changes, sparing the scarce, the
smallest ids. So nobody is moved before a cliff unless that gains a night or spares a move later on.

**Why it is exact.** The search tries every chain, and leaves out only what cannot win: `chain_search` says why. Where
there are more than it looks at, the best one found is given as `bounded`, with a cost that none goes below.

**What is assumed** is said with every chain: `CAREFUL`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from matching import ENGINE_VERSION, RULES_VERSION, codec
from matching.admission import earliest, need_nights
from matching.chain_search import MOST_STAYS, Search
from matching.doors import NO_BED, Doors, Opening, Slept
from matching.facts import Facility, Payer, PolicyRef, Snapshot
from matching.findings import MET
from matching.ranking import look_up
from matching.rules.licensing import Age, InForce
from matching.value import DEFAULT_POLICY, Policy, call_first

CAREFUL = {
    "beds.planned": (
        "A bed counts as free on a later night as its house plans it now: from the planned departure on, until the "
        "next planned arrival. Nothing is kept for that night until somebody asks the house."
    ),
    "people.planned": "Who lives in a house on a later night is known from planned arrivals and departures alone.",
    "others.wait": "Others who wait may take a bed, or a fund's beds and nights, before a later stay begins.",
    "house.once": "No house twice in a chain: coming back would only start its own clocks anew.",
    "bed.one": "A stay keeps its bed: a change to another bed in the same house is not looked at.",
    "siblings.come": "Siblings who ask to be together are taken to wait still when a later stay begins.",
    "stays.most": f"At most {MOST_STAYS} stays, one after another.",
}
"""What a chain takes for granted, by code."""

Why = Literal["need_met", "cliff", "early"]


@dataclass(frozen=True, slots=True)
class Link:
    """One stay of a chain, `[start, until)`, every night of it paid.

    `why`: the need is met; or a cliff, and `binding` is the rule that ends it (`bed` where the bed is no longer free);
    or it could go on and is left early, for a night that is gained later. The house would take her or him on every
    night from `open_from` to the start; `opened_by` is what kept it shut on the night before that, none where it
    has been open all along.
    """

    facility: str
    unit: str
    bed: str
    start: date
    until: date
    payers: tuple[Payer, ...]
    why: Why
    binding: str | None
    bed_until: date | None
    bed_confirmed_at: datetime | None
    call_first: bool
    open_from: date
    opened_by: tuple[str, ...]

    @property
    def nights(self) -> int:
        """Nights slept, all of them paid."""
        return (self.until - self.start).days


@dataclass(frozen=True, slots=True)
class Chain:
    """The best chain for a referral over `[start, until)`, the nights that are needed.

    `uncovered` are half-open ranges of nights without a paid bed. `cost` is nights and moves by the policy's weights;
    no chain that begins as early costs less than `bound`. `proof` is "optimal" where every chain was
    looked at, or left out for a reason, or where the cost is the bound.
    """

    referral: str
    snapshot_sha256: str
    rules_version: str
    engine_version: str
    policy: PolicyRef
    start: date
    until: date
    links: tuple[Link, ...]
    uncovered: tuple[tuple[date, date], ...]
    nights_uncovered: int
    moves: int
    cost: int
    bound: int
    proof: Literal["optimal", "bounded"]
    provisional: tuple[str, ...]


def chain(snapshot: Snapshot, referral_id: str, policy: Policy = DEFAULT_POLICY) -> Chain:
    """Find the best chain of stays and payers for one referral.

    Parameters
    ----------
    snapshot : Snapshot
    referral_id : str
        A referral of the snapshot.
    policy : Policy
        The order of terms that the snapshot names; its weights of unpaid nights and of moves count, without their caps.

    Returns
    -------
    Chain
        The same for every order of the snapshot's rows.

    Raises
    ------
    UnknownReferral, UnknownPolicy
        Where the snapshot does not hold the referral, or names another policy.
    """
    census, referral = look_up(snapshot, referral_id, policy)
    first = earliest(census, referral).toordinal()
    doors = Doors(census, referral, first, first + need_nights(census, referral))
    search = Search(doors, weight_of(policy, "nights.unpaid"), weight_of(policy, "nights.moves"))
    search.run()
    best = search.best
    answer = Chain(
        referral=referral.id,
        snapshot_sha256=codec.sha256(snapshot),
        rules_version=RULES_VERSION,
        engine_version=ENGINE_VERSION,
        policy=snapshot.policy,
        start=date.fromordinal(first),
        until=date.fromordinal(doors.stop),
        links=tuple(_links(doors, best.stays)),
        uncovered=_uncovered(doors, best.stays),
        nights_uncovered=len(best.uncovered),
        moves=max(0, len(best.stays) - 1),
        cost=best.cost,
        bound=best.cost if search.whole else min(best.cost, search.least),
        proof="optimal" if search.whole or best.cost <= search.least else "bounded",
        provisional=() if doors.minor.history == "complete" else ("minor.history",),
    )
    census.forget()
    return answer


def weight_of(policy: Policy, code: str) -> int:
    """What one unit of a term costs; nothing where the policy does not have it."""
    return next((row.weight for row in policy.weights if row.code == code), 0)


def _links(doors: Doors, stays: Sequence[Slept]) -> Iterator[Link]:
    """What is said of each stay."""
    houses = {house.id: house for house in doors.houses}
    for at, slept in enumerate(stays):
        house, trail = houses[slept.facility], tuple(stays[:at])
        opening = doors.opening(house, slept.start)
        if opening is None or opening.admission.bed is None or opening.admission.unit is None:
            raise LookupError(f"{house.id} does not take the minor on the night of its stay")
        bed, until = opening.admission.bed, opening.admission.bed_until
        why, binding = ending(doors, house, opening, slept, trail)
        open_from = slept.start
        while open_from > doors.first and not doors.shut_by(house, open_from - 1, trail):
            open_from -= 1
        yield Link(
            facility=house.id,
            unit=opening.admission.unit.id,
            bed=bed.id,
            start=date.fromordinal(slept.start),
            until=date.fromordinal(slept.until),
            payers=tuple(
                Payer(row.fund, date.fromordinal(row.start), date.fromordinal(row.end)) for row in slept.blocks
            ),
            why=why,
            binding=binding,
            bed_until=until,
            bed_confirmed_at=bed.confirmed_at,
            call_first=call_first(bed, doors.census.snapshot.as_of),
            open_from=date.fromordinal(open_from),
            opened_by=doors.shut_by(house, open_from - 1, trail) if open_from > doors.first else (),
        )


def ending(
    doors: Doors, house: Facility, opening: Opening, slept: Slept, trail: tuple[Slept, ...]
) -> tuple[Why, str | None]:
    """Why a stay ends: the need is met, it cannot go on, or it is left early."""
    if slept.until == doors.stop:
        return "need_met", None
    night, case = date.fromordinal(slept.until), opening.admission.case
    for rule in (InForce(), Age()):
        if rule.outcome(case, night) is not MET:
            return "cliff", rule.code
    if opening.stop == slept.until:
        return "cliff", NO_BED
    last = slept.blocks[-1]
    runs = {run.fund: run for run in doors.runs(house, slept.start, trail)}
    paid = {row.fund for row in slept.blocks}
    on = [last.start, *(slept.until for fund in runs if fund not in paid)]
    could = [runs[last.fund], *(run for fund, run in runs.items() if fund not in paid)]
    if any(run.run_end(start, slept.until + 1) > slept.until for start, run in zip(on, could, strict=True)):
        return "early", None
    fund = doors.census.funds[last.fund]
    return "cliff", doors.funding(house, fund, slept.start, trail).stops_on(last.start, slept.until)


def _uncovered(doors: Doors, stays: Sequence[Slept]) -> tuple[tuple[date, date], ...]:
    """The half-open ranges between, before and after the stays."""
    starts = [doors.first, *(slept.until for slept in stays)]
    ends = [*(slept.start for slept in stays), doors.stop]
    return tuple(
        (date.fromordinal(start), date.fromordinal(end)) for start, end in zip(starts, ends, strict=True) if start < end
    )
