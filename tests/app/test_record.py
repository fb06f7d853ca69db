"""The shared record through the API: flags that end by themselves, one timeline, and what a release opens of it."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text

from app.access.policy import AgencyKind, Role
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.db import Database
from app.minors.record_models import ITEM_OF, Activity, ActivityKind, Flag
from app.referrals.models import Referral
from app.sharing.codes import OF_RECORD, Item
from tests.factories import EIGHT_ANSWERS, Caller, made, new_agency, refused, rows

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
AT_RISK: Json = {"level": "at_risk", "basis": "observation", "indicators": ["hotels", "afraid"]}
SCREENED: Json = {"tool": "cse_it", "version": "2.0", "on": "2026-11-20", "level": "clear_concern"}
DAY = timedelta(days=1)


class Desk:
    """An agency with a referral and its record, and another agency that may be let in."""

    def __init__(self, client: TestClient, database: Database, clock: MovableClock) -> None:
        self.client, self.database, self.clock = client, database, clock
        self.owner = Caller(client, database, Role.PARTNER)
        self.signs = Caller(client, database, Role.SUPERVISOR, self.owner.agency_id)
        self.other = Caller(client, database, Role.PARTNER, new_agency(database, AgencyKind.HEALTH))
        self.referral = str(self.owner.post("/v1/referrals", EIGHT_ANSWERS).headers["Location"])
        with database.reading() as session:
            minor = session.get_one(Referral, self.referral.rsplit("/", 1)[1]).minor_id
        self.path = f"/v1/minors/{minor}"

    def release(self, *items: Item, to: str | None = None) -> str:
        """A signed paper that names these items; its path."""
        body = {
            "recipient": to or self.other.agency_id, "purpose": "treatment", "items": list(items), "given": "written",
            "signers": [{"relation": "minor"}, {"relation": "parent", "abuser": False}], "explained": True,
            "valid_until": (self.clock.now() + 30 * DAY).isoformat(),
        }  # fmt: skip
        release = made(self.signs.post(f"{self.referral}/releases", body))["id"]
        return f"{self.referral}/releases/{release}"

    def enter(self, kind: ActivityKind, **more: Any) -> str:
        """An entry of the owner's; its id."""
        return str(made(self.owner.post(f"{self.path}/activities", {"kind": kind, **more}))["id"])

    def seen(self) -> Json:
        """What the other agency is shown."""
        found: Json = made(self.other.get(self.path))
        return found


@pytest.fixture
def desk(client: TestClient, database: Database, clock: MovableClock) -> Desk:
    return Desk(client, database, clock)


def test_a_record_begins_with_a_flag_of_three_answers(desk: Desk) -> None:
    answer = desk.owner.post("/v1/minors", {"flag": AT_RISK})
    record = made(answer)
    assert answer.headers["Location"] == f"/v1/minors/{record['id']}"
    assert (record["own"], record["timeline"], record["not_shared"]) == (True, [], [])
    (flag,) = record["flags"]
    assert (flag["level"], flag["indicators"], flag["in_force"]) == ("at_risk", ["afraid", "hotels"], True)
    assert flag["review_by"] == "2027-02-19", "ninety days from November 21"
    listed = rows(desk.owner.get("/v1/minors"))
    assert [(row["id"], row["level"], row["own"]) for row in listed] == [(record["id"], "at_risk", True)]
    refused(desk.other.get(f"/v1/minors/{record['id']}"), 404, "not_found")
    assert rows(desk.other.get("/v1/minors")) == []


