"""The page of one question to a house, in words: where it stands, what to do now, what comes next."""

from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Permission
from app.clock import Clock
from app.facilities.models import Facility
from app.placements.arrival import Directions, opens_at
from app.placements.rights import said
from app.placements.workflow import OfferRead
from app.referrals.schemas import ReferralRead
from app.referrals.summary import summary
from app.stays.codes import DecidedBy, OfferStatus
from app.stays.models import Offer
from app.stays.schemas import StayRead
from app.web import words
from app.web.places import counties
from app.web.translation import gettext, marked

Json = dict[str, Any]

# What a tab and the browser's history keep: a code, never a house.
TABS = {
    OfferStatus.OPEN: marked("waiting for an answer"),
    OfferStatus.ACCEPTED: marked("the house said yes"),
    OfferStatus.DECLINED: marked("the house said no"),
    OfferStatus.WITHDRAWN: marked("taken back"),
    OfferStatus.STOOD_DOWN: marked("another house said yes"),
    OfferStatus.RAN_OUT: marked("no answer"),
}
STANDS = {
    OfferStatus.OPEN: marked("waiting for %(house)s"),
    OfferStatus.ACCEPTED: marked("%(house)s said yes"),
    OfferStatus.DECLINED: marked("%(house)s said no"),
    OfferStatus.WITHDRAWN: marked("taken back from %(house)s"),
    OfferStatus.STOOD_DOWN: marked("another house said yes before %(house)s"),
    OfferStatus.RAN_OUT: marked("no answer from %(house)s"),
}


def offer_view(
    session: Session,
    offer: OfferRead,
    referral: ReferralRead,
    stay: StayRead | None,
    way: Directions | None,
    actor: Actor,
    clock: Clock,
) -> Json:
    """Everything that the page shows."""
    now, tonight = clock.now(), clock.tonight()
    house = session.get_one(Facility, offer.facility_id)
    status = OfferStatus.RAN_OUT if offer.status is OfferStatus.OPEN and offer.answer_by <= now else offer.status
    stands = gettext(STANDS[status]) % {"house": offer.facility}
    if stay is not None and stay.arrived:
        stands = gettext("arrived at %(house)s") % {"house": offer.facility}
    waits = status is OfferStatus.OPEN
    return {
        "title": f"{referral.code}: {stands}",
        "tab": f"{referral.code}: {gettext(TABS[status])}",
        "summary": summary(referral, tonight),
        "status": status.value,
        "house": offer.facility,
        "region": house.region,
        "county": _county(session, offer, house, stay, actor),
        "phone": house.duty_phone,
        "due": words.clock_time(offer.answer_by, clock.zone, tonight),
        "bed": _bed(offer, clock) if offer.hold is not None else None,
        "sent": words.ago(offer.sent_at, now),
        "right": said(offer.authority, offer.authority_until, clock),
        "why": None if offer.choice_reason is None else words.said(words.CHOICE_REASONS, offer.choice_reason),
        "no": _no(offer) if status is OfferStatus.DECLINED else None,
        "may_take_back": waits and actor.may(Permission.HOLD_WRITE),
        "may_undo": waits and offer.hold is not None and now <= offer.hold.undo_until,
        "expected": stay is not None and not stay.arrived and stay.left_on is None,
        "may_move": actor.may(Permission.STAY_WRITE),
        "from_tonight": stay is not None and stay.admitted_on <= tonight,
        "since": [] if stay is None else words.nights_since(stay.admitted_on, tonight),
        "first_night": None if stay is None else words.day(stay.admitted_on, tonight),
        "way": way,
        "way_from": None if stay is None else _not_yet(stay, clock),
        "refresh": waits or (stay is not None and not stay.arrived),
        "stay": f"/stays/{stay.id}" if stay is not None and stay.left_on is None else None,
        "next": f"/referrals/{referral.id}",
        "waits_again": referral.status.value == "open" and not waits,
        "here": f"/referrals/{referral.id}/offers/{offer.id}",
    }


def _county(session: Session, offer: OfferRead, house: Facility, stay: StayRead | None, actor: Actor) -> str | None:
    """Nearer than the region, for the agency that placed alone: from the yes on, until the end of the stay."""
    if offer.status is not OfferStatus.ACCEPTED or stay is None or stay.left_on is not None or house.county is None:
        return None
    if session.get_one(Offer, offer.id).agency_id != actor.agency_id:
        return None
    county = counties().get(house.county)
    return None if county is None else f"{county.label}, {county.state}"


def _bed(offer: OfferRead, clock: Clock) -> str:
    hold, tonight = offer.hold, clock.tonight()
    if hold is None:
        return ""
    nights = (hold.until_night - hold.first_night).days
    return gettext("%(bed)s, %(nights)s from the night of %(day)s") % {
        "bed": hold.bed,
        "nights": words.nights(nights),
        "day": words.day(hold.first_night, tonight),
    }


def _not_yet(stay: StayRead, clock: Clock) -> str | None:
    """From when on the way is shown, where that is still to come."""
    opens = opens_at(stay.admitted_on, clock)
    return words.clock_time(opens, clock.zone, clock.tonight()) if clock.now() < opens else None


def _no(offer: OfferRead) -> str:
    """Whose no, and why: the second reason as well."""
    reasons = [
        words.said(words.DECLINE_REASONS, r).lower() for r in (offer.reason, offer.second_reason) if r is not None
    ]
    who = gettext("The young person") if offer.decided_by is DecidedBy.YOUNG_PERSON else gettext("The house")
    return gettext("%(who)s said no: %(reasons)s.") % {"who": who, "reasons": words.listed(reasons)}
