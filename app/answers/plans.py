"""Stored joint plans, read back by the agency that made them, as far as it may see whom they are about."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from app.access.actor import Actor, hidden
from app.answers.models import PlanRun
from app.audit.service import record
from app.sharing.plan import project_plan
from app.sharing.service import visible_minors

Json = dict[str, Any]

MOST_LISTED = 20


def read_plan(session: Session, actor: Actor, plan_id: str, now: datetime) -> Json:
    """A stored plan of the actor's own agency, cut down to what may be seen now."""
    query = select(PlanRun).where(PlanRun.id == plan_id, PlanRun.agency_id == actor.agency_id)
    row = session.scalar(query.options(defer(PlanRun.snapshot)))
    if row is None:
        raise hidden(actor, "plan.read", "plan_run", plan_id)
    record(session, actor, "plan.read", "plan_run", plan_id)
    return shown(session, actor, row, json.loads(row.answer), now)


def shown(session: Session, actor: Actor, row: PlanRun, answer: Json, now: datetime) -> Json:
    """A plan as the actor may see it: whom the agency may not see stands in it as a count."""
    seen = _visible(session, actor, (line["minor"] for name in ("lines", "unplaced") for line in answer[name]), now)
    return {"id": row.id, "decided_at": row.decided_at.isoformat()} | project_plan(answer, seen)


def _visible(session: Session, actor: Actor, minors: Iterable[str], now: datetime) -> set[str]:
    return set(session.scalars(visible_minors(actor, now))) & set(minors)


def newest(session: Session, actor: Actor) -> Sequence[PlanRun]:
    """The newest plans of the actor's own agency, without what they say."""
    query = select(PlanRun).where(PlanRun.agency_id == actor.agency_id)
    query = query.options(defer(PlanRun.snapshot), defer(PlanRun.answer))
    return session.scalars(query.order_by(PlanRun.decided_at.desc(), PlanRun.id).limit(MOST_LISTED)).all()
