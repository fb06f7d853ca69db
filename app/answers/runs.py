"""Stored decisions, read back: by whoever may see the referral, and by the service itself."""

import json
import re
from datetime import date, datetime
from typing import Any, NamedTuple

from pydantic_core import from_json
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, defer

from app.access.actor import Actor, hidden
from app.answers import sealed
from app.answers.models import RankingRun, RunGround
from app.audit.service import record
from app.funding.limits import CHANGES
from app.minors.models import Minor
from app.referrals import service as referrals
from app.referrals.models import Referral
from app.sealing.keyring import keyring_of
from app.sharing.projection import LISTS

Json = dict[str, Any]

_JSON = json.JSONDecoder()
_GROUND = (
    select(
        RankingRun.tonight,
        RankingRun.sealed_answer,
        RunGround.referral_version,
        RunGround.house_stamps,
        RunGround.fund_changes,
        Referral.version + Minor.version - 1,
        CHANGES,
    )
    .join(Referral, Referral.id == RankingRun.referral_id)
    .join(Minor, Minor.id == Referral.minor_id)
    .outerjoin(RunGround, RunGround.run_id == RankingRun.id)
    .where(RankingRun.id == bindparam("run"), RankingRun.referral_id == bindparam("referral"))
)


def read_run(session: Session, actor: Actor, referral_id: str, run_id: str, now: datetime) -> tuple[RankingRun, Json]:
    """A stored decision, found through a referral that the actor may see."""
    referrals.find(session, actor, referral_id, now, "ranking.read")
    row, answer = run_of(session, actor, referral_id, run_id)
    record(session, actor, "ranking.read", "ranking_run", run_id)
    return row, answer


def run_of(session: Session, actor: Actor, referral_id: str, run_id: str) -> tuple[RankingRun, Json]:
    """A decision of a referral that the actor was found to see."""
    query = select(RankingRun).where(RankingRun.id == run_id, RankingRun.referral_id == referral_id)
    # The snapshot is big, and read again by a replay alone.
    row = session.scalar(query.options(defer(RankingRun.sealed_snapshot)))
    if row is None:
        raise hidden(actor, "ranking.read", "ranking_run", run_id)
    return row, from_json(row.answer)


class Ground(NamedTuple):
    """A decision, and what it stood on beside what stands now."""

    tonight: date
    answer: str
    """As it is stored, to be read as far as it is needed."""
    decided_on: int | None
    """The version of the referral that was looked at; None: not on record."""
    house_stamps: Json | None
    fund_changes: int | None
    stands_on: int
    """The version of the referral now."""
    fund_changes_now: int

    def stamps(self, tonight: date) -> Json | None:
        """How often each house had changed. None: the night, the referral or a fund's limits are others by now."""
        looked_at = (self.tonight, self.decided_on, self.fund_changes)
        return self.house_stamps if looked_at == (tonight, self.stands_on, self.fund_changes_now) else None

    def of_house(self, facility_id: str) -> Json:
        """The four lists, with as much as they say of one house: what they say of the others is long."""
        name = re.escape(json.dumps(facility_id, ensure_ascii=False))
        # Only where an object begins can this stand: within a text each quotation mark has a backslash before it.
        found = list(re.finditer(rf'\{{(?:"rank":\d+,)?"facility":{name},', self.answer))
        if len(found) != 1:
            return only(json.loads(self.answer), facility_id)
        entry: Json = _JSON.raw_decode(self.answer, found[0].start())[0]
        marks = {"rank": "options", "unknown": "needs_info", "failed": "excluded"}
        place = next((marks[mark] for mark in marks if mark in entry), "later")
        return {listed: [entry] if listed == place else [] for listed in LISTS}


def ground_of(session: Session, actor: Actor, referral_id: str, run_id: str) -> Ground:
    """A decision of a referral that the actor was found to see, for whoever acts on it."""
    row = session.execute(_GROUND, {"run": run_id, "referral": referral_id}).one_or_none()
    if row is None:
        raise hidden(actor, "ranking.read", "ranking_run", run_id)
    return Ground(*row)._replace(answer=sealed.answer(keyring_of(session), RankingRun.__tablename__, run_id, row[1]))


def only(answer: Json, facility_id: str) -> Json:
    """As much of a decision as it says of one house."""
    return {name: [entry for entry in answer[name] if entry["facility"] == facility_id] for name in LISTS}


def stored_run(session: Session, run_id: str) -> tuple[RankingRun, Json]:
    """A stored decision for the service's own use: nothing of it leaves unprojected."""
    row = session.get_one(RankingRun, run_id)
    return row, from_json(row.answer)


def stands_on(session: Session, run_id: str, referral_version: int) -> bool:
    """Whether the facts that a decision looked at are those of today."""
    ground = session.get(RunGround, run_id)
    return ground is None or ground.referral_version == referral_version


def latest_run_id(session: Session, referral_id: str) -> str | None:
    """The newest decision about a referral."""
    query = select(RankingRun.id).where(RankingRun.referral_id == referral_id)
    return session.scalar(query.order_by(RankingRun.decided_at.desc(), RankingRun.id).limit(1))
