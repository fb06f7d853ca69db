"""Earlier stays by the API: where, from when until when, which nights away, and who paid. Caps count them.

Where somebody slept before is for the agency that owns the record: a house that is asked does not read it here.
"""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.bodies import Sent
from app.codes import ApiModel, Day, Ref, Words, trail_id, wrong
from app.db import new_id
from app.errors import FieldError, conflict, invalid
from app.facilities.models import Facility
from app.funding.models import Fund
from app.minors.service import count_change
from app.referrals import service as referrals
from app.stays.models import Stay, StayAbsence, StayPayer
from app.stays.past import nights_taken


class Span(ApiModel):
    """The nights `[from, until)`."""

    from_: Annotated[Day, Field(alias="from")]
    until: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until <= self.from_:
            raise wrong("Expected a day after from.", "until")
        return self


class PaidSpan(Span):
    """The nights `[from, until)` that one fund paid."""

    fund: Ref


class PastStayCreate(Sent):
    """A stay that is over: in a house of the network, or in one outside it."""

    facility: Ref | None = Field(default=None, description="A house of the network; else outside_facility")
    outside_facility: Words | None = Field(default=None, description="What a house outside the network is called")
    admitted_on: Day
    left_on: Day = Field(description="The first night that was not slept there")
    away: list[Span] = Field(default_factory=list, max_length=100)
    payers: list[PaidSpan] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.facility is None) == (self.outside_facility is None):
            raise wrong("Expected either facility or outside_facility.", "facility")
        if self.left_on <= self.admitted_on:
            raise wrong("Expected a day after admitted_on.", "left_on")
        for name in ("away", "payers"):
            spans = sorted(getattr(self, name), key=lambda span: span.from_)
            if any(span.from_ < self.admitted_on or span.until > self.left_on for span in spans):
                raise wrong("Expected nights within the stay.", name)
            if any(later.from_ < earlier.until for earlier, later in pairwise(spans)):
                raise wrong("Expected every night once at most.", name)
        return self


class SpanRead(ApiModel):
    """The nights `[from, until)`."""

    from_: date = Field(alias="from")
    until: date


class PaidSpanRead(SpanRead):
    """The nights `[from, until)` that one fund paid."""

    fund: str


class PastStayRead(ApiModel):
    """A stay that is over and stands on no house's own list."""

    id: str
    facility: str | None
    outside_facility: str | None
    admitted_on: date
    left_on: date
    away: list[SpanRead]
    payers: list[PaidSpanRead]


def list_past(session: Session, actor: Actor, referral_id: str, now: datetime) -> list[PastStayRead]:
    """The earlier stays of the young person behind a referral, the latest first."""
    referral = referrals.find_own(session, actor, referral_id, now, "stay.list_past")
    record(session, actor, "stay.list_past", "referral", trail_id(referral_id))
    rows = session.scalars(_of(referral.minor_id).order_by(Stay.admitted_on.desc(), Stay.id))
    return _shown(session, rows.all())


def read_past(session: Session, actor: Actor, referral_id: str, stay_id: str, now: datetime) -> PastStayRead:
    """One earlier stay, found through a referral of the same young person."""
    referral = referrals.find_own(session, actor, referral_id, now, "stay.read_past")
    row = session.scalar(_of(referral.minor_id).where(Stay.id == stay_id))
    if row is None:
        raise hidden(actor, "stay.read_past", "stay", stay_id)
    record(session, actor, "stay.read_past", "stay", trail_id(stay_id))
    return _shown(session, [row])[0]


def add_past(
    session: Session, actor: Actor, referral_id: str, new: PastStayCreate, now: datetime, tonight: date
) -> PastStayRead:
    """Enter an earlier stay. Nobody slept in two beds, and nothing to come is past."""
    referral = referrals.find_own(session, actor, referral_id, now, "stay.add_past")
    _known(session, new, tonight)
    # Counted first: under the lock two people cannot both find the same nights free.
    count_change(session, referral.minor_id)
    if any(
        new.admitted_on < end and start < new.left_on
        for start, end in nights_taken(session, referral.minor_id, tonight)
    ):
        raise conflict("conflict", "These nights overlap what is on record.")
    stay = Stay(id=new_id("stay"), minor_id=referral.minor_id, facility_id=new.facility, in_house=False)
    stay.outside_facility, stay.admitted_on, stay.left_on = new.outside_facility, new.admitted_on, new.left_on
    session.add(stay)
    session.flush()
    for span in new.away:
        row = StayAbsence(id=new_id("out"), stay_id=stay.id, away_from=span.from_, away_until=span.until)
        session.add(row)
    for paid in new.payers:
        payer = StayPayer(id=new_id("pay"), stay_id=stay.id, fund_id=paid.fund, paid_from=paid.from_)
        payer.paid_until = paid.until
        session.add(payer)
    session.flush()
    record(session, actor, "stay.add_past", "stay", stay.id)
    return _shown(session, [stay])[0]


def _known(session: Session, new: PastStayCreate, tonight: date) -> None:
    errors = []
    if new.facility is not None and session.get(Facility, new.facility) is None:
        errors.append(FieldError("/facility", "unknown", "There is no such house."))
    if new.left_on > tonight:
        errors.append(FieldError("/left_on", "future", "Expected a stay that is over by tonight."))
    funds = set(session.scalars(select(Fund.id).where(Fund.id.in_([paid.fund for paid in new.payers]))))
    errors += [
        FieldError(f"/payers/{at}/fund", "unknown", "There is no such fund.")
        for at, paid in enumerate(new.payers)
        if paid.fund not in funds
    ]
    if errors:
        raise invalid(errors)


def _of(minor_id: str) -> Any:
    return select(Stay).where(Stay.minor_id == minor_id, Stay.in_house.is_(False), Stay.left_on.is_not(None))


def _shown(session: Session, rows: Sequence[Stay]) -> list[PastStayRead]:
    ids = [row.id for row in rows]
    away: dict[str, list[Any]] = {stay_id: [] for stay_id in ids}
    query = select(StayAbsence).where(StayAbsence.stay_id.in_(ids)).order_by(StayAbsence.away_from, StayAbsence.id)
    for span in session.scalars(query):
        away[span.stay_id].append({"from": span.away_from, "until": span.away_until})
    paid: dict[str, list[Any]] = {stay_id: [] for stay_id in ids}
    for row in session.scalars(select(StayPayer).where(StayPayer.stay_id.in_(ids)).order_by(StayPayer.paid_from)):
        paid[row.stay_id].append({"fund": row.fund_id, "from": row.paid_from, "until": row.paid_until})
    return [
        PastStayRead.model_validate(
            {
                "id": row.id,
                "facility": row.facility_id,
                "outside_facility": row.outside_facility,
                "admitted_on": row.admitted_on,
                "left_on": row.left_on,
                "away": away[row.id],
                "payers": [span | {"until": span["until"] or row.left_on} for span in paid[row.id]],
            }
        )
        for row in rows
    ]
