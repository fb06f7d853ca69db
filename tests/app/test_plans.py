"""The plan for a coalition's meeting: made by its lead alone, stored whole, shown as far as the lead may see."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.access.policy import AgencyKind, Role
from app.access.tokens import form_token
from app.answers.models import PlanRun
from app.answers.plan_view import proved
from app.audit.models import AuditEvent, Outcome
from app.beds.models import BedNight
from app.clock import MovableClock
from app.db import Database
from app.placements import replaying
from app.referrals.models import Referral
from app.sharing.models import Relation
from app.sharing.plan import project_plan
from app.sharing.service import grant
from matching.plan_form import plan_document
from tests.actors import SAME_SITE, sign_in
from tests.altering import alter
from tests.factories import Caller, fund, house, load, made, network, new_agency, refused, rows

Json = dict[str, Any]


def waiting() -> Json:
    """Three who wait for two beds, two of them siblings, by a payer with nights for not even both."""
    minor: Json = {"born_on": "2011-03-02", "gender": "female", "trafficking": "verified", "custody": "none"}
    minor |= {"residence": {"county": "13121"}, "needs": {"infants": 0, "conditions": []}, "approvals": []}
    minors: list[Json] = [{"id": f"min_{n}", **minor} for n in (1, 2, 3)]
    minors[0]["together_with"] = ["min_2"]
    referrals = [
        {"id": f"ref_{n}", "minor": f"min_{n}", "urgency": 1 + (n == 3), "needed_from": None, "nights_needed": 30}
        for n in (1, 2, 3)
    ]
    return network(house("fac_a"), funds=[fund(nights_left=40)], minors=minors, referrals=referrals)


@pytest.fixture
def others(database: Database) -> str:
    """The agency whose young people wait."""
    return load(database, waiting())


@pytest.fixture
def supervisor(client: TestClient, database: Database) -> Caller:
    """A supervisor of the coalition's lead."""
    return Caller(client, database, Role.SUPERVISOR, new_agency(database, AgencyKind.COALITION_LEAD))


def shared(database: Database, agency_id: str, *minors: str, until: timedelta | None = None) -> None:
    """Let an agency see some minors."""
    now = database.clock.now()
    with database.writing() as session:
        for minor in minors:
            grant(session, minor, agency_id, Relation.REFERRED, now, None if until is None else now + until)


def trail(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.action.like("plan.%")).order_by(AuditEvent.seq))
        return [(row.action, row.outcome.value) for row in rows]


def test_the_lead_sees_counts_and_no_line_of_whom_it_may_not_see(
    supervisor: Caller, others: str, database: Database
) -> None:
    answer = supervisor.post("/v1/plans")
    plan = made(answer)
    assert answer.headers["Location"] == f"/v1/plans/{plan['id']}"
    assert (plan["lines"], plan["unplaced"]) == ([], [])
    assert (plan["others_placed"], plan["others_unplaced"], plan["later"]) == (2, 1, 0)
    assert (plan["placed_by_urgency"], plan["unplaced_by_urgency"]) == ([2, 0, 0, 0], [0, 1, 0, 0])
    assert plan["proof"] == "optimal"
    assert not any(name in answer.text for name in ("min_", "ref_", "fac_", "bed_", "fund_"))
    assert trail(database) == [("plan.run", "ok")]


def test_whom_the_lead_may_see_has_a_line(supervisor: Caller, others: str, database: Database) -> None:
    shared(database, supervisor.agency_id, "min_1", "min_3")
    answer = supervisor.post("/v1/plans", {"seconds": 30})
    plan = made(answer)
    assert [(row["referral"], row["facility"], row["money_shared"]) for row in plan["lines"]] == [
        ("ref_1", "fac_a", plan["lines"][0]["paid_nights"] < 30)
    ]
    assert plan["unplaced"] == [{"referral": "ref_3", "urgency": 2, "why": "no_place_left"}]
    assert (plan["others_placed"], plan["others_unplaced"]) == (1, 0)
    assert plan["lines"][0]["together_with"] == []
    assert not any(
        inside in answer.text for inside in ("min_", "ref_2", "siblings.elsewhere", "nights_left", 'value":{')
    )


