"""One day of the year in its order: the morning's leaving, the afternoon's upkeep, the evening's calls, the night."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from app.config import Settings
from app.demo.year import leaving, placing, upkeep
from app.demo.year.book import Book, Guest
from app.demo.year.opening import Renewal
from app.demo.year.standing import move_in
from app.facilities.models import BedStatus
from app.stays.codes import Destination, StayEnd
from app.stays.told_cards import tell_card

Json = dict[str, Any]
_HEAR_AGAIN = 1
"""Of those who wait longest: for how many it is looked again when a bed has come free."""
MORNING, AFTERNOON, CHANGE_OF_SHIFTS = time(10), time(15), time(16)
NIGHT, SMALL_HOURS, BEFORE_DAWN = time(23, 45), time(4, 30), time(8, 30)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a day brings whoever calls: papers that come into force, and a file of those who move in."""

    renewals: list[Renewal]
    moving_in: list[Json]
    document: Json | None


def live_through(book: Book, day: date, plan: Plan) -> None:
    """Everything that happens between nine in the morning and nine on the next."""
    live_by_day(book, day, plan)
    book.turn_to(day, CHANGE_OF_SHIFTS)
    upkeep.confirm_houses(book)
    placing.take_calls(book, day)
    book.turn_to(day, NIGHT)
    if book.bed_freed:
        for case in list(book.cases.values())[:_HEAR_AGAIN]:
            case.ask_again = True
    placing.place_everyone(book)
    book.turn_to(day, SMALL_HOURS)
    placing.arrive(book)
    book.turn_to(day, BEFORE_DAWN)
    upkeep.tell_nobody(book)


def live_by_day(book: Book, day: date, plan: Plan) -> None:
    """The morning and the afternoon: who leaves, what is due, who moves in as the file says."""
    book.turn_to(day, MORNING)
    book.bed_freed = False
    leaving.leave(book)
    leaving.wait_on(book)
    leaving.ask_on(book)
    upkeep.renew_papers(book, plan.renewals)
    upkeep.finish_tasks(book)
    book.turn_to(day, AFTERNOON)
    upkeep.bring_due(book, Settings())
    if plan.document is not None:
        leaving.make_room(book, {stay["bed"] for stay in plan.moving_in})
        move_in(book.session, plan.document, book.staff.coordinator.agency_id)
        come_to_stay(book, plan.moving_in)
    upkeep.keep_free(book)


def come_to_stay(book: Book, stays: Iterable[Json]) -> None:
    """Of those who live here as the file says, whoever leaves before the evening leaves through the house."""
    for stay in stays:
        tell_card(book.session, stay["bed"], None, BedStatus.OPEN)
        if stay["left_on"] is not None:
            guest = Guest(
                stay["id"],
                stay["facility"],
                stay["bed"],
                date.fromisoformat(stay["admitted_on"]),
                date.fromisoformat(stay["left_on"]),
                StayEnd.COMPLETED,
                Destination.OTHER_CARE,
                here=True,
            )
            book.guests[guest.stay_id] = guest
