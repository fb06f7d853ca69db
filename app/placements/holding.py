"""From an option to a bed kept and a house asked.

A hold trusts the decision it names as long as nothing that the decision looked at has changed: the referral, the
house, the night. Where something has, the referral is ranked again, between transactions, and the hold tried on that:
for the night that was read, never silently for another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.answers import runs
from app.answers.models import RankingRun
from app.audit.service import record
from app.beds import holds, ledger
from app.beds.ledger import Taken
from app.beds.models import BedNight, Hold
from app.codes import trail_id
from app.db import NOW, Database, new_id
from app.errors import FieldError, Problem, conflict, invalid
from app.facilities.models import Bed, Facility
from app.idempotency import NO_KEY, Once
from app.outbox.service import emit
from app.placements import clash, probing, service, waived
from app.placements.snapshot import HORIZON_NIGHTS
from app.placements.told_offers import shown
from app.placements.workflow import NextOption, OfferCreate, OfferRead
from app.referrals import service as referrals
from app.referrals.models import Referral, ReferralStatus
from app.sealing.words import seal_words
from app.sharing.projection import AGENCY, project
from app.stays import authority, moves
from app.stays.codes import OfferStatus
from app.stays.models import UNFUNDED, Offer, Stay
from app.stays.money import money_is_there, paid_nights
from app.stays.nights_ahead import must_suit

Json = dict[str, Any]

_WAITS = select(Offer.facility_id).where(
    Offer.referral_id == bindparam("referral"), Offer.status == OfferStatus.OPEN, Offer.answer_by > NOW
)
_ASKED = select(
    select(func.count())
    .where(Hold.referral_id == bindparam("referral"), Hold.ended_at.is_(None), Hold.expires_at > NOW)
    .scalar_subquery(),
    _WAITS.with_only_columns(func.count()).scalar_subquery(),
    _WAITS.where(Offer.facility_id == bindparam("house")).exists(),
)
"""How many holds a referral has now, how many open questions to houses, and whether one of them is to this house."""
_GOVERNS = select(Stay.admitted_on).where(
    Stay.minor_id == bindparam("minor"),
    Stay.facility_id == bindparam("house"),
    Stay.admitted_on < bindparam("first"),
    Stay.left_on.is_(None) | (Stay.left_on > bindparam("first")),
)
_AROUND = select(
    Facility.agency_id,
    moves.PRESENT.with_only_columns(Stay.id).limit(1).scalar_subquery(),
    _GOVERNS.limit(1).scalar_subquery(),
    probing.HELD_FOR_NOTHING.scalar_subquery(),
).where(Facility.id == bindparam("house"))
"""Who runs a house, from which stay a referral goes on, from when on one that goes on in the house is governed, and how
often a bed was held there for nothing since yesterday."""
HOLD_LASTS = timedelta(hours=2)
MOST_WITHOUT_HOLD = 2
"""Houses that are asked while no bed of theirs is kept: a third question to a house is one with a hold."""
TRIES = 3


class Outdated(Exception):
    """Something that the decision looked at has changed since; `was_option`: it gave the house that is asked."""

    def __init__(self, *, was_option: bool = False) -> None:
        super().__init__()
        self.was_option = was_option


class Made(NamedTuple):
    """The offer that was made, as the agency sees it; None where the same request had made it before."""

    offer_id: str
    read: OfferRead | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of which house, and whether a bed is kept meanwhile."""

    referral_id: str
    body: OfferCreate
    keep_bed: bool


def ask(database: Database, actor: Actor, asked: Asked, *, once: Once = NO_KEY, request_id: str | None = None) -> Made:
    """Ask a house, and keep the bed meanwhile where that is wanted.

    Raises the 409 `bed_taken`, with what is still to be had, where somebody was faster.
    """
    run_id, was_option = asked.body.run, False
    for _ in range(TRIES):
        now, tonight = database.clock.now(), database.clock.tonight()
        try:
            with database.writing() as session:
                session.info["request_id"] = request_id
                referral = referrals.find_own(session, actor, asked.referral_id, now, "offer.make", lock=True)
                # Under the lock: the same request, sent again while the first is at work, waits for what that made.
                made = once.earlier(session, actor.id)
                if made is not None:
                    return Made(made, None)
                offer = _make(session, actor, asked, referral, run_id, now, tonight)
                once.remember(session, actor.id, offer.id)
                return Made(offer.id, shown(session, [offer])[0])
        except Outdated as outdated:
            was_option |= outdated.was_option
            run_id = service.rank(database, actor, asked.referral_id, request_id=request_id).run_id
        except Taken as taken:
            if taken.what == "minor":
                clash.open_for(database, asked.referral_id)
                raise conflict() from None
            break
        except Problem as refusal:
            if refusal.code == "money_held":
                raise money_held(database, actor, asked, run_id) from None
            if refusal.code != "not_an_option" or not was_option:
                raise
            break  # it was an option until somebody else's movement
    raise bed_taken(database, actor, asked.referral_id, run_id)


