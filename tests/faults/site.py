"""The product as it is run: server processes and a worker over one database. Each can be killed and started again.

`python -m tests.faults.site serve|work URL FOLDER [PORT]` is what `bednight serve` and `bednight worker` do, but for
the clock, which stands at the instant that a file of the folder names.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from app.config import Settings
from app.db import Database
from app.sealing import opening
from tests.faults.desk import ClockOnFile

LOOPBACK = "127.0.0.1"
Process = subprocess.Popen[bytes]


def settings_of(url: str, folder: Path) -> Settings:
    """Webhooks may go to this computer; the worker is a process of its own."""
    return Settings(database_url=url, webhook_hosts=(LOOPBACK,), worker_inside=False, keys=folder / "keys")


class Site:
    """Servers on ports of their own, and a worker."""

    def __init__(self, url: str, folder: Path, servers: int) -> None:
        self.url, self.folder = url, folder
        opening.init(Settings(), folder / "keys")
        self.ports = [_free_port() for _ in range(servers)]
        self.servers = [self._server(port) for port in self.ports]
        self.worker = self._start("work")

    @property
    def bases(self) -> list[str]:
        """Where the servers answer."""
        return [f"http://{LOOPBACK}:{port}" for port in self.ports]

    def wait(self) -> None:
        """Until every server answers; one that ends instead has failed."""
        for port, process in zip(self.ports, self.servers, strict=True):
            while not _listens(port):
                assert process.poll() is None, "a server failed"
                sleep(0.02)

    def kill_server(self, at: int) -> None:
        """kill -9, and another one on the same port."""
        _kill(self.servers[at])
        self.servers[at] = self._server(self.ports[at])

    def kill_worker(self) -> None:
        """kill -9, and another one."""
        _kill(self.worker)
        self.worker = self._start("work")

    def none_failed(self) -> bool:
        """Whether all of them are at work."""
        return all(process.poll() is None for process in (*self.servers, self.worker))

    def end(self) -> None:
        """Kill what is left."""
        for process in (*self.servers, self.worker):
            _kill(process)

    def _server(self, port: int) -> Process:
        return self._start("serve", str(port))

    def _start(self, what: str, *port: str) -> Process:
        command = [sys.executable, "-m", "tests.faults.site", what, self.url, str(self.folder), *port]
        # Drivers complain of what was cut off; one that fails is seen by its ending.
        with (self.folder / f"errors-{what}{''.join(port)}").open("ab") as errors:
            return subprocess.Popen(command, stderr=errors)


@contextmanager
def running(url: str, folder: Path, servers: int) -> Iterator[Site]:
    """A site that answers, until the end of the block."""
    site = Site(url, folder, servers)
    try:
        site.wait()
        yield site
    finally:
        site.end()


def _kill(process: Process) -> None:
    process.kill()
    process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port: int = free.getsockname()[1]
    return port


def _listens(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex((LOOPBACK, port)) == 0


def main(what: str, url: str, folder: Path, *port: str) -> None:
    """Answer on a port, or work, until killed."""
    clock, settings = ClockOnFile(folder / "clock"), settings_of(url, folder)
    if what == "serve":
        from app.main import create_app
        from app.serving import answer

        answer(create_app(settings, clock=clock), LOOPBACK, int(port[0]), ready=lambda: None)
    else:
        from app.worker import Worker

        Worker(Database(url, clock, opening.keyring(settings)), settings).run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
