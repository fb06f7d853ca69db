"""Releases: recorded as they were signed, listed, and taken back in one act that counts at the next look.

Nothing that finds, holds or offers a bed knows of this room: it stands above them, and no service depends on a release.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency
from app.access.policy import AgencyKind
from app.audit.service import record
from app.clock import Clock
from app.db import new_id
from app.errors import FieldError, Problem, invalid
from app.minors.models import Minor
from app.outbox.service import emit
from app.referrals.through import Through
from app.releases import papers
from app.releases.schemas import ReleaseCreate, ReleaseRead, SignerRead
from app.sharing.codes import Item
from app.sharing.models import LoneConsent, Relation, Release, SharingPolicy
from app.sharing.service import grant
from app.sharing.signers import Alone, Signer, SignerRelation, Void, void
from matching.dates import age_on

WHY_VOID = {
    Void.YOUNG_PERSON_MISSING: "The young person has not signed.",
    Void.SIGNED_TWICE: "The young person signs once.",
    Void.ABUSER: "Somebody known or alleged to be an abuser cannot sign, and nobody can beside them.",
    Void.ABUSE_NOT_ASKED: "Ask first whether the parent or guardian is known or alleged to be an abuser.",
    Void.SECOND_MISSING: "A parent or guardian signs too, or name the service that the law gives alone.",
    Void.ALONE_NOT_LAWFUL: "No law on record gives this service alone at this age: a parent or guardian signs too.",
    Void.ALONE_NOT_KNOWN: "Not known to be old enough to sign alone for this: a parent or guardian signs too.",
}


def add(session: Session, actor: Actor, through: Through, body: ReleaseCreate, now: datetime) -> ReleaseRead:
    """Put a signed release on record. 409 `release_void` where the signatures make none."""
    minor_id = through.minor_id(session, actor, now, "release.make")
    if not body.explained:
        raise invalid([FieldError("/explained", "not_explained", "Explain it to the young person first.")])
    valid_from = lasts(session, body.valid_from, body.valid_until, now)
    must_be_another(session, actor, body.recipient)
    _must_be_signed(session, session.get_one(Minor, minor_id), body)
    row = Release(
        id=new_id("rel"),
        minor_id=minor_id,
        agency_id=body.recipient,
        purpose=body.purpose,
        fields=named(body.items),
        signers=[{"relation": one.relation.value, "abuser": one.abuser} for one in body.signers],
        alone_service=body.alone_service,
        alone_state=body.alone_state,
        given=body.given,
        valid_from=valid_from,
        valid_until=body.valid_until,
        created_at=now,
        recorded_by=actor.id,
    )
    session.add(row)
    session.flush()
    if Item.CASE in body.items:
        grant(session, row.minor_id, row.agency_id, Relation.RELEASED, row.valid_from, row.valid_until,
              release_id=row.id)  # fmt: skip
    emit(session, "release.made", agency_id=row.agency_id, subject_kind="release", subject_id=row.id)
    record(session, actor, "release.make", *through.trail, reason=f"for.{row.purpose}",
           release_id=row.id)  # fmt: skip
    return _shown(session, row, now)


def list_releases(session: Session, actor: Actor, through: Through, now: datetime) -> list[ReleaseRead]:
    """Every release of the young person, the newest first."""
    rows = papers.every(session, actor, Release, through, now, "release.list")
    record(session, actor, "release.list", *through.trail)
    return [_shown(session, row, now) for row in rows]


def read(session: Session, actor: Actor, through: Through, release_id: str, now: datetime) -> ReleaseRead:
    """One release."""
    row = papers.find(session, actor, Release, through, release_id, now, "release.read")
    record(session, actor, "release.read", *through.trail, release_id=row.id)
    return _shown(session, row, now)


def withdraw(session: Session, actor: Actor, through: Through, release_id: str, now: datetime) -> ReleaseRead:
    """Take a release back: whoever reads next sees nothing by it. Taken back twice is taken back."""
    row = papers.find(session, actor, Release, through, release_id, now, "release.withdraw", lock=True)
    if row.revoked_at is None:
        row.revoked_at, row.revoked_by = now, actor.id
        session.flush()
        # Open pages of the recipient load again, and then show what is true.
        emit(session, "release.withdrawn", agency_id=row.agency_id, subject_kind="release", subject_id=row.id)
        record(session, actor, "release.withdraw", *through.trail, release_id=row.id)
    return _shown(session, row, now)


def lasts(session: Session, first: datetime | None, until: datetime, now: datetime) -> datetime:
    """From when it holds; refused where it ends before it begins, is over, or lasts longer than the policy has."""
    valid_from = first or now
    most = timedelta(days=session.get_one(SharingPolicy, 1).release_days)
    if not max(valid_from, now) < until <= valid_from + most:
        words = f"Expected a moment to come, {most.days} days after the beginning at most."
        raise invalid([FieldError("/valid_until", "out_of_range", words)])
    if valid_from > now + most:
        raise invalid([FieldError("/valid_from", "out_of_range", f"Expected a day within {most.days} days.")])
    return valid_from


def must_be_another(session: Session, actor: Actor, recipient: str) -> None:
    """Refuse whoever is no recipient: the own agency, one that is closed or not there, and one that gets counts."""
    agency = session.get(Agency, recipient)
    if agency is None or agency.closed_at is not None:
        raise invalid([FieldError("/recipient", "unknown", "There is no such agency.")])
    if agency.id == actor.agency_id:
        raise invalid([FieldError("/recipient", "own", "Your agency has the record: it needs no release.")])
    if agency.kind is AgencyKind.FUNDER:
        raise invalid([FieldError("/recipient", "funder", "A funder gets counts, never a row about anybody.")])


def named(items: list[Item]) -> list[str]:
    """The items in the order of the codes, each once."""
    return [item.value for item in Item if item in items]


def ages(session: Session, minor: Minor) -> tuple[int | None, int | None]:
    """The youngest and the oldest that the young person may be today, in completed years; None is not known."""
    clock: Clock = session.info["clock"]
    if minor.born_on is not None:
        age = age_on(minor.born_on, clock.now().astimezone(clock.zone).date())
        return age, age
    return minor.age_min, minor.age_max


def _must_be_signed(session: Session, minor: Minor, body: ReleaseCreate) -> None:
    own = [one for one in body.signers if one.relation is SignerRelation.MINOR]
    if any(one.abuser is not None for one in own):
        raise invalid([FieldError("/signers", "not_of_the_minor", "This is asked of parents and guardians alone.")])
    laws = _laws(session, body.alone_service, body.alone_state)
    signers = [Signer(one.relation, one.abuser) for one in body.signers]
    found = void(signers, *ages(session, minor), laws)
    if found:
        said = " ".join(words for reason, words in WHY_VOID.items() if reason in found)
        raise Problem("release_void", said, extra={"reasons": sorted(found)})


def _laws(session: Session, service: str | None, state: str | None) -> list[Alone]:
    """What is on record of a service in a State; of one that is named and of which nothing is, that nothing is."""
    if service is None:
        return []
    here = or_(LoneConsent.state.is_(None), LoneConsent.state == state)
    ages = session.scalars(select(LoneConsent.from_age).where(LoneConsent.service == service, here)).all()
    return [Alone(age) for age in ages] or [Alone(None)]


def _shown(session: Session, row: Release, now: datetime) -> ReleaseRead:
    return ReleaseRead(
        id=row.id,
        recipient=row.agency_id,
        recipient_name=session.get_one(Agency, row.agency_id).name,
        purpose=row.purpose,
        items=[Item(item) for item in row.fields],
        signers=[SignerRead.model_validate(one) for one in row.signers],
        alone_service=row.alone_service,
        alone_state=row.alone_state,
        given=row.given,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        withdrawn_at=row.revoked_at,
        recorded_at=row.created_at,
        in_force=papers.in_force(row, now),
    )
