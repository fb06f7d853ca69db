"""Gaps on record: a ranking that had no bed for tonight, and each night that a young person waited.

What is written is what the agency that asked could see: a house that is not available for a reason of other people is
a house without a bed. Ineligible and no bed are two things, and are never one.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.answers.models import RankingRun
from app.audit.service import record
from app.beds.ledger import NIGHT, nights
from app.beds.models import BedNight
from app.clock import Clock
from app.codes import trail_id
from app.db import insert_into, new_id
from app.gaps.models import Call, DeclineReason, Gap, GapKind, GapSource
from app.gaps.schemas import GapRead
from app.paging import Place, page
from app.referrals.models import Referral, ReferralStatus

Json = dict[str, Any]

FARTHEST_BACK = timedelta(days=31)
"""How many nights are written afterwards where nothing was running meanwhile."""
OF_NOES = {
    **dict.fromkeys((DeclineReason.NO_BED, DeclineReason.NO_STAFFED_BED), GapKind.NO_BED),
    **dict.fromkeys(
        (
            DeclineReason.AGE,
            DeclineReason.CUSTODY,
            DeclineReason.RESIDENCE,
            DeclineReason.CAP_EXHAUSTED,
            DeclineReason.PAYER,
        ),
        GapKind.INELIGIBLE,
    ),
}
"""Which gap a house's no is, where it is one: HMIS knows no others."""


def of_run(session: Session, run: RankingRun, told: Json, needed_from: date | None) -> None:
    """Write down that a decision, as the agency is told it, gave no bed for tonight, where one was needed tonight."""
    if needed_from is not None and needed_from > run.tonight:
        return
    if any(entry["admit_on"] == run.tonight.isoformat() for entry in told["options"]):
        return
    kind, rule = what_is_missing(told)
    _write(
        session,
        Gap(
            referral_id=run.referral_id,
            agency_id=run.agency_id,
            run_id=run.id,
            night=run.tonight,
            kind=kind,
            source=GapSource.RANKING,
            rule=rule,
            made_at=run.decided_at,
            once=f"run:{run.id}",
        ),
    )


def what_is_missing(seen: Json) -> tuple[GapKind, str | None]:
    """Why nobody could come tonight: no bed where a house would fit, else what is not known, else the rule."""
    if seen["options"] or seen["later"]:
        return GapKind.NO_BED, None
    if seen["needs_info"]:
        return GapKind.NEEDS_INFO, _most(entry["unknown"] for entry in seen["needs_info"])
    return GapKind.INELIGIBLE, _most(entry["failed"] for entry in seen["excluded"])


def _most(codes: Any) -> str | None:
    """The rule that alone stands in the way of the most houses; else the one that is in the way of most."""
    lists = [list(own) for own in codes]
    alone = Counter(own[0] for own in lists if len(own) == 1)
    counted = alone or Counter(code for own in lists for code in own)
    return min(counted, key=lambda code: (-counted[code], code), default=None)


def unfunded(session: Session, run: RankingRun, night: date, rule: str | None, now: datetime) -> None:
    """Write down that somebody sleeps in a bed tonight that nobody pays, on that decision."""
    _write(
        session,
        Gap(
            referral_id=run.referral_id,
            agency_id=run.agency_id,
            run_id=run.id,
            night=night,
            kind=GapKind.UNFUNDED_TONIGHT,
            source=GapSource.OFFER,
            rule=rule,
            made_at=now,
            once=f"unfunded:{trail_id(run.referral_id)}:{night}",
        ),
    )


def unpaid(session: Session, referral: Referral, night: date, now: datetime) -> bool:
    """Write down that somebody slept in a bed that nobody paid, unless that was written when the night was taken."""
    return _write(
        session,
        Gap(
            referral_id=referral.id,
            agency_id=referral.agency_id,
            night=night,
            kind=GapKind.UNFUNDED_TONIGHT,
            source=GapSource.NIGHT,
            made_at=now,
            once=f"unfunded:{trail_id(referral.id)}:{night}",
        ),
    )


def paid_after_all(session: Session, minor_id: str, own: Collection[date]) -> None:
    """Take back that a bed had no payer on nights of which somebody says who paid them."""
    of = select(Referral.id).where(Referral.minor_id == minor_id)
    wrong = (Gap.kind == GapKind.UNFUNDED_TONIGHT) & Gap.night.in_(own)
    session.execute(delete(Gap).where(Gap.referral_id.in_(of), wrong))


def not_slept(session: Session, referral_id: str, first: date) -> None:
    """Take back that a bed had no payer on nights, from `first` on, that nobody sleeps in it after all."""
    unslept = (Gap.source == GapSource.OFFER) & (Gap.kind == GapKind.UNFUNDED_TONIGHT) & (Gap.night >= first)
    session.execute(delete(Gap).where(Gap.referral_id == referral_id, unslept))


