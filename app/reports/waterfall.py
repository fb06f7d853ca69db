"""Whom a fund turned away as a waterfall: from everybody to those whom it never turned away, rule after rule.

Made of nothing but numbers that the report shows: each set of rules that stood in the way together counts at the first
of them. So the order changes the picture, and is named beside it; in any order a rule takes away at least those for
whom it was the only one, and at most everybody in whose way it stood.
"""

from collections.abc import Iterable
from typing import NamedTuple

from app.reports.schemas import TurnedAwayRead
from matching.rules import FUND_RULES

ORDER = tuple(rule.code for rule in FUND_RULES)


class Step(NamedTuple):
    """What one rule takes away, and how many are left after it; None: not shown.

    `least` and `most`: in any order. No rule: those of small groups, of which it is not said which rules these are.
    """

    rule: str | None
    taken: int | None
    left: int | None
    least: int | None
    most: int | None


def steps(asked: int | None, turned: TurnedAwayRead) -> list[Step]:
    """Each rule that is the first of a set that is shown, in the catalogue's order; then the small groups together."""
    first: dict[str, list[int | None]] = {}
    for line in turned.together:
        first.setdefault(min(line.rules, key=_place), []).append(line.count)
    counts = {row.rule: row for row in turned.rules}
    found: list[Step] = []
    left = asked
    for rule in sorted(first, key=_place):
        taken, row = _sum(first[rule]), counts.get(rule)
        left = None if left is None or taken is None else left - taken
        least, most = (None, None) if row is None else (row.only, row.turned_away)
        found.append(Step(rule, taken, left, least, most))
    if turned.in_others:
        left = None if left is None or turned.others is None else left - turned.others
        found.append(Step(None, turned.others, left, None, None))
    return found


def _place(rule: str) -> tuple[int, str]:
    return (ORDER.index(rule) if rule in ORDER else len(ORDER), rule)


def _sum(counts: Iterable[int | None]) -> int | None:
    """The sum, where every part of it is shown."""
    known = list(counts)
    return None if None in known else sum(count for count in known if count is not None)
