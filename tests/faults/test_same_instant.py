"""Two people who act at the same instant: one of them is first, and the other reads what is so now."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.beds.models import BedNight, Hold
from app.clock import MovableClock
from app.db import Database
from app.facilities.models import Bed, BedStatus
from app.stays.codes import OfferStatus
from app.stays.models import Admission, Offer, Stay
from tests.factories import house, made
from tests.proofs import saw, times
from tests.scenes import Scene

Json = dict[str, Any]
Act = Callable[[], Any]


def at_once(acts: Sequence[Act]) -> list[Any]:
    """Start every act at the same instant, each in a thread of its own; their answers, in the order of the acts.

    Who is told that the database is busy, on a machine with too much to do, asks again as that answer says.
    """
    barrier = Barrier(len(acts))

    def start(act: Act) -> Any:
        barrier.wait()
        while getattr(answer := act(), "status_code", None) == HTTPStatus.SERVICE_UNAVAILABLE:
            sleep(float(answer.headers["Retry-After"]))
        return answer

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(start, acts))


def one_bed(name: str) -> Json:
    """A house with a single bed."""
    plain = house(name)
    plain["units"][0]["beds"].pop()
    return plain


def codes(answers: Sequence[Any]) -> Counter[str]:
    return Counter("ok" if answer.is_success else str(answer.json()["code"]) for answer in answers)


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


def whole(scene: Scene) -> None:
    """What must hold after every race: a hold's nights are all there or none, and a yes has its stay."""
    with scene.database.reading() as session:
        now = scene.clock.now()
        for hold in session.scalars(select(Hold)):
            rows = session.scalar(select(func.count()).where(BedNight.hold_id == hold.id))
            in_force = hold.ended_at is None and hold.expires_at > now
            assert rows == ((hold.until_night - hold.first_night).days if in_force else 0) or (
                hold.ended_at is None and not in_force
            )
        accepted = set(session.scalars(select(Offer.id).where(Offer.status == OfferStatus.ACCEPTED)))
        assert accepted == set(session.scalars(select(Admission.offer_id)))
        for stay in session.scalars(select(Stay).where(Stay.left_on.is_(None), Stay.expected_until.is_not(None))):
            beds = set(session.scalars(select(BedNight.bed_id).where(BedNight.stay_id == stay.id)))
            assert beds == {stay.bed_id}
        for bed in session.scalars(select(Bed).where(Bed.status == BedStatus.HELD)):
            held = select(BedNight.bed_id).where(BedNight.bed_id == bed.id)
            assert session.scalars(held.limit(1)).one_or_none() is not None


def test_fifty_people_who_want_one_bed_get_it_once(client: TestClient, database: Database, clock: MovableClock) -> None:
    scene = Scene(client, database, clock, one_bed("fac_a"), one_bed("fac_b"), one_bed("fac_c"))
    asked = []
    for _ in range(50):
        path = scene.refer(1)
        decided = client.post(path + "/rankings", headers=scene.coordinator.headers)
        asked.append((path, decided.headers["Location"].rsplit("/", 1)[1]))
    answers = at_once([partial(scene.ask, path, run, "fac_a") for path, run in asked])
    assert codes(answers) == {"ok": 1, "bed_taken": 49}
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 49}
    for answer in answers:
        if answer.status_code == 409:
            assert {option["facility"] for option in answer.json()["next_options"]} == {"fac_b", "fac_c"}
    whole(scene)
    saw("people who wanted one bed at the same instant", 50)


def test_two_houses_that_say_yes_at_once_get_one_young_person_once(scene: Scene) -> None:
    for _ in range(times(2)):
        path = scene.refer(1)
        run, _ = scene.rank(path)
        offers = {name: made(scene.ask(path, run, name, "offers"))["id"] for name in ("fac_a", "fac_b")}
        answers = at_once([partial(scene.answer, name, offer) for name, offer in offers.items()])
        assert codes(answers) == {"ok": 1, "offer_ended": 1}
        whole(scene)
        stay = next(answer.json()["stay_id"] for answer in answers if answer.is_success)
        made(scene.coordinator.post(f"/v1/stays/{stay}/no-arrival"))
        saw("houses that said yes at the same instant", 2)


