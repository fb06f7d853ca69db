"""Stored decisions: sealed part by part, put together again as they were, and sealed where they stood in clear."""

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.answers import sealed
from app.answers.models import RankingRun
from app.clock import MovableClock
from app.config import Settings, SettingsError
from app.db import Database, make_engine
from app.sealing import opening
from app.sealing.box import Broken
from app.sealing.keyring import Expunged, Keyring
from migrations.run import downgrade, upgrade
from tests.migrations.rows import fill

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SEEN: Json = {
    "tonight": "2026-11-21",
    "facilities": [
        {"id": "fac_a", "residents": [{"minor": "min_2", "age": 15}, {"minor": None, "age": 16}, {"age": 14}]},
        {"id": "fac_b"},
        {"id": "fac_c", "residents": None},
    ],
    "minors": [{"id": "min_1", "born_on": "2011-03-02"}, {"id": "min_2", "born_on": "2010-01-01"}],
    "referrals": [{"id": "ref_1", "minor": "min_1", "home_point": [33.75, -84.39]}],
    "stays": [{"id": "stay_1", "minor": "min_2"}],
}


@pytest.fixture
def ring(keys: Path) -> Iterator[Keyring]:
    found = opening.needed(Settings(keys=keys))
    yield found
    found.close()


def test_a_snapshot_is_put_together_as_it_was_and_each_part_is_of_one_alone(ring: Keyring) -> None:
    stored = sealed.seal_snapshot(ring, "ranking_runs", "run_1", json.dumps(SEEN))
    assert json.loads(sealed.snapshot(ring, "ranking_runs", "run_1", stored)) == SEEN
    rest, parts = sealed.apart(json.loads(json.dumps(SEEN)))
    assert {who: len(rows) for who, rows in parts.items()} == {"min_1": 2, "min_2": 3}
    assert not any(who in json.dumps(rest) for who in ("min_1", "min_2", "2011-03-02", "33.75"))
    assert rest["facilities"][0]["residents"] == [None, {"minor": None, "age": 16}, {"age": 14}]
    for table, run in (("plan_runs", "run_1"), ("ranking_runs", "run_2")):
        with pytest.raises(Broken):
            sealed.snapshot(ring, table, run, stored)
    with pytest.raises(Broken, match="cut off"):
        sealed.snapshot(ring, "ranking_runs", "run_1", stored[:-1])


def test_whoever_was_expunged_is_not_kept_and_keeps_nobody_from_a_decision(ring: Keyring) -> None:
    before = sealed.seal_snapshot(ring, "ranking_runs", "run_1", json.dumps(SEEN))
    ring.destroy("min_2", NOW)
    after = sealed.seal_snapshot(ring, "ranking_runs", "run_2", json.dumps(SEEN))
    for run, stored in (("run_1", before), ("run_2", after)):
        with pytest.raises(Expunged):
            sealed.snapshot(ring, "ranking_runs", run, stored)
    answers = {run: sealed.seal_answer(ring, "ranking_runs", run, "min_1", "{}") for run in ("run_1", "run_2")}
    ring.destroy("min_1", NOW)
    assert sealed.answers(ring, "ranking_runs", answers) == {}
    with pytest.raises(Expunged):
        sealed.answer(ring, "ranking_runs", "run_1", answers["run_1"])


def test_decisions_in_clear_are_sealed_on_the_way_up_or_the_way_is_refused(
    sqlite_url: str, keys: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(sqlite_url)
    with engine.begin() as connection:
        fill(connection)
    downgrade(sqlite_url, "0045")
    with engine.begin() as connection:
        row = dict(connection.execute(text("SELECT * FROM ranking_runs")).mappings().one())
        row |= {"id": "run_clear", "answer": zlib.compress(b'{"options":[]}')}
        row["snapshot"] = zlib.compress(json.dumps(SEEN).encode())
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO ranking_runs ({names}) VALUES ({values})"), row)  # noqa: S608
    monkeypatch.delenv("BEDNIGHT_KEYS", raising=False)
    with pytest.raises(SettingsError, match="bednight sealing init"):
        upgrade(sqlite_url)
    monkeypatch.setenv("BEDNIGHT_KEYS", str(keys))
    upgrade(sqlite_url)
    settings = Settings(database_url=sqlite_url, keys=keys)
    database = Database(sqlite_url, clock, opening.keyring(settings))
    with database.reading() as session:
        run = session.get_one(RankingRun, "run_clear")
        assert (json.loads(run.answer), json.loads(run.snapshot)) == ({"options": []}, SEEN)
    with pytest.raises(Exception, match="does not change"), database.writing() as session:
        session.execute(text("UPDATE ranking_runs SET tonight = tonight"))
    database.close()
    engine.dispose()
