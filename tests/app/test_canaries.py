"""Planted marks are driven through real journeys, and stand in nothing that leaves, is logged, or is put on record."""

import json
import logging
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import DBAPIError

from app import edge, problems
from app.access.models import Agency
from app.access.policy import AgencyKind, Role
from app.access.tokens import form_token
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.config import Settings
from app.db import Base, Database, new_id
from app.main import create_app
from app.minors.models import Minor
from app.notices.models import Notice
from app.outbox.models import OutboxEvent
from app.outbox.service import emit
from app.referrals import service as referrals
from app.referrals.models import Referral
from app.reports import paper, people
from app.reports.paper import Language
from app.reports.publishing import publish
from app.reports.quarters import Quarter
from app.stays import parties
from app.worker import Worker
from tests.actors import SAME_SITE, sign_in
from tests.app.server_role import as_server
from tests.conftest import _share_routers
from tests.factories import EIGHT_ANSWERS, Caller, fund, house, lead, load, made, network, new_agency, rows
from tests.papers import said_in
from tests.postgres import Cluster
from tests.proofs import saw
from tests.receiver import Receiver, receiving

Json = dict[str, Any]

MARKS = {
    "given name": "Zephyrine", "family name": "Quillfeather", "called": "Zeffqa", "alias": "Wrenquist",
    "how to reach": "404-555-0177", "words": "afraidofkestrels", "birth date": "2011-07-19",
    "county to avoid": "13299", "condition": "canary_condition", "house's address": "Larkspurquay",
    "reason in words": "becausemagpies", "no-contact link": "min_canaryapart",
    "words of a flag": "mentionsgoldfinches", "line of an entry": "spokeofherons",
}  # fmt: skip
SINKS = {
    "error bodies", "the program's log", "PostgreSQL's log", "page titles", "addresses", "the API's description",
    "the trail", "messages to receivers", "events and notices", "texts of exceptions", "tables that are exported",
    "pages for a board", "a copy of the database",
}  # fmt: skip
IN_CLEAR = {"birth date", "county to avoid", "condition", "no-contact link", "house's address"}
"""What docs/keys.md says is kept as it is: a copy of the database holds it."""
TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
LINKS = re.compile(r'(?:href|action|src)="([^"]*)"')
LOGS = ("log_error_verbosity = terse", "log_min_error_statement = panic", "log_parameter_max_length_on_error = 0")


