"""A receiver of webhooks: a real HTTP server on a free port of this computer, and what it got."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

DOCUMENT = Path(__file__).parent.parent / "docs" / "webhooks.md"


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What arrived. `statuses` answer the next requests, 204 all others; after `silent_after` nobody is answered."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    silent_after: int | None = None
    waiting: Event = field(default_factory=Event)
    """Somebody waits for an answer that does not come."""
    speak: Event = field(default_factory=Event)
    """Answers whoever waits."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook?from=bednight"

    @property
    def ids(self) -> list[str]:
        """The id of each message, in the order of arrival."""
        return [one.headers["webhook-id"] for one in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens until the end of the block."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append(Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if receiver.silent_after == 0:
                receiver.waiting.set()
                receiver.speak.wait(30)
            elif receiver.silent_after is not None:
                receiver.silent_after -= 1
            status = receiver.statuses.pop(0) if receiver.statuses else 204
            try:
                self.send_response(status)
                if 300 <= status <= 399:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
            except OSError:
                self.close_connection = True  # whoever asked was killed meanwhile

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.speak.set()
        server.shutdown()
        thread.join()
        server.server_close()


def documented_verify() -> Any:
    """The ten lines of the documentation, as a receiver would copy them."""
    block = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert block is not None
    assert len([line for line in block[1].splitlines() if line.strip()]) == 10
    lines: dict[str, Any] = {}
    exec(block[1], lines)  # noqa: S102 (our own page)
    return lines["verify"]