def test_a_flag_ends_by_itself_unless_somebody_reviews_it(desk: Desk) -> None:
    flag = made(desk.owner.post(f"{desk.path}/flags", {**AT_RISK, "review_by": "2026-11-23"}))

    def holds() -> bool:
        return bool(made(desk.owner.get(desk.path))["flags"][0]["in_force"])

    desk.clock.move(2 * DAY)
    assert holds()
    assert [row["level"] for row in rows(desk.owner.get("/v1/minors"))] == ["at_risk"]
    desk.clock.move(DAY)
    assert not holds()
    assert rows(desk.owner.get("/v1/minors")) == []
    review = f"{desk.path}/flags/{flag['id']}/review"
    refused(desk.owner.post(review, {"review_by": "2026-12-01"}), 428, "version_required")
    refused(desk.owner.post(review, {"review_by": "2026-11-23", "version": 1}), 422, "invalid")
    refused(desk.owner.post(review, {"review_by": "2027-11-25", "version": 1}), 422, "invalid")
    again = made(desk.owner.post(review, {"review_by": "2027-11-24", "version": 1}))
    assert (again["in_force"], again["version"], again["review_by"]) == (True, 2, "2027-11-24")
    assert holds()
    end = f"{desk.path}/flags/{flag['id']}/end"
    refused(desk.owner.post(end, {"reason": "safe_now", "version": 1}), 409, "stale_update")
    ended = made(desk.owner.post(end, {"reason": "safe_now", "version": 2}))
    assert (ended["in_force"], ended["end_reason"]) == (False, "safe_now")
    refused(desk.owner.post(review, {"review_by": "2026-12-01", "version": 3}), 409, "not_now")


def test_a_screening_is_kept_as_it_is_and_makes_nobody_verified(desk: Desk) -> None:
    flags = f"{desk.path}/flags"
    screened = {"level": "at_risk", "basis": "screening", "indicators": [], "screening": SCREENED}
    assert made(desk.owner.post(flags, screened))["screening"] == SCREENED
    refused(desk.owner.post(flags, {**screened, "level": "verified"}), 422, "invalid")
    refused(desk.owner.post(flags, {**screened, "screening": None}), 422, "invalid")
    refused(desk.owner.post(flags, {**AT_RISK, "screening": SCREENED}), 422, "invalid")
    later = {**screened, "screening": {**SCREENED, "on": "2026-11-22"}}
    refused(desk.owner.post(flags, later), 422, "invalid")
    refused(desk.owner.post(flags, {**AT_RISK, "words": "x" * 501}), 422, "invalid")
    assert made(desk.owner.post(flags, {**AT_RISK, "words": "x" * 500}))["words"] == "x" * 500


def test_a_flag_changes_nothing_that_a_decision_looks_at(desk: Desk) -> None:
    before = made(desk.owner.get(desk.referral))
    made(desk.owner.post(f"{desk.path}/flags", {**AT_RISK, "level": "verified", "basis": "court_finding"}))
    assert made(desk.owner.get(desk.referral)) == before


def test_the_timeline_has_the_newest_first_and_a_mistake_is_taken_back(desk: Desk) -> None:
    first = desk.enter(ActivityKind.SCHOOL, on="2026-11-19", words="back in tenth grade")
    desk.enter(ActivityKind.COURT_DATE, on="2026-11-20")
    desk.enter(ActivityKind.MEDICAL)
    refused(desk.owner.post(f"{desk.path}/activities", {"kind": "school", "on": "2026-11-22"}), 422, "invalid")
    refused(desk.owner.post(f"{desk.path}/activities", {"kind": "school", "words": "x" * 201}), 422, "invalid")
    shown = made(desk.owner.get(desk.path))["timeline"]
    assert [(row["on"], row["kind"]) for row in shown] == [
        ("2026-11-21", "medical"), ("2026-11-20", "court_date"), ("2026-11-19", "school"),
    ]  # fmt: skip
    assert shown[-1]["words"] == "back in tenth grade"
    back = f"{desk.path}/activities/{first}/withdrawal"
    made(desk.owner.post(back))
    assert made(desk.owner.post(back))["withdrawn_at"] is not None
    assert len(made(desk.owner.get(desk.path))["timeline"]) == 2
    refused(desk.owner.post(f"{desk.path}/activities/act_none/withdrawal"), 404, "not_found")
    elsewhere = made(desk.owner.post("/v1/minors", {"flag": AT_RISK}))["id"]
    refused(desk.owner.post(f"/v1/minors/{elsewhere}/activities/{first}/withdrawal"), 404, "not_found")


