"""What waits: the open referrals of an agency with the newest answer of each."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Permission
from app.answers import sealed
from app.answers.models import RankingRun
from app.answers.plans import any_plan
from app.answers.view import title
from app.clock import Clock
from app.paging import Place
from app.placements import pending
from app.placements.probing import alerts
from app.placements.todo import todo_line
from app.referrals import service as referrals
from app.referrals.models import ReferralStatus
from app.referrals.schemas import ReferralRead
from app.referrals.summary import summary
from app.sealing.keyring import keyring_of
from app.sharing.projection import AGENCY, project
from app.web import words
from app.web.translation import gettext, marked

Json = dict[str, Any]

MOST_ROWS = 100
PLACES = {
    "/continuum": (marked("Who offers what"), Permission.CONTINUUM_READ),
    "/agreements": (marked("Agreements of agencies"), Permission.DIRECTORY_READ),
    "/reporting-lines": (marked("Where abuse is reported"), Permission.DIRECTORY_READ),
}
"""What the network has on record beside houses and funds."""
MOST_TITLES = 10_000


class LatestRun(NamedTuple):
    """As much of a run as a list shows."""

    referral_id: str
    id: str
    decided_at: datetime
    tonight: date


def overview(session: Session, actor: Actor, clock: Clock) -> Json:
    """The rows of the home page, the most urgent first."""
    now, tonight = clock.now(), clock.tonight()
    place = Place(limit=MOST_ROWS, cursor=None)
    found, cursor = referrals.list_referrals(session, actor, place, ReferralStatus.OPEN, now, tonight)
    runs = latest_runs(session, [referral.id for referral in found]) if actor.may(Permission.RANKING_READ) else {}
    answers = titles(session, runs.values())
    found.sort(key=lambda row: (row.urgency, -row.created_at.timestamp(), row.code))
    groups = [
        {
            "title": gettext(words.URGENCY[urgency]),
            "rows": [_row(row, runs.get(row.id), answers, now, tonight) for row in rows],
        }
        for urgency, rows in groupby(found, key=lambda row: row.urgency)
    ]
    return {
        "count": len(found),
        "todo": todo_line(session, actor, clock),
        "asked": pending.asked(session, actor, clock),
        "unanswered": pending.unanswered(session, actor, clock),
        "coming": pending.coming(session, actor, clock),
        "ending": pending.ending(session, actor, clock),
        "groups": groups,
        **told(session, actor, now),
        "more": gettext("Only the newest %(n)s are shown.") % {"n": MOST_ROWS} if cursor else None,
        "may_refer": actor.may(Permission.REFERRAL_WRITE),
        "emergency": actor.may(Permission.EMERGENCY_ACCESS),
        "reviews": actor.may(Permission.EMERGENCY_REVIEW),
        "may_rank": actor.may(Permission.RANKING_RUN),
        "sees_plans": actor.may(Permission.PLAN_READ) and (actor.leads or any_plan(session)),
    }


def told(session: Session, actor: Actor, now: datetime) -> Json:
    """The alerts of the home page, also for who has no referrals."""
    places = [(href, gettext(text)) for href, (text, needed) in PLACES.items() if actor.may(needed)]
    return {"alerts": alerts(session, actor, now) if actor.may(Permission.ALERTS_READ) else [], "places": places}


def _row(
    referral: ReferralRead, run: LatestRun | None, answers: Mapping[str, str], now: datetime, tonight: date
) -> Json:
    return {
        "code": referral.code,
        "summary": summary(referral, tonight),
        "waiting": words.ago(referral.opened_at or referral.created_at, now),
        "answer": None if run is None else answers[run.id],
        "ranked": None if run is None else words.ago(run.decided_at, now),
        "href": None if run is None else f"/referrals/{referral.id}/rankings/{run.id}",
        "rank": f"/referrals/{referral.id}/rankings",
    }


def latest_runs(session: Session, referral_ids: Iterable[str]) -> dict[str, LatestRun]:
    """The newest answer of each referral that has one."""
    newest = func.row_number().over(
        partition_by=RankingRun.referral_id, order_by=(RankingRun.decided_at.desc(), RankingRun.id)
    )
    ranked = select(RankingRun.id, newest.label("n")).where(RankingRun.referral_id.in_(list(referral_ids))).subquery()
    rows = session.execute(
        select(RankingRun.referral_id, RankingRun.id, RankingRun.decided_at, RankingRun.tonight)
        .join(ranked, ranked.c.id == RankingRun.id)
        .where(ranked.c.n == 1)
    )
    return {row.referral_id: LatestRun(*row) for row in rows}


# A run never changes, and an answer is long: what its title needs is worked out once, for the agency that asks.
_nights: dict[str, Json] = {}


def titles(session: Session, runs: Iterable[LatestRun]) -> dict[str, str]:
    """The title of each answer by run, from what the agency that asks may see of it."""
    shown = {run.id: run for run in runs}
    found = {run_id: _nights[run_id] for run_id in shown if run_id in _nights}
    missing = [run_id for run_id in shown if run_id not in found]
    rows = session.execute(select(RankingRun.id, RankingRun.sealed_answer).where(RankingRun.id.in_(missing)))
    kept = sealed.answers(keyring_of(session), RankingRun.__tablename__, {row.id: row.sealed_answer for row in rows})
    found |= {run_id: _begins(json.loads(answer)) for run_id, answer in kept.items()}
    if len(_nights) > MOST_TITLES:
        _nights.clear()
    _nights.update(found)
    return {run_id: title(found[run_id], run.tonight) for run_id, run in shown.items() if run_id in found}


def _begins(answer: Json) -> Json:
    """When each bed that the agency may be shown begins."""
    decision = project(answer, viewer=AGENCY)
    return {
        "options": [{"admit_on": entry["admit_on"]} for entry in decision["options"]],
        "later": [{"from": entry["from"]} for entry in decision["later"]],
    }
