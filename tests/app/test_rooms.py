"""Another room of the same house: its rule, and who sleeps there or comes there while the stay lasts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete

from app.access.policy import Role
from app.beds import ledger
from app.beds.models import BedNight, Resident
from app.clock import MovableClock
from app.codes import Gender
from app.db import Database
from app.facilities.models import Unit
from app.minors.models import Minor
from app.placements.rooms import suiting_rooms
from app.stays.models import Stay
from tests.app.test_stays import arrived
from tests.factories import EIGHT_ANSWERS, SignedIn, house, made, refused
from tests.scenes import Scene

Json = dict[str, Any]

NIGHTS = 10
CONFIRMED = "2026-11-21T20:02:00-05:00"


def bed(name: str) -> Json:
    return {"id": name, "status": "open", "confirmed_at": CONFIRMED}


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    """She is put into `unit_a`; `unit_b` has two beds."""
    rooms = [{"id": "unit_a", "beds": [bed("bed_a1")]}, {"id": "unit_b", "beds": [bed("bed_b1"), bed("bed_b2")]}]
    return Scene(client, database, clock, house("fac_a", units=rooms), house("fac_c"))


@contextmanager
def beside(scene: Scene, start: int = 0, nights: int = 1, **known: Any) -> Iterator[None]:
    """Somebody whom the house lists sleeps in `bed_b2` for these nights from tonight on."""
    first = scene.clock.tonight() + timedelta(days=start)
    until = first + timedelta(days=nights)
    with scene.database.writing() as session:
        session.add(
            Resident(id="res_b", facility_id="fac_a", bed_id="bed_b2", present_from=first, present_until=until, **known)
        )
        session.flush()
        ledger.claim(
            session,
            facility_id="fac_a",
            bed_id="bed_b2",
            minor_id=None,
            first=first,
            until=until,
            holder=ledger.Holder(resident_id="res_b"),
            now=scene.clock.now(),
        )
    yield
    with scene.database.writing() as session:
        session.execute(delete(BedNight).where(BedNight.resident_id == "res_b"))
        session.execute(delete(Resident).where(Resident.id == "res_b"))


def suits(scene: Scene, stay: str, rule: Json, **own: Any) -> bool:
    """Whether `unit_b` with this rule suits her, of whom this is known, on all nights of her stay."""
    plain = dict.fromkeys(("genders", "min_age", "max_age", "max_age_gap_years", "one_gender_a_night"))
    with scene.database.writing() as session:
        row = session.get_one(Stay, stay)
        for name, value in (plain | rule).items():
            setattr(session.get_one(Unit, "unit_b"), name, value)
        minor = session.get_one(Minor, row.minor_id)
        for name, value in ({"gender": Gender.FEMALE, "born_on": date(2011, 3, 2)} | own).items():
            setattr(minor, name, value)
        session.flush()
        first = scene.clock.tonight()
        return suiting_rooms(session, row, first, first + timedelta(days=NIGHTS)).get("unit_b", False)


def test_which_rooms_suit(scene: Scene) -> None:
    """She is a girl of 15. Known facts alone speak against a room: what is not known is for the house to see."""
    stay, _ = arrived(scene)
    one, gap = {"one_gender_a_night": True}, {"max_age_gap_years": 2}
    assert suits(scene, stay, {})
    assert [suits(scene, stay, {"genders": [own]}) for own in ("female", "male")] == [True, False]
    assert [suits(scene, stay, {"max_age": most}) for most in (15, 14)] == [True, False]
    assert [suits(scene, stay, {"min_age": least}) for least in (15, 16)] == [True, False]
    assert suits(scene, stay, {"genders": ["male"]}, gender=None)
    assert suits(scene, stay, {"min_age": 16}, born_on=None)
    for other, alike in ((Gender.FEMALE, True), (Gender.MALE, False), (Gender.NONBINARY, True), (None, True)):
        with beside(scene, gender=other):
            assert suits(scene, stay, one) is alike, other
            assert suits(scene, stay, {})
            assert suits(scene, stay, one, gender=None)
    for age, near in ((13, True), (12, False), (17, True), (18, False), (None, True)):
        with beside(scene, age=age):
            assert suits(scene, stay, gap) is near, age
            assert suits(scene, stay, gap, born_on=None)
    for start, meets in ((1, True), (NIGHTS - 1, True), (NIGHTS, False)):
        with beside(scene, start, gender=Gender.MALE, age=12):
            assert [suits(scene, stay, rule) for rule in (one, gap)] == [not meets, not meets], start


def test_a_room_that_does_not_suit_is_neither_offered_nor_moved_to(scene: Scene) -> None:
    stay, _ = arrived(scene)
    SignedIn(scene.client, scene.database, Role.FACILITY_STAFF, scene.agencies["fac_a"])
    path = f"/v1/stays/{stay}/transfer"
    with beside(scene, 3, gender=Gender.MALE):
        assert not suits(scene, stay, {"one_gender_a_night": True})
        assert 'value="bed_b1"' not in scene.client.get(f"/stays/{stay}").text
        refused(scene.coordinator.post(path, {"bed": "bed_b1"}), 409, "not_available")
    assert not suits(scene, stay, {"min_age": 16})
    said = refused(scene.coordinator.post(path, {"bed": "bed_b1"}), 409, "not_now")
    assert said["detail"] == "That room is for another age or gender."
    assert suits(scene, stay, {"one_gender_a_night": True})
    page = scene.client.get(f"/stays/{stay}").text
    assert 'value="bed_b1"' in page
    made(scene.coordinator.post(path, {"bed": "bed_b1"}))


def test_a_bed_held_for_another_counts_and_her_own_nights_do_not(scene: Scene) -> None:
    """A boy is asked for: until his hold runs out he has a bed there. She may change beds within her own room."""
    stay, _ = arrived(scene)
    one = {"one_gender_a_night": True}
    assert suits(scene, stay, one)
    path = scene.refer(5, minor=EIGHT_ANSWERS["minor"] | {"gender": "male"})
    run, _ = scene.rank(path)
    assert made(scene.ask(path, run, "fac_a"))["hold"]["bed_id"] == "bed_b1"
    assert not suits(scene, stay, one)
    scene.clock.move(timedelta(hours=3))
    assert suits(scene, stay, one)
    made(scene.coordinator.post(f"/v1/stays/{stay}/transfer", {"bed": "bed_b2"}))
    assert suits(scene, stay, one, gender=None)


def test_more_nights_are_refused_where_somebody_comes_who_may_not_sleep_beside_her(scene: Scene) -> None:
    """Nobody who sleeps there by now sends her away, nor anybody who comes after the nights that are asked for."""
    stay, _ = arrived(scene)
    one = {"one_gender_a_night": True}
    assert suits(scene, stay, one)
    moved = made(scene.coordinator.post(f"/v1/stays/{stay}/transfer", {"bed": "bed_b1"}))
    until = date.fromisoformat(moved["expected_until"])
    over, path = (until - scene.clock.tonight()).days, f"/v1/stays/{stay}/extension"
    more = [{"until": (until + timedelta(days=nights)).isoformat()} for nights in (1, 2, 3)]
    with beside(scene, over + 1, gender=Gender.MALE):
        said = refused(scene.coordinator.post(path, more[1]), 409, "not_available")
        assert "gender" not in said["detail"]
        made(scene.coordinator.post(path, more[0]))
    with beside(scene, over + 1, gender=Gender.FEMALE):
        made(scene.coordinator.post(path, more[1]))
    with beside(scene, over, 9, gender=Gender.MALE):
        made(scene.coordinator.post(path, more[2]))
