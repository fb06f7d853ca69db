"""Offers: reading them, the house's answer, and taking the question back."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.beds import ledger
from app.beds.models import HoldEnd
from app.codes import trail_id
from app.db import Database
from app.errors import Problem
from app.facilities import service as facilities
from app.gaps import service as gaps
from app.idempotency import NO_KEY, Once
from app.placements import clash, service
from app.placements.accepting import accept, close
from app.placements.holding import (
    Outdated,
    lock_referral,
    tell_agency,
    tell_house,
)
from app.placements.told_offers import UNDO_WITHIN, shown
from app.placements.workflow import Answer, OfferRead
from app.referrals import service as referrals
from app.referrals.models import Referral
from app.stays.codes import DecidedBy, OfferStatus
from app.stays.models import Offer

Json = dict[str, Any]

TRIES = 3


def list_offers(session: Session, actor: Actor, referral_id: str, now: datetime) -> list[OfferRead]:
    """The offers of a referral, the newest first."""
    referrals.find(session, actor, referral_id, now, "offer.list")
    record(session, actor, "offer.list", "referral", trail_id(referral_id))
    rows = session.scalars(
        select(Offer).where(Offer.referral_id == referral_id).order_by(Offer.sent_at.desc(), Offer.id)
    )
    return shown(session, rows.all())


def read_offer(session: Session, actor: Actor, referral_id: str, offer_id: str, now: datetime) -> OfferRead:
    """One offer, found through its referral."""
    row = _find(session, actor, referral_id, offer_id, now, "offer.read")
    record(session, actor, "offer.read", "offer", row.id)
    return shown(session, [row])[0]


def _find(session: Session, actor: Actor, referral_id: str, offer_id: str, now: datetime, action: str) -> Offer:
    referrals.find(session, actor, referral_id, now, action)
    row = session.scalar(select(Offer).where(Offer.id == offer_id, Offer.referral_id == referral_id))
    if row is None:
        raise hidden(actor, action, "offer", offer_id)
    return row


def find_for_house(session: Session, actor: Actor, facility_id: str, offer_id: str, action: str) -> Offer:
    """An offer to a house the actor works in."""
    facilities.find_own(session, actor, facility_id, action)
    row = session.scalar(select(Offer).where(Offer.id == offer_id, Offer.facility_id == facility_id))
    if row is None:
        raise hidden(actor, action, "offer", offer_id)
    return row


def withdraw(
    session: Session, actor: Actor, referral_id: str, offer_id: str, now: datetime, *, undo: bool = False
) -> OfferRead:
    """Take the question back: no decline of anybody's. As an undo, within ten minutes, it leaves the hold as undone."""
    referrals.find_own(session, actor, referral_id, now, "offer.withdraw")
    offer = _find(session, actor, referral_id, offer_id, now, "offer.withdraw")
    lock_referral(session, session.get_one(Referral, referral_id))
    session.refresh(offer)
    if undo and now - offer.sent_at > UNDO_WITHIN:
        raise Problem("too_late")
    must_be_open(offer, now)
    close(session, offer, OfferStatus.WITHDRAWN, HoldEnd.UNDONE if undo else HoldEnd.RELEASED, actor.id, now)
    record(session, actor, "offer.undo" if undo else "offer.withdraw", "offer", offer.id)
    tell_house(session, "offer.withdrawn", offer)
    return shown(session, [offer])[0]


def answer(
    database: Database, actor: Actor, facility_id: str, offer_id: str, said: Answer, *, request_id: str | None = None
) -> Offer:
    """The house's yes or no. A yes is judged again first, if anything has changed."""
    return answer_once(database, actor, facility_id, offer_id, said, NO_KEY, request_id=request_id)[0]


def answer_once(
    database: Database,
    actor: Actor,
    facility_id: str,
    offer_id: str,
    said: Answer,
    once: Once,
    *,
    request_id: str | None = None,
) -> tuple[Offer, bool]:
    """The same, and whether the same request had said it before."""
    rerun: str | None = None
    for _ in range(TRIES):
        now, tonight = database.clock.now(), database.clock.tonight()
        try:
            with database.writing() as session:
                session.info["request_id"] = request_id
                offer = find_for_house(session, actor, facility_id, offer_id, "offer.answer")
                referral = session.get_one(Referral, offer.referral_id)
                lock_referral(session, referral)
                session.refresh(offer)
                if once.earlier(session, actor.id) is not None:
                    return offer, True
                must_be_open(offer, now)
                if said.accept:
                    accept(session, actor, offer, referral, rerun or offer.run_id, now, tonight)
                else:
                    _decline(session, actor, offer, said, now)
                once.remember(session, actor.id, offer.id)
                return offer, False
        except Outdated:
            rerun = _ranked_again(database, actor, offer_id)
        except ledger.Taken as taken:
            if taken.what == "minor":
                clash.open_for(database, referral.id)
                raise Problem("conflict") from None
            break
    raise Problem("not_now", "The bed was taken by another movement. Look at the board and answer again.")


def _decline(session: Session, actor: Actor, offer: Offer, said: Answer, now: datetime) -> None:
    close(session, offer, OfferStatus.DECLINED, HoldEnd.DECLINED, actor.id, now, said)
    if said.reason is not None and said.decided_by is DecidedBy.FACILITY:
        asked = (offer.id, offer.referral_id, offer.agency_id, offer.first_night)
        gaps.of_decline(session, *asked, said.reason, now)
    record(session, actor, "offer.decline", "offer", offer.id, reason=f"decline.{said.reason}")
    tell_agency(session, "offer.declined", offer)


def _ranked_again(database: Database, actor: Actor, offer_id: str) -> str:
    """A fresh decision for the referral behind an offer, made for the agency that asked."""
    with database.reading() as session:
        offer = session.get_one(Offer, offer_id)
    return service.rank_for(database, actor, offer.referral_id, offer.agency_id).run_id


def must_be_open(offer: Offer, now: datetime) -> None:
    """Refuse what has ended, by an answer or by its hour."""
    if offer.status is not OfferStatus.OPEN or offer.answer_by <= now:
        raise Problem("offer_ended")
