"""The young person is at the door: the arrival is recorded, and judged as a yes would be.

Hours or days lie between a yes and the door. Meanwhile somebody may have moved in, or something become known, so that
the same house would not be asked any more. The arrival is recorded all the same: a child at a door at night is let in
by people, and a record that says nobody is there keeps nobody safe, and hides a child from those who must act. It is
not silent, though: whoever runs the house and whoever placed have an urgent task, their supervisors and the duty phone
are told, and the stay's page says what is safe until they have decided. Which rule it is stays unsaid, since it may
tell who else lives there. A rule that is waived for this referral does not count, and money is warned of elsewhere.
"""

from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit.service import record
from app.codes import trail_id
from app.exceptions import service as exceptions
from app.placements.snapshot import take
from app.stays import service as stays
from app.stays.models import Admission, Offer, Stay
from app.stays.parties import parties, tell
from app.stays.schemas import StayRead
from app.tasks.models import TaskKind
from app.tasks.service import open_task
from matching.census import Census
from matching.codec import SnapshotError
from matching.eligibility import assess
from matching.facts import Referral as Asked

NOT_AT_THE_DOOR = frozenset({"minor.together", "safeguard.awake_staff"})
"""Siblings who come later are not turned away with her; who is awake tonight is asked of every house each evening."""


def arrive(
    session: Session, actor: Actor, stay_id: str, now: datetime, tonight: date, *, on: date | None = None
) -> StayRead:
    """Record that the young person is there, and have people decide at once where a rule stands against it by now."""
    read = stays.arrive(session, actor, stay_id, now, tonight, on=on)
    stay = session.get_one(Stay, stay_id)
    if not _suits(session, stay, now, tonight):
        _call_people(session, actor, stay, now)
    return read


def _suits(session: Session, stay: Stay, now: datetime, tonight: date) -> bool:
    """Whether the house would be an option tonight but for its money; False where the records contradict each other."""
    led = select(Offer.referral_id).join(Admission, Admission.offer_id == Offer.id)
    referral_id = session.scalars(led.where(Admission.stay_id == stay.id)).one()
    try:
        snapshot, _ = take(session, now, tonight, asked=stay.minor_id)
    except SnapshotError:
        return False
    alone = tuple(replace(row, together_with=()) if row.id == stay.minor_id else row for row in snapshot.minors)
    asked = Asked(referral_id, stay.minor_id, 1, nights_needed=1)
    census = Census(replace(snapshot, minors=alone, referrals=(*snapshot.referrals, asked)))
    house = next(row for row in snapshot.facilities if row.id == stay.facility_id)
    found = assess(census, asked, house, words=False)
    waived = exceptions.in_force(session, referral_id, house.id, now)
    stands = {rule for rule in (*found.failed, *found.unknown) if not rule.startswith("funding.")}
    return found.case.admit_on == tonight and not stands - set(waived) - NOT_AT_THE_DOOR


def _call_people(session: Session, actor: Actor, stay: Stay, now: datetime) -> None:
    who = parties(session, stay)
    for agency in dict.fromkeys(found for found in who if found is not None):
        open_task(
            session,
            TaskKind.WALK_IN,
            agency_id=agency,
            facility_id=stay.facility_id if agency == who.house_agency_id else None,
            subject=("stay", stay.id),
            now=now,
            due_at=now,
            once=f"door:{stay.id}:{agency}",
        )
    tell(session, "stay.against_a_rule", stay)
    record(session, actor, "stay.against_a_rule", "stay", trail_id(stay.id))
