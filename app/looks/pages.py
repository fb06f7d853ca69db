"""`/referrals/{referral_id}/looks`: who looked, on a page."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.audit.models import Outcome
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.looks.schemas import Look
from app.looks.service import looks_at, looks_at_record
from app.paging import Place
from app.web import words
from app.web.pages import page
from app.web.translation import gettext, marked

router = APIRouter(include_in_schema=False)

Owner = Annotated[Actor, require(Permission.LOOKS_READ)]

DONE = {
    "referral.create": marked("Entered the referral"),
    "referral.read": marked("Read the referral"),
    "referral.change": marked("Changed the referral"),
    "referral.again": marked("Referred again"),
    "referral.end": marked("Closed the referral"),
    "identity.read": marked("Read who the young person is"),
    "identity.change": marked("Entered who the young person is"),
    "identity.search": marked("Found by a search for a name"),
    "expunge.read": marked("Read how far expunging is"),
    "expunge.ask": marked("Asked to expunge the record"),
    "expunge.agree": marked("Agreed to expunge the record"),
    "expunge.refuse": marked("Refused to expunge the record"),
    "record.begin": marked("Began the record"),
    "record.read": marked("Read the shared record"),
    "flag.make": marked("Flagged the young person"),
    "flag.review": marked("Reviewed a flag"),
    "flag.end": marked("Ended a flag"),
    "activity.add": marked("Entered a service or activity"),
    "activity.withdraw": marked("Took an entry back"),
    "link.make": marked("Said whether another record is of the same young person"),
    "link.undo": marked("Took that back"),
    "duplicate.look": marked("Looked for duplicates"),
    "contact.ask": marked("Asked other agencies to be in contact"),
    "conference.put": marked("Put the record on a conference's agenda"),
    "conference.take_off": marked("Took the record off a conference's agenda"),
    "conference.decide": marked("Wrote down what a conference decided"),
    "conference.give": marked("Gave a task from a conference"),
    "conference.done": marked("Said whether a conference's task is done"),
    "conference.read": marked("Read the record at a conference"),
    "contact.asked": marked("Told that an agency asks to be in contact"),
    "contact.answer": marked("Noted what is made of it"),
    "alert.tell": marked("Told another agency that may know, by a release or a law"),
    "looks.read": marked("Read this page"),
    "ranking.run": marked("Looked for a bed"),
    "ranking.read": marked("Read an answer"),
    "ranking.whole": marked("Read an answer whole, with what is about others"),
    "ranking.probing": marked("Changed facts and looked again, many times"),
    "hold.make": marked("Held a bed"),
    "hold.run_out": marked("A hold ran out"),
    "offer.make": marked("Asked a house"),
    "offer.read": marked("Read the question to a house"),
    "offer.list": marked("Read the questions to houses"),
    "offer.accept": marked("Said yes"),
    "offer.answer": marked("Answered the question to a house"),
    "offer.decline": marked("Said no"),
    "offer.withdraw": marked("Took the question back"),
    "offer.undo": marked("Undid a hold"),
    "offer.run_out": marked("A question ran out"),
    "authority.renew": marked("Renewed the authority to place"),
    "authority.warn": marked("Warned that the authority to place ends"),
    "address.read": marked("Read where the house is"),
    "release.make": marked("Put a release of information on record"),
    "legal_basis.make": marked("Put a law or an order on record, by which something is shared"),
    "legal_basis.list": marked("Read by which laws something is shared"),
    "legal_basis.read": marked("Read a law or an order on record"),
    "legal_basis.end": marked("Ended a law or an order on record"),
    "release.list": marked("Read what is shared with whom"),
    "release.read": marked("Read a release of information"),
    "release.withdraw": marked("Took a release of information back"),
    "emergency.open": marked("Took emergency access"),
    "emergency.end": marked("Gave emergency access back"),
    "emergency.read": marked("Read of an emergency access"),
    "emergency.review": marked("Reviewed an emergency access"),
    "emergency.suspend": marked("Suspended the right to emergency access: nobody reviewed it in time"),
    "exception.list": marked("Read the exceptions"),
    "stay.arrive": marked("Said: arrived"),
    "stay.not_arrived": marked("Said: did not arrive"),
    "stay.read": marked("Read the stay"),
    "stay.next": marked("Asked for the next placement"),
    "stay.extend": marked("Gave more nights"),
    "stay.transfer": marked("Moved to another bed"),
    "stay.away": marked("Said: away"),
    "stay.return": marked("Said: back"),
    "stay.correct": marked("Corrected who paid"),
    "stay.shorten": marked("Shortened the stay"),
    "stay.discharge": marked("Ended the stay"),
    "stay.cap_warning": marked("Warned that paid nights end"),
    "stay.list_past": marked("Read the earlier stays"),
    "stay.read_past": marked("Read an earlier stay"),
    "stay.add_past": marked("Entered an earlier stay"),
    "aftercare.read": marked("Read the plan for after"),
    "aftercare.change": marked("Changed the plan for after"),
}


@router.get("/referrals/{referral_id}/looks")
def show(
    request: Request, session: DbSession, actor: Owner, clock: Now, referral_id: Ref, place: Annotated[Place, Depends()]
) -> Response:
    """Who looked, the newest first, in pages."""
    rows, cursor = looks_at(session, actor, referral_id, place, clock.now())
    return _page(request, actor, clock, rows, cursor, f"/referrals/{quote(referral_id, safe='')}")


@router.get("/minors/{minor_id}/looks")
def show_record(
    request: Request, session: DbSession, actor: Owner, clock: Now, minor_id: Ref, place: Annotated[Place, Depends()]
) -> Response:
    """The same of a record that nobody may have asked a bed for."""
    rows, cursor = looks_at_record(session, actor, minor_id, place, clock.now())
    return _page(request, actor, clock, rows, cursor, f"/minors/{quote(minor_id, safe='')}")


def _page(
    request: Request, actor: Actor, clock: Clock, rows: Sequence[Look], cursor: str | None, back: str
) -> Response:
    context = {"rows": [_line(row, clock) for row in rows], "back": back, "cursor": cursor}
    return page(request, "looks/looks.html", context, actor=actor, here="home", exit_link=True)


def _line(row: Look, clock: Clock) -> dict[str, Any]:
    by = row.by or gettext("Bednight itself")
    return {
        "at": words.clock_time(row.at, clock.zone, clock.tonight()),
        "by": by if row.agency in (None, row.by) else f"{by}, {row.agency}",
        "what": gettext(DONE.get(row.action, marked("Something else"))),
        "code": None if row.action in DONE else row.action,
        "refused": row.outcome is Outcome.DENIED,
        "under_release": row.under_release,
    }
