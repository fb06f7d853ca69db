"""The page on which a signed paper is put on record and taken back, as a browser without scripts uses it."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import AgencyKind
from app.db import Database
from app.sharing.models import LegalBasis, Release
from tests.app.test_pages import Browser, browser, title, words
from tests.factories import new_agency

pytestmark = pytest.mark.one_kind

__all__ = ["browser"]

SIGNED = {"purpose": "schooling", "minor": "1", "second": "parent", "abuser": "no", "days": "90", "explained": "1"}


@pytest.fixture
def path(browser: Browser) -> str:
    """The page of a fresh referral."""
    return str(browser.refer().url.path).split("/rankings")[0] + "/releases"


def test_a_paper_is_put_on_record_and_taken_back_in_one_press(browser: Browser, path: str, database: Database) -> None:
    empty = browser.get(path)
    assert "Nothing is shared with anybody." in words(empty)
    assert "wrongtext" not in empty.text
    assert '<option value="parent" selected>' in empty.text
    assert path in browser.get(path.replace("releases", "change")).text
    school = new_agency(database, AgencyKind.SCHOOL)
    answer = browser.send(path, recipient=school, item=["age", "languages"], **SIGNED)
    said = words(answer)
    assert answer.status_code == 200
    assert re.fullmatch(r"R-\w{5}: what is shared with whom", title(answer))
    assert "Holds Schooling. Signed by the young person and a parent. Age Languages" in said
    with database.reading() as session:
        row = session.scalars(select(Release)).one()
    assert (row.agency_id, row.fields, row.revoked_at) == (school, ["age", "languages"], None)
    answer = browser.send(f"{path}/{row.id}/withdrawal")
    assert "Holds no more" in words(answer)
    assert "Taken back just now" in words(answer)
    assert "Take it back now" not in words(answer)


def test_what_is_missing_is_said_at_its_field_and_what_was_typed_stays(browser: Browser, path: str) -> None:
    answer = browser.send(path, item="languages", days="90", second="parent", abuser="no")
    assert answer.status_code == 422
    assert title(answer).startswith("Error: ")
    for name in ("recipient", "purpose", "minor", "explained"):
        assert f'id="{name}-wrong"' in answer.text, name
    assert re.search(r'name="item" value="languages"[^>]* checked', answer.text)
    assert '<option value="90" selected>' in answer.text


@pytest.mark.parametrize("days", ["9" * 12, "9" * 5000, "\u00b2", "-1", ""])
def test_days_that_are_none_are_said_at_their_field(browser: Browser, path: str, database: Database, days: str) -> None:
    agency = new_agency(database)
    paper = browser.send(path, recipient=agency, item="age", **{**SIGNED, "days": days})
    law = {"recipient": agency, "item": "age", "law": "court_order", "reference": "24-1"}
    order = browser.send(path.replace("releases", "legal-bases"), **law, days=days)
    for answer, field in ((paper, "days"), (order, "law_days")):
        assert (answer.status_code, f'id="{field}-wrong"' in answer.text) == (422, True)


def test_an_abuser_is_refused_in_words(browser: Browser, path: str, database: Database) -> None:
    agency = new_agency(database)
    answer = browser.send(path, recipient=agency, item="age", **{**SIGNED, "abuser": "yes"})
    assert answer.status_code == 409
    assert "Somebody known or alleged to be an abuser cannot sign" in words(answer)
    answer = browser.send(path, recipient=agency, item="age", **{**SIGNED, "abuser": ""})
    assert "Ask first whether the parent or guardian is known or alleged to be an abuser." in words(answer)


def test_another_agency_finds_nothing(browser: Browser, path: str, client: TestClient, database: Database) -> None:
    other = Browser(client, database)
    assert other.get(path).status_code == 404
    assert other.send(path, recipient=browser.person.agency_id, item="age", **SIGNED).status_code == 404


def test_a_law_is_put_on_record_by_its_name_and_ended(browser: Browser, path: str, database: Database) -> None:
    court = new_agency(database, AgencyKind.JUVENILE_COURT)
    laws = path.replace("releases", "legal-bases")
    answer = browser.send(laws, recipient=court, item="age", days="30")
    assert answer.status_code == 422
    for name in ("law_law", "law_reference"):
        assert f'id="{name}-wrong"' in answer.text, name
    answer = browser.send(laws, recipient=court, law="court_order", reference="order 26-118", item="age", days="30")
    assert "Holds A court's order: order 26-118 Age" in words(answer)
    with database.reading() as session:
        basis = session.scalars(select(LegalBasis.id)).one()
        assert session.scalars(select(Release)).all() == []
    answer = browser.send(f"{laws}/{basis}/end")
    assert "Does not hold now" in words(answer)
    assert "It holds no more" not in words(answer)
