"""People at work all at once, without a screen between them and the services: claims, answers, departures.

`write_offer` and everything after it is the product's own; only the decision that names the bed is made up, so that
many want the same few beds. What was acknowledged is noted, line by line, in a file that outlives whoever wrote it.
"""

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import AgencyKind, Role
from app.answers.models import RankingRun
from app.answers.sealed import seal_answer
from app.beds import ledger
from app.clock import Clock
from app.db import Database, may_be_tried_again, new_id
from app.errors import Problem
from app.idempotency import Once
from app.placements import offers
from app.placements.holding import Asked, lock_referral, write_offer
from app.placements.workflow import Answer, OfferCreate
from app.referrals.models import Referral, ReferralStatus
from app.referrals.schemas import ReferralCreate
from app.referrals.service import create_referral
from app.sealing.keyring import SYSTEM, keyring_of
from app.stays import service as stays
from app.stays.codes import OfferStatus
from app.stays.models import Admission, Offer, Stay
from tests.factories import EIGHT_ANSWERS, fund, house, load, network, new_agency

Json = dict[str, Any]
LOCK_TIMEOUT = "55P03"

NO_HOUSES = '{"options":[],"later":[],"needs_info":[],"excluded":[]}'
"""An answer that says nothing of any house: what stands now is looked up."""


