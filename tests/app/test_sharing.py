"""Which minors an agency may see, at each instant, and only while consent holds."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency
from app.access.policy import Role
from app.clock import MovableClock
from app.sharing.codes import Given, Purpose
from app.sharing.models import Grant, Relation, Release
from app.sharing.service import end_grants, grant, visible_minors
from tests.actors import add_agency

DAY = timedelta(days=1)


@pytest.fixture
def ours(session: Session, clock: MovableClock) -> Agency:
    """The agency that asks."""
    return add_agency(session, clock)


def seen(session: Session, agency: Agency, clock: MovableClock, role: Role = Role.INTAKE_COORDINATOR) -> list[str]:
    actor = Actor(agency_id=agency.id, kind=agency.kind, role=role, person_id="person_1")
    return sorted(session.scalars(visible_minors(actor, clock.now())))


def test_nothing_is_visible_without_a_grant(session: Session, ours: Agency, clock: MovableClock) -> None:
    assert seen(session, ours, clock) == []


def test_a_grant_is_for_one_agency(session: Session, ours: Agency, clock: MovableClock) -> None:
    other = add_agency(session, clock)
    grant(session, "min_1", ours.id, Relation.OWNER, clock.now())
    grant(session, "min_2", other.id, Relation.OWNER, clock.now())
    assert seen(session, ours, clock) == ["min_1"]
    assert seen(session, other, clock) == ["min_2"]


def test_a_minor_seen_for_two_reasons_is_one_minor(session: Session, ours: Agency, clock: MovableClock) -> None:
    grant(session, "min_1", ours.id, Relation.OWNER, clock.now())
    grant(session, "min_1", ours.id, Relation.REFERRED, clock.now())
    assert seen(session, ours, clock) == ["min_1"]


@pytest.mark.parametrize(
    ("moved", "visible"),
    [(-timedelta(microseconds=1), False), (timedelta(0), True), (DAY - timedelta(microseconds=1), True), (DAY, False)],
)
def test_a_grant_holds_from_its_first_instant_until_before_its_last(
    session: Session, ours: Agency, clock: MovableClock, moved: timedelta, visible: bool
) -> None:
    grant(session, "min_1", ours.id, Relation.OFFERED, clock.now(), clock.now() + DAY)
    session.flush()
    clock.move(moved)
    assert bool(seen(session, ours, clock)) is visible


def released(session: Session, agency: Agency, clock: MovableClock) -> Release:
    release = Release(
        id="release_1",
        minor_id="min_1",
        agency_id=agency.id,
        purpose=Purpose.PLACEMENT,
        fields=["case"],
        signers=[{"relation": "minor"}],
        valid_from=clock.now() + DAY,
        valid_until=clock.now() + 3 * DAY,
        created_at=clock.now(),
        given=Given.WRITTEN,
        recorded_by="person_1",
    )
    session.add(release)
    session.flush()
    grant(session, "min_1", agency.id, Relation.RELEASED, clock.now(), release_id=release.id)
    session.flush()
    return release


@pytest.mark.parametrize(("days", "visible"), [(0, False), (1, True), (2, True), (3, False)])
def test_a_release_counts_when_it_is_read(
    session: Session, ours: Agency, clock: MovableClock, days: int, visible: bool
) -> None:
    released(session, ours, clock)
    clock.move(days * DAY)
    assert bool(seen(session, ours, clock)) is visible


def test_a_revoked_release_ends_at_once(session: Session, ours: Agency, clock: MovableClock) -> None:
    release = released(session, ours, clock)
    clock.move(DAY)
    assert seen(session, ours, clock) == ["min_1"]
    release.revoked_at, release.revoked_by = clock.now(), "person_1"
    session.flush()
    assert seen(session, ours, clock) == []


def test_a_released_grant_needs_its_release(session: Session, ours: Agency, clock: MovableClock) -> None:
    grant(session, "min_1", ours.id, Relation.RELEASED, clock.now())
    with pytest.raises(IntegrityError):
        session.flush()


@pytest.mark.parametrize(
    ("role", "visible"),
    [
        (Role.INTAKE_COORDINATOR, True),
        (Role.SUPERVISOR, True),
        (Role.FACILITY_STAFF, True),
        (Role.PARTNER, True),
        (Role.FUNDER_ANALYST, False),
        (Role.ADMINISTRATOR, False),
        (Role.SECURITY_ADMINISTRATOR, False),
        (Role.AUDITOR, False),
    ],
)
def test_a_role_without_case_work_sees_no_minor_whatever_was_granted(
    session: Session, ours: Agency, clock: MovableClock, role: Role, visible: bool
) -> None:
    grant(session, "min_1", ours.id, Relation.OWNER, clock.now())
    assert bool(seen(session, ours, clock, role)) is visible


def test_ending_a_grant_ends_that_reason_only(session: Session, ours: Agency, clock: MovableClock) -> None:
    other = add_agency(session, clock)
    for agency in (ours, other):
        grant(session, "min_1", agency.id, Relation.OFFERED, clock.now())
    grant(session, "min_2", ours.id, Relation.OFFERED, clock.now())
    grant(session, "min_2", ours.id, Relation.REFERRED, clock.now())
    session.flush()
    clock.move(DAY)
    end_grants(session, "min_1", ours.id, Relation.OFFERED, clock.now())
    assert seen(session, ours, clock) == ["min_2"]
    assert seen(session, other, clock) == ["min_1"]
    end_grants(session, "min_2", ours.id, Relation.OFFERED, clock.now())
    assert seen(session, ours, clock) == ["min_2"]
    ended = session.scalars(select(Grant).where(Grant.valid_until.is_not(None))).all()
    assert {(row.minor_id, row.relation, row.valid_until) for row in ended} == {
        (minor, Relation.OFFERED, clock.now()) for minor in ("min_1", "min_2")
    }
