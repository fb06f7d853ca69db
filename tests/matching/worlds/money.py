"""Funds with dated limits, clocks of every kind, and little left in them."""

from datetime import date, timedelta

from .draw import Draw, Json, iso

CODES = ("extra_nights", "second_extra", "agency_placement", "certification_of_need")
COUNTIES = ("13121", "13089", "13067")
CUSTODIES = ("none", "parent", "dependent", "ward_state", "ward_justice", "tribal")
STATUSES = ("verified", "at_risk", "screening_pending")
GENDERS = ("female", "male", "nonbinary")
HOUSES = (
    "safe_house",
    "safe_house",
    "emergency_shelter",
    "assessment_center",
    "group_home",
    "residential_treatment",
    "transitional_living",
)
NO_HOUSES = ("foster_home", "therapeutic_foster_home", "secure_detention")
WINDOWS = ("stay", "chain", "chain", "trailing", "trailing", "fiscal_year", "lifetime")


def fiscal_start(draw: Draw) -> str:
    """Begin a fiscal year, now and then within the stay; never on a leap day."""
    text = (draw.near(3, 12) if draw.chance(0.6) else date(2026, draw.pick((1, 7, 10)), 1)).strftime("%m-%d")
    return "03-01" if text == "02-29" else text


def window_of(draw: Draw, window: str) -> Json:
    """Give what a window needs beside its name."""
    if window == "trailing":
        by_days = draw.chance(0.6)
        return {
            "window_days": draw.within((2, 30)) if by_days else None,
            "window_months": None if by_days else draw.pick((1, 2, 12)),
        }
    if window == "fiscal_year":
        return {"fiscal_year_start": fiscal_start(draw)}
    return {"gap_days": draw.pick((0, 1, 2, 3, 6))} if window == "chain" else {}


def clock(draw: Draw, name: str) -> Json:
    """Make one clock."""
    window = draw.pick(WINDOWS)
    calendar = window in ("stay", "chain") and draw.chance(0.6)
    extension = {"by": draw.within((1, 6)), "times": draw.within((1, 2)), "approval": draw.pick(CODES[:2])}
    return {
        "id": name,
        "limit": draw.within((0 if draw.chance(0.05) else 1, draw.pick((4, 8, 14)))),
        "unit": draw.pick(("day", "business_day")) if calendar else "night",
        "window": window,
        "scope": draw.pick((None, "fund", "facility")),
        "absence": draw.pick((None, "counts", "pauses", "pauses")),
        "extension": draw.limit(0.3, extension),
        **window_of(draw, window),
    }


def residence(draw: Draw) -> Json:
    """Limit the places a minor may come from."""
    return {
        "basis": draw.at_least_one(("residence", "found", "jurisdiction")),
        "counties": draw.limit(0.6, draw.at_least_one(COUNTIES, 0.8)),
        "places": draw.limit(0.2, draw.pick(([], ["1304000"], ["1304000", "1369000"]))),
        "states": draw.limit(0.3, draw.at_least_one(("GA", "AL"))),
    }


def custody(draw: Draw) -> Json:
    """Allow or deny some kinds of custody."""
    return {
        "allow": draw.limit(0.4, draw.at_least_one(CUSTODIES, 0.8)),
        "deny": draw.limit(0.7, draw.some(CUSTODIES, 0.2)),
    }


def limits(draw: Draw) -> Json:
    """Make the conditions of one row."""
    rare, often = 0.06 + draw.misfit_rate, 0.1 + draw.misfit_rate
    clocks = [clock(draw, f"clock_{n}") for n in range(draw.pick((1, 1, 1, 2, 3)))]
    return {
        "min_age": draw.limit(often, draw.usual((10, 11, 12, 13), (15, 16, 18))),
        "max_age": draw.limit(often, draw.usual((17, 18, 20), (13, 15, 16))),
        "leaves_at_age": draw.limit(0.35, draw.usual((17, 18, 21), (14, 15, 16))),
        "residence": draw.limit(often, residence(draw)),
        "custody": draw.limit(often, custody(draw)),
        "trafficking": draw.limit(often, draw.at_least_one(STATUSES, 0.7)),
        "genders": draw.limit(rare, draw.at_least_one(GENDERS, 0.7)),
        "facility_kinds": draw.limit(rare, draw.at_least_one(HOUSES + NO_HOUSES, 0.8)),
        "excluded_facility_kinds": draw.limit(often, draw.some(HOUSES + NO_HOUSES, 0.1)),
        "requires": draw.limit(often + 0.05, draw.some(CODES, 0.35)),
        "clocks": clocks if draw.chance(draw.knobs.clocked) else draw.pick((None, [])),
        "beds_per_night": draw.limit(0.25, draw.within((1, 3))),
        "nights_left": draw.limit(0.35, draw.within((0 if draw.chance(0.3) else 1, 14))),
        "rate_cents": draw.limit(0.3, 18500),
    }


def rows(draw: Draw) -> list[Json]:
    """Date the rows: one for good, one after the other, one over the other, or none yet."""
    turn = draw.near(4, 8)
    shapes: list[list[tuple[date, date | None]]] = [
        [(date(2020, 1, 1), None)],
        [(date(2020, 1, 1), None)],
        [(date(2020, 1, 1), turn), (turn, None)],
        [(date(2020, 1, 1), None), (turn, None)],
        [(turn, None), (turn, turn + timedelta(days=draw.within((1, 9)))), (date(2020, 1, 1), turn)],
        [(turn, turn + timedelta(days=20))] if draw.chance(0.5) else [(date(2020, 1, 1), None)],
    ]
    if draw.chance(draw.misfit_rate):
        shapes = [[], [(date(2020, 1, 1), turn)]]
    return [
        {"valid_from": iso(start), "valid_until": iso(end), "citation": draw.fact("invented"), **limits(draw)}
        for start, end in draw.pick(shapes)
    ]


def fund(draw: Draw, fund_id: str) -> Json:
    """Make one fund."""
    return {
        "id": fund_id,
        "funder": "invented",
        "program": fund_id,
        "last_resort": draw.chance(draw.knobs.last_resort),
        "limits": rows(draw),
    }
