"""The matrix: every route, every role, wherever their agency stands to the case, held against a table written by hand.

The rows are the application's own routes, so that none is forgotten. What each is to answer stands in matrix.txt.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.access.policy import POLICY, Role
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from tests.app.server_role import as_server
from tests.app.stage import DISABLED, NOBODY, Stage, Stand
from tests.app.test_routes import PUBLIC, guarded
from tests.proofs import TIMES, saw

TABLE = Path(__file__).parent / "matrix.txt"
LINE = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) +(\S+) +(.+)$")
Route = tuple[str, str]
HOW = "Add its line to tests/app/matrix.txt, and what is sent to it to tests/app/asked.py if it takes a body: {} {}"


def table() -> dict[Route, str]:
    """What each route answers, a letter for each role and stand."""
    rows: dict[Route, str] = {}
    for line in TABLE.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        found = LINE.match(line)
        assert found is not None, f"no line of the table: {line}"
        groups = found[3].split()
        assert len(groups) == len(Role), f"{len(Role)} groups are needed: {line}"
        assert all(len(group) in {1, len(Stand)} and set(group) <= set("y-.") for group in groups), line
        assert (found[1], found[2]) not in rows, f"twice: {line}"
        rows[found[1], found[2]] = "".join(group * len(Stand) if len(group) == 1 else group for group in groups)
    return rows


Asker = tuple[Stand, Role]
ASKERS: list[Asker] = [(stand, role) for role in Role for stand in Stand]
PARTS = 4
"""So many tests share the table, that each ends in good time on a slow machine."""
PLACE = {asker: place for place, asker in enumerate(ASKERS)}
FOR_WHOLE_AGENCIES = {("POST", "/v1/funds"), ("PATCH", "/v1/funds/{fund_id}")}
"""Where the policy lets a funder's analyst in and the service does not: limits are hers, funds an administrator's."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """One receiver outside may be named."""
    return replace(settings, webhook_hosts=("hooks.example.org",))


@pytest.fixture
def stage(app: FastAPI, client: TestClient, database: Database, clock: MovableClock) -> Iterator[Stage]:
    found = Stage(app, client, database, clock)
    if database.engine.dialect.name == "sqlite":
        yield found
        return
    with as_server(database, clock) as found.acting:
        yield found


@pytest.mark.one_kind
def test_every_route_has_a_line(app: FastAPI) -> None:
    routes = {(method, path) for method, path, _ in guarded(app)}
    assert not routes & set(PUBLIC)
    missing = [HOW.format(*route) for route in sorted(routes - set(table()))]
    assert not missing, "\n".join(missing)
    assert not set(table()) - routes, "lines without a route: take them out of tests/app/matrix.txt"


@pytest.mark.one_kind
def test_the_table_refuses_everywhere_whom_the_policy_refuses_and_nobody_else(app: FastAPI) -> None:
    found, expected = set(), table()
    for method, path, demanded in guarded(app):
        for role in Role:
            row = expected[method, path][PLACE[Stand.OWN, role] :][: len(Stand)]
            if (set(row) == {"."}) == (demanded <= POLICY[role]):
                found.add((method, path, role))
    assert found == {(method, path, Role.FUNDER_ANALYST) for method, path in FOR_WHOLE_AGENCIES}


def cells(expected: str) -> dict[Asker, str]:
    """Who asks, and what each is to get. One stands for all of a role that gets nothing anywhere, but in a proof."""
    some = set(Stand) if TIMES > 1 else {Stand.OWN}
    refused = {role for role in Role if set(expected[PLACE[Stand.OWN, role] :][: len(Stand)]) == {"."}}
    return {
        asker: letter
        for asker, letter in zip(ASKERS, expected, strict=True)
        if asker[1] not in refused or asker[0] in some
    }


def asked_on(kind: str, wanted: dict[Asker, str]) -> dict[Asker, str]:
    """Whom to ask on a kind of database: each who is to get something where its walls stand, which might hold back
    too much; each who is to get nothing where none stand but the application's. One of each letter is asked on both,
    and in a proof all are.
    """
    if TIMES > 1:
        return wanted
    one_of_each = {letter: asker for asker, letter in wanted.items()}
    return {
        asker: letter
        for asker, letter in wanted.items()
        if (letter == "y") == (kind == "postgresql") or one_of_each[letter] == asker
    }


def differences(stage: Stage, route: Route, wanted: dict[Asker, str]) -> list[str]:
    found = [answer.letter for answer in stage.ask(*route, wanted)]
    return [
        f"{' '.join(route)}: {role.value} of {stand.value} got {got}, and is to get {letter}"
        for ((stand, role), letter), got in zip(wanted.items(), found, strict=True)
        if got != letter
    ]


@pytest.mark.parametrize("part", range(PARTS))
def test_everybody_gets_what_the_table_says(stage: Stage, part: int) -> None:
    kind = stage.database.engine.dialect.name
    rows = {route: asked_on(kind, cells(expected)) for route, expected in list(table().items())[part::PARTS]}
    wrong = [line for route, wanted in rows.items() for line in differences(stage, route, wanted)]
    assert not wrong, "\n".join(wrong)
    saw("cells of the access matrix as the table says", sum(map(len, rows.values())))


def test_it_is_a_matrix_of_thousands() -> None:
    rows = [cells(expected) for expected in table().values()]
    assert sum(map(len, rows)) >= 3_000
    for row in rows:
        assert asked_on("sqlite", row).items() | asked_on("postgresql", row).items() == row.items()


def test_who_is_not_signed_in_or_was_disabled_gets_nothing(stage: Stage) -> None:
    for method, path in table():
        found = [answer.letter for answer in stage.ask(method, path, (NOBODY, DISABLED))]
        assert found == ["s", "s"], (method, path)
