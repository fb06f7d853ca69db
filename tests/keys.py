"""Keys that seal, for what stands outside of the tests' own fixtures."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from app.config import Settings
from app.sealing import opening
from app.sealing.keyring import Keyring


@contextmanager
def keys_for_a_while() -> Iterator[Path]:
    """A folder of keys, gone at the end."""
    with TemporaryDirectory(prefix="bednight-keys-") as folder:
        opening.init(Settings(), Path(folder))
        yield Path(folder)


def ring_in(folder: Path) -> Keyring:
    """The keys of a folder that several processes share, made by whoever comes first and alone."""
    settings = Settings(keys=folder / "keys")
    opening.init(settings, folder / "keys")
    return opening.needed(settings)
