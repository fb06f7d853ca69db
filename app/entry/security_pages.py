"""`/security`: one's own factors, and where one is signed in. What changes a factor needs a fresh proof."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access import agency_sign_in, enrolment, signin
from app.access.actor import Actor, Denied
from app.access.factor_models import Authenticator, Device, Passkey, Password, RecoveryCode
from app.access.guard import cookie_name, require
from app.access.models import SignIn
from app.access.policy import Permission
from app.access.tokens import sha256
from app.audit.service import record
from app.clock import Clock, Now
from app.db import DbSession
from app.entry.cookies import device_of
from app.entry.sign_in_pages import Typed
from app.web import words
from app.web.pages import page
from app.web.translation import gettext

router = APIRouter(prefix="/security", include_in_schema=False)

Myself = Annotated[Actor, require(Permission.SELF)]


@router.get("")
def show(request: Request, session: DbSession, actor: Myself, clock: Now, new: str = "") -> Response:
    """What lets the person in, and where they are in; `new`: a device of theirs is to be told of."""
    view = _view(request, session, actor, clock) | {"new": bool(new)}
    return page(request, "entry/security.html", {"view": view}, actor=actor)


@router.post("/sessions")
def end(request: Request, session: DbSession, actor: Myself, clock: Now, press: Typed = "") -> Response:
    """Sign out elsewhere: of one session, or of all but this."""
    mine = sha256(request.cookies[cookie_name(request)])
    ending = [
        row
        for row in signin.open_sessions(session, actor.person_id or "", clock.now(), request.app.state.settings)
        if row.token_sha256 != mine and press in {row.id, "others"}
    ]
    for row in ending:
        row.ended_at = clock.now()
        record(session, actor, "sign_out", "sign_in", row.id)
    return RedirectResponse("/security", status_code=303)


@router.post("/devices")
def forget(session: DbSession, actor: Myself, clock: Now) -> Response:
    """Forget every device but where one is signed in now: each is new again, and stands in the line of all."""
    open_now = select(SignIn.device).where(SignIn.person_id == actor.person_id, SignIn.ended_at.is_(None))
    others = select(Device).where(Device.person_id == actor.person_id, Device.token_sha256.not_in(open_now))
    for row in session.scalars(others):
        session.delete(row)
    record(session, actor, "devices.forget", "person", actor.person_id or "")
    return RedirectResponse("/security", status_code=303)


@router.post("/anew")
def set_up_anew(session: DbSession, actor: Myself, clock: Now) -> Response:
    """Another password, app and recovery codes in place of those there are."""
    fresh_or_refused(actor, clock, "factors.change")
    path = enrolment.issue(session, actor, actor.person_id or "", clock.now(), anew=True)
    return RedirectResponse(path, status_code=303)


def fresh_or_refused(actor: Actor, clock: Clock, act: str) -> None:
    """Refuse what changes a factor to who has not just proved who they are."""
    if not actor.fresh(clock.now()):
        raise Denied(actor, act, "proof_too_old", code="proof_needed")


def _view(request: Request, session: Session, actor: Actor, clock: Clock) -> dict[str, Any]:
    now, person_id = clock.now(), actor.person_id or ""

    def said(at: datetime) -> str:
        return words.ago(at, now)

    password = session.get(Password, person_id)
    app = session.get(Authenticator, person_id)
    unused = select(func.count()).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    devices = session.scalars(
        select(Device).where(Device.person_id == person_id).order_by(Device.first_seen_at.desc())
    ).all()
    label = {device.token_sha256: device.label for device in devices}
    here = sha256(request.cookies[cookie_name(request)])
    elsewhere = agency_sign_in.bound_at(session, person_id)
    return {
        "agency": None if elsewhere is None else said(elsewhere),
        "agency_has_one": agency_sign_in.of_agency(session, actor.agency_id) is not None,
        "password": None if password is None else said(password.set_at),
        "app": None if app is None else said(app.added_at),
        "codes": session.scalar(unused),
        "passkeys": [
            (key.id, key.name, said(key.added_at), None if key.last_used_at is None else said(key.last_used_at))
            for key in session.scalars(select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.added_at))
        ],
        "devices": [
            (
                device.label,
                said(device.first_seen_at),
                said(device.last_seen_at),
                device.token_sha256 == device_of(request),
            )
            for device in devices
        ],
        "sessions": [
            {
                "id": row.id,
                "label": label.get(row.device or "", gettext("A browser")),
                "since": said(row.created_at),
                "seen": said(row.last_seen_at),
                "here": row.token_sha256 == here,
                "shift": row.shift,
            }
            for row in signin.open_sessions(session, person_id, now, request.app.state.settings)
        ],
    }
