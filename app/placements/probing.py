"""Changing facts and ranking again, over and over, asks the engine where somebody is: it alerts the supervisors."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.answers.models import RankingRun, RunGround
from app.audit.models import ALERT, AuditEvent
from app.audit.service import record
from app.codes import trail_id
from app.minors.models import Avoided, MinorAvoids
from app.referrals.models import Referral
from app.web import words
from app.web.translation import gettext, marked

MOST_CHANGES = 5
MOST_AREAS = 5
AREAS = "areas"
CHANGED = marked("Facts were changed and beds ranked again %(n)s times, the last time %(ago)s.")
CLOSING_IN = marked("Areas to avoid of one young person after another were tried, the last time %(ago)s.")
SHOWN_FOR = timedelta(days=7)


def watch(session: Session, actor: Actor, referral: Referral, version: int, now: datetime) -> None:
    """Before a run is stored: the sixth answer to changed facts, and each after it, alerts. A plain re-rank does not.

    So does the sixth referral of an agency with an area to avoid within a day, and each after it.

    What a house causes by its yes is not the agency's asking.
    """
    if actor.agency_id != referral.agency_id:
        return
    query = select(RunGround.referral_version).join(RankingRun, RankingRun.id == RunGround.run_id)
    answered = set(session.scalars(query.where(RankingRun.referral_id == referral.id).distinct()))
    if version in answered:
        return
    if len(answered) > MOST_CHANGES:
        record(session, actor, ALERT, "referral", trail_id(referral.id))
    if _areas(session, referral, now) > MOST_AREAS:
        record(session, actor, ALERT, "referral", trail_id(referral.id), reason=AREAS)


def _areas(session: Session, referral: Referral, now: datetime) -> int:
    """How many referrals of the agency were ranked against areas of their own within a day; 0 if this one has none.

    Areas of one young person after another close in on a house as well as those of one who is changed.
    """
    of = select(MinorAvoids.minor_id).where(MinorAvoids.kind == Avoided.CIRCLE)
    if session.scalar(of.where(MinorAvoids.minor_id == referral.minor_id).limit(1)) is None:
        return 0
    recent = (RankingRun.agency_id == referral.agency_id, RankingRun.decided_at > now - timedelta(days=1))
    query = select(func.count(RankingRun.referral_id.distinct())).join(Referral, Referral.id == RankingRun.referral_id)
    others = query.where(*recent, Referral.minor_id.in_(of), Referral.id != referral.id)
    return 1 + (session.scalar(others) or 0)


def alerts(session: Session, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The alerts of the last days in the actor's agency, one row for each referral, the newest first."""
    found = session.execute(
        select(
            AuditEvent.subject,
            AuditEvent.reason,
            func.count().label("times"),
            func.max(AuditEvent.at).label("last"),
        )
        .where(AuditEvent.is_alert(), AuditEvent.agency_id == actor.agency_id, AuditEvent.at > now - SHOWN_FOR)
        .group_by(AuditEvent.subject, AuditEvent.reason)
        .order_by(func.max(AuditEvent.seq).desc())
    ).all()
    rows = session.execute(select(Referral.id, Referral.code).where(Referral.agency_id == actor.agency_id))
    named = {trail_id(row.id): row for row in rows} if found else {}
    return [
        {
            "href": f"/referrals/{named[row.subject].id}",
            "code": named[row.subject].code,
            "text": gettext(CLOSING_IN if row.reason == AREAS else CHANGED)
            % {"n": row.times + MOST_CHANGES, "ago": words.ago(row.last, now)},
        }
        for row in found
        if row.subject in named
    ]
