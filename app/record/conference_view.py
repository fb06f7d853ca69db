"""What the pages of case conferences show, in words."""

from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency
from app.access.policy import AgencyKind, Permission
from app.access.service import agencies
from app.clock import Clock
from app.minors import conferences
from app.minors.conference_schemas import CaseRead, ConferenceRead, ConferenceTaskRead, SeatRead
from app.record import service
from app.record.view import Pressed, refused
from app.web import words
from app.web.translation import gettext, ngettext

Json = dict[str, Any]


def list_view(session: Session, actor: Actor, clock: Clock, pressed: Pressed) -> Json:
    """Those to come and those that were, and the own agency's tasks."""
    found = conferences.every(session, actor, clock)
    others = session.scalars(agencies().where(Agency.id != actor.agency_id, Agency.closed_at.is_(None)))
    return {
        "to_come": [_line(one, clock) for one in reversed(found) if one.held_at > clock.now()],
        "over": [_line(one, clock) for one in found if one.held_at <= clock.now()],
        "tasks": [_task(one, clock) for one in conferences.to_do(session, actor, clock)],
        "may_write": actor.may(Permission.MINOR_WRITE),
        "agencies": [(one.id, one.name) for one in others if one.kind is not AgencyKind.FUNDER],
        "form": pressed.sent,
        "of": pressed.of,
        "refused": refused(pressed),
    }


def one_view(session: Session, actor: Actor, clock: Clock, conference_id: str, pressed: Pressed) -> Json:
    """Seats, and of the agenda what the reader may see."""
    found = conferences.read(session, actor, conference_id, clock)
    may_write = actor.may(Permission.MINOR_WRITE)
    there = {case.minor_id for case in found.cases}
    own = [row for row in service.list_records(session, actor, clock) if row.own and row.id not in there]
    return {
        "here": f"/conferences/{found.id}",
        "title": found.name,
        "when": words.clock_time(found.held_at, clock.zone, clock.tonight()),
        "by": found.agency,
        "seats": [_seat(one) for one in found.seats],
        "notes": found.own and may_write and found.held_at <= clock.now(),
        "cases": [_case(one, clock, may_write=may_write) for one in found.cases],
        "not_shared": [
            ngettext(
                "%(n)s young person of {agency}, not shared with you",
                "%(n)s young people of {agency}, not shared with you",
                one.entries,
            ).format(agency=one.agency)
            for one in found.not_shared
        ],
        "agencies": [(one.agency_id, one.agency) for one in found.seats],
        "minors": [(row.id, row.code) for row in own] if may_write else [],
        "form": pressed.sent,
        "of": pressed.of,
        "refused": refused(pressed),
    }


def _line(one: ConferenceRead, clock: Clock) -> Json:
    return {
        "href": f"/conferences/{one.id}",
        "name": one.name,
        "when": words.clock_time(one.held_at, clock.zone, clock.tonight()),
        "by": one.agency,
        "cases": len(one.cases) + sum(more.entries for more in one.not_shared),
    }


def _seat(one: SeatRead) -> Json:
    came = {True: gettext("Came"), False: gettext("Did not come"), None: gettext("Asked to come")}
    return {"id": one.agency_id, "agency": one.agency, "came": came[one.came], "noted": one.came is not None}


def _case(one: CaseRead, clock: Clock, *, may_write: bool) -> Json:
    return {
        "id": one.id,
        "code": one.code,
        "href": f"/minors/{one.minor_id}",
        "agency": one.agency,
        "own": one.own and may_write,
        "decisions": None
        if one.decisions is None
        else [{"words": said.words, "when": words.ago(said.decided_at, clock.now())} for said in one.decisions],
        "tasks": None if one.tasks is None else [_task(task, clock, own=one.own) for task in one.tasks],
    }


def _task(one: ConferenceTaskRead, clock: Clock, *, own: bool = False) -> Json:
    return {
        "id": one.id,
        "conference": f"/conferences/{one.conference_id}",
        "code": one.code,
        "words": one.words,
        "agency": one.agency,
        "may": one.mine or own,
        "done": None if one.done_at is None else words.ago(one.done_at, clock.now()),
        "overdue": one.overdue,
        "due": words.day(one.due_on, clock.tonight()),
    }
