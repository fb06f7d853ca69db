"""`bednight doctor`: each duty is seen to be kept, and not to be kept."""

import os
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from app.config import Settings
from app.db import Database
from app.sealing import opening
from migrations.grants import grant
from tests.app.test_cli import Run, bednight, done


def lines(run: Run) -> dict[str, bool]:
    return {line[6:].split(". ")[0]: line.startswith("ok") for line in run.stdout.splitlines()}


@pytest.fixture
def kept(tmp_path: Path, keys: Path) -> dict[str, str]:
    """Settings of a deployment that keeps all of its duties."""
    env = {
        "BEDNIGHT_LIVE": "1",
        "BEDNIGHT_ON_CALL_PHONE": "404 555 0100",
        "BEDNIGHT_CHECKPOINTS": str(tmp_path / "checkpoints"),
        "BEDNIGHT_CHECKPOINT_KEY": str(tmp_path / "key"),
        "BEDNIGHT_KEYS": str(keys),
    }
    done("audit", "key", env["BEDNIGHT_CHECKPOINT_KEY"], url="")
    return env


def test_a_deployment_that_keeps_its_duties(database: Database, database_url: str, kept: dict[str, str]) -> None:
    is_file = database.engine.dialect.name == "sqlite"
    if is_file:
        os.chmod(str(database.engine.url.database), 0o600)
    done("audit", "checkpoint", url=database_url, **kept)
    said = lines(bednight("doctor", url=database_url, **kept))
    # The tests' PostgreSQL is told to be quick, not safe.
    unsafe = [] if is_file else ["log_error_verbosity is terse", "log_min_error_statement is panic"]
    unsafe += [] if is_file else ["what was promised is on the disk", "the server cannot change what is on record"]
    unsafe += [] if is_file else ["the database keeps agencies apart by itself"]
    assert [duty for duty, ok in said.items() if not ok] == unsafe
    assert len(said) == 9 + (1 if is_file else 8)


def test_a_deployment_that_keeps_none(database: Database, database_url: str, tmp_path: Path, keys: Path) -> None:
    (tmp_path / "key").write_text("")
    (tmp_path / "key").chmod(0o644)
    opening.key_file(keys).chmod(0o640)
    opening.init(Settings(data_keys=database_url), keys)
    env = {"BEDNIGHT_LOGIN_LINKS": "1", "BEDNIGHT_CHECKPOINTS": str(tmp_path / "none"), "BEDNIGHT_KEYS": str(keys)}
    env["BEDNIGHT_DATA_KEYS"] = database_url
    if database.engine.dialect.name == "sqlite":
        os.chmod(str(database.engine.url.database), 0o644)
    run = bednight("doctor", url=database_url, **env, BEDNIGHT_CHECKPOINT_KEY=str(tmp_path / "key"))
    said = lines(run)
    assert run.returncode == 1
    of_postgresql = ["log_parameter_max_length_on_error is 0", "what looks at everybody says so to the database"]
    of_postgresql += ["nobody between here and the database can read along"]
    on_file = database.engine.dialect.name == "sqlite"
    assert [duty for duty, ok in said.items() if ok] == [
        "there are keys that seal who young people are",
        "the audit trail is vouched for outside the database",
        *([] if on_file else of_postgresql),
    ]
    assert run.stderr == f"{len(said) - sum(said.values())} of {len(said)} are not kept.\n"
    bare = lines(bednight("doctor", url=database_url))
    assert bare["the audit trail is vouched for outside the database"] is False
    assert bare["there are keys that seal who young people are"] is False
    assert "the last checkpoint is not older than two hours" not in bare


def test_postgresql_as_it_should_be_set_up(database: Database, database_url: str, kept: dict[str, str]) -> None:
    if database.engine.dialect.name == "sqlite":
        return
    name = make_url(database_url).database
    with database.engine.begin() as connection:
        connection.execute(text("CREATE ROLE the_server LOGIN"))
        grant(connection, "the_server")
        for setting in ("log_error_verbosity = terse", "log_min_error_statement = panic"):
            connection.execute(text(f'ALTER ROLE the_server IN DATABASE "{name}" SET {setting}'))
        connection.execute(text("ALTER ROLE the_server SET log_parameter_max_length_on_error = 0"))
    url = make_url(database_url).set(username="the_server").render_as_string(hide_password=False)
    said = lines(bednight("doctor", url=url, **kept))
    with database.engine.begin() as connection:
        connection.execute(text("DROP OWNED BY the_server"))
        connection.execute(text("DROP ROLE the_server"))
    left = [duty for duty, ok in said.items() if not ok]
    assert left == ["the last checkpoint is not older than two hours", "what was promised is on the disk"]
