"""A PostgreSQL server of our own: found on this machine, run in a temporary folder, reached over a socket there."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from tests.memory import FOLDER

# Nothing in here outlives the run, so nothing needs to reach the disk, unless the server is to be killed.
# Each database lives for a second: compiling what is asked of it, and keeping it tidy, takes longer than that saves.
_FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c jit=off -c autovacuum=off"
_DURABLE = "-c fsync=on -c synchronous_commit=on -c full_page_writes=on"


def find_binaries() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, the newest version first; None where there is none."""
    candidates = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr/pgsql").glob("*/bin")]
    candidates.sort(key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0, reverse=True)
    if (on_path := shutil.which("initdb")) is not None:
        candidates.append(Path(on_path).resolve().parent)
    return next((folder for folder in candidates if (folder / "initdb").exists()), None)


def _other_user() -> pwd.struct_passwd | None:
    """Whom to run the server as where we are root, which it refuses."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]


def _state(process: int) -> str:
    """The letter by which the kernel tells a process's state; Z where it is gone or only waits to be noticed."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


class Cluster:
    """One server, many databases. `with Cluster(binaries) as cluster: cluster.create("name")` gives a URL."""

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self._binaries = binaries
        self._durable = durable
        self._user = _other_user()

    def __enter__(self) -> "Cluster":
        # Short, since the path of a socket may have some 100 characters at most.
        self._folder = Path(tempfile.mkdtemp(prefix="bn-pg-", dir=None if self._durable else FOLDER))
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "bednight", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        self.start()
        self._postgres = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        return self

    def __exit__(self, *_: object) -> None:
        self._postgres.dispose()
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Answer on the socket, after whatever the server has to make good."""
        speed = _DURABLE if self._durable else _FAST
        options = f"-c listen_addresses='' -k {self._folder} -c max_connections=60 {speed}"
        log, data = str(self._folder / "log"), str(self._folder / "data")
        self._run("pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start")

    def kill(self) -> None:
        """End the server and every process of it at once, as a power cut would."""
        lock = self._folder / "data" / "postmaster.pid"
        first = int(lock.read_text().split()[0])
        # Stopped, it starts nobody any more who would be on no list and keep its memory.
        os.kill(first, signal.SIGSTOP)
        while _state(first) != "T":
            os.sched_yield()
        listed = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for process in (first, *map(int, listed)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        while any(_state(process) != "Z" for process in (first, *map(int, listed))):
            os.sched_yield()
        # Where nobody takes notice of ended processes, as in many containers, their ids are not free for a while.
        for held in (lock, self._folder / ".s.PGSQL.5432.lock"):
            held.unlink(missing_ok=True)

    def url(self, name: str) -> str:
        """Where a database is."""
        return f"postgresql://bednight@/{name}?host={self._folder}"

    def create(self, template_url: str | None = None) -> str:
        """Make a fresh database, a copy of another where one is given, and return its URL."""
        name = f"bn_{uuid.uuid4().hex[:12]}"
        template = "template0" if template_url is None else make_url(template_url).database
        self._administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{self._copying}')
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database together with whoever is still connected."""
        self._administer(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    @cached_property
    def _copying(self) -> str:
        """Copying files takes a tenth of the time of copying by the log, which is the default since version 15."""
        with self._postgres.connect() as connection:
            version = int(connection.scalar(text("SHOW server_version_num")))
        return " STRATEGY FILE_COPY" if version >= 15_00_00 else ""

    def _administer(self, statement: str) -> None:
        with self._postgres.connect() as connection:
            connection.execute(text(statement))

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            user=None if self._user is None else self._user.pw_uid,
            group=None if self._user is None else self._user.pw_gid,
            extra_groups=None if self._user is None else [],
            cwd=self._folder,
            # A server that inherits a pipe would keep it open, and the reader waiting.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr or (self._folder / 'log').read_text()}")
