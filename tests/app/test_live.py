"""Live updates over a real server: signals of the own agency alone, ids only, and an end when the session ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.access import service, signin
from app.access.models import Person
from app.access.policy import Role
from app.access.tokens import form_token
from app.clock import MovableClock, SystemClock
from app.config import Settings
from app.db import Database
from app.facilities.stamps import stamp
from app.notices.channel import Notices
from app.notices.live import MOST
from app.outbox import emit
from app.outbox.delivery import deliver_due
from tests.actors import SAME_SITE, add_agency, add_person, sign_in
from tests.factories import house, load, network

BEDNIGHT = Path(sys.executable).parent / "bednight"


class Server:
    """`bednight serve` on a free port, and the database that it stands on, by the machine's clock."""

    def __init__(self, process: subprocess.Popen[str], port: int, database: Database) -> None:
        self.process = process
        self.port = port
        self.database = database

    def connect(self) -> HTTPConnection:
        """A connection that gives up rather than hang."""
        return HTTPConnection("127.0.0.1", self.port, timeout=60)

    def sign_in(self, person: Person) -> str:
        """The cookie of a person who has just signed in."""
        with self.database.writing() as session:
            link = signin.issue_link(session, person.id, self.database.clock.now())
        line = self.connect()
        line.request("POST", link, headers=SAME_SITE)
        answer = line.getresponse()
        assert answer.status == 303
        line.close()
        return (answer.headers["set-cookie"] or "").partition(";")[0]

    @contextmanager
    def stream(self, cookie: str, **headers: str) -> Iterator[HTTPResponse]:
        """An open stream, past its first line."""
        line = self.connect()
        line.request("GET", "/events", headers={"Cookie": cookie, **headers})
        answer = line.getresponse()
        if answer.status == 200:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert message(answer) == {"": "open", "retry": "5000"}
        try:
            yield answer
        finally:
            line.close()


def message(answer: HTTPResponse) -> dict[str, str]:
    """The next message; empty where the stream has ended. What keeps the line open is passed over."""
    found: dict[str, str] = {}
    while line := answer.readline().decode():
        if line.strip():
            name, _, value = line.strip().partition(": ")
            found[name.rstrip(":")] = value
        elif found != {"": "ping"}:
            return found
        else:
            found = {}
    return {}


def of_beds(answer: HTTPResponse) -> dict[str, str]:
    """The next message about beds: what the server's own worker tells meanwhile is passed over."""
    while (told := message(answer)) and json.loads(told["data"])["kind"] != "beds.changed":
        pass
    return told


