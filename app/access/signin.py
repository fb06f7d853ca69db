"""One-time links and the sessions they open. Tokens are opaque and random; only their hashes are stored."""

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency, LoginLink, Person, PersonFacility, SignIn
from app.access.policy import BOARD, Role
from app.access.tokens import new_token, renewed, session_token, sha256
from app.audit.service import record
from app.config import Settings
from app.db import Database, new_id
from app.errors import not_found

LINK_LASTS = timedelta(minutes=15)
TOUCH_EVERY = timedelta(minutes=1)
LONG_AGO = timedelta(days=1)
"""Since when somebody proved who they are, where nobody says: before any proof that still counts."""

# Every request asks these: they are put together once.
_HELD = select(SignIn).where(
    SignIn.token_sha256.in_(bindparam("tokens", expanding=True)),
    SignIn.ended_at.is_(None),
    SignIn.created_at > bindparam("since"),
    SignIn.shift | (SignIn.last_seen_at > bindparam("awake")),
)
_DROWSY = select(SignIn.id).where(SignIn.token_sha256 == bindparam("token"), SignIn.last_seen_at <= bindparam("until"))
_PEOPLE = (
    select(Person, Agency)
    .join(Agency, Agency.id == Person.agency_id)
    .where(Person.id.in_(bindparam("people", expanding=True)), Person.disabled_at.is_(None), Agency.closed_at.is_(None))
)
_HOUSES = select(PersonFacility.person_id, PersonFacility.facility_id).where(
    PersonFacility.person_id.in_(bindparam("people", expanding=True))
)


def issue_link(session: Session, person_id: str, now: datetime, lasts: timedelta = LINK_LASTS) -> str:
    """Make a one-time link for a person and return its path. It is answered on loopback only."""
    person = session.get(Person, person_id)
    if person is None or person.disabled_at is not None:
        raise not_found()
    token = new_token()
    link = LoginLink(
        id=new_id("link"), person_id=person_id, token_sha256=sha256(token), created_at=now, expires_at=now + lasts
    )
    session.add(link)
    record(session, None, "login_link.issue", "person", person_id)
    return f"/login/{token}"


def last_link_ends(session: Session) -> datetime | None:
    """When the last of all links ends; where a demo's clock was moved ahead, the links moved along with it."""
    return session.scalar(select(func.max(LoginLink.expires_at)))


def spend_link(session: Session, link_token: str, now: datetime) -> str | None:
    """Spend a link and return whose it was; None where it is unknown, spent or too old."""
    return session.execute(
        update(LoginLink)
        .where(LoginLink.token_sha256 == sha256(link_token), LoginLink.used_at.is_(None), LoginLink.expires_at > now)
        .values(used_at=now)
        .returning(LoginLink.person_id)
    ).scalar_one_or_none()


def admit(
    session: Session,
    person_id: str,
    now: datetime,
    device: str | None = None,
    *,
    shift: bool = False,
    proved_at: datetime | None = None,
) -> str | None:
    """Open a session for somebody who has just proved who they are; its token, or None where they may not act.

    `shift`: on a device of a house, whose board is to stay open; for those alone who work in one. `proved_at`: where
    that was not just now.
    """
    actor = actors(session, {person_id}).get(person_id)
    if actor is None:
        return None
    token = session_token()
    row = SignIn(
        id=new_id("sign"),
        person_id=person_id,
        token_sha256=sha256(token),
        created_at=now,
        last_seen_at=now,
        proved_at=proved_at or now,
        device=device,
        shift=shift and actor.role is Role.FACILITY_STAFF,
    )
    session.add(row)
    record(session, actor, "sign_in", "sign_in", row.id)
    return token


def prove(session: Session, actor: Actor, token: str, now: datetime) -> str | None:
    """Somebody has proved again who they are: their session goes on under a new token; None where it has ended."""
    fresh = renewed(token)
    row = session.execute(
        update(SignIn)
        .where(SignIn.token_sha256 == sha256(token), SignIn.ended_at.is_(None))
        .values(token_sha256=sha256(fresh), proved_at=now, last_seen_at=now)
        .returning(SignIn.id)
    ).scalar_one_or_none()
    if row is None:
        return None
    record(session, actor, "prove", "sign_in", row)
    return fresh


