"""Who is told of a stay: the agency that asked for it, or else owns the record, and the one that runs the house."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.codes import trail_id
from app.facilities.models import Facility
from app.minors.models import Minor
from app.outbox.service import emit
from app.stays.codes import OfferStatus
from app.stays.models import Admission, Offer, Stay


class Parties(NamedTuple):
    """The agency that places, and the one that runs the house; None: nobody runs it here."""

    agency_id: str
    house_agency_id: str | None


def parties(session: Session, stay: Stay) -> Parties:
    """Whose stay it is."""
    asked = session.scalar(
        select(Offer.agency_id)
        .join(Admission, Admission.offer_id == Offer.id)
        .where(Admission.stay_id == stay.id, Offer.status == OfferStatus.ACCEPTED)
    )
    owner = asked or session.scalars(select(Minor.agency_id).where(Minor.id == stay.minor_id)).one()
    return Parties(owner, session.scalar(select(Facility.agency_id).where(Facility.id == stay.facility_id)))


def places(session: Session, actor: Actor, stay: Stay) -> bool:
    """Whether what comes next is the actor's agency to arrange: others may be let in to read, never to act."""
    return parties(session, stay).agency_id == actor.agency_id


def tell(session: Session, kind: str, stay: Stay) -> None:
    """Tell both: an id, and nothing else."""
    who = parties(session, stay)
    for agency in dict.fromkeys(found for found in who if found is not None):
        runs = agency == who.house_agency_id and stay.facility_id is not None
        house = trail_id(stay.facility_id or "") if runs else None
        emit(session, kind, agency_id=agency, facility_id=house, subject_kind="stay", subject_id=trail_id(stay.id))
