"""Bringing a database to a revision, from code: the command line, the demo and the tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import make_url

from app.db import make_engine


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the tables forward."""
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Take the tables back; `base` removes them all."""
    _run(url, lambda config: command.downgrade(config, revision))


def revisions() -> list[str]:
    """Every revision, the oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def is_there(url: str) -> bool:
    """Whether there is a database at all. One that is a file would be made by looking for it."""
    parsed = make_url(url)
    file = parsed.database if parsed.get_backend_name() == "sqlite" else None
    return file in (None, "", ":memory:") or Path(str(file)).exists()


def is_current(url: str) -> bool:
    """Whether the tables are those that this code expects."""
    engine = make_engine(url, read_only=True)
    try:
        with engine.connect() as connection:
            here = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return here == revisions()[-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _run(url: str, act: Callable[[Config], None]) -> None:
    with _connected(url) as config:
        act(config)


@contextmanager
def _connected(url: str) -> Iterator[Config]:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            config = _config()
            config.attributes["connection"] = connection
            yield config
    finally:
        engine.dispose()
