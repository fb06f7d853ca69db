"""Referrals: what was not asked stays not known, a request sent twice acts once, and nobody reads another's."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.access.policy import Role
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.db import Database
from app.minors.models import Minor
from app.referrals.models import Referral, ReferralStatus
from app.referrals.service import urgency_of
from app.sharing.models import Grant
from tests.factories import EIGHT_ANSWERS, TONIGHT, Caller, house, load, made, network, refused

Json = dict[str, Any]

NOTHING: Json = {"minor": {}, "needed_from": None}
GEORGIA: Json = {"county": "13121", "place": None, "state": "GA", "none": False}
WHOLE: Json = {
    "born_on": "2011-03-02",
    "age_range": [14, 16],
    "gender": "nonbinary",
    "residence": GEORGIA,
    "found": {"county": None, "place": "1304000", "state": "GA", "none": False},
    "jurisdiction": {"county": None, "place": None, "state": None, "none": True},
    "custody": "dependent",
    "trafficking": "screening_pending",
    "needs": {
        "services": ["trauma_therapy"],
        "services_required": ["medical"],
        "languages": ["es"],
        "conditions": ["detox"],
        "infants": 1,
    },
    "approvals": ["county_extension", "county_extension"],
    "avoid": {"counties": ["13089"], "circles": [[33.9, -84.5, 26.0]], "minors": ["min_9"], "facilities": ["fac_b"]},
    "together_with": ["min_8"],
    "wishes": {"prefer": ["fac_a"], "refuse": ["fac_b"]},
    "history": "complete",
    "interstate_approvals": [{"from_state": "NV", "to_state": "GA"}],
}


@pytest.fixture
def coordinator(client: TestClient, database: Database) -> Caller:
    """A coordinator of an agency with two young people on record, in a network of two houses."""
    caller = Caller(client, database, Role.INTAKE_COORDINATOR)
    minors = [{"id": "min_8"}, {"id": "min_9"}]
    load(database, network(house("fac_a"), house("fac_b"), minors=minors), agency_id=caller.agency_id)
    return caller


def create(caller: Caller, body: Json) -> Json:
    return dict(made(caller.post("/v1/referrals", body)))


def test_what_is_left_out_is_not_known(coordinator: Caller) -> None:
    answer = coordinator.post("/v1/referrals", NOTHING)
    referral = made(answer)
    minor = referral["minor"]
    assert answer.headers["Location"] == f"/v1/referrals/{referral['id']}"
    empty = {
        "needs": dict.fromkeys(WHOLE["needs"]),
        "avoid": {"counties": [], "circles": [], "minors": [], "facilities": []},
        "together_with": [],
        "wishes": {"prefer": [], "refuse": []},
        "interstate_approvals": [],
    }
    assert minor == {**dict.fromkeys(WHOLE), **empty, "id": minor["id"]}
    assert (referral["needed_from"], referral["nights_needed"], referral["urgency"]) == (None, None, 1)
    assert (referral["status"], referral["version"]) == ("open", 1)
    assert referral["code"].startswith("R-")


def test_every_fact_comes_back_as_it_was_sent(coordinator: Caller) -> None:
    body = {"minor": WHOLE, "needed_from": "2026-11-23", "nights_needed": 90, "urgency": 2, "home_point": [33.7, -84.4]}
    answer = coordinator.post("/v1/referrals", body)
    referral = made(answer)
    assert {name: referral["minor"][name] for name in WHOLE} == WHOLE
    assert (referral["needed_from"], referral["nights_needed"], referral["urgency"]) == ("2026-11-23", 90, 2)
    assert "33.7" not in answer.text.replace("33.9", "")
    read = coordinator.get(answer.headers["Location"])
    assert made(read) == referral
    assert read.headers["ETag"] == answer.headers["ETag"]


@pytest.mark.one_kind
def test_a_place_finer_than_two_kilometres_is_not_kept(coordinator: Caller) -> None:
    """A circle is never smaller than it was sent, and home moves no house out of its band by a few hundred metres."""
    circles = [[33.7512, -84.3987, 2.3], [33.76, -84.4, 6.0], [33.76, -84.4, 6.2], [33.76, -84.4, 0.001]]
    avoid = {"circles": [*circles, [33.75, -84.4, 0], [33.9, -84.5, 25.0]]}
    kept = made(coordinator.post("/v1/referrals", {"minor": {"avoid": avoid}, "needed_from": None}))
    home = [[33.76, -84.4, kilometres] for kilometres in (2.0, 2.0, 4.0, 6.0, 8.0)]
    assert sorted(kept["minor"]["avoid"]["circles"]) == [*home, [33.9, -84.5, 26.0]]


@pytest.mark.one_kind
def test_no_place_and_a_place_exclude_each_other(coordinator: Caller) -> None:
    body = {"minor": {"residence": {"none": True, "county": "13089"}}, "needed_from": None}
    problem = refused(coordinator.post("/v1/referrals", body), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/minor/residence/none"


@pytest.mark.one_kind
@pytest.mark.parametrize("code", ["Arson", "arson ", "DROP TABLE", ""])
def test_a_code_in_another_spelling_is_refused(coordinator: Caller, code: str) -> None:
    """Else no house would decline it."""
    body = {"minor": {"needs": {"conditions": [code]}}, "needed_from": None}
    problem = refused(coordinator.post("/v1/referrals", body), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/minor/needs/conditions/0"


@pytest.mark.one_kind
def test_an_empty_request_is_told_what_is_missing(coordinator: Caller) -> None:
    problem = refused(coordinator.post("/v1/referrals", {}), 422, "invalid")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        ("/minor", "missing"),
        ("/needed_from", "missing"),
    ]


MALFORMED_FACTS: list[tuple[Any, ...]] = [
    ({"age": 15}, "/minor/*"),
    ({"name": "x"}, "/minor/*"),
    ({"age_range": [16, 14]}, "/minor/age_range"),
    ({"age_range": [15]}, "/minor/age_range/1"),
    ({"age_range": [15, 151]}, "/minor/age_range/1"),
    ({"gender": "f"}, "/minor/gender"),
    ({"custody": "state"}, "/minor/custody"),
    ({"trafficking": "none"}, "/minor/trafficking"),
    ({"residence": {"county": "1312"}}, "/minor/residence/county"),
    ({"residence": {"county": "99001"}}, "/minor/residence/county"),
    ({"residence": {"county": "13121", "state": "NV"}}, "/minor/residence/county"),
    ({"residence": {"place": "1304000", "state": "FL"}}, "/minor/residence/place"),
    ({"found": {"place": "9904000"}}, "/minor/found/place"),
    ({"jurisdiction": {"county": "32003", "place": "1304000"}}, "/minor/jurisdiction/place"),
    ({"needs": {"infants": -1}}, "/minor/needs/infants"),
    ({"needs": {"conditions": "none"}}, "/minor/needs/conditions"),
    ({"needs": {"conditions": ["a\u0000"]}}, "/minor/needs/conditions/0"),
    ({"avoid": {"minors": ["min_none"]}}, "/minor/avoid/minors/0"),
    ({"together_with": ["min_8", "min_none"]}, "/minor/together_with/1"),
    ({"wishes": {"prefer": ["fac_none"]}}, "/minor/wishes/prefer/0"),
    ({"wishes": {"refuse": ["fac_none"]}}, "/minor/wishes/refuse/0"),
    ({"avoid": {"facilities": ["fac_none"]}}, "/minor/avoid/facilities/0"),
    ({"avoid": {"circles": [[1, 2]]}}, "/minor/avoid/circles/0/2"),
    ({"history": "none"}, "/minor/history"),
    ({"born_on": "2011-13-02"}, "/minor/born_on"),
    ({"born_on": "2026-11-22"}, "/minor/born_on"),
    ({"born_on": "2199-01-01"}, "/minor/born_on"),
]


@pytest.mark.one_kind
def test_a_malformed_fact_is_refused(coordinator: Caller, database: Database) -> None:
    for facts, pointer in MALFORMED_FACTS:
        problem = refused(coordinator.post("/v1/referrals", {**NOTHING, "minor": facts}), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
        with database.reading() as session:
            assert session.scalar(select(func.count()).select_from(Referral)) == 0


@pytest.mark.one_kind
def test_an_age_beyond_every_fund_is_no_error(coordinator: Caller) -> None:
    assert create(coordinator, {**NOTHING, "minor": {"age_range": [19, 19]}})["minor"]["age_range"] == [19, 19]


def test_a_county_or_a_place_brings_its_state(coordinator: Caller) -> None:
    facts = {"residence": {"county": "13121"}, "found": {"place": "3240000"}}
    minor = create(coordinator, {**NOTHING, "minor": facts})["minor"]
    assert (minor["residence"]["state"], minor["found"]["state"], minor["jurisdiction"]) == ("GA", "NV", None)


def test_a_stranger_is_not_named(coordinator: Caller, client: TestClient, database: Database) -> None:
    """Whether an id exists is not told: another agency's young person answers like nobody."""
    other = Caller(client, database, Role.INTAKE_COORDINATOR)
    bodies = [{**NOTHING, "minor": {"avoid": {"minors": [minor]}}} for minor in ("min_9", "min_0")]
    hidden, absent = (refused(other.post("/v1/referrals", body), 422, "invalid") for body in bodies)
    assert hidden["errors"] == absent["errors"]


