"""Ranking through the API: stored whole, shown as the viewer may see it, derived again to the same bytes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.access.policy import Role
from app.answers.models import OutlookRun, Policy, PolicyTerm, RankingRun
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.placements import replaying, service
from app.sharing.projection import AGENCY, project
from matching import ENGINE_VERSION
from matching.codec import decode
from matching.decision_form import decision_document
from matching.ranking import rank
from matching.value import DEFAULT_POLICY
from tests.altering import alter
from tests.factories import EIGHT_ANSWERS, Caller, fund, house, load, made, network, refused

Json = dict[str, Any]

MIXED = house("fac_b", population="mixed")


@pytest.fixture
def coordinator(client: TestClient, database: Database) -> Caller:
    """A coordinator in a network of a house that fits, one that is mixed, and one of which too little is known."""
    caller = Caller(client, database, Role.INTAKE_COORDINATOR)
    rooms = [{"id": "unit_c", "beds": [{"id": "bed_c1", "status": "open"}]}]
    unknown = {"id": "fac_c", "kind": "safe_house", "state": "GA", "funds": ["fund_a"], "units": rooms}
    load(database, network(house("fac_a"), MIXED, unknown), agency_id=caller.agency_id)
    return caller


@pytest.fixture
def rankings(coordinator: Caller) -> str:
    """Where the rankings of a referral are."""
    return f"/v1/referrals/{made(coordinator.post('/v1/referrals', EIGHT_ANSWERS))['id']}/rankings"


def stored(database: Database) -> RankingRun:
    with database.reading() as session:
        return session.scalars(select(RankingRun).order_by(RankingRun.decided_at.desc())).one()


def facilities(decision: Json) -> dict[str, list[str]]:
    lists = ("options", "later", "needs_info", "excluded")
    return {name: [row["facility"] for row in decision[name]] for name in lists}


def test_a_ranking_is_made_stored_and_read_again(coordinator: Caller, rankings: str, database: Database) -> None:
    answer = coordinator.post(rankings)
    assert answer.status_code == 201
    run = stored(database)
    assert answer.headers["Location"] == f"{rankings}/{run.id}"
    assert facilities(made(answer)) == {
        "options": ["fac_a"],
        "later": [],
        "needs_info": ["fac_c"],
        "excluded": ["fac_b"],
    }
    assert made(coordinator.get(answer.headers["Location"])) == made(answer)
    assert (run.tonight, run.decided_at) == (database.clock.tonight(), database.clock.now())
    assert (run.agency_id, run.policy_id, run.policy_version) == (coordinator.agency_id, "default", 1)
    answer_kept, snapshot = json.loads(run.answer), decode(run.snapshot)
    assert answer_kept["snapshot_sha256"] == run.snapshot_sha256
    assert answer_kept == decision_document(rank(snapshot, run.referral_id), findings="all")


def test_met_findings_are_told_where_they_are_asked_for(coordinator: Caller, rankings: str) -> None:
    short, long = made(coordinator.post(rankings)), made(coordinator.post(f"{rankings}?findings=all"))
    outcomes = [{row["outcome"] for row in decision["options"][0]["findings"]} for decision in (short, long)]
    assert outcomes == [set(), {"met"}]
    assert facilities(short) == facilities(long)
    path = coordinator.post(rankings).headers["Location"]
    assert made(coordinator.get(f"{path}?findings=all")) == long
    assert coordinator.get(f"{path}?findings=some").status_code == 422


def test_what_is_answered_is_the_projection_of_what_is_stored(
    coordinator: Caller, rankings: str, database: Database
) -> None:
    decision = made(coordinator.post(f"{rankings}?findings=all"))
    whole = json.loads(stored(database).answer)
    assert decision == project(whole, viewer=AGENCY, findings="all")
    assert "snapshot_sha256" in whole
    assert "snapshot_sha256" not in decision


def test_a_conflict_between_people_reads_like_a_full_house(
    client: TestClient, database: Database, clock: MovableClock
) -> None:
    caller = Caller(client, database, Role.INTAKE_COORDINATOR)
    full = {"id": "unit_b", "beds": [{"id": "bed_b1", "status": "offline"}]}
    recruiter = {"minor": "min_9", "bed": "bed_a2", "trafficking": "verified", "age": 15}
    houses = (house("fac_a", residents=[recruiter]), house("fac_b", units=[full]))
    load(database, network(*houses, minors=[{"id": "min_9"}]), agency_id=caller.agency_id)
    body = {**EIGHT_ANSWERS, "minor": {**EIGHT_ANSWERS["minor"], "avoid": {"minors": ["min_9"]}}}
    referral = made(caller.post("/v1/referrals", body))
    answer = caller.post(f"/v1/referrals/{referral['id']}/rankings?findings=all")
    later = made(answer)["later"]
    assert [row.pop("facility") for row in later] == ["fac_a", "fac_b"]
    assert later[0] == later[1]
    assert "conflict" not in answer.text
    assert "safeguard.conflict" in stored(database).answer


def test_the_same_state_is_decided_alike_and_kept_twice(coordinator: Caller, rankings: str, database: Database) -> None:
    first, second = coordinator.post(rankings), coordinator.post(rankings)
    assert made(first) == made(second)
    assert first.headers["Location"] != second.headers["Location"]
    with database.reading() as session:
        rows = [(row.snapshot_sha256, row.answer, row.snapshot) for row in session.scalars(select(RankingRun))]
    assert len(rows) == 2
    assert len(set(rows)) == 1


def test_a_run_is_found_through_its_own_referral_only(coordinator: Caller, rankings: str) -> None:
    run = coordinator.post(rankings).headers["Location"].split("/")[-1]
    other = made(coordinator.post("/v1/referrals", EIGHT_ANSWERS))["id"]
    refused(coordinator.get(f"/v1/referrals/{other}/rankings/{run}"), 404, "not_found")
    refused(coordinator.get(f"{rankings}/run_none"), 404, "not_found")
    refused(coordinator.post("/v1/referrals/ref_none/rankings"), 404, "not_found")


def test_another_agency_reads_no_run(
    coordinator: Caller, rankings: str, client: TestClient, database: Database
) -> None:
    path = coordinator.post(rankings).headers["Location"]
    for role in (Role.SUPERVISOR, Role.INTAKE_COORDINATOR):
        refused(Caller(client, database, role).get(path), 404, "not_found")
    for role in (Role.FUNDER_ANALYST, Role.FACILITY_STAFF, Role.ADMINISTRATOR, Role.AUDITOR):
        refused(Caller(client, database, role, coordinator.agency_id).get(path), 403, "forbidden")
        refused(Caller(client, database, role, coordinator.agency_id).post(rankings), 403, "forbidden")


def test_an_answered_fact_moves_a_house(coordinator: Caller, client: TestClient, database: Database) -> None:
    caller = Caller(client, database, Role.INTAKE_COORDINATOR)
    load(
        database,
        network(
            house("fac_d", funds=["fund_d"]),
            funds=[fund("fund_d", residence={"basis": ["residence"], "counties": ["13121"]})],
        ),
        agency_id=caller.agency_id,
    )
    minor = {name: value for name, value in EIGHT_ANSWERS["minor"].items() if name != "residence"}
    referral = made(caller.post("/v1/referrals", {**EIGHT_ANSWERS, "minor": minor}))
    path = f"/v1/referrals/{referral['id']}"
    decision = made(caller.post(f"{path}/rankings"))
    (asked,) = [row for row in decision["needs_info"] if row["facility"] == "fac_d"]
    assert asked["ask"] == [{"fact": "minor.residence.county", "decides": 1}]
    made(caller.patch(path, {"minor": {"residence": {"county": "13121"}}, "version": 1}))
    assert "fac_d" in facilities(made(caller.post(f"{path}/rankings")))["options"]


def test_each_ranking_and_each_look_is_on_record(coordinator: Caller, rankings: str, database: Database) -> None:
    path = coordinator.post(rankings).headers["Location"]
    made(coordinator.get(path))
    with database.reading() as session:
        rows = session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()[-2:]
    run = stored(database).id
    assert [(row.action, row.subject) for row in rows] == [("ranking.run", run), ("ranking.read", run)]
    assert all(row.request_id for row in rows)


def test_nothing_is_held_while_the_engine_thinks(
    coordinator: Caller, rankings: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writer gets through in the middle of a ranking, which no transaction of its own then covers."""
    busy: list[int] = []

    def watched(*args: Any, **more: Any) -> Any:
        busy.append(sum(pool.checkedout() for pool in (database.engine.pool, database.reader.pool)))  # type: ignore[attr-defined]
        with database.writing() as session:
            session.execute(update(Policy).values(id=Policy.id))
        return rank(*args, **more)

    monkeypatch.setattr(service, "decide", watched)
    made(coordinator.post(rankings))
    assert busy == [0]


