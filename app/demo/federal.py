"""Invented funds that follow federal law: Basic Center, Transitional Living and two sides of title IV-E."""

from app.demo.terms import NO_FAMILY_HOMES, WARDS, clock, fund, in_state

_SINCE = {"valid_from": "2021-10-01", "valid_until": None}
_BASIC = _SINCE | {
    "citation": "modelled on the federal Basic Center Program, 34 USC 11279: at most 21 days",
    "max_age": 17,
    "leaves_at_age": 18,
    "custody": {"allow": None, "deny": WARDS},
    "excluded_facility_kinds": NO_FAMILY_HOMES,
    "clocks": [clock("days21", 21, "day", "chain", gap_days=0, absence="counts")],
    "rate_cents": 16400,
}
_TRANSITIONAL = _SINCE | {
    "citation": "modelled on the federal Transitional Living Program, 34 USC 11279: 540 days, 635 by exception",
    "min_age": 16,
    "max_age": 21,
    "custody": {"allow": None, "deny": WARDS},
    "facility_kinds": ["transitional_living"],
    "clocks": [
        clock(
            "days540",
            540,
            "day",
            "stay",
            absence="counts",
            extension={"by": 95, "times": 1, "approval": "tlp_exceptional"},
        )
    ],
    "rate_cents": 11800,
}
_CARE = _SINCE | {
    "leaves_at_age": 18,
    "max_age": 17,
    "residence": in_state("jurisdiction"),
    "custody": {"allow": ["dependent", "ward_state"], "deny": None},
    "excluded_facility_kinds": NO_FAMILY_HOMES,
    "requires": ["agency_placement"],
}
_THIRD_WEEK = _CARE | {
    "citation": "modelled on 42 USC 672: payment to a child-care institution stops after 14 days, the third week",
    "clocks": [clock("days14", 14, "day", "stay", absence="counts")],
    "rate_cents": 14200,
}
_SPECIALISED = _CARE | {
    "citation": "modelled on 42 USC 672 as P.L. 115-123 left it: high-quality residential care for minors "
    "trafficked or at risk of it is exempt from the third-week stop",
    "trafficking": ["verified", "at_risk"],
    "nights_left": 2400,
    "rate_cents": 31500,
}
FEDERAL = (
    fund("fund_basic_center", _BASIC),
    fund("fund_transitional", _TRANSITIONAL),
    fund("fund_third_week", _THIRD_WEEK),
    fund("fund_care_placement", _SPECIALISED),
)
