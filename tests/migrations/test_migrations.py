"""The migrations: up, down and up again with data in the tables, and head is what the models say."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, inspect, select, text

from app.db import make_engine
from app.models import Base
from migrations.run import downgrade, is_current, revisions, upgrade
from tests.migrations.rows import SPECIAL, fill
from tests.proofs import times

REVISIONS = revisions()


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    """One transaction on a database, and nothing left open after it."""
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def counts(url: str) -> dict[str, int]:
    with opened(url) as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
        }


def tables(url: str) -> set[str]:
    with opened(url) as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_revisions_are_numbered_in_their_order() -> None:
    assert sorted(set(REVISIONS)) == REVISIONS
    assert all(re.fullmatch(r"\d{4}", revision) for revision in REVISIONS)


def test_head_is_what_the_models_say(database_url: str) -> None:
    with opened(database_url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def checks(connection: Connection) -> dict[str, dict[str, str]]:
    """Every CHECK by table and name, in words that do not depend on how it was written."""
    inspector = inspect(connection)
    return {
        table: {str(check["name"]): str(check["sqltext"]) for check in inspector.get_check_constraints(table)}
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_head_has_the_checks_of_the_models(database_url: str) -> None:
    """Autogenerate does not compare CHECKs, so they are read back from tables made from each."""
    with opened(database_url) as connection:
        at_head = checks(connection)
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
    with opened(database_url) as connection:
        assert at_head == checks(connection)


def test_down_and_up_again_with_a_row_in_every_table(database_url: str) -> None:
    with opened(database_url) as connection:
        fill(connection)
    assert 0 not in counts(database_url).values()
    # Only the end of a command on SQLite looks for rows without their parent; PostgreSQL does so all along.
    stops = reversed(REVISIONS[:-1]) if database_url.startswith("sqlite") else ()
    for revision in [*stops, "base"]:
        downgrade(database_url, revision)
    assert tables(database_url) == set()
    queries = {
        "sqlite": "SELECT name FROM sqlite_master WHERE name NOT LIKE '%alembic_version%'",
        "postgresql": "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    }
    with opened(database_url) as connection:
        assert connection.execute(text(queries[connection.dialect.name])).all() == [], "left behind at the bottom"
    upgrade(database_url)
    assert tables(database_url) == {table.name for table in Base.metadata.sorted_tables}


def shape(url: str) -> dict[str, list[dict[str, str]]]:
    """Every table with its columns."""
    with opened(url) as connection:
        inspector = inspect(connection)
        return {
            name: [{k: str(v) for k, v in column.items()} for column in inspector.get_columns(name)]
            for name in inspector.get_table_names()
        }


def test_each_of_the_newest_steps_down_and_up_leaves_the_same_tables(empty_url: str) -> None:
    older, newest = REVISIONS[: -times(10)], REVISIONS[-times(10) :]
    if older:
        upgrade(empty_url, older[-1])
    for revision in newest:
        upgrade(empty_url, revision)
        before = shape(empty_url)
        downgrade(empty_url, "-1")
        upgrade(empty_url, revision)
        assert shape(empty_url) == before, revision


def test_a_migration_that_fails_leaves_the_database_where_it_was(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import op

    upgrade(empty_url, "0001")
    before = tables(empty_url)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("half way")

    monkeypatch.setattr(op, "bulk_insert", fail)
    with pytest.raises(RuntimeError, match="half way"):
        upgrade(empty_url)
    assert tables(empty_url) == before


def test_a_database_behind_the_code_is_told_apart(empty_url: str) -> None:
    assert not is_current(empty_url)
    upgrade(empty_url, REVISIONS[-2])
    assert not is_current(empty_url)
    upgrade(empty_url)
    assert is_current(empty_url)


def test_every_table_is_filled_by_the_test_or_by_a_migration() -> None:
    assert set(SPECIAL) <= {table.name for table in Base.metadata.sorted_tables}
