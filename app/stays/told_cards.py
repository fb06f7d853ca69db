"""What a bed's card says follows the ledger: whoever moves somebody tells the cards of the beds that it touched."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from app.beds import ledger
from app.beds.cards import Card, turn
from app.beds.models import BedNight, Hold
from app.facilities.models import Bed, BedStatus
from app.stays.models import Admission, Discharge, NextPlacement, Offer

TAKEN = (BedStatus.HELD, BedStatus.OCCUPIED)


def gone(stay_id: Any) -> ColumnElement[bool]:
    """Of a stay with an end: somebody said that the young person has left; a night of it may not have turned yet.

    An end that came with the yes to the next placement is one to come, of which nobody has said so.
    """
    with_the_yes = exists().where(
        NextPlacement.stay_id == Discharge.stay_id,
        NextPlacement.referral_id == Offer.referral_id,
        Offer.answered_at == Discharge.discharged_at,
    )
    return exists().where(Discharge.stay_id == stay_id, ~with_the_yes)


def tell_card(session: Session, bed_id: str | None, by: str | None, freed: BedStatus) -> bool:
    """Turn a card to what the ledger has for tonight; a bed that nobody has now is `freed`. True where it turned."""
    if bed_id is None:
        return False
    session.flush()
    bed, clock = session.get_one(Bed, bed_id), session.info["clock"]
    night = session.scalar(
        select(BedNight).where(
            BedNight.bed_id == bed_id,
            BedNight.night == clock.tonight(),
            ledger.in_force(clock.now()),
            ~gone(BedNight.stay_id),
        )
    )
    if night is None:
        said = Card(status=freed) if bed.status in TAKEN else None
    else:
        waits_for = _kept_for(session, night)
        said = Card(status=BedStatus.HELD, held_for=waits_for) if waits_for else Card(status=BedStatus.OCCUPIED)
    if said is None or (bed.status, bed.held_for) == (said.status, said.held_for):
        return False
    turn(session, bed, said, by)
    return True


def _kept_for(session: Session, night: BedNight) -> str | None:
    """The referral a bed waits for tonight: by a hold, or by a yes whose young person is still on the way."""
    if night.hold_id is not None:
        return session.get_one(Hold, night.hold_id).referral_id
    if night.stay_id is None:
        return None
    return session.scalar(
        select(Offer.referral_id)
        .join(Admission, Admission.offer_id == Offer.id)
        .where(Admission.stay_id == night.stay_id, Admission.arrived_at.is_(None))
    )


def out_of_step(session: Session, tonight: date) -> list[str]:
    """Beds that somebody has from tonight on, whose card still says open, cleaning, or offline until today."""
    back = (Bed.status == BedStatus.OFFLINE) & (Bed.offline_until <= tonight)
    free = Bed.status.in_((BedStatus.OPEN, BedStatus.CLEANING)) | back
    query = (
        select(Bed.id)
        .join(BedNight, (BedNight.bed_id == Bed.id) & (BedNight.night == tonight))
        .where(free, ledger.in_force(session.info["clock"].now()), ~gone(BedNight.stay_id))
    )
    return list(session.scalars(query.order_by(Bed.id)))
