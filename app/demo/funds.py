"""Fourteen invented funds whose limits are those of real statutes and contracts; each citation names its model."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import date

from app.demo.contracts import contracts
from app.demo.federal import FEDERAL
from app.demo.statewide import STATEWIDE
from app.demo.terms import Json


@dataclass(frozen=True, slots=True)
class FundCard:
    """What people call a fund, and who runs it."""

    fund: str
    name: str
    funder: str


CARDS = (
    FundCard("fund_basic_center", "Basic Center nights", "Federal Youth Office"),
    FundCard("fund_care_placement", "Specialised Care Placement", "State Child Welfare"),
    FundCard("fund_coast30", "Coast and South Safe House Money", "Coast and South Districts"),
    FundCard("fund_crisis15", "Crisis Residential Nights", "State Youth Crisis Office"),
    FundCard("fund_gap", "Gap Fund", "State Gap Fund Board"),
    FundCard("fund_juvenile90", "Court and Probation Placements", "Outer Counties Compact"),
    FundCard("fund_metro30", "Metro Counties Night Pool", "Metro Counties Compact"),
    FundCard("fund_receiving", "Receiving Center Money", "State Victim Services"),
    FundCard("fund_river14", "River Counties Contract", "River Counties Compact"),
    FundCard("fund_scholarship", "Second Start Scholarship", "Second Start Foundation"),
    FundCard("fund_state60", "State Safe Harbor Nights", "State Safe Harbor Office"),
    FundCard("fund_third_week", "Title IV-E Child-Care Institution", "State Child Welfare"),
    FundCard("fund_transitional", "Transitional Living", "Federal Youth Office"),
    FundCard("fund_youth90", "Youth Homelessness Prevention", "State Youth Crisis Office"),
)


def fund_documents(tonight: date) -> list[Json]:
    """All funds by id, with the limits in force over the last year and now. Places per night come with the history."""
    fiscal_start = date(tonight.year if (tonight.month, tonight.day) >= (7, 1) else tonight.year - 1, 7, 1)
    found = {one["id"]: one for one in (*FEDERAL, *STATEWIDE, *contracts(fiscal_start))}
    # A copy: places per night are filled in later, and differ with the seed.
    return [deepcopy(found[card.fund]) | {"funder": card.funder, "program": card.name} for card in CARDS]
