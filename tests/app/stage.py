"""A stage for the matrix: one young person's case, and everybody who could stand in some relation to it, signed in.

Whatever a request does is undone after it, so that each finds the same stage and none has to be set up anew.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session, sessionmaker

from app.access import keys as api_keys
from app.access import signin
from app.access.models import Agency
from app.access.policy import AgencyKind, Role
from app.access.service import disable_person
from app.access.tokens import form_token
from app.clock import MovableClock
from app.db import Base, Database
from app.emergency.models import EmergencyAccess, EmergencyReason
from app.exceptions.models import Party, RuleException
from app.facilities.continuum_models import CareKind, CareService
from app.facilities.models import Licence
from app.funding.models import FundLimit
from app.minors.conference_models import Conference, ConferenceCase, ConferenceSeat, ConferenceTask
from app.minors.linking_models import Contact, ContactAsk
from app.notices.models import Notice
from app.outbox.models import OutboxDelivery, OutboxEvent
from app.referrals.models import Referral
from app.sealing.words import seal_words
from app.sharing.codes import Given, Law, Purpose
from app.sharing.models import Agreement, LegalBasis, Relation, Release
from app.sharing.service import grant
from app.stays.models import Stay
from app.tasks.models import Task
from tests.actors import add_person
from tests.app.asked import FLAG, LINK, sent_to
from tests.factories import EIGHT_ANSWERS, Caller, fund, house, load, made, network, new_agency
from tests.migrations.rows import SEALED

Json = dict[str, Any]


class Stand(StrEnum):
    """Where somebody's agency stands to the case."""

    OWN = "own"
    """It referred the young person, and its fund pays."""
    HOUSE = "house"
    """It runs the house that holds a bed for one of its young people, and where another of them lives."""
    RELEASED = "released"
    """It may read about both by a release."""
    FORMER = "former"
    """Its house was asked about both and said no."""
    LEAD = "lead"
    """It leads the coalition."""
    OTHER = "other"


KINDS = {
    Stand.OWN: AgencyKind.CHILD_PROTECTION,
    Stand.HOUSE: AgencyKind.RESIDENTIAL,
    Stand.RELEASED: AgencyKind.HEALTH,
    Stand.FORMER: AgencyKind.RESIDENTIAL,
    Stand.LEAD: AgencyKind.COALITION_LEAD,
    Stand.OTHER: AgencyKind.SHELTER,
}
NOBODY, DISABLED = "", "disabled"
Who = tuple[Stand, Role] | str
STREAMS = {"/events"}
"""What is read in a thread of its own while it is open, and changes nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the code of a refusal, and everything that it said."""

    status: int
    code: str
    text: str = field(default="", compare=False)

    @property
    def letter(self) -> str:
        """How the table writes it."""
        if self.status >= 500:
            return "!"
        by_code = {"not_signed_in": "s", "forbidden": ".", "proof_needed": "p", "cross_site": "x", "not_found": "-"}
        return by_code.get(self.code, "y")


async def _here(act: Callable[..., Any], *args: Any, **_: Any) -> Any:
    """Do at once what would go to a thread: nobody else waits for this loop, and passing it on takes longer."""
    return act(*args)


