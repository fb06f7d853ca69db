"""Laws and orders that let an agency see something without consent: on record as what they are, never as a release."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency
from app.audit.service import record
from app.db import new_id
from app.outbox.service import emit
from app.referrals.through import Through
from app.releases import agreements, papers
from app.releases.schemas import LegalBasisCreate, LegalBasisRead
from app.releases.service import lasts, must_be_another, named
from app.sealing.words import seal_words, words_at
from app.sharing.codes import Item
from app.sharing.models import LegalBasis, Relation
from app.sharing.service import basis_holds, grant


def add(session: Session, actor: Actor, through: Through, body: LegalBasisCreate, now: datetime) -> LegalBasisRead:
    """Put on record by which law or order an agency may see which items, and until when."""
    minor_id = through.minor_id(session, actor, now, "legal_basis.make")
    valid_from = lasts(session, body.valid_from, body.valid_until, now)
    must_be_another(session, actor, body.recipient)
    agreement = None if body.agreement is None else agreements.must_cover(session, actor, body, now)
    reference = body.reference or (agreement.name if agreement is not None else "")
    basis_id = new_id("law")
    row = LegalBasis(
        id=basis_id,
        minor_id=minor_id,
        agency_id=body.recipient,
        law=body.law,
        sealed_reference=seal_words(session, minor_id, LegalBasis, "reference", basis_id, reference),
        fields=named(body.items),
        valid_from=valid_from,
        valid_until=body.valid_until,
        created_at=now,
        recorded_by=actor.id,
        agreement_id=None if agreement is None else agreement.id,
        sharer_id=None if agreement is None else actor.agency_id,
    )
    session.add(row)
    session.flush()
    if Item.CASE in body.items:
        grant(session, row.minor_id, row.agency_id, Relation.LAWFUL, row.valid_from, row.valid_until,
              basis_id=row.id)  # fmt: skip
    emit(session, "release.made", agency_id=row.agency_id, subject_kind="legal_basis", subject_id=row.id)
    record(session, actor, "legal_basis.make", *through.trail, reason=f"by.{row.law}",
           release_id=row.id)  # fmt: skip
    return _shown(session, row, now)


def list_bases(session: Session, actor: Actor, through: Through, now: datetime) -> list[LegalBasisRead]:
    """Every law or order on record for the young person, the newest first."""
    rows = papers.every(session, actor, LegalBasis, through, now, "legal_basis.list")
    record(session, actor, "legal_basis.list", *through.trail)
    return _all_shown(session, rows, now)


def read(session: Session, actor: Actor, through: Through, basis_id: str, now: datetime) -> LegalBasisRead:
    """One of them."""
    row = papers.find(session, actor, LegalBasis, through, basis_id, now, "legal_basis.read")
    record(session, actor, "legal_basis.read", *through.trail, release_id=row.id)
    return _shown(session, row, now)


def end(session: Session, actor: Actor, through: Through, basis_id: str, now: datetime) -> LegalBasisRead:
    """It holds no more: whoever reads next sees nothing by it. Ended twice is ended."""
    row = papers.find(session, actor, LegalBasis, through, basis_id, now, "legal_basis.end", lock=True)
    if row.ended_at is None:
        row.ended_at, row.ended_by = now, actor.id
        session.flush()
        emit(session, "release.withdrawn", agency_id=row.agency_id, subject_kind="legal_basis", subject_id=row.id)
        record(session, actor, "legal_basis.end", *through.trail, release_id=row.id)
    return _shown(session, row, now)


def _shown(session: Session, row: LegalBasis, now: datetime) -> LegalBasisRead:
    return _all_shown(session, [row], now)[0]


def _all_shown(session: Session, rows: Sequence[LegalBasis], now: datetime) -> list[LegalBasisRead]:
    sealed = {row.id: row.sealed_reference for row in rows}
    said = words_at(session, LegalBasis, "reference", sealed)
    holds = set(session.scalars(select(LegalBasis.id).where(LegalBasis.id.in_(sealed), basis_holds(now))))
    return [_read(session, row, said.get(row.id), in_force=row.id in holds) for row in rows]


def _read(session: Session, row: LegalBasis, reference: str | None, *, in_force: bool) -> LegalBasisRead:
    return LegalBasisRead(
        id=row.id,
        recipient=row.agency_id,
        recipient_name=session.get_one(Agency, row.agency_id).name,
        law=row.law,
        reference=reference,
        agreement=row.agreement_id,
        items=[Item(item) for item in row.fields],
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        ended_at=row.ended_at,
        recorded_at=row.created_at,
        in_force=in_force,
    )
