"""The guard on every route: who is asking, by key or by cookie, and whether their role holds the permission.

What only reads is narrowed to the asker's agency from then on, by the database itself where it can; what writes, in
what it writes. Moving a demo's clock is the one exception: it does what the hour brings, for everybody.
"""

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.access import keys, signin
from app.access.actor import Actor, Denied
from app.access.policy import FRESH, Permission
from app.access.tokens import form_token
from app.clock import Now
from app.db import Reading, narrow, writer
from app.errors import Problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOUCH_EVERY = timedelta(minutes=1)

_bearer = HTTPBearer(auto_error=False, description="An API key: `bn_test_…` or `bn_live_…`.")


async def _sent_form_token(request: Request) -> str | None:
    """The form token of this request: a header from a script, a hidden field from a form."""
    if request.method in SAFE_METHODS:
        return None
    if (header := request.headers.get("x-form-token")) is not None:
        return header
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        field = (await request.form()).get("form_token")
        return field if isinstance(field, str) else None
    return None


@dataclass(frozen=True, slots=True)
class Guard:
    """A dependency that gives the actor, or refuses. The test over all routes looks for it."""

    permission: Permission
    keeps_awake: bool = True
    """Whether asking counts as a sign of life of the person."""
    on_shift: bool = False
    """Whether it stays open on a shift's device that nobody touched for a while."""

    def __call__(
        self,
        request: Request,
        clock: Now,
        reading: Reading,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        sent_token: Annotated[str | None, Depends(_sent_form_token)],
    ) -> Actor:
        database, settings = request.app.state.database, request.app.state.settings
        if bearer is not None:
            actor = keys.authenticate(database, bearer.credentials, clock.now(), live=settings.live, within=reading)
        else:
            cookie = request.cookies.get(cookie_name(request))
            by_hand = self.keeps_awake and "x-live" not in request.headers
            now = clock.now()
            actor = signin.authenticate(database, cookie, now, settings, keeps_awake=by_hand, within=reading)
            if actor is not None and cookie is not None:
                _same_site(request, actor, cookie, sent_token)
        if actor is None:
            raise Problem("not_signed_in", headers={"WWW-Authenticate": "Bearer"})
        if actor.locked and not self.on_shift:
            raise Denied(actor, self.permission.value, "locked", code="proof_needed")
        if not actor.may(self.permission):
            raise Denied(actor, self.permission.value, "role")
        if self.permission in FRESH and not actor.fresh(clock.now()):
            raise Denied(actor, self.permission.value, "proof_too_old", code="proof_needed")
        asking = writer.get()
        if asking is not None and self.permission is not Permission.TEST_CLOCK:
            asking.agency_id = actor.agency_id
        if reading is not None:
            narrow(reading, actor.agency_id, clock.now())
        return actor


def require(permission: Permission, *, keeps_awake: bool = True, on_shift: bool = False) -> Any:
    """`actor: Annotated[Actor, require(Permission.X)]` on every route that is not public."""
    return Depends(Guard(permission, keeps_awake, on_shift))


def cookie_name(request: Request) -> str:
    """Over TLS the name binds the cookie to this host; plain HTTP is for loopback, where browsers refuse that name."""
    return "__Host-bednight" if request.url.scheme == "https" else "bednight"


def csrf_token(request: Request) -> str:
    """What a page puts into its forms as the hidden field `form_token`."""
    return form_token(request.cookies.get(cookie_name(request), ""))


def from_this_site(request: Request) -> bool:
    """Whether the browser says that this request was made by one of our own pages."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = request.headers.get("origin")
    # Under `Referrer-Policy: no-referrer` a browser sends "null" for its own site's forms too: it says nothing.
    if origin is not None and origin != "null":
        return urlsplit(origin).netloc == request.headers.get("host")
    return site is not None


def _same_site(request: Request, actor: Actor, cookie: str, sent_token: str | None) -> None:
    """A cookie travels with other sites' forms too: what changes something must prove that a page of ours sent it."""
    if request.method in SAFE_METHODS:
        return
    if not from_this_site(request) or not hmac.compare_digest((sent_token or "").encode(), form_token(cookie).encode()):
        raise Denied(actor, "form_post", "cross_site", code="cross_site")
