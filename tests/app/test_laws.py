"""Laws and orders in the place of consent: what they are called by, and the end of them."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.clock import MovableClock
from app.db import Database
from tests.app.test_releases import DAY, Desk
from tests.factories import made, refused, rows

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]


@pytest.fixture
def desk(client: TestClient, database: Database, clock: MovableClock) -> Desk:
    return Desk(client, database, clock)


def law(desk: Desk, **changes: Any) -> Any:
    body: Json = {
        "recipient": desk.other.agency_id,
        "law": "court_order",
        "reference": "order 26-118",
        "items": ["case"],
        "valid_until": (desk.clock.now() + 2 * DAY).isoformat(),
    }
    return desk.owner.post(f"{desk.path}/legal-bases", {**body, **changes})


def test_it_lets_in_for_as_long_as_it_holds_and_is_no_release(desk: Desk) -> None:
    made(law(desk))
    assert desk.sees()
    assert rows(desk.owner.get(f"{desk.path}/releases")) == []
    desk.clock.move(2 * DAY - timedelta(seconds=1))
    assert desk.sees()
    desk.clock.move(timedelta(seconds=1))
    assert not desk.sees()


def test_ended_it_opens_nothing_from_the_next_look_on(desk: Desk) -> None:
    basis = made(law(desk, law="protective_custody"))["id"]
    assert desk.sees()
    where = f"{desk.path}/legal-bases/{basis}"
    refused(desk.other.post(f"{where}/end"), 404, "not_found")
    assert made(desk.owner.post(f"{where}/end"))["in_force"] is False
    assert not desk.sees()
    assert [row["in_force"] for row in rows(desk.owner.get(f"{desk.path}/legal-bases"))] == [False]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"reference": " "}, "/reference"), ({"law": "i_said_so"}, "/law"), ({"signers": []}, "/*")],
)
def test_it_is_called_by_its_name_and_number(desk: Desk, changes: Json, pointer: str) -> None:
    assert refused(law(desk, **changes), 422, "invalid")["errors"][0]["pointer"] == pointer
