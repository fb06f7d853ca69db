"""What is shared of a record with whom, as a grid of agencies by kinds of information; taken back in one act."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency
from app.audit.service import record
from app.codes import trail_id
from app.minors.records import own_record
from app.outbox.service import emit
from app.sharing.codes import Item
from app.sharing.models import LegalBasis, Release
from app.sharing.service import basis_holds, release_holds


@dataclass(frozen=True, slots=True)
class Cell:
    """Until when an item is shared with an agency, and by what: a paper that was signed, a law, an agreement."""

    until: datetime
    by: Literal["signed", "law", "agreement"]


@dataclass(frozen=True, slots=True)
class Column:
    """One agency, and what is shared with it now."""

    agency_id: str
    agency: str
    cells: dict[Item, Cell]

    @property
    def signed(self) -> bool:
        """Whether anything of it can be taken back."""
        return any(cell.by != "law" for cell in self.cells.values())


def grid(session: Session, actor: Actor, minor_id: str, now: datetime) -> list[Column]:
    """Every agency with which something of an own record is shared now, by name."""
    own_record(session, actor, minor_id, now, "release.list")
    found: dict[str, dict[Item, Cell]] = defaultdict(dict)
    laws = session.scalars(select(LegalBasis).where(LegalBasis.minor_id == minor_id, basis_holds(now)))
    papers = session.scalars(select(Release).where(Release.minor_id == minor_id, release_holds(now)))
    # What was agreed to needs no law, what a law says no agreement, and the longest of two papers counts.
    laws_last = sorted(laws, key=lambda law: law.agreement_id is None)
    shared: list[Release | LegalBasis] = [*laws_last, *sorted(papers, key=lambda paper: paper.valid_until)]
    for row in shared:
        for item in row.fields:
            found[row.agency_id][Item(item)] = Cell(row.valid_until, _by(row))
    names = session.execute(select(Agency.id, Agency.name).where(Agency.id.in_(found)).order_by(Agency.name)).all()
    record(session, actor, "release.list", "minor", trail_id(minor_id))
    return [Column(row.id, row.name, found[row.id]) for row in names]


def _by(row: Release | LegalBasis) -> Literal["signed", "law", "agreement"]:
    if isinstance(row, Release):
        return "signed"
    return "law" if row.agreement_id is None else "agreement"


def take_back(session: Session, actor: Actor, minor_id: str, agency_id: str, now: datetime) -> int:
    """End every paper and agreement by which an agency sees an own record, at once; how many. Laws hold on."""
    own_record(session, actor, minor_id, now, "release.withdraw")
    mine = Release.minor_id == minor_id, Release.agency_id == agency_id, release_holds(now)
    rows = session.scalars(select(Release).where(*mine).order_by(Release.id).with_for_update()).all()
    for row in rows:
        row.revoked_at, row.revoked_by = now, actor.id
        emit(session, "release.withdrawn", agency_id=agency_id, subject_kind="release", subject_id=row.id)
        record(session, actor, "release.withdraw", "minor", trail_id(minor_id), release_id=row.id)
    agreed = LegalBasis.minor_id == minor_id, LegalBasis.agency_id == agency_id, LegalBasis.agreement_id.is_not(None)
    bases = session.scalars(select(LegalBasis).where(*agreed, basis_holds(now)).with_for_update(of=LegalBasis)).all()
    for basis in bases:
        basis.ended_at, basis.ended_by = now, actor.id
        emit(session, "release.withdrawn", agency_id=agency_id, subject_kind="legal_basis", subject_id=basis.id)
        record(session, actor, "legal_basis.end", "minor", trail_id(minor_id), release_id=basis.id)
    session.flush()
    return len(rows) + len(bases)
