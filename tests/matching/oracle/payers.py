"""The rules of a fund: those judged once for the stay, and those judged for each night."""

from collections.abc import Callable, Iterable
from datetime import date

from .clocks import continued, governing, paid_by, pays
from .facts import (
    MET,
    NOT_MET,
    UNKNOWN,
    Json,
    all_of,
    any_of,
    by_id,
    day,
    gender_in,
    in_band,
    nights,
    opt_day,
    place_of,
    plus,
    trafficking_in,
    yes,
)
from .people import Pair

NIGHT_RULES = ("funding.ages_out", "funding.clock", "funding.budget", "funding.beds")
PLURAL = {"counties": "county", "places": "place", "states": "state"}


def row_on(fund: Json, on: date) -> Json | None:
    """Give the limit row in force: the latest valid_from, of equal ones the first listed."""
    best: Json | None = None
    for row in fund["limits"]:
        until = opt_day(row.get("valid_until"))
        in_force = day(row["valid_from"]) <= on and (until is None or on < until)
        if in_force and (best is None or day(row["valid_from"]) > day(best["valid_from"])):
            best = row
    return best


def basis_outcome(minor: Json, basis: str, limit: Json) -> str:
    """Judge one basis of a residence limit that lists something."""
    if (minor.get(basis) or {}).get("none") is True:
        return NOT_MET
    parts = []
    for plural, kind in PLURAL.items():
        if limit.get(plural):
            value = place_of(minor, basis, kind)
            parts.append(UNKNOWN if value is None else yes(value in limit[plural]))
    return any_of(parts)


def residence(pair: Pair, row: Json) -> str:
    """Judge funding.residence."""
    limit = row.get("residence")
    if limit is None or not any(limit.get(plural) for plural in PLURAL):
        return MET
    return any_of(basis_outcome(pair.minor, basis, limit) for basis in limit["basis"])


def custody(pair: Pair, row: Json) -> str:
    """Judge funding.custody."""
    limit = row.get("custody") or {}
    allow, deny, status = limit.get("allow"), limit.get("deny") or [], pair.minor.get("custody")
    if allow is None and not deny:
        return MET
    if status is None:
        return UNKNOWN
    return yes((allow is None or status in allow) and status not in deny)


def trafficking(pair: Pair, row: Json) -> str:
    """Judge funding.trafficking."""
    listed = row.get("trafficking")
    return MET if listed is None else trafficking_in(pair.minor.get("trafficking"), listed)


def gender(pair: Pair, row: Json) -> str:
    """Judge funding.gender."""
    listed = row.get("genders")
    return MET if listed is None else gender_in(pair.minor.get("gender"), listed)


def facility_kind(pair: Pair, row: Json) -> str:
    """Judge funding.facility_kind."""
    kinds, kind = row.get("facility_kinds"), pair.facility["kind"]
    excluded = row.get("excluded_facility_kinds") or []
    return yes((kinds is None or kind in kinds) and kind not in excluded)


def requires(pair: Pair, row: Json) -> str:
    """Judge funding.requires."""
    codes, approvals = row.get("requires") or [], pair.minor.get("approvals")
    if not codes:
        return MET
    return UNKNOWN if approvals is None else yes(set(codes) <= set(approvals))


def once(pair: Pair, fund: Json, start: date) -> dict[str, str]:
    """Judge the rules that hold for a whole stay admitted on the date."""
    governed = governing(pair, start)
    row = row_on(fund, governed)
    if row is None:
        return {"funding.in_force": NOT_MET}
    age = in_band(pair.minor, governed, row.get("min_age"), row.get("max_age"))
    return {
        "funding.in_force": MET,
        "funding.age_band": age,
        "funding.residence": residence(pair, row),
        "funding.custody": custody(pair, row),
        "funding.trafficking": trafficking(pair, row),
        "funding.gender": gender(pair, row),
        "funding.facility_kind": facility_kind(pair, row),
        "funding.requires": requires(pair, row),
    }