def end_session(session: Session, token: str, now: datetime) -> None:
    """The token opens nothing any more."""
    session.execute(
        update(SignIn).where(SignIn.token_sha256 == sha256(token), SignIn.ended_at.is_(None)).values(ended_at=now)
    )


def end_sessions(session: Session, person_id: str, now: datetime, *, but: str | None = None) -> None:
    """Sign somebody out everywhere; `but`: not where this token opens the session."""
    ending = update(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
    if but is not None:
        ending = ending.where(SignIn.token_sha256 != sha256(but))
    session.execute(ending.values(ended_at=now))


def close_session(session: Session, actor: Actor, token: str, now: datetime) -> None:
    """Sign out."""
    end_session(session, token, now)
    if actor.person_id is not None:
        record(session, actor, "sign_out", "person", actor.person_id)


def authenticate(
    database: Database,
    token: str | None,
    now: datetime,
    settings: Settings,
    *,
    keeps_awake: bool = True,
    within: Session | None = None,
) -> Actor | None:
    """Who holds this session; None where it is unknown, ended, idle too long, or its person is disabled.

    What no person asked for does not keep the session awake. Looked up `within` the request's own database session,
    where that reads.
    """
    if not token:
        return None
    with database.reading() if within is None else nullcontext(within) as session:
        actor = holders(session, {sha256(token)}, now, settings).get(sha256(token))
        touch = (
            actor is not None
            and not actor.locked
            and keeps_awake
            and session.scalar(_DROWSY, {"token": sha256(token), "until": now - TOUCH_EVERY}) is not None
        )
    if touch:
        with database.writing() as session:
            session.execute(
                update(SignIn)
                .where(SignIn.token_sha256 == sha256(token), SignIn.last_seen_at <= now - TOUCH_EVERY)
                .values(last_seen_at=now)
            )
    return actor


def holders(session: Session, tokens: Collection[str], now: datetime, settings: Settings) -> dict[str, Actor]:
    """Who holds each of these sessions, by the hash of its token; one that has ended is left out."""
    lasting = {"since": now - settings.session_lasts, "awake": now - settings.session_idles}
    rows = session.scalars(_HELD, {"tokens": list(tokens), **lasting}).all()
    people = actors(session, {row.person_id for row in rows})
    return {
        row.token_sha256: _held(people[row.person_id], row, idle=row.last_seen_at <= now - settings.session_idles)
        for row in rows
        if row.person_id in people
    }


def _held(person: Actor, row: SignIn, *, idle: bool) -> Actor:
    """A person in this session; in an idle one, which only a shift's device can be, its board is all that is open."""
    return replace(person, proved_at=row.proved_at, scope=BOARD if idle else None, locked=idle)


def left(session: Session, token: str, now: datetime, settings: Settings) -> timedelta:
    """How long a session still lasts if nobody presses anything; nothing where it has ended."""
    row = session.scalar(select(SignIn).where(SignIn.token_sha256 == sha256(token), SignIn.ended_at.is_(None)))
    if row is None:
        return timedelta(0)
    return min(row.last_seen_at + settings.session_idles, row.created_at + settings.session_lasts) - now


def open_sessions(session: Session, person_id: str, now: datetime, settings: Settings) -> Sequence[SignIn]:
    """Where somebody is signed in, the newest first."""
    return session.scalars(
        select(SignIn)
        .where(
            SignIn.person_id == person_id,
            SignIn.ended_at.is_(None),
            SignIn.created_at > now - settings.session_lasts,
            SignIn.shift | (SignIn.last_seen_at > now - settings.session_idles),
        )
        .order_by(SignIn.created_at.desc(), SignIn.id)
    ).all()


def actors(session: Session, people: Collection[str]) -> dict[str, Actor]:
    """The people among these who may act, each as an actor."""
    these = {"people": list(people)}
    found = session.execute(_PEOPLE, these).all()
    houses: dict[str, set[str]] = {}
    for person_id, facility_id in session.execute(_HOUSES, these):
        houses.setdefault(person_id, set()).add(facility_id)
    return {
        person.id: Actor(
            agency_id=agency.id,
            kind=agency.kind,
            role=person.role,
            person_id=person.id,
            facility_ids=frozenset(houses.get(person.id, ())) or None,
            emergency_until=person.emergency_until,
        )
        for person, agency in found
    }
