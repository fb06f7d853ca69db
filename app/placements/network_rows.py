"""A network on its way from a snapshot into tables: the rows, in the order in which they must be inserted."""

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from app.beds.ledger import Payer, nights
from app.beds.models import BedNight, Resident
from app.facilities.models import (
    Bed,
    BedUnavailable,
    Facility,
    FacilityFund,
    FacilityPoint,
    Licence,
    NightStaffing,
    SafeguardEvidence,
    Unit,
)
from app.funding.limits import governing
from app.funding.models import Fund, FundClock, FundLimit
from app.minors.models import InterstateApproval, KeepApart, Minor, MinorAvoids, MinorPlace, MinorWish, Sibling
from app.referrals.models import Referral
from app.sharing.models import Grant
from app.stays.models import Holiday, Stay, StayAbsence, StayPayer
from matching import facts

Json = dict[str, Any]
Rows = dict[Any, list[Json]]

STATED_BY = "network file"


class Network:
    """A snapshot on its way into tables: rows are gathered in the order in which they must be inserted."""

    def __init__(self, snapshot: facts.Snapshot, agency_id: str) -> None:
        self.snapshot = snapshot
        self.agency_id = agency_id
        self.now: datetime = snapshot.as_of
        self.tonight: date = snapshot.tonight
        self.minors = {minor.id: minor for minor in snapshot.minors}
        self._seated: set[tuple[str, str, date]] = set()
        self.rows: Rows = {
            table: []
            for table in (
                Fund, FundLimit, FundClock,
                Facility, FacilityPoint, FacilityFund, NightStaffing, Licence, SafeguardEvidence,
                Unit, Bed, BedUnavailable,
                Minor, MinorPlace, MinorAvoids, MinorWish, KeepApart, Sibling, InterstateApproval, Grant,
                Resident, Stay, StayPayer, StayAbsence, BedNight, Referral, Holiday,
            )
        }  # fmt: skip

    def add(self, table: Any, rows: Iterable[Json]) -> None:
        """Gather rows of a table."""
        self.rows[table].extend(rows)

    def seat(
        self, holder: Json, facility_id: str, bed_id: str, minor_id: str | None, first: date, until: date,
        paid: Callable[[date], Payer],
    ) -> None:  # fmt: skip
        """Write nights into the ledger. Where two records of the file claim one night, the first of them has it."""
        rows = []
        for night in nights(first, until):
            keys = {("bed", bed_id, night)} | ({("minor", minor_id, night)} if minor_id is not None else set())
            if keys & self._seated:
                continue
            self._seated |= keys
            payer = paid(night)
            row = {"bed_id": bed_id, "night": night, "facility_id": facility_id, "minor_id": minor_id}
            row |= {"hold_id": None, "stay_id": None, "resident_id": None, "expires_at": None}
            rows.append(row | holder | {"fund_id": payer.fund_id, "limit_id": payer.limit_id})
        self.add(BedNight, rows)

    def limit_on(self, fund_id: str, day: date) -> str | None:
        """The limit that governs a stay from `day`: of those in force the latest, of equal ones the first listed."""
        limits = next((fund.limits for fund in self.snapshot.funds if fund.id == fund_id), ())
        place = governing(limits, day)
        return None if place is None else derived_id("limit", fund_id, place)

    def grant_nights(self) -> None:
        """What the file says is left of a limit comes on top of what the ledger already commits."""
        used = Counter(row["limit_id"] for row in self.rows[BedNight] if row["stay_id"] is not None)
        for row in self.rows[FundLimit]:
            if row["nights_granted"] is not None:
                row["nights_granted"] += used[row["id"]]

    def evidence_until(self) -> date:
        """The day after the last night that a ranking of this file could look at."""
        needed = [r.needed_from for r in self.snapshot.referrals if r.needed_from is not None]
        return max([self.tonight, *needed]) + timedelta(days=2 * self.snapshot.horizon_nights)


def derived_id(prefix: str, *parts: object) -> str:
    """An id that follows from what it stands for: the same file always makes the same rows."""
    digest = hashlib.sha256("\n".join(map(str, parts)).encode()).digest()
    return f"{prefix}_{base64.b32encode(digest).decode().lower()[:20]}"


def plain_name(identifier: str, prefix: str) -> str:
    """A file has no names: what an id says is the best there is."""
    return identifier.removeprefix(prefix).replace("_", " ").strip().capitalize() or identifier
