"""PostgreSQL keeps agencies apart by itself: a query without the application's predicate shows nothing of another's."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import bindparam, create_engine, func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Role
from app.clock import MovableClock
from app.db import Base, Database, Writer, narrow, writer
from app.minors.models import Minor
from app.referrals import service as referrals
from app.referrals.models import Referral
from app.sharing.models import Release
from tests.app.stage import Stage, Stand
from tests.app.test_grants import database_url, server
from tests.app.test_matrix import settings

__all__ = ["database_url", "server", "settings"]

WALLED = {
    "activities", "conference_decisions", "conference_tasks", "contact_asks", "contacts", "flags", "record_links",
    "interstate_approvals", "legal_bases", "minor_avoids", "minor_identities", "minor_keep_apart", "minor_places",
    "minor_siblings", "minor_wishes", "minors", "releases",
}  # fmt: skip
# Who may see is not asked of these, but nobody begins or changes one about somebody whom their agency may not see, but
# for what is of its own house.
CHANGED = {"bed_nights", "holds", "offers", "referrals", "stays"}
# What names a young person and has no wall of its own, and why.
WITHOUT = {
    "referrals": "counted over the whole network for whoever leads; the profile behind one has a wall",
    "identity_index": "keyed codes of names, which a search asks for within the own agency",
    "expungements": "who asked and who agreed, in codes",
    "conference_cases": "ids on an agenda, so that whoever sits there is told of how many; what was decided has a wall",
    "grants": "the walls stand on it",
    "stays": "the walls stand on it: a house, nights and an id",
    "offers": "the walls stand on it: a house, hours and an id",
    "bed_nights": "the ledger: every claim looks at whoever has the bed, and clears what has run out",
    "residents": "whom a house lists beside the ledger, which every claim looks at",
    "holds": "the ledger",
    "former_bed_nights": "the ledger as it was",
}


@pytest.fixture
def stage(app: FastAPI, client: TestClient, database: Database, server: Database, clock: MovableClock) -> Stage:
    found = Stage(app, client, database, clock)
    found.acting = server
    return found


def seen(stage: Stage, stand: Stand | None, table: str = "minors") -> int:
    """How many rows a query without any predicate shows; None: to the whole network."""
    with stage.acting.reading() as session:
        if stand is not None:
            narrow(session, stage.agencies[stand], stage.clock.now())
        return session.scalar(select(func.count()).select_from(Base.metadata.tables[table])) or 0


def test_every_table_about_a_young_person_has_a_wall_or_a_reason(database: Database) -> None:
    about = {
        table.name for table in Base.metadata.sorted_tables if {"minor_id", "other_id"} & set(table.columns.keys())
    }
    assert about | {"minors"} == WALLED | (set(WITHOUT) & about), about - WALLED
    with database.engine.connect() as connection:
        forced = "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
        assert set(connection.scalars(text(forced))) == WALLED | CHANGED


def test_without_a_word_nobody_is_seen(stage: Stage) -> None:
    bare = create_engine(stage.acting.engine.url)
    with bare.connect() as connection:
        for table in WALLED:
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table  # noqa: S608
    bare.dispose()
    assert seen(stage, None) == seen(stage, None, "releases") == 2


def test_each_agency_sees_whom_it_was_let_in_to_see(stage: Stage) -> None:
    by_stand = {stand: (seen(stage, stand), seen(stage, stand, "minor_places")) for stand in Stand}
    nobody, both = (0, 0), (2, seen(stage, None, "minor_places"))
    assert both[1] > 0
    assert by_stand == {
        Stand.OWN: both, Stand.HOUSE: both, Stand.RELEASED: both, Stand.FORMER: nobody, Stand.LEAD: nobody,
        Stand.OTHER: nobody,
    }  # fmt: skip
    assert [seen(stage, stand, "releases") for stand in (Stand.OWN, Stand.RELEASED, Stand.HOUSE, Stand.OTHER)] == [
        2, 2, 0, 0,
    ]  # fmt: skip


def test_a_release_counts_while_it_holds(stage: Stage, database: Database) -> None:
    with database.writing() as session:
        first = session.scalars(select(Release).limit(1)).one()
        first.revoked_at, first.revoked_by = stage.clock.now(), "person_1"
    assert seen(stage, Stand.RELEASED) == 1
    stage.clock.move(timedelta(days=1, microseconds=-1))
    assert seen(stage, Stand.RELEASED) == 1
    stage.clock.move(timedelta(microseconds=1))
    assert seen(stage, Stand.RELEASED) == 0
    assert seen(stage, Stand.OWN) == 2


def test_the_word_ends_with_its_transaction(stage: Stage) -> None:
    assert seen(stage, Stand.OTHER) == 0
    with stage.acting.reader.connect() as connection:  # the same connection of the pool
        assert connection.scalar(select(func.count()).select_from(Minor)) == 2


def test_a_request_that_reads_is_held_by_it_where_the_application_forgets(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = select(Referral).where(Referral.id == bindparam("referral"))
    monkeypatch.setattr(referrals, "_VISIBLE", everybody)
    askers = [(stand, Role.SUPERVISOR) for stand in Stand]
    found = [answer.letter for answer in stage.ask("GET", "/v1/referrals/{referral_id}", askers)]
    assert "".join(found) == "yyy!!!", "without a profile there is nothing that could be shown"


def rows_of(table: str) -> str:
    """A row like one that is there, about the same young person, under an id of its own."""
    columns = Base.metadata.tables[table].columns.keys()
    new = ", ".join(f"{name} || '_2'" if name in {"id", "code"} else name for name in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {new} FROM {table} LIMIT 1"  # noqa: S608


def write(stage: Stage, stand: Stand, statement: str) -> int:
    """How many rows a statement of the server's role changes, for this agency; it is taken back."""
    with stage.acting.session() as session:
        asking = writer.set(Writer(stage.agencies[stand]))
        try:
            done = session.execute(text(statement))
        finally:
            writer.reset(asking)
            session.rollback()
        return int(done.rowcount)  # type: ignore[attr-defined]


