"""What a what-if answers: counts of people, nights and cents, each with how it was come by; never a row."""

from typing import Any, Literal

from app.codes import ApiModel, CalendarDate

How = Literal["rule alone", "re-run with beds"]
RULE_ALONE: How = "rule alone"
RERUN: How = "re-run with beds"


class ChangeRead(ApiModel):
    """One limit as it would have been; null: no such rule."""

    fund: str
    valid_from: CalendarDate | None
    limit: str
    value: Any


class Figure(ApiModel):
    """One number as it was, and as it would have been."""

    how: How
    then: int
    now: int


class TurnedAway(ApiModel):
    """Young people whom a fund turned away in the period, and how many of them its changed rules would let in."""

    how: How = RULE_ALONE
    fund: str
    turned_away: int
    let: int


class FundFigures(ApiModel):
    """What one fund pays; cents where its limits name a rate for a night. `fund` null: nights that nobody pays."""

    fund: str | None
    program: str | None
    nights: Figure
    cents: Figure | None


class CountyFigures(ApiModel):
    """Young people of one county of residence; null: not known, or none."""

    county: str | None
    placed: Figure
    nights: Figure


class WhatIf(ApiModel):
    """A period as it was and as it would have been."""

    first: CalendarDate
    until: CalendarDate
    changes: list[ChangeRead]
    turned_away: list[TurnedAway]
    placed: Figure
    """Referrals of the period that led to a bed."""
    would_gain: int
    """Young people in a bed of the period who had none then."""
    would_lose: int
    """Young people who had a bed then and would have none."""
    nights: Figure
    """Slept in a bed by a stay."""
    waited: Figure
    """Nights through which somebody waited; those who would lose a bed are not looked at again, and not among them."""
    funds: list[FundFigures]
    counties: list[CountyFigures]
    decisions: int
    derived: int
    """Of the decisions: how many were derived again."""


class LeverRead(ApiModel):
    """One rule of one fund, put aside."""

    fund: str
    program: str | None
    rule: str


class BestFew(ApiModel):
    """The best that so many rules, put aside, do."""

    most: int
    levers: list[LeverRead]
    value: int
    """Young people who had no bed and would have had one, or bed-nights, by the beds that stood free: the design."""
    bound: int
    """No other rules, as few, do more by the design."""
    proved: bool
    rerun: WhatIf
    """What the re-run says of it, where funds' beds and nights, and what comes after, count too."""


class BestRead(ApiModel):
    """The best few changes of a period, for one rule, two, and so on."""

    first: CalendarDate
    until: CalendarDate
    by: Literal["people", "nights"]
    could: int
    """Young people without a bed to whom some rules, put aside, would have opened one."""
    curve: list[BestFew]


class Sweep(ApiModel):
    """Many what-ifs, in the order in which they were asked."""

    whatifs: list[WhatIf]
