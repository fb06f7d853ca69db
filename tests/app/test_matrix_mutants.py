"""The matrix goes red where the policy or a wall is changed: else it would prove nothing."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from sqlalchemy import bindparam, select

from app.access import actor as actors
from app.access.actor import Actor
from app.access.policy import POLICY, Permission, Role
from app.placements import next_placement
from app.referrals import service as referrals
from app.referrals.models import Referral
from app.stays import service as stays
from tests.app.stage import Stage, Stand
from tests.app.test_matrix import cells, differences, settings, stage, table
from tests.app.test_routes import guarded
from tests.proofs import saw

__all__ = ["settings", "stage"]

pytestmark = pytest.mark.one_kind

# What no route asks for by itself yet, and who looks at it.
ASKED_WITHIN = {
    Permission.ADDRESS_READ: "directions on the page of an offer, to who has just proved who they are",
    Permission.AUDIT_READ: "the command line alone reads the trail as a whole",
    Permission.ALERTS_READ: "test_probing.py: who is told of an alert",
}


def test_each_change_of_the_policy_is_seen(app: FastAPI, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = table()
    lines = {
        permission: [(method, path, demanded) for method, path, demanded in guarded(app) if permission in demanded]
        for permission in Permission
    }
    assert {permission for permission, found in lines.items() if not found} <= set(ASKED_WITHIN)
    survived, tried = [], 0
    for role in Role:
        for permission, found in lines.items():
            holds = permission in POLICY[role]
            changed = {**POLICY, role: POLICY[role] - {permission} if holds else POLICY[role] | {permission}}
            asked = [(method, path) for method, path, demanded in found if demanded - {permission} <= POLICY[role]]
            if not asked:
                continue
            tried += 1
            monkeypatch.setattr(actors, "POLICY", changed)
            for route in asked:
                own = {who: letter for who, letter in cells(expected[route]).items() if who == (Stand.OWN, role)}
                if differences(stage, route, own):
                    break
            else:
                survived.append(f"{role.value} {'without' if holds else 'with'} {permission.value}")
    assert tried >= 200
    assert len(survived) <= tried // 20, survived
    saw("changes of single permissions that the access matrix saw", tried - len(survived))


def _visible_to_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(referrals, "_VISIBLE", select(Referral).where(Referral.id == bindparam("referral")))


def _reading_is_acting(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(referrals, "find_own", referrals.find)


def _everybody_works_there(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Actor, "works_in", lambda *_: True)


def _everybody_administers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Actor, "administers", lambda self, _: self.may(Permission.DIRECTORY_WRITE))


def _everybody_is_a_party(patch: pytest.MonkeyPatch) -> None:
    class All(tuple[str, ...]):
        def __contains__(self, _: object) -> bool:
            return True

    patch.setattr(stays, "parties", lambda *_: All())


def _everybody_places(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(next_placement, "places", lambda *_: True)


WALLS: dict[Callable[[pytest.MonkeyPatch], None], tuple[str, str]] = {
    _visible_to_all: ("GET", "/v1/referrals/{referral_id}"),
    _reading_is_acting: ("PATCH", "/v1/referrals/{referral_id}"),
    _everybody_works_there: ("POST", "/v1/facilities/{facility_id}/confirmations"),
    _everybody_administers: ("PATCH", "/v1/facilities/{facility_id}"),
    _everybody_is_a_party: ("POST", "/v1/stays/{stay_id}/discharge"),
    _everybody_places: ("POST", "/v1/stays/{stay_id}/next"),
}


def test_each_wall_that_is_taken_away_is_seen(stage: Stage) -> None:
    expected = table()
    for take_away, route in WALLS.items():
        wanted = dict(cells(expected[route]))
        with pytest.MonkeyPatch.context() as patch:
            take_away(patch)
            assert differences(stage, route, wanted), (take_away.__name__, route)
