"""Whether the rows of a snapshot belong together: ids, references, overlaps, and limits that contradict themselves."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain, pairwise
from typing import Protocol

from matching.facts import Clock, Facility, Limit, Snapshot, Stay

Fault = tuple[str, str]
"""A JSON pointer and what was expected there."""

_FIRST_YEAR, _LAST_YEAR = 1900, 2400


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def faults(snapshot: Snapshot) -> Iterator[Fault]:
    """Say what contradicts the conventions of the contract, in the order of the document."""
    yield from _calendar(snapshot)
    yield from _unique(snapshot)
    yield from _references(snapshot)
    for at, facility in enumerate(snapshot.facilities):
        yield from _facility(f"/facilities/{at}", facility, snapshot.as_of)
    for at, fund in enumerate(snapshot.funds):
        for row, limit in enumerate(fund.limits):
            yield from _limit(f"/funds/{at}/limits/{row}", limit)
    for at, minor in enumerate(snapshot.minors):
        if minor.age_range and minor.age_range[0] > minor.age_range[1]:
            yield f"/minors/{at}/age_range", "expected the lower age first"
        if minor.born_on and minor.born_on > snapshot.tonight:
            yield f"/minors/{at}/born_on", "expected a date that is not after tonight"
    yield from _stays(snapshot)
    yield from _people(snapshot)
    yield from _prices(snapshot)


def _calendar(snapshot: Snapshot) -> Iterator[Fault]:
    if not _FIRST_YEAR <= snapshot.tonight.year < _LAST_YEAR:
        yield "/tonight", f"expected a date from {_FIRST_YEAR} to {_LAST_YEAR - 1}"
    for at, referral in enumerate(snapshot.referrals):
        if referral.needed_from and referral.needed_from.year >= _LAST_YEAR:
            yield f"/referrals/{at}/needed_from", f"expected a date before {_LAST_YEAR}"


def _unique(snapshot: Snapshot) -> Iterator[Fault]:
    units = [
        (f"/facilities/{f}/units/{u}", unit)
        for f, facility in enumerate(snapshot.facilities)
        for u, unit in enumerate(facility.units)
    ]
    beds = [(f"{at}/beds/{b}", bed) for at, unit in units for b, bed in enumerate(unit.beds)]
    kinds: Sequence[tuple[str, Iterable[tuple[str, _Named]]]] = (
        ("facility", _numbered("/facilities", snapshot.facilities)),
        ("unit", units),
        ("bed", beds),
        ("fund", _numbered("/funds", snapshot.funds)),
        ("minor", _numbered("/minors", snapshot.minors)),
        ("referral", _numbered("/referrals", snapshot.referrals)),
        ("stay", _numbered("/stays", snapshot.stays)),
    )
    for kind, rows in kinds:
        seen: dict[str, str] = {}
        for pointer, row in rows:
            if row.id in seen:
                yield (
                    f"{pointer}/id",
                    f"expected an id of its own: {seen[row.id]} is a {kind} with the same id",
                )
            seen.setdefault(row.id, pointer)


def _numbered(pointer: str, rows: Sequence[_Named]) -> Iterator[tuple[str, _Named]]:
    return ((f"{pointer}/{at}", row) for at, row in enumerate(rows))


def _references(snapshot: Snapshot) -> Iterator[Fault]:
    minors = {minor.id for minor in snapshot.minors}
    funds = {fund.id for fund in snapshot.funds}
    for at, referral in enumerate(snapshot.referrals):
        if referral.minor not in minors:
            yield (
                f"/referrals/{at}/minor",
                "expected the id of a minor of this snapshot",
            )
    for at, facility in enumerate(snapshot.facilities):
        for row, fund in enumerate(facility.funds or ()):
            if fund not in funds:
                yield (
                    f"/facilities/{at}/funds/{row}",
                    "expected the id of a fund of this snapshot",
                )
    for at, stay in enumerate(snapshot.stays):
        for row, payer in enumerate(stay.payers):
            if payer.fund not in funds:
                yield (
                    f"/stays/{at}/payers/{row}/fund",
                    "expected the id of a fund of this snapshot",
                )


def _facility(pointer: str, facility: Facility, as_of: datetime) -> Iterator[Fault]:
    beds = {bed.id for unit in facility.units for bed in unit.beds}
    for at, resident in enumerate(facility.residents):
        if resident.bed is not None and resident.bed not in beds:
            yield (
                f"{pointer}/residents/{at}/bed",
                "expected the id of a bed of this facility",
            )
        yield from _forward(f"{pointer}/residents/{at}", "from", "until", resident.from_, resident.until)
    yield from _forward(
        f"{pointer}/licence",
        "valid_from",
        "expires_on",
        facility.licence.valid_from,
        facility.licence.expires_on,
    )
    for u, unit in enumerate(facility.units):
        for b, bed in enumerate(unit.beds):
            if bed.confirmed_at is not None and bed.confirmed_at > as_of:
                yield f"{pointer}/units/{u}/beds/{b}/confirmed_at", "expected an instant that is not after as_of"
            for r, (start, end) in enumerate(bed.unavailable):
                yield from _forward(
                    f"{pointer}/units/{u}/beds/{b}/unavailable/{r}",
                    "0",
                    "1",
                    start,
                    end,
                )


def _forward(pointer: str, first: str, last: str, start: date | None, end: date | None) -> Iterator[Fault]:
    """Half-open dates run forward; `first` is named so that the reader sees against what `last` is held."""
    if start is not None and end is not None and end < start:
        yield f"{pointer}/{last}", f"expected a date that is not before {first}"


def _limit(pointer: str, limit: Limit) -> Iterator[Fault]:
    yield from _forward(pointer, "valid_from", "valid_until", limit.valid_from, limit.valid_until)
    for at, clock in enumerate(limit.clocks):
        yield from _clock(f"{pointer}/clocks/{at}", clock)


def _clock(pointer: str, clock: Clock) -> Iterator[Fault]:
    if clock.unit != "night" and clock.window not in ("stay", "chain"):
        yield (
            f"{pointer}/window",
            "expected stay or chain, the windows that count days and business days",
        )
    if clock.window == "trailing" and (clock.window_days is None) == (clock.window_months is None):
        yield (
            f"{pointer}/window_days",
            "expected exactly one of window_days and window_months",
        )
    if clock.window == "fiscal_year" and clock.fiscal_year_start is None:
        yield (
            f"{pointer}/fiscal_year_start",
            "expected the first day of the fiscal year, MM-DD",
        )
    if clock.fiscal_year_start is not None and not _every_year(clock.fiscal_year_start):
        yield (
            f"{pointer}/fiscal_year_start",
            "expected a day that every year has, MM-DD",
        )


def _every_year(month_day: str) -> bool:
    try:
        date.fromisoformat(f"2001-{month_day}")
    except ValueError:
        return False
    return True


def _stays(snapshot: Snapshot) -> Iterator[Fault]:
    by_minor: dict[str, list[tuple[int, Stay]]] = {}
    for at, stay in enumerate(snapshot.stays):
        yield from _forward(f"/stays/{at}", "admitted_on", "left_on", stay.admitted_on, stay.left_on)
        for row, (start, end) in enumerate(stay.away):
            yield from _forward(f"/stays/{at}/away/{row}", "0", "1", start, end)
        for row, payer in enumerate(stay.payers):
            yield from _forward(f"/stays/{at}/payers/{row}", "from", "until", payer.from_, payer.until)
        by_minor.setdefault(stay.minor, []).append((at, stay))
    for stays in by_minor.values():
        stays.sort(key=lambda row: (row[1].admitted_on, row[1].left_on or date.max))
        for (_, earlier), (at, later) in pairwise(stays):
            if earlier.left_on is None:
                yield (
                    f"/stays/{at}/admitted_on",
                    "expected no stay after one that is still open",
                )
            elif later.admitted_on < earlier.left_on:
                yield (
                    f"/stays/{at}/admitted_on",
                    "expected a date not before the minor's earlier stay has ended",
                )


def _people(snapshot: Snapshot) -> Iterator[Fault]:
    """Entries of one minor, and entries of one bed, do not overlap in nights."""
    named: dict[tuple[str, str], list[tuple[str, date, date]]] = {}
    for f, facility in enumerate(snapshot.facilities):
        for r, resident in enumerate(facility.residents):
            row = (
                f"/facilities/{f}/residents/{r}",
                resident.from_ or date.min,
                resident.until or date.max,
            )
            if resident.minor is not None:
                named.setdefault(("minor", resident.minor), []).append(row)
            if resident.bed is not None:
                named.setdefault(("bed", resident.bed), []).append(row)
    return chain.from_iterable(_overlaps(kind, rows) for (kind, _), rows in named.items())


def _overlaps(kind: str, rows: list[tuple[str, date, date]]) -> Iterator[Fault]:
    rows = sorted((row for row in rows if row[1] < row[2]), key=lambda row: (row[1], row[2]))
    for (_, _, end), (pointer, start, _) in pairwise(rows):
        if start < end:
            yield (
                f"{pointer}/{kind}",
                f"expected no two entries of one {kind} on the same night",
            )


def _prices(snapshot: Snapshot) -> Iterator[Fault]:
    """A unit is priced once, for one free bed at least; the more beds are free, the less each is worth."""
    seen: set[str] = set()
    for at, row in enumerate(snapshot.prices.units if snapshot.prices else ()):
        if row.unit in seen:
            yield f"/prices/units/{at}/unit", "expected each unit once"
        seen.add(row.unit)
        if not row.by_free:
            yield f"/prices/units/{at}/by_free", "expected a price for one free bed at least"
        if any(more > fewer for fewer, more in pairwise(row.by_free)):
            yield f"/prices/units/{at}/by_free", "expected prices that do not rise as more beds are free"
