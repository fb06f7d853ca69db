"""Signed checkpoints: who rewrites the whole trail, hashes and all, is found out by what lies outside the database."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import AgencyKind, Role
from app.audit.chain import COVERED, GENESIS, link
from app.audit.checkpoints import Checkpoint, Checkpoints, KeyRefused, checking_key, make_key, read, signing_key
from app.audit.models import AuditEvent, AuditHead
from app.audit.service import record
from app.audit.tree import Tree
from app.audit.verifying import Verdict, verify
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.worker import Worker
from tests.app.test_audit import open_up
from tests.proofs import saw, times

ACTOR = Actor(agency_id="agency_1", kind=AgencyKind.SCHOOL, role=Role.PARTNER, person_id="person_1")
KEY = Ed25519PrivateKey.generate()
KEYS = [KEY.public_key()]
ROWS, EVERY = 60, 12


def act(database: Database, count: int) -> None:
    with database.writing() as session:
        for n in range(count):
            record(session, ACTOR, "referral.open", "referral", f"ref_{n}")


@pytest.fixture
def file(database: Database, clock: MovableClock, tmp_path: Path) -> Path:
    """Sixty acts, and a checkpoint after each twelve."""
    writer = Checkpoints(tmp_path / "checkpoints", KEY)
    for _ in range(ROWS // EVERY):
        act(database, EVERY)
        clock.move(timedelta(hours=1))
        assert writer(database) == 1
    return writer.file


def verdict(database: Database, file: Path) -> Verdict:
    with database.reading() as session:
        return verify(session, read(file), KEYS)


def naive_root(leaves: list[str]) -> str:
    """As RFC 6962 says it: split at the largest power of two below the size."""
    if not leaves:
        return hashlib.sha256(b"").hexdigest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + bytes.fromhex(leaves[0])).hexdigest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    both = bytes.fromhex(naive_root(leaves[:k])) + bytes.fromhex(naive_root(leaves[k:]))
    return hashlib.sha256(b"\1" + both).hexdigest()


def test_the_tree_is_that_of_the_standard_at_every_size_and_from_every_size() -> None:
    leaves = [hashlib.sha256(bytes([n])).hexdigest() for n in range(70)]
    grown = Tree()
    for size, leaf in enumerate(leaves):
        assert grown.root() == naive_root(leaves[:size])
        grown = Tree(grown.size, grown.peaks)
        grown.add(leaf)
    with pytest.raises(ValueError, match="another number"):
        Tree(3, grown.peaks)


def test_a_whole_trail_is_borne_out(database: Database, file: Path) -> None:
    assert [row.size for row in read(file)] == [12, 24, 36, 48, 60]
    assert verdict(database, file) == Verdict(ROWS)
    act(database, 3)
    assert verdict(database, file) == Verdict(ROWS + 3)


def test_one_an_hour_is_written_whoever_asks(database: Database, clock: MovableClock, file: Path) -> None:
    writer = Checkpoints(file, KEY)
    clock.move(timedelta(minutes=59))
    assert writer(database) == 0
    assert writer.write(database) == 1
    assert writer(database) == 0
    clock.move(timedelta(minutes=60))
    assert writer(database) == 1
    assert verdict(database, file) == Verdict(ROWS)


def edit(rows: list[Any], at: int, _: Random) -> None:
    rows[at]["actor_id"] = "person_2"


def remove(rows: list[Any], at: int, _: Random) -> None:
    del rows[at]


def put_in(rows: list[Any], at: int, _: Random) -> None:
    rows.insert(at, rows[at] | {"subject": "ref_x", "hash": hashlib.sha256(b"x").hexdigest()})


def reorder(rows: list[Any], at: int, random: Random) -> None:
    rows.insert(random.randrange(at), rows.pop(at))


def cut(rows: list[Any], at: int, _: Random) -> None:
    del rows[at:]


def swap(rows: list[Any], at: int, random: Random) -> None:
    other = random.randrange(at)
    rows[at]["subject"], rows[other]["subject"] = rows[other]["subject"] + "x", rows[at]["subject"]


KINDS = (edit, remove, put_in, reorder, cut, swap)


def plain(connection: Connection) -> list[Any]:
    return [dict(row) for row in connection.execute(select(AuditEvent.__table__).order_by(AuditEvent.seq)).mappings()]


def write_anew(connection: Connection, rows: list[Any], *, fit: bool) -> None:
    """Put these rows in place of all; `fit`: with hashes and an end that fit, as one would who knows the recipe."""
    previous = GENESIS
    for seq, row in enumerate(rows, 1):
        row["seq"] = seq
        if fit:
            row["previous_hash"] = previous
            row["hash"] = previous = link(previous, {name: row[name] for name in COVERED})
    connection.execute(delete(AuditEvent))
    if rows:
        connection.execute(insert(AuditEvent), rows)
    if fit:
        connection.execute(update(AuditHead).values(seq=len(rows), hash=previous))


@pytest.mark.parametrize("kind", KINDS)
def test_every_edit_is_found_however_well_it_is_fitted_in(
    database: Database, file: Path, kind: Callable[[list[Any], int, Random], None]
) -> None:
    random = Random(kind.__name__)  # noqa: S311 - where the edits are made
    vouchers, tries = read(file), times(7)
    with database.engine.connect() as connection, connection.begin() as transaction:
        open_up(connection)
        head = connection.execute(select(AuditHead.seq, AuditHead.hash)).one()
        before = plain(connection)
        for _ in range(tries):
            for fit in (False, True):
                rows = [dict(row) for row in before]
                kind(rows, random.randrange(1, ROWS), random)
                first = changed_at(before, rows)
                write_anew(connection, rows, fit=fit)
                found = verify(Session(connection), vouchers if fit else (), KEYS).broken_at
                # The chain names the row or the one after it; of one that fits, the checkpoint names the dozen.
                assert found is not None
                assert first - EVERY < found <= first if fit else first <= found <= first + 1
                connection.execute(update(AuditHead).values(seq=head.seq, hash=head.hash))
        transaction.rollback()
    saw(f"edits of the audit trail that are found, of six kinds ({database.engine.dialect.name})", tries)
    saw(f"the same, with every hash made to fit again ({database.engine.dialect.name})", tries)


def changed_at(before: list[Any], after: list[Any]) -> int:
    """The number of the first row that says something else than it did, or is not there."""
    pairs = enumerate(zip(before, after, strict=False), 1)
    differ = (n for n, (old, new) in pairs if any(old[name] != new[name] for name in COVERED[1:]))
    return next(differ, min(len(before), len(after)) + 1)


def test_an_older_copy_is_found(database: Database, file: Path) -> None:
    with database.engine.begin() as connection:
        open_up(connection)
        rows = plain(connection)[:40]
        write_anew(connection, rows, fit=True)
    assert verdict(database, file).why == (
        f"the checkpoint of {read(file)[3].at} counts 48 rows: the end was cut off, or this is an older copy"
    )
    assert (verdict(database, file).broken_at, verify_alone(database)) == (37, Verdict(40))
    act(database, 30)
    assert (verdict(database, file).rows, verify_alone(database)) == (36, Verdict(70))


def verify_alone(database: Database) -> Verdict:
    with database.reading() as session:
        return verify(session)


def test_what_is_wrong_with_the_checkpoints_themselves_is_said(database: Database, file: Path) -> None:
    whole = read(file)
    with database.reading() as session:
        other = verify(session, whole, [Ed25519PrivateKey.generate().public_key()])
        gap = verify(session, [*whole[:2], *whole[3:]], KEYS)
        forged = Checkpoint(whole[2].at, 36, naive_root([]), whole[2].peaks, whole[2].previous, whole[2].signature)
        unsigned = verify(session, [*whole[:2], forged, *whole[3:]], KEYS)
        without_the_first = verify(session, whole[1:], KEYS)
    assert other == Verdict(0, 1, f"the signature of the checkpoint of {whole[0].at} does not hold")
    assert gap == Verdict(24, 25, f"a checkpoint before that of {whole[3].at} is missing")
    assert unsigned == Verdict(24, 25, f"the signature of the checkpoint of {whole[2].at} does not hold")
    assert without_the_first == Verdict(0, 1, f"a checkpoint before that of {whole[1].at} is missing")


def test_a_line_that_was_cut_off_is_passed_over(database: Database, clock: MovableClock, file: Path) -> None:
    with file.open("a") as out:
        out.write(read(file)[-1].line()[:100])
    clock.move(timedelta(hours=1))
    assert Checkpoints(file, KEY)(database) == 1
    assert [row.size for row in read(file)] == [12, 24, 36, 48, 60, 60]
    assert verdict(database, file) == Verdict(ROWS)


def test_peaks_that_another_key_signed_are_not_gone_on_from(
    database: Database, clock: MovableClock, file: Path
) -> None:
    new = Ed25519PrivateKey.generate()
    row = json.loads(read(file)[-1].line())
    with file.open("a") as out:
        out.write(json.dumps(row | {"peaks": ["00" * 32] * len(row["peaks"])}) + "\n")
    Checkpoints(file, new).write(database)
    assert read(file)[-1].root == read(file)[-3].root


def test_keys_are_made_once_and_told_apart(tmp_path: Path) -> None:
    private, public = tmp_path / "private", tmp_path / "public"
    public.write_text(make_key(private))
    assert private.stat().st_mode & 0o777 == 0o600
    said = Checkpoint("now", 0, "", (), "").signed(signing_key(private))
    assert said.holds([checking_key(public)])
    assert not said.holds(KEYS)
    with pytest.raises(FileExistsError):
        make_key(private)
    for wrong, load in ((public, signing_key), (private, checking_key), (tmp_path / "none", checking_key)):
        with pytest.raises(KeyRefused, match=str(wrong)):
            load(wrong)


def test_the_worker_writes_them_where_a_deployment_says_so(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    make_key(tmp_path / "key")
    told = replace(settings, checkpoints=tmp_path / "checkpoints", checkpoint_key=tmp_path / "key")
    act(database, 5)
    Worker(database, settings).round()
    assert not (tmp_path / "checkpoints").exists()
    Worker(database, told).round()
    Worker(database, told).round()
    assert len(read(tmp_path / "checkpoints")) == 1
