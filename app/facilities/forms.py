"""A house in the contract's form, and as its columns hold it."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

Json = dict[str, Any]

LICENCE = ("status", "valid_from", "expires_on", "capacity", "min_age", "max_age", "genders", "infants")
_TERMS = ("status", "capacity", "min_age", "max_age", "genders", "infants")
FACTS = ("id", "kind", "state", "county", "place", "population", "admits", "services", "languages", "declines")
BED = ("status", "held_for", "confirmed_at")
UNIT = ("genders", "min_age", "max_age", "max_age_gap_years", "one_gender_a_night")


def facility_form(row: Any) -> Json:
    """What stands in a house's own row."""
    return {name: getattr(row, name) for name in FACTS}


def licence_form(rows: Iterable[Any], tonight: date) -> Json:
    """The licence that holds tonight, else the first to come; a renewal on the same terms carries it on.

    One of which nobody said since when it holds is the newest known on the day it was recorded: a suspension without a
    date closes the house.
    """
    ordered = sorted(rows, key=lambda row: (row.valid_from or row.recorded_at.date(), row.recorded_at, row.id))
    if not ordered:
        return dict.fromkeys(LICENCE)
    begun = [row for row in ordered if row.valid_from is None or row.valid_from <= tonight]
    current = begun[-1] if begun else ordered[0]
    form = {name: getattr(current, name) for name in LICENCE}
    for later in ordered[ordered.index(current) + 1 :]:
        if later.valid_from != form["expires_on"] or any(getattr(later, name) != form[name] for name in _TERMS):
            break
        form["expires_on"] = later.expires_on
    return form


def safeguard_form(row: Any) -> Json | None:
    """A safeguard as the engine may read it; without who verified it, when, and until when, it is not known."""
    if row.value is None or row.verified_by is None or row.verified_on is None or row.expires_on is None:
        return None
    return {"value": value_of(row.value), "verified_on": row.verified_on, "expires_on": row.expires_on}


def value_of(stored: str | None) -> bool | str | None:
    """A safeguard's value: yes, no, or a word."""
    return {"true": True, "false": False}.get(stored, stored) if stored is not None else None


def stored_value(value: bool | str | None) -> str | None:
    """How a safeguard's value is stored."""
    return ("true" if value else "false") if isinstance(value, bool) else value


def licence_columns(form: Mapping[str, Any]) -> Json:
    """The columns of a licence."""
    return {name: form[name] for name in LICENCE}


def unit_form(row: Any, beds: list[Json]) -> Json:
    """A unit and its beds."""
    return {"id": row.id, **{name: getattr(row, name) for name in UNIT}, "beds": beds}


def bed_form(row: Any, unavailable: list[list[date]]) -> Json:
    """A bed and the nights on which it cannot be slept in."""
    return {"id": row.id, **{name: getattr(row, name) for name in BED}, "unavailable": unavailable}
