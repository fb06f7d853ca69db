"""Stays: the nights already slept, who paid for them, the one that goes on, and the one planned."""

from datetime import date, timedelta

from .draw import Draw, Json, iso, spelled
from .people import Census, overlaps


def paid(draw: Draw, funds: list[str], start: date, end: date | None) -> list[Json]:
    """Share the nights of a stay out among payers, leaving some unpaid."""
    cut = start + timedelta(days=draw.within((1, 8)))
    parts: list[tuple[date, date | None]] = [(start, end)]
    if draw.chance(0.4) and (end is None or cut < end):
        parts = [(start, cut), (cut, end)]
    if draw.chance(0.05):
        parts = [(start - timedelta(days=2), cut + timedelta(days=9))]
    return [
        {"fund": draw.pick(funds), "from": iso(first), "until": iso(last)} for first, last in parts if draw.chance(0.85)
    ]


def away(draw: Draw, start: date, end: date | None) -> list[list[str]]:
    """Take the young person away from the bed for some nights."""
    last = end or draw.tonight
    ranges = []
    first = start + timedelta(days=draw.within((0, 4)))
    while first < last and draw.chance(0.5):
        back = min(last, first + timedelta(days=draw.within((1, 3))))
        ranges.append(spelled((first, back)))
        first = back + timedelta(days=draw.within((1, 4)))
    return ranges


class History:
    """Writes the stays of one minor, never two on one night."""

    def __init__(self, draw: Draw, houses: list[str], funds: list[str]) -> None:
        """Know where one can have stayed, and who can have paid."""
        self.draw, self.houses, self.funds = draw, houses, funds
        self.written = 0

    def stay(self, minor: str, start: date, end: date | None) -> Json:
        """Write one stay."""
        self.written += 1
        return {
            "id": f"stay_{self.written}",
            "minor": minor,
            "facility": self.draw.pick(self.houses),
            "bed": None,
            "admitted_on": iso(start),
            "left_on": iso(end),
            "away": away(self.draw, start, end),
            "payers": paid(self.draw, self.funds, start, end),
        }

    def of(self, minor: str) -> list[Json]:
        """Go back from tonight, stay by stay; the last may go on, or be planned."""
        draw, stays = self.draw, []
        if draw.chance(0.3):
            start = draw.near(20, 6)
            left = draw.pick((None, max(start, draw.tonight) + timedelta(days=draw.within((1, 9)))))
            stays.append(self.stay(minor, start, left))
        else:
            start = draw.near(2, 1)
        for _ in range(draw.within((0, 3))):
            end = start - timedelta(days=draw.pick((0, 0, 1, 1, 2, 3, 5, 9, 330, 350)))
            start = end - timedelta(days=draw.within((1, 14)))
            stays.append(self.stay(minor, start, end))
        return stays[::-1]

    def of_another(self, minor: str) -> list[Json]:
        """Write the stay of somebody else, whose nights take a fund's beds."""
        start = self.draw.near(9, 9)
        end = self.draw.pick((None, start + timedelta(days=self.draw.within((1, 12)))))
        return [self.stay(minor, start, end)]


def lives_there(draw: Draw, census: Census, facilities: list[Json], stay: Json) -> None:
    """Put the minor of a stay that goes on into an occupied bed of its house, where one is left."""
    start, left = date.fromisoformat(stay["admitted_on"]), stay["left_on"]
    end = None if left is None else date.fromisoformat(left)
    gone = end is not None and end <= draw.tonight
    for facility in facilities:
        used = {entry["bed"] for entry in facility["residents"]}
        free = [bed for unit in facility["units"] for bed in unit["beds"] if bed["id"] not in used]
        if facility["id"] != stay["facility"] or not free or gone or draw.chance(0.2):
            continue
        if overlaps(census.people.get(stay["minor"], []), start, end):
            continue
        bed = draw.pick(free)
        bed["status"] = draw.pick(("occupied", "occupied", "occupied", "open"))
        census.people.setdefault(stay["minor"], []).append((start, end))
        entry = census.entry(bed["id"], start, end) | {"minor": stay["minor"]}
        facility["residents"].append(entry)
