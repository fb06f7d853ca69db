"""The crypto itself: what is sealed opens where it stands, under its own key, unchanged, and nowhere else."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from app.config import Settings, SettingsError
from app.errors import Problem
from app.sealing import opening, wrapping
from app.sealing.box import Broken, DataKey, Place, is_sealed, key_id, opened, seal
from app.sealing.column import Sealed
from app.sealing.keyring import INDEX, NEXT_INDEX, SYSTEM, Expunged, Keyring, blind, keyring_of
from app.sealing.store import KEYS
from app.sealing.wrapping import KeyFile, Wrapped
from tests.postgres import Cluster

KEY = DataKey("dk_1", bytes(range(32)))
HERE = Place("minor_identities", "sealed", "min_1")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def ring(keys: Path) -> Iterator[Keyring]:
    found = opening.needed(Settings(keys=keys))
    yield found
    found.close()


@given(st.binary(max_size=600))
def test_what_was_sealed_opens_again(plain: bytes) -> None:
    sealed = seal(KEY, HERE, plain)
    assert (is_sealed(sealed), key_id(sealed), opened(KEY, HERE, sealed)) == (True, "dk_1", plain)
    assert seal(KEY, HERE, plain) != sealed
    assert len(plain) < 8 or plain not in sealed


@pytest.mark.parametrize(
    "other",
    [
        Place("other", "sealed", "min_1"),
        Place("minor_identities", "other", "min_1"),
        Place("minor_identities", "sealed", "min_2"),
    ],
)
def test_it_opens_nowhere_else(other: Place) -> None:
    with pytest.raises(Broken):
        opened(KEY, other, seal(KEY, HERE, b"x"))


def test_every_changed_byte_is_found() -> None:
    sealed = seal(KEY, HERE, b"a name")
    for at in range(len(sealed)):
        for changed in (
            sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :],
            sealed[:at],
            sealed[:at] + sealed[at + 1 :],
        ):
            with pytest.raises(Broken):
                opened(KEY, HERE, changed)


def test_another_key_opens_nothing_whatever_it_is_called() -> None:
    sealed = seal(KEY, HERE, b"x")
    for key in (DataKey("dk_1", bytes(32)), DataKey("dk_2", KEY.secret)):
        with pytest.raises(Broken):
            opened(key, HERE, sealed)


def test_a_key_is_shown_nowhere() -> None:
    assert repr(KEY) == "DataKey(id='dk_1')"
    assert "secret" not in repr(Wrapped("kek_1", b"x"))


def test_a_column_of_sealed_values_takes_no_other() -> None:
    column, kind = Sealed(), sqlite.dialect()
    for wrong in (b"", b"Jane", b"\x01\x04dk_1", b"\x78\x01" + bytes(60)):
        with pytest.raises(ValueError, match="sealed alone"):
            column.process_bind_param(wrong, kind)
    assert column.process_bind_param(None, kind) is None
    assert column.process_bind_param(seal(KEY, HERE, b""), kind)


def test_each_young_person_has_a_key_and_nobody_s_has_two(ring: Keyring) -> None:
    first = ring.keys_of(["min_1", "min_2", SYSTEM])
    assert len({key.secret for key in first.values()}) == 3
    assert ring.keys_of(["min_2", "min_1", SYSTEM, "min_3"]).items() >= first.items()
    assert ring.open(HERE, ring.seal("min_1", HERE, "Jane")) == "Jane"
    sealed = ring.seal(SYSTEM, HERE, "secret")
    assert (key_id(sealed), ring.open(HERE, sealed)) == (first[SYSTEM].id, "secret")


def test_two_who_need_a_key_first_get_the_same(keys: Path, ring: Keyring) -> None:
    other = opening.needed(Settings(keys=keys))
    new = [one._new("min_1") for one in (ring, other)]
    for row in new:
        ring.store.add([row])
    assert ring.keys_of(["min_1"]) == other.keys_of(["min_1"])
    assert ring.keys_of(["min_1"])["min_1"].id == new[0]["id"]
    other.close()


def test_what_a_destroyed_key_sealed_nobody_reads_and_no_second_key_is_made(ring: Keyring) -> None:
    sealed, kept = ring.seal("min_1", HERE, "Jane"), ring.seal("min_2", HERE, "Kay")
    ring.destroy("min_1", NOW)
    ring.destroy("min_1", NOW)
    ring.destroy("min_9", NOW)  # whose key was never needed
    assert ring.destroyed(["min_1", "min_2", "min_9"]) == {"min_1", "min_9"}
    for again in (
        lambda: ring.open(HERE, sealed),
        lambda: ring.seal("min_1", HERE, "x"),
        lambda: ring.seal("min_9", HERE, "x"),
    ):
        with pytest.raises(Expunged):
            again()
    assert ring.open(HERE, kept) == "Kay"
    with pytest.raises(ValueError, match="nobody's"):
        ring.destroy(SYSTEM, NOW)


def test_nothing_of_a_destroyed_key_is_left_among_others(keys: Path, ring: Keyring) -> None:
    """Many of them: a database moves rows about, and leaves behind what it does not overwrite."""
    names = [f"min_{n}" for n in range(60)]
    ring.keys_of(names)
    wrapped = {name: kept.wrapped.secret for name, kept in ring.store.of(names).items() if kept.wrapped is not None}
    for name in names[::2]:
        ring.destroy(name, NOW)
    left = b"".join(file.read_bytes() for file in keys.iterdir())
    assert [name for name in names if wrapped[name] in left] == names[1::2]


def test_a_wrapped_key_that_is_put_under_another_name_or_changed_opens_nothing(ring: Keyring) -> None:
    ring.keys_of(["min_1", "min_2"])
    with ring.store._engine.begin() as connection:
        stolen = connection.scalar(select(KEYS.c.wrapped).where(KEYS.c.of == "min_1"))
        connection.execute(update(KEYS).where(KEYS.c.of == "min_2").values(wrapped=stolen))
    with pytest.raises(Broken, match="changed"):
        ring.keys_of(["min_2"])
    with ring.store._engine.begin() as connection:
        connection.execute(update(KEYS).where(KEYS.c.of == "min_2").values(wrapped=b"short"))
    with pytest.raises(Broken, match="changed"):
        ring.keys_of(["min_2"])


def test_a_running_server_follows_a_rotation(keys: Path, ring: Keyring) -> None:
    file = opening.key_file(keys)
    sealed = ring.seal("min_1", HERE, "Jane")
    serving = opening.needed(Settings(keys=keys))
    assert serving.open(HERE, sealed) == "Jane"
    former = KeyFile(file).current()
    current = wrapping.add(file)
    assert [ring.rewrap(1), ring.rewrap(1)] == [1, 0]
    assert ring.store.counts() == {current: 1}
    wrapping.drop(file, {former})
    assert serving.open(HERE, sealed) == "Jane"
    assert serving.open(HERE, serving.seal("min_2", HERE, "Kay")) == "Kay"
    assert ring.store.counts() == {current: 2}
    wrapping.add(file)
    wrapping.drop(file, {current})
    serving.close()
    late = opening.needed(Settings(keys=keys))
    with pytest.raises(Broken, match="not in the file"):
        late.keys_of(["min_1"])
    late.close()


def test_a_key_that_is_destroyed_while_it_is_wrapped_anew_stays_destroyed(keys: Path, ring: Keyring) -> None:
    ring.keys_of(["min_1", "min_2"])
    wrapping.add(opening.key_file(keys))
    old = ring.store.under_others(KeyFile(opening.key_file(keys)).current(), 10)
    ring.destroy("min_1", NOW)
    assert ring.store.rewrap(old, [Wrapped("kek_new", b"new")] * 2) == 1
    assert ring.destroyed(["min_1"]) == {"min_1"}


def test_the_index_tells_equal_texts_of_one_agency_and_field_and_no_more(ring: Keyring, keys: Path) -> None:
    key = ring.index_keys()[0]
    number = blind(key, "name", "agency_1", "doe")
    assert 0 <= number < 2**32
    others = [("name", "agency_1", "dou"), ("alias", "agency_1", "doe"), ("name", "agency_2", "doe")]
    assert number not in {blind(key, *other) for other in others}
    again = opening.needed(Settings(keys=keys))
    assert [blind(key, "name", "agency_1", "doe") for key in again.index_keys()] == [number]
    assert again.keys_of([INDEX])[INDEX].id != again.keys_of([SYSTEM])[SYSTEM].id
    again.close()


def test_another_key_takes_the_place_of_the_index_s_and_servers_that_run_follow(ring: Keyring, keys: Path) -> None:
    other = opening.needed(Settings(keys=keys))
    first = other.index_keys()
    new = ring.next_index()
    assert ring.next_index() == new, "what was begun goes on"
    assert other.index_keys() == [new, *first]
    wrapping.add(opening.key_file(keys))
    while ring.rewrap():
        pass
    ring.turn_index()
    assert other.index_keys() == [new]
    assert first[0].id not in other.keys_by_id([first[0].id])
    for whose in (INDEX, NEXT_INDEX):
        with pytest.raises(ValueError, match="nobody's"):
            ring.destroy(whose, NOW)
    other.close()


@pytest.mark.parametrize("content", ["", "kek_1\n", "kek_1 AAAA\n", "kek_1 not-base64!\n", "a b c\n"])
def test_a_file_without_keys_is_refused_by_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "wrapping.keys"
    with pytest.raises(SettingsError, match="no key-encryption keys"):
        wrapping.read(file)
    file.write_text(content)
    with pytest.raises(SettingsError, match="bednight sealing init"):
        KeyFile(file)


def test_keys_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    settings, folder = Settings(), tmp_path / "new" / "keys"
    assert [opening.init(settings, folder), opening.init(settings, folder)] == [True, False]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert files["wrapping.keys"] == files["data-keys.db"] == 0o600
    assert len(wrapping.read(opening.key_file(folder))) == 1


def test_a_deployment_without_keys_says_so(tmp_path: Path, keys: Path) -> None:
    assert opening.keyring(Settings()) is None
    with pytest.raises(SettingsError, match="BEDNIGHT_KEYS"):
        opening.needed(Settings())
    elsewhere = Settings(keys=keys, data_keys=f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(SettingsError, match="bednight sealing init"):
        opening.needed(elsewhere)

    with pytest.raises(Problem) as refused:
        keyring_of(Session())
    assert refused.value.code == "no_keys"


def test_the_store_keeps_its_promises_on_postgresql_too(cluster: Cluster, keys: Path) -> None:
    settings = Settings(keys=keys, data_keys=cluster.create())
    opening.init(settings, keys)
    ring = opening.needed(settings)
    sealed = ring.seal("min_1", HERE, "Jane")
    wrapping.add(opening.key_file(keys))
    assert (ring.rewrap(), ring.open(HERE, sealed)) == (1, "Jane")
    ring.destroy("min_1", NOW)
    with pytest.raises(Expunged):
        ring.open(HERE, sealed)
    with ring.store._engine.begin() as connection:
        connection.execute(insert(KEYS).values(id="dk_2", of="min_2", made_at=NOW))
    with pytest.raises(Expunged):
        ring.keys_of(["min_2"])
    ring.close()
    assert settings.data_keys is not None
    cluster.drop(settings.data_keys)
