"""Whether one step would make a joint plan better, for the checker.

A plan that is called optimal is not proved anew: that took a solver. But somebody more with a bed, or a better free bed
in the same house, would show that it is not.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from matching.case import Case
from matching.check_judged import Option
from matching.check_judging import Judge
from matching.check_lines import Line
from matching.check_nights import Book
from matching.facts import Unit
from matching.findings import MET
from matching.payer import Funding
from matching.rules.fit import unit_outcome
from matching.value import Placing, Policy, cost


class LeftOver(NamedTuple):
    """Those without a place whom nothing ties to others, with their options; and the places left in each house."""

    options: Mapping[str, Sequence[Option]]
    room: Mapping[str, int]


def better_by_one_step(
    judge: Judge, book: Book, policy: Policy, lines: Sequence[Line], left: LeftOver
) -> Iterator[str]:
    """One sentence for each step that would make the plan better."""
    taken = {line.bed.id for line in lines}
    for minor, options in left.options.items():
        for option in options:
            house = option.case.facility.id
            paid = any(_paid_tonight(one, book, lines) for one in option.heads)
            if left.room[house] > 0 and paid and any(bed not in taken for bed in _beds(judge, option.case)):
                yield f"the plan: {minor} could have a bed at {house} beside all the others"
                break
    for line in lines:
        nights = sum(block.end - block.start for block in line.blocks)
        now = cost(Placing(line.case, line.referral, line.bed, nights), policy)
        for unit, bed in ((room, one) for room in line.case.facility.units for one in room.beds):
            if bed.id in taken or unit.looks_at_others or not _may_have(judge, line.case, unit, bed.id):
                continue
            same = judge.bed_until(line.case, unit, bed) == judge.bed_until(line.case, line.unit, line.bed)
            shared = all(judge.free(one, line.case.admit_on, "", frozenset()) for one in (bed, line.bed))
            if same and shared and cost(Placing(line.case, line.referral, bed, nights), policy) < now:
                yield f"{line.where}: {bed.id} is free, and better"


def _paid_tonight(funding: Funding, book: Book, lines: Sequence[Line]) -> bool:
    """Whether a payer has a bed and a night left beside all lines."""
    fund, row = funding.fund.id, funding.row
    own = [block for line in lines for block in line.blocks if block.fund == fund]
    nights = sum(block.end - block.start for block in own)
    tonight = funding.case.admit_on.toordinal()
    beds = book.ledger.taken(fund, funding.case.admit_on, "") + sum(block.start == tonight for block in own)
    most, left = row.beds_per_night, row.nights_left
    return (most is None or beds < most) and (left is None or nights < left)


def _beds(judge: Judge, case: Case) -> Iterator[str]:
    """The beds that a minor could have tonight where nobody else who comes could stand in the way."""
    for unit in case.facility.units:
        if not unit.looks_at_others:
            yield from (bed.id for bed in unit.beds if _may_have(judge, case, unit, bed.id))


def _may_have(judge: Judge, case: Case, unit: Unit, bed_id: str) -> bool:
    bed = next(row for row in unit.beds if row.id == bed_id)
    free = judge.free(bed, case.admit_on, case.minor.id, case.referrals)
    return free and unit_outcome(case, unit, case.admit_on, gap=True) is MET