@pytest.mark.parametrize(
    ("stated", "needed_from", "urgency"),
    [
        (3, None, 3),
        (None, None, 1),
        (None, "2026-11-20", 1),
        (None, "2026-11-21", 1),
        (None, "2026-11-22", 2),
        (None, "2026-11-23", 3),
        (None, "2026-11-24", 3),
        (None, "2026-11-25", 4),
    ],
)
def test_urgency_follows_from_when_a_bed_is_needed(stated: int | None, needed_from: str | None, urgency: int) -> None:
    day = None if needed_from is None else date.fromisoformat(needed_from)
    assert urgency_of(stated, day, date.fromisoformat(TONIGHT)) == urgency


def test_the_same_request_twice_makes_one_referral(coordinator: Caller, database: Database) -> None:
    first = coordinator.post("/v1/referrals", EIGHT_ANSWERS, Idempotency_Key="call-2214")
    second = coordinator.post("/v1/referrals", EIGHT_ANSWERS, Idempotency_Key="call-2214")
    assert made(first) == made(second)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Referral)) == 1


def test_the_same_request_many_times_at_once_makes_one_referral(coordinator: Caller, database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(coordinator.post, "/v1/referrals", EIGHT_ANSWERS, Idempotency_Key="k") for _ in range(8)]
        answers = [future.result() for future in sent]
    assert {answer.status_code for answer in answers} <= {201, 409, 503}
    done = [answer for answer in answers if answer.status_code == 201]
    assert [answer.headers.get("Idempotent-Replayed") for answer in done].count(None) == 1
    with database.reading() as session:
        assert session.scalars(select(Referral.id)).all() == [done[0].json()["id"]]


