"""Small networks in which several want the same beds and the same money, siblings and who must be apart among them."""

from datetime import timedelta
from random import Random

from .builders import (
    TONIGHT,
    Json,
    bed,
    clock,
    day,
    fund,
    house,
    minor,
    referral,
    resident,
    snapshot,
    some_rooms_of_one_gender,
    stay,
    unit,
)

LETTERS = "abcd"
HOURS = (
    "2026-11-21T22:00:00-05:00",
    "2026-11-21T22:00:00-05:00",
    "2026-11-21T15:30:00-05:00",
    "2026-11-20T09:00:00-05:00",
)


def crowd(seed: int, most: int = 5) -> Json:
    """A snapshot of two to `most` minors who wait, for one seed."""
    draw = Random(seed)  # noqa: S311 - an example, not a secret
    waiting = [f"min_{n}" for n in range(1, draw.randint(2, most) + 1)]
    funds = [_fund(draw, letter) for letter in LETTERS[: draw.randint(1, 3)]]
    houses = [_house(draw, letter, [row["id"] for row in funds]) for letter in LETTERS[: draw.randint(1, 3)]]
    minors = [_minor(draw, name, waiting, [row["id"] for row in houses]) for name in waiting]
    referrals = [_referral(draw, at) for at in range(1, len(waiting) + 1)]
    if draw.random() < 0.3:
        _spare(draw, houses).update(status="held", held_for=draw.choice(referrals)["id"])
    stays = [_stay(draw, at, funds) for at in range(draw.randint(0, 3))]
    if draw.random() < 0.4:
        name = draw.choice(waiting)
        stays.append(stay("stay_own", -9, -2, fund=draw.choice(funds)["id"], minor=name, facility="fac_old"))
    if draw.random() < 0.3:
        _at_home(draw, houses, stays, draw.choice(waiting), draw.choice(funds)["id"])
    found = snapshot(facilities=houses, funds=funds, minors=minors, referrals=referrals, stays=stays)
    return some_rooms_of_one_gender(seed, found)


def _fund(draw: Random, letter: str) -> Json:
    return fund(
        letter,
        last_resort=draw.random() < 0.15,
        beds_per_night=draw.choice((None, None, 1, 2, 3)),
        nights_left=draw.choice((None, None, 9, 20, 31)),
        clocks=[clock(draw.choice((5, 12, 30)))],
    )


def _house(draw: Random, letter: str, funds: list[str]) -> Json:
    units = []
    for at in range(draw.randint(1, 2)):
        beds = [_bed(draw, f"bed_{letter}{at}{n}") for n in range(draw.randint(1, 2))]
        units.append(unit(f"unit_{letter}{at}", *beds, max_age_gap_years=draw.choice((None, None, 1, 2))))
    accepted = sorted(draw.sample(funds, draw.randint(1, len(funds))))
    found = house(
        letter, *units, funds=accepted, staffing={"night_ratio": draw.randint(2, 4), "awake_staff_tonight": 1}
    )
    if draw.random() < 0.3:
        found["residents"] = [resident(minor=f"min_of_{letter}", age=draw.randint(13, 17))]
    return found


def _bed(draw: Random, name: str) -> Json:
    away = [[day(draw.randint(3, 15)), day(20)]] if draw.random() < 0.25 else []
    return bed(name, confirmed_at=draw.choice(HOURS), unavailable=away)


def _minor(draw: Random, name: str, waiting: list[str], houses: list[str]) -> Json:
    others = [other for other in waiting if other != name]
    born = TONIGHT - timedelta(days=draw.randint(12 * 366, 17 * 366))
    none: list[str] = []
    return minor(
        name,
        born_on=born.isoformat() if draw.random() < 0.9 else None,
        age_range=[13, 16] if draw.random() < 0.5 else None,
        together_with=draw.sample(others, 1) if draw.random() < 0.35 else none,
        avoid={
            "counties": none,
            "circles": none,
            "minors": draw.sample(others, 1) if draw.random() < 0.25 else none,
            "facilities": none,
        },
        wishes={"prefer": none, "refuse": draw.sample(houses, 1) if draw.random() < 0.2 else none},
    )


def _referral(draw: Random, number: int) -> Json:
    needed = day(2) if draw.random() < 0.08 else day(0)
    return referral(number, urgency=draw.randint(1, 4), needed_from=needed, nights_needed=draw.choice((5, 9, 16)))


def _stay(draw: Random, at: int, funds: list[Json]) -> Json:
    start = draw.randint(-5, 8)
    return stay(
        f"stay_{at}",
        start,
        start + draw.randint(6, 12),
        fund=draw.choice(funds)["id"],
        minor=f"min_far_{at}",
        facility="x",
    ) | {"minor": f"min_far_{at}"}


def _spare(draw: Random, houses: list[Json]) -> Json:
    units = draw.choice(houses)["units"]
    found: Json = draw.choice(draw.choice(units)["beds"])
    return found


def _at_home(draw: Random, houses: list[Json], stays: list[Json], name: str, fund_id: str) -> None:
    """Let somebody who waits live in a house of the network already, paid by one of its funds."""
    home = draw.choice(houses)
    own = draw.choice(draw.choice(home["units"])["beds"])
    if own["status"] == "open" and not own["unavailable"]:
        own["status"] = "occupied"
        home["residents"].append(resident(own["id"], minor=name, age=15, until=day(draw.randint(1, 9))))
        stays.append(stay("stay_home", -1, None, fund=fund_id, minor=name, facility=home["id"], bed=own["id"]))