def test_houses_that_each_free_the_other_s_bed_by_a_yes_do_not_wait_for_each_other(scene: Scene) -> None:
    """Each of two young people has a bed held in one house and says yes to the other."""
    for _ in range(times(2)):
        pairs, stays = [], []
        for held, soft in (("fac_a", "fac_b"), ("fac_b", "fac_a")):
            path = scene.refer(1)
            run, _ = scene.rank(path)
            made(scene.ask(path, run, held))
            run, _ = scene.rank(path)
            pairs.append((soft, made(scene.ask(path, run, soft, "offers"))["id"]))
        for answer in at_once([partial(scene.answer, name, offer) for name, offer in pairs]):
            stays.append(made(answer)["stay_id"])
        whole(scene)
        for stay in stays:
            made(scene.coordinator.post(f"/v1/stays/{stay}/no-arrival"))
        saw("houses that said yes while the other's bed was freed", 2)


def test_a_yes_and_the_end_of_the_hold_at_once(scene: Scene) -> None:
    for _ in range(times(2)):
        path = scene.refer(1)
        run, _ = scene.rank(path)
        offer = made(scene.ask(path, run, "fac_a"))["id"]

        def run_out() -> None:
            scene.clock.move(timedelta(hours=2))

        answer, _ = at_once([partial(scene.answer, "fac_a", offer), run_out])
        assert codes([answer]) in ({"ok": 1}, {"offer_ended": 1}, {"hold_ran_out": 1})
        whole(scene)
        if answer.is_success:
            made(scene.coordinator.post(f"/v1/stays/{answer.json()['stay_id']}/no-arrival"))
        scene.clock.move(timedelta(hours=-2))
        scene.coordinator.post(f"{path}/offers/{offer}/withdrawal", {})
        saw("answers at the instant a hold ran out", 1)


def test_a_yes_and_its_withdrawal_at_once(scene: Scene) -> None:
    for _ in range(times(2)):
        path = scene.refer(1)
        run, _ = scene.rank(path)
        offer = made(scene.ask(path, run, "fac_a"))["id"]
        acts: list[Act] = [
            partial(scene.answer, "fac_a", offer),
            partial(scene.coordinator.post, f"{path}/offers/{offer}/withdrawal", {}),
        ]
        answers = at_once(acts)
        assert codes(answers) == {"ok": 1, "offer_ended": 1}
        whole(scene)
        if answers[0].is_success:
            made(scene.coordinator.post(f"/v1/stays/{answers[0].json()['stay_id']}/no-arrival"))
        saw("answers at the instant of a withdrawal", 1)


def test_leaving_and_moving_to_another_bed_at_once(scene: Scene) -> None:
    for _ in range(times(2)):
        path = scene.refer(1)
        run, _ = scene.rank(path)
        offer = made(scene.ask(path, run, "fac_a"))
        stay = made(scene.answer("fac_a", offer["id"]))["stay_id"]
        made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))
        other = {"bed_a1": "bed_a2", "bed_a2": "bed_a1"}[offer["hold"]["bed_id"]]
        leaving = {"reason": "completed", "destination": "family"}
        acts: list[Act] = [
            partial(scene.coordinator.post, f"/v1/stays/{stay}/discharge", leaving),
            partial(scene.staff["fac_a"].post, f"/v1/stays/{stay}/transfer", {"bed": other}),
        ]
        gone, moved = at_once(acts)
        made(gone)
        assert codes([moved]) in ({"ok": 1}, {"not_now": 1})
        whole(scene)
        with scene.database.reading() as session:
            assert session.scalars(select(BedNight.bed_id).where(BedNight.stay_id == stay)).all() == []
            assert BedStatus.OCCUPIED not in set(session.scalars(select(Bed.status)))
        for bed in ("bed_a1", "bed_a2"):
            version = made(scene.staff["fac_a"].get(f"/v1/facilities/fac_a/beds/{bed}"))["version"]
            made(
                scene.staff["fac_a"].put(
                    f"/v1/facilities/fac_a/beds/{bed}/status", {"status": "open", "version": version}
                )
            )
        saw("discharges at the instant of a move", 1)


def test_the_same_request_twice_at_once_acts_once(scene: Scene) -> None:
    for n in range(times(2)):
        path = scene.refer(1)
        run, _ = scene.rank(path)
        body = {"run": run, "facility": "fac_a", "authority": "court_order", "choice_reason": "clinical_advice"}
        send = partial(scene.coordinator.post, f"{path}/holds", body, Idempotency_Key=f"k{n}")
        answers = at_once([send] * 4)
        assert codes(answers) == {"ok": 4}
        (offer,) = {answer.json()["id"] for answer in answers}
        whole(scene)
        made(scene.coordinator.post(f"{path}/offers/{offer}/withdrawal", {}))
        saw("requests sent again while they were worked on", 3)