def _run(asked: Coroutine[Any, Any, list[Answer]]) -> list[Answer]:
    """In a thread of its own: where a browser was driven before, this one still has a loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asked).result()


class Stage:
    """The case, the people, and a way to ask as one of them."""

    def __init__(self, app: FastAPI, client: TestClient, database: Database, clock: MovableClock) -> None:
        self.app, self.client, self.database, self.clock = app, client, database, clock
        self.acting = database
        """As whom requests act: on PostgreSQL as the server's own role, whom the walls between agencies hold."""
        self.agencies = {stand: new_agency(database, kind) for stand, kind in KINDS.items()}
        self.tokens: dict[Who, str] = {NOBODY: ""}
        self.ids: dict[str, str] = {"code": "egress", "state": "GA", "quarter": "2026-Q4"}
        self._build(client)
        self._let_in()

    def _build(self, client: TestClient) -> None:
        """Two young people: one waits, asked of two houses; one lives in the first."""
        run_by = {"fac_a": Stand.HOUSE, "fac_b": Stand.FORMER, "fac_c": Stand.OTHER}
        load(
            self.database,
            network(*map(house, run_by), funds=[fund(nights_left=100)]),
            agency_id=self.agencies[Stand.OWN],
            operators={name: self.agencies[stand] for name, stand in run_by.items()},
            funder_agencies={"Fulton County": self.agencies[Stand.OWN]},
        )

        def caller(stand: Stand, role: Role) -> Caller:
            return Caller(client, self.database, role, self.agencies[stand])

        own, staff = caller(Stand.OWN, Role.SUPERVISOR), caller(Stand.HOUSE, Role.FACILITY_STAFF)
        declining = caller(Stand.FORMER, Role.FACILITY_STAFF)
        for name in ("lived", "asked"):
            path = own.post("/v1/referrals", {**EIGHT_ANSWERS, "nights_needed": 10}).headers["Location"]
            run = own.post(f"{path}/rankings").headers["Location"].rsplit("/", 1)[1]
            question = {"run": run, "authority": "court_order", "choice_reason": "clinical_advice"}
            no = made(own.post(f"{path}/offers", {**question, "facility": "fac_b"}))["id"]
            declined = {"accept": False, "decided_by": "facility", "reason": "no_bed"}
            made(declining.post(f"/v1/facilities/fac_b/offers/{no}/answer", declined))
            offer = made(own.post(f"{path}/holds", {**question, "facility": "fac_a"}))["id"]
            if name == "lived":
                lived = path.rsplit("/", 1)[1]
                stay = made(staff.post(f"/v1/facilities/fac_a/offers/{offer}/answer", {"accept": True}))["stay_id"]
                made(staff.post(f"/v1/stays/{stay}/arrival"))
        record = f"/v1/minors/{self._minor(path)}"
        self.ids["flag_id"] = made(own.post(f"{record}/flags", FLAG))["id"]
        self.ids["activity_id"] = made(own.post(f"{record}/activities", {"kind": "school"}))["id"]
        other = self._minor(f"/{lived}")
        self.ids |= {"other_id": other, "link_id": made(own.post(f"{record}/links", {**LINK, "other": other}))["id"]}
        past = {"outside_facility": "x", "admitted_on": "2026-01-01", "left_on": "2026-01-05"}
        self.ids |= {"referral_id": path.rsplit("/", 1)[1], "run_id": run, "offer_id": offer, "stay_id": stay}
        self.ids["past_stay_id"] = made(own.post(f"{path}/past-stays", past))["id"]
        self.ids["plan_id"] = made(caller(Stand.LEAD, Role.SUPERVISOR).post("/v1/plans"))["id"]
        hooks = caller(Stand.OWN, Role.ADMINISTRATOR)
        hook = made(hooks.post("/v1/webhooks", {"url": "https://hooks.example.org/in"}))["id"]
        made(hooks.post(f"/v1/webhooks/{hook}/test"))
        self.ids |= {"webhook_id": hook, "facility_id": "fac_a", "unit_id": "unit_a", "fund_id": "fund_a"}
        self._look_up()

    def _minor(self, path: str) -> str:
        with self.database.reading() as session:
            return session.get_one(Referral, path.rsplit("/", 1)[1]).minor_id

    def _look_up(self) -> None:
        """What the service does not tell, or what takes longer to come about: ids, an exception, a release."""
        now = self.clock.now()
        with self.database.writing() as session:
            referral = session.get_one(Referral, self.ids["referral_id"])
            stay = session.get_one(Stay, self.ids["stay_id"])
            ids = self.ids | {"bed_id": "bed_a1" if stay.bed_id == "bed_a2" else "bed_a2"}
            ids["limit_id"] = session.scalars(select(FundLimit.id)).one()
            ids["licence_id"] = session.scalars(select(Licence.id).where(Licence.facility_id == "fac_a")).one()
            hers = select(Task.id).where(Task.agency_id == self.agencies[Stand.HOUSE])
            ids["task_id"] = session.scalars(hers).first() or ""
            session.add_all(self._told(session))
            key, _ = api_keys.issue(
                session, None, agency_id=referral.agency_id, name="a program", role=Role.PARTNER, now=now, live=False
            )
            ids["key_id"] = key.id
            session.add(
                LegalBasis(
                    id="basis_1", minor_id=referral.minor_id, agency_id=self.agencies[Stand.RELEASED], fields=["age"],
                    law=Law.COURT_ORDER, sealed_reference=SEALED, valid_from=now, valid_until=now + timedelta(days=1),
                    created_at=now, recorded_by="person_1", ended_at=now, ended_by="person_1",
                )
            )  # fmt: skip
            session.add(
                RuleException(
                    id="exc_1", referral_id=referral.id, facility_id="fac_a", agency_id=referral.agency_id,
                    rule="unit.fit", party=Party.FACILITY, role="manager", sealed_reason=SEALED, recorded_at=now,
                    until=now + timedelta(days=1), recorded_by="person_1", second_due_at=now + timedelta(days=1),
                )
            )  # fmt: skip
            for minor in (referral.minor_id, stay.minor_id):
                release = Release(
                    id=f"release_{minor}", minor_id=minor, agency_id=self.agencies[Stand.RELEASED], given=Given.WRITTEN,
                    purpose=Purpose.PLACEMENT, signers=[{"relation": "minor", "abuser": None}],
                    fields=["case", "flags"], valid_from=now, created_at=now, recorded_by="person_1",
                    valid_until=now + timedelta(days=1),
                )  # fmt: skip
                session.add(release)
                session.flush()
                reader = self.agencies[Stand.RELEASED]
                grant(session, minor, reader, Relation.RELEASED, now, release_id=release.id)
        ids["minor_id"] = referral.minor_id
        with self.database.writing() as session:
            session.add(
                Agreement(
                    id="agr_1", name="a", approval="b", fields=["flags"], valid_from=now, recorded_at=now,
                    valid_until=now + timedelta(days=9), recorded_by="person_1",
                )
            )  # fmt: skip
            session.add(
                CareService(
                    id="care_1", agency_id=referral.agency_id, kind=CareKind.DROP_IN, name="a", counties=[],
                    contact="b", phone="404-555-0100", hours="c", listed=True, confirmed_at=now,
                    confirmed_by="person_1",
                )
            )  # fmt: skip
            self._conference(session, referral.minor_id)
        ids |= {"agreement_id": "agr_1", "conference_id": "conf_1", "case_id": "case_1", "todo_id": "todo_1"}
        ids["care_id"], ids["own_agency"] = "care_1", self.agencies[Stand.OWN]
        with self.database.writing() as session:
            session.add(
                ContactAsk(
                    id="ask_1", minor_id=stay.minor_id, agency_id=self.agencies[Stand.OTHER], asked_at=now,
                    asked_by="person_1", looked_at=now,
                )
            )  # fmt: skip
            session.flush()
            session.add(
                Contact(
                    id="con_1", ask_id="ask_1", asker_id=self.agencies[Stand.OTHER], minor_id=referral.minor_id,
                    agency_id=referral.agency_id, found_at=now,
                )
            )  # fmt: skip
        ids["contact_id"] = "con_1"
        ids |= {"source_id": f"release_{referral.minor_id}", "referral_code": referral.code, "basis_id": "basis_1"}
        ids |= {"release_id": f"release_{referral.minor_id}", "recipient": self.agencies[Stand.OTHER]}
        self.ids = ids | {"exception_id": "exc_1", "notice_id": "notice_1", "delivery_id": "delivery_1"}

    def _conference(self, session: Session, minor_id: str) -> None:
        """The own agency called one that begins now, with this record on its agenda; two agencies have a seat."""
        now, own = self.clock.now(), self.agencies[Stand.OWN]
        session.add(Conference(id="conf_1", agency_id=own, name="a", held_at=now, called_at=now, called_by="person_1"))
        session.flush()
        for stand in (Stand.OWN, Stand.RELEASED):
            session.add(ConferenceSeat(conference_id="conf_1", agency_id=self.agencies[stand]))
        session.add(
            ConferenceCase(
                id="case_1", conference_id="conf_1", minor_id=minor_id, agency_id=own, put_at=now, put_by="person_1"
            )
        )
        session.flush()
        sealed = seal_words(session, minor_id, ConferenceTask, "words", "todo_1", "call")
        session.add(
            ConferenceTask(
                id="todo_1", case_id="case_1", minor_id=minor_id, agency_id=own, doer_id=own, words=sealed,
                due_on=self.clock.today(), given_at=now, given_by="person_1",
            )
        )  # fmt: skip

    def _told(self, session: Session) -> list[Base]:
        """A notice and a message, as a worker would have made them of an event."""
        now, own = self.clock.now(), self.agencies[Stand.OWN]
        event = session.scalars(select(OutboxEvent).order_by(OutboxEvent.seq).limit(1)).one()
        notice = Notice(
            id="notice_1", event_id="event_1", agency_id=own, kind="stay.arrived", subject_kind="stay",
            subject_id=self.ids["stay_id"], created_at=now,
        )  # fmt: skip
        delivery = OutboxDelivery(
            id="delivery_1", event_seq=event.seq, channel="webhook", target=self.ids["webhook_id"], created_at=now,
            next_try_at=now, attempts=0,
        )  # fmt: skip
        return [notice, delivery]

    def _let_in(self) -> None:
        """Each role at each agency, with a session; and one whose session was open when they were disabled."""
        now = self.clock.now()
        with self.database.writing() as session:
            for stand, agency_id in self.agencies.items():
                agency = session.get_one(Agency, agency_id)
                for role in Role:
                    person = add_person(session, self.clock, role, agency)
                    self.tokens[stand, role] = signin.admit(session, person.id, now) or ""
                    self.ids.setdefault("person_id", person.id)
            self._opened(session)
            gone = add_person(session, self.clock, Role.SUPERVISOR, session.get_one(Agency, self.agencies[Stand.OWN]))
            self.tokens[DISABLED] = signin.admit(session, gone.id, now) or ""
            disable_person(session, None, gone.id, now)
        assert all(self.tokens[key] for key in self.tokens if key != NOBODY)

    def _opened(self, session: Session) -> None:
        """Somebody of the lead opened this record in an emergency, and gave it back."""
        now, lead = self.clock.now(), self.agencies[Stand.LEAD]
        referral = session.get_one(Referral, self.ids["referral_id"])
        taker = add_person(session, self.clock, Role.INTAKE_COORDINATOR, session.get_one(Agency, lead))
        let_in = grant(session, referral.minor_id, lead, Relation.EMERGENCY, now, now, person_id=taker.id)
        session.flush()
        session.add(
            EmergencyAccess(
                id="emg_1", referral_id=referral.id, person_id=taker.id, agency_id=lead, owner_id=referral.agency_id,
                grant_id=let_in.id, reason=EmergencyReason.MEDICAL, sealed_words=SEALED, opened_at=now,
                until=now + timedelta(hours=1), ended_at=now, review_due_at=now + timedelta(days=3),
            )
        )  # fmt: skip
        self.ids["access_id"] = "emg_1"

    def ask(self, method: str, path: str, askers: Iterable[Who]) -> list[Answer]:
        """The same request of each of these people, in their browser; whatever it does is undone."""
        where, sent = sent_to(method, path, self.ids)
        if path in STREAMS:
            return _run(self._asked(None, method, where, sent, askers))
        with self._on_one_connection() as connection:
            return _run(self._asked(connection, method, where, sent, askers))

    @contextmanager
    def _on_one_connection(self) -> Iterator[Connection]:
        """Every session of the application is a savepoint of one transaction meanwhile."""
        database = self.database
        before = database._write, database._read
        with self.acting.engine.connect() as connection:
            database._write, database._read = (
                sessionmaker(
                    connection, expire_on_commit=False, info=way.kw["info"], join_transaction_mode="create_savepoint"
                )
                for way in before
            )
            try:
                with patch.object(to_thread, "run_sync", _here):
                    yield connection
            finally:
                database._write, database._read = before

    async def _asked(
        self, connection: Connection | None, method: str, where: str, sent: Json | None, askers: Iterable[Who]
    ) -> list[Answer]:
        answers = []
        for who in askers:
            with nullcontext() if connection is None else connection.begin() as whole:
                answers.append(await self._one(method, where, self.tokens[who], sent))
                if whole is not None:
                    whole.rollback()
        return answers

    async def _one(self, method: str, path: str, token: str, sent: Json | None) -> Answer:
        where, _, query = path.partition("?")
        page = not path.startswith("/v1/")
        body = b"" if sent is None else (urlencode(sent) if page else json.dumps(sent)).encode()
        headers = {"host": "127.0.0.1", "sec-fetch-site": "same-origin"}
        if token.startswith("bn_"):
            headers["authorization"] = f"Bearer {token}"
        elif token:
            headers |= {"cookie": f"bednight={token}", "x-form-token": form_token(token)}
        if body:
            headers["content-type"] = "application/x-www-form-urlencoded" if page else "application/json"
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": where, "raw_path": where.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 80), "state": {},
        }  # fmt: skip
        begun: list[Mapping[str, Any]] = []
        come = asyncio.Event()
        waiting: list[MutableMapping[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> MutableMapping[str, Any]:
            if waiting:
                return waiting.pop()
            await come.wait()  # whoever reads a stream that has no end hangs up once it has begun
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            begun.append(message)
            come.set()

        await self.app(scope, receive, send)
        text = b"".join(message.get("body", b"") for message in begun[1:])
        kind = dict(begun[0]["headers"]).get(b"content-type", b"")
        code = json.loads(text)["code"] if kind == b"application/problem+json" else ""
        return Answer(begun[0]["status"], code, text.decode())


__all__ = ["DISABLED", "NOBODY", "Answer", "Stage", "Stand"]
