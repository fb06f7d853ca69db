"""By what an address names a young person of the own agency: a referral, or the record where nobody asks for a bed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.codes import Ref, trail_id
from app.minors.records import own_record, record_code
from app.referrals import service as referrals


class Kind(StrEnum):
    """What an address begins with, in the words of the trail."""

    REFERRAL = "referral"
    MINOR = "minor"


@dataclass(frozen=True, slots=True)
class Through:
    """One referral, or one record; what is found through either is of the same young person."""

    kind: Kind
    id: str

    @property
    def steps(self) -> tuple[str, str]:
        """The steps of its address."""
        return f"{self.kind}s", self.id

    @property
    def here(self) -> str:
        """Where its pages are."""
        return f"/{self.kind}s/{quote(self.id, safe='')}"

    @property
    def trail(self) -> tuple[str, str]:
        """How the trail speaks of it."""
        return self.kind.value, trail_id(self.id)

    def minor_id(self, session: Session, actor: Actor, now: datetime, action: str) -> str:
        """The young person; 404 where the referral or the record is not the own agency's."""
        if self.kind is Kind.REFERRAL:
            return referrals.find_own(session, actor, self.id, now, action).minor_id
        return own_record(session, actor, self.id, now, action).id

    def code(self, session: Session, actor: Actor, now: datetime) -> str:
        """What people read aloud."""
        if self.kind is Kind.REFERRAL:
            return referrals.find_own(session, actor, self.id, now, "referral.read").code
        return record_code(self.id)


def by_referral(referral_id: Ref) -> Through:
    """The address names a referral."""
    return Through(Kind.REFERRAL, referral_id)


def by_record(minor_id: Ref) -> Through:
    """The address names a record."""
    return Through(Kind.MINOR, minor_id)
