"""Who is in a house on a date, which beds are free, and the first night that fits."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from .facts import (
    MET,
    NOT_MET,
    UNKNOWN,
    Json,
    ages,
    all_of,
    day,
    gender_in,
    in_band,
    inside,
    nights,
    opt_day,
    plus,
)


@dataclass(frozen=True)
class Pair:
    """A minor, a facility, and the referrals whose held beds are this minor's."""

    snapshot: Json
    minor: Json
    facility: Json
    referrals: tuple[str, ...]

    @property
    def tonight(self) -> date:
        """The first night that can be slept."""
        return day(self.snapshot["tonight"])


def avoided(minor: Json, kind: str) -> list[str]:
    """Give one of the lists of what the minor avoids; none is empty."""
    found: list[str] = (minor.get("avoid") or {}).get(kind) or []
    return found


def begun(entry: Json, on: date) -> bool:
    """Tell whether a resident entry has begun by the date."""
    first = opt_day(entry.get("from"))
    return first is None or first <= on


def present(entry: Json, on: date) -> bool:
    """Tell whether a resident entry is present on the date."""
    end = opt_day(entry.get("until"))
    return begun(entry, on) and (end is None or on < end)


def entries(facility: Json) -> list[Json]:
    """Give the resident entries of a house."""
    rows: list[Json] = facility.get("residents") or []
    return rows


def beds(facility: Json) -> Iterator[tuple[Json, Json]]:
    """Give every unit and bed of a house."""
    return ((unit, bed) for unit in facility["units"] for bed in unit["beds"])


def others_present(pair: Pair, on: date) -> list[Json]:
    """Give the residents present on the date, without the minor's own entry."""
    mine = pair.minor["id"]
    return [e for e in entries(pair.facility) if present(e, on) and e.get("minor") != mine]


def unlisted(facility: Json, on: date) -> int:
    """Count occupied beds that no entry begun by the date names."""
    named = {e.get("bed") for e in entries(facility) if begun(e, on)}
    return sum(bed["status"] == "occupied" and bed["id"] not in named for _, bed in beds(facility))


def present_anywhere(snapshot: Json, minor_id: str, on: date) -> bool:
    """Tell whether an entry of the minor, in any house, is present on the date."""
    return any(
        present(entry, on) and entry.get("minor") == minor_id
        for facility in snapshot["facilities"]
        for entry in entries(facility)
    )


def siblings(pair: Pair, on: date) -> list[Pair]:
    """Give the others of the group on the date."""
    snapshot = pair.snapshot
    found = []
    for minor_id in sorted(set(pair.minor.get("together_with") or [])):
        own = tuple(r["id"] for r in snapshot["referrals"] if r["minor"] == minor_id)
        if minor_id == pair.minor["id"] or minor_id in avoided(pair.minor, "minors"):
            continue
        if own and not present_anywhere(snapshot, minor_id, on):
            (minor,) = [m for m in snapshot["minors"] if m["id"] == minor_id]
            found.append(Pair(snapshot, minor, pair.facility, own))
    return found


def is_free(pair: Pair, bed: Json, on: date) -> bool:
    """Tell whether the minor could sleep in this bed on that night."""
    naming = [e for e in entries(pair.facility) if e.get("bed") == bed["id"]]
    if inside(on, bed.get("unavailable")):
        return False
    if any(present(e, on) and e.get("minor") != pair.minor["id"] for e in naming):
        return False
    if any(begun(e, on) for e in naming):
        return True
    if bed["status"] == "held":
        return bed.get("held_for") in pair.referrals
    return bed["status"] == "open" or (bed["status"] == "cleaning" and on > pair.tonight)


def gap_to(pair: Pair, entry: Json, limit: int, on: date) -> str:
    """Hold every possible difference in years between two young people against the gap."""
    own = ages(pair.minor, on)
    if own is None or entry.get("age") is None:
        return UNKNOWN
    fits = [abs(age - entry["age"]) <= limit for age in own]
    return MET if all(fits) else UNKNOWN if any(fits) else NOT_MET


def in_unit(pair: Pair, unit: Json, on: date) -> list[Json]:
    """Give the others present whose bed is in the unit."""
    here = {bed["id"] for bed in unit["beds"]}
    return [entry for entry in others_present(pair, on) if entry.get("bed") in here]


