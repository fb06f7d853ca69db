"""The days before the demo's evening: the same again from the same seed, true to the ledger, and made only once."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.answers.models import RankingRun
from app.audit.verifying import verify
from app.beds.models import BedNight, Hold
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.demo.stage import stage_demo
from app.demo.state import TONIGHT, ZONE, Demo, invent
from app.demo.year import keeping
from app.demo.year.book import staff_of
from app.demo.year.figures import year
from app.demo.year.keeping import KEYS
from app.demo.year.one_commit import OneCommit
from app.demo.year.preparing import Told, prepare
from app.errors import Problem
from app.gaps.models import Gap, GapSource
from app.placements import replaying
from app.placements.ending import end_referral
from app.placements.snapshot import take
from app.referrals.models import Referral, ReferralStatus
from app.sealing import opening
from app.stays.codes import OfferStatus
from app.stays.models import Admission, Discharge, Offer, Stay, StayPayer
from app.worker import Worker
from matching.clocks import past_of
from matching.facts import Clock
from migrations.run import upgrade

DAYS, FEW = 8, 1
ALL_PAID = Clock(id="all", limit=1, unit="night", window="lifetime", scope="fund", absence="counts")


def made(file: Path, demo: Demo, days: int) -> Path:
    settings = settings_of(file)
    opening.init(settings, file.parent / KEYS)
    upgrade(settings.database_url)
    prepare(settings, demo, days)
    return file


def settings_of(file: Path) -> Settings:
    """A year beside its keys."""
    return Settings(database_url=f"sqlite:///{file}", keys=file.parent / KEYS)


@pytest.fixture(scope="module")
def demo() -> Demo:
    return invent()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, demo: Demo) -> Path:
    return made(tmp_path_factory.mktemp("year") / "bednight.db", demo, DAYS)


@pytest.fixture
def session(file: Path, demo: Demo) -> Iterator[Session]:
    database = Database(
        f"sqlite:///{file}", MovableClock(ZONE, time(9), demo.as_of), opening.keyring(settings_of(file))
    )
    with database.reading() as session:
        yield session
    database.close()


def rows_of(file: Path) -> dict[str, list[Any]]:
    """Every row of every table; of what is sealed, which is never twice the same, how long it is."""
    with sqlite3.connect(file) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = {name: sorted(map(_plain, connection.execute(f'SELECT * FROM "{name}"')), key=repr) for (name,) in names}  # noqa: S608
    connection.close()
    return rows


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(len(value) if isinstance(value, bytes) else value for value in row)


def test_same_seed_same_rows(tmp_path: Path, demo: Demo) -> None:
    for n in range(2):
        (tmp_path / f"{n}").mkdir()
    first, again = (rows_of(made(tmp_path / f"{n}" / "bednight.db", demo, FEW)) for n in range(2))
    assert first == again
    assert len(first["referrals"]) > len(demo.document["referrals"])


def test_all_of_the_way_from_a_referral_to_a_night_slept_happens(session: Session) -> None:
    """Through the services: each stay of the days stands on an accepted offer, and that on a stored decision."""
    stays = session.execute(
        select(Stay, Offer, RankingRun.id, Discharge.reason)
        .join(Admission, Admission.stay_id == Stay.id)
        .join(Offer, Offer.id == Admission.offer_id)
        .join(RankingRun, RankingRun.id == Offer.run_id)
        .join(Discharge, Discharge.stay_id == Stay.id)
    ).all()
    assert len(stays) >= 2
    assert {offer.status.value for _, offer, _, _ in stays} == {"accepted"}
    assert all(stay.left_on is not None and stay.left_on <= TONIGHT for stay, *_ in stays)
    assert set(session.scalars(select(Gap.source).distinct())) >= {GapSource.RANKING, GapSource.NIGHT}
    counted = year(session, DAYS, TONIGHT)
    assert counted.referred == counted.placed + counted.without > 2 * DAYS
    assert counted.declines > 0
    assert counted.warnings > 0


def test_every_night_in_the_ledger_is_a_night_of_its_stay(session: Session) -> None:
    """And the other way round: from the opening on each stay in a house has a row for each night, as long as it was."""
    opening = TONIGHT - timedelta(days=DAYS)
    nights: dict[str, set[date]] = {}
    for stay_id, night in session.execute(
        select(BedNight.stay_id, BedNight.night).where(BedNight.stay_id.is_not(None), BedNight.night < TONIGHT)
    ):
        nights.setdefault(str(stay_id), set()).add(night)
    beds: Counter[tuple[str | None, date]] = Counter()
    for stay in session.scalars(select(Stay).where(Stay.in_house)):
        first, last = max(stay.admitted_on, opening), min(stay.left_on or TONIGHT, TONIGHT)
        slept = {first + timedelta(days=ahead) for ahead in range((last - first).days)}
        assert nights.get(stay.id, set()) == slept
        beds.update((stay.bed_id, night) for night in slept)
    assert max(beds.values()) == 1


def test_nights_by_the_ledger_are_nights_by_the_matcher(session: Session, demo: Demo) -> None:
    """What each fund has paid for each person, as the clocks of the engine count it and as the ledger has it."""
    snapshot, _ = take(session, demo.as_of, TONIGHT)
    paid: Counter[tuple[str, str]] = Counter()
    for minor, fund in session.execute(
        select(BedNight.minor_id, BedNight.fund_id).where(
            BedNight.stay_id.in_([stay.id for stay in snapshot.stays]),
            BedNight.night < TONIGHT,
            BedNight.fund_id.is_not(None),
        )
    ):
        paid[str(minor), str(fund)] += 1
    before = select(Stay.minor_id, Stay.left_on, StayPayer).join(StayPayer, StayPayer.stay_id == Stay.id)
    for owner, left, stated in session.execute(before.where(Stay.id.in_([stay.id for stay in snapshot.stays]))):
        until = min(stated.paid_until or TONIGHT, left or TONIGHT, TONIGHT)
        paid[owner, stated.fund_id] += (until - stated.paid_from).days
    assert sum(paid.values()) > 100
    for person in snapshot.minors:
        own = [stay for stay in snapshot.stays if stay.minor == person.id]
        for payer in snapshot.funds:
            past = past_of(ALL_PAID, payer.id, person, own, "", None, TONIGHT, ())
            assert len(past.paid) == paid[person.id, payer.id]


def test_nobody_of_the_days_is_waited_for_any_more(session: Session, demo: Demo) -> None:
    """A referral that ended has no open question and keeps no bed; it ends once, and stays as it ended."""
    waiting = {referral["id"] for referral in demo.document["referrals"]}
    assert set(session.scalars(select(Referral.id).where(Referral.status == ReferralStatus.OPEN))) == waiting
    ended = session.scalars(select(Referral).where(Referral.status.in_(("closed", "withdrawn"))))
    assert {referral.status.value for referral in ended} == {"closed", "withdrawn"}
    assert session.scalars(select(Offer.id).where(Offer.status == OfferStatus.OPEN)).all() == []
    assert session.scalars(select(Hold.id).where(Hold.ended_at.is_(None))).all() == []


def test_a_referral_ends_once(file: Path, demo: Demo, tmp_path: Path) -> None:
    database = OneCommit(f"sqlite:///{shutil.copy(file, tmp_path)}", MovableClock(ZONE, time(9), demo.as_of))
    session, coordinator = database.now, staff_of(database.now).coordinator
    ended = end_referral(session, coordinator, demo.special, ReferralStatus.WITHDRAWN, demo.as_of)
    assert ended.status is ReferralStatus.WITHDRAWN
    with pytest.raises(Problem) as refused:
        end_referral(session, coordinator, demo.special, ReferralStatus.CLOSED, demo.as_of)
    assert refused.value.code == "referral_closed"
    database.close()


def test_stored_decisions_are_derived_again(session: Session) -> None:
    runs = session.scalars(select(RankingRun.id).order_by(RankingRun.decided_at, RankingRun.id)).all()
    assert len(runs) > DAYS
    for run in runs[:: len(runs) // 6]:
        found = replaying.of_ranking(session, run)
        assert found is not None
        assert found.identical
        assert not found.faults


def test_the_chain_holds(session: Session) -> None:
    verdict = verify(session)
    assert verdict.broken_at is None
    assert verdict.rows > 10 * DAYS


def test_the_evening_is_as_known(file: Path, demo: Demo, tmp_path: Path) -> None:
    """What a decision looks at is what the evening's file alone gives, when what is due has been done too."""
    after, alone = shutil.copy(file, tmp_path), tmp_path / "alone.db"
    upgrade(f"sqlite:///{alone}")
    seen = []
    for url in (f"sqlite:///{alone}", f"sqlite:///{after}"):
        ring = opening.keyring(settings_of(file))
        database = Database(url, MovableClock(ZONE, time(9), demo.as_of), ring)
        if url.endswith("alone.db"):
            stage_demo(database, demo)
        Worker(database, Settings(database_url=url)).round()
        with database.reading() as session:
            assert session.scalar(select(Referral.code).where(Referral.id == demo.special)) == "R-0412"
            seen.append(take(session, demo.as_of, TONIGHT)[0])
        database.close()
    for part in ("funds", "minors", "referrals", "stays"):
        assert getattr(seen[0], part) == getattr(seen[1], part)
    for before, house in zip(seen[0].facilities, seen[1].facilities, strict=True):
        assert set(before.residents) == set(house.residents)
        assert replace(before, residents=()) == replace(house, residents=())


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    here = {name: value for name, value in os.environ.items() if not name.startswith(("BEDNIGHT", "DATABASE_URL"))}
    here |= {"PYTHONPATH": str(Path(__file__).parents[2]), "BEDNIGHT_CACHE": str(folder), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "app.cli", "demo", "--no-serve", *arguments]
    # Whoever runs the tests in the background may ignore Ctrl-C, and that is inherited.
    was = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, was)


