"""The thirty who wait, as minors, referrals and past stays of a snapshot."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from app.demo.calendar import birthday
from app.demo.cases import MOVES_ON, SPECIAL, WAITING, PastStay, Waiting
from app.demo.draw import Draw
from app.demo.geography import County, county, point_near
from app.demo.history import History
from app.demo.payers import Ledger
from app.demo.people import born, minor_document, needs

Json = dict[str, Any]
LAST_CODE = 412


@dataclass(slots=True)
class Queue:
    """Who waits: in the order in which their referrals were opened, the special one last."""

    minors: list[Json] = field(default_factory=list)
    referrals: list[Json] = field(default_factory=list)
    stays: list[Json] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    """The display code of each referral."""
    by_label: dict[str, str] = field(default_factory=dict)
    """The referral behind each label of `cases`."""


def queue(history: History, ledger: Ledger, draw: Draw, as_of: datetime, tonight: date) -> Queue:
    """Make them, tie siblings and those to be kept apart to one another, and count what their past stays used."""
    waiting = Queue()
    rows = sorted(WAITING, key=lambda row: (-row.hours, row.label))
    minors = {row.label: _minor(row, draw, tonight) for row in rows}
    stays_now, minors[MOVES_ON] = _moves_on(history)
    recruiter = history.residents["fac_harbor"][0]["minor"]
    for code, row in enumerate(rows, start=LAST_CODE + 1 - len(rows)):
        minor = minors[row.label]
        _tie(row, minor, minors, recruiter)
        referral = _referral(row, minor, draw, as_of, tonight)
        if row.label == MOVES_ON:
            referral["needed_from"] = stays_now["payers"][-1]["until"]
        else:
            waiting.minors.append(minor)
        waiting.referrals.append(referral)
        waiting.codes[referral["id"]] = f"R-{code:04d}"
        waiting.by_label[row.label] = referral["id"]
        for past in row.past:
            waiting.stays.append(_past(past, minor, ledger, draw, tonight))
    return waiting


def _moves_on(history: History) -> tuple[Json, Json]:
    """The stay in the receiving center that is paid for the fewest nights more, and whose it is."""
    centers = [stay for stay in history.stays if stay["facility"] == "fac_willow" and stay["left_on"] is None]
    begun = [stay for stay in centers if not _planned(history, stay)]
    stay = min(begun, key=lambda stay: (stay["payers"][-1]["until"], stay["id"]))
    return stay, history.minors[stay["minor"]]


def _planned(history: History, stay: Json) -> bool:
    """Whether a stay has not begun: its resident entry says from when."""
    entries = history.residents[stay["facility"]]
    return any(entry["minor"] == stay["minor"] and entry["from"] is not None for entry in entries)


def _county(name: str | None) -> County | None:
    return None if name is None else county(name)


def _minor(row: Waiting, draw: Draw, tonight: date) -> Json:
    """The minor of a referral, with nothing that was not asked."""
    age, born_on = row.age, None
    if isinstance(age, int):
        born_on = born(draw, age, tonight)
        if row.birthday_in is not None:
            born_on = birthday(tonight + timedelta(days=row.birthday_in), -age - 1)
    more: Json = {"age_range": list(age)} if isinstance(age, tuple) else {}
    if row.label == SPECIAL:
        more["needs"] = {"conditions": [], "infants": 0}
    else:
        more["needs"] = needs(**row.needs)
    return minor_document(
        draw,
        born_on=born_on,
        gender=row.gender,
        custody=row.custody,
        trafficking=row.trafficking,
        home=_county(row.home),
        found=_county(row.found),
        jurisdiction=_county(row.court),
        approvals=list(row.approvals),
        **more,
    ) | dict(row.more)


def _tie(row: Waiting, minor: Json, minors: dict[str, Json], recruiter: str) -> None:
    """Siblings who wait too, and those with whom the minor must not live."""
    if row.together:
        minor["together_with"] = [minors[label]["id"] for label in row.together]
    apart = [minors[label]["id"] for label in row.apart]
    if row.label == "recruiter lives in a house":
        apart.append(recruiter)
    if apart:
        minor["avoid"] = {"counties": [], "circles": [], "minors": apart, "facilities": []}


def _referral(row: Waiting, minor: Json, draw: Draw, as_of: datetime, tonight: date) -> Json:
    """The referral; home is a point only where home is safe."""
    home = _county(row.home)
    return {
        "id": draw.ident("ref"),
        "minor": minor["id"],
        "opened_at": (as_of - timedelta(minutes=round(row.hours * 60))).isoformat(),
        "urgency": row.urgency,
        "needed_from": (tonight + timedelta(days=row.in_days)).isoformat(),
        "nights_needed": row.nights,
        "home_point": point_near(draw, home) if home is not None and row.home_is_safe else None,
    }


def _past(past: PastStay, minor: Json, ledger: Ledger, draw: Draw, tonight: date) -> Json:
    """A stay in a shelter before anyone knew what had happened, with what it used of a fund."""
    left = tonight - timedelta(days=past.ended)
    admitted = left - timedelta(days=past.nights)
    if past.fund is not None:
        ledger.commit(minor, admitted, left, [{"fund": past.fund, "from": admitted, "until": left}])
    return {
        "id": draw.ident("stay"),
        "minor": minor["id"],
        "facility": f"fac_{past.facility}",
        "bed": f"bed_{past.facility}_{past.bed}",
        "admitted_on": admitted.isoformat(),
        "left_on": left.isoformat(),
        "away": [],
        "payers": [{"fund": past.fund, "from": admitted.isoformat(), "until": left.isoformat()}] if past.fund else [],
    }