def test_a_plan_is_read_again_with_what_may_be_seen_then(
    supervisor: Caller, others: str, database: Database, clock: MovableClock
) -> None:
    shared(database, supervisor.agency_id, "min_1", "min_2", until=timedelta(hours=1))
    plan = made(supervisor.post("/v1/plans"))
    assert plan["lines"][0]["together_with"] == ["ref_2"]
    assert made(supervisor.get(f"/v1/plans/{plan['id']}")) == plan
    clock.move(timedelta(hours=2))
    later = made(supervisor.get(f"/v1/plans/{plan['id']}"))
    assert (later["lines"], later["others_placed"]) == ([], 2)
    assert [action for action, _ in trail(database)] == ["plan.run", "plan.read", "plan.read"]


def test_each_agency_reads_its_own_lines_of_the_leads_plan_and_counts_of_the_rest(
    supervisor: Caller, others: str, client: TestClient, database: Database
) -> None:
    plan = made(supervisor.post("/v1/plans"))
    bystander = new_agency(database, AgencyKind.CHILD_PROTECTION)
    with database.writing() as session:
        session.execute(update(Referral).where(Referral.id == "ref_2").values(agency_id=bystander))
    shared(database, bystander, "min_2", "min_3")
    first = made(Caller(client, database, Role.INTAKE_COORDINATOR, others).get(f"/v1/plans/{plan['id']}"))
    assert [row["referral"] for row in (*first["lines"], *first["unplaced"])] == ["ref_1", "ref_3"]
    assert (first["others_placed"], first["others_unplaced"]) == (1, 0)
    second = made(Caller(client, database, Role.SUPERVISOR, bystander).get(f"/v1/plans/{plan['id']}"))
    # Whom it may see, and did not refer, is a count: the line is of the agency that waits for an answer.
    assert [row["referral"] for row in (*second["lines"], *second["unplaced"])] == ["ref_2"]
    assert (second["others_placed"], second["others_unplaced"]) == (1, 1)
    third = Caller(client, database, Role.SUPERVISOR, new_agency(database, AgencyKind.CHILD_PROTECTION))
    refused(third.get(f"/v1/plans/{plan['id']}"), 404, "not_found")


def test_home_leads_each_agency_to_the_plans_it_has_referrals_in(
    supervisor: Caller, others: str, client: TestClient, database: Database
) -> None:
    plan = made(supervisor.post("/v1/plans"))
    sign_in(client, database, Role.INTAKE_COORDINATOR, others)
    assert 'href="/plans"' in client.get("/").text
    assert f"/plans/{plan['id']}" in client.get("/plans").text
    assert "/referrals/ref_1" in client.get(f"/plans/{plan['id']}").text
    sign_in(client, database, Role.INTAKE_COORDINATOR)
    assert f"/plans/{plan['id']}" not in client.get("/plans").text
    assert client.get(f"/plans/{plan['id']}").status_code == 404


def test_only_the_lead_plans_and_who_has_nobody_in_a_plan_reads_none(
    supervisor: Caller, others: str, client: TestClient, database: Database
) -> None:
    plan = made(supervisor.post("/v1/plans"))
    agency = Caller(client, database, Role.SUPERVISOR, others)
    refused(agency.post("/v1/plans"), 404, "not_found")
    other = Caller(client, database, Role.SUPERVISOR)
    hidden = refused(other.get(f"/v1/plans/{plan['id']}"), 404, "not_found")
    absent = refused(supervisor.get("/v1/plans/plan_none"), 404, "not_found")
    assert {**hidden, "request_id": ""} == {**absent, "request_id": ""}
    refused(Caller(client, database, Role.AUDITOR, supervisor.agency_id).post("/v1/plans"), 403, "forbidden")
    second = Caller(client, database, Role.SUPERVISOR, new_agency(database, AgencyKind.COALITION_LEAD))
    refused(second.get(f"/v1/plans/{plan['id']}"), 404, "not_found")
    with database.reading() as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.outcome == Outcome.DENIED))
        assert sorted(row.action for row in rows) == ["plan.read", "plan.read", "plan.read", "plan.run", "plan_run"]


