"""The rows of a period as a re-run walks them: decisions in their order, what came of each, and who said no."""

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app.answers import sealed
from app.answers.models import RankingRun
from app.beds.models import BedNight
from app.funding.models import FundLimit
from app.gaps.models import Call, FundRefusal
from app.placements.service import policy_of
from app.referrals.models import Referral, ReferralStatus
from app.sealing.keyring import Expunged, keyring_of
from app.stays.codes import OfferStatus
from app.stays.models import Admission, NextPlacement, Offer, Stay
from matching.codec import decode_kept
from matching.facts import Payer, Snapshot
from matching.value import Policy
from matching.whatif import Decided, Look, Past
from matching.whatif_world import Slept


@dataclass(frozen=True, slots=True)
class Period:
    """The nights `[first, until)`."""

    first: date
    until: date

    def of(self, night: Any) -> ColumnElement[bool]:
        """Whether a night is one of them."""
        return and_(night >= self.first, night < self.until)


def past(session: Session, period: Period, funds: Collection[str], *, answered: bool = False) -> Past:
    """What happened in a period; of `funds`, whose limits are changed, whom they turned away.

    `answered`: what each decision answered is read too, not derived from what it looked at.
    """
    runs = session.execute(
        select(RankingRun.id, RankingRun.decided_at, RankingRun.tonight, RankingRun.referral_id, Referral.minor_id)
        .join(Referral, Referral.id == RankingRun.referral_id)
        .where(period.of(RankingRun.tonight))
        .order_by(RankingRun.decided_at, Referral.opened_at, RankingRun.id)
    ).all()
    stay_of = {
        run: (referral, stay)
        for run, referral, stay in session.execute(
            select(Offer.run_id, Offer.referral_id, Admission.stay_id)
            .outerjoin(Admission, Admission.offer_id == Offer.id)
            .where(Offer.status == OfferStatus.ACCEPTED)
        )
    }
    own = {run.id: stay_of[run.id] for run in runs if run.id in stay_of}
    came, fixed = _slept(session, period, {stay: referral for referral, stay in own.values() if stay is not None})
    refused = _refused(session, period, funds)
    placed_on = {(run.referral_id, run.tonight) for run in runs if run.id in own}
    decisions = []
    for run in runs:
        stay = came.get(own[run.id][1]) if run.id in own else None
        decisions.append(
            Decided(
                run=run.id,
                at=run.decided_at,
                tonight=run.tonight,
                referral=run.referral_id,
                minor=run.minor_id,
                refused=refused.get(run.id, {}),
                came=stay,
                # A step on the way to a bed of the same evening; or a yes to which nobody came, or that only went on.
                settled=stay is None and (run.referral_id, run.tonight) in placed_on,
            )
        )
    return Past(
        decisions=decisions,
        look=Looks(session, answered),
        declined=_declined(session),
        fixed=fixed,
        budgeted=frozenset(session.scalars(select(FundLimit.fund_id).where(FundLimit.nights_granted.is_not(None)))),
    )


def _slept(session: Session, period: Period, of: dict[str, str]) -> tuple[dict[str, Slept], dict[str, frozenset[date]]]:
    """The stays that came of the period's decisions; of all others, the nights of each bed and each young person."""
    nights: dict[str, dict[date, tuple[str, str | None]]] = defaultdict(dict)
    fixed: dict[str, set[date]] = defaultdict(set)
    rows = session.execute(
        select(BedNight.stay_id, BedNight.night, BedNight.bed_id, BedNight.fund_id, BedNight.minor_id)
        .where(BedNight.hold_id.is_(None), BedNight.night >= period.first)
        .order_by(BedNight.night)
    )
    for stay_id, night, bed_id, fund_id, minor_id in rows:
        if stay_id in of:
            nights[stay_id][night] = (bed_id, fund_id)
        else:
            for key in (bed_id, minor_id):
                if key is not None:
                    fixed[key].add(night)
    followed = set(
        session.scalars(
            select(NextPlacement.stay_id)
            .join(Referral, Referral.id == NextPlacement.referral_id)
            .where(Referral.status == ReferralStatus.PLACED)
        )
    )
    found = {
        stay.id: Slept(
            stay.id, of[stay.id], stay.minor_id, stay.facility_id, stay.left_on, nights[stay.id], stay.id in followed
        )
        for stay in session.execute(select(Stay.id, Stay.minor_id, Stay.facility_id, Stay.left_on))
        if nights.get(stay.id)
    }
    return found, {key: frozenset(own) for key, own in fixed.items()}


def _refused(session: Session, period: Period, funds: Collection[str]) -> dict[str, dict[str, frozenset[str]]]:
    rules: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    rows = session.execute(
        select(FundRefusal.run_id, FundRefusal.fund_id, FundRefusal.rule).where(
            FundRefusal.fund_id.in_(funds), period.of(FundRefusal.night)
        )
    )
    for run_id, fund_id, rule in rows:
        rules[run_id][fund_id].add(rule)
    return {run: {fund: frozenset(own) for fund, own in by_fund.items()} for run, by_fund in rules.items()}


def _declined(session: Session) -> frozenset[tuple[str, str]]:
    no = select(Offer.referral_id, Offer.facility_id).where(Offer.status == OfferStatus.DECLINED)
    called = select(Call.referral_id, Call.facility_id)
    return frozenset((referral, house) for query in (no, called) for referral, house in session.execute(query))


class Looks:
    """Stored decisions opened one after another; what several of an evening looked at is read once.

    `answered`: their answers are opened too.
    """

    def __init__(self, session: Session, answered: bool) -> None:
        self._session = session
        self._answered = answered
        self._last: tuple[str, Look | None] = ("", None)
        self._snapshot: tuple[str, Snapshot] | None = None
        self._policies: dict[tuple[str, int], Policy] = {}

    def __call__(self, run_id: str) -> Look | None:
        """What a decision looked at; None where somebody whom it looked at was expunged."""
        if self._last[0] != run_id:
            try:
                self._last = (run_id, self._open(run_id))
            except Expunged:
                self._last = (run_id, None)
        return self._last[1]

    def _open(self, run_id: str) -> Look:
        row = self._session.execute(
            select(RankingRun.snapshot_sha256, RankingRun.policy_id, RankingRun.policy_version).where(
                RankingRun.id == run_id
            )
        ).one()
        if self._snapshot is None or self._snapshot[0] != row.snapshot_sha256:
            stored = self._session.scalars(select(RankingRun.sealed_snapshot).where(RankingRun.id == run_id)).one()
            text = sealed.snapshot(keyring_of(self._session), RankingRun.__tablename__, run_id, stored)
            self._snapshot = (row.snapshot_sha256, decode_kept(text))
        policy = (row.policy_id, row.policy_version)
        if policy not in self._policies:
            self._policies[policy] = policy_of(self._session, *policy)
        return Look(self._snapshot[1], self._policies[policy], self._options(run_id) if self._answered else None)

    def _options(self, run_id: str) -> dict[str, tuple[Payer, ...]]:
        stored = self._session.scalars(select(RankingRun.sealed_answer).where(RankingRun.id == run_id)).one()
        answer = json.loads(sealed.answer(keyring_of(self._session), RankingRun.__tablename__, run_id, stored))
        return {entry["facility"]: _payers(entry["payers"]) for entry in answer["options"]}


def _payers(rows: list[dict[str, str]]) -> tuple[Payer, ...]:
    return tuple(Payer(row["fund"], date.fromisoformat(row["from"]), date.fromisoformat(row["until"])) for row in rows)
