"""Invented contracts of groups of counties: 14, 30 and 90 nights, last year's row and this year's."""

from datetime import date

from app.demo.geography import codes
from app.demo.terms import NO_FAMILY_HOMES, WARDS, Json, clock, fund, in_counties

METRO = codes("Region 1")
RIVER = codes("Region 4")
COAST = codes("Region 5", "Region 6", "Region 7")

_METRO_LIMIT = {
    "citation": "modelled on county contracts of 30 days (ASPE issue brief of September 2007) and on Wyoming "
    "Admin. 049.0029 ch. 4 § 2: nights by census, one extension",
    "min_age": 12,
    "max_age": 17,
    "leaves_at_age": 18,
    "residence": in_counties(METRO, "residence"),
    "custody": {"allow": None, "deny": WARDS},
    "trafficking": ["verified", "at_risk"],
    "excluded_facility_kinds": NO_FAMILY_HOMES,
    "clocks": [
        clock(
            "nights30",
            30,
            "night",
            "trailing",
            window_months=12,
            absence="pauses",
            extension={"by": 14, "times": 1, "approval": "county_extension"},
        )
    ],
    "rate_cents": 18500,
}
_RIVER_LIMIT = {
    "citation": "modelled on county contracts of 14 days, ASPE issue brief of September 2007",
    "min_age": 12,
    "max_age": 17,
    "leaves_at_age": 18,
    "residence": in_counties(RIVER, "residence", "found"),
    "clocks": [
        clock(
            "nights14",
            14,
            "night",
            "trailing",
            window_months=12,
            absence="pauses",
            extension={"by": 14, "times": 1, "approval": "county_extension"},
        )
    ],
    "rate_cents": 16000,
}
_JUVENILE_LIMIT = {
    "citation": "modelled on county child-welfare and probation contracts of 90 days: the county with dependency "
    "or wardship pays, not the one where found; ASPE issue brief of September 2007",
    "min_age": 12,
    "max_age": 17,
    "residence": in_counties([*codes("Region 2", "Region 3"), *RIVER, *COAST], "jurisdiction"),
    "custody": {"allow": ["dependent", *WARDS], "deny": None},
    "clocks": [clock("year90", 90, "night", "fiscal_year", fiscal_year_start="07-01", absence="counts")],
    "rate_cents": 19700,
}
_COAST_LIMIT = {
    "citation": "modelled on NY SSL 447-b: a safe house for those of the district; 30 days, ASPE issue "
    "brief of September 2007",
    "min_age": 11,
    "max_age": 17,
    "leaves_at_age": 18,
    "residence": in_counties(COAST, "residence", "found"),
    "trafficking": ["verified"],
    "clocks": [clock("nights30", 30, "night", "stay", absence="pauses")],
    "rate_cents": 17600,
}


def contracts(fiscal_start: date) -> list[Json]:
    """The funds of the county groups, in a fiscal year that began on this day."""
    return [
        fund("fund_metro30", *_two_years(fiscal_start, _METRO_LIMIT, 210)),
        fund("fund_river14", *_two_years(fiscal_start, _RIVER_LIMIT, 60)),
        fund("fund_juvenile90", *_two_years(fiscal_start, _JUVENILE_LIMIT, 480)),
        fund("fund_coast30", *_two_years(fiscal_start, _COAST_LIMIT, 22)),
    ]


def _two_years(fiscal_start: date, limit: Json, nights_left: int) -> tuple[Json, Json]:
    """Last year's row and the one in force now, which has that many nights left."""
    begun, before = fiscal_start.isoformat(), fiscal_start.replace(year=fiscal_start.year - 1).isoformat()
    last = limit | {"valid_from": before, "valid_until": begun, "rate_cents": limit["rate_cents"] - 600}
    return last, limit | {"valid_from": begun, "valid_until": None, "nights_left": nights_left}