def test_the_newest_are_listed_to_those_whom_they_concern(
    supervisor: Caller, others: str, client: TestClient, database: Database, clock: MovableClock
) -> None:
    first = made(supervisor.post("/v1/plans"))["id"]
    clock.move(timedelta(minutes=1))
    second = made(supervisor.post("/v1/plans"))
    listed = rows(supervisor.get("/v1/plans"))
    assert [row["id"] for row in listed] == [second["id"], first]
    assert (listed[0]["tonight"], listed[0]["decided_at"]) == ("2026-11-21", "2026-11-22T03:15:00Z")
    assert len(rows(Caller(client, database, Role.SUPERVISOR, others).get("/v1/plans"))) == 2
    assert rows(Caller(client, database, Role.SUPERVISOR).get("/v1/plans")) == []


def test_one_key_makes_one_plan(supervisor: Caller, others: str, database: Database) -> None:
    first = supervisor.post("/v1/plans", Idempotency_Key="meeting")
    again = supervisor.post("/v1/plans", Idempotency_Key="meeting")
    assert (made(again), again.headers["idempotent-replayed"]) == (made(first), "true")
    refused(supervisor.post("/v1/plans", {"seconds": 5}, Idempotency_Key="meeting"), 422, "idempotency_mismatch")
    with database.reading() as session:
        assert len(session.scalars(select(PlanRun)).all()) == 1


@pytest.mark.one_kind
@pytest.mark.parametrize("seconds", [0, 31, -1, None, "5", True])
def test_the_time_has_bounds(supervisor: Caller, seconds: Any) -> None:
    refused(supervisor.post("/v1/plans", {"seconds": seconds}), 422, "invalid")


def test_nobody_waits(supervisor: Caller, database: Database) -> None:
    load(database, network())
    plan = made(supervisor.post("/v1/plans"))
    assert (plan["lines"], plan["unplaced"], plan["proof"], plan["unique"]) == ([], [], "optimal", True)


def test_a_record_that_contradicts_itself_keeps_nobody_from_the_plan(
    supervisor: Caller, others: str, database: Database
) -> None:
    shared(database, supervisor.agency_id, "min_1", "min_2")
    with database.writing() as session:
        for n, (start, end) in enumerate((("2026-01-01", "2026-01-09"), ("2026-01-05", "2026-01-07"))):
            session.execute(
                text(
                    "INSERT INTO stays (id, version, minor_id, in_house, outside_facility, admitted_on, left_on)"
                    " VALUES (:id, 1, 'min_1', false, 'elsewhere', :start, :end)"
                ),
                {"id": f"stay_{n}", "start": start, "end": end},
            )
    lines = made(supervisor.post("/v1/plans"))["lines"]
    assert lines[0]["provisional"] == ["minor.history"]


def stored(database: Database) -> PlanRun:
    with database.reading() as session:
        return session.scalars(select(PlanRun)).one()


def test_it_is_stored_whole_and_never_changes(supervisor: Caller, others: str, database: Database) -> None:
    made(supervisor.post("/v1/plans"))
    row = stored(database)
    assert {line["minor"] for line in json.loads(row.answer)["lines"]} == {"min_1", "min_2"}
    assert len(json.loads(row.snapshot)["minors"]) == 3
    for act in ("UPDATE plan_runs SET tonight = tonight", "DELETE FROM plan_runs"):
        with pytest.raises(DBAPIError, match="does not change"), database.writing() as session:
            session.execute(text(act))


def unlock(session: Any, database: Database) -> None:
    """Take the triggers away that keep stored plans."""
    locked = "ALTER TABLE plan_runs DISABLE TRIGGER ALL"
    session.execute(
        text(locked if database.engine.dialect.name == "postgresql" else "DROP TRIGGER plan_runs_no_update")
    )


ALTER = text("UPDATE plan_runs SET answer = :answer, snapshot = :snapshot WHERE id = :plan")


def replayed(session: Session, plan: str) -> replaying.Replay:
    found = replaying.of_plan(session, plan)
    assert found is not None
    return found


