"""The referral form: eight answers, each of which may be "not known"; the rest is folded away."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.audit.service import record
from app.clock import Clock, Now
from app.codes import Ref, trail_id
from app.db import DbSession
from app.facilities.models import Facility
from app.funding.models import Fund
from app.minors.flags import level_of
from app.minors.records import own_record, record_code
from app.minors.schemas import MinorRead
from app.minors.service import read_minors
from app.referrals import form as reading
from app.referrals import service
from app.referrals.form import LookUp
from app.referrals.models import Referral
from app.referrals.schemas import ReferralRead
from app.sharing.service import visible_minors
from app.web import words
from app.web.answers import Form
from app.web.pages import page
from app.web.places import counties_of
from app.web.translation import gettext

router = APIRouter(include_in_schema=False)

Writer = Annotated[Actor, require(Permission.REFERRAL_WRITE)]


async def sent_form(request: Request) -> Form:
    """What the page's form sent, every value of every name."""
    return Form((name, value) for name, value in (await request.form()).multi_items() if isinstance(value, str))


Sent = Annotated[Form, Depends(sent_form)]


@router.get("/referrals/new")
def new(request: Request, session: DbSession, actor: Writer) -> Response:
    """An empty form."""
    return form_page(request, session, actor, reading.BLANK, {}, anew())


@router.get("/referrals/{referral_id}/change")
def change(request: Request, session: DbSession, actor: Writer, clock: Now, referral_id: Ref) -> Response:
    """The form as it was answered so far."""
    service.find_own(session, actor, referral_id, clock.now(), "referral.change")
    found = service.read_referral(session, actor, referral_id, clock.now(), clock.tonight())
    form = reading.filled(found, codes_of(session, actor, clock, found.minor), clock.tonight())
    return form_page(request, session, actor, form, {}, changing(found))


@router.get("/referrals/{referral_id}/again")
def again(request: Request, session: DbSession, actor: Writer, clock: Now, referral_id: Ref) -> Response:
    """The form for the same young person: what is known stands in it, and when a bed is needed is asked anew."""
    service.find_own(session, actor, referral_id, clock.now(), "referral.again")
    found = service.read_referral(session, actor, referral_id, clock.now(), clock.tonight())
    form = Form([*reading.known(found.minor, codes_of(session, actor, clock, found.minor)), *reading.ASKED_ANEW])
    return form_page(request, session, actor, form, {}, once_more(found))


@router.get("/minors/{minor_id}/referral")
def of_record(request: Request, session: DbSession, actor: Writer, clock: Now, minor_id: Ref) -> Response:
    """The form for the young person of a record: what is known stands in it, and what the flag says."""
    row = own_record(session, actor, minor_id, clock.now(), "referral.again")
    found = read_minors(session, [row])[minor_id]
    record(session, actor, "record.read", "minor", trail_id(minor_id))
    known = reading.known(found, codes_of(session, actor, clock, found))
    level = None if found.trafficking else level_of(session, minor_id, clock.today())
    flagged = [] if level is None else [("trafficking", level.value)]
    form = Form([*(pair for pair in known if not flagged or pair[0] != "trafficking"), *flagged, *reading.ASKED_ANEW])
    return form_page(request, session, actor, form, {}, recorded(minor_id))


@dataclass(frozen=True, slots=True)
class About:
    """What a form is about: what it is called, where it leads and back, and what it was made from."""

    heading: str
    action: str
    back: str = "/"
    record: str | None = None
    version: int | str | None = None
    same: bool = False
    """Whether somebody who is known is referred."""


def anew() -> About:
    """Somebody of whom nothing is known here."""
    return About(gettext("New referral"), "/referrals")


def changing(referral: ReferralRead, version: str | None = None) -> About:
    """A referral that waits."""
    here, person = f"/referrals/{referral.id}", f"/minors/{referral.minor.id}"
    return About(gettext("Change %s") % referral.code, here, here, person, version or referral.version)


def once_more(referral: ReferralRead) -> About:
    """The young person of an earlier referral."""
    here, person = f"/referrals/{referral.id}", f"/minors/{referral.minor.id}"
    return About(gettext("New referral after %s") % referral.code, f"{here}/again", here, person, same=True)


def recorded(minor_id: str) -> About:
    """The young person of a record."""
    here = f"/minors/{minor_id}"
    return About(gettext("New referral of %s") % record_code(minor_id), f"{here}/referral", here, here, same=True)


