"""A house's year as a calendar: a square for each night, and the same numbers month by month."""

import csv
import io
from collections import defaultdict
from typing import Any

from app.reports.house import HouseNight, HouseYear
from app.web import words
from app.web.translation import gettext
from app.web.words import said

Json = dict[str, Any]
SIDE, STEP = 9, 10
HEAD = ("night", "beds_slept", "beds_unpaid", "beds_open", "somebody_waited")


def view(year: HouseYear) -> Json:
    """What the page shows."""
    turned = [night for night in year.nights if night.open and night.waited]
    months: defaultdict[str, list[HouseNight]] = defaultdict(list)
    for night in year.nights:
        months[f"{night.night:%Y-%m}"].append(night)
    return {
        "name": year.alias,
        "facility": year.facility,
        "beds": year.beds,
        "turned": len(turned),
        "squares": [_square(at, night) for at, night in enumerate(year.nights)],
        "width": STEP * -(-len(year.nights) // 7),
        "height": STEP * 7,
        "months": [_month(own) for own in months.values()],
        "noes": [
            {"reason": said(words.DECLINE_REASONS, no.reason), "count": f"{no.count:,}"}
            for no in year.refused_though_met
        ],
    }


def _square(at: int, night: HouseNight) -> Json:
    kind = "full" if not night.open else "missed" if night.waited else "open"
    return {"x": STEP * (at // 7), "y": STEP * (at % 7), "side": SIDE, "kind": kind}


def _month(own: list[HouseNight]) -> Json:
    first = own[0].night
    month = gettext(words.MONTHS[first.month - 1])
    return {
        "name": f"{month} {first.year}",
        "slept": f"{sum(night.slept for night in own):,}",
        "unpaid": f"{sum(night.unpaid for night in own):,}",
        "open": f"{sum(night.open for night in own):,}",
        "missed": f"{sum(night.open > 0 and night.waited for night in own):,}",
    }


def as_csv(year: HouseYear) -> str:
    """A row for each night."""
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(HEAD)
    for night in year.nights:
        sheet.writerow((night.night, night.slept, night.unpaid, night.open, "yes" if night.waited else "no"))
    return out.getvalue()