def _make(
    session: Session, actor: Actor, asked: Asked, referral: Referral, run_id: str, now: datetime, tonight: date
) -> Offer:
    body = asked.body
    if referral.status is not ReferralStatus.OPEN:
        raise Problem("referral_closed")
    entry, seen = _entry(session, actor, referral, run_id, body, now, tonight)
    if run_id != body.run and first_night(entry) != _night_read(session, actor, referral.id, body, entry, tonight):
        raise Taken("bed")
    _chosen_well(entry, body)
    _room_for_one_more(session, referral.id, body.facility, keep_bed=asked.keep_bed, now=now)
    if not ledger.stamp(session, body.facility, seen):
        raise Outdated(was_option=True)
    return write_offer(session, actor, asked, referral, entry, now, tonight, run_id=run_id)


def write_offer(
    session: Session, actor: Actor, asked: Asked, referral: Referral, entry: Json, now: datetime, tonight: date, *,
    run_id: str,
) -> Offer:  # fmt: skip
    """The question, the hold and what tells of them, under the locks of the referral and the house; raises Taken."""
    body = asked.body
    if body.authority_until is not None and body.authority_until <= now:
        raise invalid([FieldError("/authority_until", "out_of_range", "This right has ended: it places nobody.")])
    offer_id = new_id("offer")
    offer = Offer(
        id=offer_id,
        referral_id=referral.id,
        minor_id=referral.minor_id,
        agency_id=actor.agency_id,
        facility_id=body.facility,
        run_id=run_id,
        first_night=first_night(entry),
        rank=entry.get("rank"),
        choice_reason=body.choice_reason,
        authority=body.authority,
        authority_until=authority.ends_at(body.authority, body.authority_until, now),
        unfunded=body.unfunded_reason is not None,
        sealed_unfunded_reason=None
        if body.unfunded_reason is None
        else seal_words(session, referral.minor_id, Offer, UNFUNDED, offer_id, body.unfunded_reason),
        status=OfferStatus.OPEN,
        sent_at=now,
        sent_by=actor.id,
        answer_by=now + HOLD_LASTS,
    )
    first = first_night(entry)
    where = {"house": body.facility, "referral": referral.id, "minor": referral.minor_id, "first": first}
    where |= {"now": now, "since": now - timedelta(days=1)}
    run_by, stay_id, governs, held_before = session.execute(_AROUND, where).one()
    if asked.keep_bed:
        _no_bed_of_her_own(session, stay_id, entry)
        wanted = wanted_bed(session, referral, entry, body.facility, now, governs or first)
        hold = take(session, wanted, actor, now, tonight)
        offer.hold_id = hold.id
        record(session, actor, "hold.make", "hold", hold.id)
        probing.held_again(session, actor, referral.id, held_before)
    session.add(offer)
    session.flush()
    reason = None if body.choice_reason is None else f"choice.{body.choice_reason}"
    record(session, actor, "offer.make", "offer", offer.id, reason=reason)
    _tell(session, "offer.made", offer, run_by)
    return offer


def _no_bed_of_her_own(session: Session, stay_id: str | None, entry: Json) -> None:
    """Two beds are kept for nobody: who has one until the next placement begins is asked for without a hold."""
    if stay_id is not None and bed_of_her_own(session, session.get_one(Stay, stay_id), entry):
        raise Problem("not_now", "The present stay has a bed on these nights. Ask the house without a hold.")


def bed_of_her_own(session: Session, stay: Stay, entry: Json) -> bool:
    """Whether the present stay has the bed that an option would keep, or another one on its nights."""
    here = stay.bed_id is not None and stay.facility_id == entry["facility"]
    return here or moves.has_a_bed(session, stay, first_night(entry))