def test_a_key_used_for_another_body_is_refused(coordinator: Caller) -> None:
    made(coordinator.post("/v1/referrals", EIGHT_ANSWERS, Idempotency_Key="k"))
    refused(coordinator.post("/v1/referrals", NOTHING, Idempotency_Key="k"), 422, "idempotency_mismatch")


def test_null_and_left_out_are_two_requests(coordinator: Caller) -> None:
    """The body is compared as it was sent: who sends another body meant another thing."""
    made(coordinator.post("/v1/referrals", NOTHING, Idempotency_Key="k"))
    body = {"minor": {"gender": None}, "needed_from": None}
    refused(coordinator.post("/v1/referrals", body, Idempotency_Key="k"), 422, "idempotency_mismatch")


def test_a_key_belongs_to_one_caller_and_lasts_two_days(
    coordinator: Caller, client: TestClient, database: Database, clock: MovableClock
) -> None:
    first = made(coordinator.post("/v1/referrals", NOTHING, Idempotency_Key="k"))
    other = Caller(client, database, Role.INTAKE_COORDINATOR)
    assert made(other.post("/v1/referrals", NOTHING, Idempotency_Key="k"))["id"] != first["id"]
    clock.move(timedelta(hours=47))
    assert made(coordinator.post("/v1/referrals", NOTHING, Idempotency_Key="k"))["id"] == first["id"]
    clock.move(timedelta(hours=1))
    assert made(coordinator.post("/v1/referrals", NOTHING, Idempotency_Key="k"))["id"] != first["id"]


