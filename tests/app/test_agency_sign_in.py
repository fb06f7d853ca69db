"""Signing in at one's own agency: who is bound comes in, and nothing else that comes back from there opens anything."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import select, text, update

from app.access import agency_issuer, enrolment, service
from app.access.agency_models import AgencyIdentity, AgencySignIn, Departure
from app.access.models import Agency, Person, SignIn
from app.access.policy import AgencyKind, Role
from app.access.tokens import form_token
from app.audit.models import AuditEvent
from app.clock import MovableClock, machine_time
from app.config import Settings
from app.db import Database
from app.outbox import posting
from tests.actors import SAME_SITE, add_person, sign_in
from tests.entering import PAGE, link_for, said
from tests.factories import new_agency
from tests.identity_provider import CLIENT, SECRET, Claims, Provider, new_key, providing

ANSWER = "/sign-in/agency/answer"


LIES: list[tuple[Claims, tuple[str, ...], str]] = [
    ({"nonce": "another"}, (), "token_invalid_claim"),
    ({}, ("nonce",), "token_missing_claim"),
    ({"aud": "another client"}, (), "token_invalid_claim"),
    ({"aud": [CLIENT, "another client"]}, (), "other_party"),
    ({"aud": [CLIENT, "another client"], "azp": "another client"}, (), "other_party"),
    ({"iss": "http://127.0.0.1/of-other"}, (), "token_invalid_claim"),
    ({"iat": 1_000_000, "exp": 1_000_300}, (), "token_expired_token"),
    ({"exp": 1e999}, (), "token_invalid_claim"),
    ({}, ("exp",), "token_missing_claim"),
    ({"iat": 99_999_999_999}, (), "token_invalid_claim"),
    ({}, ("sub",), "token_missing_claim"),
    ({"sub": ""}, (), "token_invalid_claim"),
    ({"sub": "é"}, (), "bad_subject"),
    ({"sub": ["r-diaz"]}, (), "token_invalid_claim"),
    ({"sub": "somebody-else"}, (), "not_bound"),
    ({"sub": "somebody-else", "email": "r.diaz@example.org", "email_verified": True}, (), "not_bound"),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with providing() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    """The same service, honest again."""
    fresh = Provider()
    for name in ("claims", "without", "document", "asked", "sign", "seen", "keys"):
        setattr(running, name, getattr(fresh, name))
    return running


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, sign_in_hosts=("127.0.0.1",))


@dataclass
class House:
    """An agency with a sign-in of its own, and one who is bound there as `r-diaz`."""

    app: FastAPI
    database: Database
    provider: Provider
    agency_id: str
    person: Person

    def browser(self, *, follow: bool = False) -> TestClient:
        return TestClient(
            self.app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=follow, headers=PAGE
        )

    def go(self, client: TestClient, path: str = "/sign-in/agency", **sent: str) -> str:
        """Press to go there; where the page leads."""
        data = {"word": "harbor-house", **sent}
        if path.startswith(("/prove", "/security")):
            data["form_token"] = form_token(client.cookies["bednight"])
        page = client.post(path, data=data, headers=SAME_SITE)
        assert page.status_code == 200, page.text
        found = re.search(r'<a class="button main full" href="([^"]*)"', page.text)
        assert found is not None, page.text
        place = html.unescape(found[1])
        assert page.headers["refresh"] == f"0; url={place}"
        return place

    def come(self, client: TestClient, subject: str = "r-diaz", path: str = "/sign-in/agency", **sent: str) -> Response:
        """There and back."""
        return client.get(ANSWER, params=self.provider.agree(self.go(client, path, **sent), subject))

    def reasons(self) -> list[str | None]:
        """Why nothing was opened, as the audit trail knows it."""
        with self.database.reading() as session:
            return list(
                session.scalars(
                    select(AuditEvent.reason).where(AuditEvent.outcome == "denied").order_by(AuditEvent.seq)
                )
            )


def set_up(client: TestClient, provider: Provider, **other: str) -> Response:
    sent = {"word": "harbor-house", "issuer": provider.issuer, "client_id": CLIENT, "secret": SECRET, "acr": ""}
    token = form_token(client.cookies["bednight"])
    return client.post("/agency-sign-in", data={"form_token": token, **sent, **other}, headers=SAME_SITE | PAGE)


@pytest.fixture
def house(app: FastAPI, database: Database, provider: Provider) -> House:
    agency_id = new_agency(database, AgencyKind.SHELTER)
    with database.writing() as session:
        person = add_person(session, database.clock, Role.SUPERVISOR, session.get_one(Agency, agency_id))
    made = House(app, database, provider, agency_id, person)
    keeper = made.browser()
    sign_in(keeper, database, Role.SECURITY_ADMINISTRATOR, agency_id)
    assert set_up(keeper, provider).status_code == 303
    with database.writing() as session:
        row = session.scalars(select(AgencySignIn)).one()
        bound = AgencyIdentity(
            sign_in_id=row.id, subject="r-diaz", person_id=person.id, bound_at=database.clock.now(), last_used_at=None
        )
        session.add(bound)
    return made


def test_a_link_binds_and_whoever_is_bound_comes_in(house: House, clock: MovableClock) -> None:
    new = add(house)
    client = house.browser()
    link = link_for(house.database, new)
    assert "Sign in as at your agency" in client.get(link).text
    bound = house.come(client, "k-wu", f"{link}/agency")
    assert bound.status_code == 200, bound.text
    assert client.cookies["bednight"]
    assert client.get("/security").status_code == 200
    assert client.get(link).status_code == 404
    elsewhere = house.browser()
    came = house.come(elsewhere, "k-wu", to="/security")
    assert (came.status_code, came.headers["location"]) == (303, "/security")
    assert elsewhere.get("/security").status_code == 200
    with house.database.reading() as session:
        stored = [session.scalar(select(SignIn.person_id).where(SignIn.person_id == new.id).limit(1))]
        row = session.scalars(select(AgencySignIn)).one()
        kept = str(session.execute(text("SELECT * FROM agency_sign_ins")).all())
        assert not session.scalars(select(Departure)).all()
    assert (stored, row.issuer) == ([new.id], house.provider.issuer)
    assert SECRET not in kept


def add(house: House, email: str = "k.wu@example.org") -> Person:
    with house.database.writing() as session:
        return service.add_person(
            session, None, agency_id=house.agency_id, name="K. Wu", email=email, role=Role.FACILITY_STAFF,
            now=house.database.clock.now(),
        )  # fmt: skip


@pytest.mark.one_kind
def test_a_token_that_says_something_else(house: House) -> None:
    for claims, without, reason in LIES:
        house.provider.claims, house.provider.without = claims, set(without)
        refused(house, house.browser(), reason)


@pytest.mark.one_kind
def test_signatures_that_are_not_its_own(house: House) -> None:
    client, provider = house.browser(), house.provider
    public = json.dumps(provider.keys[0].as_dict(private=False))
    forged: dict[str, Callable[[Claims], str]] = {
        "none": lambda claims: f"{part({'alg': 'none'})}.{part(claims)}.",
        "none, signed": lambda claims: f"{part({'alg': 'none'})}.{part(claims)}.{provider.signed(claims)[-86:]}",
        "our secret": lambda claims: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET * 3)),
        "its public key as a secret": lambda claims: jwt.encode(
            {"alg": "HS256", "kid": "first"}, claims, OctKey.import_key(public)
        ),
        "another's key": lambda claims: jwt.encode({"alg": "ES256", "kid": "first"}, claims, new_key("first")),
        "a key that it brings": lambda claims: jwt.encode(
            {"alg": "ES256", "jwk": json.loads(public)}, claims, new_key("own")
        ),
        "words changed": lambda claims: swapped(provider.signed(claims), claims | {"sub": "r-diaz"}),
        "no token": lambda _: "gibberish",
    }
    house.provider.claims = {"sub": "x"}
    for name, sign in forged.items():
        provider.sign = sign
        assert house.come(client).status_code == 401, name
        free(house)
    assert house.reasons() == ["bad_signature"] * len(forged)


@pytest.mark.one_kind
def test_keys_are_changed_and_taken_back(house: House) -> None:
    client, first = house.browser(), house.provider.keys[0]
    assert house.come(client).status_code == 303
    house.provider.keys.append(new_key("second"))
    assert house.come(client).status_code == 303
    house.provider.keys = [new_key("third")]
    assert house.come(client).status_code == 303
    house.provider.sign = lambda claims: jwt.encode({"alg": "ES256", "kid": "first"}, claims, first)
    refused(house, house.browser(), "bad_signature")


@pytest.mark.one_kind
def test_an_answer_counts_once_in_the_browser_that_went_and_for_ten_minutes(house: House) -> None:
    client = house.browser()
    back = house.provider.agree(house.go(client), "r-diaz")
    stranger = house.browser()
    assert stranger.get(ANSWER, params=back).status_code == 401
    house.go(stranger)
    assert stranger.get(ANSWER, params=back).status_code == 401, "another's journey in one's own browser"
    assert client.get(ANSWER, params=back | {"state": "x"}).status_code == 401
    client = house.browser()
    back = house.provider.agree(house.go(client), "r-diaz")
    cookie = client.cookies["bednight-away"]
    assert client.get(ANSWER, params=back).status_code == 303
    client.cookies["bednight-away"] = cookie
    assert client.get(ANSWER, params=back).status_code == 401, "the same again"
    client = house.browser()
    back = house.provider.agree(house.go(client), "r-diaz")
    with house.database.writing() as session:
        session.execute(update(Departure).values(expires_at=machine_time()))
    assert client.get(ANSWER, params=back).status_code == 401, "too late"
    assert house.reasons() == ["other_browser"] * 3 + ["not_expected"] * 2


@pytest.mark.one_kind
def test_what_comes_back_must_be_of_the_issuer_that_was_set(house: House) -> None:
    client = house.browser()
    back = house.provider.agree(house.go(client), "r-diaz")
    assert client.get(ANSWER, params=back | {"iss": "http://127.0.0.1/of-other"}).status_code == 401
    back = house.provider.agree(house.go(client), "r-diaz")
    house.provider.document = {"issuer": "http://127.0.0.1/of-other"}
    assert client.get(ANSWER, params=back).status_code == 401
    house.provider.document = {}
    assert client.get(ANSWER, params={"state": back["state"], "error": "access_denied"}).status_code == 401
    assert house.reasons() == ["other_issuer", "other_issuer", "other_browser"]


@pytest.mark.one_kind
def test_it_names_no_place_that_the_operator_did_not_list(house: House) -> None:
    """Its own description leads nowhere inward: not for codes, not for keys, not for the browser."""
    client = house.browser()
    for name in ("token_endpoint", "jwks_uri"):
        back = house.provider.agree(house.go(client), "r-diaz")
        house.provider.document = {name: "http://169.254.169.254/latest/meta-data"}
        assert client.get(ANSWER, params=back).status_code == 401
        house.provider.document = {}
    assert house.reasons() == ["host_not_listed"] * 2
    for place in ("https://evil.example/authorize", "javascript:alert(1)", None):
        house.provider.document = {"authorization_endpoint": place}
        page = client.post("/sign-in/agency", data={"word": "harbor-house"}, headers=SAME_SITE)
        assert (page.status_code, "refresh" in page.headers) == (503, False)
        free(house)


@pytest.mark.one_kind
def test_whoever_is_shut_out_moved_or_unbound_stays_out(house: House) -> None:
    client = house.browser()
    assert house.come(client).status_code == 303
    with house.database.writing() as session:
        service.disable_person(session, None, house.person.id, house.database.clock.now())
    assert client.get("/security").status_code == 401
    refused(house, house.browser(), "may_not_act")
    with house.database.writing() as session:
        session.execute(update(Person).values(disabled_at=None))
        enrolment.lost(session, None, house.person.id, house.database.clock.now())
    refused(house, house.browser(), "not_bound")


EVENTS: Claims = {"http://schemas.openid.net/event/backchannel-logout": {}}


def told(house: House, **other: Any) -> Response:
    """The agency's sign-in tells that somebody signed out there; `None` leaves a claim out."""
    at = int(machine_time().timestamp())
    claims = {"iss": house.provider.issuer, "aud": CLIENT, "sub": "r-diaz", "iat": at, "exp": at + 120, "jti": "one"}
    claims = {name: value for name, value in (claims | {"events": EVENTS} | other).items() if value is not None}
    sign = house.provider.sign or partial(house.provider.signed, typ="logout+jwt")
    free(house)
    return house.browser().post("/sign-in/agency/out", data={"logout_token": sign(claims)})


