"""Small but nasty snapshots, one per seed: valid contract JSON in which dates lie close together."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from .draw import Draw, Json, Knobs, iso
from .houses import facility
from .money import GENDERS, fund
from .past import History, lives_there
from .people import Census, minor, referral

LETTERS = "abcdefghijklmnopqrstuvwxyz"
CLEAN: Json = {"null_rates": (0.0,), "misfit_rates": (0.0, 0.02)}
# Some of everything; long chains of payers; siblings; many unknowns; one house with many payers.
FLAVOURS: tuple[Json, ...] = (
    {},
    CLEAN | {"funds": (3, 5), "horizon": (15, 40)},
    CLEAN | {"together": 0.9, "minors": (2, 4), "units": (2, 3)},
    {"null_rates": (0.1, 0.3), "misfit_rates": (0.0,)},
    CLEAN | {"facilities": (1, 1), "units": (1, 1), "beds": (1, 2), "others": (3, 8), "last_resort": 0.4},
)
# Here an absent key would not say the same as null, or the contract has both written out.
KEPT = {"left_on", "until", "needed_from"}


def letters(count: int) -> list[str]:
    """Name as many things as asked, in an order that is also the order of ids."""
    return [LETTERS[n % 26] if count <= 26 else f"{n:04}" for n in range(count)]


def left_out(draw: Draw, value: object) -> object:
    """Leave some of the keys out that hold nothing: absent says what null says."""
    if isinstance(value, list):
        return [left_out(draw, item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: left_out(draw, item)
        for key, item in value.items()
        if item is not None or key in KEPT or not draw.chance(0.3)
    }


def referrals(draw: Draw, minors: list[str]) -> list[Json]:
    """Refer the first minor, most of the others, and somebody twice."""
    asked = [minors[0], *draw.some(minors[1:], 0.85), *draw.some(minors, 0.05)]
    return [referral(draw, f"ref_{n}", minor_id) for n, minor_id in enumerate(asked, 1)]


def hold(draw: Draw, facilities: list[Json], asked: list[Json]) -> None:
    """Say whom the held beds wait for: a referral here, one elsewhere, or nobody named."""
    ids = [row["id"] for row in asked]
    for house in facilities:
        for bed in (bed for unit in house["units"] for bed in unit["beds"]):
            if bed["status"] == "held":
                bed["held_for"] = draw.pick((None, "ref_elsewhere", ids[0], ids[0], *ids))


def approvals(draw: Draw, minors: list[str]) -> list[Json]:
    """Approve some placements between States."""
    ways = (("NV", "GA"), ("AL", "GA"), ("GA", "AL"), ("GA", "NV"))
    return [
        {"minor": minor_id, "from_state": start, "to_state": end}
        for minor_id in minors
        for start, end in draw.some(ways, 0.3)
    ]


def stays_of(draw: Draw, facilities: list[Json], census: Census, funds: list[str], minors: list[str]) -> list[Json]:
    """Write everybody's stays and put those who are still there into beds."""
    history = History(draw, [*(house["id"] for house in facilities), "fac_old"], funds)
    stays = [stay for minor_id in draw.some(minors, 0.75) for stay in history.of(minor_id)]
    for stay in stays:
        lives_there(draw, census, facilities, stay)
    for n in range(draw.within(draw.knobs.others)):
        stays += history.of_another(f"min_elsewhere_{n}")
    return stays


def comes(draw: Random, tonight: date, unit: Json) -> Json:
    """Let somebody come within days to a bed of a unit that nobody else has."""
    name = unit["id"].removeprefix("unit_")
    unit["beds"].append({"id": f"bed_{name}_next", "status": "offline", "held_for": None, "confirmed_at": None})
    start = tonight + timedelta(days=draw.randint(0, 12))
    end = draw.choice((None, start + timedelta(days=draw.randint(1, 4))))
    return {
        "minor": f"min_to_{name}",
        "bed": f"bed_{name}_next",
        "trafficking": "verified",
        "age": draw.randint(12, 17),
        "from": start.isoformat(),
        "until": iso(end),
    }


def rooms_of_one_gender(seed: int, tonight: date, facilities: list[Json]) -> None:
    """Let most units of every third world be for one gender a night, and let somebody come to many of them.

    Drawn apart, so that the others stay as known.
    """
    draw = Random(seed)  # noqa: S311 - an example, not a secret
    for house in facilities if seed % 3 == 1 else ():
        for unit in house["units"]:
            unit["one_gender_a_night"] = draw.choice((True, True, True, False, None))
            if draw.random() < 0.5:
                house["residents"].append(comes(draw, tonight, unit))
        for entry in house["residents"]:
            entry["gender"] = draw.choice((*GENDERS, "female", "male", None))


def world(seed: int, **knobs: object) -> Json:
    """Make one snapshot: the same for the same seed and knobs."""
    draw = Draw(seed, replace(Knobs(), **knobs))  # type: ignore[arg-type]
    minors = [f"min_{n}" for n in range(1, draw.within(draw.knobs.minors) + 1)]
    funds = [f"fund_{letter}" for letter in letters(draw.within(draw.knobs.funds))]
    houses = [facility(draw, letter, funds) for letter in letters(draw.within(draw.knobs.facilities))]
    house_ids = [house["id"] for house in houses]
    residents = [f"res_{n}" for n in range(1, 4 + 6 * len(houses))]
    census = Census(draw, residents, minors)
    stays = stays_of(draw, houses, census, funds, minors)
    for house in houses:
        census.fill(house)
    asked = referrals(draw, minors)
    hold(draw, houses, asked)
    rooms_of_one_gender(seed, draw.tonight, houses)
    known = [*minors, *residents[:8]]
    holiday = [draw.near(2, 9).isoformat() for _ in range(draw.within((0, 3)))]
    snapshot = {
        "version": 1,
        "as_of": f"{draw.tonight.isoformat()}T22:14:00-05:00",
        "tonight": draw.tonight.isoformat(),
        "horizon_nights": draw.horizon,
        "policy": {"id": "default", "version": 1},
        "facilities": houses,
        "funds": [fund(draw, fund_id) for fund_id in funds],
        "minors": [minor(draw, minor_id, known, house_ids) for minor_id in (*minors, *residents[:2])],
        "referrals": asked,
        "stays": stays,
        "holidays": {"GA": sorted(set(holiday))},
        "interstate_approvals": approvals(draw, minors),
    }
    left = left_out(draw, snapshot)
    assert isinstance(left, dict)
    return left


def nasty(seed: int) -> Json:
    """Make one snapshot of a kind that turns with the seed."""
    return world(seed, **FLAVOURS[seed % len(FLAVOURS)])
