"""Runs the migrations over the connection it is given, or over the one that DATABASE_URL names."""

from alembic import context
from sqlalchemy import Connection

from app.config import Settings
from app.db import make_engine
from app.models import Base


def migrate(connection: Connection) -> None:
    """Run what was asked for in one transaction per migration."""
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # A changed table is copied and replaced; with the keys on, that would take its children along.
        # The pragma is ignored inside a transaction, so it goes past SQLAlchemy, which would begin one.
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=sqlite,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    if sqlite:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        connection.rollback()
        if broken:
            raise RuntimeError(f"rows without their parent in: {', '.join(sorted({row[0] for row in broken}))}")
        connection.connection.cursor().execute("PRAGMA foreign_keys=ON")


def run() -> None:
    """Find the connection, then migrate."""
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return
    engine = make_engine(Settings.from_env().database_url)
    try:
        with engine.connect() as connection:
            migrate(connection)
    finally:
        engine.dispose()


run()
