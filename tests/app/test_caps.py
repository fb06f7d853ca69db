"""Stay caps that were reached, and where young people went then: each way, both ends of the period, and what is out."""

import csv
import io
import re
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, update

from app.access.policy import AgencyKind, Role
from app.beds.models import BedNight
from app.clock import MovableClock
from app.db import Database, narrow
from app.funding.models import FundLimit
from app.gaps.models import Gap, GapKind, GapSource
from app.minors.models import Minor
from app.reports import counting
from app.reports.caps import Went, reached
from app.reports.models import PublishedTable, TableKind
from app.reports.publishing import publish, read_back
from app.reports.quarters import Quarter
from app.stays.codes import Destination, StayEnd
from app.stays.models import Discharge, Stay
from matching import clocks, codec, facts
from matching.disclosure import too_narrow
from matching.facts import Payer
from tests.app.server_role import as_server
from tests.factories import Caller, fund, house, load, made, network, new_agency

Json = dict[str, Any]
one_kind = pytest.mark.one_kind

QUARTER = Quarter(2026, 3)
CAP = {
    "id": "cap3", "limit": 3, "unit": "night", "window": "stay",
    "extension": {"by": 2, "times": 1, "approval": "more"},
}  # fmt: skip
YEAR = {"id": "year9", "limit": 9, "unit": "night", "window": "lifetime"}
PEOPLE = 60
JULY_1 = date(2026, 7, 1)


class Ledger:
    """A house of many beds, and young people who sleep there at the cost of a fund that pays three nights a stay."""

    def __init__(self, client: TestClient, database: Database) -> None:
        self.client, self.database = client, database
        self.funder_s = new_agency(database, AgencyKind.FUNDER)
        beds = [{"id": f"bed_{n}", "status": "open"} for n in range(PEOPLE)]
        document = network(
            house(units=[{"id": "unit_a", "beds": beds}], funds=["fund_a", "fund_b"]),
            funds=[fund(clocks=[CAP, YEAR]), {**fund("fund_b"), "funder": "State"}],
            minors=[{"id": f"min_{n}"} for n in range(PEOPLE)],
            referrals=[
                {"id": f"ref_{n}", "minor": f"min_{n}", "urgency": 1, "needed_from": None} for n in range(PEOPLE)
            ],
        )
        self.agency = load(database, document, funder_agencies={"Fulton County": self.funder_s})
        with database.reading() as session:
            self.limits = dict(session.execute(select(FundLimit.fund_id, FundLimit.id)).all())
        self.stays = 0

    def stay(self, n: int, first: date, *payers: str | None, left: bool = True, bed: int | None = None) -> str:
        """Nights in a row from a day, each paid by the named fund or nobody, in the bed of that number."""
        self.stays += 1
        stay = {"id": f"stay_{self.stays}", "minor_id": f"min_{n}", "facility_id": "fac_a", "in_house": True}
        bed_id = f"bed_{n if bed is None else bed}"
        until = first + timedelta(days=len(payers))
        rows = [
            {
                "bed_id": bed_id, "night": first + timedelta(days=at), "facility_id": "fac_a",
                "minor_id": f"min_{n}", "stay_id": stay["id"], "fund_id": payer,
                "limit_id": None if payer is None else self.limits[payer],
            }
            for at, payer in enumerate(payers)
        ]  # fmt: skip
        with self.database.writing() as session:
            more = {"bed_id": bed_id, "admitted_on": first, "left_on": until if left else None, "version": 1}
            session.execute(insert(Stay), stay | more)
            session.execute(insert(BedNight), rows)
        return str(stay["id"])

    def discharged(self, stay_id: str, to: Destination, reason: StayEnd = StayEnd.MAXIMUM_TIME) -> None:
        with self.database.writing() as session:
            row = {"stay_id": stay_id, "reason": reason, "destination": to, "discharged_by": "person_1"}
            session.execute(insert(Discharge), row | {"discharged_at": self.database.clock.now()})

    def waited(self, n: int, night: date) -> None:
        with self.database.writing() as session:
            row = {
                "id": f"gap_{n}", "referral_id": f"ref_{n}", "agency_id": self.agency, "night": night,
                "kind": GapKind.INELIGIBLE, "source": GapSource.NIGHT, "made_at": self.database.clock.now(),
                "once": f"night:{n}",
            }  # fmt: skip
            session.execute(insert(Gap), row)

    def _server(self) -> AbstractContextManager[Database]:
        """On PostgreSQL as the server's own role, for an agency that may see nobody: of all it is counted still."""
        own = self.database
        return nullcontext(own) if own.engine.dialect.name == "sqlite" else as_server(own, own.clock)

    def reached(self, first: date = QUARTER.first, until: date = QUARTER.until) -> dict[str, tuple[date, str, Went]]:
        with self._server() as database, database.reading() as session:
            narrow(session, self.funder_s, database.clock.now())
            found = reached(session, "fund_a", first, until)
        return {minor: (cap.on, cap.code, cap.went) for minor, cap in found.items()}


