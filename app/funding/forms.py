"""A fund's limit in the contract's form, and as its columns hold it."""

from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]

_SAME = (
    "valid_from",
    "valid_until",
    "citation",
    "min_age",
    "max_age",
    "leaves_at_age",
    "trafficking",
    "genders",
    "facility_kinds",
    "excluded_facility_kinds",
    "requires",
    "beds_per_night",
    "nights_granted",
    "rate_cents",
)
LIMIT_COLUMNS = (
    *_SAME,
    *(f"residence_{name}" for name in ("basis", "counties", "places", "states")),
    *(f"custody_{name}" for name in ("allow", "deny")),
)
_CLOCK_SAME = (
    "limit",
    "unit",
    "window",
    "window_days",
    "window_months",
    "scope",
    "gap_days",
    "absence",
    "fiscal_year_start",
)


def limit_form(row: Any, clocks: Iterable[Any]) -> Json:
    """The limit of a row and its clocks, in order."""
    form: Json = {name: getattr(row, name) for name in _SAME}
    form["residence"] = None
    if row.residence_basis is not None:
        form["residence"] = {
            "basis": row.residence_basis,
            "counties": row.residence_counties,
            "places": row.residence_places,
            "states": row.residence_states,
        }
    form["custody"] = None
    if row.custody_allow is not None or row.custody_deny is not None:
        form["custody"] = {"allow": row.custody_allow, "deny": row.custody_deny}
    form["clocks"] = [clock_form(clock) for clock in clocks]
    return form


def limit_columns(form: Mapping[str, Any]) -> Json:
    """The columns of a limit; its clocks are rows of their own."""
    residence, custody = form["residence"] or {}, form["custody"] or {}
    columns: Json = {name: form[name] for name in _SAME}
    columns |= {f"residence_{name}": residence.get(name) for name in ("basis", "counties", "places", "states")}
    return columns | {f"custody_{name}": custody.get(name) for name in ("allow", "deny")}


def clock_columns(limit_id: str, clocks: Iterable[Mapping[str, Any]]) -> list[Json]:
    """The rows of a limit's clocks, in order."""
    rows = []
    for position, clock in enumerate(clocks):
        extension = clock["extension"] or {}
        row: Json = {"limit_id": limit_id, "position": position, "code": clock["id"]}
        row |= {name: clock[name] for name in _CLOCK_SAME}
        rows.append(row | {f"extension_{name}": extension.get(name) for name in ("by", "times", "approval")})
    return rows


def clock_form(clock: Any) -> Json:
    """A stay cap of a limit."""
    form: Json = {"id": clock.code} | {name: getattr(clock, name) for name in _CLOCK_SAME}
    form["extension"] = None
    if clock.extension_approval is not None:
        form["extension"] = {
            "by": clock.extension_by,
            "times": clock.extension_times,
            "approval": clock.extension_approval,
        }
    return form
