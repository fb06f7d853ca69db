"""Exceptions: each by its own party and a second person; tonight without a payer; what nobody may waive."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.policy import Role
from app.audit.models import AuditEvent
from app.funding.models import FundLimit
from app.outbox.models import OutboxEvent
from app.placements import due
from app.sealing.words import words_at
from app.stays.models import UNFUNDED, Offer
from tests.app.test_moves import ask_on
from tests.app.test_workflow import scene
from tests.factories import Caller, SignedIn, fund, house, load, made, network, refused, rows
from tests.scenes import Scene

__all__ = ["scene"]

Json = dict[str, Any]
LATER = "2026-12-21T22:14:00-05:00"


def added(scene: Scene, *houses: Json, funds: list[Json] | None = None) -> None:
    """Houses that exclude the young person, run by the first house's agency, with staff."""
    agency = scene.agencies["fac_a"]
    load(scene.database, network(*houses, funds=funds or []), operators={row["id"]: agency for row in houses})
    for row in houses:
        scene.agencies[row["id"]], scene.staff[row["id"]] = agency, scene.staff["fac_a"]


def except_(scene: Scene, path: str, run: str, rule: str, party: str = "facility", **more: Any) -> Any:
    body = {"run": run, "facility": "fac_x", "rule": rule, "party": party, "role": "program manager"}
    return scene.coordinator.post(f"{path}/exceptions", {**body, "reason": "a bed tonight", "until": LATER, **more})


def strict(**changes: Any) -> Json:
    """A house that takes nobody with a condition that this young person has."""
    return house("fac_x", funds=["fund_x"], declines=["arson"], services=[], **changes)


def excluded(scene: Scene, *, services: tuple[str, ...] = ()) -> tuple[str, str]:
    """A referral that the strict house declines, and its decision."""
    needs: Json = {"infants": 0, "conditions": ["arson"], "services_required": list(services)}
    minor = {"born_on": "2011-03-02", "residence": {"county": "13121"}, "gender": "female", "trafficking": "verified"}
    path = scene.refer(minor={**minor, "custody": "none", "needs": needs, "approvals": []})
    return path, scene.rank(path)[0]


def test_a_house_is_held_once_each_rule_against_it_is_waived_by_its_party(scene: Scene) -> None:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene, services=("detox",))
    problem = refused(scene.ask(path, run, "fac_x"), 409, "exception_needed")
    assert problem["rules"] == ["facility.declines", "facility.services"]
    refused(except_(scene, path, run, "facility.declines", "funder"), 422, "invalid")
    refused(except_(scene, path, run, "licence.age"), 422, "invalid")
    made(except_(scene, path, run, "facility.declines"))
    assert refused(scene.ask(path, run, "fac_x"), 409, "exception_needed")["rules"] == ["facility.services"]
    made(except_(scene, path, run, "facility.services"))
    offer = made(scene.ask(path, run, "fac_x"))
    assert (offer["rank"], offer["unfunded"], offer["hold"]["bed_id"]) == (None, False, "bed_x1")
    # The money is there as for any option, and the engine's answer is what it was.
    assert {(row.fund_id, row.bed_id) for row in scene.nights()} == {("fund_x", "bed_x1")}
    assert len(scene.nights()) == 10
    _, again = scene.rank(path)
    assert "fac_x" in {entry["facility"] for entry in again["excluded"]}
    made(scene.answer("fac_x", offer["id"]))


def test_a_question_without_a_hold_is_answered_too(scene: Scene) -> None:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene)
    made(except_(scene, path, run, "facility.declines"))
    offer = made(scene.ask(path, run, "fac_x", "offers"))
    scene.rank(scene.refer())
    made(scene.answer("fac_x", offer["id"]))
    assert {row.fund_id for row in scene.nights()} == {"fund_x"}


def signed_in(scene: Scene, role: Role = Role.SUPERVISOR) -> SignedIn:
    """A person of the agency that refers."""
    return SignedIn(scene.client, scene.database, role, scene.coordinator.agency_id)