@pytest.mark.one_kind
def test_who_signs_out_at_the_agency_is_out_here_at_once(house: House) -> None:
    clients = [house.browser(), house.browser()]
    for client in clients:
        assert house.come(client).status_code == 303
    assert told(house, sub="somebody-else").status_code == 200, "which tells nobody who is bound"
    assert clients[0].get("/security").status_code == 200
    for _ in range(2):
        answer = told(house)
        assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, b"", "no-store")
        assert [client.get("/security").status_code for client in clients] == [401, 401]
    assert house.come(clients[0]).status_code == 303
    assert told(house, aud=["another client", CLIENT]).status_code == 200
    assert clients[0].get("/security").status_code == 401
    with house.database.reading() as session:
        outs = session.scalars(select(AuditEvent.subject).where(AuditEvent.action == "sign_out")).all()
    assert outs == [house.person.id] * 3


@pytest.mark.one_kind
def test_what_says_that_somebody_signed_out_and_is_not_true_ends_nothing(house: House) -> None:
    client, provider = house.browser(), house.provider
    assert house.come(client).status_code == 303
    at = int(machine_time().timestamp())
    lies: list[tuple[Claims, str]] = [
        ({"events": None}, "no_sign_out"),
        ({"events": {"http://schemas.openid.net/event/backchannel-logout": True}}, "no_sign_out"),
        ({"events": list(EVENTS)}, "no_sign_out"),
        ({"nonce": "x"}, "no_sign_out"),
        ({"iat": at - 400}, "too_old"),
        ({"exp": at - 100}, "token_expired_token"),
        ({"exp": None}, "token_missing_claim"),
        ({"jti": None}, "token_missing_claim"),
        ({"sub": None, "sid": "x"}, "token_missing_claim"),
        ({"iat": None}, "token_missing_claim"),
        ({"aud": "another client"}, "not_expected"),
        ({"iss": "https://other.example"}, "not_expected"),
        ({"iss": 5}, "unreadable"),
        ({"aud": [CLIENT] * 21}, "unreadable"),
        ({"aud": "\x00"}, "unreadable"),
    ]
    for claims, _ in lies:
        assert told(house, **claims).status_code == 400, claims
    provider.sign = provider.signed  # as what lets somebody in is signed
    assert told(house).status_code == 400
    head = {"alg": "ES256", "kid": "first", "typ": "logout+jwt"}
    provider.sign = lambda claims: jwt.encode(head, claims, new_key("first"))
    assert told(house).status_code == 400
    for gibberish in ("", "x.y.z", "x.W10.z", "x"):
        provider.sign = lambda _, said=gibberish: said
        assert told(house).status_code == 400
    assert house.reasons() == [*(reason for _, reason in lies), "no_sign_out", "bad_signature", *["unreadable"] * 4]
    provider.sign = None
    assert client.get("/security").status_code == 200
    provider.document = {"jwks_uri": "http://169.254.169.254/keys"}
    assert told(house).status_code == 400
    codes = [house.browser().post("/sign-in/agency/out", data={}).status_code for _ in range(10)]
    assert codes[-1] == 429, "we ask another host for whoever asks: not without end"


