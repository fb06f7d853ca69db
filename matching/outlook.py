"""What comes after each option of a decision: the best chain of stays from the night on which the option ends.

**What is chosen.** The option's stay is what the decision says of it, up to the first night that nobody pays or on
which its bed is not free. What follows is chosen as in `chain`: at most `MOST_STAYS` stays with the option's own, no
house twice, every night of each paid, judged after what was paid before; the least cost in nights and moves is best.

**Which houses.** Those alone in which beds decide, whatever the night: wherever on a night of the need there would be
a bed within the licence, nobody who lives there then is in the way, or might be. So a house in which somebody is in
the way, at whatever time, reads here like one that is full throughout, and the dates are those of own nights, payers,
licences and beds, as a decision tells them too (a later option; the first night on which a bed is not free). Whoever
may read the options may read this.

**How far.** For every option one stay more is looked for that pays all nights that are left, and where there is none
the stay that lasts longest, then the next such. Where something might cost less, all chains are looked at, the first
options first, until the whole took `MOST_LOOKS` looks at a house on a night or `MOST_STEPS` steps: `proof` says which.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from matching import ENGINE_VERSION, RULES_VERSION, codec
from matching.admission import earliest, has_room, make_case, need_nights, nights_of_change, places_on
from matching.chain import Why, ending, weight_of
from matching.chain_after import SearchAfter
from matching.coverage import Block
from matching.doors import NO_BED, Doors, Slept
from matching.eligibility import ABOUT_PEOPLE, sibling_outcome
from matching.facts import Facility, Payer, PolicyRef, Snapshot
from matching.findings import MET
from matching.ranking import look_up
from matching.rules import FACILITY_RULES
from matching.value import DEFAULT_POLICY, Policy

MOST_LOOKS = 5000
"""So many times a house that is shut is looked at on a night for one outlook, or a fifth as often one that is open."""

MOST_STEPS = 100
"""So many houses, nights and chains are looked at after all options together."""

BY_BEDS = {
    "houses.by_beds": (
        "Only houses are looked at in which no other young person decides, on any night that is needed, whether there "
        "is a place."
    ),
}
"""What an outlook takes for granted beyond what a chain does, by code."""

_LICENCE = ("licence.in_force", "licence.age")
_PEOPLE = [rule for rule in FACILITY_RULES if rule.code in ABOUT_PEOPLE]


Proof = Literal["optimal", "least", "bounded"]
"""Nothing is better, down to who pays; nothing costs less; or something between `bound` and the cost may."""


@dataclass(frozen=True, slots=True)
class Next:
    """One stay that follows, `[start, until)`, every night of it paid; `why` and `binding` as of a chain's link."""

    facility: str
    start: date
    until: date
    payers: tuple[Payer, ...]
    why: Why
    binding: str | None


@dataclass(frozen=True, slots=True)
class After:
    """What follows an option whose nights end before the need: on `until`, by the rule `binding` or `bed`.

    `uncovered` are half-open ranges of nights without a paid bed, `moves` the moves after the option; the rest is as
    of a chain, for the nights from `until` on.
    """

    facility: str
    until: date
    binding: str | None
    links: tuple[Next, ...]
    uncovered: tuple[tuple[date, date], ...]
    nights_uncovered: int
    cost: int
    bound: int
    proof: Proof


@dataclass(frozen=True, slots=True)
class Outlook:
    """What follows the options of a decision that end before the need does, in the decision's order."""

    referral: str
    snapshot_sha256: str
    rules_version: str
    engine_version: str
    policy: PolicyRef
    until: date
    options: tuple[After, ...]


def outlook(snapshot: Snapshot, decision: Mapping[str, Any], policy: Policy = DEFAULT_POLICY) -> Outlook:
    """Find what comes after each option of a decision.

    Parameters
    ----------
    snapshot : Snapshot
        What was decided from.
    decision : mapping
        The JSON of the decision, as `decision_form.decision_document` gives it.
    policy : Policy
        The order of terms that the snapshot names; its weights of unpaid nights and of moves count, without their caps.

    Returns
    -------
    Outlook
        The same for every order of the snapshot's rows.

    Raises
    ------
    UnknownReferral, UnknownPolicy
        Where the snapshot does not hold the referral, or names another policy.
    """
    census, referral = look_up(snapshot, decision["referral"], policy)
    first = earliest(census, referral).toordinal()
    doors = Doors(census, referral, first, first + need_nights(census, referral))
    ended = [(row, given) for row in decision["options"] if (given := stay_of(row)).until < doors.stop]
    if ended:
        doors.houses = [house for house in doors.houses if beds_decide(doors, house)]
    looks = _Looks(doors, weight_of(policy, "nights.unpaid"), weight_of(policy, "nights.moves"))
    answer = Outlook(
        referral=referral.id,
        snapshot_sha256=codec.sha256(snapshot),
        rules_version=RULES_VERSION,
        engine_version=ENGINE_VERSION,
        policy=snapshot.policy,
        until=date.fromordinal(doors.stop),
        options=tuple(looks.after(ended)),
    )
    census.forget()
    return answer


