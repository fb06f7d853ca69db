"""From one placement into the next: asking for it from the cliff on, and what its acceptance does to the present stay.

Nobody is in two places. In another house the present stay is shortened in the transaction that makes the next one; in
the same house the stay itself goes on, in its own bed, with the payers of the new decision.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.beds import ledger
from app.beds.models import BedNight, Movement
from app.codes import trail_id
from app.db import Database, new_id
from app.errors import FieldError, Problem, invalid
from app.facilities.models import BedStatus
from app.idempotency import NO_KEY, Once
from app.placements import service
from app.placements.models import Admission, Destination, Discharge, NextPlacement, Offer, Stay, StayEnd
from app.placements.money import money_is_there
from app.placements.staying import NextCreate
from app.placements.told_cards import tell_card
from app.placements.warnings import cliff_of, need_until
from app.referrals.codes import codes_for
from app.referrals.models import Referral, ReferralStatus
from app.sharing.service import visible_minors


class Asked(NamedTuple):
    """The referral for a next placement and its decision; `replayed` where the same request had made it before."""

    referral_id: str
    run_id: str
    replayed: bool


def ask(
    database: Database,
    actor: Actor,
    stay_id: str,
    body: NextCreate,
    *,
    once: Once = NO_KEY,
    request_id: str | None = None,
) -> Asked:
    """Refer the young person on, and rank: from the first night for which nothing is arranged, or from one named."""
    with database.writing() as session:
        session.info["request_id"] = request_id
        made = once.earlier(session, actor.id)
        if made is None:
            now, tonight = database.clock.now(), database.clock.tonight()
            referral_id = _refer_on(session, actor, stay_id, body, now, tonight).id
            once.remember(session, actor.id, referral_id)
    if made is not None:
        with database.reading() as session:
            latest = service.latest_run_id(session, made)
        if latest is not None:
            return Asked(made, latest, replayed=True)
        referral_id = made  # it was made, and cut off before it was ranked
    run = service.rank(database, actor, referral_id, request_id=request_id)
    return Asked(referral_id, run.run_id, replayed=made is not None)


def _refer_on(session: Session, actor: Actor, stay_id: str, body: NextCreate, now: datetime, tonight: date) -> Referral:
    seen = (Stay.id == stay_id, Stay.minor_id.in_(visible_minors(actor, now)))
    stay = session.scalar(select(Stay).where(*seen).with_for_update())
    if stay is None:
        raise hidden(actor, "stay.next", "stay", trail_id(stay_id))
    if stay.left_on is not None:
        raise Problem("not_now", "This stay has ended, or the next placement is arranged.")
    if _open_next(session, stay.id) is not None:
        raise Problem("already_exists", "The next placement is being looked for already.")
    before = session.scalar(
        select(Referral)
        .join(Offer, Offer.referral_id == Referral.id)
        .join(Admission, Admission.offer_id == Offer.id)
        .where(Admission.stay_id == stay.id)
    )
    first = body.needed_from or _first_open_night(session, stay, tonight)
    if first is None or first < tonight:
        raise invalid([FieldError("/needed_from", "out_of_range", "Expected a night, tonight at the earliest.")])
    need = None if before is None else need_until(stay, before.nights_needed)
    left = None if need is None or need <= first else (need - first).days
    referral_id = new_id("ref")
    referral = Referral(
        id=referral_id,
        code=codes_for(session, [referral_id])[referral_id],
        minor_id=stay.minor_id,
        agency_id=actor.agency_id,
        status=ReferralStatus.OPEN,
        created_at=now,
        created_by=actor.id,
        opened_at=now,
        needed_from=first,
        nights_needed=body.nights_needed or left,
        home_latitude=None if before is None else before.home_latitude,
        home_longitude=None if before is None else before.home_longitude,
    )
    session.add(referral)
    session.flush()
    session.add(NextPlacement(referral_id=referral.id, stay_id=stay.id))
    record(session, actor, "stay.next", "referral", referral.id)
    return referral


def _first_open_night(session: Session, stay: Stay, tonight: date) -> date | None:
    cliff = cliff_of(session, stay.id, tonight)
    return stay.expected_until if cliff is None else cliff.night


def _open_next(session: Session, stay_id: str) -> str | None:
    return session.scalar(
        select(Referral.id)
        .join(NextPlacement, NextPlacement.referral_id == Referral.id)
        .where(NextPlacement.stay_id == stay_id, Referral.status == ReferralStatus.OPEN)
    )


def present(session: Session, referral_id: str) -> Stay | None:
    """The stay that a referral goes on from, while it lasts; None of any other referral."""
    return session.scalar(
        select(Stay)
        .join(NextPlacement, NextPlacement.stay_id == Stay.id)
        .where(NextPlacement.referral_id == referral_id, Stay.left_on.is_(None))
    )


def has_a_bed(session: Session, stay: Stay, first: date) -> bool:
    """Whether the present stay has a bed on that night: the next one cannot be kept beside it."""
    night = select(BedNight.night).where(BedNight.stay_id == stay.id, BedNight.night >= first)
    return session.scalar(night.limit(1)) is not None


def make_way(session: Session, actor: Actor, stay: Stay, first: date, now: datetime, tonight: date) -> None:
    """End the present stay on the night on which the next begins, before that night is claimed."""
    if stay.facility_id is not None:
        ledger.stamp(session, stay.facility_id)
    night = session.get(BedNight, (stay.bed_id, first)) if stay.bed_id is not None else None
    unpaid = night is None or night.fund_id is None
    ledger.vacate(session, stay_id=stay.id, first=first, movement=Movement.SHORTENED, by=actor.id, now=now)
    stay.left_on = first
    end = Discharge(
        stay_id=stay.id,
        reason=StayEnd.MAXIMUM_TIME if unpaid else StayEnd.COMPLETED,
        destination=Destination.NEXT_PLACEMENT,
        discharged_at=now,
        discharged_by=actor.id,
    )
    session.add(end)
    if first <= tonight:
        _empty(session, stay)
    session.flush()
    record(session, actor, "stay.shorten", "stay", trail_id(stay.id))


def go_on(
    session: Session,
    actor: Actor,
    stay: Stay,
    first: date,
    until: date,
    payers: Mapping[date, ledger.Payer],
    now: datetime,
) -> None:
    """Let the stay go on in its own bed, with these payers; raises Taken where the bed is promised by then."""
    if stay.facility_id is None or stay.bed_id is None:
        raise Problem("not_now", "This stay has no bed to go on in.")
    if not money_is_there(session, payers, stay.minor_id, now):
        raise Problem("money_held")
    own = set(session.scalars(select(BedNight.night).where(BedNight.stay_id == stay.id, BedNight.night >= first)))
    paid = {night: payers.get(night, ledger.NOBODY) for night in ledger.nights(first, until)}
    ledger.repay(session, stay.id, {n: p for n, p in paid.items() if n in own}, Movement.REPAID, actor.id, now)
    ledger.claim(
        session,
        facility_id=stay.facility_id,
        bed_id=stay.bed_id,
        minor_id=stay.minor_id,
        first=max(own, default=first - ledger.NIGHT) + ledger.NIGHT,
        until=until,
        holder=ledger.Holder(stay_id=stay.id),
        now=now,
        payers=paid,
    )
    stay.expected_until = max(until, stay.expected_until or until)
    session.flush()
    record(session, actor, "stay.extend", "stay", trail_id(stay.id))


def arrived(session: Session, stay: Stay) -> None:
    """Whoever has arrived here has left the bed of the stay before."""
    before = _before(session, stay)
    if before is not None:
        _empty(session, before)


def stayed_behind(session: Session, stay: Stay) -> None:
    """Whoever never came here is still in the stay before, whose bed may have to be asked for again."""
    before = _before(session, stay)
    if before is not None:
        before.left_on = None
        session.delete(session.get_one(Discharge, before.id))
        session.flush()


def _before(session: Session, stay: Stay) -> Stay | None:
    return session.scalar(
        select(Stay)
        .join(NextPlacement, NextPlacement.stay_id == Stay.id)
        .join(Offer, Offer.referral_id == NextPlacement.referral_id)
        .join(Admission, Admission.offer_id == Offer.id)
        .join(Discharge, Discharge.stay_id == Stay.id)
        .where(Admission.stay_id == stay.id, Discharge.destination == Destination.NEXT_PLACEMENT)
    )


def _empty(session: Session, stay: Stay) -> None:
    tell_card(session, stay.bed_id, None, BedStatus.CLEANING)
