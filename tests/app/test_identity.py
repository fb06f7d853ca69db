"""Who a young person is: sealed where it is kept, read by its owner alone, and each look on record."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.access.policy import AgencyKind, Role
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.main import create_app
from app.minors.identity import IdentityField, reveal
from app.referrals.models import Referral
from app.sharing.models import Relation
from app.sharing.service import grant
from tests.actors import SAME_SITE, actor_of, add_agency, add_person
from tests.factories import EIGHT_ANSWERS, Caller, SignedIn, house, load, made, network, new_agency, refused, rows

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]

JANE: Json = {
    "given_names": "Canary Jane",
    "family_name": "Doe-Canary",
    "called": "Jay",
    "aliases": ["J. Smith", "Canary Kim"],
    "contact": "Canary aunt, 404 555 0199",
    "words": "Canary: afraid of dogs\nand of the dark",
}


@pytest.fixture
def owner(client: TestClient, database: Database) -> SignedIn:
    load(database, network(house()), operators={"fac_a": new_agency(database, AgencyKind.RESIDENTIAL)})
    return SignedIn(client, database, Role.INTAKE_COORDINATOR)


@pytest.fixture
def referral(owner: SignedIn) -> str:
    return str(made(owner.post("/v1/referrals", EIGHT_ANSWERS))["id"])


def where(referral: str) -> str:
    return f"/v1/referrals/{referral}/identity"


def test_what_was_entered_is_read_and_the_answer_to_entering_repeats_none_of_it(owner: SignedIn, referral: str) -> None:
    nothing = made(owner.get(where(referral)))
    assert (nothing["version"], nothing["family_name"], nothing["aliases"]) == (None, None, [])
    assert nothing["born_on"] == EIGHT_ANSWERS["minor"]["born_on"]
    answer = owner.put(where(referral), JANE)
    assert made(answer)["held"] == ["given_names", "family_name", "called", "aliases", "contact", "words"]
    assert "anary" not in answer.text
    assert made(owner.get(where(referral))) == {**JANE, "version": 1, "born_on": "2011-03-02"}


def test_a_change_names_the_version_and_what_is_left_out_is_not_known_again(owner: SignedIn, referral: str) -> None:
    first = owner.put(where(referral), JANE)
    refused(owner.put(where(referral), JANE), 428, "version_required")
    stale = refused(owner.put(where(referral), {"called": "K", "version": 2}), 409, "stale_update")
    assert stale["current"]["held"] == made(first)["held"]
    assert "anary" not in str(stale)
    refused(owner.put(where(referral), {"called": "K"}, If_Match='"other"'), 412, "precondition_failed")
    made(owner.put(where(referral), {"called": "K"}, If_Match=first.headers["ETag"]))
    made(owner.put(where(referral), {"called": "Kay", "version": 2}))
    known = made(owner.get(where(referral)))
    assert (known["called"], known["family_name"], known["version"]) == ("Kay", None, 3)


@pytest.mark.parametrize(
    ("field", "value", "fits"),
    [
        ("contact", "x" * 500, True),
        ("contact", "x" * 501, False),
        ("words", "", False),
        ("words", "two\nlines", True),
        ("words", "turned\u202eround", False),
        ("family_name", "two\nlines", False),
        ("aliases", ["a"] * 20, True),
        ("aliases", ["a"] * 21, False),
        ("aliases", None, False),
        ("family_name", None, True),
    ],
)
def test_what_fits(owner: SignedIn, referral: str, field: str, value: Any, fits: bool) -> None:
    answer = owner.put(where(referral), {field: value})
    assert made(answer) if fits else refused(answer, 422, "invalid")["errors"][0]["pointer"].startswith(f"/{field}")


def test_nobody_else_is_told_that_there_is_anything(
    owner: SignedIn, referral: str, client: TestClient, database: Database
) -> None:
    made(owner.put(where(referral), JANE))
    with database.writing() as session:
        minor = session.get_one(Referral, referral).minor_id
        agency = add_agency(session, database.clock)
        grant(session, minor, agency.id, Relation.OFFERED, database.clock.now())
    granted = SignedIn(client, database, Role.SUPERVISOR, agency.id)
    made(granted.get(f"/v1/referrals/{referral}"))
    answers = [refused(granted.get(where(one)), 404, "not_found") for one in (referral, "ref_none")]
    assert {**answers[0], "request_id": ""} == {**answers[1], "request_id": ""}
    refused(granted.put(where(referral), {"called": "x", "version": 1}), 404, "not_found")
    refused(SignedIn(client, database, Role.FACILITY_STAFF).get(where(referral)), 404, "not_found")
    refused(SignedIn(client, database, Role.ADMINISTRATOR).get(where(referral)), 403, "forbidden")


def test_a_key_enters_it_and_reads_it_never(
    owner: SignedIn, referral: str, client: TestClient, database: Database
) -> None:
    program = Caller(client, database, Role.INTAKE_COORDINATOR, owner.agency_id)
    client.cookies.clear()
    assert "anary" not in program.put(where(referral), JANE).text
    refused(program.get(where(referral)), 403, "forbidden")


def test_reading_it_takes_a_proof_of_the_last_five_minutes(
    owner: SignedIn, referral: str, clock: MovableClock, client: TestClient
) -> None:
    clock.move(timedelta(minutes=5))
    made(owner.get(where(referral)))
    clock.move(timedelta(seconds=1))
    refused(owner.get(where(referral)), 403, "proof_needed")
    page = client.get(f"/referrals/{referral}/identity", headers={"Accept": "text/html"})
    assert (page.status_code, f"/prove?to=/referrals/{referral}/identity" in page.text) == (403, True)


def test_each_look_is_on_record_by_who_and_under_what(owner: SignedIn, referral: str, database: Database) -> None:
    made(owner.put(where(referral), JANE))
    made(owner.get(where(referral)))
    seen = rows(owner.get(f"/v1/referrals/{referral}/looks?limit=100"))
    assert [(row["action"], row["under_release"]) for row in seen[:2]] == [
        ("identity.read", False),
        ("identity.change", False),
    ]
    assert "anary" not in str(seen)


def test_a_viewer_is_shown_the_fields_that_they_may_see_and_no_other(
    owner: SignedIn, referral: str, database: Database
) -> None:
    made(owner.put(where(referral), JANE))
    with database.writing() as session:
        agency = add_agency(session, database.clock)
        viewer = actor_of(add_person(session, database.clock, Role.FACILITY_STAFF, agency), agency)
        minor = session.get_one(Referral, referral).minor_id
        for field in IdentityField:
            shown = reveal(session, viewer, minor, [field]).model_dump(mode="json", exclude={"version"})
            expected = {**JANE, "born_on": "2011-03-02"}[field]
            assert {name: value for name, value in shown.items() if value} == {field.value: expected}
        assert not any(reveal(session, viewer, minor, []).model_dump(exclude={"version"}).values())


def test_no_byte_of_it_stands_in_the_database_or_its_log(
    owner: SignedIn, referral: str, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made(owner.put(where(referral), JANE))
    made(owner.get(where(referral)))
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"minor_identities" in written
    for secret in ("anary", "Doe-C", "J. Smith", "404 555 0199"):
        assert secret.encode() not in written
        assert secret not in caplog.text


def test_a_record_that_is_put_under_another_young_person_does_not_open(
    owner: SignedIn, referral: str, database: Database, client: TestClient
) -> None:
    other = str(made(owner.post("/v1/referrals", EIGHT_ANSWERS))["id"])
    made(owner.put(where(referral), JANE))
    made(owner.put(where(other), {"called": "Kay"}))
    with database.engine.begin() as connection:
        sealed = "SELECT sealed FROM minor_identities WHERE minor_id = (SELECT minor_id FROM referrals WHERE id = :r)"
        found = connection.scalar(text(sealed), {"r": referral})
        moved = "UPDATE minor_identities SET sealed = :sealed WHERE sealed <> :sealed"
        connection.execute(text(moved), {"sealed": found})
    refused(owner.get(where(other)), 500, "internal")
    made(owner.get(where(referral)))


def test_without_keys_nothing_is_taken(
    settings: Settings, clock: MovableClock, client: TestClient, owner: SignedIn, referral: str
) -> None:
    plain = create_app(Settings(database_url=settings.database_url, login_links=True), clock=clock)
    bare = TestClient(plain, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=False)
    caller = SignedIn(bare, plain.state.database, Role.SUPERVISOR, owner.agency_id)
    refused(caller.put(where(referral), JANE), 503, "no_keys")
    assert made(caller.get(where(referral)))["version"] is None
    plain.state.database.close()


def form(client: TestClient, page: str, **fields: str) -> Json:
    hidden = dict(part.split('" value="')[:2] for part in page.split('<input type="hidden" name="')[1:])
    hidden = {name: value.split('"')[0] for name, value in hidden.items()}
    return {**hidden, **fields}


def test_on_its_page_it_is_entered_read_and_changed(owner: SignedIn, referral: str, client: TestClient) -> None:
    path = f"/referrals/{referral}/identity"
    blank = client.get(path)
    assert "Doe-Canary" not in blank.text
    typed = {**JANE, "aliases": "J. Smith\r\n\r\nCanary Kim", "words": "Canary: afraid of dogs\r\nand of the dark"}
    sent = form(client, blank.text, **typed)
    done = client.post(path, data=sent, headers=SAME_SITE)
    assert (done.status_code, done.headers["Location"]) == (303, path)
    assert made(owner.get(where(referral))) == {**JANE, "version": 1, "born_on": "2011-03-02"}
    shown = client.get(path)
    assert all(part in shown.text for part in ("Doe-Canary", "J. Smith\nCanary Kim", 'name="version" value="1"'))
    assert client.post(path, data=sent, headers=SAME_SITE).status_code == 303  # the same press again
    stale = client.post(path, data=form(client, blank.text, called="Kay", once="another"), headers=SAME_SITE)
    assert (stale.status_code, "Kay" in stale.text) == (428, True)
    odd = client.post(path, data=form(client, shown.text, version="9" * 5000, once="odd"), headers=SAME_SITE)
    assert odd.status_code == 428
    wrong = client.post(path, data=form(client, shown.text, family_name="x" * 201), headers=SAME_SITE)
    assert (wrong.status_code, "200 letters" in wrong.text, "x" * 201 in wrong.text) == (422, True, True)
    made(owner.get(f"/v1/referrals/{referral}"))
    assert f'href="{path}"' in client.get(f"/referrals/{referral}/change").text
