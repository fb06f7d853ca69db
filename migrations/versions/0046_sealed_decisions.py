"""Decisions are sealed: each young person's part under her or his own key, the rest under the system's.

What was decided before is sealed too, for which the keys must be there. Going down it stays sealed: nothing that was
sealed is put into clear, and the version before cannot read these decisions.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.answers.sealed import seal_answer, seal_snapshot
from app.config import Settings
from app.sealing.box import is_sealed
from app.sealing.keyring import SYSTEM, Keyring
from app.sealing.opening import needed

revision: str = "0046"
down_revision: str | None = "0045"
branch_labels: str | None = None
depends_on: str | None = None

TABLES = {
    "ranking_runs": "SELECT ranking_runs.id, snapshot, answer, minor_id AS whose FROM ranking_runs"
    " JOIN referrals ON referrals.id = referral_id",
    "plan_runs": "SELECT id, snapshot, answer, NULL AS whose FROM plan_runs",
    "outlook_runs": "SELECT run_id AS id, NULL AS snapshot, outlook_runs.answer, minor_id AS whose FROM outlook_runs"
    " JOIN ranking_runs ON ranking_runs.id = run_id JOIN referrals ON referrals.id = referral_id",
}


def upgrade() -> None:
    connection = op.get_bind()
    found = {table: connection.execute(sa.text(query)).all() for table, query in TABLES.items()}
    clear = {table: [row for row in rows if not is_sealed(bytes(row.answer))] for table, rows in found.items()}
    if not any(clear.values()):
        return
    ring = needed(Settings.from_env())
    for table, rows in clear.items():
        with _unlocked(connection, table):
            for row in rows:
                _seal(connection, ring, table, row)
    ring.close()


def _seal(connection: sa.Connection, ring: Keyring, table: str, row: sa.Row[Any]) -> None:
    name = "run_id" if table == "outlook_runs" else "id"
    found = sa.table(table, sa.column(name), sa.column("answer"), sa.column("snapshot"))
    new = {"answer": seal_answer(ring, table, row.id, row.whose or SYSTEM, _text(row.answer))}
    if row.snapshot is not None:
        new["snapshot"] = seal_snapshot(ring, table, row.id, _text(row.snapshot))
    connection.execute(found.update().where(found.c[name] == row.id).values(new))


def downgrade() -> None:
    """What is sealed stays so."""


def _text(packed: bytes) -> str:
    return zlib.decompress(bytes(packed)).decode()


@contextmanager
def _unlocked(connection: sa.Connection, table: str) -> Iterator[None]:
    """Rows that never change are changed this once; the trigger is back before anybody else sees the table."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        yield
        connection.execute(sa.text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
        return
    name = f"{table}_no_update"
    made = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": name})
    connection.execute(sa.text(f"DROP TRIGGER {name}"))
    yield
    connection.exec_driver_sql(str(made))
