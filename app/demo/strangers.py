"""Those who live in a generic shelter: the house gives no names, only ages and whether they were trafficked."""

from datetime import date, timedelta
from typing import Any

from app.demo.draw import Draw
from app.demo.facilities import bed_places
from app.demo.houses import House

_STATUSES = (("none", 80), ("at_risk", 10), (None, 7), ("screening_pending", 3))


def strangers(house: House, draw: Draw, tonight: date) -> list[dict[str, Any]]:
    """One unnamed resident for every bed that is taken."""
    return [
        {
            "minor": None,
            "bed": place.bed,
            "trafficking": draw.weighted(_STATUSES),
            "age": draw.between(max(10, house.ages[0]), house.ages[1]),
            "from": None,
            "until": (tonight + timedelta(days=draw.between(1, 18))).isoformat() if draw.chance(40) else None,
        }
        for place in bed_places(house)
        if place.status == "occupied"
    ]