def test_a_second_person_within_a_day_and_never_the_same(scene: Scene) -> None:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene)
    key, scene.coordinator = scene.coordinator, signed_in(scene, Role.INTAKE_COORDINATOR)
    one, two = (made(except_(scene, path, run, "facility.declines")) for _ in range(2))
    supervisor = Caller(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    assert len(rows(supervisor.get("/v1/tasks?kind=second_person"))) == 2
    refused(scene.coordinator.post(f"{path}/exceptions/{one['id']}/second"), 409, "not_now")
    scene.coordinator = key
    made(signed_in(scene).post(f"{path}/exceptions/{one['id']}/second"))
    refused(signed_in(scene).post(f"{path}/exceptions/{one['id']}/second"), 409, "not_now")
    assert len(rows(supervisor.get("/v1/tasks?kind=second_person"))) == 1
    scene.clock.move(timedelta(hours=24))
    listed = {
        row["id"]: (row["in_force"], row["awaits_second"]) for row in rows(scene.coordinator.get(f"{path}/exceptions"))
    }
    assert listed == {one["id"]: (True, False), two["id"]: (False, True)}
    stranger = SignedIn(scene.client, scene.database, Role.SUPERVISOR)
    refused(stranger.get(f"{path}/exceptions"), 404, "not_found")
    refused(stranger.post(f"{path}/exceptions/{one['id']}/second"), 404, "not_found")


@pytest.mark.one_kind
@pytest.mark.parametrize("role", [Role.INTAKE_COORDINATOR, Role.SUPERVISOR])
def test_another_key_is_no_second_person(scene: Scene, role: Role) -> None:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene)
    one = made(except_(scene, path, run, "facility.declines"))["id"]
    key = Caller(scene.client, scene.database, role, scene.coordinator.agency_id)
    refused(key.post(f"{path}/exceptions/{one}/second"), 403, "forbidden")
    (listed,) = rows(key.get(f"{path}/exceptions"))
    assert (listed["awaits_second"], listed["second_at"]) == (True, None)
    made(
        SignedIn(scene.client, scene.database, role, scene.coordinator.agency_id).post(
            f"{path}/exceptions/{one}/second"
        )
    )


def test_without_a_second_person_it_counts_no_more(scene: Scene) -> None:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene)
    made(except_(scene, path, run, "facility.declines"))
    scene.clock.move(timedelta(hours=24))
    made(scene.staff["fac_x"].post("/v1/facilities/fac_x/confirmations", {"awake_staff_tonight": 2}))
    run, _ = scene.rank(path)
    refused(scene.ask(path, run, "fac_x"), 409, "exception_needed")


def told(scene: Scene, kind: str) -> list[tuple[str, str]]:
    """Which agencies were told something, and about what."""
    with scene.database.reading() as session:
        query = select(OutboxEvent.agency_id, OutboxEvent.subject_id).where(OutboxEvent.kind == kind)
        return [(agency, subject) for agency, subject in session.execute(query)]