class Collected:
    """What each sink took in."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = defaultdict(list)

    def put(self, sink: str, what: object) -> None:
        assert sink in SINKS
        self.texts[sink].append(str(what))

    def answer(self, got: Response) -> Response:
        """Whatever of an answer belongs into a sink."""
        self.put("addresses", got.headers.get("location", ""))
        kind = got.headers.get("content-type", "")
        if got.is_error and kind == "application/problem+json":
            # What stands there now is shown again to whoever may read it.
            self.put("error bodies", {name: said for name, said in got.json().items() if name != "current"})
        if kind.startswith("text/html"):
            self.put("page titles", TITLE.findall(got.text))
            self.put("addresses", LINKS.findall(got.text))
        return got

    def found(self) -> list[tuple[str, str]]:
        """Each sink in which a mark stands, and which."""
        return [
            (sink, what)
            for sink in sorted(SINKS)
            for what, mark in MARKS.items()
            if not (sink == "a copy of the database" and what in IN_CLEAR)
            if any(mark.casefold() in one.casefold() for one in self.texts[sink])
        ]


class Listener(logging.Handler):
    """Every line of every log of the program, with what it was made of."""

    def __init__(self, into: Collected) -> None:
        super().__init__(logging.DEBUG)
        self.into = into

    def emit(self, record: logging.LogRecord) -> None:
        self.into.put("the program's log", self.format(record))


@pytest.fixture
def database_url(migrated_postgresql: str, cluster: Cluster) -> Iterator[str]:
    """PostgreSQL has a log of its own; the rest is the same on both."""
    url = cluster.create(migrated_postgresql)
    yield url
    cluster.drop(url)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, webhook_hosts=("127.0.0.1",))


class Journey:
    """Somebody is referred, named, placed and leaves; on the way everything is done wrongly once, too."""

    def __init__(
        self, app: FastAPI, database: Database, settings: Settings, cluster: Cluster, receiver: Receiver
    ) -> None:
        self.app, self.database, self.receiver = app, database, receiver
        self.worker = Worker(database, settings)
        self.seen = Collected()
        self.log = Path(str(make_url(settings.database_url).query["host"])) / "log"
        self.from_byte = self.log.stat().st_size
        self.client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=False)

    def call(self, caller: Caller, method: str, path: str, body: Any = None) -> Response:
        self.seen.put("addresses", path)
        return self.seen.answer(caller.client.request(method, path, json=body, headers=caller.headers))

    def page(self, path: str) -> None:
        self.seen.put("addresses", path)
        self.seen.answer(self.client.get(path, headers={"accept": "text/html"}))

    def run(self) -> None:
        """The whole way."""
        own, other = new_agency(self.database), new_agency(self.database, AgencyKind.RESIDENTIAL)
        facts = {**EIGHT_ANSWERS["minor"], "found": None}
        apart = {"id": MARKS["no-contact link"], **facts}
        document = network(house("fac_a"), house("fac_b"), minors=[apart], funds=[fund(nights_left=100)])
        load(self.database, document, agency_id=own, operators={"fac_a": other, "fac_b": other})
        staff = Caller(self.client, self.database, Role.FACILITY_STAFF, other)
        admin = Caller(self.client, self.database, Role.ADMINISTRATOR, other)
        for agency in (own, other):
            hooks = Caller(self.client, self.database, Role.ADMINISTRATOR, agency)
            made(self.call(hooks, "POST", "/v1/webhooks", {"url": self.receiver.url}))
        sign_in(self.client, self.database, Role.SUPERVISOR, own)
        me = Caller(self.client, self.database, Role.SUPERVISOR, own)
        me.headers = SAME_SITE | {"X-Form-Token": form_token(self.client.cookies["bednight"])}
        made(self.call(admin, "PUT", "/v1/facilities/fac_a/address", {"lines": [MARKS["house's address"]]}))
        referral = self._referred(me)
        self._placed(me, staff, referral)
        self._done_wrongly(me, staff, referral)
        self.worker.round()
        self._look_around()

    def _referred(self, me: Caller) -> str:
        minor = {
            **EIGHT_ANSWERS["minor"], "born_on": MARKS["birth date"],
            "needs": {"infants": 0, "conditions": [MARKS["condition"]]},
            "avoid": {"counties": [MARKS["county to avoid"]], "minors": [MARKS["no-contact link"]]},
        }  # fmt: skip
        body = {"minor": minor, "needed_from": EIGHT_ANSWERS["needed_from"], "nights_needed": 10}
        path = self.call(me, "POST", "/v1/referrals", body).headers["Location"]
        identity = {
            "given_names": MARKS["given name"], "family_name": MARKS["family name"], "called": MARKS["called"],
            "aliases": [MARKS["alias"]], "contact": MARKS["how to reach"], "words": MARKS["words"],
        }  # fmt: skip
        made(self.call(me, "PUT", f"{path}/identity", identity))
        assert MARKS["family name"] in self.call(me, "GET", f"{path}/identity").text
        for wrong in ({**identity, MARKS["family name"]: "x"}, {**identity, "aliases": MARKS["alias"]}, identity):
            assert self.call(me, "PUT", f"{path}/identity", wrong).is_error
        self._recorded(me, path)
        return path

    def _recorded(self, me: Caller, path: str) -> None:
        """The shared record: flagged, entered into, compared, asked about, and done wrongly."""
        with self.database.reading() as session:
            record = f"/v1/minors/{session.get_one(Referral, path.rsplit('/', 1)[1]).minor_id}"
        flag = {"level": "at_risk", "basis": "observation", "indicators": ["afraid"]}
        made(self.call(me, "POST", f"{record}/flags", {**flag, "words": MARKS["words of a flag"]}))
        for kind in ("missing", "returned", "school"):
            entry = {"kind": kind, "words": MARKS["line of an entry"]}
            made(self.call(me, "POST", f"{record}/activities", entry))
        twice = str(made(self.call(me, "POST", "/v1/minors", {"flag": flag}))["id"])
        identity = {"given_names": MARKS["given name"], "family_name": MARKS["family name"]}
        made(self.call(me, "PUT", f"/v1/minors/{twice}/identity", identity))
        assert len(made(self.call(me, "GET", f"{record}/duplicates"))["data"]) == 1
        made(self.call(me, "POST", f"{record}/contact-asks"))
        made(self.call(me, "POST", f"{record}/links", {"other": twice, "verdict": "same"}))
        for mark in MARKS.values():
            for what, body in (
                ("flags", {**flag, "indicators": [mark]}), ("flags", {**flag, mark: mark}),
                ("activities", {"kind": mark}), ("links", {"other": mark, "verdict": "same"}),
            ):  # fmt: skip
                if body.get("other") != MARKS["no-contact link"]:  # a record of theirs, so no mistake
                    assert self.call(me, "POST", f"{record}/{what}", body).is_error
        page = record.removeprefix("/v1")
        for name in ("/minors", "/minors/new", "/minors/contacts", page, f"{page}/duplicates", f"{page}/identity"):
            self.page(name)
        assert MARKS["line of an entry"] in self.client.get(page, headers={"accept": "text/html"}).text

    def _placed(self, me: Caller, staff: Caller, path: str) -> None:
        run = self.call(me, "POST", f"{path}/rankings").headers["Location"].rsplit("/", 1)[1]
        whole = {"reason": "court_asks", "words": f"{MARKS['reason in words']} and nothing else"}
        made(self.call(me, "POST", f"{path}/rankings/{run}/whole-views", whole))
        ask = {"run": run, "facility": "fac_a", "authority": "court_order", "choice_reason": "clinical_advice"}
        offer = made(self.call(me, "POST", f"{path}/holds", ask))["id"]
        self._opened_in_an_emergency(path)
        law: Json = {"recipient": staff.agency_id, "law": "court_order", "reference": MARKS["reason in words"]}
        until = self.database.clock.now() + timedelta(days=9)
        law |= {"items": ["age"], "valid_until": until.isoformat()}
        assert MARKS["reason in words"] in self.call(me, "POST", f"{path}/legal-bases", law).text
        answered = self.call(staff, "POST", f"/v1/facilities/fac_a/offers/{offer}/answer", {"accept": True})
        stay = made(answered)["stay_id"]
        page = path.removeprefix("/v1")
        for name in ("", "/change", "/identity", "/looks", "/releases", f"/rankings/{run}", f"/offers/{offer}"):
            self.page(page + name)
        made(self.call(staff, "POST", f"/v1/stays/{stay}/arrival"))
        self.page(f"/stays/{stay}")
        left = {"reason": "completed", "destination": "family", "note": MARKS["reason in words"]}
        made(self.call(staff, "POST", f"/v1/stays/{stay}/discharge", left))
        for name in ("/", "/beds", "/tasks", "/plans", f"/stays/{stay}"):
            self.page(name)

    def _opened_in_an_emergency(self, path: str) -> None:
        """By somebody of a third agency, who says why, to their own supervisor."""
        client = TestClient(self.app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_001), follow_redirects=False)
        agency = new_agency(self.database)
        sign_in(client, self.database, Role.INTAKE_COORDINATOR, agency)
        other = Caller(client, self.database, Role.INTAKE_COORDINATOR, agency)
        other.headers = SAME_SITE | {"X-Form-Token": form_token(client.cookies["bednight"])}
        with self.database.reading() as session:
            code = session.scalars(select(Referral.code).where(Referral.id == path.rsplit("/", 1)[1])).one()
        asked = {"code": code, "reason": "medical", "words": f"{MARKS['reason in words']} and a fever"}
        opened = self.call(other, "POST", "/v1/emergency-accesses", asked)
        assert opened.is_success or code == MARKS["called"]

    def _done_wrongly(self, me: Caller, staff: Caller, path: str) -> None:
        """Each mark where it does not belong: as a member, as a value, in an address, by a stranger."""
        for mark in MARKS.values():
            for body in ({mark: mark}, {"needed_from": mark}, {"minor": {"gender": mark, "needs": {mark: mark}}}):
                assert self.call(me, "POST", "/v1/referrals", body).is_error
                assert self.call(me, "PATCH", path, body).is_error
            assert self.call(staff, "POST", f"{path}/rankings", {mark: mark}).is_error
            form = {"form_token": me.headers["X-Form-Token"], "age": mark, "county": mark, "press": "find"}
            self.seen.answer(self.client.post("/referrals", data=form, headers=SAME_SITE | {"accept": "text/html"}))
        with pytest.MonkeyPatch.context() as patch:  # a crash with everything in its text
            patch.setattr(referrals, "urgency_of", self._crash)
            assert self.call(me, "GET", path).status_code == 500
        for mark in MARKS.values():
            self._refused_by_the_database(mark)

    @staticmethod
    def _crash(*_: object) -> None:
        raise RuntimeError(" ".join(MARKS.values()))

    def _refused_by_the_database(self, mark: str) -> None:
        """A name that is there already, and a record of nobody's."""
        now = self.database.clock.now()
        twice = (Agency(id=new_id("agency"), name=mark, kind=AgencyKind.SCHOOL, created_at=now) for _ in range(2))
        nobodys = (Minor(id=new_id("min"), agency_id=mark, created_at=now, services=[mark]),)
        for unlike in (twice, nobodys):
            try:
                with self.database.writing() as session:
                    session.add_all(unlike)
            except DBAPIError as refused:
                # The driver's own text holds the key that is there already, but where a table has a wall. It is
                # logged nowhere: what PostgreSQL logs of it is another sink.
                if unlike is nobodys:
                    self.seen.put("texts of exceptions", refused)
                    self.seen.put("texts of exceptions", repr(refused))
            else:
                raise AssertionError("taken")

    def _look_around(self) -> None:
        self._export()
        self.seen.put("the API's description", json.dumps(self.app.openapi()))
        with self.database.reading() as session:
            for kind, sink in (
                (AuditEvent, "the trail"), (OutboxEvent, "events and notices"), (Notice, "events and notices"),
            ):  # fmt: skip
                columns = Base.metadata.tables[kind.__tablename__].columns
                for row in session.execute(select(*columns)):
                    self.seen.put(sink, tuple(row))
            for table in Base.metadata.tables.values():
                for row in session.execute(text(f"SELECT copied::text FROM {table.name} copied")):  # noqa: S608
                    self.seen.put("a copy of the database", f"{table.name} {row[0]}")
        assert self.receiver.got
        for got in self.receiver.got:
            self.seen.put("messages to receivers", (got.path, got.headers, got.body))
        with self.log.open("rb") as lines:
            lines.seek(self.from_byte)
            self.seen.put("PostgreSQL's log", lines.read().decode())

    def _export(self) -> None:
        """The gap audit as whoever may see every count has it, page and table."""
        leads = lead(self.client, self.database)
        quarter = rows(self.call(leads, "GET", "/v1/reports/quarters"))[0]["quarter"]
        for path in (f"/reports/{quarter}", f"/reports/{quarter}/figures.csv", f"/v1/reports/quarters/{quarter}"):
            got = self.call(leads, "GET", path)
            self.seen.put("tables that are exported", got.text)
        for fund_id in (None, *(one["fund"] for one in made(got)["funds"])):
            publish(self.database, Quarter.of(date.fromisoformat(made(got)["first"])), fund_id)
        for language in Language:
            printed = self.call(leads, "GET", f"/reports/{quarter}/board.pdf?language={language}")
            self.seen.put("pages for a board", said_in(printed.content))
        # Whoever leads sees no record, and counts all of them.
        assert [line["asked"] for line in made(got)["fairness"][0]["lines"]] == [1]