def first_night(entry: Json) -> date:
    """The first night of an option, or of one that opens later."""
    return date.fromisoformat(entry.get("admit_on") or entry["from"])


def lock_referral(session: Session, referral: Referral) -> None:
    """One act at a time on one referral: the first lock of every movement of it."""
    session.refresh(referral, with_for_update=True)


def _entry(
    session: Session, actor: Actor, referral: Referral, run_id: str, body: OfferCreate, now: datetime, tonight: date
) -> tuple[Json, int]:
    """The option, or the later one with a date, that a decision gives for a house, or one whose rules are waived.

    And how often the house had changed by then. Outdated where the decision is out of date.
    """
    facility_id = body.facility
    ground = runs.ground_of(session, actor, referral.id, run_id)
    stamps = ground.stamps(tonight)
    if stamps is None:
        raise Outdated
    changes = stamps.get(facility_id, 0)
    # What the agency was not shown cannot be asked for either: else a refusal would tell what the page did not.
    # Where a house is shown hangs on its own entry alone, so the others need not be gone through.
    whole = ground.of_house(facility_id)
    seen = project(whole, viewer=AGENCY)
    unfunded = body.unfunded_reason is not None
    if facility_id in {entry["facility"] for entry in (*seen["options"], *seen["later"]) if entry.get("bed")}:
        if unfunded:
            raise Problem("not_an_option", "Somebody pays here. Ask without unfunded_reason.")
        return next(iter((*whole["options"], *whole["later"]))), changes
    run = session.get_one(RankingRun, run_id)
    out = waived.entry(session, referral, run, whole, facility_id, now, unfunded=unfunded)
    if out is not None:
        return out, changes
    if ledger.stamps(session).get(facility_id, 0) != changes:
        raise Outdated
    raise Problem("not_an_option")


def _night_read(
    session: Session, actor: Actor, referral_id: str, body: OfferCreate, entry: Json, tonight: date
) -> date:
    """The night on which the decision that was read names a bed in this house, or tonight where that one is over.

    Where it names none there, what stands now says it.
    """
    seen = project(runs.ground_of(session, actor, referral_id, body.run).of_house(body.facility), viewer=AGENCY)
    read = next((row for row in (*seen["options"], *seen["later"]) if row.get("bed")), entry)
    return max(first_night(read), tonight)


def _chosen_well(entry: Json, body: OfferCreate) -> None:
    if entry.get("rank") != 1 and body.choice_reason is None:
        raise Problem(
            "reason_needed", errors=[FieldError("/choice_reason", "required", "Say why this one was chosen.")]
        )
    if entry["call_first"] and not body.called:
        raise Problem("call_first", errors=[FieldError("/called", "required", "Call the house first.")])


def _room_for_one_more(session: Session, referral_id: str, facility_id: str, *, keep_bed: bool, now: datetime) -> None:
    which = {"referral": referral_id, "house": facility_id, "now": now}
    held, asked, this_house = session.execute(_ASKED, which).one()
    if keep_bed and held:
        raise Problem("held_already")
    if this_house:
        raise Problem("asked_already")
    if not keep_bed and asked - held >= MOST_WITHOUT_HOLD:
        raise Problem("offers_full")


def houses_asked(session: Session, referral_id: str, now: datetime) -> frozenset[str]:
    """The houses whose answer a referral waits for."""
    return frozenset(session.scalars(_WAITS, {"referral": referral_id, "now": now}))


def nights_asked(referral: Referral) -> int:
    """For how many nights a house is asked: the need, as far as plans look ahead."""
    return min(referral.nights_needed or HORIZON_NIGHTS, HORIZON_NIGHTS)


def wanted_bed(
    session: Session, referral: Referral, entry: Json, facility_id: str, now: datetime, governs: date
) -> holds.Wanted:
    """The bed, the nights and the payers of an option, as a hold wants them; its funds' limits as of `governs`."""
    first = first_night(entry)
    until = first + timedelta(days=nights_asked(referral))
    if entry["bed_until"] is not None:
        until = min(until, date.fromisoformat(entry["bed_until"]))
    payers = {night: p for night, p in paid_nights(session, entry["payers"], governs).items() if night < until}
    return holds.Wanted(
        facility_id=facility_id,
        bed_id=entry["bed"],
        minor_id=referral.minor_id,
        referral_id=referral.id,
        agency_id=referral.agency_id,
        first=first,
        until=until,
        expires_at=now + HOLD_LASTS,
        payers=payers,
    )


