"""What each row of a snapshot is made of: rows that are equal as long as nobody changed them, and what they say."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from pydantic_core import to_json
from sqlalchemy.orm import Session

from app.beds.ledger import PaidRun
from app.facilities.forms import bed_form, facility_form, licence_form, safeguard_form, unit_form
from app.facilities.models import BedStatus
from app.funding.forms import limit_form
from app.minors.forms import minor_form
from app.referrals.service import urgency_of
from app.stays.payers import payers_of
from matching.pieces import Part, part

Json = dict[str, Any]
Rows = Sequence[Any]


class Source(Protocol):
    """Equal to another where it says the same; `key` tells it from all others of its list."""

    @property
    def key(self) -> Hashable: ...

    def form(self) -> Json:
        """The row of the snapshot, in the contract's form."""


class Kept:
    """The parts of the snapshot that a process put together last, each for as long as its rows are the same.

    Rows are read anew for each snapshot and compared, so nothing here can be out of date, whoever wrote and from where.
    Nobody who is not in a snapshot any more stays in here after the next.
    """

    def __init__(self, session: Session) -> None:
        self._all = session.info.get("kept", {})
        self._before: Mapping[Hashable, tuple[Source, Part]] = self._all.get(Kept, {})
        self._now: dict[Hashable, tuple[Source, Part]] = {}

    def parts(self, name: str, sources: Sequence[Source]) -> list[Part]:
        """The rows of the list `name`. Raises SnapshotError."""
        found = []
        for source in sources:
            before = self._before.get((name, source.key))
            if before is None or before[0] != source:
                before = source, part(name, to_json(source.form()))
            self._now[name, source.key] = before
            found.append(before[1])
        return found

    def keep(self) -> None:
        """For the next snapshot."""
        self._all[Kept] = self._now


@dataclass(frozen=True, slots=True)
class House:
    """A facility: its own row, and all that is said of its licence, safeguards, money, rooms, beds and residents.

    `ahead` is the hour where a bed is confirmed later than now; `run_out` names beds whose card may still tell of a
    hold that has run out, and for whom; `away` are nights on which a bed cannot be slept in, by bed.
    """

    row: Any
    tonight: date
    licences: Rows
    safeguards: Rows
    funds: Rows
    units: Rows
    beds: Rows
    away: Mapping[str, Rows]
    run_out: Mapping[str, str]
    told_no: datetime | None
    ahead: datetime | None
    residents: Sequence[Json]

    @property
    def key(self) -> str:
        return str(self.row.id)

    def form(self) -> Json:
        row = self.row
        beds: dict[str, list[Json]] = {}
        for bed in self.beds:
            beds.setdefault(bed.unit_id, []).append(self._bed(bed))
        return facility_form(row) | {
            "point": None if row.latitude is None else [row.latitude, row.longitude],
            "licence": licence_form(self.licences, self.tonight),
            "safeguards": {
                found.code: form for found in self.safeguards if (form := safeguard_form(found)) is not None
            },
            "staffing": {"night_ratio": row.night_ratio, "awake_staff_tonight": row.awake_staff},
            "funds": [link.fund_id for link in self.funds] if row.funds_known else None,
            "units": [unit_form(unit, beds.get(unit.id, [])) for unit in self.units],
            "residents": self.residents,
        }

    def _bed(self, bed: Any) -> Json:
        nights = [[row.from_night, row.until_night] for row in self.away.get(bed.id, ())]
        form = bed_form(bed, nights)
        if self.told_no is not None and bed.confirmed_at is not None and bed.confirmed_at <= self.told_no:
            form |= {"confirmed_at": None}  # what was said of it on the phone came later
        elif self.ahead is not None and bed.confirmed_at is not None and bed.confirmed_at > self.ahead:
            form |= {"confirmed_at": self.ahead}  # by a server whose clock is ahead
        if bed.held_for is not None and self.run_out.get(bed.id) == bed.held_for:
            form |= {"status": BedStatus.OPEN, "held_for": None}
        if bed.offline_until is not None and bed.offline_until > self.tonight:
            # Offline without a day is not known to come back; with one, it is out of use until then.
            form |= {"status": BedStatus.OPEN, "unavailable": [*nights, [self.tonight, bed.offline_until]]}
        return form


@dataclass(frozen=True, slots=True)
class Money:
    """A fund with its limits, their clocks, and how many nights each has paid or is committed to."""

    row: Any
    limits: Sequence[tuple[Any, Rows, int]]

    @property
    def key(self) -> str:
        return str(self.row.id)

    def form(self) -> Json:
        limits = []
        for row, clocks, used in self.limits:
            form = limit_form(row, clocks)
            granted = form.pop("nights_granted")
            limits.append(form | {"nights_left": None if granted is None else max(0, granted - used)})
        row = self.row
        return {
            "id": row.id,
            "funder": row.name,
            "program": row.program,
            "last_resort": row.last_resort,
            "limits": limits,
        }


@dataclass(frozen=True, slots=True)
class Person:
    """A minor's profile; `shut`: houses to avoid for who is asked about, `torn` whose past is no history."""

    row: Any
    parts: Mapping[str, Rows]
    shut: frozenset[str]
    torn: bool

    @property
    def key(self) -> str:
        return str(self.row.id)

    def form(self) -> Json:
        form = minor_form(self.row, self.parts)
        avoid = form["avoid"]
        avoid["facilities"] = sorted({*avoid["facilities"], *self.shut})
        return form | {"history": None} if self.torn else form


@dataclass(frozen=True, slots=True)
class Request:
    """A referral that is open."""

    row: Any
    tonight: date

    @property
    def key(self) -> str:
        return str(self.row.id)

    def form(self) -> Json:
        row = self.row
        return {
            "id": row.id,
            "minor": row.minor_id,
            "opened_at": row.opened_at,
            "urgency": urgency_of(row.urgency, row.needed_from, self.tonight),
            "needed_from": row.needed_from,
            "nights_needed": row.nights_needed,
            "home_point": None if row.home_latitude is None else [row.home_latitude, row.home_longitude],
        }


@dataclass(frozen=True, slots=True)
class Slept:
    """A stay, and who pays it."""

    row: Any
    away: Rows
    stated: Rows
    paid: Sequence[PaidRun]

    @property
    def key(self) -> str:
        return str(self.row.id)

    def form(self) -> Json:
        row = self.row
        return {
            "id": row.id,
            "minor": row.minor_id,
            "facility": row.facility_id or row.outside_facility,
            "bed": row.bed_id or row.outside_bed,
            "admitted_on": row.admitted_on,
            "left_on": row.left_on,
            "away": [[found.away_from, found.away_until] for found in self.away],
            "payers": payers_of(row, self.stated, self.paid),
        }


@dataclass(frozen=True, slots=True)
class Approval:
    """That a minor may be placed from one State in another."""

    row: Any

    @property
    def key(self) -> Hashable:
        return tuple(self.row)

    def form(self) -> Json:
        return {"minor": self.row.minor_id, "from_state": self.row.from_state, "to_state": self.row.to_state}
