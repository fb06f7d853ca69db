"""Two records of one young person: said, taken back, nothing lost; and what whoever asks another agency learns."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import event, select

from app.access.actor import Actor
from app.access.policy import AgencyKind, Role
from app.clock import MovableClock
from app.db import Database
from app.errors import Problem
from app.minors import activities, contacts, flags, linking
from app.minors.likeness import Compared, Described
from app.minors.linking_models import Contact, RecordLink, Verdict
from app.minors.record_models import ActivityKind, FlagBasis, FlagLevel
from app.minors.record_schemas import ActivitySent, FlagSent, MinorSent
from app.outbox.models import OutboxEvent
from app.record import service
from app.sharing.codes import Item
from benchmarks.duplicates import TODAY, measured
from tests.app.test_record import AT_RISK, Desk, desk
from tests.factories import Caller, SignedIn, made, new_agency, refused, rows

pytestmark = pytest.mark.one_kind

__all__ = ["desk"]

Json = dict[str, Any]
JANE: Json = {"given_names": "Jane", "family_name": "Doe", "called": "Jay", "aliases": ["Star"]}


def begin(caller: Caller, **identity: Any) -> str:
    """A flagged record of an agency, with who it is; its id."""
    minor = str(made(caller.post("/v1/minors", {"flag": AT_RISK}))["id"])
    if identity:
        made(caller.put(f"/v1/minors/{minor}/identity", identity))
    return minor


def same(caller: Caller, minor: str, other: str) -> Json:
    found: Json = made(caller.post(f"/v1/minors/{minor}/links", {"other": other, "verdict": "same"}))
    return found


def kinds(caller: Caller, minor: str) -> list[str]:
    return sorted(row["kind"] for row in made(caller.get(f"/v1/minors/{minor}"))["timeline"])


def test_two_records_are_shown_as_one_and_apart_again(desk: Desk) -> None:
    first, second = begin(desk.owner), begin(desk.owner)
    made(desk.owner.post(f"/v1/minors/{first}/activities", {"kind": "school"}))
    made(desk.owner.post(f"/v1/minors/{second}/activities", {"kind": "medical"}))
    link = same(desk.owner, first, second)
    assert same(desk.owner, second, first)["id"] == link["id"], "said twice is said once"
    assert kinds(desk.owner, first) == kinds(desk.owner, second) == ["medical", "school"]
    assert len(made(desk.owner.get(f"/v1/minors/{first}"))["flags"]) == 2
    different = {"other": second, "verdict": "different"}
    refused(desk.owner.post(f"/v1/minors/{first}/links", different), 409, "conflict")
    made(desk.owner.post(f"/v1/minors/{second}/links/{link['id']}/undo"))
    assert (kinds(desk.owner, first), kinds(desk.owner, second)) == (["school"], ["medical"])
    assert made(desk.owner.post(f"/v1/minors/{first}/links", different))["verdict"] == "different"
    assert kinds(desk.owner, first) == ["school"]
    for other in (first, "min_none", begin(desk.other)):
        refused(desk.owner.post(f"/v1/minors/{first}/links", {"other": other, "verdict": "same"}), 422, "invalid")
    refused(desk.other.post(f"/v1/minors/{first}/links/{link['id']}/undo"), 404, "not_found")


def test_across_agencies_a_link_shows_what_a_release_opens_and_the_owner_learns_nothing(desk: Desk) -> None:
    desk.enter(ActivityKind.SCHOOL)
    desk.enter(ActivityKind.MEDICAL)
    theirs = desk.path.rsplit("/", 1)[1]
    mine = begin(desk.other)
    made(desk.other.post(f"/v1/minors/{mine}/activities", {"kind": "counseling"}))
    refused(desk.other.post(f"/v1/minors/{mine}/links", {"other": theirs, "verdict": "same"}), 422, "invalid")
    release = desk.release(Item.SCHOOL)
    before = made(desk.owner.get(desk.path))
    link = same(desk.other, mine, theirs)
    assert kinds(desk.other, mine) == ["counseling", "school"]
    shown = made(desk.other.get(f"/v1/minors/{mine}"))
    assert [row["entries"] for row in shown["not_shared"]] == [1]
    assert made(desk.owner.get(desk.path)) == before
    made(desk.signs.post(f"{release}/withdrawal"))
    assert kinds(desk.other, mine) == ["counseling"]
    (said,) = made(desk.other.get(f"/v1/minors/{mine}"))["links"]
    assert (said["id"], said["agency"]) == (link["id"], None)


class Merging(RuleBasedStateMachine):
    """Records are begun, entered into, said to be the same or not, and that is taken back, in any order."""

    records: Bundle[str] = Bundle("records")
    links: Bundle[tuple[str, str]] = Bundle("links")
    database: Database
    actor: Actor

    def __init__(self) -> None:
        super().__init__()
        self.entered: dict[str, list[str]] = {}
        self.stands: dict[str, tuple[str, str, Verdict]] = {}

    @rule(target=records)
    def begin(self) -> str:
        flag = FlagSent(level=FlagLevel.AT_RISK, basis=FlagBasis.OBSERVATION, indicators=[])
        with self.database.writing() as session:
            minor = flags.begin(session, self.actor, MinorSent(flag=flag), self.database.clock)
        self.entered[minor] = []
        return minor

    @rule(minor=records, kind=st.sampled_from(ActivityKind))
    def enter(self, minor: str, kind: ActivityKind) -> None:
        with self.database.writing() as session:
            row = activities.add(session, self.actor, minor, ActivitySent(kind=kind), self.database.clock)
        self.entered[minor].append(row.id)

    @rule(target=links, one=records, other=records, verdict=st.sampled_from(Verdict))
    def say(self, one: str, other: str, verdict: Verdict) -> tuple[str, str]:
        known = {frozenset((a, b)): said for a, b, said in self.stands.values()}.get(frozenset((one, other)))
        try:
            with self.database.writing() as session:
                link = linking.say(session, self.actor, one, other, verdict, self.database.clock.now())
        except Problem as problem:
            refusal = problem.code
        else:
            refusal = ""
        if refusal:
            assert refusal == ("invalid" if one == other else "conflict")
            assert one == other or known not in (None, verdict)
            return one, "link_none"
        self.stands[link.id] = (one, other, verdict)
        return one, link.id

    @rule(said=links)
    def undo(self, said: tuple[str, str]) -> None:
        minor, link_id = said
        if link_id == "link_none":
            return
        with self.database.writing() as session:
            linking.undo(session, self.actor, minor, link_id, self.database.clock.now())
        self.stands.pop(link_id, None)

    @invariant()
    def nothing_is_lost(self) -> None:
        for minor in self.entered:
            group = self._group(minor)
            with self.database.reading() as session:
                shown = service.read(session, self.actor, minor, self.database.clock)
            assert {row.id for row in shown.timeline} == {entry for one in group for entry in self.entered[one]}
            assert len(shown.flags) == len(group)

    def _group(self, minor: str) -> set[str]:
        group, new = {minor}, {minor}
        while new:
            ends = [{a, b} for a, b, said in self.stands.values() if said is Verdict.SAME and {a, b} & new]
            new = set().union(*ends) - group
            group |= new
        return group


def test_whatever_is_said_and_taken_back_nothing_is_lost(database: Database) -> None:
    agency = new_agency(database)
    Merging.database = database
    Merging.actor = Actor(agency_id=agency, kind=AgencyKind.DROP_IN, role=Role.PARTNER, person_id="person_1")
    few = settings(
        max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Merging, settings=few)


def test_the_right_one_stands_first_among_many() -> None:
    found = measured(600, 150)
    assert found.first >= 0.98
    assert found.recall == tuple(sorted(found.recall, reverse=True))
    assert found.precision[0] > 0.9
    assert found.precision[-1] == 1.0


@pytest.mark.parametrize(
    ("other", "least", "most"),
    [
        (Described("b", "jane", "doe", born_on=TODAY - timedelta(days=5_000)), 1.0, 1.0),
        (Described("b", "doe", "jane", born_on=TODAY - timedelta(days=5_000)), 1.0, 1.0),
        (Described("b", "jnae", "doe", born_on=TODAY - timedelta(days=5_000)), 0.8, 0.99),
        (Described("b", "mary", "smith", ("jane",), born_on=TODAY - timedelta(days=5_000)), 0.45, 0.6),
        (Described("b", "jane", "doe", ages=(13, 14)), 0.8, 0.95),
        (Described("b", "quentin", "xu", born_on=TODAY - timedelta(days=4_000)), 0.0, 0.1),
        (Described("b", "", "", born_on=TODAY - timedelta(days=5_000)), 0.0, 0.0),
        (Described("b"), 0.0, 0.0),
    ],
)
def test_how_alike_two_people_are(other: Described, least: float, most: float) -> None:
    one = Described("a", "jane", "doe", born_on=TODAY - timedelta(days=5_000))
    (like,) = Compared([other]).like(one, TODAY, 0.0)
    assert least <= like.score <= most
    assert Compared([one]).like(one, TODAY, 0.0) == [], "nobody is a duplicate of herself"


def test_duplicates_are_named_by_likeness_and_a_person_settles_them(client: TestClient, database: Database) -> None:
    me = SignedIn(client, database, Role.PARTNER)
    first, second, third = begin(me, **JANE), begin(me, **{**JANE, "given_names": "Jnae"}), begin(me, given_names="Q")
    stranger = Caller(client, database, Role.PARTNER)
    begin(stranger, **JANE)
    (like,) = rows(me.get(f"/v1/minors/{first}/duplicates"))
    assert (like["id"], like["weights"]) == (second, {"names": 50, "other_names": 20, "born": 30})
    assert "born" not in like["parts"]
    made(me.post(f"/v1/minors/{first}/links", {"other": second, "verdict": "different"}))
    assert rows(me.get(f"/v1/minors/{first}/duplicates")) == []
    assert rows(me.get(f"/v1/minors/{third}/duplicates")) == []


def ask(caller: Caller, minor: str, database: Database) -> tuple[Any, list[str]]:
    """The answer, and what the database was asked meanwhile, without what it was asked for."""
    statements: list[str] = []

    def heard(_: Any, __: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    engines = (database.engine, database.reader)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", heard)
    try:
        answer = caller.post(f"/v1/minors/{minor}/contact-asks")
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", heard)
    return answer, statements


def test_whoever_asks_learns_nothing_and_the_owner_is_told(
    client: TestClient, database: Database, clock: MovableClock
) -> None:
    owner = Caller(client, database, Role.PARTNER)
    theirs = begin(owner, **JANE)
    begin(owner, given_names="Jane", family_name="Other")
    me = SignedIn(client, database, Role.PARTNER)
    known, unknown = begin(me, given_names="Jane", family_name="Dóe"), begin(me, given_names="Ann", family_name="Roe")
    both = [ask(me, minor, database) for minor in (known, unknown)]
    (one, asked), (other, asked_other) = both
    assert one.status_code == other.status_code == 202
    assert {**one.json(), "id": ""} == {**other.json(), "id": ""}
    assert len(one.content) == len(other.content)
    assert {name: value for name, value in one.headers.items() if name != "x-request-id"}.keys() == {
        name: value for name, value in other.headers.items() if name != "x-request-id"
    }.keys()
    assert asked == asked_other, "the same is asked of the database, in the same order"
    assert not any("identity_index" in statement for statement in asked), "nothing is held against others meanwhile"
    before = [made(me.get(f"/v1/minors/{minor}")) for minor in (known, unknown)]
    assert contacts.look(database) == 2
    assert contacts.look(database) == 0
    assert [made(me.get(f"/v1/minors/{minor}")) for minor in (known, unknown)] == before
    assert rows(me.get("/v1/minors/contacts")) == []
    (told,) = rows(owner.get("/v1/minors/contacts"))
    assert (told["minor_id"], told["answer"]) == (theirs, None)
    with database.reading() as session:
        events = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "contact.asked")).all()
        assert [(row.agency_id, row.subject_id) for row in events] == [(owner.agency_id, told["id"])]
    said = made(owner.put(f"/v1/minors/contacts/{told['id']}", {"answer": "in_contact"}))
    assert said["answer"] == "in_contact"
    refused(me.put(f"/v1/minors/contacts/{told['id']}", {"answer": "in_contact"}), 404, "not_found")
    assert made(me.post(f"/v1/minors/{known}/contact-asks"))["id"] == one.json()["id"], "asked again is the same"
    clock.move(timedelta(days=30))


@pytest.mark.parametrize(
    ("theirs", "mine", "told"),
    [
        ({"given_names": "Jane", "family_name": "Doe"}, {"given_names": "jane", "family_name": "DOE"}, True),
        ({"given_names": "Jane", "aliases": ["Star"]}, {"given_names": "Jane", "called": "Star"}, True),
        ({"given_names": "Jane", "family_name": "Doe"}, {"given_names": "Jane", "family_name": "Dow"}, False),
        ({"called": "Star", "aliases": ["Sky"]}, {"called": "Sky", "aliases": ["Star"], "given_names": "Jo"}, False),
    ],
)
def test_two_exact_facts_and_no_less_make_a_contact(
    client: TestClient, database: Database, theirs: Json, mine: Json, told: bool
) -> None:
    begin(Caller(client, database, Role.PARTNER), **theirs)
    me = SignedIn(client, database, Role.PARTNER)
    minor = begin(me, **mine)
    made(me.post(f"/v1/minors/{minor}/contact-asks"))
    contacts.look(database)
    with database.reading() as session:
        assert (session.scalar(select(Contact.id)) is not None) is told


def test_one_fact_is_not_asked_about(client: TestClient, database: Database) -> None:
    me = SignedIn(client, database, Role.PARTNER)
    for minor in (begin(me), begin(me, given_names="Jane")):
        refused(me.post(f"/v1/minors/{minor}/contact-asks"), 409, "not_now")
    with database.reading() as session:
        assert session.scalar(select(RecordLink.id)) is None
