"""Programs that call the API all at once: claims, each with a key of its own, and what follows from them.

A call of which nobody knows what became of it is sent again with the same key until somebody answers.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from threading import Event, Lock
from time import perf_counter
from typing import Any, TypeVar
from uuid import uuid4

import httpx2

Json = dict[str, Any]
T = TypeVar("T")
PAUSE = 0.05


@dataclass
class Matter:
    """What all callers know of: who waits and the decision for each, which houses there are, and what was made."""

    coordinator: dict[str, str]
    """The headers of whoever asks, and of each house."""
    staff: dict[str, dict[str, str]]
    runs: dict[str, str]
    """The latest decision for each referral."""
    offers: list[tuple[str, str, str]] = field(default_factory=list)
    """Open questions: offer, referral, house."""
    stays: list[tuple[str, str]] = field(default_factory=list)
    """Those who are on the way: stay, house."""
    turn: Lock = field(default_factory=Lock)
    over: Event = field(default_factory=Event)
    """Set where the proof has failed, so that nobody waits for an answer any more."""


@dataclass
class Caller:
    """One of them: what it tries, what was acknowledged, and how long each claim took."""

    bases: list[str]
    matter: Matter
    client: httpx2.Client
    random: Random
    note: Callable[[Json], None]
    took: list[float] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def work(self) -> None:
        """A claim, and perhaps something that follows from another."""
        referral = self.random.choice(list(self.matter.runs))
        self.claim(f"key-{uuid4().hex}", referral, self.random.choice(list(self.matter.staff)))
        if self.random.random() < 0.5:
            self.follow_up()

    def rank(self, referral: str) -> None:
        """Decide a referral, so that it can be claimed for."""
        answer = self._until_answered("rank", f"/v1/referrals/{referral}/rankings", self.matter.coordinator)
        if answer.status_code == 201:
            self.matter.runs[referral] = answer.headers["Location"].rsplit("/", 1)[1]

    def claim(self, key: str, referral: str, facility: str) -> None:
        """Try to hold a bed of a house, and note what became of it."""
        body = {
            "run": self.matter.runs[referral], "facility": facility, "authority": "court_order", "called": True,
            "choice_reason": "clinical_advice",
        }  # fmt: skip
        start = perf_counter()
        path = f"/v1/referrals/{referral}/holds"
        answer = self._until_answered("claim", path, self.matter.coordinator | {"Idempotency-Key": key}, body)
        self.took.append(perf_counter() - start)
        said = answer.json()
        if answer.status_code == 201:
            self.note({"claimed": said["id"], "key": key})
            self.matter.offers.append((said["id"], referral, facility))
            return
        self.note({"refused": key})
        if said["code"] == "bed_taken":
            assert isinstance(said["next_options"], list)
            self.matter.runs[referral] = said["run"]
        elif said["code"] == "not_an_option":
            self.rank(referral)

    def follow_up(self) -> None:
        """A question is taken back, a house says yes, somebody who was to come does not."""
        what = self.random.random()
        if what < 0.7:
            taken = self._any(self.matter.offers)
            if taken is None:
                return
            offer, referral, facility = taken
            if what < 0.35:
                path = f"/v1/referrals/{referral}/offers/{offer}/withdrawal"
                if self._once("withdraw", path, self.matter.coordinator, {}) is not None:
                    self.note({"withdrawn": offer})
            else:
                path = f"/v1/facilities/{facility}/offers/{offer}/answer"
                said = self._once("accept", path, self.matter.staff[facility], {"accept": True})
                if said is not None:
                    self.note({"accepted": offer})
                    self.matter.stays.append((said["stay_id"], facility))
        elif (gone := self._any(self.matter.stays)) is not None:
            stay, facility = gone
            if self._once("not arrived", f"/v1/stays/{stay}/no-arrival", self.matter.staff[facility]) is not None:
                self.note({"ended": stay})

    def _any(self, waiting: list[T]) -> T | None:
        """One of them, for nobody else."""
        with self.matter.turn:
            return waiting.pop(self.random.randrange(len(waiting))) if waiting else None

    def _once(self, what: str, path: str, headers: dict[str, str], body: Json | None = None) -> Json | None:
        """What was answered if it was done; None where it was refused."""
        answer = self._until_answered(what, path, headers | {"Idempotency-Key": f"then-{uuid4().hex}"}, body)
        return answer.json() if answer.is_success else None

    def _until_answered(
        self, what: str, path: str, headers: dict[str, str], body: Json | None = None
    ) -> httpx2.Response:
        while (answer := self._send(what, path, headers, body)) is None:
            assert not self.matter.over.wait(PAUSE), "the proof has failed elsewhere"
        return answer

    def _send(self, what: str, path: str, headers: dict[str, str], body: Json | None) -> httpx2.Response | None:
        """Ask one of the servers; None where it is away or says that the database is."""
        try:
            answer = self.client.post(self.random.choice(self.bases) + path, headers=headers, json=body)
        except httpx2.TransportError:
            self.seen[f"{what}: no answer"] += 1
            return None
        if answer.status_code == 503:
            self.seen[f"{what}: busy"] += 1
            return None
        assert answer.is_success or answer.status_code == 409, f"{what}: {answer.status_code} {answer.text}"
        self.seen[f"{what}: {'done' if answer.is_success else answer.json()['code']}"] += 1
        return answer