# Derived again.


@pytest.fixture
def run_id(coordinator: Caller, rankings: str) -> str:
    return coordinator.post(rankings).headers["Location"].split("/")[-1]


@pytest.fixture
def unlocked(database: Database) -> Iterator[Session]:
    """A session in which the triggers that keep stored decisions are gone."""
    with database.writing() as session:
        for table in ("ranking_runs", "outlook_runs"):
            if database.engine.dialect.name == "postgresql":
                session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
            else:
                session.execute(text(f"DROP TRIGGER {table}_no_update"))
        yield session


def again(session: Session, run_id: str) -> replaying.Replay:
    found = replaying.of_ranking(session, run_id)
    assert found is not None
    return found


def test_a_stored_decision_comes_out_the_same(run_id: str, database: Database, clock: MovableClock) -> None:
    clock.move(timedelta(days=400))
    with database.writing() as session:
        for table in ("beds", "fund_clocks"):
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608
    with database.reading() as session:
        found = again(session, run_id)
        assert replaying.of_ranking(session, "run_none") is None
    assert (found.identical, found.differences, found.faults) == (True, (), ())
    assert found.versions.same


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("options", 0, "funded_nights"), 7),
        (("options", 0, "rank"), 2),
        (("excluded", 0, "failed"), []),
        (("options", 0, "call_first"), 0),
        (("needs_info",), []),
    ],
)
def test_an_altered_answer_is_noticed(
    run_id: str, unlocked: Session, path: tuple[str | int, ...], value: object
) -> None:
    run = unlocked.get_one(RankingRun, run_id)
    answer = json.loads(run.answer)
    place: Any = answer
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    alter(unlocked, run, answer=json.dumps(answer))
    unlocked.expire_all()
    found = again(unlocked, run_id)
    assert not found.identical
    assert found.differences == ("/" + "/".join(map(str, path)) + ": differs",)


