"""Earlier stays and holidays: entered by hand, counted by caps, and never two beds for one night."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import Role
from app.audit.models import AuditEvent
from app.db import Database
from app.placements.snapshot import build
from app.sealing.words import words_at
from app.stays.models import FormerStayPayer, Stay
from tests.factories import EIGHT_ANSWERS, Caller, SignedIn, fund, house, lead, load, made, network, refused, rows

Json = dict[str, Any]

STAY: Json = {
    "facility": "fac_a",
    "outside_facility": None,
    "admitted_on": "2026-10-01",
    "left_on": "2026-10-15",
    "away": [{"from": "2026-10-03", "until": "2026-10-05"}],
    "payers": [
        {"fund": "fund_a", "from": "2026-10-01", "until": "2026-10-08"},
        {"fund": "fund_b", "from": "2026-10-08", "until": "2026-10-15"},
    ],
}


@pytest.fixture
def coordinator(client: TestClient, database: Database) -> Caller:
    cap = {"id": "cap14", "limit": 14, "unit": "night", "window": "trailing", "window_months": 12}
    load(database, network(house("fac_a"), funds=[fund("fund_a", clocks=[cap]), {**fund("fund_b"), "funder": "State"}]))
    return Caller(client, database, Role.INTAKE_COORDINATOR)


@pytest.fixture
def path(coordinator: Caller) -> str:
    """The address of a referral's earlier stays."""
    return str(coordinator.post("/v1/referrals", EIGHT_ANSWERS).headers["Location"]) + "/past-stays"


def test_an_earlier_stay_comes_back_as_it_was_sent(coordinator: Caller, path: str, database: Database) -> None:
    answer = coordinator.post(path, STAY)
    stay = made(answer)
    assert {name: stay[name] for name in STAY} == STAY
    assert made(coordinator.get(answer.headers["Location"])) == stay
    outside = {"outside_facility": "A house in Macon", "admitted_on": "2026-10-15", "left_on": "2026-10-16"}
    later = made(coordinator.post(path, outside))
    assert (later["facility"], later["away"], later["payers"]) == (None, [], [])
    assert rows(coordinator.get(path)) == [later, stay]
    with database.reading() as session:
        assert {row.in_house for row in session.scalars(select(Stay))} == {False}
        acts = session.scalars(select(AuditEvent.action).where(AuditEvent.subject == stay["id"])).all()
    assert acts == ["stay.add_past", "stay.read_past"]


def test_caps_count_an_earlier_stay(coordinator: Caller, path: str, database: Database) -> None:
    rankings = path.replace("past-stays", "rankings")
    assert made(coordinator.post(rankings))["options"][0]["funded_nights"] == 14
    made(coordinator.post(path, {**STAY, "away": [], "payers": STAY["payers"][:1]}))
    assert made(coordinator.post(rankings))["options"][0]["funded_nights"] == 7
    with database.reading() as session:
        snapshot = build(session, database.clock.now(), database.clock.tonight())
    assert [row["residents"] for row in snapshot["facilities"]] == [[]]