def test_a_late_second_look_is_marked_late_and_the_supervisors_were_told(scene: Scene) -> None:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene)
    one = made(except_(scene, path, run, "facility.declines"))
    supervisor = Caller(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    scene.clock.move(timedelta(hours=24) - timedelta(seconds=1))
    due.run(scene.database)
    assert told(scene, "exception.unseen") == []
    scene.clock.move(timedelta(seconds=1))
    due.run(scene.database)
    assert due.run(scene.database) == 0
    assert told(scene, "exception.unseen") == [(scene.coordinator.agency_id, one["id"])]
    late = made(signed_in(scene).post(f"{path}/exceptions/{one['id']}/second"))
    assert (late["in_force"], late["awaits_second"]) == (True, False)
    assert rows(supervisor.get("/v1/tasks?kind=second_person")) == []
    with scene.database.reading() as session:
        query = select(AuditEvent.reason).where(AuditEvent.action == "exception.second", AuditEvent.outcome == "ok")
        assert list(session.scalars(query)) == ["late"]


@pytest.mark.parametrize("stays", [True, False])
def test_a_second_look_is_open_as_long_as_somebody_sleeps_there_by_it(scene: Scene, stays: bool) -> None:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene)
    one = made(except_(scene, path, run, "facility.declines", until="2026-11-23T12:00:00-05:00"))
    if stays:
        made(scene.answer("fac_x", made(scene.ask(path, run, "fac_x"))["id"]))
    supervisor = Caller(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    scene.clock.move(timedelta(days=2))
    due.run(scene.database)
    assert len(rows(supervisor.get("/v1/tasks?kind=second_person"))) == stays
    second = signed_in(scene).post(f"{path}/exceptions/{one['id']}/second")
    if stays:
        assert made(second)["in_force"] is False
        assert rows(supervisor.get("/v1/tasks?kind=second_person")) == []
    else:
        refused(second, 409, "not_now")
        (task,) = rows(supervisor.get("/v1/tasks?kind=second_person&done=true"))
        assert task["outcome"] == "not_agreed"


def test_what_nobody_may_waive_has_no_way_around_it(scene: Scene) -> None:
    safeguards = {**house()["safeguards"], "grievance_contact": {**house()["safeguards"]["egress"], "value": False}}
    added(scene, strict(safeguards=safeguards), funds=[fund("fund_x")])
    path, run = excluded(scene)
    refused(except_(scene, path, run, "safeguard.grievance_contact"), 409, "safeguard_breach")
    made(except_(scene, path, run, "facility.declines"))
    refused(scene.ask(path, run, "fac_x"), 409, "safeguard_breach")
    refused(scene.ask(path, run, "fac_x", unfunded_reason="no other bed"), 409, "safeguard_breach")


@pytest.mark.parametrize(
    "until", ["2026-11-25T12:00:00-05:00", "2026-11-25T23:00:00-05:00", "2026-11-26T08:59:00-05:00"]
)
def test_a_funder_s_own_rule_waived_lets_that_fund_pay_until_the_exception_ends(scene: Scene, until: str) -> None:
    """At whatever hour of the night that is: nights are the network's own, and turn at nine."""
    added(scene, house("fac_x", funds=["fund_x"]), funds=[fund("fund_x", max_age=13)])
    path = scene.refer()
    run, _ = scene.rank(path)
    made(except_(scene, path, run, "funding.age_band", "funder", until=until))
    made(scene.ask(path, run, "fac_x"))
    assert [row.fund_id for row in scene.nights()] == ["fund_x"] * 4 + [None] * 6
    (asked,) = rows(scene.staff["fac_x"].get("/v1/facilities/fac_x/offers"))
    assert (asked["nights"], asked["funded_nights"], len(asked["funds"])) == (10, 4, 1), "the house reads who pays"
    answered = made(scene.answer("fac_x", asked["id"]))
    assert (answered["funded_nights"], answered["funds"]) == (4, asked["funds"])


def test_only_money_is_missing_one_night_at_once_with_a_reason(scene: Scene) -> None:
    added(scene, house("fac_x", funds=["fund_x"]), funds=[fund("fund_x", max_age=13)])
    path = scene.refer()
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, "fac_x", unfunded_reason="no other bed tonight"))
    assert offer["unfunded"] is True
    assert [(str(row.night), row.fund_id, row.limit_id) for row in scene.nights()] == [("2026-11-21", None, None)]
    supervisor = Caller(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    assert rows(supervisor.get("/v1/gaps")) == []
    made(scene.answer("fac_x", offer["id"]))
    (gap,) = rows(supervisor.get("/v1/gaps"))
    assert (gap["kind"], gap["rule"], gap["night"]) == ("unfunded_tonight", "funding.age_band", "2026-11-21")
    with scene.database.reading() as session:
        assert unpaid_why(session) == ["no other bed tonight"]


def unpaid_why(session: Session) -> list[str]:
    sealed = {offer.id: offer.sealed_unfunded_reason for offer in session.scalars(select(Offer))}
    return list(words_at(session, Offer, UNFUNDED, sealed).values())


def unfunded(scene: Scene, reason: str = "no other bed tonight") -> str:
    """The id of a stay that began tonight in a bed that nobody pays."""
    added(scene, house("fac_x", funds=["fund_x"]), funds=[fund("fund_x", max_age=13)])
    path = scene.refer()
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, "fac_x", unfunded_reason=reason))
    stay = str(made(scene.answer("fac_x", offer["id"]))["stay_id"])
    made(scene.staff["fac_x"].post(f"/v1/stays/{stay}/arrival"))
    return stay