def test_an_altered_snapshot_is_noticed(run_id: str, unlocked: Session) -> None:
    run = unlocked.get_one(RankingRun, run_id)
    snapshot = json.loads(run.snapshot)
    snapshot["horizon_nights"] = 179
    alter(unlocked, run, snapshot=json.dumps(snapshot))
    unlocked.expire_all()
    found = again(unlocked, run_id)
    assert found.differences[0] == "/snapshot_sha256: not what the snapshot has"


def test_an_answer_in_other_bytes_is_noticed(run_id: str, unlocked: Session) -> None:
    run = unlocked.get_one(RankingRun, run_id)
    alter(unlocked, run, answer=json.dumps(json.loads(run.answer), indent=1))
    unlocked.expire_all()
    assert again(unlocked, run_id).differences == ("/: the same values in other bytes",)


def test_what_an_earlier_engine_answered_comes_out_the_same_and_who_answered_is_told(
    run_id: str, unlocked: Session
) -> None:
    older = {"engine_version": "0.1.0"}
    for row in (unlocked.get_one(RankingRun, run_id), unlocked.get_one(OutlookRun, run_id)):
        alter(unlocked, row, answer=json.dumps(json.loads(row.answer) | older))
    unlocked.execute(update(RankingRun).values(older))
    unlocked.expire_all()
    found = again(unlocked, run_id)
    assert (found.identical, found.versions.engine) == (True, ("0.1.0", ENGINE_VERSION))
    unlocked.execute(update(RankingRun).values(engine_version="0.2.0"))
    unlocked.expire_all()
    assert again(unlocked, run_id).differences == ("/engine_version: differs", "/after/engine_version: differs")


@pytest.mark.parametrize("act", ["UPDATE ranking_runs SET tonight = tonight", "DELETE FROM ranking_runs"])
def test_a_stored_decision_does_not_change(run_id: str, database: Database, act: str) -> None:
    with pytest.raises(DBAPIError, match="does not change"), database.writing() as session:
        session.execute(text(act))