def test_a_refused_request_leaves_its_key_free(coordinator: Caller) -> None:
    unknown = {**NOTHING, "minor": {"together_with": ["min_none"]}}
    refused(coordinator.post("/v1/referrals", unknown, Idempotency_Key="k"), 422, "invalid")
    made(coordinator.post("/v1/referrals", NOTHING, Idempotency_Key="k"))


def test_facts_are_answered_one_at_a_time(coordinator: Caller) -> None:
    referral = create(coordinator, {**NOTHING, "minor": {"needs": {"services": ["medical"]}}, "nights_needed": 30})
    path = f"/v1/referrals/{referral['id']}"
    changed = made(coordinator.patch(path, {"minor": {"residence": {"county": "13121"}}, "version": 1}))
    assert changed["minor"] == {**referral["minor"], "residence": GEORGIA}
    changed = made(coordinator.patch(path, {"minor": {"needs": {"conditions": []}}, "version": changed["version"]}))
    assert changed["minor"]["needs"] == {**dict.fromkeys(WHOLE["needs"]), "services": ["medical"], "conditions": []}
    assert (changed["minor"]["residence"], changed["nights_needed"]) == (GEORGIA, 30)


def test_a_fact_can_become_not_known_again(coordinator: Caller) -> None:
    referral = create(coordinator, {"minor": WHOLE, "needed_from": TONIGHT, "nights_needed": 30, "urgency": 2})
    path, blank = f"/v1/referrals/{referral['id']}", create(coordinator, NOTHING)["minor"]
    lists = ("avoid", "wishes", "together_with", "interstate_approvals", "needs")
    nothing = {name: blank[name] for name in WHOLE}
    body = {"minor": nothing, "needed_from": None, "nights_needed": None, "urgency": None, "version": 1}
    changed = made(coordinator.patch(path, body))
    assert {name: changed["minor"][name] for name in lists} == {name: blank[name] for name in lists}
    assert changed["minor"] == {**blank, "id": referral["minor"]["id"]}
    assert (changed["needed_from"], changed["nights_needed"], changed["urgency"]) == (None, None, 1)


def test_every_fact_can_be_answered_later(coordinator: Caller) -> None:
    referral = create(coordinator, NOTHING)
    path = f"/v1/referrals/{referral['id']}"
    changed = made(coordinator.patch(path, {"minor": WHOLE, "version": 1}))
    assert {name: changed["minor"][name] for name in WHOLE} == WHOLE
    assert changed["version"] == 2


def test_who_changes_a_referral_says_which_version_was_read(coordinator: Caller) -> None:
    answer = coordinator.post("/v1/referrals", NOTHING)
    path, tag = answer.headers["Location"], answer.headers["ETag"]
    change: Json = {"minor": {"custody": "none"}}
    refused(coordinator.patch(path, change), 428, "version_required")
    refused(coordinator.patch(path, {**change, "version": 7}), 409, "stale_update")
    made(coordinator.patch(path, change, If_Match=tag))
    problem = refused(coordinator.patch(path, {"urgency": 2}, If_Match=tag), 412, "precondition_failed")
    assert problem["current"]["minor"]["custody"] == "none"
    problem = refused(coordinator.patch(path, {"urgency": 2, "version": 1}), 409, "stale_update")
    assert problem["current"]["version"] == 2


