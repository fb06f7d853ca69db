"""Invented young people: a profile without identity, as a snapshot holds it."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from app.demo.calendar import birthday
from app.demo.draw import Draw
from app.demo.geography import County, draw_county, place

Json = dict[str, Any]
# Of the verified minors of one real state in 2024, 69 % were 15 to 17 years old.
_AGES = ((11, 2), (12, 5), (13, 10), (14, 16), (15, 24), (16, 26), (17, 19), (18, 3), (19, 2), (20, 1))
CUSTODY = (("none", 36), ("parent", 26), ("dependent", 22), ("ward_state", 9), ("ward_justice", 7))
PLACED = "agency_placement"
APPROVALS = ((PLACED, 80), ("receiving_extension", 60), ("county_extension", 10))
LANGUAGES = ((["en"], 86), (["es"], 9), (["en", "es"], 5))


def minor_document(
    draw: Draw,
    *,
    born_on: date | None,
    gender: str | None,
    custody: str | None,
    trafficking: str | None,
    home: County | None,
    found: County | None = None,
    jurisdiction: County | None = None,
    **more: Any,
) -> Json:
    """A minor with the facts that are known; what is not given stays not known."""
    document: Json = {
        "id": draw.ident("min"),
        "born_on": None if born_on is None else born_on.isoformat(),
        "age_range": None,
        "gender": gender,
        "residence": None if home is None else place(home),
        "found": None if found is None else place(found),
        "jurisdiction": None if jurisdiction is None else place(jurisdiction),
        "custody": custody,
        "trafficking": trafficking,
        "needs": needs(),
        "approvals": [],
    }
    return document | more


def needs(**known: Any) -> Json:
    """What a minor needs: nothing named, unless said."""
    usual = {"services": [], "services_required": [], "languages": ["en"], "conditions": [], "infants": 0}
    return usual | known


def born(draw: Draw, age: int, day: date) -> date:
    """A date of birth that makes someone this old on a date, with two months to the next birthday."""
    return birthday(day, -age) - timedelta(days=draw.between(0, 300))


def draw_person(
    draw: Draw, *, genders: Sequence[str], ages: tuple[int, int], admits: Sequence[str], region: str | None, day: date
) -> Json:
    """Someone whom a house of these genders, ages and statuses could have admitted on a day."""
    age = draw.weighted([(age, weight) for age, weight in _AGES if ages[0] <= age <= ages[1]])
    custody = draw.weighted(CUSTODY)
    home = draw_county(draw, region if draw.chance(60) else None)
    under_care = custody in ("dependent", "ward_state")
    return minor_document(
        draw,
        born_on=born(draw, age, day),
        gender="female" if "female" in genders and draw.chance(95) else draw.pick(genders),
        custody=custody,
        trafficking=draw.weighted([(status, 3 if status == "verified" else 1) for status in admits]),
        home=home,
        found=home if draw.chance(45) else draw_county(draw),
        jurisdiction=home if custody not in ("none", "parent") else None,
        approvals=[code for code, percent in APPROVALS if draw.chance(percent * (under_care or code != PLACED))],
        needs=needs(languages=draw.weighted(LANGUAGES)),
        history="complete",
    )
