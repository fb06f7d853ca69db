"""Two agencies over one young person, by forms alone: flagged, consented, seen, taken back, and who looked."""

import re
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.access.policy import AgencyKind, Role
from app.clock import MovableClock
from app.db import Database
from app.sharing.codes import Item
from tests.actors import sign_in
from tests.app.test_pages import Browser, words
from tests.factories import house, load, network, new_agency

pytestmark = pytest.mark.one_kind


def somebody(app: FastAPI, database: Database, role: Role, agency: str) -> Browser:
    """A person of an agency, in a browser of their own."""
    client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=False)
    found = Browser.__new__(Browser)
    found.client, found.database = client, database
    found.person = sign_in(client, database, role, agency)
    found.token = found._token()
    return found


def test_a_record_is_shared_within_consent_and_no_further(
    app: FastAPI, database: Database, clock: MovableClock
) -> None:
    load(database, network(house()))
    drop_in, school = new_agency(database, AgencyKind.DROP_IN), new_agency(database, AgencyKind.SCHOOL)
    worker = somebody(app, database, Role.SUPERVISOR, drop_in)
    teacher = somebody(app, database, Role.PARTNER, school)

    # Referred and flagged.
    answer = worker.refer()
    referral = str(answer.url.path).split("/rankings")[0]
    record = re.search(r'href="(/minors/min_\w+)"', worker.get(f"{referral}/change").text)
    assert record is not None, "the referral leads to the record"
    page = record[1]
    flagged = worker.send(f"{page}/flags", level="verified", basis="disclosure", indicator=["traded"], days="30")
    assert "Verified" in words(flagged)
    worker.send(f"{page}/activities", kind="medical", on="", words="seen by a nurse")
    worker.send(f"{page}/activities", kind="school", on="", words="wants to go back")

    # Nobody else finds anything: hidden and absent are one.
    hidden, absent = teacher.get(page), teacher.get("/minors/min_none")
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert "Nothing shared with your agency." in words(teacher.get("/minors"))

    # Consent: agency by kind of information, and at once.
    paper = {"purpose": "schooling", "minor": "1", "second": "parent", "abuser": "no", "days": "90", "explained": "1"}
    signed = worker.send(f"{referral}/releases", recipient=school, item=[Item.SCHOOL.value, Item.FLAGS.value], **paper)
    assert "Holds" in words(signed)
    seen = words(teacher.get(page))
    assert "wants to go back" in seen
    assert "seen by a nurse" not in seen
    assert re.search(r"1 entry from \S+, not shared with you", seen)
    assert "Sex for money, food, drugs or a place to sleep" in seen

    # The owner sees who looked.
    assert "Read the shared record (under a release of information)" in words(worker.get(f"{referral}/looks"))

    # Taken back in one press, at once.
    press = re.search(r'action="(/referrals/\w+/releases/\w+/withdrawal)"', worker.get(f"{referral}/releases").text)
    assert press is not None
    worker.send(press[1])
    assert teacher.get(page).status_code == 404

    # A flag nobody reviews ends by itself.
    clock.move(timedelta(days=31))
    again = somebody(app, database, Role.SUPERVISOR, drop_in)
    assert "nobody reviewed it" in words(again.get(page))
    assert "Nobody is flagged now." in words(again.get("/minors"))
