"""The directory of the continuum of care: who offers what, for whom, whom to call and when; never where."""

import re
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.access.models import Agency
from app.audit.service import record
from app.bodies import Sent
from app.codes import Age, ApiModel, County, Words, in_order, trail_id, wrong
from app.db import new_id
from app.facilities.continuum_models import CareKind, CareService
from app.versions import Version, must_be_current

_STREET = "street|st|avenue|ave|road|rd|boulevard|blvd|drive|dr|lane|ln|highway|hwy|parkway|pkwy"
_ALSO_A_WORD = "way|court|ct|place|pl|terrace|circle"
_ADDRESS = re.compile(
    rf"\b\d{{1,6}}[a-z]?\s+(?:(?:[a-z'.-]+\s+){{0,4}}(?:{_STREET})|[a-z'.-]+\s+(?:{_ALSO_A_WORD}))\b", re.IGNORECASE
)


def _no_address(text: str) -> str:
    """Where a house is, is a secret: what reads like a street and a number is refused."""
    if _ADDRESS.search(text):
        raise wrong("Write no address here: whom to call is enough.")
    return text


Said = Annotated[Words, Field(max_length=200), AfterValidator(_no_address)]
Phone = Annotated[str, Field(min_length=3, max_length=40, pattern=r"^[0-9+() .x-]+$")]


class CareSent(Sent):
    """One thing that your agency offers."""

    kind: CareKind
    name: Said
    for_whom: Said | None = None
    min_age: Age | None = None
    max_age: Age | None = None
    counties: Annotated[list[County], Field(max_length=500)] = Field(description="Empty: not bound to counties")
    contact: Said = Field(description="A role, such as the intake coordinator; nobody's name")
    phone: Phone
    hours: Said = Field(description="When somebody answers, such as day and night")

    @model_validator(mode="after")
    def _youngest_first(self) -> Self:
        in_order(self, "min_age", "max_age")
        return self


class CareChange(CareSent):
    """The whole of it anew, which confirms it; `listed` false takes it off the list."""

    listed: bool = True
    version: Version = None


class CareRead(ApiModel):
    """One thing that an agency offers, and when somebody last confirmed it."""

    id: str
    version: int
    agency_id: str
    agency: str
    kind: CareKind
    name: str
    for_whom: str | None
    min_age: Age | None
    max_age: Age | None
    counties: list[County]
    contact: str
    phone: str
    hours: str
    listed: bool
    confirmed_at: datetime


_ORDER = list(CareKind)


def every(session: Session, actor: Actor, kind: CareKind | None = None, county: str | None = None) -> list[CareRead]:
    """What is offered, from prevention to aftercare; what was taken off the list only to those who keep it."""
    rows = session.execute(select(CareService, Agency.name).join(Agency, Agency.id == CareService.agency_id)).all()
    found = [
        _shown(row, name)
        for row, name in rows
        if (row.listed or actor.administers(row.agency_id))
        and (kind is None or row.kind is kind)
        and (county is None or not row.counties or county in row.counties)
    ]
    return sorted(found, key=lambda one: (_ORDER.index(one.kind), one.agency, one.name, one.id))


def read(session: Session, care_id: str) -> CareRead:
    """One of them."""
    row = session.get_one(CareService, care_id)
    return _shown(row, session.get_one(Agency, row.agency_id).name)


def add(session: Session, actor: Actor, body: CareSent, now: datetime) -> CareRead:
    """Enter what the own agency offers."""
    row = CareService(id=new_id("care"), agency_id=actor.agency_id, listed=True)
    _write(row, actor, body, now)
    session.add(row)
    session.flush()
    record(session, actor, "care.add", "care", row.id)
    return read(session, row.id)


def change(session: Session, actor: Actor, care_id: str, body: CareChange, now: datetime) -> CareRead:
    """Write it anew: for the own agency's administrators, and the lead's."""
    row = session.get(CareService, care_id, with_for_update=True)
    if row is None or not actor.administers(row.agency_id):
        raise hidden(actor, "care.change", "care", trail_id(care_id))
    must_be_current(read(session, row.id), body.version, None)
    _write(row, actor, body, now)
    row.listed = body.listed
    session.flush()
    record(session, actor, "care.change", "care", row.id)
    return read(session, row.id)


def _write(row: CareService, actor: Actor, body: CareSent, now: datetime) -> None:
    for name in CareSent.model_fields:
        setattr(row, name, getattr(body, name))
    row.counties = sorted(set(body.counties))
    row.confirmed_at, row.confirmed_by = now, actor.id


def _shown(row: CareService, agency: str) -> CareRead:
    plain = {name: getattr(row, name) for name in CareRead.model_fields if name != "agency"}
    return CareRead(agency=agency, **plain)
