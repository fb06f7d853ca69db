"""Agreements of agencies: what counsel lets them share without a paper, record by record, while both stand by it.

An agreement opens nothing by itself. The agency whose record it is says of one young person that a partner may see
kinds of information that the agreement names; that stands among the laws and orders of the record, and is asked for at
each look. It never names who somebody is.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied, hidden
from app.access.models import Agency
from app.audit.service import record
from app.db import new_id
from app.errors import FieldError, Problem, invalid
from app.releases.schemas import AgreementRead, AgreementSent, LegalBasisCreate, SignatureRead, SignatureSent
from app.sharing.codes import OF_RECORD, Item
from app.sharing.models import Agreement, AgreementSignature


def every(session: Session, now: datetime) -> list[AgreementRead]:
    """All of them, those that hold first."""
    rows = session.scalars(select(Agreement).order_by(Agreement.valid_until.desc(), Agreement.id))
    found = [_shown(session, row, now) for row in rows]
    return sorted(found, key=lambda one: not one.in_force)


def signed_by(session: Session, agency_id: str, now: datetime) -> list[AgreementRead]:
    """Those that hold, and by which an agency may open records of its own."""
    return [
        one
        for one in every(session, now)
        if one.in_force and any(name.agency_id == agency_id and name.shares for name in one.signatures)
    ]


def read(session: Session, agreement_id: str, now: datetime) -> AgreementRead:
    """One, as it stands now."""
    return _shown(session, session.get_one(Agreement, agreement_id), now)


def add(session: Session, actor: Actor, body: AgreementSent, now: datetime) -> AgreementRead:
    """Put one on record that counsel approved; nobody has signed it yet."""
    _must_lead(actor, "agreement.make")
    valid_from = body.valid_from or now
    if not max(valid_from, now) < body.valid_until:
        raise invalid([FieldError("/valid_until", "out_of_range", "Expected a moment to come, after the beginning.")])
    if not OF_RECORD.issuperset(body.items):
        words = "Expected kinds of the shared record alone: who somebody is and a whole case take a release."
        raise invalid([FieldError("/items", "not_of_the_record", words)])
    row = Agreement(
        id=new_id("agr"), name=body.name, approval=body.approval, valid_from=valid_from, valid_until=body.valid_until,
        fields=[item.value for item in Item if item in body.items], recorded_at=now, recorded_by=actor.id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    record(session, actor, "agreement.make", "agreement", row.id)
    return _shown(session, row, now)


def sign(session: Session, actor: Actor, agreement_id: str, body: SignatureSent, now: datetime) -> AgreementRead:
    """Sign for the own agency, say anew whether it shares, or take the signature back, which counts at once."""
    row = _find(session, actor, agreement_id, "agreement.sign")
    mine = session.get(AgreementSignature, (row.id, actor.agency_id), with_for_update=True)
    if body.signed:
        if not _in_force(row, now) and row.valid_from <= now:
            raise Problem("not_now", "This agreement is over.")
        mine = mine or AgreementSignature(agreement_id=row.id, agency_id=actor.agency_id)
        mine.shares, mine.signed_at, mine.signed_by = body.shares, now, actor.id
        mine.withdrawn_at = mine.withdrawn_by = None
        session.add(mine)
    elif mine is not None and mine.withdrawn_at is None:
        mine.withdrawn_at, mine.withdrawn_by = now, actor.id
    session.flush()
    said = ("signed.shares" if body.shares else "signed.reads") if body.signed else "taken_back"
    record(session, actor, "agreement.sign", "agreement", row.id, reason=said)
    return _shown(session, row, now)


def end(session: Session, actor: Actor, agreement_id: str, now: datetime) -> AgreementRead:
    """End one for everybody, at once. Ended twice is ended."""
    row = _find(session, actor, agreement_id, "agreement.end")
    _must_lead(actor, "agreement.end")
    if row.ended_at is None:
        row.ended_at, row.ended_by = now, actor.id
        session.flush()
        record(session, actor, "agreement.end", "agreement", row.id)
    return _shown(session, row, now)


def must_cover(session: Session, actor: Actor, body: LegalBasisCreate, now: datetime) -> Agreement:
    """The agreement by which the own agency may open this to that one; refused with the field that is beyond it."""
    row = session.get(Agreement, body.agreement)
    standing = {} if row is None else {one.agency_id: one for one in _standing(session, row.id)}
    own = standing.get(actor.agency_id)
    if row is None or own is None or not own.shares or not _in_force(row, now):
        words = "Your agency opens no record by such an agreement now."
        raise invalid([FieldError("/agreement", "unknown", words)])
    if body.recipient not in standing:
        raise invalid([FieldError("/recipient", "not_signed", "This agency has not signed the agreement.")])
    if not set(row.fields).issuperset(body.items):
        raise invalid([FieldError("/items", "beyond_it", "The agreement does not name all of these.")])
    if body.valid_until > row.valid_until:
        raise invalid([FieldError("/valid_until", "out_of_range", "The agreement ends before that.")])
    return row


def _standing(session: Session, agreement_id: str) -> list[AgreementSignature]:
    mine = AgreementSignature.agreement_id == agreement_id, AgreementSignature.withdrawn_at.is_(None)
    return list(session.scalars(select(AgreementSignature).where(*mine)))


def _in_force(row: Agreement, now: datetime) -> bool:
    return row.valid_from <= now < row.valid_until and (row.ended_at is None or row.ended_at > now)


def _find(session: Session, actor: Actor, agreement_id: str, action: str) -> Agreement:
    row = session.get(Agreement, agreement_id, with_for_update=True)
    if row is None:
        raise hidden(actor, action, "agreement", agreement_id)
    return row


def _must_lead(actor: Actor, action: str) -> None:
    if not actor.leads:
        raise Denied(actor, action, "not_the_lead", detail="For administrators of the coalition's lead.")


def _shown(session: Session, row: Agreement, now: datetime) -> AgreementRead:
    names = {row.id: row.name for row in session.execute(select(Agency.id, Agency.name))}
    standing = sorted(_standing(session, row.id), key=lambda one: names[one.agency_id])
    return AgreementRead(
        id=row.id,
        name=row.name,
        approval=row.approval,
        items=[Item(item) for item in row.fields],
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        ended_at=row.ended_at,
        in_force=_in_force(row, now),
        signatures=[
            SignatureRead(
                agency_id=one.agency_id, agency=names[one.agency_id], shares=one.shares, signed_at=one.signed_at
            )
            for one in standing
        ],
    )
