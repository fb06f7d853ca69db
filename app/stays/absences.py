"""Nights slept elsewhere: the bed kept or given up meanwhile, and coming back before the night that was said."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from app.access.actor import Actor
from app.audit.service import record
from app.beds import ledger
from app.beds.models import BedNight, FormerBedNight, Movement
from app.codes import trail_id
from app.db import new_id
from app.errors import FieldError, Problem, invalid
from app.facilities.models import BedStatus
from app.minors.service import count_change
from app.sealing.box import Place
from app.sealing.keyring import keyring_of
from app.stays.models import Stay, StayAbsence
from app.stays.money import money_is_there
from app.stays.moves import TAKE_THE_BED, former_payers
from app.stays.rolling import FARTHEST
from app.stays.schemas import AbsenceCreate, ReturnCreate, StayRead
from app.stays.service import corrects_the_past, going_on, must_have_arrived, shown, vacated
from app.stays.told_cards import tell_card


def away(session: Session, actor: Actor, stay_id: str, body: AbsenceCreate, now: datetime, tonight: date) -> StayRead:
    """Nights slept elsewhere: the bed is kept with its payer as the fund's rule says, or given up from then on.

    Nights that are over keep who paid them: that is a correction. A cap may get them back, so those before the last one
    are on record as away by a supervisor's word alone.
    """
    stay = going_on(session, actor, stay_id, now, "stay.away", body.version)
    must_have_arrived(session, stay)
    if not stay.admitted_on <= body.first < body.until <= tonight + FARTHEST:
        raise invalid([FieldError("/first", "out_of_range", "Expected nights of the stay, in order and within reach.")])
    if body.first < tonight - ledger.NIGHT:
        corrects_the_past(actor, stay, "stay.away", body.note)
    if not body.keep_bed and body.first > tonight:
        raise Problem("not_now", "A bed is given up on the day itself, not before.")
    other = select(StayAbsence.id).where(
        StayAbsence.stay_id == stay.id, StayAbsence.away_from < body.until, StayAbsence.away_until > body.first
    )
    if session.scalar(other) is not None:
        raise Problem("not_now", "Some of these nights are on record as nights away already.")
    out = StayAbsence(id=new_id("out"), stay_id=stay.id, away_from=body.first, away_until=body.until)
    if body.note is not None:
        place = Place(StayAbsence.__tablename__, "note", out.id)
        out.sealed_note = keyring_of(session).seal(stay.minor_id, place, body.note)
    session.add(out)
    if not body.keep_bed:
        left = stay.bed_id
        vacated(session, stay, max(body.first, tonight), None, Movement.AWAY, actor, now)
        stay.bed_id = None
        tell_card(session, left, actor.id, BedStatus.CLEANING)
    elif not body.paid:
        session.flush()
        ledger.repay(
            session,
            stay.id,
            dict.fromkeys(ledger.nights(max(body.first, tonight), body.until), ledger.NOBODY),
            Movement.AWAY,
            actor.id,
            now,
        )
    stay.version += 1
    session.flush()
    record(session, actor, "stay.away", "stay", trail_id(stay.id))
    return shown(session, [stay])[0]


def back(session: Session, actor: Actor, stay_id: str, body: ReturnCreate, now: datetime, tonight: date) -> StayRead:
    """The young person is back sooner: the nights away end with the night of the return.

    A bed that was kept is paid again from that night on, by whom it was, as far as that money still reaches. Who paid
    nights that are over is a correction, by a named person. Where the bed was given up a bed is chosen instead.
    """
    stay = going_on(session, actor, stay_id, now, "stay.return", body.version)
    on = body.on or tonight
    absence = covering(session, stay.id, on)
    if absence is None:
        raise invalid([FieldError("/on", "out_of_range", "Expected one of the nights away that are on record.")])
    if stay.bed_id is None:
        raise Problem("not_now", "No bed is kept. Choose a bed of the house: that ends the nights away.")
    until = absence.away_until
    cut(session, absence, on)
    _paid_again(session, stay, max(on, tonight), until, actor, now)
    stay.version += 1
    session.flush()
    record(session, actor, "stay.return", "stay", trail_id(stay.id))
    return shown(session, [stay])[0]


def covering(session: Session, stay_id: str, night: date) -> StayAbsence | None:
    """The absence that a night of a stay belongs to."""
    return session.scalar(
        select(StayAbsence).where(
            StayAbsence.stay_id == stay_id, StayAbsence.away_from <= night, StayAbsence.away_until > night
        )
    )


def cut(session: Session, absence: StayAbsence, on: date) -> None:
    """Let an absence end before a night; one that would have no night left was none."""
    if on > absence.away_from:
        absence.away_until = on
    else:
        session.delete(absence)
    session.flush()


def in_a_bed_again(session: Session, stay: Stay, first: date) -> None:
    """Whoever gave the bed up has one from a night on: the nights away end with it."""
    absence = covering(session, stay.id, first)
    if absence is not None:
        cut(session, absence, first)
    count_change(session, stay.minor_id)


def payers_of_before(session: Session, stay: Stay, first: date, now: datetime) -> Mapping[date, ledger.Payer]:
    """The nights from `first` on that a stay lost with its bed, and who pays them: as before, if the money is there.

    Where another one has that money by now nobody pays, and the warnings of the cliff say so.
    """
    had = nights_lost(session, stay, first)
    paid = {night: payer for night, payer in had.items() if payer.fund_id is not None}
    return had if money_is_there(session, paid, stay.minor_id, now) else dict.fromkeys(had, ledger.NOBODY)


def nights_lost(session: Session, stay: Stay, first: date) -> Mapping[date, ledger.Payer]:
    """The nights from `first` on that a stay lost with its bed, and who paid them.

    It gave the bed up for nights away, or somebody else had it by the time the next placement came to nothing.
    """
    lost = select(func.max(FormerBedNight.moved_at)).where(
        FormerBedNight.stay_id == stay.id, FormerBedNight.movement.in_(TAKE_THE_BED), FormerBedNight.night >= first
    )
    return former_payers(session, stay.id, *TAKE_THE_BED, at=session.scalar(lost), first=first)


def _paid_again(session: Session, stay: Stay, first: date, until: date, actor: Actor, now: datetime) -> None:
    """Write back who paid the nights `[first, until)` before the bed was kept without a payer."""
    unpaid = set(
        session.scalars(
            select(BedNight.night).where(
                BedNight.stay_id == stay.id,
                BedNight.night >= first,
                BedNight.night < until,
                BedNight.fund_id.is_(None),
            )
        )
    )
    had = _paid_before(session, stay.id, first)
    payers = {night: payer for night, payer in had.items() if night in unpaid}
    if payers and money_is_there(session, payers, stay.minor_id, now):
        ledger.repay(session, stay.id, payers, Movement.REPAID, actor.id, now)
        count_change(session, stay.minor_id)


def _paid_before(session: Session, stay_id: str, first: date) -> dict[date, ledger.Payer]:
    """Who paid the nights from `first` on when nights away last took a payer from them.

    The bed may have been given up meanwhile, when nobody paid them any more; what a decision said since counts.
    """
    since = aliased(FormerBedNight)
    decided = exists().where(
        since.stay_id == FormerBedNight.stay_id,
        since.night == FormerBedNight.night,
        since.movement == Movement.REPAID,
        since.moved_at > FormerBedNight.moved_at,
    )
    query = select(FormerBedNight.night, FormerBedNight.fund_id, FormerBedNight.limit_id).where(
        FormerBedNight.stay_id == stay_id,
        FormerBedNight.movement == Movement.AWAY,
        FormerBedNight.night >= first,
        FormerBedNight.fund_id.is_not(None),
        ~decided,
    )
    rows = session.execute(query.order_by(FormerBedNight.moved_at, FormerBedNight.night))
    return {night: ledger.Payer(fund_id, limit_id) for night, fund_id, limit_id in rows}
