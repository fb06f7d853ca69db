"""Nights slept in a bed that nobody pays: each is a gap on record, however it came about.

A stay may be kept longer than anybody pays, go on past its end, begin without a referral, or come back to money that is
gone. None of that is written ahead: what is counted is a night that is over, in which somebody slept there.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.beds.models import BedNight
from app.clock import Clock
from app.gaps import service as gaps
from app.gaps.models import Gap, GapKind
from app.minors.models import Minor
from app.referrals.models import Referral
from app.stays.models import Admission, Offer, Stay, StayAbsence

AWAY = exists().where(
    StayAbsence.stay_id == BedNight.stay_id,
    StayAbsence.away_from <= BedNight.night,
    StayAbsence.away_until > BedNight.night,
)
"""Of a night of a stay: it is slept elsewhere. A bed that is kept unpaid meanwhile is no gap, and no cliff."""
TAKEN_UNPAID = (
    (Admission.stay_id == bindparam("stay"))
    & Offer.unfunded
    & ~exists().where(BedNight.stay_id == bindparam("stay"), BedNight.fund_id.is_not(None))
)
"""Of a stay, its admission and its offer: the bed was taken without a payer, and nobody has paid a night since."""
LOOKS_BACK = timedelta(days=7)
"""How many nights are written afterwards where nothing was running meanwhile; who makes older ones unpaid writes."""


def slept(session: Session, clock: Clock) -> Sequence[str]:
    """Stays with a night behind them that nobody paid, and of which that is not on record."""
    led = Admission.stay_id.is_not(None)
    query = _lately(clock).with_only_columns(Stay.id).where(or_(led, _made_for(Stay.minor_id).exists())).distinct()
    return session.scalars(query.order_by(Stay.id)).all()


def write_slept(session: Session, clock: Clock, stay_id: str) -> bool:
    """Write down each such night of a stay, once."""
    return _write(session, stay_id, _lately(clock), clock.now())


def write_between(session: Session, stay_id: str, first: date, until: date, now: datetime) -> None:
    """Write down each night of `[first, until)`, all of them over, that a stay slept unpaid, however long ago."""
    _write(session, stay_id, _unpaid(first, until), now)


def _write(session: Session, stay_id: str, unpaid: Select[*tuple[Any, ...]], now: datetime) -> bool:
    nights = session.scalars(
        unpaid.with_only_columns(BedNight.night).where(Stay.id == stay_id).order_by(BedNight.night)
    ).all()
    referral = _referral(session, stay_id)
    if referral is None:
        return False
    written = [gaps.unpaid(session, referral, night, now) for night in nights]
    return any(written)


def _lately(clock: Clock) -> Select[*tuple[Any, ...]]:
    return _unpaid(clock.tonight() - LOOKS_BACK, clock.tonight())


def _unpaid(first: date, until: date) -> Select[*tuple[Any, ...]]:
    """The nights `[first, until)` of stays, slept in the house, that have no payer and no gap."""
    written = (
        select(Gap.id)
        .join(Referral, Referral.id == Gap.referral_id)
        .where(
            Referral.minor_id == BedNight.minor_id,
            Gap.night == BedNight.night,
            Gap.kind == GapKind.UNFUNDED_TONIGHT,
        )
    )
    return (
        select(Stay.id, BedNight.night)
        .join(BedNight, BedNight.stay_id == Stay.id)
        .outerjoin(Admission, Admission.stay_id == Stay.id)
        .where(
            BedNight.fund_id.is_(None),
            BedNight.night >= first,
            BedNight.night < until,
            Admission.stay_id.is_(None) | Admission.arrived_at.is_not(None),
            ~AWAY,
            ~written.exists(),
        )
    )


def _referral(session: Session, stay_id: str) -> Referral | None:
    """The referral that led to a stay; of a walk-in the one that was made for it."""
    led = (
        select(Referral)
        .join(Offer, Offer.referral_id == Referral.id)
        .join(Admission, Admission.offer_id == Offer.id)
        .where(Admission.stay_id == stay_id)
    )
    made = _made_for(session.get_one(Stay, stay_id).minor_id).order_by(Referral.created_at, Referral.id)
    return session.scalars(led).first() or session.scalars(made).first()


def _made_for(minor_id: str | InstrumentedAttribute[str]) -> Select[Referral]:
    """The referrals of a minor by the agency that owns the record."""
    query = select(Referral).join(Minor, Minor.id == Referral.minor_id)
    return query.where(Referral.minor_id == minor_id, Referral.agency_id == Minor.agency_id)
