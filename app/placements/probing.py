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
from app.referrals.models import Referral
from app.web import words
from app.web.translation import gettext

MOST_CHANGES = 5
SHOWN_FOR = timedelta(days=7)


def watch(session: Session, actor: Actor, referral: Referral, version: int) -> None:
    """Before a run is stored: the sixth answer to changed facts, and each after it, alerts. A plain re-rank does not.

    What a house causes by its yes is not the agency's asking.
    """
    if actor.agency_id != referral.agency_id:
        return
    query = select(RunGround.referral_version).join(RankingRun, RankingRun.id == RunGround.run_id)
    answered = set(session.scalars(query.where(RankingRun.referral_id == referral.id).distinct()))
    if version not in answered and len(answered) > MOST_CHANGES:
        record(session, actor, ALERT, "referral", trail_id(referral.id))


def alerts(session: Session, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The alerts of the last days in the actor's agency, one row for each referral, the newest first."""
    found = session.execute(
        select(AuditEvent.subject, func.count().label("times"), func.max(AuditEvent.at).label("last"))
        .where(AuditEvent.is_alert(), AuditEvent.agency_id == actor.agency_id, AuditEvent.at > now - SHOWN_FOR)
        .group_by(AuditEvent.subject)
        .order_by(func.max(AuditEvent.seq).desc())
    ).all()
    rows = session.execute(select(Referral.id, Referral.code).where(Referral.agency_id == actor.agency_id))
    named = {trail_id(row.id): row for row in rows} if found else {}
    return [
        {
            "href": f"/referrals/{named[row.subject].id}",
            "code": named[row.subject].code,
            "text": gettext("Facts were changed and beds ranked again %(n)s times, the last time %(ago)s.")
            % {"n": row.times + MOST_CHANGES, "ago": words.ago(row.last, now)},
        }
        for row in found
        if row.subject in named
    ]
