"""What moves a row on, sent twice with one key, acts once: a phone on a slow line presses again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from app.access.policy import Role
from app.idempotency import _pressed
from app.referrals.models import Referral
from app.tasks.models import TaskKind
from tests.app.test_due import lived_in
from tests.app.test_exceptions import added, except_, excluded, strict
from tests.app.test_idempotency import ACTS, counts
from tests.app.test_stays import supervisor
from tests.app.test_todo import owed
from tests.app.test_workflow import held, scene
from tests.factories import Caller, SignedIn, fund, made, refused
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

__all__ = ["scene"]

Json = dict[str, Any]
Act = tuple[Caller, str, Json | None]
"""Who sends it, where, and the body."""
YES: Json = {"accept": True}
NO: Json = {"accept": False, "decided_by": "facility", "reason": "no_bed"}
HOME: Json = {"reason": "completed", "destination": "family"}
OTHERS: dict[str, Json] = {
    "/v1/facilities/{facility_id}/offers/{offer_id}/answer": NO,
    "/v1/referrals/{referral_id}/end": {"how": "withdrawn"},
    "/v1/emergency-accesses/{access_id}/review": {"justified": False},
}
"""Another body, where a version is none of its members."""


def _undo(scene: Scene) -> Act:
    path = "/v1/facilities/fac_a/beds/bed_a1"
    status = {"status": "cleaning", "version": made(scene.staff["fac_a"].get(path))["version"]}
    version = made(scene.staff["fac_a"].put(f"{path}/status", status))["version"]
    return scene.staff["fac_a"], f"{path}/status/undo", {"version": version}


def _withdrawal(scene: Scene) -> Act:
    path, offer = held(scene)
    return scene.coordinator, f"{path}/offers/{offer['id']}/withdrawal", {}


def _end(scene: Scene) -> Act:
    path, _ = held(scene)
    return scene.coordinator, f"{path}/end", {"how": "closed"}


def _answer(scene: Scene) -> Act:
    _, offer = held(scene)
    return scene.staff["fac_a"], f"/v1/facilities/fac_a/offers/{offer['id']}/answer", YES


def _second(scene: Scene) -> Act:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene)
    exception = made(except_(scene, path, run, "facility.declines"))["id"]
    colleague = SignedIn(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    return colleague, f"{path}/exceptions/{exception}/second", None


def _record(scene: Scene) -> str:
    """A record of which nobody has asked a bed."""
    flag = {"level": "at_risk", "basis": "observation", "indicators": ["hotels"]}
    return f"/v1/minors/{made(scene.coordinator.post('/v1/minors', {'flag': flag}))['id']}"


def _taken_back(scene: Scene, path: str) -> Act:
    body: Json = {
        "recipient": scene.agencies["fac_a"],
        "purpose": "placement",
        "items": ["age"],
        "signers": [{"relation": "minor"}, {"relation": "guardian", "abuser": False}],
        "given": "written",
        "explained": True,
        "valid_until": (scene.clock.now() + timedelta(days=9)).isoformat(),
    }
    release = made(scene.coordinator.post(f"{path}/releases", body))["id"]
    return scene.coordinator, f"{path}/releases/{release}/withdrawal", None


def _law_ended(scene: Scene, path: str) -> Act:
    until = (scene.clock.now() + timedelta(days=9)).isoformat()
    body = {"recipient": scene.agencies["fac_a"], "law": "court_order", "reference": "order 26-118", "items": ["age"]}
    basis = made(scene.coordinator.post(f"{path}/legal-bases", {**body, "valid_until": until}))["id"]
    return scene.coordinator, f"{path}/legal-bases/{basis}/end", None


def _reviewed(scene: Scene) -> Act:
    path = scene.refer()
    with scene.database.reading() as session:
        code = session.get_one(Referral, path.rsplit("/", 1)[1]).code
    helper = SignedIn(scene.client, scene.database, Role.INTAKE_COORDINATOR)
    asked = {"code": code, "reason": "medical", "words": "in hospital, and cannot speak"}
    access = made(helper.post("/v1/emergency-accesses", asked))["id"]
    reviewer = SignedIn(scene.client, scene.database, Role.SUPERVISOR, helper.agency_id)
    return reviewer, f"/v1/emergency-accesses/{access}/review", {"justified": True}


def _expected(ending: str) -> Callable[[Scene], Act]:
    def act(scene: Scene) -> Act:
        _, offer = held(scene)
        stay = made(scene.answer("fac_a", offer["id"]))["stay_id"]
        return scene.staff["fac_a"], f"/v1/stays/{stay}/{ending}", None

    return act


def _lived(ending: str, body: Json) -> Callable[[Scene], Act]:
    def act(scene: Scene) -> Act:
        return scene.staff["fac_a"], f"/v1/stays/{lived_in(scene)}/{ending}", body

    return act


def _transfer(scene: Scene) -> Act:
    stay = lived_in(scene)
    now = made(scene.coordinator.get(f"/v1/stays/{stay}"))["bed_id"]
    other = "bed_a2" if now == "bed_a1" else "bed_a1"
    return scene.staff["fac_a"], f"/v1/stays/{stay}/transfer", {"bed": other}


def _return(scene: Scene) -> Act:
    stay = lived_in(scene)
    out = {"first": "2026-11-21", "until": "2026-11-24", "keep_bed": True, "paid": False}
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", out))
    return scene.staff["fac_a"], f"/v1/stays/{stay}/return", {"on": "2026-11-22"}


def _correction(scene: Scene) -> Act:
    stay = lived_in(scene)
    scene.clock.move(timedelta(days=2))
    body = {"first": "2026-11-21", "until": "2026-11-22", "fund": None, "reason": "nobody paid"}
    return supervisor(scene), f"/v1/stays/{stay}/corrections", body


def _task(scene: Scene) -> Act:
    path = scene.refer()
    task = owed(scene, TaskKind.WALK_IN, scene.coordinator.agency_id, ("referral", path.rsplit("/", 1)[1]))
    return scene.coordinator, f"/v1/tasks/{task}/done", {"outcome": "fits"}


def _of_a_record(act: str, of: str, sent: Json, body: Json | None = None) -> Callable[[Scene], Act]:
    """What is done to a flag, an entry or a link of a record that has one."""

    def done(scene: Scene) -> Act:
        flag = {"level": "at_risk", "basis": "observation", "indicators": ["hotels"]}
        minors = [made(scene.coordinator.post("/v1/minors", {"flag": flag})) for _ in range(2)]
        record = f"/v1/minors/{minors[0]['id']}"
        if of == "flags":
            row = minors[0]["flags"][0]["id"]
        else:
            other = {"other": minors[1]["id"]} if of == "links" else {}
            row = made(scene.coordinator.post(f"{record}/{of}", sent | other))["id"]
        return scene.coordinator, f"{record}/{of}/{row}/{act}", body

    return done


SETUPS: dict[str, Callable[[Scene], Act]] = {
    "/v1/facilities/{facility_id}/beds/{bed_id}/status/undo": _undo,
    "/v1/referrals/{referral_id}/offers/{offer_id}/withdrawal": _withdrawal,
    "/v1/facilities/{facility_id}/offers/{offer_id}/answer": _answer,
    "/v1/referrals/{referral_id}/end": _end,
    "/v1/referrals/{referral_id}/exceptions/{exception_id}/second": _second,
    "/v1/referrals/{referral_id}/releases/{release_id}/withdrawal": lambda scene: _taken_back(scene, scene.refer()),
    "/v1/referrals/{referral_id}/legal-bases/{basis_id}/end": lambda scene: _law_ended(scene, scene.refer()),
    "/v1/minors/{minor_id}/releases/{release_id}/withdrawal": lambda scene: _taken_back(scene, _record(scene)),
    "/v1/minors/{minor_id}/legal-bases/{basis_id}/end": lambda scene: _law_ended(scene, _record(scene)),
    "/v1/emergency-accesses/{access_id}/review": _reviewed,
    "/v1/stays/{stay_id}/arrival": _expected("arrival"),
    "/v1/stays/{stay_id}/no-arrival": _expected("no-arrival"),
    "/v1/stays/{stay_id}/discharge": _lived("discharge", HOME),
    "/v1/stays/{stay_id}/transfer": _transfer,
    "/v1/stays/{stay_id}/extension": _lived("extension", {"until": "2026-12-05"}),
    "/v1/stays/{stay_id}/absences": _lived(
        "absences", {"first": "2026-11-22", "until": "2026-11-24", "keep_bed": True, "paid": False}
    ),
    "/v1/stays/{stay_id}/return": _return,
    "/v1/stays/{stay_id}/corrections": _correction,
    "/v1/tasks/{task_id}/done": _task,
    "/v1/minors/{minor_id}/flags/{flag_id}/end": _of_a_record("end", "flags", {}, {"reason": "safe_now", "version": 1}),
    "/v1/minors/{minor_id}/flags/{flag_id}/review": _of_a_record(
        "review", "flags", {}, {"review_by": "2027-01-02", "version": 1}
    ),
    "/v1/minors/{minor_id}/activities/{activity_id}/withdrawal": _of_a_record(
        "withdrawal", "activities", {"kind": "school"}
    ),
    "/v1/minors/{minor_id}/links/{link_id}/undo": _of_a_record("undo", "links", {"verdict": "same"}),
}
WEBHOOKS = {path for path in ACTS if path.startswith("/v1/webhooks")}
"""Tried in test_webhooks.py."""


def test_every_act_is_tried() -> None:
    assert {*SETUPS, *WEBHOOKS} == ACTS


@pytest.mark.parametrize("path", SETUPS)
def test_an_act_sent_twice_acts_once(path: str, scene: Scene) -> None:
    caller, address, body = SETUPS[path](scene)
    first = caller.post(address, body, Idempotency_Key="k")
    said = made(first)
    assert "Idempotent-Replayed" not in first.headers
    after = counts(scene.database)
    second = caller.post(address, body, Idempotency_Key="k")
    assert (second.status_code, second.headers["Idempotent-Replayed"]) == (first.status_code, "true")
    assert made(second) == said
    if body:
        other = OTHERS.get(path) or {**body, "version": 9}
        refused(caller.post(address, other, Idempotency_Key="k"), 422, "idempotency_mismatch")
    assert counts(scene.database) == after


# The forms of pages, and why some of them need no key.
PLAIN_FORMS = {
    "/login/{token}": "spends its link",
    "/sign-in": "each press is a guess",
    "/enrol/{token}": "spends its link",
    "/enrol/{token}/passkey": "spends its link",
    "/enrol/{token}/passkey/options": "asks for something else each time",
    "/sign-in/passkey": "spends its challenge",
    "/sign-in/passkey/options": "asks for something else each time",
    "/prove": "each press is a guess",
    "/prove/passkey": "spends its challenge",
    "/security/passkeys": "spends its challenge",
    "/security/passkeys/options": "asks for something else each time",
    "/security/passkeys/removal": "removes what is removed",
    "/stay": "says that somebody is here",
    "/agency-sign-in": "sets what is set",
    "/sign-in/agency": "begins anew at the agency's own sign-in, whose answer counts once",
    "/sign-in/agency/out": "ends what has ended",
    "/enrol/{token}/agency": "the same",
    "/prove/agency": "the same",
    "/security/agency": "the same",
    "/security/sessions": "ends what has ended again",
    "/security/devices": "forgets what is forgotten",
    "/security/anew": "a newer link ends an older one",
    "/sign-out": "ends what has ended again",
    "/emergency/end": "gives back what is given back",
    "/tasks/notices": "what is read is read",
    "/referrals/{referral_id}/rankings/{run_id}/whole": "shows something: each look is on record",
}


def test_every_form_that_acts_takes_the_key_of_its_page(app: FastAPI) -> None:
    described = set(app.openapi()["paths"])
    forms = {
        str(route.path): route
        for route in iter_route_contexts(app.routes)
        if "POST" in (route.methods or ()) and str(route.path) not in described
    }
    assert set(PLAIN_FORMS) < set(forms)
    keyed = {path for path, route in forms.items() if _takes_a_press(getattr(route, "dependant", None))}
    assert keyed == set(forms) - set(PLAIN_FORMS)


def _takes_a_press(dependant: Dependant | None) -> bool:
    if dependant is None:
        return False
    return dependant.call is _pressed or any(map(_takes_a_press, dependant.dependencies))