def gap_nights(scene: Scene) -> list[str]:
    supervisor = Caller(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    return sorted(gap["night"] for gap in rows(supervisor.get("/v1/gaps")))


def test_a_bed_without_a_payer_goes_on_one_night_at_a_time(scene: Scene) -> None:
    stay = unfunded(scene)
    path, why = f"/v1/stays/{stay}/extension", "still no other bed"
    refused(scene.coordinator.post(path, {"until": "2026-11-24", "reason": why}), 409, "not_now")
    refused(scene.staff["fac_x"].post(path, {"until": "2026-11-23", "reason": why}), 403, "forbidden")
    (error,) = refused(scene.coordinator.post(path, {"until": "2026-11-23"}), 422, "invalid")["errors"]
    assert error["pointer"] == "/reason"
    assert gap_nights(scene) == ["2026-11-21"]
    made(scene.coordinator.post(path, {"until": "2026-11-23", "reason": why}))
    assert gap_nights(scene) == ["2026-11-21", "2026-11-22"]
    # The coming night is kept; the one after it is another evening's question.
    refused(scene.coordinator.post(path, {"until": "2026-11-24", "reason": why}), 409, "not_now")
    with scene.database.reading() as session:
        (said,) = unpaid_why(session)
    assert said == "no other bed tonight\n2026-11-22: still no other bed"


def test_a_bed_that_somebody_pays_by_now_is_extended_like_any_other(scene: Scene) -> None:
    stay = unfunded(scene)
    with scene.database.writing() as session:
        session.execute(update(FundLimit).where(FundLimit.fund_id == "fund_x").values(max_age=17))
    path, run, _ = ask_on(scene, stay, needed_from="2026-11-22", nights_needed=5)
    offer = made(scene.ask(path, run, "fac_x", "offers"))
    made(scene.answer("fac_x", offer["id"]))
    assert [row.fund_id for row in scene.nights()] == [None] + ["fund_x"] * 5
    made(scene.staff["fac_x"].post(f"/v1/stays/{stay}/extension", {"until": "2026-12-01"}))


def test_a_night_that_was_not_slept_is_no_gap(scene: Scene) -> None:
    stay = unfunded(scene)
    body = {"until": "2026-11-23", "reason": "still no other bed"}
    made(scene.coordinator.post(f"/v1/stays/{stay}/extension", body))
    scene.clock.move(timedelta(days=1))
    gone = {"reason": "completed", "destination": "family"}
    made(scene.coordinator.post(f"/v1/stays/{stay}/discharge", gone))
    assert gap_nights(scene) == ["2026-11-21"]


@pytest.mark.one_kind
@pytest.mark.parametrize("urgency", [2, 4])
def test_without_a_payer_only_for_tonight_and_nobody_safe(scene: Scene, urgency: int) -> None:
    added(scene, house("fac_x", funds=["fund_x"]), funds=[fund("fund_x", max_age=13)])
    path = scene.refer(urgency=urgency)
    run, _ = scene.rank(path)
    refused(scene.ask(path, run, "fac_x", unfunded_reason="no other bed"), 409, "not_an_option")
    refused(scene.ask(path, run, "fac_a", unfunded_reason="no other bed"), 409, "not_an_option")


@pytest.mark.one_kind
def test_more_than_money_is_missing(scene: Scene) -> None:
    added(scene, strict(), funds=[fund("fund_x", max_age=13)])
    path, run = excluded(scene)
    refused(scene.ask(path, run, "fac_x", unfunded_reason="no other bed"), 409, "not_an_option")


MIXED: Json = {"minor": None, "bed": "bed_x2", "trafficking": "none", "age": 15, "from": None, "until": None}
FULL: list[Json] = [{**MIXED, "bed": f"bed_x{n}", "trafficking": "verified"} for n in (1, 2)]


def test_what_other_people_stand_in_the_way_of_is_never_told(scene: Scene) -> None:
    added(scene, strict(residents=[MIXED]), funds=[fund("fund_x")])
    plain = scene.refer()
    run, _ = scene.rank(plain)
    refused(except_(scene, plain, run, "safeguard.population"), 409, "not_an_option")
    refused(scene.ask(plain, run, "fac_x"), 409, "not_an_option")


@pytest.mark.one_kind
@pytest.mark.parametrize(("people", "ratio"), [([MIXED], 4), (FULL[1:], 1), (FULL, 4)])
def test_beside_a_rule_that_is_waived_other_people_read_like_a_full_house(
    scene: Scene, people: list[Json], ratio: int
) -> None:
    staffing = {"night_ratio": ratio, "awake_staff_tonight": 1}
    added(scene, strict(residents=people, staffing=staffing), funds=[fund("fund_x")])
    path, run = excluded(scene)
    assert refused(scene.ask(path, run, "fac_x"), 409, "exception_needed")["rules"] == ["facility.declines"]
    made(except_(scene, path, run, "facility.declines"))
    assert refused(scene.ask(path, run, "fac_x"), 409, "not_available")["detail"] is None


@pytest.mark.parametrize(("minutes", "status"), [(50, 200), (70, 409)])
def test_an_exception_that_runs_out_before_the_yes_is_judged_at_the_yes(
    scene: Scene, minutes: int, status: int
) -> None:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene)
    until = (scene.clock.now() + timedelta(hours=1)).isoformat()
    made(except_(scene, path, run, "facility.declines", until=until))
    offer = made(scene.ask(path, run, "fac_x"))
    scene.clock.move(timedelta(minutes=minutes))
    said = scene.answer("fac_x", offer["id"])
    assert said.status_code == status, said.text
    if status == 409:
        assert "no bed of this house fits" in refused(said, 409, "not_now")["detail"]
    assert {row.stay_id is None for row in scene.nights()} == {status == 409}


