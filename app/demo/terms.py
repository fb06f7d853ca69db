"""The words a fund's limits are written in: clocks, residence, and a fund around its dated rows."""

from typing import Any

from app.demo.geography import STATE

Json = dict[str, Any]
WARDS = ["ward_state", "ward_justice"]
NO_FAMILY_HOMES = ["secure_detention", "foster_home", "therapeutic_foster_home"]


def fund(ident: str, *limits: Json, last_resort: bool = False) -> Json:
    """A fund with its dated limits; its names come from its card."""
    return {"id": ident, "last_resort": last_resort, "limits": list(limits)}


def clock(name: str, limit: int, unit: str, window: str, **more: Any) -> Json:
    """One stay cap."""
    return {"id": name, "limit": limit, "unit": unit, "window": window, **more}


def in_counties(counties: list[str], *basis: str) -> Json:
    """A residence limit by county."""
    return {"basis": list(basis), "counties": counties, "places": None, "states": None}


def in_state(*basis: str) -> Json:
    """A residence limit by the demo's State."""
    return {"basis": list(basis), "counties": None, "places": None, "states": [STATE]}
