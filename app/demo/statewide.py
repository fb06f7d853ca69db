"""Invented State and private funds, the payer of last resort among them."""

from app.demo.geography import codes
from app.demo.terms import Json, clock, fund, in_counties, in_state

_CRISIS = {
    "valid_from": "2021-07-01",
    "citation": "modelled on RCW 43.185C.315: 15 days in all per admission, transfers included",
    "min_age": 12,
    "max_age": 17,
    "leaves_at_age": 18,
    "residence": in_counties(codes("Region 1", "Region 3", "Region 4"), "residence", "found"),
    "clocks": [clock("days15", 15, "day", "chain", gap_days=1, absence="counts")],
    "rate_cents": 21000,
}
_YOUTH: Json = {
    "min_age": 12,
    "max_age": 17,
    "leaves_at_age": 18,
    "custody": {"allow": ["none", "parent"], "deny": None},
    "rate_cents": 15200,
}
_YOUTH_BEFORE = _YOUTH | {
    "valid_from": "2013-01-01",
    "valid_until": "2020-01-01",
    "citation": "modelled on Cal. HSC 1502.35 before AB 1235: 21 consecutive days",
    "clocks": [clock("days21", 21, "day", "stay", absence="counts")],
}
_YOUTH_NOW = _YOUTH | {
    "valid_from": "2020-01-01",
    "valid_until": None,
    "citation": "modelled on Cal. HSC 1502.35 as amended by AB 1235 (2019): 90 days from admission",
    "clocks": [clock("days90", 90, "day", "stay", absence="counts")],
}
_SAFE_HARBOR = {
    "valid_from": "2024-07-01",
    "citation": "modelled on Minn. Stat. 256K.47, Safe Harbor: exploited or at risk, up to 24; "
    "the 60 nights are invented",
    "max_age": 23,
    "leaves_at_age": 24,
    "trafficking": ["verified", "at_risk"],
    "clocks": [clock("nights60", 60, "night", "trailing", window_days=365, absence="pauses")],
    "nights_left": 900,
    "rate_cents": 26000,
}
_RECEIVING = {
    "valid_from": "2023-07-01",
    "citation": "modelled on RCW 7.68.380 and on RCW 74.15.020 as a 2023-24 bill had it: "
    "3 business days, 7 with approval",
    "min_age": 12,
    "max_age": 17,
    "leaves_at_age": 18,
    "residence": in_counties(codes("Region 1", "Region 2", "Region 3", "Region 4"), "found"),
    "facility_kinds": ["assessment_center"],
    "clocks": [
        clock(
            "business3",
            3,
            "business_day",
            "stay",
            absence="counts",
            extension={"by": 4, "times": 1, "approval": "receiving_extension"},
        )
    ],
    "rate_cents": 33000,
}
_SCHOLARSHIP = {
    "valid_from": "2022-01-01",
    "citation": "modelled on private programme money with one cap for life; "
    "ASPE issue brief of September 2007, on funding",
    "min_age": 14,
    "max_age": 20,
    "leaves_at_age": 21,
    "trafficking": ["verified"],
    "clocks": [clock("life120", 120, "night", "lifetime", absence="pauses")],
    "nights_left": 640,
    "rate_cents": 12500,
}
_GAP = {
    "valid_from": "2009-12-29",
    "citation": "modelled on Georgia's gap fund (children.georgia.gov, 29 December 2009): where no other payer can",
    "max_age": 17,
    "leaves_at_age": 18,
    "residence": in_state("residence", "found"),
    "trafficking": ["verified", "at_risk"],
    "nights_left": 150,
    "rate_cents": 24000,
}
STATEWIDE = (
    fund("fund_crisis15", _CRISIS),
    fund("fund_youth90", _YOUTH_BEFORE, _YOUTH_NOW),
    fund("fund_state60", _SAFE_HARBOR),
    fund("fund_receiving", _RECEIVING),
    fund("fund_scholarship", _SCHOLARSHIP),
    fund("fund_gap", _GAP, last_resort=True),
)