@pytest.mark.one_kind
def test_a_wrong_word_and_one_that_is_not_reached_look_the_same(house: House) -> None:
    client = house.browser()
    pages = [client.post("/sign-in/agency", data={"word": word}, headers=SAME_SITE) for word in ("nobody", "'; --")]
    house.provider.document = {"issuer": "other"}
    pages.append(client.post("/sign-in/agency", data={"word": "harbor-house"}, headers=SAME_SITE))
    assert {(page.status_code, page.text) for page in pages} == {(503, pages[0].text)}
    codes = [client.post("/sign-in/agency", data={"word": "x"}, headers=SAME_SITE).status_code for _ in range(3)]
    assert codes == [503, 503, 429], "we ask another host for whoever asks: not without end"
    assert client.post("/sign-in/agency", data={"word": "harbor-house"}).status_code == 403, "another site's form"


@pytest.mark.one_kind
def test_a_proof_is_as_old_as_it_says_and_made_anew_there(house: House, clock: MovableClock) -> None:
    client = house.browser()
    for auth_time in ({"auth_time": int(machine_time().timestamp()) - 600}, {"auth_time": "now"}):
        house.provider.claims = auth_time
        assert house.come(client).status_code == 303
        assert sees_fresh(client) == 403
    for lie in ({"auth_time": int(machine_time().timestamp()) - 600}, {"auth_time": True}):
        house.provider.claims = lie
        assert house.come(client, path="/prove/agency").status_code == 401
    house.provider.claims = {}
    place = house.go(client, "/prove/agency", to="/security")
    assert "prompt=login" in place
    assert "max_age=0" in place
    assert client.get(ANSWER, params=house.provider.agree(place, "another")).status_code == 401
    proved = house.come(client, path="/prove/agency", to="/security")
    assert (proved.status_code, proved.headers["location"]) == (303, "/security")
    assert sees_fresh(client) == 303
    clock.move(timedelta(minutes=6))
    assert sees_fresh(client) == 403


