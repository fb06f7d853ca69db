"""The whole invented state from a seed and a night: the same bytes on every machine."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.demo.arrivals import add_arrivals
from app.demo.calendar import holidays
from app.demo.cases import SPECIAL
from app.demo.directory import ALL_HOUSES
from app.demo.draw import Draw
from app.demo.facilities import facility_document
from app.demo.funds import fund_documents
from app.demo.geography import STATE
from app.demo.history import History, year_of_stays
from app.demo.houses import HOUSES
from app.demo.payers import Ledger
from app.demo.strangers import strangers
from app.demo.waiting import Queue, queue

Json = dict[str, Any]
SEED = 7
TONIGHT = date(2026, 11, 21)
ZONE = ZoneInfo("America/New_York")
AT = time(2, 14)
"""The hour of the call: fourteen minutes past two, on the morning after `tonight`."""
_HORIZON = 180
_MARGIN = 3  # free places of a fund beyond the most it ever paid for at once, so that a night can still be paid
_HELD_FOR = (("bed_lantern_b3", "boy, a bed held"),)


@dataclass(frozen=True, slots=True)
class Demo:
    """An invented state: a snapshot of the contract, and the display codes of its referrals."""

    seed: int
    tonight: date
    as_of: datetime
    document: Json
    referral_codes: dict[str, str]
    special: str
    """The referral that waits at 02:14 with eight answers and nothing else."""


def invent(seed: int = SEED, tonight: date = TONIGHT) -> Demo:
    """Make the state as it stands at 02:14 of the night that began on the evening of `tonight`."""
    as_of = datetime.combine(tonight + timedelta(days=1), AT, tzinfo=ZONE)
    funds = fund_documents(tonight)
    ledger = Ledger(funds, tonight)
    history = year_of_stays(HOUSES, ledger, Draw(seed, 1), tonight)
    add_arrivals(history, ledger, Draw(seed, 2), tonight)
    waiting = queue(history, ledger, Draw(seed, 3), as_of, tonight)
    facilities = _facilities(history, waiting, seed, as_of, tonight)
    _places(funds, ledger)
    document: Json = {
        "version": 1,
        "as_of": as_of.isoformat(),
        "tonight": tonight.isoformat(),
        "horizon_nights": _HORIZON,
        "policy": {"id": "default", "version": 1},
        "facilities": facilities,
        "funds": funds,
        "minors": [*history.minors.values(), *waiting.minors],
        "referrals": waiting.referrals,
        "stays": sorted([*history.stays, *waiting.stays], key=lambda stay: (stay["admitted_on"], stay["id"])),
        "holidays": {STATE: holidays(tonight - timedelta(days=400), tonight + timedelta(days=400))},
        "interstate_approvals": [
            {"minor": minor["id"], "from_state": "AL", "to_state": STATE}
            for minor in waiting.minors
            if (minor["jurisdiction"] or {}).get("state") == "AL"
        ],
    }
    return Demo(seed, tonight, as_of, document, waiting.codes, waiting.by_label[SPECIAL])


def _facilities(history: History, waiting: Queue, seed: int, as_of: datetime, tonight: date) -> list[Json]:
    """Every place with its residents: those of the seven houses by record, those of the others unnamed."""
    draw = Draw(seed, 4)
    found = []
    for house in ALL_HOUSES:
        facility = facility_document(house, draw, as_of, tonight)
        facility["residents"] = history.residents.get(house.facility) or strangers(house, draw, tonight)
        found.append(facility)
    beds = {bed["id"]: bed for facility in found for unit in facility["units"] for bed in unit["beds"]}
    for bed, label in _HELD_FOR:
        beds[bed]["held_for"] = waiting.by_label[label]
    repairs = tonight + timedelta(days=40)
    beds["bed_lantern_a4"]["unavailable"] = [[repairs.isoformat(), (repairs + timedelta(days=4)).isoformat()]]
    return found


def _places(funds: list[Json], ledger: Ledger) -> None:
    """Places per night of each fund: a few more than it ever needed."""
    for fund in funds:
        for limit in fund["limits"]:
            limit["beds_per_night"] = ledger.most_at_once(fund["id"]) + _MARGIN
