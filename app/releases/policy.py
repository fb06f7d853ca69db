"""What a network's counsel sets: how long a house reads on, how long a release lasts, and what the young sign alone."""

from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.audit.service import record
from app.bodies import Sent
from app.codes import ApiModel, Code, State, Words
from app.db import new_id
from app.sharing.models import LoneConsent, SharingPolicy


class SharingPolicySent(Sent):
    """The whole of it."""

    former_nights: Annotated[int, Field(ge=0, le=90)] = Field(
        description="For how many nights after its end a house reads a stay; 0: not from the day of leaving on"
    )
    release_days: Annotated[int, Field(ge=1, le=366)] = Field(description="How long a release may last at most")


class LoneConsentSent(Sent):
    """A service that a law gives a young person alone."""

    service: Code
    state: State | None = Field(description="Null: every State")
    from_age: Annotated[int, Field(ge=0, le=25)] | None = Field(
        description="In completed years; null: not known yet, and then nobody signs alone by it"
    )
    citation: Words


class LoneConsentRead(ApiModel):
    """The same, as it is on record."""

    id: str
    service: str
    state: str | None
    from_age: int | None
    citation: str


def read(session: Session) -> SharingPolicySent:
    """What is set."""
    row = session.get_one(SharingPolicy, 1)
    return SharingPolicySent(former_nights=row.former_nights, release_days=row.release_days)


def put(session: Session, actor: Actor, sent: SharingPolicySent) -> SharingPolicySent:
    """Set both, from the next look on."""
    _must_lead(actor)
    row = session.get_one(SharingPolicy, 1, with_for_update=True)
    row.former_nights, row.release_days = sent.former_nights, sent.release_days
    record(session, actor, "sharing_policy.put", "policy", "sharing")
    return read(session)


def lone_consents(session: Session) -> list[LoneConsentRead]:
    """Every service on record, by name and State."""
    rows = session.scalars(select(LoneConsent).order_by(LoneConsent.service, LoneConsent.state, LoneConsent.id))
    return [_shown(row) for row in rows]


def put_lone_consent(session: Session, actor: Actor, sent: LoneConsentSent) -> LoneConsentRead:
    """Enter what a law says of a service in a State, or correct it."""
    _must_lead(actor)
    here = LoneConsent.state.is_(None) if sent.state is None else LoneConsent.state == sent.state
    row = session.scalar(select(LoneConsent).where(LoneConsent.service == sent.service, here).with_for_update())
    if row is None:
        row = LoneConsent(id=new_id("lone"), service=sent.service, state=sent.state)
        session.add(row)
    row.from_age, row.citation = sent.from_age, sent.citation
    session.flush()
    record(session, actor, "lone_consent.put", "lone_consent", row.id)
    return _shown(row)


def _must_lead(actor: Actor) -> None:
    if not actor.leads:
        raise Denied(actor, "sharing_policy.put", "not_the_lead", detail="For administrators of the coalition's lead.")


def _shown(row: LoneConsent) -> LoneConsentRead:
    return LoneConsentRead(
        id=row.id, service=row.service, state=row.state, from_age=row.from_age, citation=row.citation
    )