def take(session: Session, wanted: holds.Wanted, actor: Actor, now: datetime, tonight: date) -> Hold:
    """Keep a bed under the house's lock, if the money reaches and every night suits."""
    # What needs no lock of the money comes before it: everybody whom a fund pays waits for that lock.
    hold = holds.make(session, wanted, actor.id, now, tonight)
    if not money_is_there(session, wanted.payers, wanted.minor_id, now):
        raise Problem("money_held")
    holds.claim(session, hold, wanted, now)
    must_suit(session, wanted.facility_id, wanted.minor_id, wanted.first, wanted.until, now, tonight)
    return hold


def governed_from(session: Session, minor_id: str, facility_id: str, first: date) -> date:
    """The admission that governs the payers: an earlier one where this goes on with a stay in the same house."""
    return session.scalar(_GOVERNS, {"minor": minor_id, "house": facility_id, "first": first}) or first


def bed_taken(database: Database, actor: Actor, referral_id: str, run_id: str) -> Problem:
    """The refusal of a bed that somebody has just taken, with the options that are still to be had."""
    now = database.clock.now()
    with database.reading() as session:
        _, answer = runs.read_run(session, actor, referral_id, run_id, now)
        free = still_free(session, answer["options"], now)
    return conflict("bed_taken", next_options=[option.model_dump(mode="json") for option in free], run=run_id)


def money_held(database: Database, actor: Actor, asked: Asked, run_id: str) -> Problem:
    """The refusal of money that another hold keeps, with the options that none of the same payers pays.

    A decision counts what stays have of a fund, not what holds keep for two hours: ranked again it would say the same.
    """
    now = database.clock.now()
    with database.reading() as session:
        _, answer = runs.read_run(session, actor, asked.referral_id, run_id, now)
        funds = {e["facility"]: {payer["fund"] for payer in e["payers"]} for e in answer["options"]}
        kept = funds.get(asked.body.facility, set())
        others = [
            e for e in answer["options"] if e["facility"] != asked.body.facility and not kept & funds[e["facility"]]
        ]
        free = still_free(session, others, now)
    return conflict("money_held", next_options=[option.model_dump(mode="json") for option in free], run=run_id)


def still_free(session: Session, options: list[Json], now: datetime) -> list[NextOption]:
    """The options of a decision whose bed nobody has on the first night, in its order."""
    beds = {entry["bed"]: date.fromisoformat(entry["admit_on"]) for entry in options}
    taken = set(
        session.execute(select(BedNight.bed_id, BedNight.night).where(BedNight.bed_id.in_(beds), ledger.in_force(now)))
    )
    names: Mapping[str, str] = dict(
        session.execute(
            select(Facility.id, Facility.alias).where(Facility.id.in_([e["facility"] for e in options]))
        ).all()
    )
    called = dict(session.execute(select(Bed.id, Bed.name).where(Bed.id.in_(beds))).all())
    return [
        NextOption(
            rank=entry["rank"],
            facility=entry["facility"],
            name=names[entry["facility"]],
            bed=called[entry["bed"]],
            admit_on=beds[entry["bed"]],
            call_first=entry["call_first"],
        )
        for entry in options
        if (entry["bed"], beds[entry["bed"]]) not in taken
    ]


def tell_house(session: Session, kind: str, offer: Offer) -> None:
    """Tell the agency that runs the house; a house that nobody runs here is called by phone."""
    _tell(session, kind, offer, session.scalar(select(Facility.agency_id).where(Facility.id == offer.facility_id)))


def _tell(session: Session, kind: str, offer: Offer, agency: str | None) -> None:
    if agency is not None:
        emit(session, kind, agency_id=agency, facility_id=trail_id(offer.facility_id), subject_kind="offer",
             subject_id=offer.id)  # fmt: skip


def tell_agency(session: Session, kind: str, offer: Offer) -> None:
    """Tell the agency that asked."""
    emit(session, kind, agency_id=offer.agency_id, subject_kind="offer", subject_id=offer.id)
