"""The server's own role of PostgreSQL, as `bednight grant` makes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import text

from app.clock import Clock
from app.db import Database
from migrations.grants import grant


@contextmanager
def as_server(database: Database, clock: Clock) -> Iterator[Database]:
    """The same database as that role sees it, which owns nothing and is not past the walls."""
    role = f"server_{uuid4().hex[:8]}"
    with database.engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        grant(connection, role)
    found = Database(
        database.engine.url.set(username=role).render_as_string(hide_password=False), clock, database.keyring
    )
    try:
        yield found
    finally:
        found.close()
        with database.engine.begin() as connection:
            connection.execute(text(f"DROP OWNED BY {role}"))
            connection.execute(text(f"DROP ROLE {role}"))
