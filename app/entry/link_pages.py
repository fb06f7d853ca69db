"""Signing in by a one-time link, on loopback only: for a demo, and for whoever sits at the server."""

import re
from ipaddress import ip_address

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from app.access import signin
from app.access.guard import from_this_site
from app.clock import Now
from app.db import DbSession
from app.entry.cookies import let_in
from app.errors import Problem, not_found
from app.web.pages import page

router = APIRouter(include_in_schema=False)

# Without a Host the server's own address stands in for it, and of "localhost,other" only the first part is read.
_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


def on_this_computer(request: Request) -> None:
    """Refuse a link followed from elsewhere, through a proxy, or under a name that is not this computer's."""
    named = request.headers.getlist("host")
    host = (request.url.hostname or "").strip("[]") if len(named) == 1 and _HOST.fullmatch(named[0]) else ""
    here = host == "localhost" or _is_loopback(host)
    caller = request.client.host if request.client else ""
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-forwarded-host"))
    if not request.app.state.settings.login_links or not here or not _is_loopback(caller) or forwarded:
        raise not_found()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@router.get("/login/{token}", dependencies=[Depends(on_this_computer)])
def ask(request: Request) -> Response:
    """Show the button. Following the link spends nothing yet: browsers fetch links ahead of their reader."""
    return page(request, "entry/link.html", {})


@router.post("/login/{token}", dependencies=[Depends(on_this_computer)])
def sign_in(token: str, request: Request, session: DbSession, clock: Now) -> Response:
    """Spend the link and open a session."""
    if not from_this_site(request):
        raise Problem("cross_site")
    person_id = signin.spend_link(session, token, clock.now())
    answer = RedirectResponse("/", status_code=303)
    if person_id is None or not let_in(request, session, person_id, clock.now(), answer):
        return page(request, "entry/signed_out.html", {"spent": True}, status=404)
    return answer
