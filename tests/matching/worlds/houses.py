"""Facilities with units and beds, licences and safeguards, before anybody lives in them."""

from .draw import Draw, Json, iso, spelled
from .money import COUNTIES, GENDERS, HOUSES, NO_HOUSES

GOOD_SAFEGUARDS: dict[str, tuple[tuple[object, ...], tuple[object, ...]]] = {
    "egress": (
        ("unlocked", "unlocked", "delayed_release", "locked_with_release"),
        ("locked_no_release", "locked_with_release"),
    ),
    "fire_clearance": ((True,), (False,)),
    "outside_contact": (("open", "reviewed_individually"), ("blanket_ban",)),
    "remote": ((False, False, True), (True,)),
    "equal_activities": ((True,), (False,)),
    "awake_night_staff": ((True,), (False,)),
    "education": ((True,), (False,)),
    "grievance_contact": ((True,), (False,)),
}
STATUSES = ("open", "open", "open", "occupied", "occupied", "held", "cleaning", "offline")
CROWDED = ("occupied", "occupied", "occupied", "held", "cleaning", "offline")
SERVICES = ("trauma_therapy", "medical", "detox")


def safeguard(draw: Draw, name: str) -> Json:
    """Give a safeguard its value and its evidence, which may end within the stay."""
    dated = draw.chance(0.04 + draw.misfit_rate / 2)
    early, late = (draw.near(12, 1 + draw.chance(draw.misfit_rate)), draw.near(1, 12)) if dated else (None, None)
    if early is not None and late is not None and late <= early:
        late = None
    return {
        "value": draw.fact(draw.usual(*GOOD_SAFEGUARDS[name])),
        "verified_on": iso(early),
        "expires_on": iso(late),
    }


def licence(draw: Draw, beds: int) -> Json:
    """Make a licence that may be new, about to end, narrow or short of places."""
    begins = draw.near(3, 2) if draw.chance(draw.misfit_rate) else draw.near(400, -60)
    ends = draw.near(0, 12) if draw.chance(0.05 + draw.misfit_rate) else draw.near(-100, 400)
    return {
        "status": draw.fact(draw.usual(("active", "provisional"), ("suspended", "expired", "none"))),
        "valid_from": draw.fact(iso(begins)),
        "expires_on": draw.fact(iso(ends) if ends > begins else None),
        "capacity": draw.fact(max(1, beds - draw.pick((-1, 0, 0, 0, 0, 1, 2)))),
        "min_age": draw.fact(draw.usual((10, 11, 12), (14, 16))),
        "max_age": draw.fact(draw.usual((17, 17, 18, 20), (15, 16))),
        "genders": draw.fact(draw.usual((list(GENDERS), ["female", "male"]), (["female"], ["male"], ["nonbinary"]))),
        "infants": draw.fact(draw.usual((True, True, True, False), (False,))),
    }


def bed(draw: Draw, bed_id: str, statuses: tuple[str, ...]) -> Json:
    """Make one bed; who holds it is settled when referrals are known."""
    closed = [spelled(draw.span(6, 14, 5))]
    return {
        "id": bed_id,
        "status": draw.pick(statuses),
        "held_for": None,
        "confirmed_at": draw.fact(f"{draw.tonight.isoformat()}T{draw.within((8, 20)):02}:00:00-05:00"),
        "unavailable": closed if draw.chance(0.12) else draw.pick((None, [])),
    }


def unit(draw: Draw, unit_id: str, statuses: tuple[str, ...]) -> Json:
    """Make one unit with its admission rule and its beds."""
    rare = 0.05 + draw.misfit_rate
    count = 0 if draw.chance(0.03) else draw.within(draw.knobs.beds)
    return {
        "id": unit_id,
        "genders": draw.limit(rare, draw.at_least_one(GENDERS)),
        "min_age": draw.limit(rare, draw.usual((11, 12), (15, 16))),
        "max_age": draw.limit(rare, draw.usual((17, 18), (14, 15))),
        "max_age_gap_years": draw.limit(0.3, draw.within((0, 4))),
        "beds": [bed(draw, f"bed_{unit_id.removeprefix('unit_')}{n}", statuses) for n in range(1, count + 1)],
    }


def staffing(draw: Draw) -> Json:
    """Say how many children one awake worker may have, and how many workers are on."""
    return {
        "night_ratio": draw.fact(draw.within((2, 5))),
        "awake_staff_tonight": draw.fact(draw.usual((2, 3), (0, 1))),
    }


def accepted(draw: Draw, funds: list[str]) -> list[str] | None:
    """Name the payers a house accepts, in any order."""
    if draw.chance(draw.misfit_rate / 4):
        return []
    chosen = draw.at_least_one(funds, 0.75)
    draw.rng.shuffle(chosen)
    return draw.fact(chosen)


def facility(draw: Draw, letter: str, funds: list[str]) -> Json:
    """Make one facility."""
    statuses = CROWDED if draw.chance(0.35) else STATUSES
    units = [unit(draw, f"unit_{letter}{n}", statuses) for n in range(1, draw.within(draw.knobs.units) + 1)]
    beds = sum(len(u["beds"]) for u in units)
    point = [33.75 + draw.within((-9, 9)) / 50, -84.39 + draw.within((-9, 9)) / 50]
    return {
        "id": f"fac_{letter}",
        "kind": draw.usual(HOUSES, NO_HOUSES),
        "state": draw.usual(("GA",), ("AL",)),
        "county": draw.fact(draw.pick(COUNTIES)),
        "place": draw.fact("1304000"),
        "point": draw.fact(point),
        "licence": draw.fact(licence(draw, beds)),
        "population": draw.fact(draw.usual(("trafficking_only",), ("mixed",))),
        "admits": draw.limit(0.06 + draw.misfit_rate, draw.at_least_one(("verified", "at_risk", "screening_pending"))),
        "safeguards": draw.fact({name: draw.fact(safeguard(draw, name)) for name in GOOD_SAFEGUARDS}),
        "staffing": draw.fact(staffing(draw)),
        "services": draw.fact(
            draw.pick((list(SERVICES), list(SERVICES), list(SERVICES), ["medical", "detox"], ["medical"]))
        ),
        "languages": draw.fact(draw.some(("en", "es"))),
        "declines": draw.fact(draw.usual(([], [], ["fire"]), (["detox"], ["arson", "detox"]))),
        "funds": accepted(draw, funds),
        "units": units,
        "residents": [],
    }
