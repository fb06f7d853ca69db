"""What the API takes and answers about releases, and about laws that take their place."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.bodies import Sent
from app.codes import ApiModel, Code, Instant, Ref, State, Words, wrong
from app.sharing.codes import Given, Item, Law, Purpose
from app.sharing.signers import SignerRelation

Items = Annotated[list[Item], Field(min_length=1, max_length=len(Item), description="Each of them, and nothing else")]


class SignerSent(Sent):
    """One signature: in which relation, and never a name."""

    relation: SignerRelation
    abuser: bool | None = Field(
        default=None,
        description="Of a parent or guardian: known or alleged abuser of the young person or of the other parent."
        " Null or left out: not asked, which is no pass",
    )


class ReleaseCreate(Sent):
    """A paper that was signed: for whom, for what, which items, by whom, until when."""

    recipient: Ref = Field(description="The agency that may see it")
    purpose: Purpose
    items: Items
    signers: Annotated[list[SignerSent], Field(min_length=1, max_length=5)]
    alone_service: Code | None = Field(
        default=None, description="Where the young person signs alone: the service that the law gives alone"
    )
    alone_state: State | None = Field(default=None, description="The State whose law that is")
    given: Given
    explained: bool = Field(
        description="The young person was told what is shared, with whom and until when, that it may be taken back at"
        " any time, and that no service depends on it"
    )
    valid_from: Instant | None = Field(default=None, description="Null or left out: from now on")
    valid_until: Instant


class SignerRead(ApiModel):
    """One signature."""

    relation: SignerRelation
    abuser: bool | None


class ReleaseRead(ApiModel):
    """A release, and whether it holds now."""

    id: str
    recipient: str
    recipient_name: str
    purpose: Purpose
    items: list[Item]
    signers: list[SignerRead]
    alone_service: str | None
    alone_state: str | None
    given: Given
    valid_from: datetime
    valid_until: datetime
    withdrawn_at: datetime | None
    recorded_at: datetime
    in_force: bool


class LegalBasisCreate(Sent):
    """A law or an order by which an agency may see something without consent, or an agreement that both signed."""

    recipient: Ref = Field(description="The agency that may see it")
    law: Law
    reference: Words | None = Field(
        default=None,
        description="The number of the order or file, or the paragraph; no names. Needed but for an agreement",
    )
    agreement: Ref | None = Field(default=None, description="By which agreement of agencies, where it is one")
    items: Items
    valid_from: Instant | None = Field(default=None, description="Null or left out: from now on")
    valid_until: Instant

    @model_validator(mode="after")
    def _either(self) -> Self:
        by_agreement = self.law is Law.COALITION_AGREEMENT
        if by_agreement and self.agreement is None:
            raise wrong("Say by which agreement.", "agreement")
        if not by_agreement and self.agreement is not None:
            raise wrong("No law and no order is an agreement of agencies.", "agreement")
        if not by_agreement and self.reference is None:
            raise wrong("Say the number of the order or file, or the paragraph.", "reference")
        return self


class LegalBasisRead(ApiModel):
    """A law that takes the place of a release, and whether it holds now."""

    id: str
    recipient: str
    recipient_name: str
    law: Law
    reference: str | None = Field(description="Of an agreement its name; null: the record was expunged")
    agreement: str | None
    items: list[Item]
    valid_from: datetime
    valid_until: datetime
    ended_at: datetime | None
    recorded_at: datetime
    in_force: bool


class ToldFact(ApiModel):
    """One item that is shared."""

    item: Item
    values: list[str] | None = Field(description="Codes, dates and words; empty: there is none; null: not known")


class Told(ApiModel):
    """What a release or a law names, and nothing else."""

    facts: list[ToldFact]


class SharedRead(ApiModel):
    """A release or a law by which your agency may see something now."""

    id: str
    purpose: Purpose | None = Field(description="Of a release; null: a law")
    law: Law | None = Field(description="Of a law; null: a release")
    items: list[Item]
    valid_until: datetime


class AgreementSent(Sent):
    """What agencies agree to share with one another, once each of them has signed."""

    name: Words
    approval: Words = Field(description="Whose counsel approved it, and when")
    items: Items = Field(description="Kinds of the shared record alone: never who somebody is, nor a whole case")
    valid_from: Instant | None = Field(default=None, description="Null or left out: from now on")
    valid_until: Instant


class SignatureSent(Sent):
    """Your own agency's signature."""

    signed: bool = Field(description="false takes it back: nothing is read by it any more, on either side")
    shares: bool = Field(
        default=False,
        description="Whether your agency may open its own records by it. Not where VOCA, VAWA or FVPSA bind it",
    )


class SignatureRead(ApiModel):
    """An agency that stands by an agreement."""

    agency_id: str
    agency: str
    shares: bool
    signed_at: datetime


class AgreementRead(ApiModel):
    """An agreement, who stands by it, and whether it holds now."""

    id: str
    name: str
    approval: str
    items: list[Item]
    valid_from: datetime
    valid_until: datetime
    ended_at: datetime | None
    in_force: bool
    signatures: list[SignatureRead]
