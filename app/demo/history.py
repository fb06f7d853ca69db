"""A year of stays in the seven houses, bed by bed, with who paid; the last ones are tonight's residents."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from heapq import heapify, heappop, heappush
from typing import Any

from app.demo.calendar import age_on, birthday
from app.demo.draw import Draw
from app.demo.facilities import BedPlace, bed_places
from app.demo.geography import county
from app.demo.houses import House
from app.demo.payers import NO_END, Ledger
from app.demo.people import draw_person

Json = dict[str, Any]
_YEAR = 365
# Nights slept, by kind of house: shortest, longest, weight. Means near 60 nights; many leave within a week.
LENGTHS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "assessment_center": ((2, 5, 35), (6, 11, 45), (12, 14, 20)),
    "transitional_living": ((10, 60, 20), (61, 200, 50), (201, 330, 30)),
    "": ((1, 7, 20), (8, 30, 25), (31, 90, 35), (91, 190, 20)),
}
_FROM_ANOTHER = 75  # of 100 admissions, how many come straight from another house where one can be found
_DAYS_EMPTY = {"open": (1, 9), "held": (1, 4), "cleaning": (0, 0), "offline": (4, 20)}


@dataclass(frozen=True, slots=True)
class Opening:
    """A bed from the day on which somebody can move in, for so many nights; its nights are told until `stands`."""

    place: BedPlace
    admitted: date
    nights: int
    stands: date

    @property
    def reaches(self) -> bool:
        """Whether this is the last stay before the bed stands as it does tonight."""
        return self.admitted + timedelta(days=self.nights) >= self.stands - timedelta(days=3)

    @property
    def stays_on(self) -> bool:
        """Whether the one who moves in would still be there."""
        return self.reaches and self.place.status == "occupied"


@dataclass(slots=True)
class History:
    """The minors, their stays, and who is in which house tonight or will be."""

    minors: dict[str, Json] = field(default_factory=dict)
    stays: list[Json] = field(default_factory=list)
    residents: dict[str, list[Json]] = field(default_factory=dict)
    gone: dict[str, date] = field(default_factory=dict)
    """When each minor left the last house; `NO_END` for one who is still there."""


def year_of_stays(houses: tuple[House, ...], ledger: Ledger, draw: Draw, tonight: date) -> History:
    """Fill every bed for the year before tonight, in the order in which young people moved in."""
    history = History(residents={house.facility: [] for house in houses})
    beds = {place.bed: (place, _stands(place, draw, tonight)) for house in houses for place in bed_places(house)}
    queue = [(tonight - timedelta(days=_YEAR - draw.between(0, 14)), bed) for bed in beds]
    heapify(queue)
    while queue:
        admitted, bed = heappop(queue)
        place, stands = beds[bed]
        opening = Opening(place, admitted, _length(place.house, draw), stands)
        left = _settle(opening, history, ledger, draw, tonight)
        if left is not None and left + timedelta(days=3) < stands:
            heappush(queue, (left + timedelta(days=draw.between(0, 2)), bed))
        elif left is not None and place.status == "occupied":
            heappush(queue, (tonight - timedelta(days=1), bed))
    return history


def _stands(place: BedPlace, draw: Draw, tonight: date) -> date:
    """The day until which the nights of a bed are told: tonight, or when it was last left."""
    empty = draw.between(*_DAYS_EMPTY.get(place.status, (0, 0)))
    return tonight - timedelta(days=empty)


def _length(house: House, draw: Draw) -> int:
    """How long a stay in this house is meant to last."""
    lengths = LENGTHS.get(house.kind, LENGTHS[""])
    shortest, longest = draw.weighted([((low, high), weight) for low, high, weight in lengths])
    return draw.between(shortest, longest)


def _settle(opening: Opening, history: History, ledger: Ledger, draw: Draw, tonight: date) -> date | None:
    """Give a bed to someone whose nights there are paid, write the stay down, and say when it ended; None: not yet."""
    minor, blocks = _someone(opening, history, ledger, draw, tonight)
    left: date | None = None
    if opening.stays_on and blocks[-1]["until"] > tonight:
        leaves = tonight + timedelta(days=draw.between(2, 20)) if draw.chance(25) else None
        blocks = _until(blocks, leaves or NO_END)
        resident = resident_document(minor, opening.place, tonight, until=leaves)
        history.residents[opening.place.house.facility].append(resident)
    else:
        meant = opening.stands if opening.reaches else opening.admitted + timedelta(days=opening.nights)
        unpaid = draw.between(1, 3) if draw.chance(15) else 0
        left = min(meant, blocks[-1]["until"] + timedelta(days=unpaid), tonight - timedelta(days=opening.stays_on))
        blocks = _until(blocks, left)
    ledger.commit(minor, opening.admitted, left or NO_END, blocks)
    history.minors[minor["id"]] = minor
    history.gone[minor["id"]] = left or NO_END
    history.stays.append(stay_document(draw, minor, opening.place, opening.admitted, left, blocks))
    return left


def _until(blocks: list[Json], end: date) -> list[Json]:
    """The payers of the nights before `end`."""
    return [block | {"until": min(block["until"], end)} for block in blocks if block["from"] < end]


def _someone(opening: Opening, history: History, ledger: Ledger, draw: Draw, tonight: date) -> tuple[Json, list[Json]]:
    """Someone whom the house takes and somebody pays for. A bed that is taken tonight is not left on this very day."""
    house = opening.place.house
    grown = opening.admitted + timedelta(days=opening.nights + 30)
    for _ in range(400):
        minor = _candidate(opening, history, draw)
        if birthday(date.fromisoformat(minor["born_on"]), house.ages[1] + 1) <= grown:
            continue
        blocks = ledger.payers(house, minor, opening.admitted, NO_END)
        too_short = opening.stays_on and opening.admitted >= tonight - timedelta(days=1)
        if blocks and not (too_short and blocks[-1]["until"] <= tonight):
            return minor, blocks
    raise RuntimeError(f"nobody found for a bed of {house.facility}")


def _candidate(opening: Opening, history: History, draw: Draw) -> Json:
    """Someone who has just left another house, someone who was in a house long before, or someone new."""
    house, unit = opening.place.house, opening.place.unit
    genders = unit.genders or house.genders
    ages = (unit.ages[0] or house.ages[0], unit.ages[1] or house.ages[1])
    admits = house.admits or ("verified", "at_risk")
    just_left, long_gone = draw.chance(_FROM_ANOTHER), draw.chance(12)
    if history.gone and (just_left or long_gone):
        for _ in range(30):
            minor = history.minors[draw.pick(history.stays[-40 if just_left else 0 :])["minor"]]
            days = (opening.admitted - history.gone[minor["id"]]).days
            age = age_on(date.fromisoformat(minor["born_on"]), opening.admitted)
            fits = minor["gender"] in genders and ages[0] <= age <= ages[1] and minor["trafficking"] in admits
            if fits and (0 <= days <= 3 if just_left else days >= 10):
                return minor
    region = county(house.county).region
    return draw_person(draw, genders=genders, ages=ages, admits=admits, region=region, day=opening.admitted)


def stay_document(
    draw: Draw, minor: Json, place: BedPlace, admitted: date, left: date | None, blocks: list[Json]
) -> Json:
    """A stay of the snapshot; one in twelve long ones has a few nights away."""
    away = []
    if left is not None and (left - admitted).days > 12 and draw.chance(8):
        gone = admitted + timedelta(days=draw.between(3, 8))
        away.append([gone.isoformat(), (gone + timedelta(days=draw.between(1, 3))).isoformat()])
    return {
        "id": draw.ident("stay"),
        "minor": minor["id"],
        "facility": place.house.facility,
        "bed": place.bed,
        "admitted_on": admitted.isoformat(),
        "left_on": None if left is None else left.isoformat(),
        "away": away,
        "payers": [
            {
                "fund": block["fund"],
                "from": block["from"].isoformat(),
                "until": None if block["until"] == NO_END else block["until"].isoformat(),
            }
            for block in blocks
        ],
    }


def resident_document(
    minor: Json, place: BedPlace, tonight: date, *, begins: date | None = None, until: date | None = None
) -> Json:
    """Someone who lives in a house or, with `begins`, will."""
    return {
        "minor": minor["id"],
        "bed": place.bed,
        "trafficking": minor["trafficking"],
        "age": age_on(date.fromisoformat(minor["born_on"]), tonight),
        "from": None if begins is None else begins.isoformat(),
        "until": None if until is None else until.isoformat(),
    }
