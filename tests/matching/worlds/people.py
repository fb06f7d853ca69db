"""Minors, the referrals that ask for them, and who lives where and until when."""

from datetime import date, timedelta

from .draw import Draw, Json, iso
from .money import CODES, COUNTIES, CUSTODIES, GENDERS

# Nights a person or a bed is taken; None is open on that side.
Taken = list[tuple[date | None, date | None]]


def overlaps(taken: Taken, start: date | None, end: date | None) -> bool:
    """Tell whether a range touches one that is taken."""
    return any((a is None or end is None or a < end) and (start is None or b is None or start < b) for a, b in taken)


def birth(draw: Draw) -> Json:
    """Give a birth date, often with a birthday close to tonight, or a range of ages, or nothing."""
    if draw.chance(0.1 + draw.null_rate):
        low = draw.within((12, 16))
        return {"born_on": None, "age_range": draw.fact([low, low + draw.within((0, 2))])}
    if draw.chance(0.12):
        leap = draw.pick([year for year in range(draw.tonight.year - 18, draw.tonight.year - 11) if year % 4 == 0])
        return {"born_on": f"{leap}-02-29", "age_range": draw.limit(0.2, [12, 13])}
    near = draw.near(4, 12)
    year = draw.tonight.year - draw.usual((13, 14, 15, 16, 17, 18, 18), (11, 12, 19))
    day = near.day if (near.month, near.day) != (2, 29) else 28
    born = date(year, near.month, day) if draw.chance(0.65) else date(year, draw.within((1, 12)), 5)
    return {"born_on": iso(born), "age_range": None}


def place(draw: Draw) -> Json | None:
    """Give one of a minor's three places, each part known or not."""
    return draw.fact(
        {
            "county": draw.fact(draw.pick(COUNTIES)),
            "place": draw.fact("1304000"),
            "state": draw.fact(draw.usual(("GA",), ("AL", "NV"))),
        }
    )


def home(draw: Draw) -> Json | None:
    """Give the residence, or say that there is none."""
    if draw.chance(0.1):
        return {"county": None, "place": None, "state": None, "none": True}
    return place(draw)


def avoid(draw: Draw, minors: list[str], facilities: list[str]) -> Json | None:
    """List what a minor must be kept from, now and then."""
    if draw.chance(0.5):
        return None
    circle = [33.75 + draw.within((-9, 9)) / 50, -84.39, float(draw.within((1, 12)))]
    return {
        "counties": draw.some(COUNTIES, 0.05),
        "circles": [circle] if draw.chance(0.08) else [],
        "minors": draw.some(minors, 0.08),
        "facilities": draw.some(facilities, draw.misfit_rate),
    }


def needs(draw: Draw) -> Json:
    """List what a minor needs."""
    return {
        "services": draw.some(("trauma_therapy",)),
        "services_required": draw.limit(0.3, draw.some(("detox", "medical"))),
        "languages": draw.fact(["en"]),
        "conditions": draw.fact(draw.usual(([], [], ["arson"]), (["detox"],))),
        "infants": draw.fact(draw.usual((0, 0, 0, 0, 0, 0, 0, 1), (2,))),
    }


def minor(draw: Draw, minor_id: str, known: list[str], facilities: list[str]) -> Json:
    """Make one minor."""
    others = [other for other in known if other != minor_id]
    waiting = [other for other in others if other.startswith("min_")]
    return {
        "id": minor_id,
        **birth(draw),
        "gender": draw.fact(draw.usual(("female", "male"), (*GENDERS, "nonbinary"))),
        "residence": home(draw),
        "found": place(draw),
        "jurisdiction": place(draw),
        "custody": draw.fact(draw.usual(("none", "none", "parent", "dependent"), CUSTODIES)),
        "trafficking": draw.fact(draw.usual(("verified", "at_risk"), ("screening_pending",))),
        "needs": draw.fact(needs(draw)),
        "approvals": None
        if draw.chance(0.05 + draw.null_rate)
        else [draw.pick(CODES) for _ in range(draw.within((0, 6)))],
        "avoid": avoid(draw, others, facilities),
        "together_with": draw.limit(
            draw.knobs.together, draw.some([*waiting, "min_elsewhere", *draw.some([minor_id], 0.05)], 0.4)
        ),
        "wishes": draw.limit(0.3, {"prefer": draw.some(facilities), "refuse": draw.some(facilities, draw.misfit_rate)}),
        "history": draw.pick(("complete", None)),
    }


def referral(draw: Draw, referral_id: str, minor_id: str) -> Json:
    """Ask for a bed for a minor, tonight or a little later."""
    first = draw.pick((None, draw.tonight, draw.tonight, draw.near(3, 4)))
    asked = draw.within((1, draw.horizon + 4))
    home_point = [33.7, -84.4]
    return {
        "id": referral_id,
        "minor": minor_id,
        "opened_at": f"{draw.tonight.isoformat()}T21:50:00-05:00",
        "urgency": draw.within((1, 4)),
        "needed_from": iso(first),
        "nights_needed": draw.pick((None, asked, asked)),
        "home_point": draw.fact(home_point),
    }


class Census:
    """Who is where; keeps a person and a bed from being in two entries on one night."""

    def __init__(self, draw: Draw, named: list[str], waiting: list[str]) -> None:
        """Begin with empty houses."""
        self.draw, self.named, self.waiting = draw, named, waiting
        self.people: dict[str, Taken] = {}

    def who(self, start: date | None, end: date | None) -> str | None:
        """Name the resident, or leave the name out."""
        draw = self.draw
        name = draw.pick(self.waiting) if draw.chance(0.25) else draw.pick(self.named)
        if draw.chance(0.05 + draw.null_rate) or overlaps(self.people.get(name, []), start, end):
            return None
        self.people.setdefault(name, []).append((start, end))
        return name

    def entry(self, bed_id: str | None, start: date | None, end: date | None) -> Json:
        """Write one entry."""
        draw = self.draw
        return {
            "minor": self.who(start, end),
            "bed": bed_id,
            "trafficking": draw.fact(draw.usual(("verified", "at_risk"), ("none", "screening_pending"))),
            "age": None if draw.chance(0.1 + draw.null_rate) else draw.within((12, 17)),
            "from": iso(start),
            "until": iso(end),
        }

    def in_bed(self, bed: Json) -> list[Json]:
        """Fill a bed for a while: one who is there, was there or comes, and perhaps the next."""
        draw, found = self.draw, []
        occupied = bed["status"] == "occupied"
        if not draw.chance(0.95 if occupied else 0.15):
            return []
        start = draw.pick((None, draw.near(20, 0))) if occupied else draw.pick((None, draw.near(9, 9)))
        first = draw.tonight if start is None else start
        end = None if draw.chance(0.3) else max(first, draw.near(3, 6)) + timedelta(days=draw.within((0, 4)) or 1)
        found.append(self.entry(bed["id"], start, end))
        if end is not None and draw.chance(0.3):
            start = end + timedelta(days=draw.within((0, 4)))
            end = draw.pick((None, start + timedelta(days=draw.within((1, 9)))))
            found.append(self.entry(bed["id"], start, end))
        return found

    def fill(self, facility: Json) -> None:
        """Fill a house."""
        named = {entry["bed"] for entry in facility["residents"]}
        for bed in [bed for unit in facility["units"] for bed in unit["beds"] if bed["id"] not in named]:
            facility["residents"] += self.in_bed(bed)
        if self.draw.chance(0.03):
            facility["residents"].append(self.entry(None, None, self.draw.pick((None, self.draw.near(0, 6)))))
