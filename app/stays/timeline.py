"""The cap timeline of a stay: nights by fund, today's line, and the nights that nobody pays, as picture and table."""

from datetime import date, timedelta
from typing import Any

from app.stays.schemas import StayRead
from app.web import words
from app.web.translation import gettext

Json = dict[str, Any]
SHADES = "abc"
SHOWN_BEYOND = timedelta(days=7)
"""How far past the last night on record the picture goes where no end is known."""


def timeline(stay: StayRead, names: dict[str, str], tonight: date) -> Json:
    """Segments and today's line in percent of the width, the rows of the table, and the first night nobody pays."""
    end = _end(stay, tonight)
    total = max(1, (end - stay.admitted_on).days)
    segments: list[Json] = []
    rows: list[Json] = []
    cursor = stay.admitted_on
    unpaid_from: date | None = None
    for payer in stay.payers:
        until = min(payer.until or end, end)
        if payer.from_ > cursor:
            unpaid_from = unpaid_from or _future(cursor, tonight, payer.from_)
            _add(segments, rows, gettext("Nobody pays"), "z", cursor, payer.from_, stay.admitted_on, total, tonight)
        shade = SHADES[len([row for row in rows if row["shade"] != "z"]) % len(SHADES)]
        _add(
            segments,
            rows,
            names.get(payer.fund, payer.fund),
            shade,
            payer.from_,
            until,
            stay.admitted_on,
            total,
            tonight,
        )
        cursor = until
    if cursor < end:
        unpaid_from = unpaid_from or _future(cursor, tonight, end)
        start = stay.admitted_on
        if given_up_tonight(stay, tonight):
            gone = max(cursor, next(out.from_ for out in stay.away if out.from_ <= tonight < out.until))
            _add(segments, rows, gettext("Nobody pays"), "z", cursor, gone, start, total, tonight)
            _add(segments, rows, gettext("No bed kept"), "y", gone, end, start, total, tonight)
        else:
            _add(segments, rows, gettext("Nobody pays"), "z", cursor, end, start, total, tonight)
    elif unpaid_from is None and stay.left_on is None and stay.expected_until == end:
        unpaid_from = end
    today = 100 * (tonight - stay.admitted_on).days / total
    return {
        "segments": segments,
        "today": f"{today:.2f}%" if 0 <= today <= 100 else None,
        "rows": rows,
        "unpaid_from": unpaid_from,
    }


def given_up_tonight(stay: StayRead, tonight: date) -> bool:
    """Whether the young person is away tonight and gave the bed up, so that nobody needs to pay one."""
    away = any(out.from_ <= tonight < out.until for out in stay.away)
    return stay.left_on is None and stay.bed_id is None and away


def _end(stay: StayRead, tonight: date) -> date:
    """The first night that the picture does not show."""
    if stay.left_on is not None:
        return max(stay.left_on, stay.admitted_on + timedelta(days=1))
    known = [payer.until for payer in stay.payers if payer.until is not None]
    known += [stay.expected_until] if stay.expected_until is not None else []
    last = max(known, default=stay.admitted_on)
    return max(last, tonight + timedelta(days=1)) if stay.expected_until else max(last, tonight + SHOWN_BEYOND)


def _future(first: date, tonight: date, until: date) -> date | None:
    """The first night of an unpaid gap that is not over; None for a gap of the past."""
    return max(first, tonight) if until > tonight else None


def _add(
    segments: list[Json], rows: list[Json], name: str, shade: str, first: date, until: date, start: date, total: int,
    tonight: date,
) -> None:  # fmt: skip
    nights = (until - first).days
    if nights <= 0:
        return
    x, width = 100 * (first - start).days / total, 100 * nights / total
    segments.append({"shade": shade, "x": f"{x:.2f}%", "width": f"{width:.2f}%"})
    last = until - timedelta(days=1)
    used = max(0, min(nights, (tonight - first).days))
    rows.append(
        {
            "name": name,
            "shade": shade,
            "first": words.day(first, tonight),
            "last": words.day(last, tonight),
            "nights": nights,
            "used": used,
        }
    )
