"""The evenings of the year: who is referred, what the engine answers, which house is asked, and what it says."""

from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import select

from app.beds.models import Hold
from app.demo.houses import HOUSES
from app.demo.year import volume
from app.demo.year.asking import Case, draw_referral
from app.demo.year.book import Book, Guest
from app.demo.year.leaving import fit, plan, wait_again
from app.errors import Problem
from app.gaps import calls
from app.gaps.models import DeclineReason
from app.gaps.schemas import CallCreate
from app.placements import holding, offers, service
from app.placements.holding import Asked
from app.placements.workflow import Answer, OfferCreate
from app.referrals import service as referrals
from app.referrals.models import Referral
from app.sharing.projection import AGENCY, project
from app.stays import service as stays
from app.stays.codes import ChoiceReason, DecidedBy
from app.stays.models import Admission, Offer, Stay

Json = dict[str, Any]
_FIRST_CALL, _CALLS_LAST = time(17), timedelta(hours=6)
_ANSWERS_WITHIN = timedelta(minutes=20)
HOUSE_IDS = tuple(house.facility for house in HOUSES)
_SHORTEST = 2
"""Nights for which a house takes somebody into a bed that it has promised to another."""
_CHOICES = (
    (ChoiceReason.YOUNG_PERSON_WISH, 30),
    (ChoiceReason.FIRST_DID_NOT_ANSWER, 40),
    (ChoiceReason.CLOSER_TO_SUPPORT, 20),
    (ChoiceReason.CLINICAL_ADVICE, 10),
)


def take_calls(book: Book, day: date) -> None:
    """File the referrals of an evening, each at its own minute."""
    minutes = sorted(
        book.draw.below(int(_CALLS_LAST.total_seconds() // 60)) for _ in range(volume.referrals_today(book.draw))
    )
    book.turn_to(day, _FIRST_CALL)
    first = book.now
    for minute in minutes:
        book.clock.set(first + timedelta(minutes=minute))
        new, answers = draw_referral(book.draw, book.tonight)
        made = referrals.create_referral(book.session, book.staff.coordinator, new, book.now, book.tonight)
        book.cases[made.id] = Case(made.id, book.tonight, made.needed_from or book.tonight, made.nights_needed, answers)


def decide_all(book: Book) -> list[tuple[Case, str, Json]]:
    """Rank everyone for whom something has changed, on one look at the network."""
    asked = [case for case in book.cases.values() if case.ask_again]
    if not asked:
        return []
    session, coordinator = book.session, book.staff.coordinator
    seen = service.look(session, book.now, book.tonight)
    decided = []
    for case in asked:
        referral = session.get_one(Referral, case.referral_id)
        version = referrals.version_of(session, referral)
        answer = seen.decide(case.referral_id)
        told = project(answer, viewer=AGENCY)
        run = service.keep(
            session, coordinator, referral, seen, answer, told, version=version, agency_id=coordinator.agency_id
        )
        case.ask_again = False
        decided.append((case, run.id, told))
    return decided


def place_everyone(book: Book) -> None:
    """Rank all on one look, and ask; who finds each house changed by others of the evening is ranked the next day."""
    touched: set[str] = set()
    unplaced = [case for case, run_id, told in decide_all(book) if not _place(book, case, run_id, told, touched)]
    for case in unplaced:
        if case.stay_id is None and book.draw.chance(volume.CALLED):
            house = book.draw.pick(HOUSE_IDS)
            body = CallCreate(referral=case.referral_id, reason=book.draw.weighted(volume.ON_THE_PHONE))
            calls.told_no(book.session, book.staff.coordinator, house, body, book.now, book.tonight)


def _place(book: Book, case: Case, run_id: str, told: Json, touched: set[str]) -> bool:
    """Ask the houses that a decision names, in its order, but those that others of this evening have been asked for."""
    if not told["options"]:
        return False
    left = [option for option in told["options"] if option["facility"] not in case.tried]
    for option in [option for option in left if option["facility"] not in touched][: holding.MOST_WITHOUT_HOLD + 1]:
        touched.add(option["facility"])
        if _asked(book, case, run_id, option):
            return True
    case.ask_again |= any(option["facility"] not in case.tried for option in left)
    return case.ask_again


def _asked(book: Book, case: Case, run_id: str, option: Json) -> bool:
    """Whether a house was asked and said yes."""
    body = OfferCreate(
        run=run_id,
        facility=option["facility"],
        authority=book.draw.weighted(volume.AUTHORITIES),
        choice_reason=None if option["rank"] == 1 else book.draw.weighted(_CHOICES),
        called=option["call_first"],
    )
    question = Asked(case.referral_id, body, keep_bed=case.stay_id is None)
    try:
        offer_id, _ = holding.ask(book.database, book.staff.coordinator, question)
        if book.draw.chance(volume.RUNS_OUT):
            case.ask_again = True  # the hour passes, and the clock ends what was asked
            return True
        book.clock.move(_ANSWERS_WITHIN)
        said = _answer(book, case, offer_id, option)
        house = book.staff.by_house[option["facility"]]
        offer = offers.answer(book.database, house, option["facility"], offer_id, said)
    except Problem:
        case.tried.add(option["facility"])  # somebody was faster, or the money is spent
        case.ask_again = True
        return False
    if not said.accept:
        case.tried.add(option["facility"])
        return False
    _accepted(book, case, offer)
    return True


def _answer(book: Book, case: Case, offer_id: str, option: Json) -> Answer:
    """Yes as often as houses say yes; no where the bed is promised from the next days on."""
    hold = book.session.scalar(select(Hold).join(Offer, Offer.hold_id == Hold.id).where(Offer.id == offer_id))
    bed = option["bed"] if hold is None else hold.bed_id
    first = case.needed_from if hold is None else hold.first_night
    if (book.standing.next_in(bed, book.tonight) - first).days < _SHORTEST:
        return Answer(accept=False, decided_by=DecidedBy.FACILITY, reason=DeclineReason.NO_STAFFED_BED)
    if book.draw.chance(volume.SAYS_YES):
        return Answer(accept=True)
    who, reason = book.draw.weighted(volume.DECLINES)
    return Answer(accept=False, decided_by=who, reason=reason)


def _accepted(book: Book, case: Case, offer: Offer) -> None:
    del book.cases[case.referral_id]
    before = None if case.stay_id is None else book.guests[case.stay_id]
    stay_id = book.session.scalar(select(Admission.stay_id).where(Admission.offer_id == offer.id))
    if before is not None:
        before.case = None
    if stay_id is None:
        if before is not None:
            fit(book, before, before.wants_until or before.leaves_on)
        return
    stay = book.session.get_one(Stay, stay_id)
    guest = Guest(stay.id, offer.facility_id, stay.bed_id or "", stay.admitted_on, stay.admitted_on, case=case)
    book.guests[stay.id] = guest
    if before is not None:
        before.goes_on, before.leaves_on = True, stay.admitted_on


def arrive(book: Book) -> None:
    """Whoever was expected tonight comes; a few do not."""
    for guest in [guest for guest in book.guests.values() if not guest.here and guest.admitted == book.tonight]:
        case, guest.here = guest.case, True
        comes = case is None or case.stay_id is not None or not book.draw.chance(volume.NOT_ARRIVED)
        house = book.staff.by_house[guest.facility_id]
        if comes:
            stays.arrive(book.session, house, guest.stay_id, book.now, book.tonight)
            plan(book, guest, None if case is None else case.nights)
            guest.case = None
        else:
            stays.not_arrived(book.session, house, guest.stay_id, book.now, book.tonight)
            wait_again(book, guest)
