"""A decision as the engine gave it, findings about other people included: for a supervisor, on a recorded reason.

The trail takes the code of the reason. The words are kept in a table of their own, for whoever reviews such views: a
reason that nobody can read afterwards would be no check. Nothing else reads them.
"""

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.answers.models import RankingRun, WholeReason, WholeView
from app.answers.names import names_in
from app.audit.service import record
from app.bodies import Sent
from app.db import new_id
from app.referrals import service as referrals
from app.referrals.models import Referral
from app.sealing.box import Place
from app.sealing.keyring import keyring_of
from app.sharing.projection import Viewer, ViewerKind, project
from app.web import words
from app.web.translation import gettext, marked

Json = dict[str, Any]

Explanation = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=20, max_length=1000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$"),
]
LISTS = {
    "options": marked("Fits"),
    "later": marked("Later"),
    "needs_info": marked("Need to know first"),
    "excluded": marked("Does not fit"),
}
OUTCOMES = {
    "met": marked("Met"),
    "not_met": marked("Not met"),
    "unknown": marked("Not known"),
}


class WholeAsked(Sent):
    """Why the whole decision is needed: a code, and in words at least 20 characters long, without a name."""

    reason: WholeReason
    words: Explanation = Field(description="Kept for whoever reviews these views")


def view(session: Session, actor: Actor, referral_id: str, run_id: str, asked: WholeAsked, now: datetime) -> Json:
    """The unprojected decision of the own agency's referral. The view and its reason are on record."""
    minor_id = _found(session, actor, referral_id, run_id, now).minor_id
    row = WholeView(id=new_id("view"), run_id=run_id, viewed_at=now, viewed_by=actor.id, reason=asked.reason)
    row.sealed_words = keyring_of(session).seal(minor_id, Place(row.__tablename__, "words", row.id), asked.words)
    session.add(row)
    session.flush()
    record(session, actor, "ranking.whole", "ranking_run", run_id, reason=f"whole.{asked.reason}")
    answer = json.loads(session.get_one(RankingRun, run_id).answer)
    return project(answer, viewer=Viewer(ViewerKind.SUPERVISOR, reason=asked.reason), findings="all")


def find(session: Session, actor: Actor, referral_id: str, run_id: str, now: datetime) -> str:
    """The code of the referral behind a run of the actor's own agency; anything else is hidden."""
    return _found(session, actor, referral_id, run_id, now).code


def _found(session: Session, actor: Actor, referral_id: str, run_id: str, now: datetime) -> Referral:
    referral = referrals.find_own(session, actor, referral_id, now, "ranking.whole")
    query = select(RankingRun.id).where(RankingRun.id == run_id, RankingRun.referral_id == referral_id)
    if session.scalar(query) is None:
        raise hidden(actor, "ranking.whole", "ranking_run", run_id)
    return referral


def as_lists(session: Session, decision: Json) -> list[Json]:
    """The decision as its page shows it: every house under its list, with every finding."""
    names = names_in(session, decision)
    return [
        {
            "title": gettext(title),
            "houses": [
                {
                    "name": names.house(entry["facility"]).name,
                    "findings": [
                        {
                            "outcome": gettext(OUTCOMES[finding["outcome"]]),
                            "rule": words.said(words.RULES, finding["rule"]),
                            "text": finding["text"],
                        }
                        for finding in entry["findings"]
                    ],
                }
                for entry in decision[name]
            ],
        }
        for name, title in LISTS.items()
        if decision[name]
    ]