def test_a_release_opens_the_kinds_it_names_and_the_rest_is_said_to_be_there(desk: Desk) -> None:
    made(desk.owner.post(f"{desk.path}/flags", AT_RISK))
    for kind in ActivityKind:
        desk.enter(kind, words="a line")
    refused(desk.other.get(desk.path), 404, "not_found")
    desk.release(Item.AGE)
    refused(desk.other.get(desk.path), 404, "not_found")
    release = desk.release(Item.SCHOOL)
    seen = desk.seen()
    assert (seen["own"], seen["items"], seen["flags"]) == (False, ["school"], [])
    assert [(row["kind"], row["words"]) for row in seen["timeline"]] == [("school", "a line")]
    assert [row["entries"] for row in seen["not_shared"]] == [len(ActivityKind) - 1]
    desk.release(Item.FLAGS, Item.LEGAL)
    seen = desk.seen()
    assert [flag["level"] for flag in seen["flags"]] == ["at_risk"]
    assert {row["kind"] for row in seen["timeline"]} == {"school", "forensic_interview", "legal", "court_date"}
    assert [(row["level"], row["own"]) for row in rows(desk.other.get("/v1/minors"))] == [("at_risk", False)]
    with desk.database.reading() as session:
        reads = session.scalars(
            select(AuditEvent.release_id).where(AuditEvent.action == "record.read", AuditEvent.outcome == "ok")
        ).all()
    assert len(set(reads)) == 2, "each look names the releases by which it was allowed"
    made(desk.signs.post(f"{release}/withdrawal"))
    assert "school" not in {row["kind"] for row in desk.seen()["timeline"]}
    desk.clock.move(30 * DAY)
    refused(desk.other.get(desk.path), 404, "not_found")


def test_who_reads_another_agencys_record_adds_nothing_to_it(desk: Desk) -> None:
    flag = made(desk.owner.post(f"{desk.path}/flags", AT_RISK))
    entry = desk.enter(ActivityKind.SCHOOL)
    desk.release(*OF_RECORD)
    assert desk.seen()["items"] == [item for item in Item if item in OF_RECORD]
    for path, body in (
        ("flags", AT_RISK), ("activities", {"kind": "school"}), (f"activities/{entry}/withdrawal", None),
        (f"flags/{flag['id']}/review", {"review_by": "2026-12-01", "version": 1}),
        (f"flags/{flag['id']}/end", {"reason": "mistake", "version": 1}),
    ):  # fmt: skip
        refused(desk.other.post(f"{desk.path}/{path}", body), 404, "not_found")


def test_every_kind_of_activity_is_of_one_kind_of_information() -> None:
    assert set(ITEM_OF) == set(ActivityKind)
    assert set(ITEM_OF.values()) | {Item.STAYS, Item.FLAGS} == OF_RECORD


def test_words_are_sealed_and_gone_with_the_key(desk: Desk, database: Database) -> None:
    made(desk.owner.post(f"{desk.path}/flags", {**AT_RISK, "words": "canarywords"}))
    desk.enter(ActivityKind.SCHOOL, words="canaryline")
    with database.reading() as session:
        for table in (Flag, Activity):
            raw = session.scalar(text(f"SELECT words FROM {table.__tablename__}"))  # noqa: S608
            assert b"canary" not in bytes(raw)
        assert session.scalar(select(func.count()).select_from(Flag)) == 1


def test_the_owner_of_a_record_without_a_referral_sees_who_looked(desk: Desk) -> None:
    minor = str(made(desk.owner.post("/v1/minors", {"flag": AT_RISK}))["id"])
    refused(desk.other.get(f"/v1/minors/{minor}"), 404, "not_found")
    made(desk.owner.get(f"/v1/minors/{minor}"))
    found = [(row["action"], row["outcome"]) for row in rows(desk.owner.get(f"/v1/minors/{minor}/looks?limit=100"))]
    assert found[-2:] == [("flag.make", "ok"), ("record.begin", "ok")]
    assert ("record.read", "denied") in found
    refused(desk.other.get(f"/v1/minors/{minor}/looks"), 404, "not_found")