@pytest.mark.one_kind
def test_how_it_was_proved_is_as_the_agency_asks(house: House) -> None:
    keeper = house.browser()
    sign_in(keeper, house.database, Role.SECURITY_ADMINISTRATOR, house.agency_id)
    assert set_up(keeper, house.provider, acr="urn:two").status_code == 303
    refused(house, house.browser(), "weak_proof")
    house.provider.claims = {"acr": "urn:two"}
    client = house.browser()
    assert "acr_values=urn%3Atwo" in house.go(client)
    assert house.come(client).status_code == 303, "the same issuer: who was bound still is"


@pytest.mark.one_kind
def test_a_secret_may_go_in_the_body_where_the_service_takes_it_so(house: House) -> None:
    house.provider.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert house.come(house.browser()).status_code == 303


@pytest.mark.one_kind
def test_one_account_is_bound_to_one_person_and_undone_again(house: House) -> None:
    client = house.browser()
    other = sign_in(client, house.database, Role.FACILITY_STAFF, house.agency_id)
    assert "Sign in as at your agency from now on" in client.get("/security").text
    assert house.come(client, "r-diaz", "/security/agency", press="bind").status_code == 401
    assert house.reasons() == ["bound_to_other"]
    assert house.come(client, "new-one", "/security/agency", press="bind").headers["location"] == "/security"
    assert house.come(house.browser(), "new-one").status_code == 303
    sent = {"press": "unbind", "form_token": form_token(client.cookies["bednight"])}
    assert client.post("/security/agency", data=sent, headers=SAME_SITE).status_code == 303
    assert house.come(house.browser(), "new-one").status_code == 401
    with house.database.reading() as session:
        bound = session.scalars(select(AgencyIdentity.person_id)).all()
        acts = session.scalars(select(AuditEvent.action).where(AuditEvent.actor_id == other.id)).all()
    assert bound == [house.person.id]
    assert [act for act in acts if act.startswith("agency")] == ["agency_identity.bind", "agency_identity.unbind"]