@pytest.fixture
def ledger(client: TestClient, database: Database) -> Ledger:
    return Ledger(client, database)


A, B = "fund_a", "fund_b"
ON = JULY_1 + timedelta(days=3)


def test_each_way_on_from_a_cap(ledger: Ledger) -> None:
    ways: list[Went | None] = []

    def one(went: Went | None, *payers: str | None, **more: Any) -> tuple[int, str]:
        ways.append(went)
        return len(ways) - 1, ledger.stay(len(ways) - 1, JULY_1, *payers, **more)

    one(Went.ANOTHER_PAYER, A, A, A, B)
    one(Went.NOBODY_PAID, A, A, A, None)
    n, _ = one(Went.ANOTHER_HOUSE, A, A, A)
    ledger.stay(n, ON, B, bed=50)
    n, stay = one(Went.ANOTHER_HOUSE, A, A, A)
    ledger.discharged(stay, Destination.NEXT_PLACEMENT)
    n, stay = one(Went.WAITED, A, A, A)
    ledger.discharged(stay, Destination.FAMILY)
    ledger.waited(n, ON)
    for destination, went in (
        (Destination.FAMILY, Went.FAMILY), (Destination.INDEPENDENT, Went.INDEPENDENT),
        (Destination.OTHER_CARE, Went.OTHER_CARE), (Destination.NOT_KNOWN, Went.NOT_KNOWN),
    ):  # fmt: skip
        ledger.discharged(one(went, A, A, A)[1], destination)
    ledger.discharged(one(Went.MISSING, A, A, A)[1], Destination.NOT_KNOWN, StayEnd.MISSING)
    one(Went.NOT_KNOWN, A, A, A)
    # Nothing of these was a cap: a night was left, another fund paid first, an approval made it longer.
    ledger.discharged(one(None, A, A)[1], Destination.FAMILY)
    one(None, B, B, B)
    n, _ = one(None, A, A, A)
    with ledger.database.writing() as session:
        session.execute(update(Minor).where(Minor.id == f"min_{n}").values(approvals=["more"]))
    assert ledger.reached() == {
        f"min_{n}": (ON, "cap3", went) for n, went in enumerate(ways) if went is not None
    }  # fmt: skip


@one_kind
def test_it_counts_on_the_night_after_the_last_one_and_once(ledger: Ledger) -> None:
    ledger.stay(0, date(2026, 6, 28), A, A, A)
    ledger.stay(1, date(2026, 6, 27), A, A, A)
    ledger.stay(2, date(2026, 9, 27), A, A, A)
    ledger.stay(3, date(2026, 9, 28), A, A, A)
    for first in (JULY_1, date(2026, 8, 1), date(2026, 9, 1)):
        ledger.stay(4, first, A, A, A)
    assert {one: on for one, (on, _, _) in ledger.reached().items()} == {
        "min_0": JULY_1, "min_2": date(2026, 9, 30), "min_4": ON,
    }  # fmt: skip
    # The last three of the nine nights that it pays in a lifetime: both caps are reached, and the first is named.
    assert ledger.reached(first=date(2026, 9, 2))["min_4"] == (date(2026, 9, 4), "cap3", Went.NOT_KNOWN)
    assert set(ledger.reached(first=date(2026, 9, 5))) == {"min_2"}


