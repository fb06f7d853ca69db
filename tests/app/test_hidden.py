"""What is hidden answers as what is not there: the same body, the same headers, the same length, the same work."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from app.access.policy import Role
from app.db import Database
from tests.app.test_telling import release
from tests.app.test_workflow import held, scene
from tests.factories import SignedIn, made
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

__all__ = ["scene"]


@contextmanager
def asked(database: Database) -> Iterator[list[str]]:
    """What the database is asked meanwhile, word by word."""
    said: list[str] = []

    def note(_1: Any, _2: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    for engine in (database.engine, database.reader):
        event.listen(engine, "before_cursor_execute", note)
    yield said
    for engine in (database.engine, database.reader):
        event.remove(engine, "before_cursor_execute", note)


def another(identifier: str) -> str:
    """An id of the same length that nothing has."""
    return identifier[:-3] + "".join("2" if letter != "2" else "3" for letter in identifier[-3:])


def test_hidden_and_absent_are_one_answer_with_one_length_and_one_work(scene: Scene) -> None:
    path, offer = held(scene)
    run = offer["run"] if "run" in offer else scene.rank(path)[0]
    stay = made(scene.answer("fac_a", offer["id"]))["stay_id"]
    paper = release(scene, path, "born_on")
    paths = [path, *(f"{path}/{part}" for part in ("offers", "looks", "exceptions", "releases", "legal-bases"))]
    paths += [f"{path}/offers/{offer['id']}", f"{path}/rankings/{run}", f"{path}/releases/{paper}"]
    paths += [f"/v1/stays/{stay}", f"/v1/stays/{stay}/identity", f"/v1/stays/{stay}/aftercare", f"/v1/shared/{paper}"]
    stranger = SignedIn(scene.client, scene.database, Role.SUPERVISOR)
    for hidden in paths:
        absent = re.sub(r"(?<=/)(ref|stay|rel)_[^/]+", lambda found: another(found[0]), hidden)
        answers = []
        for where in (hidden, absent):
            with asked(scene.database) as said:
                answer = stranger.get(where)
            headers = {k: v for k, v in answer.headers.items() if k != "x-request-id"}
            request_id = answer.headers["x-request-id"]
            answers.append((answer.status_code, answer.text.replace(request_id, ""), headers, said))
        assert answers[0][0] == 404, hidden
        assert answers[0] == answers[1], hidden