@pytest.mark.one_kind
def test_a_link_of_who_has_a_second_factor_binds_nothing(house: House) -> None:
    link = link_for(house.database, house.person)
    assert house.browser().post(f"{link}/agency", headers=SAME_SITE).status_code == 404
    new = add(house)
    link, client = link_for(house.database, new), house.browser()
    back = house.provider.agree(house.go(client, f"{link}/agency"), "k-wu")
    link_for(house.database, new)  # ends the link before
    assert client.get(ANSWER, params=back).status_code == 401
    assert house.reasons() == ["link_spent"]


@pytest.mark.one_kind
def test_setting_it_is_an_act_of_who_lets_people_in(house: House, clock: MovableClock) -> None:
    keeper, other = house.browser(), house.browser()
    person = sign_in(keeper, house.database, Role.SECURITY_ADMINISTRATOR, house.agency_id)
    sign_in(other, house.database, Role.SECURITY_ADMINISTRATOR)
    shown = keeper.get("/agency-sign-in").text
    assert f"http://127.0.0.1{ANSWER}" in shown
    assert SECRET not in shown
    wrong = {
        "issuer": ("http://169.254.169.254/", "has not listed this host"),
        "word": ("x", "4 to 40 small letters"),
        "client_id": ("", "what the agency"),
        "secret": ("é", "what the agency"),
        "acr": ("é", "or nothing"),
    }
    for name, (value, words) in wrong.items():
        answer = set_up(keeper, house.provider, **{name: value})
        assert (answer.status_code, words in said(answer)) == (422, True), name
    for issuer in ("https://127.0.0.1/x?y=1", "https://me@127.0.0.1/", "ftp://127.0.0.1/", "nonsense"):
        assert set_up(keeper, house.provider, issuer=issuer).status_code == 422
    assert "Another agency has this word." in said(set_up(other, house.provider))
    client = house.browser()
    assert house.come(client).status_code == 303
    assert set_up(keeper, house.provider, client_id="another client").status_code == 303
    with house.database.reading() as session:
        assert not session.scalars(select(AgencyIdentity)).all(), "another client there names people anew"
        acts = session.scalars(select(AuditEvent.action).where(AuditEvent.actor_id == person.id)).all()
    assert acts[-2:] == ["agency_sign_in.end", "agency_sign_in.set"]
    sent = {"press": "end", "form_token": form_token(keeper.cookies["bednight"])}
    assert keeper.post("/agency-sign-in", data=sent, headers=SAME_SITE).status_code == 303
    assert client.post("/sign-in/agency", data={"word": "harbor-house"}, headers=SAME_SITE).status_code == 503
    clock.move(timedelta(minutes=6))
    assert set_up(keeper, house.provider).status_code == 403, "a fresh proof"


def test_only_https_is_asked_but_on_this_computer() -> None:
    for issuer in ("http://login.example.org", "https://10.0.0.1"):
        with pytest.raises(posting.Refused):
            agency_issuer.check_issuer(issuer, ("login.example.org",))
    agency_issuer.check_issuer("https://login.example.org/tenant", ("login.example.org",))


def refused(house: House, client: TestClient, reason: str) -> None:
    before = len(house.reasons())
    page = house.come(client)
    assert (page.status_code, house.reasons()[before:]) == (401, [reason])
    assert "Nothing was opened here." in page.text
    assert "bednight" not in client.cookies
    assert client.get("/security").status_code == 401
    free(house)


def free(house: House) -> None:
    """What was tried in vain is forgotten."""
    with house.database.writing() as session:
        session.execute(text("DELETE FROM guess_quotas"))


def sees_fresh(client: TestClient) -> int:
    """What a page answers that asks for a fresh proof."""
    sent = {"press": "unbind-nothing", "form_token": form_token(client.cookies["bednight"])}
    return client.post("/security/anew", data=sent, headers=SAME_SITE).status_code


def part(value: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def swapped(token: str, claims: Claims) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{part(claims)}.{signature}"
