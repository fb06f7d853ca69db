"""What is asked: limits of funds as they would have been, as typed, read against the limits that there are.

Only limits of funds can be named: safeguards, licences and what a house or a young person says are no numbers to try.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import FieldError, invalid
from app.funding.models import Fund, FundClock, FundLimit
from app.web.places import counties
from matching.facts import Limit, ResidenceLimit
from matching.rules import FUND_IN_FORCE, FUND_RULES
from matching.whatif_limits import Change

NONE = "none"
OLDEST = 150
MOST = 1_000_000_000
CLOCK = "clock."
ALL_RULES = frozenset(rule.code for rule in (FUND_IN_FORCE, *FUND_RULES))
"""Where a row's dates change, another row may govern."""
HOW = "Write FUND.LIMIT=VALUE, such as fund_metro30.max_age=20, with one of: {names}, clock.NAME."


class _Wrong(Exception):
    """What is wrong with one change, in words of ours."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One change as it was read: `limit` names what is changed, `value` is None where there is to be no such rule."""

    fund: str
    limit: str
    value: Any
    valid_from: date | None
    change: Change


class _Field(NamedTuple):
    rules: frozenset[str]
    read: Callable[[str], Any]
    set: Callable[[Limit, Any], Limit]


def _none_or(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda said: None if said == NONE else read(said)


def _count(most: int) -> Callable[[str], int]:
    def read(said: str) -> int:
        if not (said.isascii() and said.isdigit() and len(said) <= len(str(most)) and int(said) <= most):
            raise _Wrong(f"Expected a whole number from 0 to {most:,}, or none.")
        return int(said)

    return read


def _day(said: str) -> date:
    try:
        if len(said) != len("2026-01-31"):
            raise ValueError
        return date.fromisoformat(said)
    except ValueError:
        raise _Wrong("Expected a date, such as 2026-07-01.") from None


def _counties(said: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(said.split(",")))
    if unknown := [at for at, code in enumerate(codes, 1) if code not in counties()]:
        raise _Wrong(f"Number {unknown[0]} of the list is no county: expected 5-digit FIPS codes, such as 13121,13089.")
    return codes


def _in_counties(limit: Limit, codes: tuple[str, ...] | None) -> Limit:
    was = limit.residence or ResidenceLimit(basis=("residence",))
    now = replace(was, counties=codes)
    return replace(limit, residence=now if now.counties or now.places or now.states else None)


def _simple(name: str) -> Callable[[Limit, Any], Limit]:
    return lambda limit, value: replace(limit, **{name: value})


def _own(code: str, read: Callable[[str], Any], name: str) -> _Field:
    return _Field(frozenset({f"funding.{code}"}), read, _simple(name))


FIELDS: Mapping[str, _Field] = {
    "min_age": _own("age_band", _none_or(_count(OLDEST)), "min_age"),
    "max_age": _own("age_band", _none_or(_count(OLDEST)), "max_age"),
    "leaves_at_age": _own("ages_out", _none_or(_count(OLDEST)), "leaves_at_age"),
    "counties": _Field(frozenset({"funding.residence"}), _none_or(_counties), _in_counties),
    "beds_per_night": _own("beds", _none_or(_count(MOST)), "beds_per_night"),
    "valid_from": _Field(ALL_RULES, _day, _simple("valid_from")),
    "valid_until": _Field(ALL_RULES, _none_or(_day), _simple("valid_until")),
}


def read(session: Session, said: Sequence[str]) -> list[Asked]:
    """Read changes, each as `FUND.LIMIT=VALUE` or `FUND@VALID_FROM.LIMIT=VALUE`; 422 with what is wrong in each."""
    rows: dict[str, list[FundLimit]] = {fund: [] for fund in session.scalars(select(Fund.id))}
    for row in session.scalars(select(FundLimit).order_by(FundLimit.fund_id, FundLimit.position)):
        rows[row.fund_id].append(row)
    clocks: dict[str, list[str]] = {}
    for limit_id, code in session.execute(select(FundClock.limit_id, FundClock.code)):
        clocks.setdefault(limit_id, []).append(code)
    found, errors = [], []
    for at, one in enumerate(said):
        try:
            found.append(_read(one, rows, clocks))
        except _Wrong as wrong:
            errors.append(FieldError(f"/set/{at}", "limit", str(wrong)))
    errors = errors or list(_contradictions(found, rows))
    if errors:
        raise invalid(errors)
    return found


def _read(one: str, rows: Mapping[str, list[FundLimit]], clocks: Mapping[str, list[str]]) -> Asked:
    what, sign, value = one.partition("=")
    fund = max((name for name in rows if what.startswith((f"{name}.", f"{name}@"))), key=len, default=None)
    if not sign or fund is None:
        if sign and "." in what:
            raise _Wrong(f"There is no such fund. Funds: {', '.join(sorted(rows))}.")
        raise _Wrong(HOW.format(names=", ".join(FIELDS)))
    rest, valid_from = what[len(fund) :], None
    if rest.startswith("@"):
        dated, _, rest = rest[1:].partition(".")
        valid_from = _day(dated)
    limit, own = rest.removeprefix("."), rows[fund]
    meant = [row for row in own if valid_from in (None, row.valid_from)]
    if not meant:
        dates = ", ".join(sorted(row.valid_from.isoformat() for row in own)) or "none"
        raise _Wrong(f"This fund has no such row of limits. Its rows are valid from: {dates}.")
    if limit.startswith(CLOCK):
        field = _clock(limit.removeprefix(CLOCK), sorted({code for row in meant for code in clocks.get(row.id, ())}))
    elif limit in FIELDS:
        field = FIELDS[limit]
    else:
        raise _Wrong(f"No limit that can be changed here is called so. {HOW.format(names=', '.join(FIELDS))}")
    if limit.startswith("valid_") and len(meant) > 1:
        raise _Wrong("This fund has several rows of limits: name one by its first day, FUND@2026-07-01.valid_until=…")
    read_value = field.read(value)
    change = Change(fund, field.rules, lambda row: field.set(row, read_value), valid_from)
    return Asked(fund, limit, read_value, valid_from, change)


def _clock(code: str, known: Sequence[str]) -> _Field:
    """How many a stay cap pays; none: no such cap."""
    if code not in known:
        raise _Wrong(f"This fund has no clock of that name. Its clocks: {', '.join(known) or 'none'}.")

    def put(limit: Limit, value: int | None) -> Limit:
        rest = tuple(
            clock if clock.id != code else replace(clock, limit=value or 0)
            for clock in limit.clocks
            if clock.id != code or value is not None
        )
        return replace(limit, clocks=rest)

    return _Field(frozenset({"funding.clock"}), _none_or(_count(MOST)), put)


def _contradictions(found: Sequence[Asked], rows: Mapping[str, list[FundLimit]]) -> Iterable[FieldError]:
    """Ages and dates that run backwards once all is changed; the same twice."""
    seen: set[tuple[str, str, date | None]] = set()
    for at, asked in enumerate(found):
        key = (asked.fund, asked.limit, asked.valid_from)
        if key in seen:
            yield FieldError(f"/set/{at}", "limit", "This limit is changed twice. Change it once.")
        seen.add(key)
        for row in rows[asked.fund]:
            limit = Limit(row.valid_from, row.valid_until, min_age=row.min_age, max_age=row.max_age)
            for other in found:
                if other.fund == asked.fund and other.valid_from in (None, row.valid_from):
                    limit = other.change.apply(limit)
            if _backwards(asked.limit, limit):
                yield FieldError(f"/set/{at}", "limit", "It would end before it begins. Change the other end too.")
                break


def _backwards(name: str, limit: Limit) -> bool:
    if name in ("min_age", "max_age"):
        return limit.min_age is not None and limit.max_age is not None and limit.min_age > limit.max_age
    dates = name in ("valid_from", "valid_until")
    return dates and limit.valid_until is not None and limit.valid_until < limit.valid_from
