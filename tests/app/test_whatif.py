"""A what-if over days that were lived through: history as it was, a limit truly changed on a copy, and the command."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy import text as text_of
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Person
from app.access.policy import AgencyKind, Role
from app.answers.models import RankingRun
from app.audit.models import AuditEvent
from app.beds.models import BedNight
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.demo.state import TONIGHT, ZONE, Demo, invent
from app.demo.year.keeping import KEYS
from app.demo.year.preparing import prepare
from app.errors import Problem
from app.funding.forms import limit_form
from app.funding.models import FundClock, FundLimit
from app.funding.schemas import LimitChange
from app.funding.service import list_limits, replace_limit
from app.gaps.models import FundRefusal
from app.referrals.models import Referral
from app.sealing import opening
from app.sharing.projection import LISTS
from app.stays.models import Admission, Offer
from app.whatif.best import best
from app.whatif.schemas import RERUN, RULE_ALONE, Sweep, WhatIf
from app.whatif.service import whatif
from app.whatif.sweep import sweep
from matching.codec import decode, sha256
from matching.decision_form import decision_document
from matching.ranking import rank
from migrations.run import upgrade
from tests.altering import alter
from tests.app.test_cli import bednight

DAYS = 6
METRO = "fund_metro30"
OLDER = f"{METRO}.max_age=17"


def settings_of(file: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{file}", keys=file.parent / KEYS)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("whatif") / "bednight.db"
    opening.init(settings_of(made), made.parent / KEYS)
    upgrade(f"sqlite:///{made}")
    prepare(settings_of(made), invent(), DAYS)
    return made


@contextmanager
def opened(file: Path, keys: Path) -> Iterator[Database]:
    demo: Demo = invent()
    database = Database(
        f"sqlite:///{file}", MovableClock(ZONE, time(9), demo.as_of), opening.keyring(settings_of(keys))
    )
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def session(file: Path) -> Iterator[Session]:
    with opened(file, file) as database, database.reading() as session:
        yield session


@pytest.fixture
def fund(session: Session) -> str:
    """Who paid most nights of those who came by a decision: without it they would be paid by others, or not come."""
    came = select(BedNight.fund_id).join(Admission, Admission.stay_id == BedNight.stay_id)
    return Counter(session.scalars(came.where(BedNight.fund_id.is_not(None)))).most_common(1)[0][0] or ""


def asked(
    session: Session, *said: str, every: bool = False, first: date | None = None, until: date | None = None
) -> WhatIf:
    return whatif(session, session.info["clock"], said, first=first, until=until, every=every)


def counts(found: WhatIf) -> dict[str, Any]:
    """Without what tells the asking apart, or how much of it was derived."""
    return found.model_dump(exclude={"changes", "turned_away", "derived"})


def test_a_change_of_nothing_is_the_ledger(session: Session) -> None:
    """Every decision derived again under the limits that there were: placed, nights by fund, gaps as they are."""
    found = asked(session, every=True)
    assert found.derived > 10
    assert counts(found) == counts(asked(session))
    figures = [found.placed, found.nights, found.waited, *(row.nights for row in found.funds)]
    figures += [row.cents for row in found.funds if row.cents is not None]
    figures += [figure for row in found.counties for figure in (row.placed, row.nights)]
    assert all(figure.then == figure.now and figure.how == RERUN for figure in figures)
    ledger = Counter(
        session.scalars(
            select(BedNight.fund_id).where(
                BedNight.stay_id.is_not(None), BedNight.night >= found.first, BedNight.night < TONIGHT
            )
        )
    )
    assert {row.fund: row.nights.now for row in found.funds} == {**ledger, None: ledger[None]}
    came = select(Offer.referral_id).join(Admission).join(BedNight, BedNight.stay_id == Admission.stay_id)
    assert found.placed.now == len(set(session.scalars(came)))


def test_nothing_is_spared_that_could_differ(session: Session, fund: str) -> None:
    for change in (f"{fund}.beds_per_night=0", f"{METRO}.counties=none"):
        found, whole = asked(session, change), asked(session, change, every=True)
        assert counts(found) == counts(whole)
        assert found.derived <= whole.derived


def test_equals_the_limit_truly_changed_on_a_copy(file: Path, session: Session, tmp_path: Path, fund: str) -> None:
    """The copy: the limit's rows changed by the funding service, and in each stored decision what it would have read of
    them; who chose what, who said no and who came when stays as it was. There a change of nothing is asked for, and
    every decision is derived."""
    copy = Path(shutil.copy(file, tmp_path))
    with opened(copy, file) as database:
        with database.writing() as writing:
            change_truly(writing, fund)
        with database.reading() as other:
            anew = asked(other, every=True)
    found = asked(session, f"{fund}.beds_per_night=0")
    assert counts(found) == counts(anew)
    assert fund in {row.fund for row in found.funds if row.nights.now < row.nights.then}


def change_truly(session: Session, fund: str) -> None:
    """Let a fund pay no bed a night, and let every stored decision have looked at that."""
    lead = session.scalars(select(Person).where(Person.role == Role.ADMINISTRATOR)).first()
    assert lead is not None
    actor = Actor(agency_id=lead.agency_id, kind=AgencyKind.COALITION_LEAD, role=lead.role, person_id=lead.id)
    for row in list_limits(session, actor, fund):
        form = row.model_dump(mode="json", exclude={"id", "version"}) | {"beds_per_night": 0, "version": row.version}
        replace_limit(session, actor, fund, row.id, LimitChange.model_validate(form), None)
    rows = session.scalars(select(FundLimit).where(FundLimit.fund_id == fund).order_by(FundLimit.position)).all()
    for (trigger,) in session.execute(text_of("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        session.execute(text_of(f'DROP TRIGGER "{trigger}"'))
    for run in session.scalars(select(RankingRun)).all():
        document = json.loads(run.snapshot)
        own = next(one for one in document["funds"] if one["id"] == fund)
        for then, limit in zip(own["limits"], rows, strict=True):
            clocks = session.scalars(
                select(FundClock).where(FundClock.limit_id == limit.id).order_by(FundClock.position)
            )
            then |= {"beds_per_night": limit_form(limit, clocks)["beds_per_night"]}
        text = json.dumps(document)
        run.snapshot_sha256 = sha256(decode(text))
        alter(session, run, snapshot=text)


def test_rule_alone_counts_whom_the_changed_rules_let_in(session: Session) -> None:
    """Whatever beds there were: of those whom it turned away, at whom every rule of the fund is met at some house."""
    (away,) = asked(session, f"{METRO}.counties=none").turned_away
    refused = select(FundRefusal.run_id).where(FundRefusal.fund_id == METRO, FundRefusal.night < TONIGHT)
    minors = dict(session.execute(select(Referral.id, Referral.minor_id)).all())
    turned, let = set(), set()
    for run in session.scalars(select(RankingRun).where(RankingRun.id.in_(refused))):
        document = json.loads(run.snapshot)
        for row in next(one for one in document["funds"] if one["id"] == METRO)["limits"]:
            row["residence"] = None
        turned.add(minors[run.referral_id])
        answer = decision_document(rank(decode(document), run.referral_id), findings="all")
        for entry in (entry for listed in LISTS for entry in answer[listed]):
            own = [row for row in entry["findings"] if row["subject"] == METRO]
            if own and all(row["outcome"] == "met" for row in own if row["rule"] != "funding.last_resort"):
                let.add(minors[run.referral_id])
    assert (away.how, away.turned_away, away.let) == (RULE_ALONE, len(turned), len(let))
    assert len(turned) > len(let) > 0


def test_a_period_is_its_nights(session: Session) -> None:
    first = TONIGHT - timedelta(days=4)
    part, whole = asked(session, first=first, until=TONIGHT - timedelta(days=1)), asked(session)
    assert (part.first, part.until) == (first, TONIGHT - timedelta(days=1))
    assert 0 < part.decisions < whole.decisions
    assert 0 < part.nights.then < whole.nights.then


@pytest.mark.parametrize(
    ("said", "tells"),
    [
        ("fund_nowhere.max_age=20", "no such fund"),
        ("max_age", "FUND.LIMIT=VALUE"),
        (f"{METRO}.egress=locked", "No limit that can be changed here"),
        (f"{METRO}.max_age=old", "whole number from 0 to 150"),
        (f"{METRO}.max_age=151", "whole number from 0 to 150"),
        (f"{METRO}.max_age=-1", "whole number from 0 to 150"),
        (f"{METRO}.beds_per_night=1000000001", "whole number"),
        (f"{METRO}.counties=13121,99999", "Number 2 of the list"),
        (f"{METRO}.clock.nothing=3", "no clock of that name"),
        (f"{METRO}@2001-01-01.max_age=20", "no such row"),
        (f"{METRO}@soon.max_age=20", "Expected a date"),
        (f"{METRO}.valid_from=2026-12-01", "several rows of limits"),
        (f"{METRO}.min_age=150", "end before it begins"),
    ],
)
def test_what_cannot_be_asked_says_what_to_do(session: Session, said: str, tells: str) -> None:
    with pytest.raises(Problem) as refused:
        asked(session, "fund_juvenile90.max_age=17", said)
    (error,) = refused.value.errors
    assert (refused.value.status, error.pointer) == (422, "/set/1")
    assert tells in error.message


def test_a_limit_is_changed_once_and_a_period_has_happened(session: Session) -> None:
    for first, until in ((TONIGHT, TONIGHT - timedelta(days=1)), (TONIGHT, TONIGHT + timedelta(days=1))):
        with pytest.raises(Problem) as refused:
            asked(session, OLDER, first=first, until=until)
        assert [error.pointer for error in refused.value.errors] == ["/until"]
    with pytest.raises(Problem) as refused:
        asked(session, OLDER, OLDER)
    assert {error.message for error in refused.value.errors} == {"This limit is changed twice. Change it once."}


def test_the_command_prints_counts_and_nothing_of_anybody(file: Path, session: Session) -> None:
    url = f"sqlite:///{file}"
    period = ("--until", TONIGHT.isoformat())
    done = bednight("whatif", "--set", OLDER, *period, "--json", url=url, BEDNIGHT_KEYS=str(file.parent / KEYS))
    assert done.returncode == 0, done.stderr
    found = WhatIf.model_validate_json(done.stdout)
    assert counts(found) == counts(asked(session, OLDER))
    sheet = bednight("whatif", "--set", OLDER, *period, "--csv", url=url, BEDNIGHT_KEYS=str(file.parent / KEYS)).stdout
    rows = list(csv.DictReader(sheet.splitlines()))
    assert {row["how"] for row in rows} == {RERUN, RULE_ALONE}
    placed = next(row for row in rows if row["measure"] == "placed")
    assert (int(placed["then"]), int(placed["now"])) == (found.placed.then, found.placed.now)
    assert (
        bednight("whatif", "--set", OLDER, "--json", "--csv", url=url, BEDNIGHT_KEYS=str(file.parent / KEYS)).returncode
        == 2
    )
    refused = bednight("whatif", "--set", "fund_nowhere.max_age=1", url=url, BEDNIGHT_KEYS=str(file.parent / KEYS))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no such fund" in refused.stderr
    people = {*session.scalars(select(Referral.id)), *session.scalars(select(Referral.minor_id))}
    assert not any(one in text for one in people for text in (done.stdout, sheet))
    asked_of = select(AuditEvent.subject).where(AuditEvent.action == "whatif.run")
    with opened(file, file) as database, database.reading() as after:
        assert METRO in set(after.scalars(asked_of))


def test_the_best_few_changes_are_proved_and_run_again(file: Path, session: Session) -> None:
    found = best(session, session.info["clock"], 2)
    assert [line.most for line in found.curve] == [1, 2]
    assert all(line.proved and line.value == line.bound <= found.could for line in found.curve)
    one, two = found.curve
    assert 0 < one.value <= two.value
    nothing = counts(asked(session))
    assert all(line.rerun.placed.then == nothing["placed"]["then"] for line in found.curve)
    assert all(line.rerun.would_gain > 0 for line in found.curve)
    (lever,) = one.levers
    alone = {
        "funding.age_band": [f"{lever.fund}.min_age=none", f"{lever.fund}.max_age=none"],
        "funding.beds": [f"{lever.fund}.beds_per_night=none"],
        "funding.residence": [f"{lever.fund}.counties=none"],
    }.get(lever.rule)
    assert alone is None or counts(asked(session, *alone)) == counts(one.rerun)

    where: dict[str, str] = {"url": f"sqlite:///{file}", "BEDNIGHT_KEYS": str(file.parent / KEYS)}
    sheet = bednight("whatif", "--best", "1", "--until", TONIGHT.isoformat(), "--csv", **where)
    (row,) = csv.DictReader(sheet.stdout.splitlines())
    assert (row["put_aside"], int(row["design"])) == (f"{lever.fund} {lever.rule}", one.value)
    assert int(row["rerun_placed_now"]) == one.rerun.placed.now
    for wrong in ((), ("--best", "0"), ("--set", OLDER, "--best", "1"), ("--set", OLDER, "--nights")):
        assert bednight("whatif", *wrong, **where).returncode == 2


def test_many_at_once_answer_as_each_alone(file: Path, session: Session, fund: str, tmp_path: Path) -> None:
    lines = [f"{fund}.beds_per_night=0", OLDER, f"{METRO}.counties=none {OLDER}"]
    (tmp_path / "grid.txt").write_text("\n".join(lines))
    where: dict[str, str] = {"url": f"sqlite:///{file}", "BEDNIGHT_KEYS": str(file.parent / KEYS)}
    period = ("--until", TONIGHT.isoformat())
    asked_for = ("whatif", "--file", str(tmp_path / "grid.txt"), *period)
    done = bednight(*asked_for, "--workers", "2", "--json", **where)
    assert done.returncode == 0, done.stderr
    found = Sweep.model_validate_json(done.stdout).whatifs
    assert found == [asked(session, *line.split()) for line in lines]

    (tmp_path / "grid.txt").write_text(f"{OLDER}\n\n{METRO}.max_age=old")
    refused = bednight(*asked_for, **where)
    assert refused.returncode == 2
    assert "line 2: Expected a whole number" in refused.stderr
    for wrong in (("--file", str(tmp_path / "nowhere.txt")), ("--file", "x", "--set", OLDER)):
        assert bednight("whatif", *wrong, **where).returncode == 2


def test_a_cluster_answers_the_same(file: Path, session: Session, fund: str) -> None:
    distributed = import_module("distributed")  # without types
    lines = [[f"{fund}.beds_per_night=0"], [OLDER]]
    told: list[tuple[int, int]] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        found = sweep(
            settings_of(file), lines, None, TONIGHT, cluster=cluster.scheduler_address,
            told=lambda done, of: told.append((done, of)),
        )  # fmt: skip
    assert found == [asked(session, *line) for line in lines]
    assert told == [(1, 2), (2, 2)]
