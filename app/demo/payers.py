"""Who paid the nights of an invented stay: a plain reading of the limits, so that no clock is ever broken.

Clocks that look back are read as if they looked back over the whole year that is told: a fund that could have paid
again does not always do so here, and no fund pays a night that it could not.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from app.demo.calendar import age_on, birthday, holidays
from app.demo.houses import House

Json = dict[str, Any]
NO_END = date.max


class Ledger:
    """What each fund has paid for each minor, and for how many minors on each night."""

    def __init__(self, funds: Sequence[Json], tonight: date) -> None:
        self._funds = {fund["id"]: fund for fund in funds}
        self._used: Counter[tuple[str, str]] = Counter()
        self._chains: dict[tuple[str, str], tuple[date, date]] = {}
        """The first night paid in the latest chain of stays, and the day on which its last stay ended."""
        self._nights: dict[str, Counter[date]] = {fund["id"]: Counter() for fund in funds}
        self._tonight = tonight
        self._holidays = set(holidays(tonight - timedelta(days=400), tonight + timedelta(days=400)))

    def payers(self, house: House, minor: Json, admitted: date, end: date) -> list[Json]:
        """Blocks of payers from admission, each night paid, until `end` or until nobody can pay. Commits nothing."""
        blocks: list[Json] = []
        night = admitted
        while night < end:
            best = max(
                (
                    (self._until(fund, house, minor, admitted, night), not fund["last_resort"], name)
                    for name in house.funds
                    if (fund := self._funds[name]) and name not in {block["fund"] for block in blocks}
                ),
                key=lambda offer: (offer[0] > night and offer[1], offer[0]),
                default=(night, False, ""),
            )
            if best[0] <= night:
                break
            until = min(best[0], end)
            blocks.append({"fund": best[2], "from": night, "until": until})
            night = until
        return blocks

    def commit(self, minor: Json, admitted: date, left: date, blocks: Sequence[Json]) -> None:
        """Count the nights of a stay as paid."""
        for block in blocks:
            key = (block["fund"], minor["id"])
            last = min(block["until"], self._tonight + timedelta(days=365))
            self._used[key] += (last - block["from"]).days
            first = self._chain_start(key, admitted) or block["from"]
            self._chains[key] = (first, left)
            for ahead in range((last - block["from"]).days):
                self._nights[block["fund"]][block["from"] + timedelta(days=ahead)] += 1

    def most_at_once(self, fund: str) -> int:
        """The most minors this fund has paid for on one night."""
        return max(self._nights[fund].values(), default=0)

    def _until(self, fund: Json, house: House, minor: Json, admitted: date, night: date) -> date:
        """When a block of this fund that begins on `night` would have to end; `night` itself where it cannot pay."""
        limit = _in_force(fund, admitted)
        if limit is None or not accepts(limit, house, minor, admitted):
            return night
        key = (fund["id"], minor["id"])
        ends = [self._clock_end(clock, minor, key, admitted, night) for clock in limit.get("clocks", ())]
        if limit.get("leaves_at_age"):
            ends.append(birthday(date.fromisoformat(minor["born_on"]), limit["leaves_at_age"]))
        return max(night, min(ends, default=NO_END))

    def _clock_end(self, clock: Json, minor: Json, key: tuple[str, str], admitted: date, night: date) -> date:
        """The first night that this clock would not pay."""
        extension = clock.get("extension")
        most = int(clock["limit"])
        if extension and extension["approval"] in minor["approvals"]:
            most += extension["by"]
        if clock["unit"] == "business_day":
            return self._business_day(night, most)
        if clock["window"] == "chain":
            return (self._chain_start(key, admitted) or night) + timedelta(days=most)
        if clock["window"] != "stay":
            most -= self._used[key]
        return night + timedelta(days=max(0, most))

    def _chain_start(self, key: tuple[str, str], admitted: date) -> date | None:
        """The first night that a fund paid in the chain of stays that an admission would join; None: it joins none."""
        if key not in self._chains:
            return None
        first, left = self._chains[key]
        gap = max(
            (clock.get("gap_days", 0) for row in self._funds[key[0]]["limits"] for clock in row.get("clocks", ())),
            default=0,
        )
        return first if (admitted - left).days <= gap else None

    def _business_day(self, start: date, n: int) -> date:
        """The n-th business day after a date: the day on which the young person leaves."""
        day = start
        while n:
            day += timedelta(days=1)
            n -= day.weekday() < 5 and day.isoformat() not in self._holidays
        return day


def _in_force(fund: Json, day: date) -> Json | None:
    """The row of a fund in force on a date."""
    for row in fund["limits"]:
        begun = date.fromisoformat(row["valid_from"]) <= day
        if begun and (not row.get("valid_until") or day < date.fromisoformat(row["valid_until"])):
            found: Json = row
            return found
    return None


def accepts(limit: Json, house: House, minor: Json, admitted: date) -> bool:
    """Whether a limit's conditions on who and where are met on the day of admission; every fact is known."""
    age = age_on(date.fromisoformat(minor["born_on"]), admitted)
    custody, residence = limit.get("custody") or {}, limit.get("residence")
    return (
        (limit.get("min_age") or 0) <= age <= (limit.get("max_age") or 150)
        and (not limit.get("trafficking") or minor["trafficking"] in limit["trafficking"])
        and (not custody.get("allow") or minor["custody"] in custody["allow"])
        and minor["custody"] not in (custody.get("deny") or ())
        and (not limit.get("facility_kinds") or house.kind in limit["facility_kinds"])
        and house.kind not in (limit.get("excluded_facility_kinds") or ())
        and set(limit.get("requires") or ()) <= set(minor["approvals"])
        and (residence is None or any(_lives(residence, minor[basis]) for basis in residence["basis"]))
    )


def _lives(residence: Json, place: Json) -> bool:
    """Whether a place is one that the limit names."""
    return place["county"] in (residence["counties"] or ()) or place["state"] in (residence["states"] or ())
