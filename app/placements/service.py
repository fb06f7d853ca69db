"""Ranking a referral, keeping the decision whole, reading it and deriving it again.

The engine runs between two short transactions: it looks at what the first one read, and the second one stores what it
answered. Nothing is held while it thinks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.answers import runs, sealed
from app.answers.models import OutlookRun, PolicyTerm, RankingRun, RunGround
from app.audit.service import record
from app.beds import ledger
from app.codes import FacilityKind
from app.db import Database, new_id
from app.errors import FieldError, Problem, conflict
from app.facilities.veils import veil
from app.funding.limits import CHANGES
from app.gaps import findings
from app.gaps import service as gaps
from app.idempotency import NO_KEY, Once
from app.placements import areas, probing
from app.placements.areas import Areas
from app.placements.snapshot import take
from app.referrals import service as referrals
from app.referrals.models import Referral, ReferralStatus
from app.sealing.keyring import keyring_of
from app.sharing.projection import AGENCY, NOT_AVAILABLE, project
from matching.codec import SnapshotError
from matching.decision_form import decision_document
from matching.facts import Snapshot
from matching.outlook import outlook
from matching.outlook_form import outlook_document
from matching.ranking import rank as decide
from matching.value import Policy, Weight

Json = dict[str, Any]

TRIES = 5
"""Of a decision whose places to avoid other rankings of the agency overtake."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A stored run, its answer, and what its agency is told; `replayed` where the same request was decided before."""

    run_id: str
    answer: Json
    told: Json
    """With the findings that are not met, or not known."""
    replayed: bool = False


def rank(
    database: Database, actor: Actor, referral_id: str, *, request_id: str | None = None, once: Once = NO_KEY
) -> Decided:
    """Decide a referral against the network as it stands, and store it; a request sent twice is decided once."""
    now = database.clock.now()
    with database.reading() as session:
        earlier = _earlier(session, actor, referral_id, once, now)
        if earlier is not None:
            return earlier
        referrals.find_own(session, actor, referral_id, now, "ranking.run")
    return rank_for(database, actor, referral_id, actor.agency_id, request_id=request_id, once=once)


def rank_pressed(database: Database, actor: Actor, referral_id: str, once: Once, *, request_id: str | None) -> str:
    """The same for a press on a page: the run, which a second press while the first is at work gets as well."""
    return once.around(
        database, actor.id, lambda: rank(database, actor, referral_id, request_id=request_id, once=once).run_id
    )


def rank_for(
    database: Database,
    actor: Actor,
    referral_id: str,
    agency_id: str,
    *,
    request_id: str | None = None,
    once: Once = NO_KEY,
) -> Decided:
    """The same for the agency that asks, whoever causes it: its coordinator, or a house that says yes."""
    for _ in range(TRIES):
        now, tonight = database.clock.now(), database.clock.tonight()
        with database.reading() as session:
            referral = session.get_one(Referral, referral_id)
            if referral.status is not ReferralStatus.OPEN:
                raise Problem("referral_closed")
            places = areas.asked(session, agency_id, referral.minor_id, now)
            seen = look(session, now, tonight, referral.minor_id, places=places)
            version = referrals.version_of(session, referral)
        answer = seen.decide(referral_id)
        told = project(answer, viewer=AGENCY)
        after = seen.after(answer)
        with database.writing() as session:
            session.info["request_id"] = request_id
            # The same request may have been decided while the engine thought.
            earlier = _earlier(session, actor, referral_id, once, now)
            if earlier is not None:
                return earlier
            if not areas.still(session, agency_id, referral.minor_id, now, places):
                continue
            run = keep(session, actor, referral, seen, answer, told, version=version, agency_id=agency_id)
            whose, table = referral.minor_id, OutlookRun.__tablename__
            kept = sealed.seal_answer(keyring_of(session), table, run.id, whose, dump(after))
            session.add(OutlookRun(run_id=run.id, sealed_answer=kept))
            once.remember(session, actor.id, run.id)
            return Decided(run.id, answer, told)
    raise conflict()


@dataclass(frozen=True, slots=True)
class Look:
    """The network as it stood at one instant: all that a decision may look at, and how often each house had changed.

    Several referrals may be decided on one look, for as long as nothing changes meanwhile.
    """

    now: datetime
    tonight: date
    snapshot: Snapshot
    text: str
    """The same as it is stored."""
    policy: Policy
    stamps: dict[str, int]
    fund_changes: int
    places: Areas = areas.NOTHING
    """The places to avoid that the decision answers about."""

    def decide(self, referral_id: str) -> Json:
        """What the engine answers."""
        return decision_document(decide(self.snapshot, referral_id, policy=self.policy), findings="all")

    def after(self, answer: Json) -> Json:
        """What the engine says of what comes after the options of its answer."""
        return outlook_document(outlook(self.snapshot, answer, self.policy))


