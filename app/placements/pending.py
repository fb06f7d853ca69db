"""What needs a coordinator tonight: answers that are due, young people on the way, and money that ends soon."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.beds.models import BedNight
from app.clock import Clock
from app.facilities.models import Facility
from app.referrals.models import Referral, ReferralStatus
from app.sharing.service import visible_minors
from app.stays.codes import OfferStatus
from app.stays.models import Admission, Offer, Stay
from app.stays.unpaid import AWAY
from app.web import words
from app.web.translation import gettext

Json = dict[str, Any]

SOON = timedelta(days=7)
UNANSWERED_FOR = timedelta(days=1)
MOST_ROWS = 50


def asked(session: Session, actor: Actor, clock: Clock) -> list[Json]:
    """Questions to houses that wait for an answer, the first due on top."""
    now, tonight = clock.now(), clock.tonight()
    rows = session.execute(
        _offers(actor, now)
        .where(Offer.status == OfferStatus.OPEN, Offer.answer_by > now)
        .order_by(Offer.answer_by, Offer.id)
    )
    return [
        _row(offer, code, house)
        | {
            "text": gettext("Answer due %(due)s") % {"due": words.clock_time(offer.answer_by, clock.zone, tonight)},
            "held": offer.hold_id is not None,
        }
        for offer, code, house in rows
    ]


def unanswered(session: Session, actor: Actor, clock: Clock) -> list[Json]:
    """Questions of the last day whose hour has passed without an answer, of referrals that still wait."""
    now, tonight = clock.now(), clock.tonight()
    # Ended or not: the worker may not have come round yet.
    rows = session.execute(
        _offers(actor, now)
        .where(
            Offer.status.in_((OfferStatus.RAN_OUT, OfferStatus.OPEN)),
            Offer.answer_by <= now,
            Offer.answer_by > now - UNANSWERED_FOR,
            Referral.status == ReferralStatus.OPEN,
        )
        .order_by(Offer.answer_by.desc(), Offer.id)
    )
    return [
        _row(offer, code, house)
        | {"text": gettext("No answer by %(due)s") % {"due": words.clock_time(offer.answer_by, clock.zone, tonight)}}
        for offer, code, house in rows
    ]


def coming(session: Session, actor: Actor, clock: Clock) -> list[Json]:
    """Houses that said yes, and nobody has said yet that the young person is there."""
    now, tonight = clock.now(), clock.tonight()
    rows = session.execute(
        _offers(actor, now)
        .join(Admission, Admission.offer_id == Offer.id)
        .join(Stay, Stay.id == Admission.stay_id)
        .add_columns(Stay.admitted_on)
        .where(Admission.arrived_at.is_(None), Stay.left_on.is_(None))
        .order_by(Stay.admitted_on, Offer.id)
    )
    return [
        _row(offer, code, house)
        | {"text": gettext("Expected for the night of %(day)s") % {"day": words.day(on, tonight)}}
        for offer, code, house, on in rows
    ]


def ending(session: Session, actor: Actor, clock: Clock) -> list[Json]:
    """Stays whose last paid night comes within a week, the soonest first."""
    now, tonight = clock.now(), clock.tonight()
    unpaid = first_unpaid(session, actor, now, tonight)
    soon = {stay: on for stay, on in unpaid.items() if on <= tonight + SOON}
    rows = session.execute(
        select(Stay.id, Referral.code, Facility.alias)
        .join(Admission, Admission.stay_id == Stay.id)
        .join(Offer, Offer.id == Admission.offer_id)
        .join(Referral, Referral.id == Offer.referral_id)
        .join(Facility, Facility.id == Stay.facility_id)
        .where(Stay.id.in_(soon))
    ).all()
    return [
        {
            "href": f"/stays/{stay_id}",
            "code": code,
            "house": house,
            "held": False,
            "text": _money_ends(soon[stay_id], tonight),
        }
        for stay_id, code, house in sorted(rows, key=lambda row: (soon[row.id], row.code))
    ]


def first_unpaid(session: Session, actor: Actor, now: datetime, tonight: date) -> dict[str, date]:
    """Of each stay in force that the agency may see: the night after the last one in a row that somebody pays.

    A night away in a bed that is kept unpaid is none that anybody owes.
    """
    paid = (
        select(BedNight.stay_id, BedNight.night, (BedNight.fund_id.is_(None) & ~AWAY).label("bare"))
        .join(Stay, Stay.id == BedNight.stay_id)
        .where(Stay.minor_id.in_(visible_minors(actor, now)), Stay.left_on.is_(None), BedNight.night >= tonight)
        .subquery()
    )
    bare = dict(
        session.execute(
            select(paid.c.stay_id, func.min(paid.c.night)).where(paid.c.bare).group_by(paid.c.stay_id)
        ).all()
    )
    last = dict(session.execute(select(paid.c.stay_id, func.max(paid.c.night)).group_by(paid.c.stay_id)).all())
    return {stay: bare.get(stay, end + timedelta(days=1)) for stay, end in last.items()}


def _offers(actor: Actor, now: datetime) -> Any:
    return (
        select(Offer, Referral.code, Facility.alias)
        .join(Referral, Referral.id == Offer.referral_id)
        .join(Facility, Facility.id == Offer.facility_id)
        .where(Offer.minor_id.in_(visible_minors(actor, now)), Offer.agency_id == actor.agency_id)
        .limit(MOST_ROWS)
    )


def _row(offer: Offer, code: str, house: str) -> Json:
    return {"href": f"/referrals/{offer.referral_id}/offers/{offer.id}", "code": code, "house": house, "held": False}


def _money_ends(on: date, tonight: date) -> str:
    left = (on - tonight).days
    if left <= 0:
        return gettext("Nobody pays tonight")
    return gettext("Last paid night %(day)s, %(nights)s from tonight on") % {
        "day": words.day(on - timedelta(days=1), tonight),
        "nights": words.nights(left),
    }
