"""What nobody does who only wants a bed alerts the supervisors.

Changing facts and ranking again, over and over, asks the engine where somebody is; holding a bed again and again for
one young person keeps it from everybody else.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.answers.models import RankingRun, RunGround
from app.audit.models import ALERT, AuditEvent
from app.audit.service import record
from app.beds.models import Hold, HoldEnd
from app.codes import trail_id
from app.db import NOW
from app.minors.models import Avoided, MinorAvoids
from app.referrals.models import Referral
from app.web import words
from app.web.translation import gettext, marked

MOST_CHANGES = 5
MOST_AREAS = 5
MOST_HOLDS = 3
"""Holds of one referral in one house within a day that came to nothing: with two hours each, an evening."""
AREAS, HOLDS = "areas", "holds"
CHANGED = marked("Facts were changed and beds ranked again %(n)s times, the last time %(ago)s.")
CLOSING_IN = marked("Areas to avoid of one young person after another were tried, the last time %(ago)s.")
KEPT_ON = marked("A bed of one house was held %(n)s times within a day, the last time %(ago)s.")
TEXTS = {AREAS: (CLOSING_IN, 0), HOLDS: (KEPT_ON, MOST_HOLDS)}
HELD_FOR_NOTHING = select(func.count(Hold.id)).where(
    Hold.referral_id == bindparam("referral"),
    Hold.facility_id == bindparam("house"),
    Hold.made_at > bindparam("since"),
    or_(
        Hold.ended_how.in_((HoldEnd.RAN_OUT, HoldEnd.RELEASED, HoldEnd.UNDONE)),
        Hold.ended_at.is_(None) & (Hold.expires_at <= NOW),
    ),
)
"""How many holds a referral had in a house since then that came to nothing."""
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


def held_again(session: Session, actor: Actor, referral_id: str, earlier: int) -> None:
    """Where a bed is held: the fourth time within a day that one house's is, and each after it, alerts.

    `earlier`: how many holds of the referral came to nothing there within a day.
    """
    if earlier >= MOST_HOLDS:
        record(session, actor, ALERT, "referral", trail_id(referral_id), reason=HOLDS)


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
            "text": _said(row.reason, row.times, words.ago(row.last, now)),
        }
        for row in found
        if row.subject in named
    ]


def _said(reason: str | None, times: int, ago: str) -> str:
    text, before = TEXTS.get(reason or "", (CHANGED, MOST_CHANGES))
    return gettext(text) % {"n": times + before, "ago": ago}