def look(
    session: Session,
    now: datetime,
    tonight: date,
    asked: str | None = None,
    *,
    everyone: bool = False,
    places: Areas = areas.NOTHING,
) -> Look:
    """Read the network, for the minor who is asked about, or for everyone who waits.

    Money that her or his own hold keeps is still there for who is asked about.
    """
    shut = {} if asked is None else {asked: places}
    if everyone:
        shut = areas.unasked(session)
    snapshot, text = _taken(session, now, tonight, asked, everyone, shut)
    policy = policy_of(session, snapshot.policy.id, snapshot.policy.version)
    changes = session.scalars(select(CHANGES)).one()
    return Look(now, tonight, snapshot, text.decode(), policy, ledger.stamps(session), changes, places)


def keep(
    session: Session,
    actor: Actor,
    referral: Referral,
    seen: Look,
    answer: Json,
    told: Json,
    *,
    version: int,
    agency_id: str,
) -> RankingRun:
    """Store a decision whole, and the gap where it had no bed for tonight; `told` is what its agency reads of it."""
    run_id, ring = new_id("run"), keyring_of(session)
    table = RankingRun.__tablename__
    run = RankingRun(
        id=run_id,
        referral_id=referral.id,
        decided_at=seen.now,
        tonight=seen.tonight,
        decided_by=actor.id,
        agency_id=agency_id,
        policy_id=seen.policy.id,
        policy_version=seen.policy.version,
        rules_version=answer["rules_version"],
        engine_version=answer["engine_version"],
        snapshot_sha256=answer["snapshot_sha256"],
        sealed_snapshot=sealed.seal_snapshot(ring, table, run_id, seen.text),
        sealed_answer=sealed.seal_answer(ring, table, run_id, referral.minor_id, dump(answer)),
    )
    probing.watch(session, actor, referral, version, seen.places)
    areas.remember(session, agency_id, seen.places, seen.now)
    session.add(run)
    session.flush()
    gaps.of_run(session, run, told, referral.needed_from)
    findings.of_run(session, run, answer, {row.id: FacilityKind(row.kind) for row in seen.snapshot.facilities})
    hidden = [row["facility"] for row in told["later"] if row.get("code") == NOT_AVAILABLE]
    veil(session, agency_id, seen.tonight, [] if seen.places.shut else hidden)
    ground = RunGround(run_id=run.id, referral_version=version, house_stamps=seen.stamps)
    ground.fund_changes = seen.fund_changes
    session.add(ground)
    record(session, actor, "ranking.run", "ranking_run", run.id)
    return run


def _earlier(session: Session, actor: Actor, referral_id: str, once: Once, now: datetime) -> Decided | None:
    run_id = once.earlier(session, actor.id)
    if run_id is None:
        return None
    answer = runs.read_run(session, actor, referral_id, run_id, now)[1]
    return Decided(run_id, answer, project(answer, viewer=AGENCY), replayed=True)


def policy_of(session: Session, policy_id: str, version: int) -> Policy:
    """The order of terms that a decision names."""
    rows = session.scalars(
        select(PolicyTerm)
        .where(PolicyTerm.policy_id == policy_id, PolicyTerm.policy_version == version)
        .order_by(PolicyTerm.position)
    )
    return Policy(policy_id, version, tuple(Weight(row.code, row.unit, row.weight, row.most) for row in rows))


def _taken(
    session: Session, now: datetime, tonight: date, asked: str | None, everyone: bool, shut: Mapping[str, Areas]
) -> tuple[Snapshot, bytes]:
    try:
        return take(session, now, tonight, asked=asked, everyone=everyone, areas=shut)
    except SnapshotError as error:
        # Two records that exclude each other are for people to settle; which kind they are of is all that is told here.
        kinds = sorted({f"/{at.split('/')[1]}" for at, _ in error.problems if at})
        where = [FieldError(kind, "contradiction", "Records of this kind contradict each other.") for kind in kinds]
        raise Problem("conflict", "Records of the network contradict each other.", errors=where) from None


def dump(document: Json) -> str:
    """An answer as it is stored."""
    return to_json(document).decode()