def test_a_change_through_one_referral_is_seen_by_another_of_the_same_minor(
    coordinator: Caller, database: Database
) -> None:
    referral = create(coordinator, NOTHING)
    with database.writing() as session:
        row = session.get_one(Referral, referral["id"])
        facts = {name: getattr(row, name) for name in ("minor_id", "agency_id", "status", "created_at", "created_by")}
        session.add(Referral(id="ref_2", code="R-2", **facts))
    made(coordinator.patch("/v1/referrals/ref_2", {"minor": {"custody": "none"}, "version": 1}))
    refused(coordinator.patch(f"/v1/referrals/{referral['id']}", {"urgency": 2, "version": 1}), 409, "stale_update")


def test_a_closed_referral_is_not_changed(coordinator: Caller, database: Database) -> None:
    referral = create(coordinator, NOTHING)
    with database.writing() as session:
        session.get_one(Referral, referral["id"]).status = ReferralStatus.WITHDRAWN
    path = f"/v1/referrals/{referral['id']}"
    refused(coordinator.patch(path, {"urgency": 2, "version": 2}), 409, "referral_closed")
    refused(coordinator.post(f"{path}/rankings"), 409, "referral_closed")
    assert made(coordinator.get("/v1/referrals?status=open"))["data"] == []
    assert len(made(coordinator.get("/v1/referrals?status=withdrawn"))["data"]) == 1


def test_another_agency_sees_nothing(coordinator: Caller, client: TestClient, database: Database) -> None:
    referral = create(coordinator, NOTHING)
    path = f"/v1/referrals/{referral['id']}"
    other = Caller(client, database, Role.SUPERVISOR)
    hidden = refused(other.get(path), 404, "not_found")
    absent = refused(other.get("/v1/referrals/ref_none"), 404, "not_found")
    assert {**hidden, "request_id": ""} == {**absent, "request_id": ""}
    refused(other.patch(path, {"urgency": 2, "version": 1}), 404, "not_found")
    refused(other.post(f"{path}/rankings"), 404, "not_found")
    assert made(other.get("/v1/referrals"))["data"] == []


def test_who_was_let_in_reads_and_does_not_act(coordinator: Caller, client: TestClient, database: Database) -> None:
    referral = create(coordinator, NOTHING)
    path, now = f"/v1/referrals/{referral['id']}", database.clock.now()
    other = Caller(client, database, Role.SUPERVISOR)
    with database.writing() as session:
        more = {"minor_id": referral["minor"]["id"], "agency_id": other.agency_id, "relation": "referred"}
        session.add(Grant(id="grant_1", valid_from=now, valid_until=now + timedelta(days=1), **more))
    minor = referral["minor"]
    of_others = {"avoid": {**minor["avoid"], "minors": None}, "together_with": None}
    assert made(other.get(path)) == {**referral, "minor": {**minor, **of_others}}
    refused(other.patch(path, {"urgency": 2, "version": 1}), 404, "not_found")
    refused(other.post(f"{path}/rankings"), 404, "not_found")


@pytest.mark.one_kind
def test_roles_without_the_permission_are_refused(coordinator: Caller, client: TestClient, database: Database) -> None:
    path = f"/v1/referrals/{create(coordinator, NOTHING)['id']}"
    for role in (Role.FUNDER_ANALYST, Role.ADMINISTRATOR, Role.AUDITOR):
        caller = Caller(client, database, role, coordinator.agency_id)
        refused(caller.get("/v1/referrals"), 403, "forbidden")
        refused(caller.get(path), 403, "forbidden")
        refused(caller.post("/v1/referrals", NOTHING), 403, "forbidden")
        refused(caller.patch(path, {"urgency": 2, "version": 1}), 403, "forbidden")


