"""Nights slept in a bed that nobody pays: each is a gap on record, however it came about.

A stay may be kept longer than anybody pays, go on past its end, begin without a referral, or come back to money that is
gone. None of that is written ahead: what is counted is a night that is over, in which somebody slept there.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, delete, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.beds.models import BedNight
from app.clock import Clock
from app.gaps import service as gaps
from app.gaps.models import Gap, GapKind, GapLook
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
"""How many nights each look takes again, since one that failed is tried again in the next."""
FARTHEST_BACK = timedelta(days=366)
"""How far a look goes where nobody looked before, or for longer; who makes older nights unpaid writes them."""


def slept(session: Session, clock: Clock) -> Sequence[str]:
    """Stays with a night behind them that nobody paid, and of which that is not on record."""
    led = Admission.stay_id.is_not(None)
    query = (
        _since(session, clock).with_only_columns(Stay.id).where(or_(led, _made_for(Stay.minor_id).exists())).distinct()
    )
    return session.scalars(query.order_by(Stay.id)).all()


def write_slept(session: Session, clock: Clock, stay_id: str) -> bool:
    """Write down each such night of a stay, once."""
    return _write(session, stay_id, _since(session, clock), clock.now())


def not_looked(session: Session, clock: Clock) -> Sequence[str]:
    """Tonight, where the last look was on another night."""
    last = session.scalar(select(func.max(GapLook.night)))
    return [clock.tonight().isoformat()] if last is None or last < clock.tonight() else []


def looked(session: Session, clock: Clock, night: str) -> bool:
    """Remember that everything up to a night was looked for; what failed meanwhile is still within the next look."""
    session.execute(delete(GapLook))
    session.add(GapLook(night=date.fromisoformat(night)))
    session.flush()
    return False


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


def _since(session: Session, clock: Clock) -> Select[*tuple[Any, ...]]:
    """The nights from the last look on, and some before it."""
    tonight = clock.tonight()
    last, farthest = session.scalar(select(func.max(GapLook.night))), tonight - FARTHEST_BACK
    return _unpaid(farthest if last is None else max(farthest, min(last, tonight) - LOOKS_BACK), tonight)


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
