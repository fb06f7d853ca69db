"""An offer as the house sees it: what its own criteria ask for, the arrival and the money, and nobody's name."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.answers import runs
from app.audit.service import record
from app.beds.models import BedNight, Hold
from app.codes import trail_id
from app.facilities import service as facilities
from app.facilities.models import Bed, Facility
from app.funding.models import Fund
from app.minors.models import Minor
from app.placements.holding import nights_asked
from app.placements.workflow import HouseOffer
from app.referrals.models import Referral
from app.stays.codes import OfferStatus
from app.stays.models import Admission, Offer
from matching.dates import age_on

Json = dict[str, Any]


_SEEN = frozenset({OfferStatus.OPEN, OfferStatus.ACCEPTED})
"""While a house is asked, or has said yes, it reads what its own criteria ask for."""


def waiting(session: Session, actor: Actor, facility_id: str, now: datetime) -> list[HouseOffer]:
    """The open questions to a house, the one that ends first on top."""
    facilities.find_own(session, actor, facility_id, "offer.list")
    record(session, actor, "offer.list", "facility", trail_id(facility_id))
    rows = session.scalars(
        select(Offer)
        .where(Offer.facility_id == facility_id, Offer.status == OfferStatus.OPEN, Offer.answer_by > now)
        .order_by(Offer.answer_by, Offer.id)
    )
    return shown(session, rows.all())


def shown(session: Session, rows: Sequence[Offer]) -> list[HouseOffer]:
    """Offers as those who work in the house may see them."""
    return [_purged(_house_offer(session, row)) for row in rows]


def _purged(offer: HouseOffer) -> HouseOffer:
    """Without who it was about, where the house said no or is not asked any more: nothing is left there to read."""
    if offer.status in _SEEN:
        return offer
    nothing: Json = {"age": None, "gender": None, "infants": None, "conditions": [], "services": [], "languages": []}
    return offer.model_copy(update=nothing)


def _house_offer(session: Session, row: Offer) -> HouseOffer:
    minor, referral = session.get_one(Minor, row.minor_id), session.get_one(Referral, row.referral_id)
    house = session.get_one(Facility, row.facility_id)
    hold = None if row.hold_id is None else session.get_one(Hold, row.hold_id)
    stay_id = session.scalar(select(Admission.stay_id).where(Admission.offer_id == row.id))
    funded_nights, funds = _kept(session, row.hold_id, stay_id) or _decided(session, row)
    first = row.first_night
    asked_for = 1 if row.unfunded else nights_asked(referral)
    nights = (hold.until_night - hold.first_night).days if hold is not None else asked_for
    asked = set(house.declines or ())
    return HouseOffer(
        id=row.id,
        version=row.version,
        code=referral.code,
        status=row.status,
        sent_at=row.sent_at,
        answer_by=row.answer_by,
        admit_on=first,
        nights=nights,
        funded_nights=funded_nights,
        funds=_programs(session, funds),
        age=_age(minor, first),
        gender=minor.gender,
        infants=minor.infants,
        conditions=sorted(asked.intersection(minor.conditions or ())),
        services=sorted({*(minor.services or ()), *(minor.services_required or ())} & set(house.services or ())),
        languages=sorted(set(minor.languages or ()) & set(house.languages or ())),
        bed=None if hold is None else session.get_one(Bed, hold.bed_id).name,
        stay_id=stay_id,
    )


def _kept(session: Session, hold_id: str | None, stay_id: str | None) -> tuple[int, list[str]] | None:
    """How many of the nights that are kept in the ledger are paid, and by which funds in order; None: none is kept.

    What an exception lets a fund pay stands here alone: the decision excluded the house.
    """
    if hold_id is None:
        return None
    own = BedNight.hold_id == hold_id if stay_id is None else BedNight.stay_id == stay_id
    payers = session.scalars(select(BedNight.fund_id).where(own).order_by(BedNight.night)).all()
    paid = [fund for fund in payers if fund is not None]
    return (len(paid), list(dict.fromkeys(paid))) if payers else None


def _decided(session: Session, row: Offer) -> tuple[int, list[str]]:
    """The same as the decision says it."""
    _, whole = runs.stored_run(session, row.run_id)
    places = (*whole["options"], *whole["later"], *whole["excluded"])
    entry: Json = next((dict(entry) for entry in places if entry["facility"] == row.facility_id), {})
    return entry.get("funded_nights") or 0, [payer["fund"] for payer in entry.get("payers", ())]


def _programs(session: Session, funds: Sequence[str]) -> list[str]:
    names = dict(session.execute(select(Fund.id, Fund.program).where(Fund.id.in_(funds))).all())
    return [names.get(fund) or fund for fund in funds]


def _age(minor: Minor, on: date) -> str:
    """Completed years on arrival; never the birth date."""
    if minor.born_on is not None:
        return str(age_on(minor.born_on, on))
    if minor.age_min is None or minor.age_max is None:
        return "not known"
    return str(minor.age_min) if minor.age_min == minor.age_max else f"{minor.age_min}-{minor.age_max}"
