"""What the API answers about a quarter: counts, and null for each that is not shown."""

from datetime import date
from typing import ClassVar

from pydantic import Field

from app.codes import ApiModel
from app.gaps.models import DeclineReason
from matching.gaps import Kind

HIDDEN = "; null: not shown, since it or another count would tell of few"


class QuarterRead(ApiModel):
    """A quarter that there is something to read about."""

    quarter: str = Field(description="Such as `2026-Q3`")
    first: date = Field(description="Its first night")
    until: date = Field(description="The first night after it")


class RuleCount(ApiModel):
    """How many one rule of a fund stood in the way of."""

    rule: str
    turned_away: int | None = Field(description=f"Young people whom it stood in the way of at least once{HIDDEN}")
    only: int | None = Field(description=f"Of these: no other rule of the fund ever stood in the way{HIDDEN}")


class TogetherCount(ApiModel):
    """How many exactly these rules of a fund stood in the way of."""

    rules: list[str]
    count: int | None = Field(description=f"Young people, or nights{HIDDEN}")


class RulesRead(ApiModel):
    """A total, and the list that adds up to it: by the rules that stood in the way together."""

    all: int | None = Field(description=f"Young people, or nights{HIDDEN}")
    together: list[TogetherCount] = Field(description="A line for each set of rules; small ones stand in `others`")
    others: int | None = Field(description="The small ones of the list in one line; null: none, or not shown")
    in_others: int = Field(description="How many sets of rules the line `others` holds")


class TurnedAwayRead(RulesRead):
    """Young people whom a fund turned away at least once."""

    let: int | None = Field(description=f"Young people whom it never turned away{HIDDEN}")
    rules: list[RuleCount]


class ListLine(ApiModel):
    """One group of a list."""

    group: str = Field(description="`unknown`: not known; `others`: small groups, and what hides them, in one line")
    count: int | None = Field(description=f"Young people{HIDDEN}")


class ListRead(ApiModel):
    """Whom a fund turned away by one thing: a line for each group, adding up to all of them."""

    by: str = Field(
        description="age, gender, urgency; residence, found or jurisdiction (a county's FIPS code); house_kind, of the "
        "house where the fewest rules stood in the way; month, in which it was first"
    )
    lines: list[ListLine]


class FairLine(ApiModel):
    """One group: for how many of it a bed was looked for, and what came of it."""

    measures: ClassVar = ("asked", "placed", "never", "waited")

    group: str = Field(description="`unknown`: not known; `others`: small groups, and what hides them, in one line")
    asked: int | None = Field(description=f"Young people for whom a bed was looked for{HIDDEN}")
    placed: int | None = Field(description=f"Of these: a house said yes{HIDDEN}")
    never: int | None = Field(description=f"Of these: none did{HIDDEN}")
    waited: int | None = Field(description=f"Nights that they waited, added up{HIDDEN}")


class FairnessRead(ApiModel):
    """Whether some are placed less, or wait longer: by one thing that nobody chooses."""

    by: str = Field(description="age, gender, or residence (a county's FIPS code)")
    lines: list[FairLine]


class NightsRead(ApiModel):
    """What a fund could pay, and paid. A bed-night is one bed on one night."""

    could: int | None = Field(description="Bed-nights that its limits let it pay")
    paid: int | None = Field(description=f"Of these: paid{HIDDEN}")
    unspent: int | None = Field(description=f"Of these: left unspent{HIDDEN}")
    nights: int | None = Field(description="Nights of the quarter")
    open: int | None = Field(description=f"Nights with a bed unspent{HIDDEN}")
    turning: int | None = Field(description=f"Of these: nights on which it turned somebody away{HIDDEN}")


class CapsRead(ApiModel):
    """For whom a stay cap of a fund was reached, once each, and where they went then: two lists, each adding up."""

    reached: int | None = Field(description=f"Young people whom the cap kept from one more paid night{HIDDEN}")
    went: list[ListLine] = Field(
        description="By where they were on that night: another_payer or nobody_paid in the same bed, another_house, "
        "waited, family, independent, other_care, missing, not_known"
    )
    caps: list[ListLine] = Field(description="By the cap, as the fund's limits name it")


class FundRead(ApiModel):
    """One fund in one quarter. A part that is null was withheld whole, or does not apply."""

    fund: str
    program: str | None
    turned_away: TurnedAwayRead | None
    lists: list[ListRead] = Field(
        description="The same young people by other things; a list that was withheld is missing"
    )
    unmet: RulesRead | None = Field(description="Nights that somebody waited whom the fund had turned away")
    nights: NightsRead | None = Field(description="Null too where no limit says how many beds it pays a night")
    caps: CapsRead | None = Field(description="Null too where the fund has no stay cap")


class DeclineCount(ApiModel):
    """How often one house said no, although every written rule was met there, for one reason."""

    facility: str
    alias: str
    reason: DeclineReason
    count: int = Field(description="Questions that the house answered with no")


class ChangeRead(ApiModel):
    """One change: never one of a safeguard, a licence, or what a young person refuses."""

    kind: Kind = Field(
        description="fact: to obtain, if it is no obstacle; house, fund: a rule of one that is put aside"
    )
    code: str = Field(description="The fact, such as `minor.custody`, or the rule")
    of: str | None = Field(description="The house or the fund; null: whichever young person it is about")
    alias: str | None = Field(description="What the house is called")
    who: str = Field(description="Who can: agency, facility or funder")


class ChangeCount(ApiModel):
    """For how many young people these changes would have opened a bed, and no fewer would."""

    changes: list[ChangeRead]
    count: int = Field(description="Young people; one counts for each set of as few changes")


class UnlocksRead(ApiModel):
    """What would have opened a bed for those of a quarter for whom no house said yes, each looked at alone."""

    unplaced: int = Field(description="Young people for whom no house said yes")
    looked_into: int = Field(description="Of these: with a decision that found no bed and could be looked into")
    none: int = Field(description="Of these: no change of these kinds would have opened one")
    alone: list[ChangeCount] = Field(description="By change that would have done it alone")
    pairs: list[ChangeCount] = Field(description="By two changes that would have done it, and neither alone")


class ReportRead(ApiModel):
    """The gap audit of one quarter."""

    quarter: str
    first: date
    until: date
    whole: bool = Field(description="Every count as it is, for the lead of the coalition; else as it was published")
    most_small: int | None = Field(description="Counts from 1 to this are not shown; null: every count is")
    asked: int | None = Field(description=f"Young people for whom a bed was looked for{HIDDEN}")
    placed: int | None = Field(description=f"Of these: a house said yes{HIDDEN}")
    never: int | None = Field(description=f"Of these: none did{HIDDEN}")
    fairness: list[FairnessRead] = Field(description="Of the whole network; a list that was withheld is missing")
    funds: list[FundRead]
    refused_though_met: list[DeclineCount] | None = Field(
        description="By house and reason, for the lead of the coalition alone: a house is named; null to anybody else"
    )
    unlocks: UnlocksRead | None = Field(
        description="What would have opened a bed, for the lead of the coalition alone; null to anybody else"
    )