def test_replay_derives_it_again_and_the_checker_looks_at_it(
    supervisor: Caller, others: str, database: Database
) -> None:
    plan, nobodys = made(supervisor.post("/v1/plans"))["id"], new_agency(database)
    with database.writing() as session:
        session.execute(text("DELETE FROM bed_unavailable"))
        found = replayed(session, plan)
        assert (found.identical, found.derived, found.faults, found.differences) == (True, True, (), ())
        assert replaying.of_plan(session, "plan_none") is None
        unlock(session, database)
        row = session.get_one(PlanRun, plan)
        had = {name: getattr(row, name) for name in ("tonight", "decided_at", "policy_version", "agency_id")}
        had_not = {"tonight": date(2026, 1, 1), "decided_at": database.clock.now() - timedelta(1)}
        for name, value in (had_not | {"policy_version": 7, "agency_id": nobodys}).items():
            setattr(row, name, value)
            session.flush()
            [said] = replayed(session, plan).differences
            assert said.startswith(f"/{name.partition('_')[0] if name != 'decided_at' else name}: not "), name
            setattr(row, name, had[name])
        whole = row.sealed_answer, row.sealed_snapshot
        for answer, snapshot in (
            (whole[0][:90] + b"?" + whole[0][91:], whole[1]),
            (whole[0][:3] + b"?" + whole[0][4:], whole[1]),
            (whole[0][:-5], whole[1]),
            (b"", whole[1]),
            (whole[0], whole[1][:-9]),
            (whole[0], b""),
        ):
            session.execute(ALTER, {"plan": plan, "answer": answer, "snapshot": snapshot})
            session.refresh(row)
            found = replayed(session, plan)
            assert (found.expunged, found.derived) == (False, False)
            assert found.differences == (
                "/: what is stored was changed, cut off or moved since it was sealed, and does not open",
            )
        session.execute(ALTER, {"plan": plan, "answer": whole[0], "snapshot": whole[1]})
        session.refresh(row)
        answer = json.loads(row.answer)
        answer["lines"][0]["paid_nights"] += 1
        alter(session, row, answer=json.dumps(answer))
        found = replayed(session, plan)
        assert found.differences == ("/lines/0/paid_nights: differs",)
        assert found.faults == ("min_1 at fac_a: paid_nights is not what the snapshot gives",)


@pytest.mark.one_kind
def test_the_command_line_replays_a_plan(
    supervisor: Caller, others: str, database: Database, database_url: str, keys: Path
) -> None:
    plan = made(supervisor.post("/v1/plans"))["id"]
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "replay", plan],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "DATABASE_URL": database_url, "BEDNIGHT_KEYS": str(keys)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "identical, and the checker finds no fault"), done.stderr


def test_what_a_later_engine_adds_stays_inside() -> None:
    def salted(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: salted(row) for key, row in value.items()} | {"zq9": "zq9"}
        return [salted(row) for row in value] if isinstance(value, list) else value

    from matching.codec import decode
    from matching.plan import plan

    whole = salted(plan_document(plan(decode(waiting()))))
    seen = project_plan(whole, {"min_1", "min_2", "min_3"})
    assert len(seen["lines"]) + len(seen["unplaced"]) == 3
    assert "zq9" not in json.dumps(seen)


# The pages.


def press(client: TestClient, path: str, **more: str) -> Any:
    sent = {"form_token": form_token(client.cookies["bednight"]), **more}
    return client.post(path, data=sent, headers=SAME_SITE, follow_redirects=False)


def test_one_press_makes_a_plan_and_its_page_leads_to_each_referral(client: TestClient, database: Database) -> None:
    lead = new_agency(database, AgencyKind.COALITION_LEAD)
    load(database, waiting(), agency_id=lead)
    sign_in(client, database, Role.INTAKE_COORDINATOR, lead)
    assert "Plans for everyone who waits" in client.get("/").text
    assert "Plan for tonight" in client.get("/plans").text
    first, again = press(client, "/plans", once="press"), press(client, "/plans", once="press")
    assert (first.status_code, again.headers["Location"]) == (303, first.headers["Location"])
    shown = client.get(first.headers["Location"]).text
    assert "2 with a bed, 1 without." in shown
    assert "Proved: no plan is better." in shown
    assert "A fund does not reach for everyone" in shown
    assert all(f'action="/referrals/ref_{n}/rankings"' in shown for n in (1, 2, 3))
    assert "Of other agencies" not in shown
    assert first.headers["Location"] in client.get("/plans").text