@pytest.fixture
def journey(
    database: Database, settings: Settings, clock: MovableClock, cluster: Cluster, receiver: Receiver
) -> Iterator[Journey]:
    """As the server's own role, with PostgreSQL's log set up as the operator's duty is."""
    with as_server(database, clock) as server:
        role = str(server.engine.url.username)
        with database.engine.begin() as connection:
            for setting in LOGS:
                connection.execute(text(f"ALTER ROLE {role} SET {setting}"))
        url = server.engine.url.render_as_string(hide_password=False)
        app = create_app(replace(settings, database_url=url), clock=clock)
        _share_routers(app)
        found = Journey(app, app.state.database, replace(settings, database_url=url), cluster, receiver)
        listener = Listener(found.seen)
        root = logging.getLogger()
        root.addHandler(listener)
        yield found
        root.removeHandler(listener)
        app.state.database.close()


def test_no_mark_stands_where_it_does_not_belong(journey: Journey) -> None:
    journey.run()
    assert journey.seen.found() == []
    silent = {sink for sink in SINKS if not any(journey.seen.texts[sink])}
    assert silent == set()
    saw("planted marks times sinks in which none was found", len(MARKS) * len(SINKS))


def test_a_leak_into_each_sink_is_seen(journey: Journey, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is closed by a few lines; without them the marks are found where they led to."""
    monkeypatch.setattr(problems, "_text", lambda error: str(error.get("input")))
    monkeypatch.setattr(edge, "_where", str)
    monkeypatch.setattr(referrals, "codes_for", lambda _, ids: dict.fromkeys(ids, MARKS["called"]))
    monkeypatch.setattr(referrals, "new_id", lambda kind: f"{kind}_{MARKS['alias'].lower()}")
    monkeypatch.setattr(
        parties,
        "emit",
        lambda session, kind, **said: emit(session, kind, **said | {"subject_id": MARKS["alias"].lower()}),
    )
    monkeypatch.setattr(people, "band", lambda *_: MARKS["birth date"])
    monkeypatch.setattr(journey.app, "title", MARKS["words"])
    monkeypatch.setitem(paper.LABELS, "audit", MARKS["words"])
    monkeypatch.setattr(journey.database.engine, "hide_parameters", False)
    with database.engine.begin() as connection:
        connection.execute(text(f"ALTER ROLE {journey.database.engine.url.username} RESET ALL"))
    journey.database.engine.dispose()
    journey.run()
    assert {sink for sink, _ in journey.seen.found()} == SINKS
