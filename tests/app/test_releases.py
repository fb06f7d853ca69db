"""Releases through the API: as they were signed, for as long as they hold, and gone in one act."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import AgencyKind, Role
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.db import Database
from app.outbox.models import OutboxEvent
from app.sharing.codes import Item
from app.sharing.models import LoneConsent, Release, SharingPolicy
from tests.factories import EIGHT_ANSWERS, Caller, made, new_agency, refused, rows

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
MINOR: Json = {"relation": "minor"}
PARENT: Json = {"relation": "parent", "abuser": False}
DAY = timedelta(days=1)


class Desk:
    """A coordinator with a referral, and another agency that may be let in."""

    def __init__(self, client: TestClient, database: Database, clock: MovableClock) -> None:
        self.client, self.database, self.clock = client, database, clock
        self.owner = Caller(client, database, Role.INTAKE_COORDINATOR)
        self.other = Caller(client, database, Role.INTAKE_COORDINATOR, new_agency(database, AgencyKind.HEALTH))
        self.path = str(self.owner.post("/v1/referrals", EIGHT_ANSWERS).headers["Location"])

    def release(self, **changes: Any) -> Any:
        """What is answered to a paper, right but for the changes."""
        body: Json = {
            "recipient": self.other.agency_id,
            "purpose": "treatment",
            "items": ["case"],
            "signers": [MINOR, PARENT],
            "given": "written",
            "explained": True,
            "valid_until": (self.clock.now() + 30 * DAY).isoformat(),
        }
        return self.owner.post(f"{self.path}/releases", {**body, **changes})

    def sees(self) -> bool:
        """Whether the other agency may see the young person now."""
        answer = self.other.get(self.path)
        assert answer.status_code in (200, 404)
        return answer.status_code == 200


@pytest.fixture
def desk(client: TestClient, database: Database, clock: MovableClock) -> Desk:
    return Desk(client, database, clock)


def test_it_lets_the_agency_in_from_its_beginning_until_before_its_end(desk: Desk) -> None:
    assert not desk.sees()
    first, until = (desk.clock.now() + n * DAY for n in (1, 3))
    made(desk.release(valid_from=first.isoformat(), valid_until=until.isoformat()))
    seen = []
    for step in (
        DAY - timedelta(seconds=1),
        timedelta(seconds=1),
        2 * DAY - timedelta(seconds=1),
        timedelta(seconds=1),
    ):
        desk.clock.move(step)
        seen.append(desk.sees())
    assert seen == [False, True, True, False]


def test_taken_back_it_opens_nothing_from_the_next_look_on(desk: Desk, database: Database) -> None:
    one, two = (made(desk.release())["id"] for _ in range(2))
    assert desk.sees()
    gone = made(desk.owner.post(f"{desk.path}/releases/{one}/withdrawal"))
    assert (gone["in_force"], datetime.fromisoformat(gone["withdrawn_at"])) == (False, desk.clock.now())
    assert desk.sees()  # by the other one
    made(desk.owner.post(f"{desk.path}/releases/{two}/withdrawal"))
    assert not desk.sees()
    again = made(desk.owner.post(f"{desk.path}/releases/{two}/withdrawal"))
    assert (again["id"], again["in_force"]) == (two, False)
    assert [row["in_force"] for row in rows(desk.owner.get(f"{desk.path}/releases"))] == [False, False]
    with database.reading() as session:
        told = session.scalars(select(OutboxEvent.subject_id).where(OutboxEvent.kind == "release.withdrawn")).all()
        acts = select(AuditEvent.release_id).where(AuditEvent.action == "release.withdraw").order_by(AuditEvent.seq)
        assert list(told) == list(session.scalars(acts)) == [one, two]


def test_only_what_is_named_is_opened(desk: Desk) -> None:
    made(desk.release(items=[item.value for item in Item if item is not Item.CASE]))
    assert not desk.sees()


def test_it_lets_in_to_read_and_never_to_act(desk: Desk) -> None:
    release = made(desk.release())["id"]
    refused(desk.other.patch(desk.path, {"urgency": 1, "version": 1}), 404, "not_found")
    refused(desk.other.get(f"{desk.path}/releases"), 404, "not_found")
    refused(desk.other.get(f"{desk.path}/releases/{release}"), 404, "not_found")
    refused(desk.other.post(f"{desk.path}/releases/{release}/withdrawal"), 404, "not_found")
    assert desk.sees()


@pytest.mark.parametrize(
    ("signers", "reasons"),
    [
        ([MINOR, {"relation": "parent", "abuser": True}], ["abuser"]),
        ([MINOR, {"relation": "guardian"}], ["abuse_not_asked"]),
        ([PARENT], ["young_person_missing"]),
        ([MINOR], ["second_missing"]),
    ],
)
def test_signatures_that_make_none_are_refused_with_every_reason(
    desk: Desk, signers: list[Json], reasons: list[str]
) -> None:
    assert refused(desk.release(signers=signers), 409, "release_void")["reasons"] == reasons
    assert rows(desk.owner.get(f"{desk.path}/releases")) == []


@pytest.mark.parametrize(
    ("state", "from_age", "asked", "code"),
    [
        ("WA", 15, "WA", None),  # the young person is 15
        ("WA", 16, "WA", "alone_not_lawful"),
        ("WA", 15, "OR", "alone_not_known"),
        ("WA", 15, None, "alone_not_known"),
        (None, 15, "OR", None),
        (None, 15, None, None),
        ("WA", None, "WA", "alone_not_known"),
    ],
)
def test_alone_by_the_row_of_the_service_and_the_state(
    desk: Desk, database: Database, state: str | None, from_age: int | None, asked: str | None, code: str | None
) -> None:
    with database.writing() as session:
        session.add(LoneConsent(id="l", service="counselling", state=state, from_age=from_age, citation="a statute"))
    answer = desk.release(signers=[MINOR], alone_service="counselling", alone_state=asked)
    if code is None:
        assert made(answer)["alone_service"] == "counselling"
    else:
        assert refused(answer, 409, "release_void")["reasons"] == [code]


def test_what_comes_with_the_tables_lets_nobody_sign_alone(desk: Desk) -> None:
    """From which age those laws let a young person decide was not read in their text: it is entered by a deployment."""
    for service, state in (("safe_harbor", "MN"), ("substance_treatment", None), ("nothing_on_record", "MN")):
        answer = desk.release(signers=[MINOR], alone_service=service, alone_state=state)
        assert refused(answer, 409, "release_void")["reasons"] == ["alone_not_known"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"recipient": "agency_none"}, "/recipient"),
        ({"items": []}, "/items"),
        ({"explained": False}, "/explained"),
        ({"given": "spoken"}, "/given"),
        ({"signers": [{**MINOR, "abuser": False}, PARENT]}, "/signers"),
        ({"signers": [{**MINOR, "name": "x"}, PARENT]}, "/signers/0/*"),
    ],
)
def test_a_paper_that_says_too_little_is_refused(desk: Desk, changes: Json, pointer: str) -> None:
    assert refused(desk.release(**changes), 422, "invalid")["errors"][0]["pointer"] == pointer


def test_neither_oneself_nor_a_funder_is_a_recipient(desk: Desk, database: Database) -> None:
    for agency in (desk.owner.agency_id, new_agency(database, AgencyKind.FUNDER)):
        assert refused(desk.release(recipient=agency), 422, "invalid")["errors"][0]["pointer"] == "/recipient"


@pytest.mark.parametrize(
    ("length", "right"), [(0 * DAY, False), (10 * DAY, True), (10 * DAY + timedelta(seconds=1), False)]
)
def test_it_lasts_no_longer_than_the_policy_has(desk: Desk, database: Database, length: timedelta, right: bool) -> None:
    with database.writing() as session:
        session.get_one(SharingPolicy, 1).release_days = 10
    answer = desk.release(valid_until=(desk.clock.now() + length).isoformat())
    if right:
        made(answer)
    else:
        assert refused(answer, 422, "invalid")["errors"][0]["pointer"] == "/valid_until"


def test_no_name_is_kept_of_who_signed(desk: Desk, database: Database) -> None:
    release = made(desk.release())["id"]
    with database.reading() as session:
        row = session.get_one(Release, release)
        assert row.signers == [{"relation": "minor", "abuser": None}, {"relation": "parent", "abuser": False}]
        assert row.recorded_by is not None
