"""Saying that something happened, in the transaction in which it did."""

import re
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.db import new_id, table_of
from app.outbox.models import OutboxEvent

_KIND = re.compile(r"[a-z][a-z0-9_]{0,29}(\.[a-z][a-z0-9_]{0,29}){0,2}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ONCE = re.compile(r"[A-Za-z0-9_.:-]{1,200}")

_ONCE_ONLY = {
    "sqlite": sqlite.insert(table_of(OutboxEvent)).on_conflict_do_nothing(index_elements=["once"]),
    "postgresql": postgresql.insert(table_of(OutboxEvent)).on_conflict_do_nothing(index_elements=["once"]),
}


def emit(
    session: Session,
    kind: str,
    *,
    agency_id: str,
    subject_kind: str,
    subject_id: str,
    facility_id: str | None = None,
    version: int | None = None,
    due_at: datetime | None = None,
    once: str | None = None,
) -> None:
    """Tell an agency that something happened, from `due_at` on. A second event of the same `once` is silently nothing.

    Ids of a network's own file may be texts; they come as `app.codes.trail_id` gives them, as in the audit trail.
    """
    for form, words in ((_KIND, (kind, subject_kind)), (_ID, (agency_id, subject_id, facility_id)), (_ONCE, (once,))):
        if not all(word is None or form.fullmatch(word) for word in words):
            raise ValueError("the outbox takes codes and opaque ids, not text")
    now = session.info["clock"].now()
    event = {
        "id": new_id("evt"),
        "kind": kind,
        "agency_id": agency_id,
        "facility_id": facility_id,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "version": version,
        "once": once,
        "created_at": now,
        "due_at": due_at or now,
        "attempts": 0,
    }
    session.execute(_ONCE_ONLY[session.get_bind().dialect.name], event)
