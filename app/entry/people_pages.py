"""`/people`: those who sign in for an agency. Whoever lets them in sees no young person, and proves first who it is."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.access import people
from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission, Role
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.entry.sign_in_pages import Typed
from app.errors import FieldError, Problem, invalid
from app.idempotency import Once, OnePress
from app.web import words
from app.web.pages import ROLES, page
from app.web.translation import gettext

router = APIRouter(prefix="/people", include_in_schema=False)

Reader = Annotated[Actor, require(Permission.PEOPLE_READ)]
Writer = Annotated[Actor, require(Permission.PEOPLE_WRITE)]


@router.get("")
def show(request: Request, session: DbSession, actor: Reader, clock: Now) -> Response:
    """Everybody of the own agency; for the coalition's lead, of all."""
    return _page(request, session, actor, clock)


@router.post("")
def add(
    request: Request, actor: Writer, clock: Now, once: OnePress, name: Typed = "", email: Typed = "", role: Typed = ""
) -> Response:
    """Let somebody in, and show the link for them this once."""

    def act(session: Session) -> tuple[str, str | None]:
        return people.add(session, actor, name=name, email=email, role=_role(role), now=clock.now())

    return _done(request, actor, clock, once, act)


@router.post("/{person_id}")
def change(
    request: Request, actor: Writer, clock: Now, once: OnePress, person_id: Ref, press: Typed = "", role: Typed = ""
) -> Response:
    """Another link, another role, a yes or no to one that was asked for, or the door shut."""
    now = clock.now()

    def act(session: Session) -> tuple[str, str | None]:
        if press in {"link", "lost"}:
            return person_id, people.new_link(session, actor, person_id, now, lost=press == "lost")
        if press == "disable":
            people.disable(session, actor, person_id, now)
        elif press in {"agree", "refuse"}:
            people.decide(session, actor, person_id, now, agree=press == "agree")
        else:
            people.change_role(session, actor, person_id, _role(role), now)
        return person_id, None

    return _done(request, actor, clock, once, act)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise invalid([FieldError("/role", "enum", gettext("Choose a role."))]) from None


def _done(
    request: Request, actor: Actor, clock: Clock, once: Once, act: Callable[[Session], tuple[str, str | None]]
) -> Response:
    """Do it, and show the list with the link, if it made one; a second tap shows the list alone."""
    database, links, refused = request.app.state.database, [], None

    def whole(session: Session) -> str:
        person_id, link = act(session)
        links.append(link)
        return person_id

    try:
        once.within(database, actor.id, whole, request_id=request.scope.get("request_id"))
    except Problem as problem:
        if isinstance(problem, Denied):
            raise
        refused = problem
    with database.reading() as session:
        return _page(request, session, actor, clock, links[-1] if links and refused is None else None, refused)


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    clock: Clock,
    link: str | None = None,
    refused: Problem | None = None,
) -> Response:
    settings = request.app.state.settings
    origin = settings.url or f"{request.url.scheme}://{request.url.netloc}"
    now = clock.now()
    said = None if refused is None else [refused.detail or refused.title, *(e.message for e in refused.errors)]
    view = {
        "link": None if link is None else f"{origin}{link}",
        "said": None if said is None else " ".join(said if len(said) == 1 else said[1:]),
        "may_write": actor.may(Permission.PEOPLE_WRITE),
        "roles": [(role.value, gettext(ROLES[role])) for role in Role],
        "first_roles": [(role.value, gettext(ROLES[role])) for role in Role if role not in people.TAKES_TWO],
        "people": [
            {
                "id": one.person.id,
                "name": one.person.name,
                "email": one.person.email,
                "agency": one.agency if actor.leads else None,
                "role": gettext(ROLES[one.person.role]),
                "out": None if one.person.disabled_at is None else words.ago(one.person.disabled_at, now),
                "asked": None if one.asked is None else gettext(ROLES[one.asked.role]),
                "mine": one.asked is not None and one.asked.asked_by == actor.id,
                "me": one.person.id == actor.person_id,
            }
            for one in people.listed(session, actor, now)
        ],
    }
    status = 200 if refused is None else refused.status
    return page(request, "entry/people.html", {"view": view}, actor=actor, here="people", status=status)
