"""Who looks after the people of an agency: letting them in, changing what they do, shutting them out.

A security administrator reaches their own agency, the coalition's lead every one, and never themselves. Two people make
an administrator, of either kind: one asks, and another, who is neither the one who asked nor the one it is for, agrees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import enrolment, service, signin
from app.access.actor import Actor, hidden
from app.access.models import Agency, Person, RoleGrant
from app.access.policy import Role
from app.audit.service import record
from app.db import new_id
from app.errors import FieldError, Problem, conflict, invalid

TAKES_TWO = frozenset({Role.ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR})
ASKED_FOR = timedelta(days=7)
"""After which nobody agrees any more to what was asked."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody, their agency, and the role that was asked for them, where a second person has still to agree."""

    person: Person
    agency: str
    asked: RoleGrant | None


def listed(session: Session, actor: Actor, now: datetime) -> Sequence[Listed]:
    """Everybody whom the actor reaches, by name."""
    query = select(Person, Agency.name).join(Agency, Agency.id == Person.agency_id).order_by(Person.name, Person.id)
    if not actor.leads:
        query = query.where(Person.agency_id == actor.agency_id)
    open_now = select(RoleGrant).where(RoleGrant.decided_at.is_(None), RoleGrant.asked_at > now - ASKED_FOR)
    asked = {grant.person_id: grant for grant in session.scalars(open_now)}
    return [Listed(person, agency, asked.get(person.id)) for person, agency in session.execute(query).all()]


def add(session: Session, actor: Actor, *, name: str, email: str, role: Role, now: datetime) -> tuple[str, str]:
    """Enter somebody of the own agency; their id, and the path of the link by which they set up their sign-in."""
    if role in TAKES_TWO:
        said = "Two people make an administrator: add them in another role, then ask for this one."
        raise invalid([FieldError("/role", "takes_two", said)])
    person = service.add_person(session, actor, agency_id=actor.agency_id, name=name, email=email, role=role, now=now)
    return person.id, enrolment.issue(session, actor, person.id, now)


def new_link(session: Session, actor: Actor, person_id: str, now: datetime, *, lost: bool) -> str:
    """Another link. `lost`: their second factor is; whoever says so has made sure that it is them who asks."""
    find(session, actor, person_id)
    return (enrolment.lost if lost else enrolment.issue)(session, actor, person_id, now)


def disable(session: Session, actor: Actor, person_id: str, now: datetime) -> None:
    """Shut somebody out, at once and everywhere."""
    find(session, actor, person_id)
    service.disable_person(session, actor, person_id, now)
    signin.end_sessions(session, person_id, now)


def change_role(session: Session, actor: Actor, person_id: str, role: Role, now: datetime) -> RoleGrant | None:
    """Give somebody another role; where that takes two, ask for it: what was asked, or None where it is done."""
    person = find(session, actor, person_id)
    if role is person.role:
        return None
    if role not in TAKES_TWO:
        _give(session, actor, person, role, now)
        return None
    if _asked(session, person_id, now) is not None:
        raise conflict("asked_already", "A role is asked for already.")
    grant = RoleGrant(id=new_id("grant"), person_id=person_id, role=role, asked_by=actor.id, asked_at=now)
    session.add(grant)
    record(session, actor, "role.ask", "person", person_id)
    return grant


def decide(session: Session, actor: Actor, person_id: str, now: datetime, *, agree: bool) -> None:
    """Agree to the role that somebody else asked for, or refuse it."""
    person = find(session, actor, person_id)
    grant = _asked(session, person_id, now)
    if grant is None:
        raise conflict("not_now", "No role is asked for.")
    if agree and grant.asked_by == actor.id:
        raise Problem("forbidden", "Whoever asked cannot agree too: it takes two.")
    grant.decided_by, grant.decided_at, grant.agreed = actor.id, now, agree
    if agree:
        _give(session, actor, person, grant.role, now)
    else:
        record(session, actor, "role.refuse", "person", person_id)


def find(session: Session, actor: Actor, person_id: str) -> Person:
    """Somebody whom the actor reaches; what is hidden and what is absent are one 404, and oneself is refused."""
    person = session.get(Person, person_id)
    if person is None or not (actor.leads or person.agency_id == actor.agency_id):
        raise hidden(actor, "person.change", "person", person_id)
    if person.id == actor.person_id:
        raise Problem("forbidden", "Nobody changes what they may do themselves.")
    return person


def _asked(session: Session, person_id: str, now: datetime) -> RoleGrant | None:
    waiting = (RoleGrant.decided_at.is_(None), RoleGrant.asked_at > now - ASKED_FOR)
    return session.scalar(select(RoleGrant).where(RoleGrant.person_id == person_id, *waiting).with_for_update())


def _give(session: Session, actor: Actor, person: Person, role: Role, now: datetime) -> None:
    """Another role, from the next request on; what was open under the old one ends."""
    person.role = role
    signin.end_sessions(session, person.id, now)
    record(session, actor, "role.change", "person", person.id)