@pytest.mark.one_kind
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"facility": None}, "/facility"),
        ({"outside_facility": "x"}, "/facility"),
        ({"left_on": "2026-10-01", "away": [], "payers": []}, "/left_on"),
        ({"away": [{"from": "2026-09-30", "until": "2026-10-02"}]}, "/away"),
        ({"away": [{"from": "2026-10-14", "until": "2026-10-16"}]}, "/away"),
        ({"away": [{"from": "2026-10-02", "until": "2026-10-02"}]}, "/away/0/until"),
        (
            {"away": [{"from": "2026-10-02", "until": "2026-10-04"}, {"from": "2026-10-03", "until": "2026-10-05"}]},
            "/away",
        ),
        ({"payers": [*STAY["payers"], STAY["payers"][0]]}, "/payers"),
        ({"payers": [{**STAY["payers"][0], "fund": "fund_none"}]}, "/payers/0/fund"),
        ({"facility": "fac_none"}, "/facility"),
        ({"left_on": "2026-11-22"}, "/left_on"),
        ({"admitted_on": "1989-01-01"}, "/admitted_on"),
        ({"outside_facility": "x", "facility": None, "name": "JANE"}, "/*"),
    ],
)
def test_what_cannot_have_been_is_refused(
    coordinator: Caller, path: str, database: Database, change: Json, pointer: str
) -> None:
    problem = refused(coordinator.post(path, {**STAY, **change}), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    with database.reading() as session:
        assert session.scalars(select(Stay.id)).all() == []


@pytest.mark.parametrize(
    ("first", "last", "clash"),
    [
        ("2026-09-20", "2026-10-01", False),
        ("2026-09-20", "2026-10-02", True),
        ("2026-10-05", "2026-10-06", True),
        ("2026-10-14", "2026-10-20", True),
        ("2026-10-15", "2026-10-20", False),
    ],
)
def test_nobody_slept_in_two_beds(coordinator: Caller, path: str, first: str, last: str, clash: bool) -> None:
    made(coordinator.post(path, STAY))
    answer = coordinator.post(path, {"outside_facility": "x", "admitted_on": first, "left_on": last})
    assert answer.status_code == (409 if clash else 201)


def test_a_stay_may_end_tonight(coordinator: Caller, path: str) -> None:
    made(coordinator.post(path, {"outside_facility": "x", "admitted_on": "2026-11-20", "left_on": "2026-11-21"}))


def test_another_agency_reads_and_writes_none(
    coordinator: Caller, path: str, client: TestClient, database: Database
) -> None:
    made(coordinator.post(path, STAY))
    other = Caller(client, database, Role.SUPERVISOR)
    refused(other.get(path), 404, "not_found")
    refused(other.post(path, STAY), 404, "not_found")
    staff = Caller(client, database, Role.FACILITY_STAFF, coordinator.agency_id)
    refused(staff.get(path), 403, "forbidden")
    refused(staff.post(path, STAY), 403, "forbidden")


def test_the_lead_enters_the_holidays_of_a_state(coordinator: Caller, client: TestClient, database: Database) -> None:
    where, administrator = "/v1/states/GA/holidays", lead(client, database)
    assert made(coordinator.get(where)) == {"state": "GA", "days": []}
    days = ["2026-12-25", "2026-11-26", "2026-12-25"]
    assert made(administrator.put(where, {"days": days}))["days"] == ["2026-11-26", "2026-12-25"]
    made(administrator.put("/v1/states/NV/holidays", {"days": ["2026-10-30"]}))
    assert made(administrator.put(where, {"days": ["2026-12-25"]}))["days"] == ["2026-12-25"]
    assert made(coordinator.get(where))["days"] == ["2026-12-25"]
    with database.reading() as session:
        snapshot = build(session, database.clock.now(), database.clock.tonight())
    assert snapshot["holidays"] == {"GA": ["2026-12-25"], "NV": ["2026-10-30"]}
    refused(coordinator.put(where, {"days": []}), 403, "forbidden")
    refused(Caller(client, database, Role.ADMINISTRATOR).put(where, {"days": []}), 403, "forbidden")
    assert refused(coordinator.get("/v1/states/georgia/holidays"), 422, "invalid")["errors"][0]["pointer"] == "/state"
    assert refused(administrator.put(where, {"days": ["12/25"]}), 422, "invalid")["errors"][0]["pointer"] == "/days/0"


def test_who_paid_an_earlier_stay_is_put_right_with_a_reason_and_the_history_kept(
    coordinator: Caller, path: str, client: TestClient, database: Database
) -> None:
    told = {**STAY, "facility": None, "outside_facility": "A house in Macon", "away": []}
    kept = made(coordinator.post(path, told))["id"]
    here = made(
        coordinator.post(path, {**STAY, "admitted_on": "2026-09-01", "left_on": "2026-09-05", "away": [], "payers": []})
    )["id"]
    supervisor = SignedIn(client, database, Role.SUPERVISOR, coordinator.agency_id)

    def put_right(stay: str, first: str, until: str, fund: str | None) -> Any:
        said = {"first": first, "until": until, "fund": fund, "reason": "the invoice says so"}
        return supervisor.post(f"/v1/stays/{stay}/corrections", said)

    refused(put_right(kept, "2026-10-14", "2026-10-16", None), 422, "invalid")
    refused(put_right(kept, "2026-10-05", "2026-10-10", "fund_none"), 422, "invalid")
    payers = made(put_right(kept, "2026-10-05", "2026-10-10", None))["payers"]
    assert payers == [
        {"fund": "fund_a", "from": "2026-10-01", "until": "2026-10-05"},
        {"fund": "fund_b", "from": "2026-10-10", "until": "2026-10-15"},
    ]
    assert made(put_right(kept, "2026-10-02", "2026-10-03", "fund_b"))["payers"] == [
        {"fund": "fund_a", "from": "2026-10-01", "until": "2026-10-02"},
        {"fund": "fund_b", "from": "2026-10-02", "until": "2026-10-03"},
        {"fund": "fund_a", "from": "2026-10-03", "until": "2026-10-05"},
        payers[1],
    ]
    paid = made(put_right(here, "2026-09-01", "2026-09-05", "fund_a"))["payers"]
    assert paid == [{"fund": "fund_a", "from": "2026-09-01", "until": "2026-09-05"}]
    assert made(put_right(kept, "2026-10-01", "2026-10-15", "fund_b"))["payers"] == [
        {"fund": "fund_b", "from": "2026-10-01", "until": "2026-10-15"}
    ]
    assert made(coordinator.post(path.replace("past-stays", "rankings")))["options"][0]["funded_nights"] == 10
    with database.reading() as session:
        query = select(FormerStayPayer).order_by(FormerStayPayer.corrected_at, FormerStayPayer.first)
        former = session.scalars(query.where(FormerStayPayer.stay_id == kept)).all()
        said = words_at(session, FormerStayPayer, "reason", {row.id: row.sealed_reason for row in former})
    assert list(said.values()) == ["the invoice says so"] * len(former)
    spans = {(str(row.first), str(row.until), row.fund_id) for row in former}
    assert {("2026-10-05", "2026-10-08", "fund_a"), ("2026-10-08", "2026-10-10", "fund_b")} < spans
    assert ("2026-10-05", "2026-10-10", None) in spans
    form = client.get(f"/stays/{kept}").text
    assert 'name="paid_from"' in form
    assert '<option value="fund_a"' in form
