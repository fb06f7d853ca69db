"""Licences and safeguards: what the State granted and what somebody verified, each with its evidence."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.codes import trail_id
from app.db import new_id
from app.errors import FieldError, invalid
from app.facilities.forms import LICENCE, licence_columns, stored_value, value_of
from app.facilities.models import Licence, SafeguardCode, SafeguardEvidence
from app.facilities.schemas import (
    LicenceChange,
    LicenceCreate,
    LicenceRead,
    SafeguardChange,
    SafeguardRead,
    allowed_values,
)
from app.facilities.service import find, find_to_change
from app.versions import must_be_current


def list_licences(session: Session, actor: Actor, facility_id: str) -> list[LicenceRead]:
    """A house's licences, the latest first."""
    find(session, actor, facility_id)
    query = select(Licence).where(Licence.facility_id == facility_id)
    return [_licence(row) for row in session.scalars(query.order_by(Licence.valid_from.desc(), Licence.id))]


def read_licence(session: Session, actor: Actor, facility_id: str, licence_id: str) -> LicenceRead:
    """One licence, found through its house."""
    return _licence(_find_licence(session, actor, facility_id, licence_id))


def add_licence(session: Session, actor: Actor, facility_id: str, new: LicenceCreate, now: datetime) -> LicenceRead:
    """Enter a licence, a renewal or a variance, with its evidence."""
    find_to_change(session, actor, facility_id, "licence.create")
    row = Licence(
        id=new_id("lic"),
        facility_id=facility_id,
        evidence=new.evidence,
        recorded_at=now,
        recorded_by=who(actor),
        **licence_columns(new.model_dump()),
    )
    session.add(row)
    session.flush()
    record(session, actor, "licence.create", "licence", row.id)
    return _licence(row)


def replace_licence(
    session: Session,
    actor: Actor,
    facility_id: str,
    licence_id: str,
    change: LicenceChange,
    if_match: str | None,
    now: datetime,
) -> LicenceRead:
    """Put the whole licence as it shall be."""
    find_to_change(session, actor, facility_id, "licence.change")
    row = _find_licence(session, actor, facility_id, licence_id)
    must_be_current(_licence(row), change.version, if_match)
    for name, value in licence_columns(change.model_dump()).items():
        setattr(row, name, value)
    row.evidence, row.recorded_at, row.recorded_by = change.evidence, now, who(actor)
    row.version += 1
    session.flush()
    record(session, actor, "licence.change", "licence", licence_id)
    return _licence(row)


def latest_safeguards() -> Select[SafeguardEvidence]:
    """The latest word on each safeguard of each house."""
    latest = (
        select(
            SafeguardEvidence.facility_id,
            SafeguardEvidence.code,
            func.max(SafeguardEvidence.revision).label("revision"),
        )
        .group_by(SafeguardEvidence.facility_id, SafeguardEvidence.code)
        .subquery()
    )
    same = and_(
        SafeguardEvidence.facility_id == latest.c.facility_id,
        SafeguardEvidence.code == latest.c.code,
        SafeguardEvidence.revision == latest.c.revision,
    )
    return select(SafeguardEvidence).join(latest, same)


def list_safeguards(session: Session, actor: Actor, facility_id: str) -> list[SafeguardRead]:
    """Every safeguard of a house, those never recorded as not known."""
    find(session, actor, facility_id)
    rows = session.scalars(latest_safeguards().where(SafeguardEvidence.facility_id == facility_id))
    known = {row.code: row for row in rows}
    return [_safeguard(code, known.get(code)) for code in SafeguardCode]


def safeguard_history(session: Session, actor: Actor, facility_id: str, code: SafeguardCode) -> list[SafeguardRead]:
    """Everything ever recorded about one safeguard, the latest first."""
    find(session, actor, facility_id)
    query = select(SafeguardEvidence).where(
        SafeguardEvidence.facility_id == facility_id, SafeguardEvidence.code == code
    )
    return [_safeguard(code, row) for row in session.scalars(query.order_by(SafeguardEvidence.revision.desc()))]


def read_safeguard(session: Session, actor: Actor, facility_id: str, code: SafeguardCode) -> SafeguardRead:
    """The latest word on one safeguard."""
    find(session, actor, facility_id)
    query = latest_safeguards().where(SafeguardEvidence.facility_id == facility_id, SafeguardEvidence.code == code)
    return _safeguard(code, session.scalar(query))


def put_safeguard(
    session: Session,
    actor: Actor,
    facility_id: str,
    code: SafeguardCode,
    change: SafeguardChange,
    if_match: str | None,
    now: datetime,
) -> SafeguardRead:
    """Record what was verified. The former word stays in the history."""
    find_to_change(session, actor, facility_id, "safeguard.record")
    current = read_safeguard(session, actor, facility_id, code)
    must_be_current(current, change.version, if_match)
    if change.value is not None and change.value not in _of_its_type(change.value, allowed_values(code)):
        allowed = ", ".join(str(value).lower() for value in allowed_values(code))
        raise invalid([FieldError("/value", "not_allowed", f"This safeguard is one of: {allowed}; or null.")])
    row = SafeguardEvidence(
        facility_id=facility_id,
        code=code,
        revision=current.version + 1,
        value=stored_value(change.value),
        verified_on=change.verified_on,
        verified_by=change.verified_by,
        expires_on=change.expires_on,
        recorded_at=now,
        recorded_by=who(actor),
    )
    session.add(row)
    session.flush()
    record(session, actor, "safeguard.record", "facility", trail_id(facility_id), reason=f"safeguard.{code}")
    return _safeguard(code, row)


def who(actor: Actor) -> str:
    """The id under which an act is remembered."""
    return actor.id


def _of_its_type(value: object, allowed: Iterable[Any]) -> list[Any]:
    return [word for word in allowed if type(word) is type(value)]


def _find_licence(session: Session, actor: Actor, facility_id: str, licence_id: str) -> Licence:
    row = session.scalar(select(Licence).where(Licence.facility_id == facility_id, Licence.id == licence_id))
    if row is None:
        raise hidden(actor, "licence.read", "licence", licence_id)
    return row


def _licence(row: Licence) -> LicenceRead:
    facts = {name: getattr(row, name) for name in LICENCE}
    return LicenceRead(id=row.id, version=row.version, evidence=row.evidence, **facts)


def _safeguard(code: SafeguardCode, row: SafeguardEvidence | None) -> SafeguardRead:
    return SafeguardRead(
        code=code,
        value=None if row is None else value_of(row.value),
        verified_on=None if row is None else row.verified_on,
        verified_by=None if row is None else row.verified_by,
        expires_on=None if row is None else row.expires_on,
        version=0 if row is None else row.revision,
    )
