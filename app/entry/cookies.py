"""The cookies of a browser: one opens the session, one says that it has been here, one that it went and comes back."""

import re
from datetime import datetime, timedelta

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.access import devices, signin
from app.access.guard import cookie_name
from app.access.tokens import new_token, sha256

DEVICE_LASTS = timedelta(days=365)
_BACK = re.compile(r"/(?![/\\])[A-Za-z0-9_./?=&%~-]{0,300}")


def back(path: str) -> str:
    """Where to go on afterwards: a path of ours, else the start."""
    return path if _BACK.fullmatch(path) and not path.startswith(("/sign-", "/prove", "/login/", "/enrol/")) else "/"


def device_of(request: Request) -> str | None:
    """The hash of the token of a browser that has been here before; None of any other."""
    token = request.cookies.get(_device_cookie(request))
    return None if not token else sha256(token)


def let_in(
    request: Request,
    session: Session,
    person_id: str,
    now: datetime,
    answer: Response,
    *,
    shift: bool = False,
    proved_at: datetime | None = None,
) -> bool:
    """Open a session for this browser in place of the one it had; False where the person may not act.

    `shift`: it is a device of a house, whose board stays open. Where a new device of theirs is to be told, the answer
    leads to it first. `proved_at`: when they proved who they are, where that was not just now.
    """
    if old := request.cookies.get(cookie_name(request)):
        signin.end_session(session, old, now)
    token = request.cookies.get(_device_cookie(request)) or new_token()
    opened = signin.admit(session, person_id, now, sha256(token), shift=shift, proved_at=proved_at)
    if opened is None:
        return False
    label = devices.label_of(request.headers.get("user-agent", ""))
    if devices.seen(session, sha256(token), person_id, label, now) and "location" in answer.headers:
        answer.headers["location"] = "/security?new=1"
    give_session(request, answer, opened)
    _give(request, answer, _device_cookie(request), token, DEVICE_LASTS)
    return True


def give_session(request: Request, answer: Response, token: str) -> None:
    """Hand the browser what opens its session."""
    _give(request, answer, cookie_name(request), token, request.app.state.settings.session_lasts)


def send_away(request: Request, answer: Response, token: str, lasts: timedelta) -> None:
    """Hand the browser what says, when it comes back from elsewhere, that it is the one that went."""
    _give(request, answer, _away_cookie(request), token, lasts)


def come_back(request: Request) -> str:
    """What the browser was handed when it went; nothing where it did not go."""
    return request.cookies.get(_away_cookie(request), "")


def take_away(request: Request, answer: Response) -> None:
    """It has come back."""
    answer.delete_cookie(_away_cookie(request), httponly=True, samesite="lax", secure=_over_tls(request))


def take_session(request: Request, answer: Response) -> None:
    """Take it away again."""
    answer.delete_cookie(cookie_name(request), httponly=True, samesite="lax", secure=_over_tls(request))


def _give(request: Request, answer: Response, name: str, value: str, lasts: timedelta) -> None:
    seconds = int(lasts.total_seconds())
    answer.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=_over_tls(request))


def _device_cookie(request: Request) -> str:
    return f"{cookie_name(request)}-device"


def _away_cookie(request: Request) -> str:
    return f"{cookie_name(request)}-away"


def _over_tls(request: Request) -> bool:
    return request.url.scheme == "https"