def test_the_page_shows_counts_of_whom_may_not_be_seen(client: TestClient, database: Database, others: str) -> None:
    sign_in(client, database, Role.SUPERVISOR, new_agency(database, AgencyKind.COALITION_LEAD))
    shown = client.get(press(client, "/plans").headers["Location"]).text
    assert "Of other agencies: 2 with a bed, 1 without." in shown
    assert "/referrals/ref_" not in shown


@pytest.mark.one_kind
def test_another_agency_has_no_press(client: TestClient, database: Database, others: str) -> None:
    sign_in(client, database, Role.SUPERVISOR, others)
    assert "Plans for everyone" not in client.get("/").text
    assert "Plan for tonight" not in client.get("/plans").text
    assert press(client, "/plans").status_code == 404


@pytest.mark.one_kind
def test_an_old_plan_says_so(client: TestClient, database: Database, clock: MovableClock) -> None:
    lead = new_agency(database, AgencyKind.COALITION_LEAD)
    load(database, waiting(), agency_id=lead)
    sign_in(client, database, Role.SUPERVISOR, lead)
    made_at = press(client, "/plans").headers["Location"]
    clock.move(timedelta(hours=11))
    sign_in(client, database, Role.SUPERVISOR, lead)
    assert "This plan was for another night." in client.get(made_at).text


def test_the_page_says_what_became_of_its_lines(client: TestClient, database: Database, clock: MovableClock) -> None:
    """A house that is asked, a referral that ends, a bed that somebody else has; who has waited longest is first."""
    lead = new_agency(database, AgencyKind.COALITION_LEAD)
    load(database, waiting(), agency_id=lead)
    with database.writing() as session:
        session.get_one(Referral, "ref_1").created_at -= timedelta(days=1)
        session.get_one(Referral, "ref_2").created_at -= timedelta(days=2)
    coordinator = Caller(client, database, Role.INTAKE_COORDINATOR, lead)
    sign_in(client, database, Role.INTAKE_COORDINATOR, lead)
    page = press(client, "/plans").headers["Location"]

    def said() -> str:
        return client.get(page).text

    plan = made(coordinator.get(f"/v1{page}"))
    line = next(row for row in plan["lines"] if row["referral"] == "ref_1")
    before = said()
    assert before.index("/referrals/ref_2") < before.index("/referrals/ref_1") < before.index("/referrals/ref_3")
    assert "as it was" not in before
    run = coordinator.post("/v1/referrals/ref_1/rankings").headers["Location"].split("/")[-1]
    body = {"run": run, "facility": line["facility"], "authority": "court_order"}
    offer = made(coordinator.post("/v1/referrals/ref_1/holds", body))
    assert said().count("A house has been asked by now") == 1
    made(coordinator.post("/v1/referrals/ref_3/end", {"how": "closed"}))
    assert "2 of these referrals are not as they were" in said()
    assert said().count("Closed: nobody waits here any more.") == 1
    other = next(row["bed"] for row in plan["lines"] if row["referral"] == "ref_2")
    with database.writing() as session:
        night = session.scalars(select(BedNight).where(BedNight.hold_id == offer["hold"]["id"])).first()
        assert night is not None
        night.bed_id = other
    assert said().count("This bed is taken for that night by now.") == 1
    with database.writing() as session:
        session.get_one(Referral, "ref_2").minor_id = "min_1"  # whose nights these are
    assert "This bed is taken for that night by now." not in said()


@pytest.mark.parametrize(
    ("proof", "unique", "unplaced", "said"),
    [
        ("optimal", None, 0, "Proved: no plan is better."),
        ("optimal", False, 0, "Proved: no plan is better. Others are as good."),
        ("bounded", None, 0, "Time ran out: nobody more could have a bed, but a plan may be better in other things."),
        ("bounded", None, 1, "Time ran out: there may be a better plan."),
    ],
)
def test_what_is_proved_is_said(proof: str, unique: bool | None, unplaced: int, said: str) -> None:
    plan = {"proof": proof, "unique": unique, "unplaced_by_urgency": [unplaced] * 4}
    assert proved(plan | {"least_unplaced_by_urgency": [0] * 4}) == said