def form_page(
    request: Request,
    session: Session,
    actor: Actor,
    form: Form,
    errors: Mapping[str, str],
    about: About,
    *,
    status: int = 200,
) -> Response:
    """The form with what was typed in it, and every problem at once.

    `errors` are by field; what belongs to no field is under "".
    """
    houses = session.execute(select(Facility.id, Facility.alias, Facility.state, Facility.declines, Facility.languages))
    network = houses.all()
    context = {
        "heading": about.heading,
        "same": about.same,
        "press": gettext("Find beds") if actor.may(Permission.RANKING_RUN) else gettext("Send referral"),
        "action": about.action,
        "may_share": actor.may(Permission.RELEASE_READ),
        "back": about.back,
        "record": about.record,
        "version": about.version,
        "form": form,
        "errors": dict(errors),
        "choices": _choices(session, network),
        "county_groups": _groups({house.state for house in network}),
        "past_rows": reading.past_rows(form),
        "more_open": form.one("press") == "more_past" or any(name in reading.FOLDED for name in errors),
    }
    return page(request, "referrals/form.html", context, actor=actor, here="home", status=status, exit_link=True)


# What may be chosen beside the choices themselves, and under which name the choices stand.
_BESIDE = {"conditions": {"none"}}
_CHOICES_OF = {"prefer": "houses", "refuse": "houses"}


def not_on_the_form(session: Session, form: Form) -> dict[str, str]:
    """The fields with a value that no choice of the form has: a choice is never guessed."""
    columns = (Facility.id, Facility.alias, Facility.state, Facility.declines, Facility.languages)
    choices = _choices(session, session.execute(select(*columns)).all())
    names = ("needed", "gender", "trafficking", "custody", "infants", "conditions", "languages", "prefer", "refuse")
    known = {name: {code for code, _ in choices[_CHOICES_OF.get(name, name)]} for name in names}
    return {
        name: gettext("Choose one of the answers")
        for name in names
        if set(form.many(name)) - known[name] - _BESIDE.get(name, set())
    }


def minors_by_code(session: Session, actor: Actor, clock: Clock) -> LookUp:
    """Find minors by the codes of their referrals, among those that the actor may see."""

    def look_up(codes: list[str]) -> dict[str, str]:
        seen = visible_minors(actor, clock.now())
        rows = session.execute(
            select(Referral.code, Referral.minor_id).where(Referral.code.in_(codes), Referral.minor_id.in_(seen))
        )
        return {row.code: row.minor_id for row in rows}

    return look_up


def codes_of(session: Session, actor: Actor, clock: Clock, minor: MinorRead) -> dict[str, str]:
    """Codes by minor, of the people whom a profile names and the actor may see."""
    people = minor.others()
    seen = visible_minors(actor, clock.now())
    rows = session.execute(
        select(Referral.minor_id, Referral.code).where(Referral.minor_id.in_(people), Referral.minor_id.in_(seen))
    )
    return {row.minor_id: row.code for row in rows}


def _choices(session: Session, network: Iterable[Any]) -> dict[str, list[tuple[str, str]]]:
    declined = {code for house in network for code in house.declines or ()}
    spoken = {code for house in network for code in house.languages or ()}
    funds = session.execute(select(Fund.id, Fund.program)).all()
    return {
        "gender": _said(words.GENDERS),
        "needed": [
            ("1", gettext("Tonight")),
            ("2", gettext("Within 24 hours")),
            ("3", gettext("Within 3 days")),
            ("4", gettext("Planned")),
        ],
        "trafficking": _said(words.TRAFFICKING),
        "custody": _said(words.CUSTODY),
        "infants": [
            ("0", gettext("No")),
            (reading.PREGNANT, gettext("Pregnant, no child along")),
            ("some", gettext("With a child")),
        ],
        "conditions": _said(words.CONDITIONS, declined),
        "languages": _said(words.LANGUAGES, spoken),
        "houses": sorted(((house.id, house.alias) for house in network), key=lambda row: row[1]),
        "funds": sorted(((fund.id, fund.program or fund.id) for fund in funds), key=lambda row: row[1]),
    }


def _said(table: Mapping[str, str], more: Iterable[str] = ()) -> list[tuple[str, str]]:
    """The choices of a table, and codes that a network uses beside it."""
    extra = [(code, words.code_words(code).capitalize()) for code in sorted(set(more) - set(table))]
    return [(code, gettext(text)) for code, text in table.items()] + extra


def _groups(states: Iterable[str]) -> list[tuple[str, list[Any]]]:
    return [(state, list(rows)) for state, rows in groupby(counties_of(states), key=lambda row: row.state)]
