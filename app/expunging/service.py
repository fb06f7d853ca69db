"""Expunging a young person's record: one person asks, a supervisor who is another one agrees, and it is final.

The data key is destroyed, so that whatever was sealed under it is unreadable here and in every copy of the database:
names, words, the part of each stored decision. The profile that was matched on stood in clear and is emptied here; an
old copy still has it. Nights slept, money and counts stay, under an id that leads to nobody.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.access.policy import Permission
from app.audit.service import record
from app.beds.models import BedNight, Resident
from app.codes import trail_id
from app.db import new_id
from app.errors import Problem, conflict
from app.expunging.models import Expungement, ExpungeReason
from app.expunging.schemas import ExpungementRead, State
from app.minors.conference_models import ConferenceCase, ConferenceDecision, ConferenceTask
from app.minors.forms import FACTS, NEEDS
from app.minors.identity_index import IdentityIndex
from app.minors.linking_models import Contact, ContactAsk, RecordLink
from app.minors.models import InterstateApproval, KeepApart, Minor, MinorAvoids, MinorPlace, MinorWish, Sibling
from app.minors.record_models import Activity, Flag
from app.placements.again import against
from app.referrals.models import Referral
from app.referrals.through import Through
from app.sealing.keyring import Expunged, keyring_of

ASKED_FOR = timedelta(days=7)
"""After which nobody agrees any more to what was asked."""
_PARTS = (
    MinorPlace,
    MinorAvoids,
    MinorWish,
    KeepApart,
    Sibling,
    InterstateApproval,
    IdentityIndex,
    Flag,
    Activity,
    ContactAsk,
    RecordLink,
    ConferenceTask,
    ConferenceDecision,
    ConferenceCase,
)


def read(session: Session, actor: Actor, through: Through, now: datetime) -> ExpungementRead:
    """How far it is; 404 for a record of another agency."""
    minor = _own(session, actor, through, now, "expunge.read")
    record(session, actor, "expunge.read", "minor", trail_id(minor.id))
    return _shown(session, actor, minor.id, now)


def ask(
    session: Session, actor: Actor, through: Through, reason: ExpungeReason, now: datetime, tonight: date
) -> ExpungementRead:
    """Ask for it. Who is being looked for, or has a bed, is not expunged."""
    minor = _own(session, actor, through, now, "expunge.ask", lock=True)
    _must_be_over(session, minor.id, tonight)
    asked = _asked(session, minor.id, now)
    if asked is not None:
        raise conflict("asked_already", "This is asked for already: a supervisor who is another person decides.")
    session.add(
        Expungement(
            id=new_id("exp"), minor_id=minor.id, agency_id=actor.agency_id, reason=reason, asked_by=actor.id,
            asked_at=now,
        )
    )  # fmt: skip
    session.flush()
    record(session, actor, "expunge.ask", "minor", trail_id(minor.id), reason=reason.value)
    return _shown(session, actor, minor.id, now)


def decide(
    session: Session, actor: Actor, through: Through, now: datetime, tonight: date, *, agree: bool
) -> ExpungementRead:
    """Agree, which is final, or refuse."""
    if not actor.may(Permission.MINOR_EXPUNGE_DECIDE):
        raise Problem("forbidden")
    minor = _own(session, actor, through, now, "expunge.decide", lock=True)
    asked = _asked(session, minor.id, now)
    if asked is None:
        raise conflict("not_now", "Nobody has asked for this.")
    if agree and asked.asked_by == actor.id:
        raise Problem("forbidden", "Whoever asked cannot agree too: it takes two.")
    asked.decided_by, asked.decided_at, asked.agreed = actor.id, now, agree
    record(session, actor, "expunge.agree" if agree else "expunge.refuse", "minor", trail_id(minor.id))
    if agree:
        _must_be_over(session, minor.id, tonight)
        _empty(session, minor)
        session.flush()
        # Last of all: should what stands here not be kept, the key is gone, and agreeing again is all that is left.
        keyring_of(session).destroy(minor.id, now)
    return _shown(session, actor, minor.id, now)


def _empty(session: Session, minor: Minor) -> None:
    """Take out what stands in clear about the young person: whatever she or he needed, and where from."""
    for name in (*FACTS, *NEEDS, "age_min", "age_max"):
        setattr(minor, name, None)
    asked = select(ContactAsk.id).where(ContactAsk.minor_id == minor.id)
    session.execute(delete(Contact).where(or_(Contact.minor_id == minor.id, Contact.ask_id.in_(asked))))
    session.execute(delete(RecordLink).where(RecordLink.other_id == minor.id))
    for part in _PARTS:
        session.execute(delete(part).where(part.minor_id == minor.id))
    session.execute(
        update(Referral).where(Referral.minor_id == minor.id).values(home_latitude=None, home_longitude=None)
    )
    session.execute(
        update(Resident).where(Resident.minor_id == minor.id).values(age=None, gender=None, trafficking=None)
    )


def _must_be_over(session: Session, minor_id: str, tonight: date) -> None:
    if keyring_of(session).destroyed([minor_id]):
        raise Expunged
    ahead = exists().where(BedNight.minor_id == minor_id, BedNight.night >= tonight)
    if against(session, minor_id, tonight) is not None or session.scalar(select(ahead)):
        raise conflict("in_use", "A bed is being looked for, or kept. End that first.")


def _own(session: Session, actor: Actor, through: Through, now: datetime, action: str, *, lock: bool = False) -> Minor:
    minor_id = through.minor_id(session, actor, now, action)
    minor = session.get_one(Minor, minor_id, with_for_update=lock, populate_existing=lock)
    if minor.agency_id != actor.agency_id:
        raise hidden(actor, action, *through.trail)
    return minor


def _asked(session: Session, minor_id: str, now: datetime) -> Expungement | None:
    waiting = (Expungement.decided_at.is_(None), Expungement.asked_at > now - ASKED_FOR)
    return session.scalar(select(Expungement).where(Expungement.minor_id == minor_id, *waiting).with_for_update())


def _shown(session: Session, actor: Actor, minor_id: str, now: datetime) -> ExpungementRead:
    done = select(Expungement).where(Expungement.minor_id == minor_id, Expungement.agreed.is_(True))
    row = session.scalar(done) or session.scalar(
        select(Expungement).where(
            Expungement.minor_id == minor_id, Expungement.decided_at.is_(None), Expungement.asked_at > now - ASKED_FOR
        )
    )
    if row is None:
        return ExpungementRead(state=State.NOT_ASKED)
    return ExpungementRead(
        state=State.EXPUNGED if row.agreed else State.ASKED,
        reason=row.reason,
        asked_at=row.asked_at,
        asked_by_you=row.asked_by == actor.id,
        decided_at=row.decided_at,
    )
