"""Who looked at a record: told to the agency whose record it is, and to nobody else."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.access.policy import AgencyKind, Role
from app.db import Database
from tests.actors import sign_in
from tests.factories import EIGHT_ANSWERS, Caller, house, load, made, network, new_agency, refused, rows

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]


@pytest.fixture
def owner(client: TestClient, database: Database) -> Caller:
    load(database, network(house()), operators={"fac_a": new_agency(database, AgencyKind.RESIDENTIAL)})
    return Caller(client, database, Role.INTAKE_COORDINATOR, new_agency(database))


def told(caller: Caller, referral: str) -> list[tuple[str, str]]:
    found = rows(caller.get(f"/v1/referrals/{referral}/looks?limit=100"))
    return [(row["action"], row["outcome"]) for row in found]


def test_what_was_done_and_read_is_told_the_newest_first(owner: Caller, client: TestClient, database: Database) -> None:
    referral = made(owner.post("/v1/referrals", EIGHT_ANSWERS))["id"]
    run = owner.post(f"/v1/referrals/{referral}/rankings").headers["Location"].rpartition("/")[2]
    question = {"run": run, "facility": "fac_a", "authority": "court_order", "called": True}
    offer = made(owner.post(f"/v1/referrals/{referral}/holds", question))["id"]
    house_agency = database_agency(database)
    staff = Caller(client, database, Role.FACILITY_STAFF, house_agency)
    stay = made(staff.post(f"/v1/facilities/fac_a/offers/{offer}/answer", {"accept": True}))["stay_id"]
    made(staff.post(f"/v1/stays/{stay}/arrival"))
    seen = told(owner, referral)
    actions = [action for action, _ in seen]
    assert actions[0] == "stay.arrive"
    assert actions[-1] == "referral.create"
    assert {"ranking.run", "hold.make", "offer.make", "offer.accept"} <= set(actions)
    assert told(owner, referral)[0] == ("looks.read", "ok")
    by = {row["action"]: row for row in rows(owner.get(f"/v1/referrals/{referral}/looks?limit=100"))}
    assert by["stay.arrive"]["by"] == by["stay.arrive"]["agency"] != by["referral.create"]["agency"]
    assert by["referral.create"]["by"] != by["referral.create"]["agency"]


def database_agency(database: Database) -> str:
    from app.facilities.models import Facility

    with database.reading() as session:
        return str(session.get_one(Facility, "fac_a").agency_id)


def test_the_pages_of_the_list_hold_each_act_once(owner: Caller) -> None:
    referral = made(owner.post("/v1/referrals", EIGHT_ANSWERS))["id"]
    for _ in range(6):
        owner.get(f"/v1/referrals/{referral}")
    read: list[str] = []
    place = ""
    while True:
        page = owner.get(f"/v1/referrals/{referral}/looks?limit=2{place}").json()
        read += [row["action"] for row in page["data"]]
        if page["next_cursor"] is None:
            break
        place = f"&cursor={page['next_cursor']}"
    assert read == ["referral.read"] * 6 + ["referral.create"]
    for wrong in ("nonsense", "W1sicyIsIDFdXQ==", "W1sibiIsICIxIl1d"):
        answer = owner.get(f"/v1/referrals/{referral}/looks?cursor={wrong}")
        assert answer.status_code == 422


def test_somebody_who_tried_is_told_of_and_is_told_nothing(
    owner: Caller, client: TestClient, database: Database
) -> None:
    referral = made(owner.post("/v1/referrals", EIGHT_ANSWERS))["id"]
    other = Caller(client, database, Role.SUPERVISOR, new_agency(database))
    for path in (f"/v1/referrals/{referral}/looks", f"/v1/referrals/{referral}", "/v1/referrals/ref_none/looks"):
        refused(other.get(path), 404, "not_found")
    assert told(owner, referral) == [
        ("referral.read", "denied"), ("looks.read", "denied"), ("referral.create", "ok"),
    ]  # fmt: skip
    staff = Caller(client, database, Role.FACILITY_STAFF, new_agency(database))
    refused(staff.get(f"/v1/referrals/{referral}/looks"), 403, "forbidden")


def test_another_referral_of_another_young_person_tells_nothing_of_this_one(owner: Caller) -> None:
    first, second = (made(owner.post("/v1/referrals", EIGHT_ANSWERS))["id"] for _ in range(2))
    owner.get(f"/v1/referrals/{second}")
    assert told(owner, first) == [("referral.create", "ok")]


def test_the_page_says_it_in_words(client: TestClient, database: Database) -> None:
    person = sign_in(client, database, Role.INTAKE_COORDINATOR)
    own = Caller(client, database, Role.INTAKE_COORDINATOR, person.agency_id)
    referral = made(own.post("/v1/referrals", EIGHT_ANSWERS))["id"]
    assert f'href="/referrals/{referral}/looks"' in client.get(f"/referrals/{referral}/change").text
    refused(
        Caller(client, database, Role.SUPERVISOR, new_agency(database)).get(f"/v1/referrals/{referral}"),
        404,
        "not_found",
    )
    shown = client.get(f"/referrals/{referral}/looks?limit=2")
    assert shown.status_code == 200
    assert "Refused:" in shown.text
    assert "Entered the referral" not in shown.text
    assert "cursor=" in shown.text
    last = client.get(f"/referrals/{referral}/looks?limit=100").text
    assert "Entered the referral" in last
    assert "cursor=" not in last
