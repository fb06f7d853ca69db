"""Who pays which nights, as a bar and as the table with the same numbers."""

from datetime import date, timedelta
from typing import Any

from app.answers.names import Names
from app.web import words
from app.web.translation import gettext

Json = dict[str, Any]
SHADES = "abc"
UNPAID = "z"


def first_night(entry: Json) -> date:
    """The night an option, or a later one, begins."""
    return date.fromisoformat(entry.get("admit_on") or entry["from"])


def cover(entry: Json, need: int) -> Json:
    """The bar: one unit of width per night of the need, a block per payer, the rest hatched."""
    start = first_night(entry)
    segments: list[Json] = []
    for at, payer in enumerate(entry["payers"]):
        first, end = (date.fromisoformat(payer[key]) for key in ("from", "until"))
        shade = SHADES[at % len(SHADES)]
        segments.append({"shade": shade, "x": (first - start).days, "width": (end - first).days})
    if entry["funded_nights"] < need:
        segments.append({"shade": UNPAID, "x": entry["funded_nights"], "width": need - entry["funded_nights"]})
    # In percent of the width: a pattern keeps its shape, however wide the bar is drawn.
    shown = [
        {"shade": row["shade"], "x": f"{100 * row['x'] / need:.2f}%", "width": f"{100 * row['width'] / need:.2f}%"}
        for row in segments
    ]
    return {"segments": shown, "changes": [row["x"] for row in shown[1:]]}


def payer_rows(entry: Json, names: Names, need: int, tonight: date) -> list[Json]:
    """First night, last night and number of nights of each payer, and of the nights that nobody pays."""
    rows = []
    for at, payer in enumerate(entry["payers"]):
        first, end = (date.fromisoformat(payer[key]) for key in ("from", "until"))
        shade = SHADES[at % len(SHADES)]
        rows.append(_row(names.fund(payer["fund"]), payer["fund"], shade, first, (end - first).days, tonight))
    unpaid = need - entry["funded_nights"]
    if unpaid:
        start = first_night(entry) + timedelta(days=entry["funded_nights"])
        rows.append(_row(gettext("Nobody pays"), None, UNPAID, start, unpaid, tonight))
    return rows


def _row(name: str, fund: str | None, shade: str, first: date, nights: int, tonight: date) -> Json:
    last = first + timedelta(days=nights - 1)
    return {
        "name": name,
        "fund": fund,
        "shade": shade,
        "first": words.day(first, tonight),
        "last": words.day(last, tonight),
        "nights": nights,
    }
