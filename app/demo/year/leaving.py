"""The mornings of the year: who leaves, who is asked on for, and who waits no longer."""

from datetime import date, timedelta

from sqlalchemy import func, select

from app.beds.models import BedNight
from app.demo.history import LENGTHS
from app.demo.houses import HOUSES
from app.demo.year import volume
from app.demo.year.asking import Case
from app.demo.year.book import Book, Guest
from app.errors import Problem
from app.minors.schemas import MinorFacts
from app.placements.ending import end_referral
from app.placements.next_placement import refer_on
from app.referrals import service as referrals
from app.referrals.models import Referral, ReferralStatus
from app.referrals.schemas import ReferralChange
from app.stays import service as stays
from app.stays.codes import Destination, StayEnd
from app.stays.schemas import DischargeCreate, NextCreate

_KINDS = {house.facility: house.kind for house in HOUSES}
_ASKS_BEFORE = timedelta(days=5)
_CLOSED = 70
_UNPLANNED_BY = (1, 25)
_UNPAID = (1, 3)
_FOLLOWS = 65
"""Of a hundred whose money ends before the need: for how many the next placement is asked for."""


def leave(book: Book) -> None:
    """Whoever leaves today, through the house; the bed goes into cleaning."""
    for guest in [guest for guest in book.guests.values() if guest.here and guest.leaves_on <= book.tonight]:
        if guest.goes_on:
            del book.guests[guest.stay_id]  # the next house's yes has ended this stay already
        else:
            _discharge(book, guest)


def make_room(book: Book, beds: set[str]) -> None:
    """Let a bed be free that was promised to others: who is there goes elsewhere, who was expected is turned away."""
    for guest in [guest for guest in book.guests.values() if guest.bed_id in beds]:
        if guest.here:
            guest.reason, guest.destination = StayEnd.HOUSE_ENDED, Destination.OTHER_CARE
            _discharge(book, guest)
        else:
            house = book.staff.by_house[guest.facility_id]
            stays.not_arrived(book.session, house, guest.stay_id, book.now, book.tonight)
            wait_again(book, guest)


def wait_again(book: Book, guest: Guest) -> None:
    """Somebody who did not come is looked for a bed again."""
    del book.guests[guest.stay_id]
    if guest.case is not None:
        guest.case.ask_again = True
        book.cases[guest.case.referral_id] = guest.case


def _discharge(book: Book, guest: Guest) -> None:
    body = DischargeCreate(reason=guest.reason, destination=guest.destination)
    house = book.staff.by_house[guest.facility_id]
    stays.discharge(book.session, house, guest.stay_id, body, book.now, book.tonight)
    del book.guests[guest.stay_id]
    book.bed_freed = True
    if guest.case is not None:
        _stop(book, guest.case)


def ask_on(book: Book) -> None:
    """Ask for the next placement of those whose money ends soon."""
    for guest in book.guests.values():
        due = guest.here and not guest.goes_on and guest.case is None and guest.wants_until is not None
        if not due or guest.leaves_on - _ASKS_BEFORE > book.tonight:
            continue
        try:
            body = NextCreate(needed_from=max(guest.leaves_on, book.tonight))
            referral = refer_on(book.session, book.staff.coordinator, guest.stay_id, body, book.now, book.tonight)
        except Problem:
            guest.wants_until = None  # nothing ends here that another house could go on from
            continue
        first = referral.needed_from or book.tonight
        guest.case = Case(referral.id, book.tonight, first, referral.nights_needed, stay_id=guest.stay_id)
        book.cases[referral.id] = guest.case


def wait_on(book: Book) -> None:
    """Of those who wait, some stop, and some have answered what was asked."""
    for case in [case for case in book.cases.values() if case.stay_id is None]:
        if book.draw.chance(volume.STOPS_WAITING):
            _stop(book, case)
        elif case.answers and book.draw.chance(volume.ANSWERED):
            _answer(book, case)


def _answer(book: Book, case: Case) -> None:
    """Fill in what was not known."""
    session, coordinator = book.session, book.staff.coordinator
    version = referrals.version_of(session, session.get_one(Referral, case.referral_id))
    change = ReferralChange(minor=MinorFacts.model_validate(case.answers), version=version)
    referrals.change_referral(session, coordinator, case.referral_id, change, None, book.now, book.tonight)
    case.answers, case.ask_again = {}, True


def stop_all(book: Book) -> None:
    """Nobody of the year waits any more when the evening's own begin to."""
    for case in list(book.cases.values()):
        _stop(book, case)


def plan(book: Book, guest: Guest, nights: int | None) -> None:
    """Decide at the arrival how long somebody stays: as meant, as is paid, and as the bed is free."""
    draw, lengths = book.draw, LENGTHS.get(_KINDS[guest.facility_id], LENGTHS[""])
    shortest, longest = draw.weighted([((low, high), weight) for low, high, weight in lengths])
    meant = min(draw.between(shortest, longest), nights or longest)
    guest.destination = draw.weighted(volume.GOES_TO)
    if draw.chance(volume.LEFT_UNPLANNED):
        meant = min(meant, draw.between(*_UNPLANNED_BY))
        guest.reason, guest.destination = draw.weighted(volume.UNPLANNED)
    fit(book, guest, guest.admitted + timedelta(days=meant))


def fit(book: Book, guest: Guest, meant: date) -> None:
    """The day of leaving, at the latest the one on which the bed is promised to somebody else."""
    draw = book.draw
    last_paid, last = book.session.execute(
        select(func.max(BedNight.night).filter(BedNight.fund_id.is_not(None)), func.max(BedNight.night)).where(
            BedNight.stay_id == guest.stay_id
        )
    ).one()
    paid_until = (last_paid or guest.admitted) + timedelta(days=1)
    ends = min(book.standing.next_in(guest.bed_id, guest.admitted), (last or guest.admitted) + timedelta(days=1))
    guest.wants_until = None
    if meant > min(paid_until, ends) and guest.reason is StayEnd.COMPLETED:
        guest.reason = StayEnd.MAXIMUM_TIME
        guest.wants_until = meant if draw.chance(_FOLLOWS) else None
    unpaid = draw.between(*_UNPAID) if meant > paid_until and draw.chance(volume.UNPAID_NIGHTS) else 0
    guest.leaves_on = max(min(meant, ends, paid_until + timedelta(days=unpaid)), guest.admitted + timedelta(days=1))


def _stop(book: Book, case: Case) -> None:
    how = ReferralStatus.CLOSED if book.draw.chance(_CLOSED) else ReferralStatus.WITHDRAWN
    end_referral(book.session, book.staff.coordinator, case.referral_id, how, book.now)
    del book.cases[case.referral_id]
