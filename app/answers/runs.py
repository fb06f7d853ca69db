"""Stored decisions, read back: by whoever may see the referral, and by the service itself."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from app.access.actor import Actor, hidden
from app.answers.models import RankingRun
from app.audit.service import record
from app.referrals import service as referrals

Json = dict[str, Any]


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
    row = session.scalar(query.options(defer(RankingRun.snapshot)))
    if row is None:
        raise hidden(actor, "ranking.read", "ranking_run", run_id)
    return row, json.loads(row.answer)


def only(answer: Json, facility_id: str) -> Json:
    """As much of a decision as it says of one house."""
    lists = ("options", "later", "needs_info", "excluded")
    return {**answer, **{name: [e for e in answer[name] if e["facility"] == facility_id] for name in lists}}


def stored_run(session: Session, run_id: str) -> tuple[RankingRun, Json]:
    """A stored decision for the service's own use: nothing of it leaves unprojected."""
    row = session.get_one(RankingRun, run_id)
    return row, json.loads(row.answer)


def latest_run_id(session: Session, referral_id: str) -> str | None:
    """The newest decision about a referral."""
    query = select(RankingRun.id).where(RankingRun.referral_id == referral_id)
    return session.scalar(query.order_by(RankingRun.decided_at.desc(), RankingRun.id).limit(1))
