"""A stored decision derived again: whether it comes out the same, where it does not, and what the checker finds."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.answers import sealed
from app.answers.models import OutlookRun, PlanRun, RankingRun, StoredWhole
from app.audit.models import AuditEvent
from app.placements.plans import PLANNED
from app.placements.service import dump, policy_of
from app.sealing.box import Broken
from app.sealing.keyring import Expunged, keyring_of
from matching import ENGINE_VERSION, RULES_VERSION, check_outlook
from matching.check import faults
from matching.codec import decode, sha256
from matching.decision_form import decision_document
from matching.facts import Snapshot
from matching.outlook import outlook
from matching.outlook_form import outlook_document
from matching.plan import plan
from matching.plan_form import plan_document
from matching.ranking import rank

Json = dict[str, Any]


class Versions(NamedTuple):
    """Of rules and engine, each: the one that answered, and the one that runs now."""

    rules: tuple[str, str]
    engine: tuple[str, str]

    @property
    def same(self) -> bool:
        """Whether the same rules and the same engine still run."""
        return all(then == now for then, now in self)


@dataclass(frozen=True, slots=True)
class Replay:
    """Whether a stored decision comes out the same again, and where it does not."""

    run_id: str
    identical: bool
    differences: tuple[str, ...]
    faults: tuple[str, ...]
    """What the checker, which shares no code with the solver, finds wrong with the stored answer."""
    versions: Versions
    derived: bool = True
    """Whether it was derived again; a plan that was cut by its deadline cannot be."""
    expunged: bool = False
    """Somebody it looked at was expunged, so that nothing could be compared."""


def of_ranking(session: Session, run_id: str) -> Replay | None:
    """Derive a stored decision again from its stored snapshot; None where there is no such run."""
    run = session.get(RankingRun, run_id)
    if run is None:
        return None
    return _unless_shut(session, run, lambda: _of_ranking(session, run))


def _of_ranking(session: Session, run: RankingRun) -> Replay:
    stored: Json = json.loads(run.answer)
    snapshot = decode(run.snapshot)
    parted = _beside(run, snapshot)
    policy = policy_of(session, snapshot.policy.id, snapshot.policy.version)
    again = decision_document(rank(snapshot, run.referral_id, policy=policy), findings="all")
    derived: Json = json.loads(dump(again))
    versions = _versions(run)
    parted += _parts(run, stored, derived)
    if not parted and versions.same and dump(again) != run.answer:
        parted.append("/: the same values in other bytes")
    wrong = faults(stored, snapshot, policy)
    if (kept := session.get(OutlookRun, run.id)) is not None:
        after: Json = json.loads(kept.answer)
        later: Json = json.loads(dump(outlook_document(outlook(snapshot, derived, policy))))
        parted += _parts(run, after, later, "/after")
        wrong += check_outlook.faults(after, derived, snapshot, policy)
    return Replay(
        run_id=run.id,
        identical=not parted,
        differences=tuple(parted),
        faults=tuple(wrong),
        versions=versions,
    )


def of_plan(session: Session, plan_id: str) -> Replay | None:
    """Look at a stored plan again: the checker's faults, and where one that was proved comes out differently.

    One that was cut by its deadline is not derived again: how far the search came depends on the machine.
    """
    row = session.get(PlanRun, plan_id)
    if row is None:
        return None
    return _unless_shut(session, row, lambda: _of_plan(session, row))


def _of_plan(session: Session, row: PlanRun) -> Replay:
    stored: Json = json.loads(row.answer)
    snapshot = decode(row.snapshot)
    policy = policy_of(session, snapshot.policy.id, snapshot.policy.version)
    found = _beside(row, snapshot)
    made_by = select(AuditEvent.agency_id).where(AuditEvent.action == PLANNED, AuditEvent.subject == row.id)
    if session.scalar(made_by) != row.agency_id:
        found.append("/agency: not the one that the trail names")
    if stored["proof"] == "optimal":
        found += _parts(row, stored, json.loads(dump(plan_document(plan(snapshot, policy)))))
    return Replay(
        run_id=row.id,
        identical=not found,
        derived=stored["proof"] == "optimal",
        differences=tuple(found),
        faults=tuple(faults(stored, snapshot, policy)),
        versions=_versions(row),
    )


def _unless_shut(session: Session, run: StoredWhole, replay: Callable[[], Replay]) -> Replay:
    """Look at it again where it opens; else why not: somebody's key was destroyed, or it is not what was sealed."""
    try:
        return replay()
    except Broken:
        return _broken(run)
    except Expunged:
        named = sealed.keys_named(run.sealed_answer, run.sealed_snapshot)
        if keyring_of(session).never(named):
            return _broken(run)
        return Replay(run.id, False, (), (), _versions(run), derived=False, expunged=True)


def _broken(run: StoredWhole) -> Replay:
    text = "/: what is stored was changed, cut off or moved since it was sealed, and does not open"
    return Replay(run.id, False, (text,), (), _versions(run), derived=False)


def _beside(run: StoredWhole, snapshot: Snapshot) -> list[str]:
    """Where what stands beside a stored answer is not what the snapshot has, by name; values stay out."""
    policy = snapshot.policy
    pairs: dict[str, tuple[object, object]] = {
        "/snapshot_sha256": (run.snapshot_sha256, sha256(snapshot)),
        "/tonight": (run.tonight, snapshot.tonight),
        "/decided_at": (run.decided_at, snapshot.as_of),
        "/policy": ((run.policy_id, run.policy_version), (policy.id, policy.version)),
    }
    return [f"{where}: not what the snapshot has" for where, (said, has) in pairs.items() if said != has]


def _versions(run: StoredWhole) -> Versions:
    """Of rules and engine: those that answered, and those that run now."""
    return Versions(rules=(run.rules_version, RULES_VERSION), engine=(run.engine_version, ENGINE_VERSION))


def _parts(run: StoredWhole, stored: Json, derived: Json, at: str = "") -> list[str]:
    """Where an answer and the same question asked again part.

    Who answered is no part of it: it stands in the row too, and there what the answer says of it must be the same.
    """
    known = {"rules_version": run.rules_version, "engine_version": run.engine_version}
    return _differences(stored, derived | known, at)


def _differences(stored: Any, again: Any, at: str = "") -> list[str]:
    """Where two answers part, by JSON pointer; values stay out, since they are about a child."""
    if isinstance(stored, dict) and isinstance(again, dict):
        keys = sorted(set(stored) | set(again))
        return [d for key in keys for d in _differences(stored.get(key), again.get(key), f"{at}/{key}")]
    if isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        return [d for i, pair in enumerate(zip(stored, again, strict=True)) for d in _differences(*pair, f"{at}/{i}")]
    return [] if stored == again and type(stored) is type(again) else [f"{at or '/'}: differs"]
