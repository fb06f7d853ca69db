"""A joint plan for everyone who waits, for the meeting of a coalition: made, kept whole, and looked at again.

The engine runs between two short transactions, as for a ranking. A plan is advice: it keeps no bed and no money. Each
of its lines becomes a hold by a person's act, on a ranking of that referral.
"""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.answers import plans, sealed
from app.answers.models import PlanRun
from app.audit.service import record
from app.beds.ledger import in_force
from app.beds.models import BedNight
from app.db import Database, new_id
from app.idempotency import NO_KEY, Once
from app.placements.service import Json, Look, dump, look
from app.referrals.models import Referral, ReferralStatus
from app.sealing.keyring import SYSTEM, keyring_of
from app.stays.codes import OfferStatus
from app.stays.models import Offer
from app.web.translation import marked
from matching.plan import plan as decide
from matching.plan_form import plan_document

SECONDS = 10.0
"""How long a plan is looked for, unless the asker says otherwise."""

PLANNED = "plan.run"
"""What the trail calls it."""

SINCE = {
    ReferralStatus.PLACED: marked("Has a place by now."),
    ReferralStatus.WITHDRAWN: marked("Withdrawn: nobody waits here any more."),
    ReferralStatus.CLOSED: marked("Closed: nobody waits here any more."),
}
ASKED = marked("A house has been asked by now, and its answer is due.")
TAKEN = marked("This bed is taken for that night by now.")


def make(
    database: Database,
    actor: Actor,
    *,
    seconds: float = SECONDS,
    request_id: str | None = None,
    once: Once = NO_KEY,
) -> tuple[Json, bool]:
    """Plan for everyone who waits, and store it; the plan as the actor may see it, and whether it had been made."""
    now, tonight = database.clock.now(), database.clock.tonight()
    if not actor.leads:
        raise hidden(actor, PLANNED, "plan_run", "")
    with database.reading() as session:
        made = once.earlier(session, actor.id)
        if made is not None:
            return plans.read_plan(session, actor, made, now), True
        seen = look(session, now, tonight, everyone=True)
    answer = plan_document(decide(seen.snapshot, seen.policy, seconds=seconds))
    with database.writing() as session:
        session.info["request_id"] = request_id
        # The same request may have been answered while the engine thought.
        made = once.earlier(session, actor.id)
        if made is not None:
            return plans.read_plan(session, actor, made, now), True
        row = _keep(session, actor, seen, answer)
        once.remember(session, actor.id, row.id)
        return plans.shown(session, actor, row, answer, now), False


def _keep(session: Session, actor: Actor, seen: Look, answer: Json) -> PlanRun:
    plan_id, ring, table = new_id("plan"), keyring_of(session), PlanRun.__tablename__
    row = PlanRun(
        id=plan_id,
        decided_at=seen.now,
        tonight=seen.tonight,
        decided_by=actor.id,
        agency_id=actor.agency_id,
        policy_id=seen.policy.id,
        policy_version=seen.policy.version,
        rules_version=answer["rules_version"],
        engine_version=answer["engine_version"],
        snapshot_sha256=answer["snapshot_sha256"],
        sealed_snapshot=sealed.seal_snapshot(ring, table, plan_id, seen.text),
        # Of many: whom it names, it names by ids alone.
        sealed_answer=sealed.seal_answer(ring, table, plan_id, SYSTEM, dump(answer)),
    )
    session.add(row)
    session.flush()
    record(session, actor, PLANNED, "plan_run", row.id)
    return row


def since(session: Session, plan: Json, now: datetime) -> Mapping[str, str]:
    """What became of referrals of a plan, as it is shown, since it was made, and of the beds that it names for them.

    Of a referral that waits as before for a bed that is free nothing is said.
    """
    lines = {row["referral"]: row for row in (*plan["lines"], *plan["unplaced"])}
    open_offers = (Offer.referral_id.in_(lines), Offer.status == OfferStatus.OPEN, Offer.answer_by > now)
    asked = set(session.scalars(select(Offer.referral_id).where(*open_offers)))
    beds = {row["bed"] for row in plan["lines"]}
    nights = {date.fromisoformat(row["admit_on"]) for row in plan["lines"]}
    of_beds = (BedNight.bed_id.in_(beds), BedNight.night.in_(nights), in_force(now))
    nights_of = select(BedNight.bed_id, BedNight.night, BedNight.minor_id).where(*of_beds)
    taken = {(bed, night): whose for bed, night, whose in session.execute(nights_of)}
    found: dict[str, str] = {}
    for referral in session.scalars(select(Referral).where(Referral.id.in_(lines))):
        line = lines[referral.id]
        if referral.status is not ReferralStatus.OPEN:
            found[referral.id] = SINCE[referral.status]
        elif referral.id in asked:
            found[referral.id] = ASKED
        elif "bed" in line:
            # Whoever lives in the bed that the plan leaves her or him has it still.
            whose = taken.get((line["bed"], date.fromisoformat(line["admit_on"])), referral.minor_id)
            if whose != referral.minor_id:
                found[referral.id] = TAKEN
    return found
