"""Notices: every event once, for those whom it concerns, in a sentence that names nobody."""

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.models import Agency
from app.access.policy import AgencyKind, Permission, Role
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.codes import trail_id
from app.db import Database
from app.notices.channel import Notices
from app.notices.models import Notice
from app.notices.sentences import SENTENCES, permission_of
from app.notices.service import Shown, concerns, list_notices, mark_seen
from app.outbox import emit
from app.outbox.delivery import deliver_due
from tests.actors import add_agency

pytestmark = pytest.mark.one_kind


@pytest.fixture
def agency(database: Database, clock: MovableClock) -> Agency:
    """An agency that is told."""
    with database.writing() as session:
        return add_agency(session, clock)


def someone(agency: Agency, role: Role, *facilities: str) -> Actor:
    return Actor(
        agency_id=agency.id,
        kind=agency.kind,
        role=role,
        person_id="person_1",
        facility_ids=frozenset(facilities) or None,
    )


def tell(database: Database, agency_id: str, kind: str, facility_id: str | None = None) -> None:
    with database.writing() as session:
        emit(session, kind, agency_id=agency_id, subject_kind="hold", subject_id="hold_1", facility_id=facility_id)
    deliver_due(database, [Notices()])


def read(database: Database, actor: Actor, **more: bool) -> list[Shown]:
    with database.reading() as session:
        return list_notices(session, actor, **more)


def test_every_event_becomes_one_notice(database: Database, agency: Agency, clock: MovableClock) -> None:
    tell(database, agency.id, "offer.accepted", "fac_1")
    tell(database, agency.id, "stay.cap_warning")
    tell(database, "agency_unknown", "offer.accepted")
    deliver_due(database, [Notices()])
    shown = read(database, someone(agency, Role.INTAKE_COORDINATOR))
    assert [(one.kind, one.facility_id, one.subject_id, one.created_at) for one in shown] == [
        ("stay.cap_warning", None, "hold_1", clock.now()),
        ("offer.accepted", "fac_1", "hold_1", clock.now()),
    ]
    assert shown[1].text == "A house has accepted. See the arrival instructions."
    with database.reading() as session:
        assert len(session.scalars(select(Notice)).all()) == 2


@pytest.mark.parametrize("kind", [*SENTENCES, "bed.changed"])
@pytest.mark.parametrize("role", Role)
def test_a_role_is_told_what_it_may_see(role: Role, kind: str) -> None:
    agency = Agency(id="agency_1", kind=AgencyKind.SHELTER)
    notice = Notice(agency_id=agency.id, kind=kind, facility_id=None)
    actor = someone(agency, role)
    assert concerns(actor, notice) == actor.may(permission_of(kind))
    assert not concerns(replace(actor, agency_id="agency_other"), notice)
    if role in {Role.FUNDER_ANALYST, Role.AUDITOR, Role.SECURITY_ADMINISTRATOR}:
        assert not concerns(actor, notice)


def test_the_list_is_what_concerns_the_reader(database: Database, agency: Agency, clock: MovableClock) -> None:
    own_file = trail_id("Haven House")
    for facility in (None, "fac_1", "fac_2", own_file):
        for kind in ("offer.made", "offer.accepted", "bed.changed"):
            tell(database, agency.id, kind, facility)
    with database.writing() as session:
        other = add_agency(session, clock)
    readers = [someone(which, role) for which in (agency, other) for role in Role]
    readers += [someone(agency, Role.FACILITY_STAFF, "fac_1"), someone(agency, Role.FACILITY_STAFF, "Haven House", "x")]
    with database.reading() as session:
        rows = session.scalars(select(Notice)).all()
    for reader in readers:
        expected = {row.id for row in rows if concerns(reader, row) and row.kind in SENTENCES}
        assert {one.id for one in read(database, reader)} == expected, reader.role
    assert {one.facility_id for one in read(database, readers[-1])} == {own_file}
    assert {one.facility_id for one in read(database, readers[-2])} == {"fac_1"}


def test_seen_by_one_is_seen_by_all_and_noted_once(database: Database, agency: Agency, clock: MovableClock) -> None:
    tell(database, agency.id, "offer.accepted")
    tell(database, agency.id, "stay.discharged")
    reader = someone(agency, Role.INTAKE_COORDINATOR)
    first = read(database, reader)[0]
    for _ in range(2):
        with database.writing() as session:
            mark_seen(session, reader, first.id, clock.now())
    assert [one.seen_at for one in read(database, reader)] == [clock.now(), None]
    assert [one.kind for one in read(database, reader, unseen=True)] == ["offer.accepted"]
    with database.reading() as session:
        assert [
            row.subject for row in session.scalars(select(AuditEvent).where(AuditEvent.action == "notice.seen"))
        ] == [first.id]
        assert session.get_one(Notice, 2).seen_by == "person_1"


def test_what_does_not_concern_someone_cannot_be_marked_by_them(
    database: Database, agency: Agency, session: Session, clock: MovableClock
) -> None:
    tell(database, agency.id, "offer.accepted", "fac_1")
    tell(database, agency.id, "bed.changed", "fac_1")
    own = read(database, someone(agency, Role.SUPERVISOR))[0].id
    for reader, notice in (
        (someone(agency, Role.AUDITOR), own),
        (someone(agency, Role.FACILITY_STAFF, "fac_1"), own),
        (someone(agency, Role.SUPERVISOR), "note_none"),
        (replace(someone(agency, Role.SUPERVISOR), agency_id="agency_other"), own),
    ):
        with pytest.raises(Denied) as denied:
            mark_seen(session, reader, notice, clock.now())
        assert denied.value.code == "not_found"


def test_a_sentence_is_a_sentence_and_its_reader_exists() -> None:
    for sentence in SENTENCES.values():
        assert sentence.text.endswith(".")
        assert "%" not in sentence.text
        assert sentence.permission in Permission
