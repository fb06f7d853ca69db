"""What the year comes to, counted over its rows: nothing here is known beforehand."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.answers.models import RankingRun
from app.beds.models import BedNight
from app.gaps.models import Gap, GapKind, GapSource
from app.minors.models import Minor
from app.referrals.models import Referral, ReferralStatus
from app.stays.codes import OfferStatus
from app.stays.models import CapWarning, NextPlacement, Offer


@dataclass(frozen=True, slots=True)
class Year:
    """Counts over the days before the evening; who waits in the evening is not among them."""

    days: int
    referred: int
    verified: int
    at_risk: int
    placed: int
    """Of those referred: a house said yes, and they came."""
    without: int
    """Of those referred: they stopped waiting without a bed."""
    next_asked: int
    next_placed: int
    declines: int
    """Questions that a house or the young person answered with no."""
    nights: int
    """Slept in a bed by a stay."""
    unpaid: int
    """Of these: nobody paid."""
    waited: int
    """Nights through which somebody waited."""
    warnings: int
    rankings: int

    def as_json(self) -> dict[str, int]:
        """The same as plain values."""
        return asdict(self)

    def sentences(self) -> list[str]:
        """The same as a person would say it."""
        rate = f"{self.referred / self.days:.1f}"
        return [
            f"In {self.days:,} days {self.referred:,} young people were referred, {rate} a day: {self.verified:,} "
            f"verified, {self.at_risk:,} at risk, the rest not known or still being screened.",
            f"{self.placed:,} were placed; {self.without:,} stopped waiting without a bed, after {self.waited:,} "
            f"nights without one in all. To {self.declines:,} questions the answer was no.",
            f"{self.nights:,} nights were slept, {self.unpaid:,} of them paid by nobody. {self.warnings:,} warnings "
            f"came before the money or the bed ended; {self.next_asked:,} next placements were asked for, "
            f"{self.next_placed:,} found.",
            f"{self.rankings:,} decisions are kept whole, each to be derived again.",
        ]


def year(session: Session, days: int, tonight: date) -> Year:
    """Count."""
    next_ones = select(NextPlacement.referral_id)
    ours = select(Referral.id).where(Referral.status != ReferralStatus.OPEN)
    first = select(func.count()).select_from(Referral).where(Referral.id.in_(ours), Referral.id.not_in(next_ones))
    of_minor = first.join(Minor, Minor.id == Referral.minor_id)
    following = select(func.count()).select_from(Referral).where(Referral.id.in_(next_ones))
    placed = Referral.status == ReferralStatus.PLACED
    slept = (BedNight.stay_id.is_not(None), BedNight.night < tonight)

    def count(query: Any) -> int:
        return session.scalar(query) or 0

    return Year(
        days=days,
        referred=count(first),
        verified=count(of_minor.where(Minor.trafficking == "verified")),
        at_risk=count(of_minor.where(Minor.trafficking == "at_risk")),
        placed=count(first.where(placed)),
        without=count(first.where(~placed)),
        next_asked=count(following),
        next_placed=count(following.where(placed)),
        declines=count(select(func.count()).where(Offer.status == OfferStatus.DECLINED)),
        nights=count(select(func.count()).where(*slept)),
        unpaid=count(select(func.count()).where(*slept, BedNight.fund_id.is_(None))),
        waited=count(select(func.count()).where(Gap.source == GapSource.NIGHT, Gap.kind != GapKind.UNFUNDED_TONIGHT)),
        warnings=count(select(func.count()).select_from(CapWarning)),
        rankings=count(select(func.count()).select_from(RankingRun)),
    )
