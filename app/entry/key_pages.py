"""`/keys`: the programs of an agency. A key is shown once; who makes one says what it may do, and until when."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.access import keys, people
from app.access.actor import Actor, Denied, hidden
from app.access.guard import require
from app.access.models import ApiKey
from app.access.policy import CLOSED_TO_KEYS, POLICY, Permission, Role
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.entry.sign_in_pages import Typed
from app.errors import FieldError, Problem, invalid
from app.idempotency import OnePress
from app.web import words
from app.web.pages import ROLES, page
from app.web.translation import gettext
from app.web.words_keys import said_of

router = APIRouter(prefix="/keys", include_in_schema=False)

Reader = Annotated[Actor, require(Permission.PEOPLE_READ)]
Writer = Annotated[Actor, require(Permission.PEOPLE_WRITE)]
Ticked = Annotated[list[str] | None, Form()]
FOR_PROGRAMS = tuple(role for role in Role if role not in people.TAKES_TWO)
"""Two people make an administrator, and no key stands in for one that a single person made."""
_DAYS = keys.LONGEST.days


@router.get("")
def show(request: Request, session: DbSession, actor: Reader, clock: Now, role: str = "") -> Response:
    """Every key of the own agency, and with a role, what one of it may be given."""
    return _page(request, session, actor, clock, _role(role))


@router.post("")
def make(
    request: Request,
    actor: Writer,
    clock: Now,
    once: OnePress,
    name: Typed = "",
    role: Typed = "",
    days: Typed = "",
    may: Ticked = None,
) -> Response:
    """Make a key, and show it this once; a second tap shows the list alone."""
    database, shown, refused = request.app.state.database, [], None
    wanted = _role(role)

    def act(session: Session) -> str:
        if wanted is None:
            raise invalid([FieldError("/role", "enum", gettext("Choose a role."))])
        key, secret = keys.issue(
            session,
            actor,
            agency_id=actor.agency_id,
            name=name,
            role=wanted,
            now=clock.now(),
            live=request.app.state.settings.live,
            lasts=_lasts(days),
            permissions=_scope(may or []),
        )
        shown.append(secret)
        return key.id

    try:
        once.within(database, actor.id, act, request_id=request.scope.get("request_id"))
    except Problem as problem:
        if isinstance(problem, Denied):
            raise
        refused = problem
    with database.reading() as session:
        secret = shown[-1] if shown and refused is None else None
        return _page(request, session, actor, clock, wanted if refused else None, secret, refused)


@router.post("/{key_id}")
def end(request: Request, actor: Writer, clock: Now, once: OnePress, key_id: Ref) -> Response:
    """End a key of the own agency, from the next request on."""
    database = request.app.state.database

    def act(session: Session) -> str:
        key = session.get(ApiKey, key_id)
        if key is None or key.agency_id != actor.agency_id:
            raise hidden(actor, "key.revoke", "api_key", key_id)
        keys.revoke(session, actor, key_id, clock.now())
        return key_id

    once.within(database, actor.id, act, request_id=request.scope.get("request_id"))
    with database.reading() as session:
        return _page(request, session, actor, clock, None)


def _role(text: str) -> Role | None:
    return next((role for role in FOR_PROGRAMS if role.value == text), None)


def _lasts(days: str) -> timedelta:
    if not (days.isascii() and days.isdecimal() and 1 <= int(days[:4]) <= _DAYS):
        raise invalid([FieldError("/lasts", "out_of_range", gettext("A key lasts between 1 and 90 days."))])
    return timedelta(days=int(days))


def _scope(ticked: list[str]) -> list[Permission]:
    known = {permission.value: permission for permission in Permission}
    if not ticked or not set(ticked) <= set(known):
        raise invalid([FieldError("/permissions", "missing", gettext("Tick what the key is to do, and no more."))])
    return [known[one] for one in ticked]


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    clock: Clock,
    role: Role | None,
    secret: str | None = None,
    refused: Problem | None = None,
) -> Response:
    now = clock.now()
    lines = [] if refused is None else [error.message for error in refused.errors]
    view = {
        "secret": secret,
        "said": None if refused is None else " ".join(lines) or refused.detail or refused.title,
        "may_write": actor.may(Permission.PEOPLE_WRITE),
        "roles": [(one.value, gettext(ROLES[one])) for one in FOR_PROGRAMS],
        "role": None if role is None else (role.value, gettext(ROLES[role])),
        "scopes": [] if role is None else _scopes(role),
        "days": _DAYS,
        "keys": [_row(key, now, clock) for key in session.scalars(keys.listed(actor.agency_id))],
    }
    status = 200 if refused is None else refused.status
    return page(request, "entry/keys.html", {"view": view}, actor=actor, here="people", status=status)


def _scopes(role: Role) -> list[tuple[str, str]]:
    return sorted(
        ((one.value, gettext(said_of(one))) for one in POLICY[role] - CLOSED_TO_KEYS), key=lambda scope: scope[1]
    )


def _row(key: ApiKey, now: datetime, clock: Clock) -> dict[str, Any]:
    """What a list says of a key, and never what opens it."""
    held = POLICY[key.role] - CLOSED_TO_KEYS if key.permissions is None else map(Permission, key.permissions)
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "role": gettext(ROLES[key.role]),
        "may": words.listed(sorted(gettext(said_of(one)) for one in held)),
        "made": words.ago(key.created_at, now),
        "until": words.day(key.expires_at.astimezone(clock.zone).date(), clock.tonight()),
        "used": None if key.last_used_at is None else words.ago(key.last_used_at, now),
        "ended": key.revoked_at is not None,
        "run_out": key.revoked_at is None and key.expires_at <= now,
    }