@one_kind
def test_who_moves_on_at_the_same_fund_s_cost_is_at_no_end(ledger: Ledger) -> None:
    ledger.stay(0, JULY_1, A, A, A)
    ledger.stay(0, ON, A, A, A, bed=1)
    assert ledger.reached() == {"min_0": (JULY_1 + timedelta(days=6), "cap3", Went.NOT_KNOWN)}


@one_kind
def test_a_cap_over_all_stays_is_reached_in_the_one_that_uses_it_up(ledger: Ledger) -> None:
    for first in (date(2026, 4, 1), date(2026, 4, 10), date(2026, 4, 20), date(2026, 4, 28)):
        ledger.stay(0, first, A, A)
    assert ledger.reached(first=date(2026, 1, 1)) == {}
    ledger.stay(0, JULY_1, A, B)
    assert ledger.reached() == {"min_0": (date(2026, 7, 2), "year9", Went.ANOTHER_PAYER)}


@one_kind
def test_what_is_planned_is_not_reached_yet(ledger: Ledger) -> None:
    ledger.stay(0, JULY_1, A, A, A, left=False)
    for tonight, count in ((date(2026, 7, 3), 0), (ON, 1)):
        with ledger.database.reading() as session:
            table = counting.of_fund(session, QUARTER, "fund_a", {}, tonight)[TableKind.CAPS]
        assert table.cells["2026-Q3|fund_a|reached"] == count


@one_kind
def test_what_is_out_of_it_and_what_the_lead_reads(ledger: Ledger, clock: MovableClock) -> None:
    """The small ways stand in one line; page, table and API say the same, and it names nobody."""
    ways = {
        Destination.NEXT_PLACEMENT: 20,
        Destination.FAMILY: 12,
        Destination.INDEPENDENT: 3,
        Destination.OTHER_CARE: 5,
    }
    for n, to in enumerate(to for to, people in ways.items() for _ in range(people)):
        ledger.discharged(ledger.stay(n, JULY_1, A, A, A), to)
    clock.set(datetime.fromisoformat("2026-10-15T22:00:00-04:00"))
    publish(ledger.database, QUARTER, "fund_a")
    with ledger.database.reading() as session:
        out = session.scalars(select(PublishedTable).order_by(PublishedTable.once)).all()
    assert too_narrow([read_back(row) for row in out]) == []
    funder = Caller(ledger.client, ledger.database, Role.FUNDER_ANALYST, ledger.funder_s)
    seen = made(funder.get("/v1/reports/quarters/2026-Q3"))["funds"][0]["caps"]
    went = {line["group"]: line["count"] for line in seen["went"]}
    assert (seen["reached"], went) == (40, {"another_house": 20, "others": 20})
    assert seen["caps"] == [{"group": "cap3", "count": 40}]
    table = ledger.client.get("/reports/2026-Q3/figures.csv", headers=funder.headers).text
    found = {
        row["of"]: row["count"]
        for row in csv.DictReader(io.StringIO(table))
        if row["measure"] == "cap_reached_and_then"
    }
    assert found == {group: str(count) for group, count in went.items()}
    page = ledger.client.get("/reports/2026-Q3", headers=funder.headers).text
    assert "Young people for whom a stay cap of this fund was reached: 40." in page
    assert "Went to another house" in page
    assert not re.search(r"min_\d|stay_\d", page + table)


@pytest.mark.parametrize(
    ("clock", "nights", "pays"),
    [
        (CAP, 2, True), (CAP, 3, False), (YEAR, 8, True), (YEAR, 9, False),
        ({"id": "days", "limit": 3, "unit": "day", "window": "stay"}, 2, True),
        ({"id": "days", "limit": 3, "unit": "day", "window": "stay"}, 3, False),
    ],
)  # fmt: skip
def test_a_clock_is_asked_about_one_more_night(clock: Json, nights: int, pays: bool) -> None:
    paid = Payer("fund_a", JULY_1, JULY_1 + timedelta(days=nights))
    stay = facts.Stay("stay_1", "min_1", "fac_a", JULY_1, payers=(paid,))
    one = codec.read(facts.Clock, clock)
    on = JULY_1 + timedelta(days=nights)
    found = clocks.reached([one], "fund_a", facts.Minor("min_1"), [stay], stay, on, ())
    assert found == (() if pays else (clock["id"],))
