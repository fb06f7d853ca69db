"""The policy table itself: what must never be true of it, whatever is added."""

import pytest

from app.access.actor import Actor
from app.access.policy import CLOSED_TO_KEYS, POLICY, AgencyKind, Permission, Role

CASE = {
    permission for permission in Permission if permission.value.startswith(("minor_", "referral_", "stay_", "plan_"))
}


def actor(role: Role, **more: object) -> Actor:
    return Actor(agency_id="agency_1", kind=AgencyKind.SHELTER, role=role, **more)  # type: ignore[arg-type]


def test_every_role_has_a_row_and_every_permission_a_holder() -> None:
    assert set(POLICY) == set(Role)
    assert set().union(*POLICY.values()) == set(Permission)


@pytest.mark.parametrize("role", [Role.FUNDER_ANALYST, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR, Role.ADMINISTRATOR])
def test_roles_without_case_work_see_no_case(role: Role) -> None:
    assert not POLICY[role] & (CASE | {Permission.RANKING_READ, Permission.RANKING_RUN, Permission.FINDINGS_WHOLE})


def test_only_a_supervisor_sees_findings_whole() -> None:
    assert [role for role in Role if Permission.FINDINGS_WHOLE in POLICY[role]] == [Role.SUPERVISOR]


def test_only_a_security_administrator_lets_people_in() -> None:
    assert [role for role in Role if Permission.PEOPLE_WRITE in POLICY[role]] == [Role.SECURITY_ADMINISTRATOR]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_an_actor_may_what_the_table_says(role: Role, permission: Permission) -> None:
    assert actor(role, person_id="person_1").may(permission) == (permission in POLICY[role])


@pytest.mark.parametrize("permission", Permission)
def test_a_key_may_less(permission: Permission) -> None:
    whole = actor(Role.SUPERVISOR, api_key_id="key_1")
    narrow = actor(Role.SUPERVISOR, api_key_id="key_1", scope=frozenset({Permission.REFERRAL_READ}))
    assert whole.may(permission) == (permission in POLICY[Role.SUPERVISOR] - CLOSED_TO_KEYS)
    assert narrow.may(permission) == (permission == Permission.REFERRAL_READ)


def test_a_scope_adds_nothing_to_a_role() -> None:
    assert not actor(Role.AUDITOR, api_key_id="key_1", scope=frozenset(Permission)).may(Permission.MINOR_READ)


@pytest.mark.parametrize(
    ("houses", "facility", "agency", "works"),
    [
        (None, "fac_1", "agency_1", True),
        (None, "fac_1", "agency_2", False),
        ({"fac_1"}, "fac_1", "agency_1", True),
        ({"fac_1"}, "fac_2", "agency_1", False),
        ({"fac_1"}, "fac_1", "agency_2", False),
    ],
)
def test_staff_work_in_their_houses(houses: set[str] | None, facility: str, agency: str, works: bool) -> None:
    staff = actor(Role.FACILITY_STAFF, facility_ids=None if houses is None else frozenset(houses))
    assert staff.works_in(facility, agency) is works
