"""Moves that are already agreed: who comes into a bed that frees, or that stands open for some nights more."""

from datetime import date, timedelta

from app.demo.draw import Draw
from app.demo.facilities import BedPlace, bed_places
from app.demo.geography import county
from app.demo.history import History, resident_document, stay_document
from app.demo.houses import HOUSES
from app.demo.payers import NO_END, Ledger
from app.demo.people import draw_person

_INTO_FREED_BEDS = 2
_OPEN_BED, _OPEN_NIGHTS = "bed_willow_a6", 6


def add_arrivals(history: History, ledger: Ledger, draw: Draw, tonight: date) -> None:
    """Plan an arrival into the receiving center's open bed, and into the beds that free first."""
    places = {place.bed: place for house in HOUSES for place in bed_places(house)}
    begins = [(places[_OPEN_BED], tonight + timedelta(days=_OPEN_NIGHTS))]
    freed = [
        (date.fromisoformat(entry["until"]), entry["bed"])
        for entries in history.residents.values()
        for entry in entries
        if entry["until"]
    ]
    begins += [(places[bed], day + timedelta(days=1)) for day, bed in sorted(freed)[:_INTO_FREED_BEDS]]
    for place, day in begins:
        _arrive(place, day, history, ledger, draw, tonight)


def _arrive(place: BedPlace, day: date, history: History, ledger: Ledger, draw: Draw, tonight: date) -> None:
    """Somebody new for a bed from a day to come, with who will pay."""
    house = place.house
    for _ in range(400):
        minor = draw_person(
            draw,
            genders=place.unit.genders or house.genders,
            ages=(place.unit.ages[0] or house.ages[0], place.unit.ages[1] or house.ages[1]),
            admits=house.admits or ("verified", "at_risk"),
            region=county(house.county).region,
            day=day,
        )
        blocks = ledger.payers(house, minor, day, NO_END)
        if blocks:
            break
    else:
        raise RuntimeError(f"nobody found for a bed of {house.facility}")
    ledger.commit(minor, day, NO_END, blocks)
    history.minors[minor["id"]] = minor
    history.stays.append(stay_document(draw, minor, place, day, None, blocks))
    history.residents[house.facility].append(resident_document(minor, place, tonight, begins=day))
