"""Holds: a bed kept for one referral until an hour. What the bed's card says follows the hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.beds import ledger
from app.beds.cards import Card, turn
from app.beds.ledger import Payer
from app.beds.models import Hold, HoldEnd
from app.db import new_id
from app.facilities.models import Bed, BedStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which bed, for whom, on which nights, and until when to keep it."""

    facility_id: str
    bed_id: str
    minor_id: str
    referral_id: str
    agency_id: str
    first: date
    until: date
    expires_at: datetime
    payers: Mapping[date, Payer]


def make(session: Session, wanted: Wanted, by: str, now: datetime, tonight: date) -> Hold:
    """Begin to keep a bed: the hold and what the card says. It has no nights before it is given them by `claim`."""
    hold = Hold(
        id=new_id("hold"),
        facility_id=wanted.facility_id,
        bed_id=wanted.bed_id,
        minor_id=wanted.minor_id,
        referral_id=wanted.referral_id,
        agency_id=wanted.agency_id,
        first_night=wanted.first,
        until_night=wanted.until,
        made_at=now,
        made_by=by,
        expires_at=wanted.expires_at,
    )
    session.add(hold)
    session.flush()
    if wanted.first <= tonight:
        keep_card(session, wanted.bed_id, wanted.referral_id, by)
    return hold


def claim(session: Session, hold: Hold, wanted: Wanted, now: datetime) -> None:
    """Take the nights of a hold; raises ledger.Taken where somebody has one, and then the transaction must end."""
    ledger.claim(
        session,
        facility_id=wanted.facility_id,
        bed_id=wanted.bed_id,
        minor_id=wanted.minor_id,
        first=wanted.first,
        until=wanted.until,
        holder=ledger.Holder(hold_id=hold.id, expires_at=wanted.expires_at),
        now=now,
        payers=wanted.payers,
    )


def end(session: Session, hold: Hold, how: HoldEnd, now: datetime) -> None:
    """End a hold that is in force, and free its nights; one that has ended stays as it ended."""
    if hold.ended_at is not None:
        return
    ledger.stamp(session, hold.facility_id)
    hold.ended_at, hold.ended_how = now, how
    session.flush()
    ledger.drop_hold(session, hold.id)
    again = of_referral(session, hold.referral_id, now)
    if again is None or again.bed_id != hold.bed_id:
        free_card(session, hold.bed_id, hold.referral_id)


def accept(session: Session, hold: Hold, stay_id: str, now: datetime) -> bool:
    """Turn a hold into the stay that it was for; False where it has run out, and then nothing may be kept."""
    if hold.ended_at is not None or hold.expires_at <= now:
        return False
    ledger.stamp(session, hold.facility_id)
    hold.ended_at, hold.ended_how = now, HoldEnd.ACCEPTED
    session.flush()
    return ledger.hold_to_stay(session, hold.id, stay_id, (hold.until_night - hold.first_night).days, now)


def in_force(session: Session, now: datetime) -> list[Hold]:
    """Every hold that keeps a bed now."""
    query = select(Hold).where(Hold.ended_at.is_(None), Hold.expires_at > now).order_by(Hold.id)
    return list(session.scalars(query))


def run_out(session: Session, now: datetime) -> list[str]:
    """Ids of holds whose hour has passed and that nobody has ended yet."""
    query = select(Hold.id).where(Hold.ended_at.is_(None), Hold.expires_at <= now).order_by(Hold.id)
    return list(session.scalars(query))


def of_referral(session: Session, referral_id: str, now: datetime) -> Hold | None:
    """The hold that a referral has now; it has one at most."""
    query = select(Hold).where(Hold.referral_id == referral_id, Hold.ended_at.is_(None), Hold.expires_at > now)
    return session.scalars(query.order_by(Hold.id)).first()


def keep_card(session: Session, bed_id: str, referral_id: str, by: str) -> None:
    """Say on the bed's card that it is kept for a referral."""
    turn(session, session.get_one(Bed, bed_id), Card(status=BedStatus.HELD, held_for=referral_id), by)


def cards_for(session: Session, referral_id: str) -> list[Bed]:
    """The beds whose cards say that they are kept for a referral: by its hold, or as a network's own file told."""
    return list(session.scalars(select(Bed).where(Bed.held_for == referral_id).order_by(Bed.facility_id, Bed.id)))


def let_go(session: Session, referral_id: str, but: str | None = None) -> None:
    """Nothing is kept for a referral any more, except the bed that it got: else nobody could open those beds again."""
    for bed in cards_for(session, referral_id):
        if bed.id != but:
            ledger.stamp(session, bed.facility_id)
            free_card(session, bed.id, referral_id)


def free_card(session: Session, bed_id: str, referral_id: str, status: BedStatus = BedStatus.OPEN) -> None:
    """Say on the bed's card that it is no longer kept for a referral; what else it says stays."""
    bed = session.get_one(Bed, bed_id)
    if bed.held_for == referral_id:
        turn(session, bed, Card(status=status))
