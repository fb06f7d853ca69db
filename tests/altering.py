"""Putting another answer or snapshot in the place of a stored one, sealed as it would be: what a replay must notice."""

from sqlalchemy.orm import Session

from app.answers.models import OutlookRun, PlanRun, RankingRun
from app.answers.sealed import seal_answer, seal_snapshot
from app.sealing.keyring import SYSTEM, keyring_of


def alter(
    session: Session, row: RankingRun | PlanRun | OutlookRun, *, answer: str | None = None, snapshot: str | None = None
) -> None:
    """The triggers that keep a decision as it is must be gone."""
    ring, table = keyring_of(session), row.__tablename__
    name = row.run_id if isinstance(row, OutlookRun) else row.id
    if answer is not None:
        row.sealed_answer = seal_answer(ring, table, name, SYSTEM, answer)
    if snapshot is not None and not isinstance(row, OutlookRun):
        row.sealed_snapshot = seal_snapshot(ring, table, name, snapshot)
    session.flush()
