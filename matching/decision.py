"""What a decision says: the four lists for one referral, each entry with its findings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar, overload

from matching.facts import Payer
from matching.findings import Ask, Finding, Fix
from matching.value import Term

Row = TypeVar("Row")


class Later(Sequence[Row]):
    """Rows that are put into words when they are first looked at."""

    __slots__ = ("_found", "_make")

    def __init__(self, make: Callable[[], Sequence[Row]]) -> None:
        self._make = make
        self._found: Sequence[Row] | None = None

    def _all(self) -> Sequence[Row]:
        if self._found is None:
            self._found = self._make()
        return self._found

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...

    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        return self._all()[at]

    def __len__(self) -> int:
        return len(self._all())


@dataclass(frozen=True, slots=True)
class NetworkEffect:
    """What choosing an option does to the others who wait: places lost (negative), of them urgent, and nights."""

    placed_change: int
    urgent_placed_change: int
    nights_change: int


@dataclass(frozen=True, slots=True)
class AsFull:
    """What would be said of a facility if it had no bed at all: judged on the first night asked for, with no date.

    Kept beside an entry that other people decide, for who may not learn of them: by moving the night that was judged
    (`waits_for_people`), or as all that is in the way on it. `listed` is the list it stands in.
    """

    waits_for_people: bool
    listed: str
    unknown: tuple[str, ...]
    failed: tuple[str, ...]
    fix: Sequence[Fix]
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Option:
    """A facility that could take the minor, on the first night needed or later.

    `rank` is None for a later one. Without a known date (`admit_on` None) nights and binding are None too.
    `room_from` before `admit_on` says that a later one waits for people to leave, not for a bed.
    """

    rank: int | None
    facility: str
    unit: str | None
    bed: str | None
    admit_on: date | None
    funded_nights: int | None
    first_unfunded_night: date | None
    payers: tuple[Payer, ...]
    binding: str | None
    bed_until: date | None
    bed_confirmed_at: datetime | None
    call_first: bool | None
    provisional: tuple[str, ...]
    terms: tuple[Term, ...]
    network: NetworkEffect | None
    findings: Sequence[Finding]
    room_from: date | None = None
    as_full: AsFull | None = None


@dataclass(frozen=True, slots=True)
class NeedsInfo:
    """A facility that would be decided by facts that are missing."""

    facility: str
    unknown: tuple[str, ...]
    ask: tuple[Ask, ...]
    findings: Sequence[Finding]
    as_full: AsFull | None


@dataclass(frozen=True, slots=True)
class Excluded:
    """A facility that cannot take the minor, with every reason and the smallest change for each."""

    facility: str
    failed: tuple[str, ...]
    fix: Sequence[Fix]
    findings: Sequence[Finding]
    as_full: AsFull | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one referral; every facility of the snapshot stands in exactly one list."""

    referral: str
    snapshot_sha256: str
    rules_version: str
    engine_version: str
    options: tuple[Option, ...]
    later: tuple[Option, ...]
    needs_info: tuple[NeedsInfo, ...]
    excluded: tuple[Excluded, ...]