def test_a_waived_house_that_was_asked_without_a_hold_says_yes_to_that_night_alone(scene: Scene) -> None:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene)
    made(except_(scene, path, run, "facility.declines"))
    offer = made(scene.ask(path, run, "fac_x", kind="offers"))
    (asked,) = rows(scene.staff["fac_x"].get("/v1/facilities/fac_x/offers"))
    assert asked["admit_on"] == "2026-11-21"
    for bed in ("bed_x1", "bed_x2"):
        made(scene.staff["fac_x"].post("/v1/facilities/fac_x/walk-ins", {"bed": bed, "trafficking": "verified"}))
    problem = refused(scene.answer("fac_x", offer["id"]), 409, "not_now")
    assert "The night that was asked for" in problem["detail"]


def test_a_payer_that_is_found_before_the_yes_leaves_no_gap(scene: Scene) -> None:
    added(scene, house("fac_x", funds=["fund_x"]), funds=[fund("fund_x", max_age=13)])
    path = scene.refer()
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, "fac_x", unfunded_reason="no other bed tonight"))
    with scene.database.writing() as session:
        session.execute(update(FundLimit).where(FundLimit.fund_id == "fund_x").values(max_age=17))
    made(scene.staff["fac_x"].put("/v1/facilities/fac_x/beds/bed_x2/status", {"status": "cleaning", "version": 1}))
    stay = made(scene.answer("fac_x", offer["id"]))["stay_id"]
    assert [row.fund_id for row in scene.nights()] == ["fund_x"]
    assert gap_nights(scene) == []
    # It goes on like any stay that somebody pays.
    made(scene.staff["fac_x"].post(f"/v1/stays/{stay}/arrival"))
    made(scene.staff["fac_x"].post(f"/v1/stays/{stay}/extension", {"until": "2026-11-25"}))