def stay_of(option: Mapping[str, Any]) -> Slept:
    """The nights of an option that are paid while its bed is free, and who pays them."""
    start = date.fromisoformat(option["admit_on"]).toordinal()
    ends = [start + int(option["funded_nights"])]
    if option["bed_until"] is not None:
        ends.append(date.fromisoformat(option["bed_until"]).toordinal())
    until = min(ends)
    rows = [(row["fund"], *(date.fromisoformat(row[key]).toordinal() for key in ("from", "until")))
            for row in option["payers"]]  # fmt: skip
    blocks = tuple(Block(fund, begins, min(ends, until)) for fund, begins, ends in rows if begins < until)
    return Slept(option["facility"], start, until, blocks)


def beds_decide(doors: Doors, house: Facility) -> bool:
    """Whether on every night of the need beds and licence alone say if the house has a place, whoever lives there."""
    census, minor, first = doors.census, doors.minor, date.fromordinal(doors.first)
    for night in nights_of_change(census, minor, house, first):
        if night.toordinal() >= doors.stop:
            break
        case = make_case(census, minor, house, doors.referral, night, True, sibling_outcome)
        if has_room(case) and (
            any(rule.judge(case) is not MET for rule in _PEOPLE) or places_on(case) != places_on(case, gap=False)
        ):
            return False
    return True


class _Looks:
    """The search for what follows all options; what was looked at for one is known for the others."""

    def __init__(self, doors: Doors, night: int, move: int) -> None:
        self.doors = doors
        self.night = night
        self.move = move
        self.houses = {house.id: house for house in doors.houses}

    def after(self, ended: Sequence[tuple[Mapping[str, Any], Slept]]) -> Iterator[After]:
        """What follows each option: first what is soon found for all, then what may be better for the first of them."""
        found = [self._soon(given) for _, given in ended]
        steps = MOST_STEPS
        for one in found:
            if one.bound < one.search.best.cost and steps > 0 and self._look_on(one.search):
                steps -= self._look_at_all(one, steps)
        return (self._said(option, one) for (option, _), one in zip(ended, found, strict=True))

    def _soon(self, given: Slept) -> "_Found":
        """One stay more that covers all nights that are left, or the longest after one another."""
        search = SearchAfter(self.doors, self.night, self.move, given)
        if search.one_more():
            return _Found(search, search.best.cost, "optimal")
        search.go_on(MOST_LOOKS)
        # One stay more does not do it: it takes another, or leaves a night.
        bound = min(search.best.cost, min(2 * self.move, self.move + self.night) if search.sure else self.move)
        return _Found(search, bound, "least" if bound == search.best.cost else "bounded")

    def _look_on(self, search: SearchAfter) -> bool:
        """Look at every night that is left; whether that was few looks enough."""
        for night in range(search.root.end, self.doors.stop):
            if self.doors.looks > MOST_LOOKS:
                return False
            search.open_on(night)
        return True

    def _look_at_all(self, one: "_Found", steps: int) -> int:
        """Look at all that could follow, or at so much; how many steps that took."""
        search = one.search
        search.most_steps = steps
        search.run()
        one.bound = search.best.cost if search.whole else min(search.best.cost, search.least)
        one.proof = "optimal" if search.whole else "least" if one.bound == search.best.cost else "bounded"
        return search.steps

    def _said(self, option: Mapping[str, Any], one: "_Found") -> After:
        """What is said of one option."""
        best, given = one.search.best, one.search.best.stays[0]
        return After(
            facility=given.facility,
            until=date.fromordinal(given.until),
            binding=_binding(option, given),
            links=tuple(self._links(best.stays)),
            uncovered=_uncovered(best.stays, self.doors.stop),
            nights_uncovered=len(best.uncovered),
            cost=best.cost,
            bound=one.bound,
            proof=one.proof,
        )

    def _links(self, stays: Sequence[Slept]) -> Iterator[Next]:
        """What is said of each stay after the option's own."""
        for at, slept in enumerate(stays[1:], start=1):
            house, trail = self.houses[slept.facility], tuple(stays[:at])
            opening = self.doors.opening(house, slept.start)
            if opening is None:
                raise LookupError(f"{house.id} does not take the minor on the night of its stay")
            why, binding = ending(self.doors, house, opening, slept, trail)
            payers = tuple(
                Payer(row.fund, date.fromordinal(row.start), date.fromordinal(row.end)) for row in slept.blocks
            )
            start, until = date.fromordinal(slept.start), date.fromordinal(slept.until)
            yield Next(house.id, start, until, payers, why, binding)


@dataclass(slots=True)
class _Found:
    """The search after one option, and what is proved of its best."""

    search: SearchAfter
    bound: int
    proof: Proof


def _binding(option: Mapping[str, Any], given: Slept) -> str | None:
    """What ends the nights of an option: the rule that the decision names, or that its bed is not free."""
    paid = given.start + int(option["funded_nights"])
    by_money = given.until == paid and (option["bed_until"] is None or option["binding"] in _LICENCE)
    bed = option["bed_until"]
    if not by_money and bed is not None and date.fromisoformat(bed).toordinal() == given.until:
        return NO_BED
    return str(option["binding"])


def _uncovered(stays: Sequence[Slept], stop: int) -> tuple[tuple[date, date], ...]:
    """The half-open ranges after the first stay, the option's own, that no other covers."""
    starts = [slept.until for slept in stays]
    ends = [*(slept.start for slept in stays[1:]), stop]
    return tuple(
        (date.fromordinal(one), date.fromordinal(other)) for one, other in zip(starts, ends, strict=True) if one < other
    )