def waited(session: Session, clock: Clock) -> Sequence[str]:
    """Referrals that were open through the last night, without a bed, and of which that is not on record."""
    last = clock.tonight() - NIGHT
    turned = func.max(Gap.night).label("last")
    noticed = (Gap.source == GapSource.NIGHT) & (Gap.kind != GapKind.UNFUNDED_TONIGHT)
    written = select(Gap.referral_id, turned).where(noticed).group_by(Gap.referral_id).subquery()
    in_bed = select(BedNight.minor_id).where(BedNight.night == last, BedNight.stay_id.is_not(None))
    rows = session.execute(
        select(Referral.id, Referral.opened_at)
        .outerjoin(written, written.c.referral_id == Referral.id)
        .where(
            Referral.status == ReferralStatus.OPEN,
            Referral.needed_from.is_(None) | (Referral.needed_from <= last),
            written.c.last.is_(None) | (written.c.last < last),
            Referral.minor_id.not_in(in_bed),
        )
        .order_by(Referral.id)
    )
    return [row.id for row in rows if row.opened_at is not None and clock.night_of(row.opened_at) <= last]


def write_waited(session: Session, clock: Clock, referral_id: str) -> bool:
    """Write down each night that a young person has waited since the referral was opened, once each."""
    referral, tonight = session.get_one(Referral, referral_id), clock.tonight()
    if referral.status is not ReferralStatus.OPEN or referral.opened_at is None:
        return False
    first = max(clock.night_of(referral.opened_at), referral.needed_from or date.min, tonight - FARTHEST_BACK)
    slept = set(
        session.scalars(
            select(BedNight.night).where(BedNight.minor_id == referral.minor_id, BedNight.stay_id.is_not(None))
        )
    )
    kind, rule, run_id = _last_known(session, referral_id)
    written = [
        _write(
            session,
            Gap(
                referral_id=referral.id,
                agency_id=referral.agency_id,
                run_id=run_id,
                night=night,
                kind=kind,
                source=GapSource.NIGHT,
                rule=rule,
                made_at=clock.now(),
                once=f"night:{trail_id(referral.id)}:{night}",
            ),
        )
        for night in nights(first, tonight)
        if night not in slept
    ]
    return any(written)


def _last_known(session: Session, referral_id: str) -> tuple[GapKind, str | None, str | None]:
    """What the newest decision says; a referral that was never ranked waits for somebody to ask."""
    run_id = session.scalar(
        select(RankingRun.id)
        .where(RankingRun.referral_id == referral_id)
        .order_by(RankingRun.decided_at.desc(), RankingRun.id)
        .limit(1)
    )
    if run_id is None:
        return GapKind.NEEDS_INFO, None, None
    gap = session.scalar(select(Gap).where(Gap.run_id == run_id, Gap.source == GapSource.RANKING))
    return (GapKind.NO_BED, None, run_id) if gap is None else (gap.kind, gap.rule, run_id)


def list_gaps(session: Session, actor: Actor, place: Place) -> tuple[list[GapRead], str | None]:
    """One page of the gaps of the own agency's referrals, the newest first."""
    query = select(Gap).where(Gap.agency_id == actor.agency_id)
    rows, cursor = page(session, query, [Gap.made_at, Gap.id], place, newest_first=True)
    record(session, actor, "gap.list", "agency", actor.agency_id)
    names = ("id", "referral_id", "night", "kind", "source", "rule", "reason", "made_at")
    return [GapRead(**{name: getattr(row, name) for name in names}) for row in rows], cursor


def of_call(session: Session, call: Call, tonight: date) -> None:
    """Write down a no on the phone, where it is a gap that is counted."""
    _of_no(session, GapSource.CALL, call.id, call.referral_id, call.agency_id, tonight, call.reason, call.made_at)


def of_decline(
    session: Session, offer_id: str, referral_id: str, agency_id: str, night: date, reason: DeclineReason, at: datetime
) -> None:
    """Write down a house's no to an offer, for the night that was asked for, where it is a gap that is counted."""
    _of_no(session, GapSource.OFFER, offer_id, referral_id, agency_id, night, reason, at)


def _of_no(
    session: Session, source: GapSource, what: str, referral_id: str, agency_id: str, night: date,
    reason: DeclineReason, at: datetime,
) -> None:  # fmt: skip
    kind = OF_NOES.get(reason)
    if kind is None:
        return
    gap = Gap(
        referral_id=referral_id,
        agency_id=agency_id,
        night=night,
        kind=kind,
        source=source,
        reason=reason,
        made_at=at,
        once=f"{source}:{what}",
    )
    _write(session, gap)


def _write(session: Session, gap: Gap) -> bool:
    """Write a gap once, whoever else is writing it."""
    names = ("referral_id", "agency_id", "run_id", "night", "kind", "source", "rule", "reason", "made_at", "once")
    row = insert_into(session, Gap).values(id=new_id("gap"), **{name: getattr(gap, name) for name in names})
    done = session.execute(row.on_conflict_do_nothing(index_elements=["once"]).returning(Gap.id))
    return done.one_or_none() is not None
