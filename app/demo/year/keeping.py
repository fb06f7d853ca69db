"""A prepared year is made once and kept: in a folder of the person's, under a name that says what it was made from."""

import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from app.config import Settings
from app.console import Refused
from app.demo.state import Demo
from app.demo.year.preparing import Told, prepare
from app.sealing import opening
from migrations.run import upgrade

_MAKING, _MADE = "making-", "year-"
_FILE = "bednight.db"
KEYS = "bednight.keys"
"""The folder beside it of the keys that seal what is in it."""
_KEPT = 3
"""How many are kept, of those last used: a year of another seed, another length or another version is some 100 MB."""
_ROOT = Path(__file__).parents[3]
_MADE_FROM = ("app", "matching", "migrations")


def folder_of(env: Mapping[str, str] | None = None) -> Path:
    """Where years are kept: BEDNIGHT_CACHE, else where the system keeps what can be made again."""
    env = os.environ if env is None else env
    if given := env.get("BEDNIGHT_CACHE"):
        return Path(given)
    base = env.get("XDG_CACHE_HOME")
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache") / "bednight"


def name_of(demo: Demo, days: int) -> str:
    """A digest of all that a year follows from: the program, the seed, the evening and the number of days."""
    digest = hashlib.sha256(f"{demo.seed} {demo.tonight} {days}".encode())
    for part in _MADE_FROM:
        for path in sorted((_ROOT / part).rglob("*")):
            if path.suffix in {".py", ".csv"}:
                digest.update(f"\n{path.relative_to(_ROOT).as_posix()}\n".encode() + path.read_bytes())
    return _MADE + digest.hexdigest()[:24]


def kept(folder: Path, demo: Demo, days: int) -> Path | None:
    """The file of a year that was prepared before, by this very program; None where there is none."""
    file = folder / name_of(demo, days) / _FILE
    if not file.is_file():
        return None
    with suppress(OSError):
        os.utime(file.parent)  # used just now: others go first
    return file


def make(folder: Path, demo: Demo, days: int, told: Told) -> Path:
    """Prepare a year and keep it. Cut off anywhere, it leaves nothing that could be taken for a whole one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _tidy(folder)
        making = Path(tempfile.mkdtemp(prefix=f"{_MAKING}{os.getpid()}-", dir=folder))
    except OSError as error:
        hint = "name another folder by BEDNIGHT_CACHE, or use --days 0"
        raise Refused(f"{folder} cannot be written: {error.strerror}; {hint}") from None
    made = folder / name_of(demo, days)
    try:
        with _ending_as_on_ctrl_c() as must_end:

            def after_each_day(done: int, of: int) -> None:
                must_end()
                told(done, of)

            url = f"sqlite:///{(making / _FILE).absolute()}"
            settings = Settings(database_url=url, keys=making / KEYS)
            opening.init(settings, making / KEYS)
            upgrade(url)
            prepare(settings, demo, days, after_each_day)
            shutil.rmtree(made, ignore_errors=True)
            making.rename(made)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return made / _FILE


def _tidy(folder: Path) -> None:
    """Remove what was left half made, and the years that were not used for longest."""
    for left in folder.glob(f"{_MAKING}*"):
        process = left.name.removeprefix(_MAKING).split("-")[0]
        if not process.isdigit() or not _runs(int(process)):
            shutil.rmtree(left, ignore_errors=True)
    years = sorted(folder.glob(f"{_MADE}*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in years[_KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _ending_as_on_ctrl_c() -> Iterator[Callable[[], None]]:
    """Asked to end, it ends as on Ctrl-C: what is half made goes.

    What is yielded ends it too, once it was asked: an exception that is raised while the garbage is collected is lost.
    """
    asked = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    def must_end() -> None:
        if asked:
            raise KeyboardInterrupt

    heard = [one for one in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.signal(one, end) for one in heard}
    try:
        yield must_end
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
