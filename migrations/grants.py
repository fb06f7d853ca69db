"""What the server's own role of PostgreSQL may do: work, but never change or remove what is on record.

The role that migrates owns the tables, and could take their triggers away; the server is to connect as another one.
"""

from sqlalchemy import Connection, text

from app import models  # noqa: F401  (every table must be known)
from app.db import Base

ON_RECORD = frozenset(
    {"audit_events", "ranking_runs", "plan_runs", "outlook_runs", "former_bed_nights", "former_stay_payers"}
    | {"learnt_prices", "decisions_counted", "fund_refusals", "published_tables", "gap_unlocks"}
)
"""Rows that are written once."""
MOVES_FORWARD = frozenset({"audit_head"})
"""Rows that are there from the beginning and only change."""
READ = frozenset({"alembic_version"})


class NoSuchRole(ValueError):
    """There is no role of this name, or it is one that no grant can keep from anything; the text says which."""


def grant(connection: Connection, role: str) -> None:
    """Give a role what the server needs and nothing more, whatever it had; the owner grants, after each migration.

    Raises NoSuchRole. The caller commits.
    """
    _must_be_less_than_the_owner(connection, role)
    name = connection.dialect.identifier_preparer.quote(role)
    schema = connection.dialect.identifier_preparer.quote(str(connection.scalar(text("SELECT current_schema()"))))
    connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {name}, PUBLIC"))
    connection.execute(text(f"REVOKE CREATE ON SCHEMA {schema} FROM {name}, PUBLIC"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {name}"))
    connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {name}"))
    for table in (*sorted(Base.metadata.tables), *READ):
        connection.execute(text(f"GRANT {rights(table)} ON {table} TO {name}"))


def rights(table: str) -> str:
    """What the server may do with the rows of a table."""
    if table in READ:
        return "SELECT"
    if table in ON_RECORD:
        return "SELECT, INSERT"
    return "SELECT, UPDATE" if table in MOVES_FORWARD else "SELECT, INSERT, UPDATE, DELETE"


def _must_be_less_than_the_owner(connection: Connection, role: str) -> None:
    found = connection.execute(
        text(
            "SELECT rolsuper, rolbypassrls, pg_has_role(oid, current_user, 'MEMBER') AS is_owner"
            " FROM pg_roles WHERE rolname = :role"
        ),
        {"role": role},
    ).one_or_none()
    if found is None:
        raise NoSuchRole(f"there is no role {role}; make it first: CREATE ROLE … LOGIN")
    if found.rolsuper or found.is_owner:
        raise NoSuchRole(f"the role {role} owns the tables or is a superuser: name another one, which does not")
    if found.rolbypassrls:
        raise NoSuchRole(f"the role {role} sees past the walls between agencies: ALTER ROLE … NOBYPASSRLS first")
