"""Writing the trail.

Events wait in the session until its commit, which appends them after everything else: the chain has one
lock for all, and taking it last keeps it short and free of deadlocks.
"""

import re
from typing import Any, Protocol

from sqlalchemy import event, insert, select, update
from sqlalchemy.orm import Session, SessionTransaction

from app.audit.chain import link
from app.audit.models import AuditEvent, AuditHead, Outcome
from app.db import Database, table_of

# Built once, past the mapper, and all rows in one statement, which is what asking for something back is for:
# everybody waits for the lock that is held meanwhile.
_HEAD = select(AuditHead.seq, AuditHead.hash).with_for_update()
_ROWS = insert(table_of(AuditEvent)).returning(table_of(AuditEvent).c.seq)
_LATER = update(table_of(AuditHead))
_CODE = re.compile(r"[a-z][a-z0-9_.]{0,59}")
_ID = re.compile(r"[A-Za-z0-9_-]{0,64}")


class Who(Protocol):
    """As much of an actor as the trail needs; `app.access.Actor` is one."""

    @property
    def person_id(self) -> str | None: ...
    @property
    def api_key_id(self) -> str | None: ...
    @property
    def agency_id(self) -> str | None: ...


class Stranger:
    """Whoever has not proved who they are."""

    person_id: str | None = None
    api_key_id: str | None = None
    agency_id: str | None = None


def record(
    session: Session,
    actor: Who | None,
    action: str,
    subject_kind: str,
    subject_id: str,
    *,
    outcome: str = "ok",
    reason: str | None = None,
    release_id: str | None = None,
) -> None:
    """Note an act, or a look at a record, with the session's own commit. `actor` None is the operator."""
    for code in (action, subject_kind, reason):
        if code is not None and not _CODE.fullmatch(code):
            raise ValueError("the audit trail takes codes, not text")
    if not _ID.fullmatch(subject_id):
        raise ValueError("the audit trail takes opaque ids, not text")
    if not session.in_transaction():
        session.begin()  # else a rollback before the first statement would not be one
    kind, actor_id = _who(actor)
    _waiting(session).append(
        {
            "at": session.info["clock"].now(),
            "actor_kind": kind,
            "actor_id": actor_id,
            "agency_id": None if actor is None else actor.agency_id,
            "action": action,
            "subject_kind": subject_kind,
            "subject": subject_id,
            "outcome": Outcome(outcome),
            "reason": reason,
            "release_id": release_id,
            "request_id": session.info.get("request_id"),
        }
    )


def record_denied(
    database: Database,
    actor: Who | None,
    action: str,
    subject_kind: str,
    subject_id: str,
    *,
    reason: str,
    request_id: str | None = None,
) -> None:
    """Note a refusal. The id may come from an address that someone typed, so what is no id is left out."""
    if not _ID.fullmatch(subject_id):
        subject_id = ""
    with database.writing() as session:
        session.info["request_id"] = request_id
        record(session, actor, action, subject_kind, subject_id, outcome="denied", reason=reason)


def _who(actor: Who | None) -> tuple[str, str | None]:
    if actor is None:
        return "operator", None
    if actor.person_id is not None:
        return "person", actor.person_id
    return ("api_key", actor.api_key_id) if actor.api_key_id is not None else ("nobody", None)


def _waiting(session: Session) -> list[dict[str, Any]]:
    waiting: list[dict[str, Any]] = session.info.setdefault("audit_waiting", [])
    return waiting


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    waiting = _waiting(session)
    if not waiting or session.in_nested_transaction() or "reader_of" in session.info:
        return
    session.flush()
    head = session.execute(_HEAD).one()
    seq, previous, rows = head.seq, head.hash, []
    for fields in waiting:
        seq += 1
        row = {**fields, "seq": seq, "previous_hash": previous}
        row["hash"] = previous = link(previous, row)
        rows.append(row)
    session.execute(_ROWS, rows)
    session.execute(_LATER, {"seq": seq, "hash": previous})
    waiting.clear()


@event.listens_for(Session, "after_commit")
def _note_reads(session: Session) -> None:
    """A session that reads cannot write: what it looked at is noted right after, in a short transaction of its own."""
    database: Database | None = session.info.get("reader_of")
    waiting = _waiting(session)
    if database is None or not waiting:
        return
    with database.writing() as apart:
        _waiting(apart).extend(waiting)
        waiting.clear()


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info.setdefault("audit_marks", {})[transaction] = len(_waiting(session))


@event.listens_for(Session, "after_transaction_end")
def _unmark(session: Session, transaction: SessionTransaction) -> None:
    # A savepoint ends before its rollback is told, so its mark stays until the outermost ends.
    if not transaction.nested:
        session.info.pop("audit_marks", None)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """What was rolled back, a savepoint's part included, did not happen."""
    mark = session.info.get("audit_marks", {}).get(transaction, 0)
    del _waiting(session)[mark:]