def age_gap(pair: Pair, unit: Json, on: date) -> str:
    """Judge the age gap between the minor and each resident of the unit."""
    limit = unit.get("max_age_gap_years")
    if limit is None:
        return MET
    return all_of(gap_to(pair, entry, limit, on) for entry in in_unit(pair, unit, on))


def states(pair: Pair, entry: Json) -> str | None:
    """Give what a resident states, or else what the house says."""
    own = [m.get("gender") for m in pair.snapshot["minors"] if m["id"] == entry.get("minor")]
    stated: str | None = own[0] if own and own[0] is not None else entry.get("gender")
    return stated


def beside(own: str | None, other: str | None) -> str:
    """Hold two stated genders against each other: nonbinary beside another is a question, and so is nothing stated."""
    if own is not None and own == other:
        return MET
    return NOT_MET if {own, other} == {"female", "male"} else UNKNOWN


def unlisted_in(pair: Pair, unit: Json, on: date) -> bool:
    """Tell whether an occupied bed of the unit names nobody."""
    return unlisted({**pair.facility, "units": [unit]}, on) > 0


def one_gender(pair: Pair, unit: Json, on: date) -> str:
    """Judge whether the minor and all who sleep in the unit that night are of one gender, where it asks for it."""
    if not unit.get("one_gender_a_night"):
        return MET
    said = [beside(pair.minor.get("gender"), states(pair, entry)) for entry in in_unit(pair, unit, on)]
    return all_of([*said, *([UNKNOWN] if unlisted_in(pair, unit, on) else [])])


def unit_gender(pair: Pair, unit: Json) -> str:
    """Judge the minor's gender against the unit's."""
    listed = unit.get("genders")
    return MET if listed is None else gender_in(pair.minor.get("gender"), listed)


def unit_outcome(pair: Pair, unit: Json, on: date, *, with_gap: bool) -> str:
    """Judge one unit: genders, age band and, where asked, those who sleep there: their ages and genders."""
    return all_of(
        [
            unit_gender(pair, unit),
            in_band(pair.minor, on, unit.get("min_age"), unit.get("max_age")),
            age_gap(pair, unit, on) if with_gap else MET,
            one_gender(pair, unit, on) if with_gap else MET,
        ]
    )


def fitting_beds(pair: Pair, on: date) -> list[tuple[Json, Json]]:
    """Give the free beds of the units that are not against the minor."""
    return [
        (unit, bed)
        for unit, bed in beds(pair.facility)
        if is_free(pair, bed, on) and unit_outcome(pair, unit, on, with_gap=True) != NOT_MET
    ]


def all_seated(members: list[Pair], on: date, taken: tuple[str, ...] = ()) -> bool:
    """Try every way of giving each a different free bed that fits."""
    if not members:
        return True
    first, *rest = members
    return any(
        all_seated(rest, on, (*taken, bed["id"])) for _, bed in fitting_beds(first, on) if bed["id"] not in taken
    )


def mixed_since(pair: Pair, unit: Json, start: date, on: date) -> bool:
    """Tell whether somebody is in a unit of one gender who came after the start and may be of another."""
    there = in_unit(pair, unit, on) if unit.get("one_gender_a_night") else []
    came = [entry for entry in there if not begun(entry, start)]
    return any(beside(pair.minor.get("gender"), states(pair, entry)) != MET for entry in came)


def bed_until(pair: Pair, unit: Json, bed: Json, start: date, need: int) -> date | None:
    """Give the first night of the need on which the minor can have the bed no longer."""
    for night in nights(start, plus(start, need)):
        if not is_free(pair, bed, night) or mixed_since(pair, unit, start, night):
            return night
    return None


def choose_bed(pair: Pair, start: date, need: int) -> tuple[Json, Json, date | None]:
    """Give unit, bed and the bed's end: best unit, then longest, then smallest id."""
    rest = siblings(pair, start)
    ranked = []
    for unit, bed in fitting_beds(pair, start):
        if all_seated(rest, start, (bed["id"],)):
            best = unit_outcome(pair, unit, start, with_gap=True) != MET
            end = bed_until(pair, unit, bed, start, need)
            ranked.append((best, -(end or date.max).toordinal(), bed["id"], unit, bed, end))
    _, _, _, unit, bed, end = min(ranked, key=lambda row: row[:3])
    return unit, bed, end
