"""Live updates: one look a second for all streams of a process tells each what has changed for its reader. Ids only.

A stream keeps nobody signed in: at each look a session that has ended, is idle, or belongs to someone disabled loses
its streams. Signals come at least once and roughly in order; who reads one loads the page, which says what is true.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi.concurrency import run_in_threadpool
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access import signin
from app.access.actor import Actor
from app.access.policy import Permission
from app.access.tokens import sha256
from app.codes import trail_id
from app.config import Settings
from app.db import Database
from app.errors import Problem
from app.facilities.models import Facility
from app.facilities.stamps import stamps
from app.notices.models import Notice
from app.notices.service import concerns

EVERY = 1.0
"""Seconds between two looks."""
MOST = 6
"""Streams of one person: one for each open page."""
MOST_MISSED = 100
# Numbers are given before they can be seen, so a look goes back as far as transactions may overtake each other.
_OVERLAP = 500
BEDS_CHANGED = "beds.changed"
"""A house was changed or confirmed. It is read off the houses themselves, and so is no notice."""
log = logging.getLogger("bednight")


@dataclass(frozen=True, slots=True)
class Signal:
    """Something changed."""

    seq: int | None
    """The number of a notice; a change of beds has none."""
    kind: str
    facility_id: str | None
    """A house of the reader's agency."""


@dataclass(eq=False, slots=True)
class Stream:
    """One open page: whose session it stands on, and what it has still to be told; None is the end."""

    token: str
    actor: Actor
    waiting: "asyncio.Queue[Signal | None]" = field(default_factory=lambda: asyncio.Queue(MOST_MISSED))

    def tell(self, signal: Signal | None) -> None:
        """Pass a signal on. To a page that is that far behind, one more says nothing new; the end always comes."""
        if self.waiting.full():
            if signal is not None:
                return
            self.waiting.get_nowait()
        self.waiting.put_nowait(signal)


class Live:
    """The streams of this process, and the task that looks for them while there are any."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._streams: set[Stream] = set()
        self._looking: asyncio.Task[None] | None = None
        self._ending = False

    async def open(self, token: str, actor: Actor, last_seq: int | None) -> Stream:
        """A stream for a signed-in person, with what they missed since the last signal they had."""
        if sum(one.actor.person_id == actor.person_id for one in self._streams) >= MOST:
            raise Problem("too_many", headers={"Retry-After": "30"})
        stream = Stream(sha256(token), actor)
        self._streams.add(stream)
        try:
            if last_seq is not None:
                for signal in await run_in_threadpool(self._missed, actor, last_seq):
                    stream.tell(signal)
            if self._looking is None or self._looking.done():
                known, houses = await run_in_threadpool(self._known)
                if self._looking is None or self._looking.done():
                    self._looking = asyncio.create_task(self._look_on(known, houses))
        except BaseException:
            self._streams.discard(stream)
            raise
        return stream

    def close(self, stream: Stream) -> None:
        """The page is gone."""
        self._streams.discard(stream)

    def end_all(self) -> None:
        """Let every stream end at the next look: the server is about to stop."""
        self._ending = True

    async def _look_on(self, known: set[int], houses: dict[str, int]) -> None:
        """Look once a second while somebody listens. Where looking fails, no session is known to hold: all end."""
        try:
            while self._streams and not self._ending:
                await asyncio.sleep(EVERY)
                streams = list(self._streams)
                told, new, houses = await run_in_threadpool(self._look, streams, known, houses)
                for stream, signals in zip(streams, told, strict=True):
                    for signal in signals:
                        stream.tell(signal)
                    if signals[-1:] == [None]:
                        self._streams.discard(stream)
                newest = max(known | new, default=0)
                known = {seq for seq in known | new if seq > newest - _OVERLAP}
        except Exception as failure:
            log.error("looking for changes failed: %s", type(failure).__name__)
        for stream in self._streams:
            stream.tell(None)
        self._streams.clear()

    def _look(
        self, streams: Sequence[Stream], known: Collection[int], houses: Mapping[str, int]
    ) -> tuple[list[list[Signal | None]], set[int], dict[str, int]]:
        """What each stream is to be told, the numbers of what is new, and how often each house has changed."""
        now = self._database.clock.now()
        with self._database.reading() as session:
            holders = signin.holders(session, {stream.token for stream in streams}, now, self._settings)
            since = max(known, default=0) - _OVERLAP
            numbers = set(session.scalars(select(Notice.seq).where(Notice.seq > since))).difference(known)
            new = session.scalars(select(Notice).where(Notice.seq.in_(numbers)).order_by(Notice.seq)).all()
            own = _own_houses(session, new)
            turned = stamps(session)
            changed = _run_by(session, [house for house, times in turned.items() if houses.get(house, 0) != times])
        told: list[list[Signal | None]] = []
        for stream in streams:
            actor = holders.get(stream.token)
            if actor is None:
                told.append([None])
                continue
            told.append([*(_signal(one, own) for one in new if concerns(actor, one)), *_beds(actor, changed)])
        return told, numbers, turned

    def _missed(self, actor: Actor, last_seq: int) -> list[Signal]:
        with self._database.reading() as session:
            newest = (
                select(Notice)
                .where(Notice.agency_id == actor.agency_id, Notice.seq > last_seq)
                .order_by(Notice.seq.desc())
                .limit(MOST_MISSED)
            )
            missed = [notice for notice in session.scalars(newest) if concerns(actor, notice)][::-1]
            own = _own_houses(session, missed)
        return [_signal(notice, own) for notice in missed]

    def _known(self) -> tuple[set[int], dict[str, int]]:
        """What was there before anybody listened."""
        with self._database.reading() as session:
            newest = session.scalar(select(func.max(Notice.seq))) or 0
            return set(session.scalars(select(Notice.seq).where(Notice.seq > newest - _OVERLAP))), stamps(session)


def _own_houses(session: Session, notices: Sequence[Notice]) -> set[tuple[str | None, str]]:
    """The agencies of these notices, each with every house it runs."""
    agencies = {notice.agency_id for notice in notices if notice.facility_id is not None}
    if not agencies:
        return set()
    found = session.execute(select(Facility.agency_id, Facility.id).where(Facility.agency_id.in_(agencies)))
    return {(agency, trail_id(house)) for agency, house in found}


def _signal(notice: Notice, own: set[tuple[str | None, str]]) -> Signal:
    house = notice.facility_id
    return Signal(notice.seq, notice.kind, house if (notice.agency_id, house) in own else None)


def _run_by(session: Session, houses: Sequence[str]) -> dict[str, str | None]:
    """The agency that runs each of these houses."""
    if not houses:
        return {}
    return dict(session.execute(select(Facility.id, Facility.agency_id).where(Facility.id.in_(houses))).all())


def _beds(actor: Actor, changed: Mapping[str, str | None]) -> list[Signal]:
    """Which own houses have changed; of others, to those who place, that one has."""
    if not changed or not actor.may(Permission.BED_STATUS_READ):
        return []
    own = [house for house, agency in changed.items() if agency is not None and actor.works_in(house, agency)]
    signals = [Signal(None, BEDS_CHANGED, trail_id(house)) for house in own]
    if len(own) < len(changed) and actor.may(Permission.RANKING_READ):
        signals.append(Signal(None, BEDS_CHANGED, None))
    return signals
