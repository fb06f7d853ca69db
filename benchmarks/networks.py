"""Seeded networks of any size, in the snapshot contract: a State's worth of houses, funds and minors waiting."""

from datetime import date, timedelta
from random import Random
from typing import Any

Json = dict[str, Any]

TONIGHT = date(2026, 11, 21)
AS_OF = "2026-11-21T22:14:00-05:00"
COUNTIES_PER_STATE = 40
FUNDS_PER_STATE = 12
STATES = ("GA", "AL", "FL", "TN", "NC", "SC", "VA", "KY", "OH", "TX")
FACILITIES_PER_STATE = 60


def network(
    facilities: int, waiting: int, seed: int = 7, payers: int = 3, states: int | None = None, related: float = 0.0
) -> Json:
    """Invent a network: houses with six to twelve beds, nine of ten of them taken, three payers each.

    Parameters
    ----------
    facilities, waiting : int
        How many houses, and how many minors who wait with a referral each.
    seed : int
        The same seed gives the same network.
    payers : int
        Funds that each house accepts.
    states : int, optional
        Over how many States all of them are spread; by default one for every sixty houses.
    related : float
        The share of the minors who have a sibling who waits in the same State, and of those who must be kept from
        somebody there who waits.

    Returns
    -------
    dict
        A snapshot of contract version 1.
    """
    random = Random(seed)  # noqa: S311 - invented data, not a secret
    states = states or min(len(STATES), max(1, facilities // FACILITIES_PER_STATE))
    funds = [_fund(random, state, at) for state in range(states) for at in range(FUNDS_PER_STATE)]
    houses = [_house(random, at, at % states, payers) for at in range(facilities)]
    minors = [_minor(random, f"min_{at:06}", at % states, facilities) for at in range(waiting)]
    _relate(minors, states, related)
    return {
        "version": 1,
        "as_of": AS_OF,
        "tonight": TONIGHT.isoformat(),
        "horizon_nights": 180,
        "policy": {"id": "default", "version": 1},
        "facilities": houses,
        "funds": funds,
        "minors": minors,
        "referrals": [_referral(random, at) for at in range(waiting)],
        "stays": [stay for minor in minors if random.random() < 0.3 for stay in _stays(random, minor, funds)],
        "holidays": {state: ["2026-11-26", "2026-11-27", "2026-12-25"] for state in STATES[:states]},
        "interstate_approvals": [],
    }


def _county(state: int, at: int) -> str:
    return f"{state + 1:02}{2 * at + 1:03}"


def _day(offset: int) -> str:
    return (TONIGHT + timedelta(days=offset)).isoformat()


def _fund(random: Random, state: int, at: int) -> Json:
    limit: Json = {
        "valid_from": "2020-07-01",
        "citation": f"invented contract {at}",
        "min_age": random.choice((None, 10, 11, 12)),
        "max_age": random.choice((17, 17, 17, 20)),
        "leaves_at_age": random.choice((18, 18, 21)),
        "clocks": [_clock(random, at)],
        "nights_left": random.choice((None, 400, 900)),
        "beds_per_night": random.choice((None, 12, 40)),
    }
    if at % 3 == 0:
        listed = [_county(state, (at * 5 + step) % COUNTIES_PER_STATE) for step in range(12)]
        limit["residence"] = {"basis": ["residence"], "counties": listed}
    else:
        limit["residence"] = {"basis": ["residence", "found"], "states": [STATES[state]]}
    if at % 4 == 1:
        limit["custody"] = {"deny": ["ward_state", "ward_justice"]}
    return {
        "id": f"fund_{STATES[state].lower()}_{at:02}",
        "funder": "invented",
        "program": f"program {at}",
        "last_resort": at == FUNDS_PER_STATE - 1,
        "limits": [limit],
    }


def _clock(random: Random, at: int) -> Json:
    kinds: list[Json] = [
        {"limit": 14, "unit": "night", "window": "trailing", "window_months": 12},
        {"limit": 30, "unit": "night", "window": "fiscal_year", "fiscal_year_start": "07-01"},
        {"limit": 90, "unit": "night", "window": "stay"},
        {"limit": 21, "unit": "day", "window": "stay"},
        {"limit": 15, "unit": "night", "window": "chain", "gap_days": 1},
        {"limit": 540, "unit": "day", "window": "stay"},
    ]
    return {"id": f"cap{at}", **kinds[(at + random.randrange(2)) % len(kinds)]}


def _house(random: Random, at: int, state: int, payers: int) -> Json:
    beds = random.randint(6, 12)
    name = f"{at:05}"
    taken = {bed for bed in range(beds) if random.random() < 0.85}
    split = beds // 2
    genders = random.choice((["female"], ["female"], ["female"], ["male"], ["female", "male", "nonbinary"]))
    evidence = {"verified_on": _day(-100), "expires_on": _day(random.choice((20, 200, 300, 300)))}
    return {
        "id": f"fac_{name}",
        "kind": random.choice(("safe_house", "group_home", "emergency_shelter", "residential_treatment")),
        "state": STATES[state],
        "county": _county(state, random.randrange(COUNTIES_PER_STATE)),
        "point": [33 + random.random() * 3, -85 + random.random() * 3],
        "licence": {
            "status": "active",
            "valid_from": "2020-01-01",
            "expires_on": _day(random.choice((60, 300, 500))),
            "capacity": beds,
            "min_age": random.choice((10, 11, 12)),
            "max_age": 17,
            "genders": genders,
            "infants": random.random() < 0.3,
        },
        "population": "trafficking_only" if random.random() < 0.9 else "mixed",
        "admits": None,
        "safeguards": {
            "egress": {"value": random.choice(("unlocked", "unlocked", "delayed_release")), **evidence},
            "fire_clearance": {"value": True, **evidence},
            "outside_contact": {"value": random.choice(("open", "reviewed_individually")), **evidence},
            "remote": {"value": False, **evidence},
            "equal_activities": {"value": True, **evidence},
            "awake_night_staff": {"value": True, **evidence},
            "education": {"value": True if random.random() < 0.95 else None, **evidence},
            "grievance_contact": {"value": True, **evidence},
        },
        "staffing": {"night_ratio": 4, "awake_staff_tonight": -(-beds // 4)},
        "services": random.sample(["trauma_therapy", "medical", "detox", "schooling", "legal"], 3),
        "languages": random.choice((["en"], ["en", "es"])),
        "declines": random.choice(([], [], ["arson"], ["detox"])),
        "funds": sorted(
            f"fund_{STATES[state].lower()}_{fund:02}" for fund in random.sample(range(FUNDS_PER_STATE), payers)
        ),
        "units": [
            _unit(random, name, "a", range(split), taken),
            _unit(random, name, "b", range(split, beds), taken),
        ],
        "residents": [_resident(random, name, bed) for bed in sorted(taken)],
    }


def _unit(random: Random, house: str, letter: str, beds: range, taken: set[int]) -> Json:
    return {
        "id": f"unit_{house}{letter}",
        "max_age_gap_years": random.choice((None, None, 4)),
        "beds": [
            {
                "id": f"bed_{house}_{bed:02}",
                "status": "occupied" if bed in taken else random.choice(("open", "open", "open", "cleaning")),
                "confirmed_at": f"2026-11-21T{random.randint(8, 21):02}:00:00-05:00",
            }
            for bed in beds
        ],
    }


def _resident(random: Random, house: str, bed: int) -> Json:
    return {
        "minor": f"min_{house}_{bed:02}",
        "bed": f"bed_{house}_{bed:02}",
        "trafficking": "verified" if random.random() < 0.995 else "none",
        "age": random.randint(12, 17),
        "until": _day(random.randint(1, 90)) if random.random() < 0.6 else None,
    }


def _minor(random: Random, name: str, state: int, facilities: int) -> Json:
    county = {"county": _county(state, random.randrange(COUNTIES_PER_STATE)), "state": STATES[state]}
    born = TONIGHT - timedelta(days=random.randint(12 * 365 + 200, 17 * 365 + 300))
    minor: Json = {
        "id": name,
        "born_on": born.isoformat(),
        "gender": random.choice(("female",) * 8 + ("male", "nonbinary")),
        "residence": county if random.random() < 0.9 else {},
        "found": county,
        "jurisdiction": county,
        "custody": random.choice(("none", "none", "parent", "dependent", "ward_state")),
        "trafficking": random.choice(("verified", "verified", "at_risk", "screening_pending")),
        "needs": {
            "services": ["trauma_therapy"],
            "services_required": [],
            "languages": [random.choice(("en", "es"))],
            "conditions": random.choice(([], [], ["detox"])),
            "infants": 0,
        },
        "approvals": [],
        "history": "complete",
    }
    if random.random() < 0.1:
        house = f"{random.randrange(facilities):05}"
        minor["avoid"] = {"minors": [f"min_{house}_00"], "counties": [], "circles": [], "facilities": []}
    return minor


def _relate(minors: list[Json], states: int, share: float) -> None:
    """Brothers and sisters who ask to be together, and people to be kept apart: the next minors of the same State."""
    count = int(share * len(minors) / 2)
    for at in (2 * states * (pair // states) + pair % states for pair in range(2 * count)):
        if at + states < len(minors):
            one, other = minors[at], minors[at + states]
            if at < 2 * count:
                one["together_with"], other["together_with"] = [other["id"]], [one["id"]]
            else:
                avoid = one.setdefault("avoid", {"minors": [], "counties": [], "circles": [], "facilities": []})
                avoid["minors"].append(other["id"])


def _referral(random: Random, at: int) -> Json:
    return {
        "id": f"ref_{at:06}",
        "minor": f"min_{at:06}",
        "opened_at": "2026-11-21T21:50:00-05:00",
        "urgency": random.choice((1, 1, 2, 3, 4)),
        "needed_from": TONIGHT.isoformat(),
        "nights_needed": random.choice((30, 60, 90)),
        "home_point": [33 + random.random() * 3, -85 + random.random() * 3],
    }


def _stays(random: Random, minor: Json, funds: list[Json]) -> list[Json]:
    first, nights = -random.randint(60, 300), random.randint(3, 40)
    fund = random.choice(funds)["id"]
    return [
        {
            "id": f"stay_{minor['id']}",
            "minor": minor["id"],
            "facility": "fac_elsewhere",
            "admitted_on": _day(first),
            "left_on": _day(first + nights),
            "payers": [{"fund": fund, "from": _day(first), "until": _day(first + nights)}],
        }
    ]
