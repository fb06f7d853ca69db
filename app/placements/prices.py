"""What beds are worth to those still to come: learnt from the past, kept by date, counted where the lead says so.

Nothing is counted until an administrator of the coalition's lead turns it on, on at least ninety nights of history.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.answers.models import LearntPrices, Policy, PolicyTerm
from app.audit.service import record
from app.bodies import Sent
from app.codes import ApiModel, CalendarDate
from app.db import Database, new_id
from app.errors import Problem
from app.placements.past import history
from matching.prices import WINDOW, learn
from matching.value import COST_LIMIT, WORTH, WORTH_WEIGHT

ANEW_AFTER = timedelta(days=7)


class UnitRead(ApiModel):
    """What a night in one bed of a unit is worth, in units of cost: where one bed is free, where two are, and so on."""

    unit: str
    by_free: list[int]


class LearntRead(ApiModel):
    """What was learnt, and from how much of the past."""

    learnt_on: CalendarDate
    nights: int
    referrals: int
    history_sha256: str
    units: list[UnitRead]


class PricesRead(ApiModel):
    """Whether rankings count prices, and what was learnt last."""

    counted: bool
    learnt: LearntRead | None


class PricesChange(Sent):
    """Whether rankings are to count prices from now on."""

    counted: bool


def learn_now(database: Database) -> LearntPrices:
    """Learn from the last year, and keep it; nobody is held up meanwhile."""
    now, tonight = database.clock.now(), database.clock.tonight()
    with database.reading() as session:
        seen = history(session, tonight)
    found = learn(seen, tonight)
    row = LearntPrices(
        id=new_id("prices"),
        learnt_at=now,
        learnt_on=found.learnt_on,
        nights=found.nights,
        referrals=found.referrals,
        history_sha256=found.history_sha256,
        units={unit.unit: list(unit.by_free) for unit in found.units},
    )
    with database.writing() as session:
        session.add(row)
        record(session, None, "prices.learn", "prices", row.id)
        session.flush()
        session.expunge(row)
    return row


def learn_anew(database: Database) -> int:
    """Once a week, where prices are counted; what the worker does."""
    with database.reading() as session:
        if not counted(session, database.clock.now()):
            return 0
        newest = latest(session, database.clock.now())
        if newest is not None and database.clock.tonight() - newest.learnt_on < ANEW_AFTER:
            return 0
    learn_now(database)
    return 1


def latest(session: Session, now: datetime) -> LearntPrices | None:
    """What was learnt last."""
    query = select(LearntPrices).where(LearntPrices.learnt_at <= now)
    return session.scalar(query.order_by(LearntPrices.learnt_at.desc(), LearntPrices.id).limit(1))


def counted(session: Session, now: datetime) -> bool:
    """Whether the order of terms in force counts prices."""
    return any(term.code == WORTH for term in _terms(session, _in_force(session, now)))


def read(session: Session, actor: Actor) -> PricesRead:
    """What was learnt, for the coalition's lead: how sought-after each house is, is not for everyone."""
    _lead(actor, "prices.read")
    return shown(session, session.info["clock"].now())


def shown(session: Session, now: datetime) -> PricesRead:
    """The same for whoever runs the service."""
    row = latest(session, now)
    return PricesRead(counted=counted(session, now), learnt=None if row is None else _learnt(row))


def put(session: Session, actor: Actor, change: PricesChange) -> PricesRead:
    """Begin to count prices, or stop: a new version of the order of terms, in force at once.

    409 where the past that was learnt from is shorter than ninety nights, or the other terms leave no room.
    """
    _lead(actor, "prices.put")
    now = session.info["clock"].now()
    policy = _in_force(session, now)
    terms = [term for term in _terms(session, policy) if term.code != WORTH]
    if counted(session, now) != change.counted:
        if change.counted:
            _may_begin(session, terms, now)
        _new_version(session, policy, terms, change.counted, now)
        record(session, actor, "prices.count" if change.counted else "prices.leave", "policy", policy.id)
    return shown(session, now)


def _learnt(row: LearntPrices) -> LearntRead:
    return LearntRead(
        learnt_on=row.learnt_on,
        nights=row.nights,
        referrals=row.referrals,
        history_sha256=row.history_sha256,
        units=[UnitRead(unit=unit, by_free=by_free) for unit, by_free in sorted(row.units.items())],
    )


def _may_begin(session: Session, terms: list[PolicyTerm], now: datetime) -> None:
    row = latest(session, now)
    if row is None or row.nights < WINDOW:
        raise Problem("history_too_short")
    if sum(term.weight * term.most for term in terms) + WORTH_WEIGHT.weight * WORTH_WEIGHT.most >= COST_LIMIT:
        raise Problem("conflict", "The other terms of the order leave no room for one more.")


def _new_version(session: Session, policy: Policy, terms: list[PolicyTerm], count: bool, now: datetime) -> None:
    query = select(Policy.version).where(Policy.id == policy.id).order_by(Policy.version.desc()).limit(1)
    version = session.scalars(query).one() + 1
    session.add(Policy(id=policy.id, version=version, in_force_from=now))
    session.flush()
    rows = [(term.code, term.unit, term.weight, term.most) for term in terms]
    if count:
        rows.append((WORTH, WORTH_WEIGHT.unit, WORTH_WEIGHT.weight, WORTH_WEIGHT.most))
    for position, (code, unit, weight, most) in enumerate(rows):
        head = {"policy_id": policy.id, "policy_version": version, "position": position}
        session.add(PolicyTerm(**head, code=code, unit=unit, weight=weight, most=most))
    session.flush()


def _in_force(session: Session, now: datetime) -> Policy:
    query = select(Policy).where(Policy.in_force_from <= now)
    return session.scalars(query.order_by(Policy.in_force_from.desc(), Policy.version.desc()).limit(1)).one()


def _terms(session: Session, policy: Policy) -> list[PolicyTerm]:
    own = (PolicyTerm.policy_id == policy.id, PolicyTerm.policy_version == policy.version)
    return list(session.scalars(select(PolicyTerm).where(*own).order_by(PolicyTerm.position)))


def _lead(actor: Actor, action: str) -> None:
    if not actor.leads:
        raise hidden(actor, action, "prices", "")
