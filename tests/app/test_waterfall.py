"""The waterfall of a fund: from numbers that are shown alone, in an order that is named."""

from typing import Any

from app.reports.schemas import RuleCount, TogetherCount, TurnedAwayRead
from app.reports.waterfall import Step, steps

AGE, COUNTY, CUSTODY = "funding.age_band", "funding.residence", "funding.custody"


def turned(lines: dict[tuple[str, ...], int | None], **more: Any) -> TurnedAwayRead:
    rules = sorted({rule for line in lines for rule in line})
    return TurnedAwayRead(
        all=50, let=50, others=more.get("others"), in_others=more.get("in_others", 0),
        together=[TogetherCount(rules=list(line), count=count) for line, count in lines.items()],
        rules=[
            RuleCount(rule=rule, only=lines.get((rule,), 0),
                      turned_away=sum(count or 0 for line, count in lines.items() if rule in line))
            for rule in rules
        ],
    )  # fmt: skip


def test_each_set_of_rules_counts_at_the_first_of_them_and_all_are_left_but_those() -> None:
    found = steps(100, turned({(CUSTODY,): 11, (COUNTY,): 12, (AGE,): 13, (CUSTODY, AGE): 14}))
    assert found == [
        Step(AGE, 27, 73, 13, 27), Step(COUNTY, 12, 61, 12, 12), Step(CUSTODY, 11, 50, 11, 25),
    ]  # fmt: skip
    assert all(step.least <= step.taken <= step.most for step in found)  # type: ignore[operator]


def test_small_groups_are_the_last_step() -> None:
    found = steps(100, turned({(AGE,): 30}, others=20, in_others=3))
    assert found[-1] == Step(None, 20, 50, None, None)


def test_what_is_not_shown_is_not_worked_out() -> None:
    found = steps(100, turned({(AGE,): 30, (COUNTY,): None, (CUSTODY,): 12}))
    assert [(step.taken, step.left) for step in found] == [(30, 70), (None, None), (12, None)]
    assert [step.left for step in steps(None, turned({(AGE,): 30}))] == [None]
    hidden = steps(100, turned({(AGE,): 30}, others=None, in_others=2))
    assert (hidden[-1].taken, hidden[-1].left) == (None, None)