@pytest.fixture
def server(database_url: str, keys: Path) -> Iterator[Server]:
    """A server in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "DATABASE_URL": database_url,
        "BEDNIGHT_LOGIN_LINKS": "1",
        "BEDNIGHT_WORKER_INSIDE": "1",
        "PYTHONUNBUFFERED": "1",
        "BEDNIGHT_KEYS": str(keys),
    }
    settings = Settings(database_url=database_url)
    database = Database(database_url, SystemClock(settings.time_zone, settings.night_turns_at))
    process = subprocess.Popen(
        [BEDNIGHT, "serve", "--port", str(port)], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Answering on")
        listening(port)
        yield Server(process, port, database)
    finally:
        process.kill()
        process.communicate()
        database.close()


def listening(port: int) -> None:
    """Try until somebody answers."""
    for _ in range(100_000):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=60).close()
        except ConnectionRefusedError:
            continue
        return
    raise AssertionError("nobody answers")


def tell(database: Database, agency_id: str, kind: str = "offer.accepted", facility_id: str | None = None) -> None:
    with database.writing() as session:
        emit(session, kind, agency_id=agency_id, subject_kind="offer", subject_id="offer_1", facility_id=facility_id)


def test_a_page_is_told_what_changes_for_its_reader(server: Server) -> None:
    database = server.database
    with database.writing() as session:
        coordinator = add_person(session, database.clock, Role.INTAKE_COORDINATOR)
        other = add_agency(session, database.clock)
    own = coordinator.agency_id
    load(database, network(house("fac_a"), house("fac_b")), agency_id=own, operators={"fac_a": own, "fac_b": other.id})
    cookie = server.sign_in(coordinator)
    with server.stream(cookie) as first:
        tell(database, other.id)
        tell(database, own, "offer.made")  # for those who answer, and this is who asks
        tell(database, own, facility_id="fac_a")
        tell(database, own, "offer.declined", facility_id="fac_b")
        said = [message(first), message(first)]
    assert [one["event"] for one in said] == ["changed", "changed"]
    # Where a house of somebody else is concerned, not even its id is told.
    assert [json.loads(one["data"]) for one in said] == [
        {"kind": "offer.accepted", "facility_id": "fac_a"},
        {"kind": "offer.declined", "facility_id": None},
    ]
    with server.stream(cookie, **{"Last-Event-ID": said[0]["id"]}) as again:
        assert message(again) == said[1]
    for nonsense in ("x", "-1", "²", "9" * 40):
        with server.stream(cookie, **{"Last-Event-ID": nonsense.encode().decode("latin-1")}) as anew:
            assert anew.status == 200


@pytest.mark.one_kind
def test_a_stream_ends_with_the_session_and_with_the_server(server: Server) -> None:
    database = server.database
    with database.writing() as session:
        people = [add_person(session, database.clock, Role.SUPERVISOR) for _ in range(3)]
    disabled, signed_out, stays = (server.sign_in(person) for person in people)
    with server.stream(disabled) as one, server.stream(signed_out) as two, server.stream(stays) as three:
        with database.writing() as session:
            service.disable_person(session, None, people[0].id, database.clock.now())
        assert message(one) == {}
        with server.stream(disabled) as anew:
            assert anew.status == 401
        line = server.connect()
        proof = {"X-Form-Token": form_token(signed_out.partition("=")[2])}
        line.request("POST", "/sign-out", headers={"Cookie": signed_out, **SAME_SITE, **proof})
        assert line.getresponse().status == 303
        line.close()
        assert message(two) == {}
        tell(database, people[2].agency_id)
        assert message(three)["event"] == "changed"
        server.process.send_signal(signal.SIGTERM)
        assert message(three) == {}
        _, said = server.process.communicate(timeout=60)
    assert said == ""


@pytest.mark.one_kind
def test_one_person_has_so_many_streams_and_no_more(server: Server) -> None:
    database = server.database
    with database.writing() as session:
        people = [add_person(session, database.clock, Role.SUPERVISOR) for _ in range(2)]
    cookie, other = (server.sign_in(person) for person in people)
    opened = [server.stream(cookie) for _ in range(MOST)]
    for stream in opened:
        assert stream.__enter__().status == 200
    with server.stream(cookie) as refused, server.stream(other) as allowed:
        assert (refused.status, allowed.status) == (429, 200)
        assert refused.headers["retry-after"] == "30"
    opened[0].__exit__(None, None, None)
    # The server hears that the page is gone once it writes to it, or sooner.
    for _ in range(1000):
        with server.stream(cookie) as anew:
            if anew.status == 200:
                break
    assert anew.status == 200
    for stream in opened[1:]:
        stream.__exit__(None, None, None)


def test_what_no_person_asked_for_keeps_nobody_signed_in(
    client: TestClient, database: Database, clock: MovableClock
) -> None:
    sign_in(client, database, Role.SUPERVISOR)
    clock.move(timedelta(minutes=10))
    assert client.get("/").status_code == 200
    clock.move(timedelta(minutes=10))
    assert client.get("/", headers={"X-Live": "1"}).status_code == 200
    clock.move(timedelta(minutes=5))
    assert client.get("/", headers={"X-Live": "1"}).status_code == 401
    assert client.get("/").status_code == 401


@pytest.mark.one_kind
def test_pages_that_show_what_changes_say_so_and_load_our_own_script(client: TestClient, database: Database) -> None:
    sign_in(client, database, Role.INTAKE_COORDINATOR)
    home, form = client.get("/").text, client.get("/referrals/new").text
    assert '<main class="wide" id="main" tabindex="-1" data-live>' in home
    assert '<script src="/static/live.js" defer></script>' in home
    assert client.get("/static/live.js").status_code == 200
    # Nothing is loaded over what somebody types.
    assert "live" not in form.split("<main")[1].split(">")[0]


def test_notices_that_overtake_each_other_are_all_told(database: Database) -> None:
    """A lower number may be seen after a higher one; a look that began at the highest would miss it."""
    from app.notices.live import Live

    live: Any = Live(database, Settings())
    with database.writing() as session:
        agency = add_agency(session, database.clock)
    for _ in range(3):
        tell(database, agency.id)
    deliver_due(database, [Notices()])
    assert live._known()[0] == {1, 2, 3}
    assert live._look([], {1, 3}, {})[1] == {2}


def test_boards_are_told_that_beds_changed_and_strangers_not_where(server: Server) -> None:
    """A press on a bed and a confirmation: its own people hear which house, who places hears that one did."""
    database = server.database
    with database.writing() as session:
        placer = add_person(session, database.clock, Role.INTAKE_COORDINATOR)
        worker, stranger = (add_person(session, database.clock, Role.FACILITY_STAFF) for _ in range(2))
    operators = {"fac_a": worker.agency_id, "fac_b": stranger.agency_id}
    load(database, network(house("fac_a"), house("fac_b")), operators=operators)
    cookies = [server.sign_in(person) for person in (placer, worker, stranger)]
    with server.stream(cookies[0]) as one, server.stream(cookies[1]) as two, server.stream(cookies[2]) as three:
        for facility in ("fac_a", "fac_b"):
            with database.writing() as session:
                assert stamp(session, facility)
            heard = [of_beds(one), of_beds(two if facility == "fac_a" else three)]
            assert [json.loads(told["data"]) for told in heard] == [
                {"kind": "beds.changed", "facility_id": None},
                {"kind": "beds.changed", "facility_id": facility},
            ]
            # It is no notice: what follows it on a new line is told from the last notice on.
            assert "id" not in heard[0]
