"""The cliff of a stay, the first night for which nothing is arranged, and the warnings before it, each given once."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.beds.ledger import NIGHT
from app.beds.models import BedNight, FormerBedNight
from app.clock import Clock
from app.codes import trail_id
from app.db import insert_into
from app.funding.models import FundClock
from app.minors.models import Minor
from app.referrals.models import Referral
from app.stays.codes import OfferStatus
from app.stays.models import Admission, CapWarning, NextPlacement, Offer, Stay
from app.stays.moves import TAKE_THE_BED
from app.stays.parties import tell
from app.stays.schemas import CapWarningRead
from app.stays.unpaid import AWAY

BEFORE = (1, 3, 7)


class Cliff(NamedTuple):
    """The first night for which nothing is arranged, and whether a bed is there and only the payer is missing."""

    night: date
    bed_is_there: bool


def cliff_of(session: Session, stay_id: str, tonight: date) -> Cliff | None:
    """The cliff of a stay in force, after tonight; None where all that is needed is arranged, or no end is known."""
    row = session.execute(_ahead(tonight).where(Stay.id == stay_id)).one_or_none()
    return None if row is None else _cliff(row, tonight, _went_on(session, stay_id))


def first_open_night(session: Session, stay_id: str, tonight: date) -> date | None:
    """The first night for which nothing is arranged; None: no end is known.

    Tonight where the bed was given up or lost, or where the stay goes on past its end from night to night.
    """
    cliff, stay = cliff_of(session, stay_id, tonight), session.get_one(Stay, stay_id)
    if cliff is not None:
        return cliff.night
    lost = select(FormerBedNight.id).where(
        FormerBedNight.stay_id == stay.id,
        FormerBedNight.movement.in_(TAKE_THE_BED),
        FormerBedNight.night >= tonight,
    )
    if stay.bed_id is None and session.scalar(lost.limit(1)) is not None:
        return tonight
    return None if stay.expected_until is None else max(stay.expected_until, tonight)


def need_until(session: Session, stay: Stay, asked: Referral | None) -> date | None:
    """The first night after the need that a stay was asked for, or goes on for; None: it goes on, or none is known."""
    went_on = _went_on(session, stay.id)
    if stay.id in went_on:
        return went_on[stay.id]
    return None if asked is None else _end(stay.admitted_on, asked.nights_needed)


def _end(first: date, nights_needed: int | None) -> date | None:
    return None if nights_needed is None else first + timedelta(days=nights_needed)


def _went_on(session: Session, stay_id: str | None = None) -> dict[str, date | None]:
    """Until when stays are needed that went on in their own bed, as the newest yes has it; of all, or of one."""
    query = (
        select(NextPlacement.stay_id, Offer.first_night, Referral.nights_needed)
        .join(Referral, Referral.id == NextPlacement.referral_id)
        .join(Offer, Offer.referral_id == Referral.id)
        .outerjoin(Admission, Admission.offer_id == Offer.id)
        .where(Offer.status == OfferStatus.ACCEPTED, Admission.stay_id.is_(None))
    )
    if stay_id is not None:
        query = query.where(NextPlacement.stay_id == stay_id)
    rows = session.execute(query.order_by(Offer.answered_at, Offer.id))
    return {found: _end(first, nights) for found, first, nights in rows}


def near_their_cliff(session: Session, clock: Clock) -> Sequence[str]:
    """Stays for which a warning is due and was not given."""
    tonight, went_on = clock.tonight(), _went_on(session)
    near = {
        row.id: found
        for row in session.execute(_ahead(tonight))
        if (found := _cliff(row, tonight, went_on)) is not None and _due(found, tonight) is not None
    }
    warned = set(
        session.execute(
            select(CapWarning.stay_id, CapWarning.cliff, CapWarning.nights).where(CapWarning.stay_id.in_(near))
        ).all()
    )
    return [stay for stay, cliff in sorted(near.items()) if (stay, cliff.night, _due(cliff, tonight)) not in warned]


def warn(session: Session, clock: Clock, stay_id: str) -> bool:
    """Give the warning that is due, with who pays until then and what would let it go on paying."""
    now, tonight = clock.now(), clock.tonight()
    cliff = cliff_of(session, stay_id, tonight)
    nights = None if cliff is None else _due(cliff, tonight)
    if cliff is None or nights is None:
        return False
    stay = session.get_one(Stay, stay_id)
    fund_id, limit_id = _payer_before(session, stay_id, cliff.night)
    row = insert_into(session, CapWarning).values(
        stay_id=stay_id,
        cliff=cliff.night,
        nights=nights,
        made_at=now,
        fund_id=fund_id,
        approval=_not_asked_for_yet(session, stay.minor_id, limit_id),
    )
    if session.execute(row.on_conflict_do_nothing().returning(CapWarning.stay_id)).one_or_none() is None:
        return False
    record(session, None, "stay.cap_warning", "stay", trail_id(stay_id))
    tell(session, "stay.cap_warning", stay)
    return True


def given(session: Session, stay_id: str) -> list[CapWarningRead]:
    """The warnings that were given of a stay, the newest first."""
    rows = session.scalars(
        select(CapWarning).where(CapWarning.stay_id == stay_id).order_by(CapWarning.made_at.desc(), CapWarning.nights)
    )
    names = ("cliff", "nights", "made_at", "fund_id", "approval")
    return [CapWarningRead(**{name: getattr(row, name) for name in names}) for row in rows]


def _ahead(tonight: date) -> Select[*tuple[Any, ...]]:
    """Of each stay in force: its need, the first night from tonight on that nobody pays, and the last with a bed."""
    unpaid = func.min(case((BedNight.fund_id.is_(None) & ~AWAY, BedNight.night)))
    return (
        select(
            Stay.id,
            Stay.admitted_on,
            Stay.left_on,
            Stay.expected_until,
            Referral.id.label("referral_id"),
            Referral.nights_needed,
            unpaid.label("unpaid"),
            func.max(BedNight.night).label("last"),
        )
        .join(BedNight, BedNight.stay_id == Stay.id)
        .outerjoin(Admission, Admission.stay_id == Stay.id)
        .outerjoin(Offer, Offer.id == Admission.offer_id)
        .outerjoin(Referral, Referral.id == Offer.referral_id)
        .where(
            Stay.in_house,
            Stay.admitted_on <= tonight,
            or_(Stay.left_on.is_(None), Stay.left_on > tonight),
            BedNight.night >= tonight,
        )
        .group_by(Stay.id, Stay.admitted_on, Stay.left_on, Stay.expected_until, Referral.id, Referral.nights_needed)
    )


def _cliff(row: Any, tonight: date, went_on: Mapping[str, date | None]) -> Cliff | None:
    # A night without a payer that has begun is no cliff to come: it is behind.
    if row.unpaid is not None and row.unpaid > tonight:
        return Cliff(row.unpaid, bed_is_there=True)
    end = row.last + NIGHT
    if row.left_on is not None or (row.referral_id is None and row.id not in went_on):
        return None  # somebody has arranged what follows, or nobody has said how long a bed is needed
    need = went_on[row.id] if row.id in went_on else _end(row.admitted_on, row.nights_needed)
    return Cliff(end, bed_is_there=False) if need is None or end < need else None


def _due(cliff: Cliff, tonight: date) -> int | None:
    left = (cliff.night - tonight).days
    return next((nights for nights in BEFORE if left <= nights), None)


def _payer_before(session: Session, stay_id: str, cliff: date) -> tuple[str | None, str | None]:
    row = session.execute(
        select(BedNight.fund_id, BedNight.limit_id).where(BedNight.stay_id == stay_id, BedNight.night == cliff - NIGHT)
    ).one_or_none()
    return (None, None) if row is None else (row.fund_id, row.limit_id)


def _not_asked_for_yet(session: Session, minor_id: str, limit_id: str | None) -> str | None:
    """The approval that would extend a clock of the limit and has not been granted as often as it may be."""
    clocks = session.scalars(
        select(FundClock)
        .where(FundClock.limit_id == limit_id, FundClock.extension_approval.is_not(None))
        .order_by(FundClock.position)
    )
    granted = session.scalar(select(Minor.approvals).where(Minor.id == minor_id)) or []
    for clock in clocks:
        if granted.count(clock.extension_approval or "") < (clock.extension_times or 0):
            return clock.extension_approval
    return None
