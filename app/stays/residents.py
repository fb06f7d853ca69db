"""Who lives in each house, tonight and to come: the stays on record and the house's own list, without contradiction."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from matching.dates import age_on

Json = dict[str, Any]


def listed(
    placed: Mapping[str, Iterable[Any]],
    coming: Mapping[str, Iterable[Any]],
    house_list: Mapping[str, Iterable[Any]],
    minors: Mapping[str, Any],
    tonight: date,
) -> dict[str, list[Json]]:
    """The residents of each facility: everyone in a stay, for whom a bed is held later, and whom the house lists."""
    entries = [
        (facility, resident_of(stay, minors.get(stay.minor_id), tonight))
        for facility, stays in placed.items()
        for stay in stays
    ]
    entries += [
        (facility, _held(hold, minors.get(hold.minor_id), tonight))
        for facility, holds in coming.items()
        for hold in holds
    ]
    entries += [(facility, _as_listed(row)) for facility, rows in house_list.items() for row in rows]
    residents: dict[str, list[Json]] = {}
    by_minor: dict[str, list[Json]] = {}
    by_bed: dict[str, list[Json]] = {}
    for facility, entry in entries:
        # A stay on record counts before the house's list: nobody is in two places.
        if entry["minor"] is not None and any(_overlap(entry, other) for other in by_minor.get(entry["minor"], ())):
            continue
        # A bed is one person's. Who comes into one that is not known to become free is there, but in no bed yet.
        if any(_overlap(entry, other) for other in by_bed.get(entry["bed"] or "", ())):
            _unseat(entry, by_bed[entry["bed"]])
        if entry["minor"] is not None:
            by_minor.setdefault(entry["minor"], []).append(entry)
        if entry["bed"] is not None:
            by_bed.setdefault(entry["bed"], []).append(entry)
        residents.setdefault(facility, []).append(entry)
    return residents


def resident_of(stay: Any, minor: Any, tonight: date) -> Json:
    """The resident that a stay in force, or a planned one, makes."""
    until = stay.left_on
    if until is None and stay.expected_until is not None and stay.expected_until > tonight:
        until = stay.expected_until  # past its expected end and still there: no date is known
    first = stay.admitted_on if stay.admitted_on > tonight else None
    return _person(stay, minor, tonight) | {"from": first, "until": until}


def _held(hold: Any, minor: Any, tonight: date) -> Json:
    return _person(hold, minor, tonight) | {"from": hold.first_night, "until": hold.until_night}


def _person(placed: Any, minor: Any, tonight: date) -> Json:
    return {
        "minor": placed.minor_id,
        "bed": placed.bed_id,
        "trafficking": None if minor is None else minor.trafficking,
        "age": None if minor is None else age_of(minor, tonight),
        "gender": None,  # what she or he states stands among the minors, and counts
    }


def age_of(minor: Any, on: date) -> int | None:
    """Completed years, where they are known exactly."""
    if minor.born_on is not None:
        return age_on(minor.born_on, on) if minor.born_on <= on else None
    return minor.age_min if minor.age_min == minor.age_max else None


def _as_listed(row: Any) -> Json:
    return {
        "minor": row.minor_id,
        "bed": row.bed_id,
        "trafficking": row.trafficking,
        "age": row.age,
        "gender": row.gender,
        "from": row.present_from,
        "until": row.present_until,
    }


def _overlap(one: Json, other: Json) -> bool:
    first = max(one["from"] or date.min, other["from"] or date.min)
    return first < min(one["until"] or date.max, other["until"] or date.max)


def _unseat(entry: Json, others: list[Json]) -> None:
    """Take the bed from whoever begins later."""
    for other in [found for found in others if _overlap(entry, found)]:
        if (other["from"] or date.min) > (entry["from"] or date.min):
            other["bed"] = None
            others.remove(other)
        else:
            entry["bed"] = None