def test_prepared_once_and_kept(tmp_path: Path) -> None:
    says = []
    for arguments in (["--days", "1"], ["--days", "1"], ["--days", "1", "--fresh"]):
        with start(tmp_path, *arguments) as process:
            told, messages = process.communicate(timeout=120)
        assert process.returncode == 0, messages
        assert "The days before" in told
        says.append("Living through the 1 days before, once" in messages)
    assert says == [True, False, True]
    assert len(list(tmp_path.iterdir())) == 1


def test_another_program_seed_evening_or_length_is_another_year(
    tmp_path: Path, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program"
    for part in ("app", "matching", "migrations"):
        (program / part).mkdir(parents=True)
        (program / part / "one.py").write_text("ONE = 1\n")
    monkeypatch.setattr(keeping, "_ROOT", program)
    name = keeping.name_of(demo, 5)
    assert name == keeping.name_of(demo, 5)
    others = {keeping.name_of(demo, 6), keeping.name_of(invent(8), 5), keeping.name_of(invent(7, date(2027, 1, 1)), 5)}
    (program / "matching" / "one.py").write_text("ONE = 2\n")
    others.add(keeping.name_of(demo, 5))
    assert len(others - {name}) == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_cut_off_it_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with start(tmp_path, "--days", "200") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "Living through" in line:
                break
        while not list(tmp_path.glob("making-*/bednight.db")):
            assert process.poll() is None
        process.send_signal(number)
        process.communicate(timeout=240)
    assert process.returncode != 0
    assert list(tmp_path.iterdir()) == []


def test_an_end_that_is_lost_while_garbage_is_collected_comes_after_the_day(
    tmp_path: Path, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Garbage:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    def lived(_settings: object, _demo: Demo, days: int, told: Told) -> None:
        Garbage()
        for day in range(days):
            told(day + 1, days)

    over: list[int] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    monkeypatch.setattr(keeping, "prepare", lived)
    with pytest.raises(KeyboardInterrupt):
        keeping.make(tmp_path, demo, 3, lambda done, of: over.append(done))
    assert over == []
    assert list(tmp_path.iterdir()) == []


def test_what_was_left_half_made_goes_with_the_next_one(tmp_path: Path, demo: Demo) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left, at_work = tmp_path / f"making-{gone.pid}-x", tmp_path / f"making-{os.getpid()}-x"
    left.mkdir()
    at_work.mkdir()
    assert keeping.make(tmp_path, demo, 0, lambda done, of: None).is_file()
    assert not left.exists()
    assert at_work.exists()
