"""Which fewest changes would have opened a bed for those whom nobody placed: looked for by the worker, counted here.

For who leads the coalition alone: a change may name a house, and the counts are of few. A young person counts once in
a quarter, by the fewest changes over all decisions of it that found no bed; for each of the sets of so many.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.answers import sealed
from app.answers.models import RankingRun
from app.db import Database, insert_into
from app.facilities.models import Facility
from app.gaps.models import Gap, GapKind
from app.referrals.models import Referral, ReferralStatus
from app.reports.models import GapUnlock
from app.reports.people import Person
from app.reports.quarters import Quarter
from app.reports.schemas import ChangeCount, ChangeRead, UnlocksRead
from app.sealing.keyring import Expunged, keyring_of
from matching.codec import decode_kept
from matching.facts import Snapshot
from matching.gaps import Change, Unlocks, anyone, totals, unlocks
from matching.gaps_form import by_count

AT_ONCE = 20
"""Decisions that are looked into within one round of the worker."""


def look_into_gaps(database: Database, at_once: int | None = AT_ONCE) -> int:
    """Look for what would have opened a bed, for decisions of nights that are over; how many were looked into."""
    with database.reading() as session:
        due = session.execute(_due(database).limit(at_once)).all()
    for run_id, referral_id, night in due:
        with database.reading() as session:
            looked_at = _snapshot(session, run_id)
        # Nothing is held while the solver works.
        found = None if looked_at is None else unlocks(looked_at, referral_id)
        row = {
            "run_id": run_id,
            "night": night,
            "known": found is not None,
            "whole": found is not None and found.whole,
            "sets": [] if found is None else [[list(anyone(change)) for change in some] for some in found.sets],
        }
        with database.writing() as session:
            new = insert_into(session, GapUnlock).values(**row)
            session.execute(new.on_conflict_do_nothing(index_elements=["run_id"]))
    return len(due)


def _due(database: Database) -> Select[str, str, date]:
    """Decisions that found no bed, of referrals that have led to none, and that nobody has looked into."""
    return (
        select(RankingRun.id, RankingRun.referral_id, RankingRun.tonight)
        .join(Referral, Referral.id == RankingRun.referral_id)
        .where(
            RankingRun.tonight < database.clock.tonight(),
            Referral.status != ReferralStatus.PLACED,
            RankingRun.id.in_(select(Gap.run_id).where(Gap.kind != GapKind.UNFUNDED_TONIGHT)),
            RankingRun.id.not_in(select(GapUnlock.run_id)),
        )
        .order_by(RankingRun.decided_at, RankingRun.id)
    )


def _snapshot(session: Session, run_id: str) -> Snapshot | None:
    """What a decision looked at; None where somebody of it was expunged."""
    stored = session.scalars(select(RankingRun.sealed_snapshot).where(RankingRun.id == run_id)).one()
    try:
        return decode_kept(sealed.snapshot(keyring_of(session), RankingRun.__tablename__, run_id, stored))
    except Expunged:
        return None


def of_quarter(session: Session, quarter: Quarter, people: Mapping[str, Person]) -> UnlocksRead:
    """Count what would have opened a bed for those of a quarter for whom no house said yes."""
    rows = session.execute(
        select(Referral.minor_id, GapUnlock.known, GapUnlock.whole, GapUnlock.sets)
        .join(RankingRun, RankingRun.id == GapUnlock.run_id)
        .join(Referral, Referral.id == RankingRun.referral_id)
        .where(GapUnlock.night >= quarter.first, GapUnlock.night < quarter.until)
    ).all()
    waiting = {one for one, person in people.items() if not person.placed}
    found: defaultdict[str, list[Unlocks]] = defaultdict(list)
    for row in rows:
        if row.minor_id in waiting and row.known:
            sets = tuple(tuple(Change(*change) for change in some) for some in row.sets)
            found[row.minor_id].append(Unlocks("", False, sets, row.whole))
    counted = totals([_fewest(decisions) for decisions in found.values()])
    aliases = dict(session.execute(select(Facility.id, Facility.alias)).all())
    return UnlocksRead(
        unplaced=len(waiting),
        looked_into=counted.asked,
        none=counted.none,
        alone=[ChangeCount(changes=[_read(one, aliases)], count=n) for one, n in by_count(counted.alone)],
        pairs=[
            ChangeCount(changes=[_read(one, aliases) for one in two], count=n) for two, n in by_count(counted.pairs)
        ],
    )


def _fewest(decisions: list[Unlocks]) -> Unlocks:
    """Of several decisions about one young person the sets of the fewest changes."""
    sizes = [len(row.sets[0]) for row in decisions if row.sets]
    sets = {some for row in decisions for some in row.sets if len(some) == min(sizes)}
    return Unlocks("", False, tuple(sorted(sets)), all(row.whole for row in decisions))


def _read(change: Change, aliases: Mapping[str, str]) -> ChangeRead:
    return ChangeRead(
        kind=change.kind, code=change.code, of=change.of or None, alias=aliases.get(change.of), who=change.who
    )
