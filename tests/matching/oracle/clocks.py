"""May a fund pay one night? Every clock, by writing the nights out and counting them."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta

from .facts import Json, day, inside, nights, opt_day
from .people import Pair


def past_stays(pair: Pair, start: date) -> list[Json]:
    """Give the minor's stays that began before the admission, in order."""
    own = [s for s in pair.snapshot["stays"] if s["minor"] == pair.minor["id"]]
    return sorted((s for s in own if day(s["admitted_on"]) < start), key=lambda s: day(s["admitted_on"]))


def continued(pair: Pair, start: date) -> Json | None:
    """Give the stay in this house that an admission on the date would go on with."""
    for stay in past_stays(pair, start):
        left = opt_day(stay.get("left_on"))
        if stay["facility"] == pair.facility["id"] and (left is None or left > start):
            return stay
    return None


def governing(pair: Pair, start: date) -> date:
    """Give the date whose limit row governs."""
    stay = continued(pair, start)
    return start if stay is None else day(stay["admitted_on"])


def end_of(stay: Json, start: date) -> date:
    """Give the first night not slept in a past stay, the admission at the latest."""
    return min(opt_day(stay.get("left_on")) or start, start)


def paid_by(stay: Json, fund: str, on: date) -> bool:
    """Tell whether a payer entry of the fund covers the night."""
    for entry in stay["payers"]:
        until = opt_day(entry.get("until"))
        if entry["fund"] == fund and day(entry["from"]) <= on and (until is None or on < until):
            return True
    return False


def paid_nights(stay: Json, fund: str, start: date) -> list[date]:
    """Write out the nights of a past stay that the fund paid."""
    slept = nights(day(stay["admitted_on"]), end_of(stay, start))
    return [night for night in slept if paid_by(stay, fund, night)]


def in_scope(clock: Json, pair: Pair, fund: str, start: date) -> list[Json]:
    """Give the past stays with a paid night that the clock may look at."""
    facility_only = clock.get("scope") == "facility"
    return [
        stay
        for stay in past_stays(pair, start)
        if paid_nights(stay, fund, start) and (not facility_only or stay["facility"] == pair.facility["id"])
    ]


def joined(clock: Json, pair: Pair, fund: str, start: date) -> list[Json]:
    """Go back from the admission over the paid stays while the gap is small enough."""
    chain: list[Json] = []
    first = start
    for stay in reversed(in_scope(clock, pair, fund, start)):
        if (first - end_of(stay, start)).days > (clock.get("gap_days") or 0):
            break
        chain.append(stay)
        first = day(stay["admitted_on"])
    return chain


def stays_seen(clock: Json, pair: Pair, fund: str, start: date) -> list[Json]:
    """Give the past stays whose nights the window may hold."""
    if clock["window"] == "stay":
        stay = continued(pair, start)
        return [] if stay is None else [stay]
    if clock["window"] == "chain":
        return joined(clock, pair, fund, start)
    return in_scope(clock, pair, fund, start)


def months_before(on: date, months: int) -> date:
    """Give the same day of an earlier month, or that month's last day."""
    index = on.year * 12 + on.month - 1 - months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(on.day, monthrange(year, month)[1]))


def year_start(on: date, begins: str) -> date:
    """Give the first day of the fiscal year that holds the date."""
    month, dom = (int(part) for part in begins.split("-"))
    this_year = date(on.year, month, dom)
    return this_year if this_year <= on else date(on.year - 1, month, dom)


def in_window(clock: Json, night: date, seen: date) -> bool:
    """Tell whether the window of a night holds another night."""
    if clock["window"] == "trailing":
        if clock.get("window_days") is not None:
            start = night - timedelta(days=clock["window_days"])
        else:
            start = months_before(night, clock["window_months"])
        return start < seen <= night
    if clock["window"] == "fiscal_year":
        begins = clock["fiscal_year_start"]
        return year_start(seen, begins) == year_start(night, begins)
    return True


def limit_of(clock: Json, minor: Json) -> int:
    """Give the limit with the extensions that have been approved."""
    limit: int = clock["limit"]
    extension = clock.get("extension")
    if extension is not None:
        granted = (minor.get("approvals") or []).count(extension["approval"])
        limit += extension["by"] * min(extension["times"], granted)
    return limit


def away_on(stay: Json, on: date) -> bool:
    """Tell whether the young person was away from the bed on that date."""
    return inside(on, stay.get("away"))


def pays_nights(clock: Json, pair: Pair, fund: str, start: date, night: date, assigned: list[date]) -> bool:
    """Count nights: past ones in the window, this stay's, and this one."""
    past = [
        seen
        for stay in stays_seen(clock, pair, fund, start)
        for seen in paid_nights(stay, fund, start)
        if in_window(clock, night, seen) and not (clock.get("absence") == "pauses" and away_on(stay, seen))
    ]
    own = [seen for seen in assigned if in_window(clock, night, seen)]
    return len(past) + len(own) + 1 <= limit_of(clock, pair.minor)


def paused_dates(stays: list[Json], start: date) -> set[date]:
    """Write out the dates away and the dates between two stays of the chain."""
    dates: set[date] = set()
    later = start
    for stay in sorted(stays, key=lambda s: day(s["admitted_on"]), reverse=True):
        slept = nights(day(stay["admitted_on"]), end_of(stay, start))
        dates |= {on for on in slept if away_on(stay, on)}
        dates |= set(nights(end_of(stay, start), later))
        later = day(stay["admitted_on"])
    return dates


def is_business_day(pair: Pair, on: date) -> bool:
    """Tell whether the date is a working day in the facility's State."""
    holidays = (pair.snapshot.get("holidays") or {}).get(pair.facility["state"]) or []
    return on.weekday() < 5 and on.isoformat() not in holidays


def counted(clock: Json, pair: Pair, dates: Iterable[date], paused: set[date]) -> int:
    """Count the dates of a calendar that runs on whoever pays."""
    kept = [on for on in dates if clock.get("absence") != "pauses" or on not in paused]
    if clock["unit"] == "business_day":
        kept = [on for on in kept if is_business_day(pair, on)]
    return len(kept)


def pays_days(clock: Json, pair: Pair, fund: str, start: date, night: date, assigned: list[date]) -> bool:
    """Count the dates after the calendar's first."""
    stays = stays_seen(clock, pair, fund, start)
    past = [seen for stay in stays for seen in paid_nights(stay, fund, start)]
    first = min([*past, *assigned, night])
    dates = [on for on in nights(first, night + timedelta(days=1)) if on > first]
    return counted(clock, pair, dates, paused_dates(stays, start)) < limit_of(clock, pair.minor)


def pays(clock: Json, pair: Pair, fund: str, start: date, night: date, assigned: list[date]) -> bool:
    """Tell whether one clock pays a night of a stay from the admission date."""
    rule = pays_nights if clock["unit"] == "night" else pays_days
    return rule(clock, pair, fund, start, night, assigned)
