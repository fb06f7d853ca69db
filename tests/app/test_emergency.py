"""Emergency access: one person, one record, an hour; told at once, reviewed in time or no more; no address."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.policy import Role
from app.audit.models import AuditEvent
from app.emergency import due
from app.emergency.models import EmergencyAccess
from app.emergency.service import MISSES
from app.facilities.models import AddressShown, FacilityAddress
from app.outbox.models import OutboxEvent
from app.referrals.models import Referral
from tests.app.test_hold_pages import Hand
from tests.app.test_workflow import held, scene
from tests.factories import SignedIn, made, new_agency, refused, rows
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

__all__ = ["scene"]

Json = dict[str, Any]
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
WHY = "She is in hospital and cannot speak for herself"


class Helper(SignedIn):
    """Somebody of another agency, signed in anew whenever their proof is too old."""

    def take(self, scene: Scene, path: str, **changes: Any) -> Any:
        body = {"code": code_of(scene, path), "reason": "medical", "words": WHY, **changes}
        return self.post("/v1/emergency-accesses", body)


def code_of(scene: Scene, path: str) -> str:
    with scene.database.reading() as session:
        return session.get_one(Referral, path.rsplit("/", 1)[1]).code


def helper(scene: Scene, role: Role = Role.INTAKE_COORDINATOR, agency: str | None = None) -> Helper:
    return Helper(scene.client, scene.database, role, agency)


def told(scene: Scene, kind: str) -> list[str]:
    with scene.database.reading() as session:
        return list(session.scalars(select(OutboxEvent.agency_id).where(OutboxEvent.kind == kind)))


def test_it_opens_one_record_to_one_person_for_an_hour_and_tells_both_sides(scene: Scene) -> None:
    path, other = scene.refer(), scene.refer()
    one = helper(scene)
    refused(one.get(path), 404, "not_found")
    found = made(one.take(scene, path))
    assert found["referral_id"] == path.rsplit("/", 1)[1]
    made(one.get(path))
    refused(one.get(other), 404, "not_found")
    refused(one.patch(path, {"urgency": 1, "version": 1}), 404, "not_found")
    colleague = helper(scene, agency=one.agency_id)
    refused(colleague.get(path), 404, "not_found")
    # Told by the transaction that opened it, with no hour to wait for.
    assert (told(scene, "emergency.opened"), told(scene, "emergency.told")) == (
        [one.agency_id],
        [scene.coordinator.agency_id],
    )
    (look,) = [row for row in rows(scene.coordinator.get(f"{path}/looks")) if row["action"] == "emergency.open"]
    assert (look["by"], look["reason"]) == (look["agency"], "emergency.medical")


@pytest.mark.parametrize(("after", "open_"), [(HOUR - SECOND, True), (HOUR, False)])
def test_it_ends_after_sixty_minutes(scene: Scene, after: timedelta, open_: bool) -> None:
    path = scene.refer()
    one = helper(scene)
    made(one.take(scene, path))
    for _ in range(6):  # nobody stays signed in for an hour without pressing anything
        scene.clock.move(after / 6)
        last = one.get(path)
    assert last.status_code == (200 if open_ else 404)
    banner = one.client.get("/", headers={"accept": "text/html"}).text
    assert ("Emergency access until 23:14" in banner) is open_


def test_given_back_it_is_over_at_once(scene: Scene) -> None:
    path = scene.refer()
    one = helper(scene)
    made(one.take(scene, path))
    refused(one.take(scene, scene.refer()), 409, "not_now")  # one record at a time
    form = {"form_token": one.headers["X-Form-Token"]}
    assert one.client.post("/emergency/end", data=form, headers=one.headers).status_code == 303
    refused(one.get(path), 404, "not_found")
    assert "Emergency access until" not in one.client.get("/", headers={"accept": "text/html"}).text
    made(one.take(scene, path))


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"words": "x" * 19}, "/words"),
        ({"words": " " * 30}, "/words"),
        ({"reason": "curious"}, "/reason"),
        ({"code": "R-1"}, "/code"),
    ],
)
def test_without_a_reason_nothing_is_opened(scene: Scene, changes: Json, pointer: str) -> None:
    path = scene.refer()
    one = helper(scene)
    assert refused(one.take(scene, path, **changes), 422, "invalid")["errors"][0]["pointer"] == pointer
    refused(one.get(path), 404, "not_found")


@pytest.mark.parametrize(("after", "right"), [(timedelta(minutes=5), True), (timedelta(minutes=5) + SECOND, False)])
def test_it_takes_a_proof_of_the_last_five_minutes(scene: Scene, after: timedelta, right: bool) -> None:
    path = scene.refer()
    one = helper(scene)
    scene.clock.move(after)
    answer = one.take(scene, path)
    if right:
        made(answer)
    else:
        refused(answer, 403, "proof_needed")


def test_no_other_request_opens_it(scene: Scene) -> None:
    """Its permission stands on its own address alone, and no body has a field for it."""
    path = scene.refer()
    one = helper(scene)
    refused(one.patch(path, {"urgency": 1, "version": 1, "emergency": True}), 422, "invalid")
    key = scene.coordinator
    refused(
        key.post("/v1/emergency-accesses", {"code": "R-22222", "reason": "medical", "words": WHY}), 403, "forbidden"
    )


def test_codes_of_nobody_are_not_tried_one_after_another(scene: Scene) -> None:
    path = scene.refer()
    one = helper(scene)
    for _ in range(MISSES):
        refused(one.take(scene, path, code="R-AAAAA"), 404, "not_found")
    refused(one.take(scene, path), 429, "too_many")
    scene.clock.move(HOUR)
    again = helper(scene, agency=one.agency_id)
    made(again.take(scene, path))


def test_the_own_record_needs_none(scene: Scene) -> None:
    own = helper(scene, agency=scene.coordinator.agency_id)
    refused(own.take(scene, scene.refer()), 409, "not_now")


def reviewer(scene: Scene, agency: str) -> SignedIn:
    return SignedIn(scene.client, scene.database, Role.SUPERVISOR, agency)


def test_another_supervisor_reviews_it_and_it_is_counted(scene: Scene) -> None:
    path = scene.refer()
    one = helper(scene, Role.SUPERVISOR)
    access = made(one.take(scene, path))["id"]
    review = f"/v1/emergency-accesses/{access}/review"
    refused(one.post(review, {"justified": True}), 409, "not_now")
    refused(reviewer(scene, new_agency(scene.database)).post(review, {"justified": True}), 404, "not_found")
    # The agency whose record it was reads which agency it was, and not its words; it does not judge it.
    owner = reviewer(scene, scene.coordinator.agency_id)
    (row,) = rows(owner.get("/v1/emergency-accesses"))
    assert (row["by"], row["words"], row["may_review"]) == (row["agency"], None, False)
    refused(owner.post(review, {"justified": True}), 404, "not_found")
    second = reviewer(scene, one.agency_id)
    (row,) = rows(second.get("/v1/emergency-accesses"))
    assert (row["by"], row["words"], row["may_review"]) == ("R. Diaz", WHY, True)
    assert made(second.post(review, {"justified": True}))["justified"] is True
    counted = {"month": "2026-11", "opened": 1, "justified": 1, "not_justified": 0, "not_reviewed": 0}
    assert rows(second.get("/v1/emergency-accesses/counts")) == [counted]
    assert rows(reviewer(scene, scene.coordinator.agency_id).get("/v1/emergency-accesses/counts")) == []


def person_again(scene: Scene, access: str) -> Helper:
    """The same person, signed in anew."""
    from app.access import signin
    from tests.actors import SAME_SITE

    with scene.database.writing() as session:
        person = session.get_one(EmergencyAccess, access).person_id
        link = signin.issue_link(session, person, scene.clock.now())
    scene.client.post(link, headers=SAME_SITE)
    from app.access.tokens import form_token

    found = Helper.__new__(Helper)
    found.client, found.agency_id = scene.client, ""
    found.headers = SAME_SITE | {"X-Form-Token": form_token(scene.client.cookies["bednight"])}
    return found


@pytest.mark.parametrize(("after", "right"), [(timedelta(hours=72) - SECOND, True), (timedelta(hours=72), False)])
def test_without_a_review_in_72_hours_the_right_is_suspended_until_there_is_one(
    scene: Scene, after: timedelta, right: bool
) -> None:
    path = scene.refer()
    one = helper(scene)
    access = made(one.take(scene, path))["id"]
    scene.clock.move(after)
    assert due.run(scene.database) == (0 if right else 1)
    assert due.run(scene.database) == 0
    assert told(scene, "emergency.unreviewed") == ([] if right else [one.agency_id])
    answer = person_again(scene, access).take(scene, path)
    if right:
        made(answer)
        return
    assert "suspended" in refused(answer, 403, "forbidden")["detail"]
    made(reviewer(scene, one.agency_id).post(f"/v1/emergency-accesses/{access}/review", {"justified": True}))
    made(person_again(scene, access).take(scene, path))


def test_what_was_not_justified_suspends_at_once_and_until_that_is_taken_back(scene: Scene) -> None:
    path = scene.refer()
    one = helper(scene)
    access = made(one.take(scene, path))["id"]
    review = f"/v1/emergency-accesses/{access}/review"
    made(reviewer(scene, one.agency_id).post(review, {"justified": False}))
    scene.clock.move(2 * HOUR)
    refused(person_again(scene, access).take(scene, path), 403, "forbidden")
    made(reviewer(scene, one.agency_id).post(review, {"justified": True}))
    made(person_again(scene, access).take(scene, path))
    with scene.database.reading() as session:
        said = select(AuditEvent.reason).where(AuditEvent.action == "emergency.review").order_by(AuditEvent.seq)
        assert list(session.scalars(said)) == ["not_justified", "justified"]


def test_it_never_shows_an_address(scene: Scene) -> None:
    with scene.database.writing() as session:
        session.add(FacilityAddress(facility_id="fac_a", lines=["12 Canary Street"], shown=AddressShown.ON_SCREEN))
    path, offer = held(scene)
    made(scene.answer("fac_a", offer["id"]))
    where = f"/referrals/{path.rsplit('/', 1)[1]}/offers/{offer['id']}"
    own = helper(scene, agency=scene.coordinator.agency_id)
    assert "12 Canary Street" in own.client.get(where).text
    assert "Fulton County, GA" in own.client.get(where).text
    one = helper(scene)
    made(one.take(scene, path))
    page = one.client.get(where)
    assert page.status_code == 200
    assert "Canary" not in page.text
    assert "Fulton County, GA" not in page.text.split("<dt>House</dt>")[1].split("</dd>")[0]


def test_the_pages_open_it_say_so_meanwhile_and_have_it_judged(scene: Scene) -> None:
    path = scene.refer()
    code, agency = code_of(scene, path), new_agency(scene.database)
    one = Hand(scene.client, scene.database, agency)
    assert "/emergency" in one.get("/").text
    missing = one.send("/emergency", code=code, words="too short")
    assert missing.status_code == 422
    assert 'id="reason-wrong"' in missing.text
    assert 'id="words-wrong"' in missing.text
    one.send("/emergency", code=code, reason="missing", words=WHY)
    home = one.get("/").text
    assert "Emergency access until 23:14" in home
    assert code in home
    again = one.send("/emergency", code=code, reason="missing", words=WHY)
    assert again.status_code == 409
    assert "one record at a time" in again.text
    supervisor = Hand(scene.client, scene.database, agency, Role.SUPERVISOR)
    page = supervisor.get("/emergency/reviews")
    assert WHY in page.text
    assert "Review it by Nov 24, 22:14." in page.text
    access = re.search(r"/emergency/reviews/(emg_\w+)", page.text)
    assert access is not None
    judged = supervisor.send(access[0], press="not_justified")
    assert "Not justified" in judged.text
    with scene.database.reading() as session:
        assert session.get_one(EmergencyAccess, access[1]).justified is False
