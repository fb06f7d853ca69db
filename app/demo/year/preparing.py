"""A whole year into an empty database: the opening, each day with one commit, and the evening on top."""

import gc
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

from app.clock import MovableClock
from app.config import Settings
from app.db import ids_from
from app.demo.directory import AGENCIES, HOUSE_STAFF, PEOPLE
from app.demo.draw import Draw
from app.demo.stage import employ, found_agencies, load_state
from app.demo.state import ZONE, Demo
from app.demo.year import leaving
from app.demo.year.book import Book, staff_of
from app.demo.year.day import Plan, come_to_stay, live_by_day, live_through
from app.demo.year.evening import begin_evening
from app.demo.year.one_commit import OneCommit
from app.demo.year.opening import Opening, opening_of
from app.demo.year.standing import Standing, document_of, standing
from app.demo.year.upkeep import tell_nobody
from app.placements.prices import learn_now
from app.reports.publishing import publish_due
from app.reports.unlocks import look_into_gaps
from app.sealing.opening import needed
from app.whatif.releasing import release_due

Json = dict[str, Any]
_STREAM = 9
_COLLECTS_EVERY = 10
_OPENS_AT, _NIGHT_TURNS_AT = time(9, 30), time(9)
Told = Callable[[int, int], None]
"""Is told after each day: how many are done, of how many."""


def prepare(settings: Settings, demo: Demo, days: int, told: Told = lambda done, of: None) -> None:
    """Fill a migrated, empty database; the same seed and number of days give the same rows."""
    draw = Draw(demo.seed, _STREAM)
    plan = standing(demo, days, draw)
    opens = datetime.combine(plan.opening, _OPENS_AT, ZONE)
    clock = MovableClock(ZONE, _NIGHT_TURNS_AT, opens)
    database = OneCommit(settings.database_url, clock, needed(settings))
    try:
        with ids_from(_source(demo.seed)), _without_collecting():
            opening = opening_of(demo, plan.opening, opens.isoformat())
            book = _open(database, clock, demo, plan, opening, draw)
            for done in range(days):
                _live(book, demo, plan, opening, plan.opening + timedelta(days=done))
                told(done + 1, days)
            _end(book, demo, plan, opening)
            database.commit()
    finally:
        database.close()


def _open(database: OneCommit, clock: MovableClock, demo: Demo, plan: Standing, opening: Opening, draw: Draw) -> Book:
    """The places, the funds, those who work there, and those who live there already."""
    session = database.now
    agencies = found_agencies(session, AGENCIES, clock.now())
    employ(session, agencies, (*PEOPLE, *HOUSE_STAFF), clock.now())
    here = plan.begins.get(plan.opening, [])
    document = document_of(demo, here, plan.opening, clock.now().isoformat(), opening.facilities)
    load_state(session, document, agencies, {})
    session.flush()
    book = Book(database, clock, draw, staff_of(session), plan)
    come_to_stay(book, here)
    database.commit()
    return book


def _live(book: Book, demo: Demo, plan: Standing, opening: Opening, day: date) -> None:
    live_through(book, day, _plan(demo, plan, opening, day))
    book.database.commit()
    if day.day % _COLLECTS_EVERY == 0:
        gc.collect()


def _end(book: Book, demo: Demo, plan: Standing, opening: Opening) -> None:
    """The day before the evening: whoever is of the year alone is gone by then."""
    live_by_day(book, demo.tonight, _plan(demo, plan, opening, demo.tonight))
    leaving.stop_all(book)
    leaving.make_room(book, {guest.bed_id for guest in book.guests.values()})
    leaving.stop_all(book)
    book.clock.set(demo.as_of)
    begin_evening(book.session, demo, book.staff.coordinator.agency_id)
    learn_now(book.database)
    publish_due(book.database)
    release_due(book.database, newest=True)
    look_into_gaps(book.database, at_once=None)
    tell_nobody(book)


def _plan(demo: Demo, plan: Standing, opening: Opening, day: date) -> Plan:
    moving_in = plan.begins.get(day, []) if day > plan.opening else []
    noon = datetime.combine(day, time(12), ZONE).isoformat()
    document = document_of(demo, moving_in, day, noon, opening.facilities) if moving_in else None
    return Plan(opening.renewals.get(day, []), moving_in, document)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Almost all that a day makes is let go of at its end; looking through it for circles meanwhile finds little."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _source(seed: int) -> Callable[[int], bytes]:
    """Bytes for ids that follow from the seed."""
    count = 0

    def take(n: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.sha256(f"bednight demo {seed} {count}".encode()).digest()[:n]

    return take
