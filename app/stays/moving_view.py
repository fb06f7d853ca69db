"""How a stay can be moved, in words: nights away and back, another bed of the house, more nights."""

from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Permission
from app.answers.names import fund_names
from app.beds.ledger import in_force
from app.beds.models import BedNight
from app.clock import Clock
from app.facilities.models import Bed, BedStatus, FacilityFund
from app.funding.models import Absence, FundClock
from app.stays.models import Admission, Offer, Stay
from app.stays.movements import nights_left
from app.stays.parties import parties
from app.stays.rooms import SuitingRooms
from app.stays.schemas import StayRead
from app.stays.told_cards import gone
from app.stays.unpaid import TAKEN_UNPAID
from app.web import words
from app.web.answers import Form
from app.web.translation import gettext, marked

Json = dict[str, Any]

TYPED = ("first", "back_on", "note", "on", "until", "why")
EARLY = time(5)
"""Who leaves before has rather run away in the night than slept it."""
RULES = {
    Absence.COUNTS: marked("%(fund)s: nights away count towards its cap like nights here."),
    Absence.PAUSES: marked("%(fund)s: its cap stands still for nights away."),
}


def moving_view(
    session: Session,
    stay: StayRead,
    actor: Actor,
    clock: Clock,
    sent: Form,
    wrong: Mapping[str, str],
    rooms: SuitingRooms,
) -> Json | None:
    """What the forms show; None where nobody is there who could be moved, or the actor may not."""
    if stay.left_on is not None or not stay.arrived or stay.facility_id is None or not actor.may(Permission.STAY_WRITE):
        return None
    tonight = clock.tonight()
    return {
        "version": stay.version,
        "here": stay.bed_id is not None,
        "away": [
            {
                "said": _nights(out.from_, out.until, tonight),
                "now": out.from_ <= tonight,
                "kept": stay.bed_id is not None,
            }
            for out in stay.away
            if out.until > tonight
        ],
        "rules": _rules(session, stay.id, tonight),
        "beds": _beds(session, stay, clock, rooms),
        "past": actor.may(Permission.PAYER_CORRECT) and stay.admitted_on < tonight - timedelta(days=1),
        "why": _asks_why(session, stay.id),
        "open": sent.one("move"),
        "typed": {name: sent.one(name) for name in TYPED},
        "wrong": dict(wrong),
    }


def correcting_view(
    session: Session, stay: StayRead, actor: Actor, clock: Clock, sent: Form, wrong: Mapping[str, str]
) -> Json | None:
    """What a correction of past payers asks; None for whom it is no matter of, and before a night is over."""
    row = session.get_one(Stay, stay.id)
    over = stay.admitted_on < clock.tonight()
    if not over or not actor.may(Permission.PAYER_CORRECT) or actor.agency_id not in parties(session, row):
        return None
    accepted = session.scalars(select(FacilityFund.fund_id).where(FacilityFund.facility_id == stay.facility_id))
    # Of a stay that somebody told of, whoever pays in the network may have paid it.
    known = {*accepted, *(payer.fund for payer in stay.payers)} if row.in_house else None
    names = fund_names(session, known)
    return {
        "version": stay.version,
        "funds": sorted(names.items(), key=lambda pair: pair[1]),
        "open": sent.one("move") == "payers",
        "typed": {name: sent.one(name) for name in ("paid_from", "paid_through", "fund", "because")},
        "wrong": dict(wrong),
    }


def morning(clock: Clock) -> Json | None:
    """From midnight until the night turns: whether who leaves has slept this night, which is likely from five on."""
    if clock.today() == clock.tonight():
        return None
    return {
        "day": clock.today().isoformat(),
        "likely": clock.now().astimezone(clock.zone).time() >= EARLY,
        "text": gettext("Slept here this night: it counts"),
    }


def left_this_morning(session: Session, stay_ids: Iterable[str]) -> frozenset[str]:
    """Of these stays, with a night that is not over, those that somebody has left already."""
    return frozenset(session.scalars(select(Stay.id).where(Stay.id.in_(list(stay_ids)), gone(Stay.id))))


def out_tonight(stay: StayRead, tonight: date) -> str | None:
    """Which nights somebody who stays on sleeps elsewhere now, and what of the bed; None of who is here."""
    out = next((out for out in stay.away if out.from_ <= tonight < out.until), None)
    if stay.left_on is not None or not stay.arrived or out is None:
        return None
    bed = gettext("no bed is kept") if stay.bed_id is None else gettext("the bed is kept")
    return f"{_nights(out.from_, out.until, tonight)}, {bed}"


def without_bed(session: Session, stays: Iterable[StayRead], clock: Clock) -> set[str]:
    """Of stays those whose young person is here tonight and has no bed: none is set, or somebody else has it."""
    tonight = clock.tonight()
    here = [
        stay
        for stay in stays
        if stay.arrived
        and stay.admitted_on <= tonight
        and (stay.left_on is None or stay.left_on > tonight)
        and out_tonight(stay, tonight) is None
    ]
    rows = session.execute(
        select(BedNight.bed_id, BedNight.stay_id).where(
            BedNight.bed_id.in_([stay.bed_id for stay in here if stay.bed_id is not None]),
            BedNight.night == tonight,
            in_force(clock.now()),
        )
    )
    holders: dict[str, str | None] = dict(rows.all())
    return {stay.id for stay in here if stay.bed_id is None or holders.get(stay.bed_id, stay.id) != stay.id}


def _nights(first: date, until: date, tonight: date) -> str:
    last = until - timedelta(days=1)
    if first == last:
        return gettext("Night of %(day)s") % {"day": words.day(first, tonight)}
    return gettext("Nights of %(first)s through %(last)s") % {
        "first": words.day(first, tonight),
        "last": words.day(last, tonight),
    }


def _rules(session: Session, stay_id: str, tonight: date) -> list[str]:
    """What nights away do to the cap of whoever pays the nights to come."""
    rows = session.execute(
        select(BedNight.fund_id, FundClock.absence)
        .join(FundClock, FundClock.limit_id == BedNight.limit_id)
        .where(BedNight.stay_id == stay_id, BedNight.night >= tonight, BedNight.fund_id.is_not(None))
        .distinct()
        .order_by(BedNight.fund_id, FundClock.absence)
    ).all()
    names = fund_names(session, [row.fund_id for row in rows])
    return [gettext(RULES[row.absence]) % {"fund": names.get(row.fund_id, row.fund_id)} for row in rows]


def _beds(session: Session, stay: StayRead, clock: Clock, rooms: SuitingRooms) -> list[tuple[str, str]]:
    """The beds of the house that are open tonight, in rooms that suit on all nights of the stay."""
    tonight, now = clock.tonight(), clock.now()
    row = session.get_one(Stay, stay.id)
    first, until = nights_left(session, row, tonight)
    suiting = rooms(session, row, first, until)
    taken = select(BedNight.bed_id).where(BedNight.night == tonight, in_force(now))
    beds = session.scalars(
        select(Bed)
        .where(Bed.facility_id == stay.facility_id, Bed.status == BedStatus.OPEN, Bed.id.not_in(taken))
        .order_by(Bed.name, Bed.id)
    )
    return [(bed.id, bed.name) for bed in beds if suiting.get(bed.unit_id)]


def _asks_why(session: Session, stay_id: str) -> bool:
    """Whether the bed was taken without a payer: then each night more needs a reason."""
    taken = select(Offer.id).join(Admission, Admission.offer_id == Offer.id).where(TAKEN_UNPAID)
    return session.scalar(taken, {"stay": stay_id}) is not None
