"""The form of a decision as the API answers it: the contract's, cut to what the viewer may see."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from app.codes import ApiModel

Scalar = bool | int | float | str | None


class FindingRead(ApiModel):
    """One rule's answer."""

    rule: str
    outcome: Literal["met", "not_met", "unknown"]
    subject: str
    have: Scalar
    need: Scalar
    text: str
    citation: str | None = None
    changes_on: date | None = None


class TermRead(ApiModel):
    """One term of the order: value times weight is cost."""

    code: str
    value: int
    unit: str
    weight: int
    cost: int
    text: str


class PaidNights(ApiModel):
    """The nights `[from, until)` that one fund pays."""

    fund: str
    from_: date = Field(alias="from")
    until: date


class NetworkRead(ApiModel):
    """What choosing an option does to the others who wait: counts only."""

    placed_change: int
    urgent_placed_change: int
    nights_change: int


class OptionRead(ApiModel):
    """A house that could take the young person."""

    rank: int | None = None
    facility: str
    unit: str | None
    bed: str | None
    admit_on: date | None
    funded_nights: int | None
    first_unfunded_night: date | None
    payers: list[PaidNights]
    binding: str | None
    bed_until: date | None
    bed_confirmed_at: datetime | None
    call_first: bool | None
    provisional: list[str]
    terms: list[TermRead]
    network: NetworkRead | None
    findings: list[FindingRead]


class LaterRead(OptionRead):
    """A house that could, from a date on; null: no date is known."""

    from_: date | None = Field(alias="from")
    code: str | None = None
    text: str | None = None


class AskRead(ApiModel):
    """A fact that is missing, and how many houses it decides."""

    fact: str
    decides: int


class NeedsInfoRead(ApiModel):
    """A house that missing facts would decide."""

    facility: str
    unknown: list[str]
    ask: list[AskRead]
    findings: list[FindingRead]


class FixRead(ApiModel):
    """The smallest change to one failed rule, and who could make it."""

    rule: str
    who: str
    waivable: bool
    text: str


class ExcludedRead(ApiModel):
    """A house that cannot take the young person, and every reason."""

    facility: str
    failed: list[str]
    findings: list[FindingRead]
    fix: list[FixRead]


class DecisionRead(ApiModel):
    """Every house in exactly one of four lists."""

    version: int
    referral: str
    rules_version: str
    engine_version: str
    snapshot_sha256: str | None = None
    options: list[OptionRead]
    later: list[LaterRead]
    needs_info: list[NeedsInfoRead]
    excluded: list[ExcludedRead]
