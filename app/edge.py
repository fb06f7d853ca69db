"""The outermost layer: gives each request an id, refuses what is too large or no JSON, and sets the security headers.

HEAD is answered as GET, without the body.
It stands outside the framework's own handling, so that a crash and a refusal carry the same headers as an answer.
"""

import logging
import traceback
from collections.abc import Mapping
from email.message import Message as MimeHeader
from random import random
from typing import Any

from anyio import sleep
from sqlalchemy.exc import OperationalError
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.bodies import refuse_loose_json
from app.db import Writer, may_be_tried_again, new_id, writer
from app.errors import Problem
from app.problems import answer, busy

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PAUSES = (0.05, 0.1, 0.2)
"""Seconds at most before a request is tried again."""
log = logging.getLogger("bednight")


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = new_id("req")
        writer.set(Writer())
        if head := scope["method"] == "HEAD":
            scope["method"] = "GET"
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _secure(scope, MutableHeaders(scope=message))
            await send({**message, "body": b""} if head and "body" in message else message)

        try:
            body = await self._read(receive, Headers(scope=scope))
            _taken(scope, body)
            await self._act(scope, body, receive, guarded)
        except Problem as problem:
            await answer(Request(scope), problem)(scope, receive, guarded)
        except Exception as crash:
            log.error("%s failed: %s", scope["request_id"], _where(crash))
            if started:
                raise
            refusal = busy() if may_be_tried_again(crash) else Problem("internal")
            await answer(Request(scope), refusal)(scope, receive, guarded)

    async def _act(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        """The whole request, and again from its beginning where its transaction lost against another one."""
        for longest in PAUSES:
            try:
                # A copy: the router writes into the scope what it found.
                return await self.app(dict(scope), _replay(body, receive), send)
            except OperationalError as error:
                if not may_be_tried_again(error):
                    raise
            await sleep(longest * random())  # noqa: S311 - so that two do not meet again
        return await self.app(scope, _replay(body, receive), send)

    async def _read(self, receive: Receive, headers: Headers) -> bytes:
        """The whole body, never more than the limit: it is small by design, and nothing is taken before it is whole."""
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self.max_body_bytes:
            raise Problem("too_large")
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self.max_body_bytes:
                raise Problem("too_large")
            if not message.get("more_body", False):
                return bytes(body)


def _taken(scope: Scope, body: bytes) -> None:
    """Refuse a body that is neither plain JSON, on the API, nor a form, on the pages."""
    if not body:
        return
    header = MimeHeader()
    header["content-type"] = Headers(scope=scope).get("content-type", "")
    kind = header.get_content_type()
    if scope["path"].startswith("/v1/"):
        taken = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    else:
        taken = kind == "application/x-www-form-urlencoded"
    if not taken:
        raise Problem("unsupported_media_type")
    if scope["path"].startswith("/v1/"):
        refuse_loose_json(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Hand out the body that was read, once, then whatever the connection says."""
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _secure(scope: Scope, headers: MutableHeaders) -> None:
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    # Only files that are the same for everyone may be kept by a browser.
    headers["Cache-Control"] = "public, max-age=3600" if scope["path"].startswith("/static/") else "no-store"
    headers["X-Request-Id"] = scope["request_id"]
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000"


def _where(crash: BaseException) -> str:
    """The kind of error and the lines it passed; never its text, which may hold what someone sent or stored."""
    frames: list[Any] = traceback.extract_tb(crash.__traceback__)[-6:]
    return f"{type(crash).__name__} at " + " < ".join(f"{f.filename}:{f.lineno}" for f in reversed(frames))