class ClockOnFile(Clock):
    """A clock that several processes share: it stands at the instant that a file names."""

    def __init__(self, path: Path) -> None:
        super().__init__(ZoneInfo("America/New_York"), time(9))
        self.path = path

    def now(self) -> datetime:
        """What the file says."""
        return datetime.fromisoformat(self.path.read_text())

    def move(self, by: timedelta) -> None:
        """Replace the file as one act, so that nobody reads half an instant."""
        later = self.path.with_suffix(f".{os.getpid()}")
        later.write_text((self.now() + by).isoformat())
        later.rename(self.path)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the writers write about: who asks, who runs the houses, which beds, whom they are for."""

    agency: str
    houses: dict[str, str]
    """The agency that runs each house."""
    beds: list[tuple[str, str]]
    """House and bed."""
    referrals: dict[str, str]
    """The run of each referral."""


@dataclass
class Desk:
    """One writer: what it tries, what was acknowledged, and how long each claim took."""

    database: Database
    stage: Stage
    random: Random
    note: Callable[[Json], None]
    took: list[float] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    in_doubt: list[str] | None = None
    """A claim of which nobody knows what became of it: it is sent again, under the same key."""

    def work(self, tries: int) -> None:
        """Claim that many times, with answers, withdrawals and departures among the claims."""
        if self.in_doubt is not None:
            self.claim(*self.in_doubt)
        for _ in range(tries):
            facility, bed = self.random.choice(self.stage.beds)
            referral = self.random.choice(list(self.stage.referrals))
            self.claim(f"key-{uuid4().hex}", referral, facility, bed)
            self.follow_up(facility)

    def claim(self, key: str, *wanted: str) -> None:
        """Try to hold a bed, and note that it is tried before and what became of it after."""
        self.in_doubt = [key, *wanted]
        self.note({"trying": self.in_doubt})
        start = perf_counter()
        made: str | None = self.attempt("claim", lambda session: self._claim(session, key, *wanted))
        self.took.append(perf_counter() - start)
        self.in_doubt = None
        self.note({"refused": key} if made is None else {"claimed": made, "key": key})

    def _claim(self, session: Session, key: str, referral_id: str, facility: str, bed: str) -> str:
        now, tonight = self.database.clock.now(), self.database.clock.tonight()
        once, asks = Once(key, "the same body"), coordinator(self.stage)
        referral = session.get_one(Referral, referral_id)
        lock_referral(session, referral)
        earlier = once.earlier(session, asks.id)
        if earlier is not None:
            return earlier
        if referral.status is not ReferralStatus.OPEN:
            raise Problem("referral_closed")
        run = self.stage.referrals[referral_id]
        body = OfferCreate.model_validate({"run": run, "facility": facility, "authority": "court_order"})
        ledger.stamp(session, facility)
        offer = write_offer(
            session, asks, Asked(referral_id, body, keep_bed=True), referral, _decided(bed, tonight), now,
            tonight, run_id=run,
        )  # fmt: skip
        once.remember(session, asks.id, offer.id)
        return offer.id

    def follow_up(self, facility: str) -> None:
        """Something that happens to an offer or a stay of a house, whoever made it; more leave than are let in."""
        with self.database.reading() as session:
            asked = select(Offer.id, Offer.referral_id).where(
                Offer.facility_id == facility, Offer.status == OfferStatus.OPEN
            )
            on_the_way = (
                select(Stay.id)
                .join(Admission)
                .where(Stay.facility_id == facility, Stay.left_on.is_(None), Admission.arrived_at.is_(None))
            )
            open_ones, living = session.execute(asked).all(), session.scalars(on_the_way).all()
        what = self.random.random()
        if living and what < 0.1:
            self._leave(self.random.choice(living), facility)
        elif open_ones and what < 0.11:
            self._accept(self.random.choice(open_ones)[0], facility)
        elif open_ones:
            self._withdraw(*self.random.choice(open_ones))

    def _withdraw(self, offer: str, referral: str) -> None:
        now = self.database.clock.now()
        if self.attempt("withdraw", lambda s: offers.withdraw(s, coordinator(self.stage), referral, offer, now)):
            self.note({"withdrawn": offer})

    def _accept(self, offer: str, facility: str) -> None:
        yes = Answer(accept=True)

        def answer(_: Session) -> Any:
            return offers.answer(self.database, self._staff(facility), facility, offer, yes)

        if self.attempt("accept", answer, own_session=True):
            self.note({"accepted": offer})

    def _leave(self, stay: str, facility: str) -> None:
        now, tonight = self.database.clock.now(), self.database.clock.tonight()
        actor = self._staff(facility)
        if self.attempt("not arrived", lambda s: stays.not_arrived(s, actor, stay, now, tonight)):
            self.note({"ended": stay})

    def attempt(self, what: str, act: Callable[[Session], Any], *, own_session: bool = False) -> Any:
        """Do it as a request would: again where it lost against another, three times at most."""
        for _ in range(4):
            try:
                if own_session:
                    done = act(None)  # type: ignore[arg-type]
                else:
                    with self.database.writing() as session:
                        done = act(session)
            except ledger.Taken as taken:
                self.seen[f"{what}: {taken.what} taken"] += 1
                return None
            except Problem as refusal:
                self.seen[f"{what}: {refusal.code}"] += 1
                return None
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) == LOCK_TIMEOUT:
                    self.seen["busy"] += 1
                    return None
                if not may_be_tried_again(error):
                    raise
                self.seen["tried again"] += 1
                continue
            self.seen[f"{what}: done"] += 1
            return done
        self.seen["gave up"] += 1
        return None

    def _staff(self, facility: str) -> Actor:
        agency = self.stage.houses[facility]
        return Actor(agency_id=agency, kind=AgencyKind.RESIDENTIAL, role=Role.FACILITY_STAFF, person_id="pers_staff")


def coordinator(stage: Stage) -> Actor:
    """Whoever asks."""
    return Actor(
        agency_id=stage.agency,
        kind=AgencyKind.CHILD_PROTECTION,
        role=Role.INTAKE_COORDINATOR,
        person_id="pers_coordinator",
    )


def _decided(bed: str, tonight: date) -> Json:
    """As much of an option as a hold needs: this bed from tonight, paid by the fund as long as it goes."""
    until = (tonight + timedelta(days=30)).isoformat()
    payers = [{"fund": "fund_a", "from": tonight.isoformat(), "until": until}]
    return {"rank": 1, "bed": bed, "admit_on": tonight.isoformat(), "bed_until": None, "payers": payers}


def set_stage(database: Database, *, houses: int = 3, referrals: int = 40) -> Stage:
    """Houses with two beds each, and many more young people than beds."""
    names = [f"fac_{chr(ord('a') + n)}" for n in range(houses)]
    runs = {name: new_agency(database, AgencyKind.RESIDENTIAL) for name in names}
    load(database, network(*map(house, names), funds=[fund(nights_left=5000)]), operators=runs)
    stage = Stage(new_agency(database), runs, [(name, f"bed_{name[-1]}{n}") for name in names for n in (1, 2)], {})
    asks = coordinator(stage)
    now, tonight = database.clock.now(), database.clock.tonight()
    with database.writing() as session:
        for at in range(referrals):
            new = ReferralCreate.model_validate({**EIGHT_ANSWERS, "nights_needed": 1 + at % 3})
            referral = create_referral(session, asks, new, now, tonight)
            run_id, ring = new_id("run"), keyring_of(session)
            run = RankingRun(
                id=run_id, referral_id=referral.id, decided_at=now, tonight=tonight, decided_by=asks.id,
                agency_id=asks.agency_id, policy_id="default", policy_version=1, rules_version="0", engine_version="0",
                snapshot_sha256="", sealed_snapshot=b"",
                sealed_answer=seal_answer(ring, RankingRun.__tablename__, run_id, SYSTEM, NO_HOUSES),
            )  # fmt: skip
            session.add(run)
            stage.referrals[referral.id] = run.id
    return stage


def note_in(path: Path) -> Callable[[Json], None]:
    """Append each line at once: what was handed to the kernel is there even if the process is killed."""
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(row: Json) -> None:
        os.write(target, json.dumps(row).encode() + b"\n")

    return note
