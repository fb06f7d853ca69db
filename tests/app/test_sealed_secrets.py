"""What opens doors, and words about a young person: sealed where they are kept, and what stood in clear is sealed."""

import sqlite3
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from app.access.factor_models import Authenticator, Enrolment
from app.access.policy import Role
from app.answers.models import WholeView
from app.clock import machine_time
from app.config import Settings, SettingsError
from app.db import Database, make_engine
from app.exchange.models import WebhookEndpoint
from app.sealing import opening
from app.sealing.box import Place
from app.sealing.column import SealedText, sealed_in
from app.sealing.keyring import Expunged, keyring_of
from migrations.run import downgrade, upgrade
from tests.entering import enrolled, quick
from tests.factories import EIGHT_ANSWERS, Caller, SignedIn, house, load, made, network
from tests.migrations.rows import SEALED, fill

pytestmark = pytest.mark.one_kind

__all__ = ["quick"]


def written(folder: Path) -> bytes:
    """Every byte of the database, its log of writes and the keys."""
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_no_second_factor_stands_in_the_database(client: TestClient, database: Database, tmp_path: Path) -> None:
    member = enrolled(client, database)
    with database.reading() as session:
        sealed = session.scalars(select(Authenticator.sealed_secret)).one()
        person = session.scalars(select(Authenticator.person_id)).one()
        assert keyring_of(session).open(Place("authenticators", "secret", person), sealed) == member.secret
        assert session.scalars(select(Enrolment.sealed_secret)).one() != sealed
    assert member.secret.encode() not in written(tmp_path)


def test_no_secret_of_a_receiver_stands_in_the_database(client: TestClient, database: Database, tmp_path: Path) -> None:
    admin = Caller(client, database, Role.ADMINISTRATOR)
    body = {"url": "http://127.0.0.1:9/", "purpose": "events"}
    client.app.state.settings = Settings(webhook_hosts=("127.0.0.1",))  # type: ignore[attr-defined]
    hook = made(admin.post("/v1/webhooks", body))
    new = made(admin.post(f"/v1/webhooks/{hook['id']}/rotation"))
    with database.reading() as session:
        row = session.get_one(WebhookEndpoint, hook["id"])
        ring = keyring_of(session)
        assert (row.secret(ring), row.previous(ring)) == (new["secret"], hook["secret"])
    for secret in (hook["secret"], new["secret"]):
        assert secret.encode() not in written(tmp_path)


def test_why_a_supervisor_looked_is_readable_under_the_young_person_s_key_alone(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    caller = SignedIn(client, database, Role.SUPERVISOR)
    load(database, network(house()), agency_id=caller.agency_id)
    referral = made(caller.post("/v1/referrals", EIGHT_ANSWERS))["id"]
    run = caller.post(f"/v1/referrals/{referral}/rankings").headers["Location"]
    said = {"reason": "complaint", "words": "Canary: the aunt says that she was not asked"}
    made(caller.post(f"{run}/whole-views", said))
    assert b"Canary" not in written(tmp_path)
    with database.reading() as session:
        row = session.scalars(select(WholeView)).one()
        assert keyring_of(session).open(Place("whole_views", "words", row.id), row.sealed_words) == said["words"]


def test_a_text_in_base64_is_no_sealed_one() -> None:
    assert [sealed_in(text_) for text_ in ("Jane", "SmFuZQ==", "")] == [None, None, None]
    column, kind = SealedText(), make_engine("sqlite://").dialect
    assert column.process_bind_param(None, kind) is None
    assert column.process_result_value(None, kind) is None
    stored = column.process_bind_param(SEALED, kind)
    assert stored is not None
    assert (sealed_in(stored), column.process_result_value(stored, kind)) == (SEALED, SEALED)
    with pytest.raises(ValueError, match="sealed alone"):
        column.process_bind_param(b"Jane", kind)


SECRETS = ("JBSWY3DPEHPK3PXP", "whsec_Q0FOQVJZ", "Canary: seen at the aunt's")
UPDATES = (
    "UPDATE authenticators SET secret = :a",
    "UPDATE webhook_endpoints SET secret = :b, previous_secret = NULL, previous_until = NULL",
    "UPDATE stay_absences SET note = :c",
)


def test_what_stood_in_clear_is_sealed_on_the_way_up_or_the_way_is_refused(
    sqlite_url: str, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(sqlite_url)
    with engine.begin() as connection:
        fill(connection)
    downgrade(sqlite_url, "0045")
    with engine.begin() as connection:
        for update in UPDATES:
            connection.execute(text(update), dict(zip("abc", SECRETS, strict=True)))
    monkeypatch.delenv("BEDNIGHT_KEYS", raising=False)
    with pytest.raises(SettingsError, match="bednight sealing init"):
        upgrade(sqlite_url)
    monkeypatch.setenv("BEDNIGHT_KEYS", str(keys))
    upgrade(sqlite_url)
    file = sqlite_url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as plain:
        stored = [plain.execute(f"SELECT {column} FROM {table}").fetchone()[0] for table, column in STORED]  # noqa: S608
    plain.close()
    assert all(sealed_in(value) for value in stored)
    assert not any(secret in value for secret in SECRETS for value in stored)
    engine.dispose()


STORED = (("authenticators", "secret"), ("webhook_endpoints", "secret"), ("stay_absences", "note"))


WORDS = {
    ("exceptions", "reason"): "Canary: her aunt Jane asked",
    ("emergency_accesses", "words"): "Canary: Jane does not wake up",
    ("offers", "unfunded_reason"): "Canary: Jane has nowhere else",
    ("legal_bases", "reference"): "Canary: in re Jane",
    ("former_stay_payers", "reason"): "Canary: Jane's invoice",
    ("former_bed_nights", "reason"): "Canary: Jane's nights",
}


def test_words_about_somebody_are_sealed_on_the_way_up(
    sqlite_url: str, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(sqlite_url)
    with engine.begin() as connection:
        fill(connection)
    downgrade(sqlite_url, "0067")
    with engine.begin() as connection:
        for (table, column), said in WORDS.items():
            connection.execute(text(f"UPDATE {table} SET {column} = :said"), {"said": said})  # noqa: S608
    monkeypatch.delenv("BEDNIGHT_KEYS", raising=False)
    with pytest.raises(SettingsError, match="bednight sealing init"):
        upgrade(sqlite_url)
    monkeypatch.setenv("BEDNIGHT_KEYS", str(keys))
    upgrade(sqlite_url)
    ring = opening.needed(Settings(keys=keys))
    kept = {}
    with engine.begin() as connection:
        for (table, old), said in WORDS.items():
            column = "words" if table == "former_bed_nights" else old
            row, stored = connection.execute(text(f"SELECT id, {column} FROM {table}")).one()  # noqa: S608
            sealed = sealed_in(stored)
            assert sealed is not None
            kept[Place(table, column, row)] = sealed
            assert ring.open(Place(table, column, row), sealed) == said
        assert connection.scalar(text("SELECT reason FROM former_bed_nights")) is None
        (minor,) = connection.execute(text("SELECT id FROM minors")).one()
    ring.destroy(minor, machine_time())
    for place, sealed in kept.items():
        if place.table not in {"former_bed_nights", "legal_bases"}:  # rows of made-up people
            with pytest.raises(Expunged):
                ring.open(place, sealed)
    ring.close()
    engine.dispose()
