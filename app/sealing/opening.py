"""Where a deployment's keys are: the folder that BEDNIGHT_KEYS names, and the store of data keys in it or elsewhere."""

from pathlib import Path

from app.config import Settings, SettingsError
from app.sealing.keyring import Keyring
from app.sealing.store import KeyStore
from app.sealing.wrapping import KeyFile, add

NONE = "no keys are set up; make them with: bednight sealing init"


def key_file(folder: Path) -> Path:
    """The file of key-encryption keys."""
    return folder / "wrapping.keys"


def store_url(settings: Settings, folder: Path) -> str:
    """The database of data keys."""
    return settings.data_keys or f"sqlite:///{(folder / 'data-keys.db').absolute()}"


def keyring(settings: Settings) -> Keyring | None:
    """The keyring that the settings name; None where they name none. Raises SettingsError where it cannot be used."""
    if settings.keys is None:
        return None
    wrapping = KeyFile(key_file(settings.keys))
    store = KeyStore(store_url(settings, settings.keys))
    if not store.is_there():
        store.close()
        raise SettingsError(NONE)
    return Keyring(store, wrapping)


def needed(settings: Settings) -> Keyring:
    """The same where nothing can be done without."""
    found = keyring(settings)
    if found is None:
        raise SettingsError(f"{NONE}. Then set BEDNIGHT_KEYS to their folder")
    return found


def init(settings: Settings, folder: Path) -> bool:
    """Make what is not there yet: folder, key-encryption key, store. Whether a key was made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = not key_file(folder).exists()
    if made:
        add(key_file(folder))
    store = KeyStore(store_url(settings, folder))
    store.create()
    store.close()
    url = store_url(settings, folder)
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).chmod(0o600)
    return made
