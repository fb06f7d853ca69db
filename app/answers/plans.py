"""Stored joint plans, read back by the agency that made them, as far as it may see whom they are about.

Each other agency reads in them what became of its own referrals, and counts of everybody else; where it has none in a
plan, there is no such plan for it.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from app.access.actor import Actor, hidden
from app.answers.models import PlanRun
from app.audit.service import record
from app.referrals.models import Referral
from app.sharing.plan import project_plan
from app.sharing.service import visible_minors

Json = dict[str, Any]

MOST_LISTED = 20


def read_plan(session: Session, actor: Actor, plan_id: str, now: datetime) -> Json:
    """A stored plan that the actor's agency made or has referrals in, cut down to what may be seen now."""
    row = session.scalar(select(PlanRun).where(PlanRun.id == plan_id).options(defer(PlanRun.sealed_snapshot)))
    answer = None if row is None else json.loads(row.answer)
    if row is None or answer is None or not _concerns(session, actor, row, answer, now):
        raise hidden(actor, "plan.read", "plan_run", plan_id)
    record(session, actor, "plan.read", "plan_run", plan_id)
    return shown(session, actor, row, answer, now)


def shown(session: Session, actor: Actor, row: PlanRun, answer: Json, now: datetime) -> Json:
    """A plan as the actor may see it: whom the agency may not see stands in it as a count."""
    seen = _visible(session, actor, row, answer, now)
    return {"id": row.id, "decided_at": row.decided_at.isoformat()} | project_plan(answer, seen)


def newest(session: Session, actor: Actor, now: datetime) -> Sequence[PlanRun]:
    """Of the newest plans those that the actor's agency made or has referrals in."""
    query = select(PlanRun).options(defer(PlanRun.sealed_snapshot))
    rows = session.scalars(query.order_by(PlanRun.decided_at.desc(), PlanRun.id).limit(MOST_LISTED))
    return [row for row in rows if _concerns(session, actor, row, json.loads(row.answer), now)]


def any_plan(session: Session) -> bool:
    """Whether anybody ever planned for everyone who waits."""
    return session.scalar(select(PlanRun.id).limit(1)) is not None


def _concerns(session: Session, actor: Actor, row: PlanRun, answer: Json, now: datetime) -> bool:
    return row.agency_id == actor.agency_id or bool(_visible(session, actor, row, answer, now))


def _visible(session: Session, actor: Actor, row: PlanRun, answer: Json, now: datetime) -> set[str]:
    """The minors whose lines the actor's agency reads: of another agency's plan those whom it referred itself."""
    lines = [line for name in ("lines", "unplaced") for line in answer[name]]
    seen = set(session.scalars(visible_minors(actor, now))) & {line["minor"] for line in lines}
    if row.agency_id == actor.agency_id:
        return seen
    waiting = Referral.id.in_([line["referral"] for line in lines])
    own = select(Referral.minor_id).where(waiting, Referral.agency_id == actor.agency_id)
    return seen & set(session.scalars(own))
