"""What time brings to the beds: reminders at a change of shifts, beds that come back, nights of those who stay."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import AgencyKind, Role
from app.beds import due
from app.beds.models import BedNight
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.outbox.models import OutboxEvent
from app.stays.rolling import roll
from app.tasks.models import Task
from tests.factories import Caller, fund, house, load, made, network, new_agency

Json = dict[str, Any]
TONIGHT = date(2026, 11, 21)
SHIFTS = (time(7), time(15), time(23))


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}:00-05:00")


@pytest.mark.parametrize(
    ("confirmed", "shifts", "at"),
    [
        ("21T20:02", (), "21T23:32"),
        ("21T20:02", SHIFTS, "21T23:00"),
        ("21T23:00", SHIFTS, "22T07:00"),
        ("21T22:59", SHIFTS, "21T23:00"),
        ("21T12:00", SHIFTS, "21T15:00"),
        ("21T03:00", SHIFTS, "21T07:00"),
        ("21T06:00", (time(7), time(9)), "21T09:00"),
    ],
)
def test_a_reminder_comes_at_the_last_change_of_shifts_before_a_confirmation_is_old(
    clock: MovableClock, confirmed: str, shifts: tuple[time, ...], at: str
) -> None:
    assert due.remind_at(local(confirmed), shifts, clock) == local(at)


@pytest.fixture
def staff(client: TestClient, database: Database) -> Caller:
    """Staff of a house that was confirmed at 20:02; another house has nobody to tell."""
    agency = new_agency(database, AgencyKind.RESIDENTIAL)
    load(database, network(house("fac_a"), house("fac_b")), operators={"fac_a": agency})
    return Caller(client, database, Role.FACILITY_STAFF, agency)


def told(database: Database) -> list[tuple[str, str | None, str]]:
    with database.reading() as session:
        rows = session.scalars(select(OutboxEvent).order_by(OutboxEvent.seq)).all()
    return [(row.kind, row.facility_id, row.subject_id) for row in rows]


def test_a_house_is_reminded_once_of_each_confirmation(staff: Caller, database: Database, clock: MovableClock) -> None:
    settings = Settings(shift_changes=())
    clock.set(local("21T23:31"))
    assert due.remind(database, settings) == 0
    clock.set(local("21T23:32"))
    assert [due.remind(database, settings) for _ in range(3)] == [1, 0, 0]
    made(staff.post("/v1/facilities/fac_a/confirmations", {}))
    clock.move(timedelta(hours=3, minutes=29))
    assert due.remind(database, settings) == 0
    clock.move(timedelta(minutes=1))
    assert due.remind(database, settings) == 1
    assert told(database) == [("confirmation.due", "fac_a", "fac_a")] * 2


def test_a_cleaned_bed_opens_by_itself_and_nobody_has_confirmed_it(
    staff: Caller, database: Database, clock: MovableClock
) -> None:
    path = "/v1/facilities/fac_a/beds/bed_a1"
    made(staff.put(f"{path}/status", {"status": "cleaning", "version": 1}))
    settings = Settings(cleaning_lasts=timedelta(hours=4))
    clock.move(timedelta(hours=3, minutes=59))
    assert due.reopen(database, settings) == 0
    clock.move(timedelta(minutes=1))
    assert [due.reopen(database, settings) for _ in range(2)] == [1, 0]
    bed = made(staff.get(path))
    assert (bed["status"], bed["confirmed_at"]) == ("open", "2026-11-22T03:14:00Z")
    board = made(staff.get("/v1/facilities/fac_a/board"))["beds"][0]
    assert (board["since"], board["changed_by"], board["undo_until"]) == ("2026-11-22T07:14:00Z", None, None)


def test_since_when_a_bed_is_cleaned_is_never_assumed(database: Database, clock: MovableClock) -> None:
    beds = [{"id": "bed_a1", "status": "cleaning", "confirmed_at": "2026-11-21T10:00:00-05:00"}]
    load(database, network(house(units=[{"id": "unit_a", "beds": beds}])))
    clock.move(timedelta(days=1))
    assert due.reopen(database, Settings()) == 0


def test_a_bed_comes_back_on_the_day_that_was_said(staff: Caller, database: Database, clock: MovableClock) -> None:
    for bed, until in (("bed_a1", {"offline_until": "2026-11-22"}), ("bed_a2", {})):
        body = {"status": "offline", "reason": "Repair", "version": 1, **until}
        made(staff.put(f"/v1/facilities/fac_a/beds/{bed}/status", body))
    assert due.reopen(database, Settings()) == 0
    clock.move(timedelta(days=1))
    assert due.reopen(database, Settings()) == 1
    board = made(staff.get("/v1/facilities/fac_a/board"))["beds"]
    assert [(bed["status"], bed["reason"]) for bed in board] == [("open", None), ("offline", "Repair")]


def _minor(identifier: str) -> Json:
    return {"id": identifier, "born_on": "2011-03-02", "gender": "female", "trafficking": "verified"}


def _stay(identifier: str, bed: str, **more: Any) -> Json:
    stay = {"id": f"stay_{identifier}", "minor": f"min_{identifier}", "facility": "fac_a", "bed": bed}
    return stay | {"admitted_on": "2026-11-11", "left_on": None, "payers": [], **more}


def _lives(identifier: str, bed: str, until: str | None = None) -> Json:
    row = {"minor": f"min_{identifier}", "bed": bed, "trafficking": "verified", "age": 15}
    return row | {"from": None, "until": until}


def _people(database: Database, *stays: Json, residents: list[Json], **limit: Any) -> None:
    """A house with these people in it, and a payer without a date for who has one."""
    agency = new_agency(database, AgencyKind.RESIDENTIAL)
    people = [_minor(stay["minor"]) for stay in stays]
    document = network(house(residents=residents), funds=[fund(**limit)], minors=people, stays=list(stays))
    load(database, document, operators={"fac_a": agency})


def nights(database: Database, bed: str = "bed_a1") -> list[tuple[date, str | None]]:
    with database.reading() as session:
        rows = session.scalars(select(BedNight).where(BedNight.bed_id == bed).order_by(BedNight.night)).all()
    return [(row.night, row.fund_id) for row in rows]


GOES_ON = [{"fund": "fund_a", "from": "2026-11-11", "until": None}]


def test_who_has_no_date_of_leaving_has_thirty_nights_ahead_and_the_same_payer(
    database: Database, clock: MovableClock
) -> None:
    _people(database, _stay("a", "bed_a1", payers=GOES_ON), residents=[_lives("a", "bed_a1")])
    assert nights(database) == [(TONIGHT + timedelta(days=n), "fund_a") for n in range(30)]
    assert roll(database) == 0
    clock.move(timedelta(days=1))
    assert [roll(database) for _ in range(2)] == [1, 0]
    clock.move(timedelta(days=3))
    assert roll(database) == 3
    assert nights(database) == [(TONIGHT + timedelta(days=n), "fund_a") for n in range(34)]


def test_money_that_is_spent_pays_no_further_night(database: Database, clock: MovableClock) -> None:
    stay = _stay("a", "bed_a1", payers=GOES_ON)
    _people(database, stay, residents=[_lives("a", "bed_a1")], nights_left=1)
    for fund_id in ("fund_a", None, None):
        clock.move(timedelta(days=1))
        assert roll(database) == 1
        assert nights(database)[-1][1] == fund_id


def test_past_the_expected_end_nobody_pays_and_the_bed_shows_it(database: Database, clock: MovableClock) -> None:
    payers = [{"fund": "fund_a", "from": "2026-11-11", "until": "2026-11-23"}]
    _people(database, _stay("a", "bed_a1", payers=payers), residents=[_lives("a", "bed_a1", "2026-11-23")])
    assert len(nights(database)) == 2
    clock.move(timedelta(days=1))
    assert roll(database) == 0
    clock.move(timedelta(days=1))
    assert [roll(database) for _ in range(2)] == [1, 0]
    clock.move(timedelta(days=1))
    assert roll(database) == 1
    assert nights(database) == [
        (date(2026, 11, 21), "fund_a"),
        (date(2026, 11, 22), "fund_a"),
        (date(2026, 11, 23), None),
        (date(2026, 11, 24), None),
    ]


def test_a_night_of_two_people_is_a_supervisor_s_to_settle_and_never_doubled(
    database: Database, clock: MovableClock
) -> None:
    payers = [{"fund": "fund_a", "from": "2026-11-11", "until": "2026-11-23"}]
    later = _stay("b", "bed_a1", admitted_on="2026-11-23", payers=[])
    coming = {**_lives("b", "bed_a1"), "from": "2026-11-23"}
    _people(
        database, _stay("a", "bed_a1", payers=payers), later, residents=[_lives("a", "bed_a1", "2026-11-23"), coming]
    )
    before = nights(database)
    clock.move(timedelta(days=2))
    roll(database)
    roll(database)
    after = nights(database)
    assert after[: len(before)] == before
    assert len({night for night, _ in after}) == len(after)
    with database.reading() as session:
        tasks = session.scalars(select(Task)).all()
    assert [(task.kind, task.subject_id, task.facility_id) for task in tasks] == [("clash", "stay_a", "fac_a")]


def test_a_resident_without_a_date_stays_in_the_ledger(staff: Caller, database: Database, clock: MovableClock) -> None:
    body = {"status": "occupied", "occupant": {"trafficking": "verified", "age": 15}, "version": 1}
    made(staff.put("/v1/facilities/fac_a/beds/bed_a1/status", body))
    clock.move(timedelta(days=2))
    assert [roll(database) for _ in range(2)] == [2, 0]
    assert len(nights(database)) == 32
