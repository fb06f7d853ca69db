"""Builders: a network in which everything fits, to be made worse one fact at a time; and clients in any role."""

from copy import deepcopy
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from app.access.policy import AgencyKind, Role
from app.access.service import add_agency
from app.access.tokens import form_token
from app.db import Database, new_id
from app.placements.load import load_network
from tests.actors import SAME_SITE, key_headers, sign_in
from tests.published import hold_against_document

Json = dict[str, Any]

TONIGHT = "2026-11-21"
AS_OF = "2026-11-21T22:14:00-05:00"
SAFEGUARDS: Json = {
    "egress": "unlocked",
    "fire_clearance": True,
    "outside_contact": "open",
    "remote": False,
    "equal_activities": True,
    "awake_night_staff": True,
    "education": True,
    "grievance_contact": True,
}
EIGHT_ANSWERS: Json = {
    "minor": {
        "born_on": "2011-03-02",
        "residence": {"county": "13121"},
        "gender": "female",
        "trafficking": "verified",
        "custody": "none",
        "needs": {"infants": 0, "conditions": []},
        "approvals": [],
    },
    "needed_from": TONIGHT,
}
"""What a coordinator answers on a call, and nothing else."""


def house(identifier: str = "fac_a", **changes: Any) -> Json:
    """A house that takes any trafficked minor from 12 to 17 tonight, with two open beds."""
    letter = identifier.removeprefix("fac_")
    beds = [{"id": f"bed_{letter}{n}", "status": "open", "confirmed_at": "2026-11-21T20:02:00-05:00"} for n in (1, 2)]
    plain: Json = {
        "id": identifier,
        "kind": "safe_house",
        "state": "GA",
        "county": "13121",
        "point": [33.75, -84.39],
        "licence": {
            "status": "active",
            "valid_from": "2026-01-01",
            "expires_on": "2028-01-01",
            "capacity": 6,
            "min_age": 12,
            "max_age": 17,
            "genders": ["female", "male", "nonbinary"],
            "infants": False,
        },
        "population": "trafficking_only",
        "safeguards": {
            code: {"value": value, "verified_on": "2026-06-01", "expires_on": "2027-12-01"}
            for code, value in SAFEGUARDS.items()
        },
        "staffing": {"night_ratio": 4, "awake_staff_tonight": 2},
        "services": ["trauma_therapy"],
        "languages": ["en"],
        "declines": [],
        "funds": ["fund_a"],
        "units": [{"id": f"unit_{letter}", "beds": beds}],
        "residents": [],
    }
    return {**plain, **changes}


def fund(identifier: str = "fund_a", **limit: Any) -> Json:
    """A fund that pays for anyone; `limit` narrows it."""
    return {
        "id": identifier,
        "funder": "Fulton County",
        "program": "county.safe_harbor",
        "limits": [{"valid_from": "2020-01-01", "citation": "contract 2026-14", **limit}],
    }


def network(*houses: Json, funds: list[Json] | None = None, **more: Any) -> Json:
    """A snapshot of houses and funds; nobody waits unless `minors` and `referrals` are given."""
    return {
        "version": 1,
        "as_of": AS_OF,
        "tonight": TONIGHT,
        "horizon_nights": 180,
        "policy": {"id": "default", "version": 1},
        "facilities": list(deepcopy(houses)) if houses else [house()],
        "funds": [fund()] if funds is None else funds,
        "minors": [],
        "referrals": [],
        "stays": [],
        **more,
    }


def new_agency(database: Database, kind: AgencyKind = AgencyKind.CHILD_PROTECTION) -> str:
    """The id of a fresh agency."""
    with database.writing() as session:
        return add_agency(session, None, name=new_id("Agency"), kind=kind, now=database.clock.now()).id


def load(database: Database, document: Json, **more: Any) -> str:
    """Load a network; the id of the agency that owns its young people."""
    agency_id: str = more.pop("agency_id", None) or new_agency(database)
    with database.writing() as session:
        load_network(session, document, agency_id=agency_id, **more)
    return agency_id


class Caller:
    """A client with one key; each answer is held against the published document."""

    def __init__(self, client: TestClient, database: Database, role: Role, agency_id: str | None = None) -> None:
        self.client = client
        self.agency_id = agency_id or new_agency(database)
        self.headers = key_headers(database, role, agency_id=self.agency_id)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """Any request; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.request(method, path, json=body, headers={**self.headers, **named})
        app: Any = self.client.app
        hold_against_document(app, method, path, answer)
        return answer

    def get(self, path: str, **headers: str) -> Response:
        """Read."""
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Response:
        """Create."""
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> Response:
        """Replace."""
        return self.send("PUT", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Response:
        """Change."""
        return self.send("PATCH", path, body, **headers)


class SignedIn(Caller):
    """The same for a person who has just signed in."""

    def __init__(self, client: TestClient, database: Database, role: Role, agency_id: str | None = None) -> None:
        self.client = client
        self.agency_id = agency_id or new_agency(database)
        sign_in(client, database, role, self.agency_id)
        self.headers = SAME_SITE | {"X-Form-Token": form_token(client.cookies["bednight"])}


def lead(client: TestClient, database: Database) -> Caller:
    """An administrator of the coalition's lead, who reaches the whole network."""
    return Caller(client, database, Role.ADMINISTRATOR, new_agency(database, AgencyKind.COALITION_LEAD))


def made(answer: Response) -> Any:
    """The body of an answer that must be a success."""
    assert answer.is_success, answer.text
    return answer.json()


def rows(answer: Response) -> list[Json]:
    """The rows of a list that comes in one page."""
    body = made(answer)
    assert (body["has_more"], body["next_cursor"]) == (False, None)
    return list(body["data"])


def refused(answer: Response, status: int, code: str) -> Json:
    """The problem of an answer that must be a refusal."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    body: Json = answer.json()
    assert body["code"] == code, body
    return body