def test_the_list_is_stable_while_referrals_are_added(coordinator: Caller, clock: MovableClock) -> None:
    old = []
    for _ in range(7):
        old.append(create(coordinator, NOTHING)["id"])
        clock.move(timedelta(seconds=1))
    old += [create(coordinator, NOTHING)["id"] for _ in range(3)]
    seen: list[str] = []
    path = "/v1/referrals?limit=4"
    while path:
        answer = coordinator.get(path)
        page = made(answer)
        seen += [row["id"] for row in page["data"]]
        path = answer.links["next"]["url"] if page["has_more"] else ""
        create(coordinator, NOTHING)
        clock.move(timedelta(seconds=1))
    assert sorted(seen) == sorted(old)
    assert seen[3:] == old[6::-1]


def test_each_act_and_each_look_is_on_record(coordinator: Caller, database: Database) -> None:
    referral = create(coordinator, NOTHING)
    path = f"/v1/referrals/{referral['id']}"
    made(coordinator.get(path))
    made(coordinator.patch(path, {"urgency": 2, "version": 1}))
    made(coordinator.get("/v1/referrals"))
    refused(coordinator.get("/v1/referrals/ref_none"), 404, "not_found")
    with database.reading() as session:
        rows = session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()[-5:]
    assert [(row.action, row.subject, row.outcome) for row in rows] == [
        ("referral.create", referral["id"], "ok"),
        ("referral.read", referral["id"], "ok"),
        ("referral.change", referral["id"], "ok"),
        ("referral.list", coordinator.agency_id, "ok"),
        ("referral.read", "ref_none", "denied"),
    ]
    assert all(row.request_id for row in rows)


def test_a_refused_change_leaves_nothing(coordinator: Caller, database: Database) -> None:
    refused(coordinator.post("/v1/referrals", {**NOTHING, "minor": {"together_with": ["min_none"]}}), 422, "invalid")
    with database.reading() as session:
        assert set(session.scalars(select(Minor.id))) == {"min_8", "min_9"}
        assert "referral.create" not in set(session.scalars(select(AuditEvent.action)))


AT = ["t", "2026-11-21T22:14:00+00:00"]
FORGED: tuple[Any, ...] = (
    [["s", "x"], ["s", "y"]],
    [AT, AT],
    [AT, ["s", 7]],
    [AT, ["s", None]],
    [AT, ["s", "a\0b"]],
    [AT, ["s", "\ud800"]],
    [["t", 7], ["s", "y"]],
    [["t", "2026-11-21T22:14:00"], ["s", "y"]],
    [["t", "0001-01-01T00:00:00+14:00"], ["s", "y"]],
    [["t", "9999-12-31T23:59:59-14:00"], ["s", "y"]],
    [AT],
    [AT, ["s", "y"], ["s", "z"]],
    {"a": 1},
    None,
)


@pytest.mark.one_kind
@pytest.mark.parametrize("path", ["/v1/referrals", "/v1/facilities", "/v1/funds"])
def test_a_forged_cursor_is_malformed(coordinator: Caller, path: str) -> None:
    one = ([AT], [["s", 7]], [["s", "a\0b"]], [["s", "\udfff"]], [["s", ["x"]]])
    for values in FORGED if path == "/v1/referrals" else one:
        cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
        errors = refused(coordinator.get(f"{path}?cursor={cursor}"), 422, "invalid")["errors"]
        assert [(error["pointer"], error["code"]) for error in errors] == [("/cursor", "malformed")], values


@pytest.mark.one_kind
def test_a_bed_is_needed_tonight_at_the_earliest(coordinator: Caller, clock: MovableClock) -> None:
    """One that was stated in time stays, and may be sent again with what else is answered."""
    over, tonight = "2026-11-20", TONIGHT
    problem = refused(coordinator.post("/v1/referrals", {"minor": {}, "needed_from": over}), 422, "invalid")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [("/needed_from", "out_of_range")]
    path = coordinator.post("/v1/referrals", {"minor": {}, "needed_from": tonight}).headers["Location"]
    refused(coordinator.patch(path, {"needed_from": over, "version": 1}), 422, "invalid")
    clock.move(timedelta(days=1))
    made(coordinator.patch(path, {"needed_from": tonight, "nights_needed": 9, "version": 1}))