def test_nobody_writes_about_whom_their_agency_may_not_see(stage: Stage) -> None:
    changed = {
        "minors": "UPDATE minors SET version = version + 1",
        "minor_places": "DELETE FROM minor_places",
        "releases": "UPDATE releases SET version = version + 1",
    }
    begun = {table: rows_of(table) for table in ("releases", "referrals", "stays")}
    for stand in (Stand.OWN, Stand.HOUSE, Stand.RELEASED):
        assert all(write(stage, stand, statement) > 0 for statement in (*changed.values(), *begun.values())), stand
    for stand in (Stand.OTHER, Stand.LEAD, Stand.FORMER):
        assert [write(stage, stand, statement) for statement in changed.values()] == [0, 0, 0], stand
        for table, statement in begun.items():
            with pytest.raises(ProgrammingError, match="row-level security"):
                write(stage, stand, statement)
            assert table
    with pytest.raises(ProgrammingError, match="row-level security"):
        write(stage, Stand.HOUSE, rows_of("minors"))


def test_nobody_changes_what_is_about_whom_their_agency_may_not_see(stage: Stage) -> None:
    changes = [
        f"UPDATE {table} SET version = version + 1"  # noqa: S608
        for table in ("referrals", "offers", "stays", "holds")
    ]
    changes.append("UPDATE bed_nights SET fund_id = fund_id")
    for stand in (Stand.OWN, Stand.HOUSE, Stand.RELEASED):
        of_hers = [f"{change} WHERE facility_id = 'fac_a'" for change in changes[1:]]
        assert all(write(stage, stand, change) > 0 for change in (changes[0], *of_hers)), stand
    for stand in (Stand.OTHER, Stand.LEAD, Stand.FORMER):
        for change in changes:
            with pytest.raises(ProgrammingError, match="row-level security"):
                write(stage, stand, change)
    assert write(stage, Stand.FORMER, "UPDATE offers SET version = version + 1 WHERE facility_id = 'fac_b'") == 2
    for table in ("referrals", "offers", "stays", "holds"):
        assert write(stage, Stand.OWN, f"DELETE FROM {table}") == 0  # noqa: S608


def test_what_has_run_out_anybody_clears_and_nothing_else(stage: Stage) -> None:
    every, held = "DELETE FROM bed_nights", "DELETE FROM bed_nights WHERE hold_id IS NOT NULL"
    with pytest.raises(ProgrammingError, match="row-level security"):
        write(stage, Stand.OTHER, rows_of("holds"))
    assert write(stage, Stand.HOUSE, every) > write(stage, Stand.HOUSE, held) == 10
    assert write(stage, Stand.OTHER, every) == 0
    stage.clock.move(timedelta(hours=2, microseconds=-1))
    assert write(stage, Stand.OTHER, every) == 0
    stage.clock.move(timedelta(microseconds=1))
    assert write(stage, Stand.OTHER, every) == 10


def test_what_two_records_are_and_who_asks_of_one_is_written_by_whose_word_it_is(stage: Stage) -> None:
    tables = {"record_links": "made_by = 'x'", "contact_asks": "asked_by = 'x'", "contacts": "found_at = found_at"}
    whose = {"record_links": Stand.OWN, "contact_asks": Stand.OTHER, "contacts": Stand.OWN}
    for table, change in tables.items():
        assert write(stage, whose[table], f"UPDATE {table} SET {change}") == 1, table  # noqa: S608
        with pytest.raises(ProgrammingError, match="row-level security"):
            write(stage, Stand.HOUSE, f"UPDATE {table} SET {change}")  # noqa: S608
        assert write(stage, Stand.HOUSE, f"DELETE FROM {table}") == 0, table  # noqa: S608
        with pytest.raises(ProgrammingError, match="row-level security"):
            write(stage, Stand.HOUSE, rows_of(table))
    with pytest.raises(ProgrammingError, match="row-level security"):  # the worker alone says that there is one
        write(stage, Stand.OWN, rows_of("contacts"))
    assert [write(stage, stand, "DELETE FROM contacts") for stand in (Stand.OWN, Stand.OTHER)] == [1, 1]
    assert write(stage, Stand.OWN, "DELETE FROM record_links") == 1


def test_a_request_that_writes_is_held_by_it_where_the_application_forgets(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(session: Session, _actor: Actor, referral_id: str, *_: object, **__: object) -> Referral:
        return session.get_one(Referral, referral_id)

    monkeypatch.setattr(referrals, "find_own", found)
    stands = [stand for stand in Stand if stand is not Stand.OTHER]  # to which the law of the request is to let in
    answers = stage.ask("POST", "/v1/referrals/{referral_id}/legal-bases", [(one, Role.SUPERVISOR) for one in stands])
    assert "".join(answer.letter for answer in answers) == "yyy!!", "nothing is entered about whom they may not see"
