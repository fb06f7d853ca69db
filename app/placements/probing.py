"""What nobody does who only wants a bed alerts the supervisors.

Changing facts and ranking again, over and over, asks the engine where somebody is; holding a bed again and again for
one young person keeps it from everybody else.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency
from app.access.policy import Permission
from app.answers.models import RankingRun, RunGround
from app.audit.models import ALERT, AuditEvent
from app.audit.service import record
from app.beds.models import Hold, HoldEnd
from app.codes import trail_id
from app.db import NOW
from app.placements.areas import Areas
from app.referrals.models import Referral
from app.web import words
from app.web.translation import gettext, marked

MOST_CHANGES = 5
MOST_HOLDS = 3
"""Holds of one referral in one house within a day that came to nothing: with two hours each, an evening."""
AREAS, SHUT, HOLDS = "areas", "areas.shut", "holds"
OUTSIDE = (AREAS, SHUT)
"""Told outside the agency too: what it learns so is where houses stand, and they are other agencies'."""
CHANGED = marked("Facts were changed and beds ranked again %(n)s times, the last time %(ago)s.")
CLOSING_IN = marked("Many different places to avoid were asked about within a day, the last time %(ago)s.")
PAST_ALL = marked(
    "More places to avoid were asked about than a day has answers for, the last time %(ago)s. Houses were shown as not"
    " available."
)
KEPT_ON = marked("A bed of one house was held %(n)s times within a day, the last time %(ago)s.")
TEXTS = {AREAS: (CLOSING_IN, 0), SHUT: (PAST_ALL, 0), HOLDS: (KEPT_ON, MOST_HOLDS)}
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


def watch(session: Session, actor: Actor, referral: Referral, version: int, places: Areas) -> None:
    """Before a run is stored: the sixth answer to changed facts, and each after it, alerts. A plain re-rank does not.

    So does a place to avoid past half of what a day has answers for, and each after it.

    What a house causes by its yes is not the agency's asking.
    """
    if actor.agency_id != referral.agency_id:
        return
    if places.shut or places.many:
        record(session, actor, ALERT, "referral", trail_id(referral.id), reason=SHUT if places.shut else AREAS)
    query = select(RunGround.referral_version).join(RankingRun, RankingRun.id == RunGround.run_id)
    answered = set(session.scalars(query.where(RankingRun.referral_id == referral.id).distinct()))
    if version in answered:
        return
    if len(answered) > MOST_CHANGES:
        record(session, actor, ALERT, "referral", trail_id(referral.id))


def held_again(session: Session, actor: Actor, referral_id: str, earlier: int) -> None:
    """Where a bed is held: the fourth time within a day that one house's is, and each after it, alerts.

    `earlier`: how many holds of the referral came to nothing there within a day.
    """
    if earlier >= MOST_HOLDS:
        record(session, actor, ALERT, "referral", trail_id(referral_id), reason=HOLDS)


def alerts(session: Session, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The alerts of the last days that are the actor's to know, one row for each own referral, the newest first.

    Supervisors: of their agency. The lead of the coalition and security administrators: of places to avoid, the lead
    in every agency; without a way to the referral where it is not theirs to read.
    """
    reads = actor.may(Permission.REFERRAL_READ)
    own = AuditEvent.agency_id == actor.agency_id
    told = own if reads else own & AuditEvent.reason.in_(OUTSIDE)
    if actor.leads:
        told |= AuditEvent.reason.in_(OUTSIDE)
    found = session.execute(
        select(
            AuditEvent.subject,
            AuditEvent.reason,
            Agency.name,
            func.count().label("times"),
            func.max(AuditEvent.at).label("last"),
        )
        .join(Agency, Agency.id == AuditEvent.agency_id)
        .where(AuditEvent.is_alert(), told, AuditEvent.at > now - SHOWN_FOR)
        .group_by(AuditEvent.subject, AuditEvent.reason, Agency.name)
        .order_by(func.max(AuditEvent.seq).desc())
    ).all()
    mine = select(Referral.id, Referral.code).where(Referral.agency_id == actor.agency_id)
    named = {trail_id(row.id): row for row in session.execute(mine)} if found and reads else {}
    shown: dict[tuple[str, str | None], dict[str, Any]] = {}
    for row in found:
        own_one = named.get(row.subject)
        if own_one is None and row.reason not in OUTSIDE:
            continue
        # Of another's referrals an agency has one row for each kind, the newest.
        shown.setdefault(
            (row.name if own_one is None else row.subject, row.reason),
            {
                "href": None if own_one is None else f"/referrals/{own_one.id}",
                "code": row.name if own_one is None else own_one.code,
                "text": _said(row.reason, row.times, words.ago(row.last, now)),
            },
        )
    return list(shown.values())


def _said(reason: str | None, times: int, ago: str) -> str:
    text, before = TEXTS.get(reason or "", (CHANGED, MOST_CHANGES))
    return gettext(text) % {"n": times + before, "ago": ago}
