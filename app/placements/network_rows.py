"""A network on its way from a snapshot into tables: the rows, in the order in which they must be inserted."""

import base64
import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from app.beds.models import Resident
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
from app.funding.models import Fund, FundClock, FundLimit
from app.minors.models import InterstateApproval, KeepApart, Minor, MinorAvoids, MinorPlace, MinorWish, Sibling
from app.placements.models import Holiday, Stay, StayAbsence, StayPayer
from app.referrals.models import Referral
from app.sharing.models import Grant
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
        self.rows: Rows = {
            table: []
            for table in (
                Fund, FundLimit, FundClock,
                Facility, FacilityPoint, FacilityFund, NightStaffing, Licence, SafeguardEvidence,
                Unit, Bed, BedUnavailable,
                Minor, MinorPlace, MinorAvoids, MinorWish, KeepApart, Sibling, InterstateApproval, Grant,
                Resident, Stay, StayPayer, StayAbsence, Referral, Holiday,
            )
        }  # fmt: skip

    def add(self, table: Any, rows: Iterable[Json]) -> None:
        """Gather rows of a table."""
        self.rows[table].extend(rows)

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