def ages_out(pair: Pair, row: Json, night: date) -> str:
    """Judge funding.ages_out for a night."""
    leaves = row.get("leaves_at_age")
    return MET if leaves is None else in_band(pair.minor, night, None, leaves - 1)


def others_paid(pair: Pair, fund: str, night: date) -> int:
    """Count the stays of other minors that the fund pays on a night."""
    found = 0
    for stay in pair.snapshot["stays"]:
        left = opt_day(stay.get("left_on"))
        slept = day(stay["admitted_on"]) <= night and (left is None or night < left)
        if stay["minor"] != pair.minor["id"] and slept and paid_by(stay, fund, night):
            found += 1
    return found


def on_night(pair: Pair, fund: Json, row: Json, start: date, night: date, assigned: list[date]) -> dict[str, str]:
    """Judge the rules of one night, given this stay's nights already assigned to the fund."""
    fund_id, beds, left = fund["id"], row.get("beds_per_night"), row.get("nights_left")
    return {
        "funding.ages_out": ages_out(pair, row, night),
        "funding.clock": yes(all(pays(c, pair, fund_id, start, night, assigned) for c in row.get("clocks") or [])),
        "funding.budget": yes(left is None or len(assigned) < left),
        "funding.beds": yes(beds is None or others_paid(pair, fund_id, night) < beds),
    }


def outcomes(pair: Pair, fund: Json, start: date) -> dict[str, str]:
    """Give every finding of a fund on the admission date, the last resort aside."""
    found = once(pair, fund, start)
    row = row_on(fund, governing(pair, start))
    if row is not None:
        found |= on_night(pair, fund, row, start, start, [])
    return found


def accepted_funds(pair: Pair) -> list[Json]:
    """Give the funds the house accepts."""
    return [by_id(pair.snapshot["funds"], fund) for fund in pair.facility.get("funds") or []]


def accepted(pair: Pair) -> str:
    """Judge funding.accepted."""
    funds = pair.facility.get("funds")
    return UNKNOWN if funds is None else yes(len(funds) > 0)


def fund_outcomes(pair: Pair, start: date) -> dict[str, dict[str, str]]:
    """Give every finding of every accepted fund, by fund and by rule."""
    funds = accepted_funds(pair)
    found = {fund["id"]: outcomes(pair, fund, start) for fund in funds}
    first = {fund["id"]: all_of(found[fund["id"]].values()) for fund in funds}
    held_back = any(first[f["id"]] == MET for f in funds if not f.get("last_resort"))
    for fund in funds:
        waits = bool(fund.get("last_resort")) and held_back
        found[fund["id"]]["funding.last_resort"] = yes(not waits)
    return found


def first_change(now: str, dates: Iterable[date], judge: Callable[[date], str | None]) -> date | None:
    """Give the first date on which there is an outcome, and it is another."""
    return next((on for on in dates if judge(on) not in (None, now)), None)


def fund_changes(pair: Pair, fund: Json, start: date, need: int) -> dict[str, date | None]:
    """Scan the later dates of the need for each rule of a fund that has a date."""
    now = outcomes(pair, fund, start)
    row = row_on(fund, governing(pair, start))
    later = list(nights(plus(start, 1), plus(start, need)))
    changes: dict[str, date | None] = {}

    def as_if_admitted(code: str) -> Callable[[date], str | None]:
        return lambda on: once(pair, fund, on).get(code)

    def on_the_night(code: str, row: Json) -> Callable[[date], str | None]:
        return lambda on: on_night(pair, fund, row, start, on, [])[code]

    if continued(pair, start) is None:
        for code in set(now) & {"funding.in_force", "funding.age_band"}:
            changes[code] = first_change(now[code], later, as_if_admitted(code))
    if row is not None:
        for code in ("funding.ages_out", "funding.clock", "funding.beds"):
            changes[code] = first_change(now[code], later, on_the_night(code, row))
    return changes
