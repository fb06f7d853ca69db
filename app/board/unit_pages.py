"""The rooms of a house and whom each is for, on the house's own page: one form for each unit, and one for another."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.codes import Gender, Ref, place_of
from app.db import DbSession
from app.errors import Problem
from app.facilities import rooms
from app.facilities.models import Facility
from app.facilities.schemas import BedRead, UnitChange, UnitRead
from app.idempotency import Once, OnePress
from app.referrals.pages import Sent
from app.web import words
from app.web.answers import Form, Unreadable, number, told
from app.web.pages import page
from app.web.translation import gettext

router = APIRouter(prefix="/board/{facility_id}/units", include_in_schema=False)

Writer = Annotated[Actor, require(Permission.DIRECTORY_WRITE)]
Json = dict[str, Any]

NEW = "new"
OLDEST, WIDEST = 150, 150
NUMBERS = {"min_age": OLDEST, "max_age": OLDEST, "max_age_gap_years": WIDEST}


@router.get("")
def show(request: Request, session: DbSession, actor: Writer, facility_id: Ref) -> Response:
    """Every unit with its rule."""
    return _page(request, session, actor, facility_id)


@router.post("")
def add(request: Request, actor: Writer, facility_id: Ref, sent: Sent, once: OnePress) -> Response:
    """One unit more; it has no beds yet."""
    return _saved(request, actor, facility_id, NEW, sent, once)


@router.post("/{unit_id}")
def change(request: Request, actor: Writer, facility_id: Ref, unit_id: Ref, sent: Sent, once: OnePress) -> Response:
    """The whole unit as it shall be."""
    return _saved(request, actor, facility_id, unit_id, sent, once)


def _saved(request: Request, actor: Actor, facility_id: str, unit_id: str, sent: Form, once: Once) -> Response:
    """Save it, once; what is wrong stands beside its field, and what is refused above the page."""
    database, request_id = request.app.state.database, request.scope.get("request_id")
    wrong: dict[str, str] = {}
    said = _read(sent, wrong)

    def act(session: Session) -> str:
        if unit_id == NEW:
            return rooms.add_unit(session, actor, facility_id, said).id
        return rooms.replace_unit(session, actor, facility_id, unit_id, said, None).id

    refused: Problem | None = None
    if said is not None:
        try:
            saved = once.within(database, actor.id, act, request_id=request_id)
        except Problem as problem:
            if isinstance(problem, Denied) or problem.status != 409:
                raise
            refused = problem
        else:
            return RedirectResponse(f"{_path(facility_id)}#{saved}", status_code=303)
    with database.reading() as session:
        session.info["request_id"] = request_id
        return _page(request, session, actor, facility_id, (unit_id, sent, wrong), refused)


def _read(sent: Form, wrong: dict[str, str]) -> Any:
    """What a form says; None where something cannot be read, which is said by field."""
    said: Json = {"name": sent.one("name"), "genders": sent.many("genders") or None, "version": sent.whole("version")}
    for name, most in NUMBERS.items():
        try:
            said[name] = number(sent.one(name), 0, most)
        except Unreadable as error:
            wrong[name] = str(error)
    said["one_gender_a_night"] = True if sent.one("one_gender_a_night") else None
    try:
        read = UnitChange.model_validate(said, strict=False)
    except ValidationError as error:
        for row in error.errors():
            field = str((*place_of(row), "max_age")[0])
            wrong.setdefault(field, _WRONG.get(field, lambda: gettext("Choose one of the answers"))())
        return None
    return None if wrong else read


_WRONG = {
    "name": lambda: gettext("Write a name, of at most 200 letters"),
    "max_age": lambda: gettext("The oldest is not younger than the youngest"),
}


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    facility_id: str,
    typed: tuple[str, Form, dict[str, str]] | None = None,
    refused: Problem | None = None,
) -> Response:
    beds = rooms.list_beds(session, actor, facility_id)
    units = [_form(unit, beds, typed) for unit in rooms.list_units(session, actor, facility_id)]
    units.append(_form(None, beds, typed))
    view = {
        "name": session.get_one(Facility, facility_id).alias,
        "here": _path(facility_id),
        "back": _path(facility_id).removesuffix("/units"),
        "units": units,
        "genders": list(words.GENDERS.items()),
        "refused": None if refused is None else told(refused),
    }
    status = 200 if typed is None else 422 if refused is None else refused.status
    return page(request, "board/units.html", {"view": view}, actor=actor, here="board", status=status, exit_link=True)


def _form(unit: UnitRead | None, beds: list[BedRead], typed: tuple[str, Form, dict[str, str]] | None) -> Json:
    """One form: the unit as it stands, or as it was sent where that was refused."""
    key = NEW if unit is None else unit.id
    form: Json = {"id": key, "heading": None, "version": None, "beds": [], "genders": [], "one": False}
    form["wrong"] = dict.fromkeys(("name", "genders", *NUMBERS), "")
    form |= dict.fromkeys(("name", *NUMBERS), "")
    if unit is not None:
        form |= {"heading": unit.name, "name": unit.name, "version": unit.version, "genders": unit.genders or []}
        form |= {name: "" if getattr(unit, name) is None else getattr(unit, name) for name in NUMBERS}
        form |= {"one": bool(unit.one_gender_a_night), "beds": [bed.name for bed in beds if bed.unit_id == unit.id]}
    if typed is not None and typed[0] == key:
        _, sent, wrong = typed
        form |= {name: sent.one(name) for name in ("name", *NUMBERS)}
        form |= {
            "one": bool(sent.one("one_gender_a_night")),
            "genders": sent.many("genders"),
            "wrong": form["wrong"] | wrong,
        }
    return form | {"genders": {str(Gender(one)) for one in form["genders"] if one in set(Gender)}}


def _path(facility_id: str) -> str:
    return f"/board/{facility_id}/units"