def command(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "replay", *words],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "DATABASE_URL": settings.database_url, "BEDNIGHT_KEYS": str(settings.keys)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.one_kind
def test_the_command_line_says_identical(run_id: str, settings: Settings) -> None:
    done = command(settings, run_id)
    assert (done.returncode, done.stdout.strip()) == (0, "identical, and the checker finds no fault"), done.stderr
    absent = command(settings, "run_none")
    assert (absent.returncode, absent.stderr) == (2, "bednight: there is no such run\n")


@pytest.mark.one_kind
def test_the_command_line_says_where_it_differs(run_id: str, settings: Settings, database: Database) -> None:
    with database.writing() as session:
        if database.engine.dialect.name == "postgresql":
            session.execute(text("ALTER TABLE ranking_runs DISABLE TRIGGER ALL"))
        else:
            session.execute(text("DROP TRIGGER ranking_runs_no_update"))
        run = session.get_one(RankingRun, run_id)
        answer = json.loads(run.answer)
        answer["options"][0]["funded_nights"] = 7
        alter(session, run, answer=json.dumps(answer))
    done = command(settings, run_id)
    assert done.returncode == 1
    assert "/options/0/funded_nights: differs" in done.stdout


# The order of terms.


def test_the_first_policy_is_the_engine_s_own(session: Session) -> None:
    assert service.policy_of(session, "default", 1) == DEFAULT_POLICY


def test_the_policy_that_came_into_force_last_applies(
    coordinator: Caller, rankings: str, database: Database, clock: MovableClock
) -> None:
    with database.writing() as session:
        session.add(Policy(id="default", version=2, in_force_from=clock.now() + timedelta(hours=1)))
        session.flush()
        term = {"code": "wishes.unmet", "unit": "wish", "weight": 5, "most": 1}
        session.add(PolicyTerm(policy_id="default", policy_version=2, position=0, **term))
    (option,) = made(coordinator.post(rankings))["options"]
    assert len(option["terms"]) == len(DEFAULT_POLICY.weights)
    clock.move(timedelta(hours=1))
    answer = coordinator.post(rankings)
    assert [term["code"] for term in made(answer)["options"][0]["terms"]] == ["wishes.unmet"]
    with database.reading() as session:
        assert again(session, answer.headers["Location"].split("/")[-1]).identical


# What is heavy comes late.


@pytest.mark.one_kind
def test_the_first_ranking_imports_the_solver_and_the_start_does_not(database_url: str, keys: Path) -> None:
    code = """
import sys
from pathlib import Path
from app.clock import MovableClock
from app.config import Settings
from app.main import create_app
from tests.conftest import EVENING
settings = Settings(database_url=sys.argv[1], keys=Path(sys.argv[2]))
app = create_app(settings, clock=MovableClock(settings.time_zone, settings.night_turns_at, EVENING))
before = "ortools" in sys.modules
from fastapi.testclient import TestClient
from app.access.policy import Role
from tests.factories import EIGHT_ANSWERS, Caller, load, made, network
client, database = TestClient(app), app.state.database
caller = Caller(client, database, Role.INTAKE_COORDINATOR)
load(database, network(), agency_id=caller.agency_id)
path = caller.post("/v1/referrals", EIGHT_ANSWERS).headers["Location"]
between = "ortools" in sys.modules
made(caller.post(path + "/rankings"))
print(before, between, "ortools" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, database_url, str(keys)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "False False True", done.stderr


def test_the_engine_s_lists_are_whole(coordinator: Caller, rankings: str, database: Database) -> None:
    made(coordinator.post(rankings))
    whole = json.loads(stored(database).answer)
    assert sorted(name for names in facilities(whole).values() for name in names) == ["fac_a", "fac_b", "fac_c"]
    assert all(row["findings"] for name in ("options", "later", "needs_info", "excluded") for row in whole[name])


def test_a_ranking_reads_in_one_transaction(coordinator: Caller, rankings: str, database: Database) -> None:
    begun: list[str] = []
    event.listen(database.reader, "begin", lambda _connection: begun.append("read"))
    event.listen(database.engine, "begin", lambda _connection: begun.append("write"))
    made(coordinator.post(rankings))
    assert [act for act in begun if act == "write"] == ["write"]
