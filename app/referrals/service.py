"""Making, reading and correcting referrals. Every query starts from the minors that the actor's agency may see."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import String, bindparam, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.beds import ledger
from app.beds.models import BedNight, FormerBedNight
from app.clock import Clock
from app.codes import trail_id
from app.db import NOW, new_id
from app.errors import FieldError, Problem, invalid
from app.facilities.models import Bed
from app.minors import alerts
from app.minors.models import Minor
from app.minors.schemas import MinorRead
from app.minors.service import change_minor, create_minor, read_minors
from app.paging import Place, page
from app.referrals.codes import codes_for
from app.referrals.models import Referral, ReferralStatus
from app.referrals.schemas import ReferralChange, ReferralCreate, ReferralRead
from app.sharing.models import Relation
from app.sharing.service import grant, granted, reads_cases, visible_minors
from app.versions import must_be_current

_COLUMNS = ("needed_from", "nights_needed", "urgency")
_VISIBLE = select(Referral).where(
    Referral.id == bindparam("referral"),
    Referral.minor_id.in_(granted(bindparam("agency"), NOW, bindparam("person", type_=String()))),
)
_VISIBLE_LOCKED = _VISIBLE.with_for_update(of=Referral).execution_options(populate_existing=True)


def create_referral(
    session: Session, actor: Actor, new: ReferralCreate, now: datetime, tonight: date, *, minor: Minor | None = None
) -> ReferralRead:
    """Enter the profile and the request; the agency that asks owns the record.

    `minor`: somebody whose record is there, which what is given corrects. A 422 where the first night is over.
    """
    _not_over(new.needed_from, tonight)
    if minor is None:
        minor = create_minor(session, actor, new.minor, now)
        grant(session, minor.id, actor.agency_id, Relation.OWNER, now)
    else:
        change_minor(session, actor, minor, new.minor, now)
    referral_id = new_id("ref")
    latitude, longitude = new.home_point or (None, None)
    row = Referral(
        id=referral_id,
        code=codes_for(session, [referral_id])[referral_id],
        minor_id=minor.id,
        agency_id=actor.agency_id,
        status=ReferralStatus.OPEN,
        created_at=now,
        created_by=actor.person_id or actor.api_key_id or "",
        opened_at=now,
        home_latitude=latitude,
        home_longitude=longitude,
        **{name: getattr(new, name) for name in _COLUMNS},
    )
    session.add(row)
    session.flush()
    clock: Clock = session.info["clock"]
    alerts.tell(session, minor.id, alerts.Turn.REFERRED, now, clock.today())
    record(session, actor, "referral.create", "referral", row.id)
    return _shown(session, actor, [row], tonight)[0]


def list_referrals(
    session: Session, actor: Actor, place: Place, status: ReferralStatus | None, now: datetime, tonight: date
) -> tuple[list[ReferralRead], str | None]:
    """One page of the referrals the actor may see, the newest first."""
    query = select(Referral).where(Referral.minor_id.in_(visible_minors(actor, now)))
    if status is not None:
        query = query.where(Referral.status == status)
    rows, cursor = page(session, query, [Referral.created_at, Referral.id], place, newest_first=True)
    record(session, actor, "referral.list", "agency", actor.agency_id)
    return _shown(session, actor, rows, tonight), cursor


def find(
    session: Session,
    actor: Actor,
    referral_id: str,
    now: datetime,
    action: str = "referral.read",
    *,
    lock: bool = False,
) -> Referral:
    """A referral that the actor may see, or the same 404 as for one that is not there."""
    row = None
    if reads_cases(actor):
        which = {"referral": referral_id, "agency": actor.agency_id, "person": actor.person_id, "now": now}
        row = session.scalar(_VISIBLE_LOCKED if lock else _VISIBLE, which)
    if row is None:
        raise hidden(actor, action, "referral", referral_id)
    return row


def find_own(
    session: Session, actor: Actor, referral_id: str, now: datetime, action: str, *, lock: bool = False
) -> Referral:
    """A referral of the actor's own agency: others may be let in to read, never to act.

    With `lock`, under the lock that every movement of it takes first.
    """
    row = find(session, actor, referral_id, now, action, lock=lock)
    if row.agency_id != actor.agency_id:
        raise hidden(actor, action, "referral", referral_id)
    return row


def read_referral(session: Session, actor: Actor, referral_id: str, now: datetime, tonight: date) -> ReferralRead:
    """One referral. Whoever reads it, on a page or by the API, is on record."""
    row = find(session, actor, referral_id, now)
    record(session, actor, "referral.read", "referral", trail_id(referral_id))
    return _shown(session, actor, [row], tonight)[0]


def change_referral(
    session: Session,
    actor: Actor,
    referral_id: str,
    change: ReferralChange,
    if_match: str | None,
    now: datetime,
    tonight: date,
) -> ReferralRead:
    """Answer or correct facts of a referral that waits."""
    row = find_own(session, actor, referral_id, now, "referral.change")
    must_be_current(_shown(session, actor, [row], tonight)[0], change.version, if_match)
    if row.status is not ReferralStatus.OPEN:
        raise Problem("referral_closed")
    given = change.model_fields_set
    if change.needed_from != row.needed_from:  # one that was stated in time may be sent again
        _not_over(change.needed_from, tonight)
    for name in given.intersection(_COLUMNS):
        setattr(row, name, getattr(change, name))
    if "home_point" in given:
        row.home_latitude, row.home_longitude = change.home_point or (None, None)
    minor = session.get_one(Minor, row.minor_id)
    if "minor" in given:
        _count_houses(session, minor.id, tonight)
        change_minor(session, actor, minor, change.minor, now)
    else:
        row.version += 1
    session.flush()
    record(session, actor, "referral.change", "referral", trail_id(referral_id))
    return _shown(session, actor, [row], tonight)[0]


def _count_houses(session: Session, minor_id: str, tonight: date) -> None:
    """Whoever lives somewhere, or will, is looked at by decisions about others: they are judged again."""
    ahead = select(BedNight.facility_id).where(BedNight.minor_id == minor_id, BedNight.night >= tonight)
    # Whoever gave a bed up lives there all the same: the ledger has no row of it, its history has.
    had = select(Bed.facility_id).join(FormerBedNight, FormerBedNight.bed_id == Bed.id)
    houses = session.scalars(ahead.union(had.where(FormerBedNight.minor_id == minor_id))).all()
    ledger.lock(session, houses)
    for house in houses:
        ledger.stamp(session, house)


def _not_over(needed_from: date | None, tonight: date) -> None:
    if needed_from is not None and needed_from < tonight:
        raise invalid([FieldError("/needed_from", "out_of_range", "Expected a night, tonight at the earliest.")])


def _for_reader(profile: MinorRead, *, own: bool) -> MinorRead:
    """Whoever was let in to read about one young person is told of no other: neither ties nor kin."""
    if own:
        return profile
    return profile.model_copy(
        update={"avoid": profile.avoid.model_copy(update={"minors": None}), "together_with": None}
    )


def version_of(session: Session, row: Referral) -> int:
    """The version that a reader of a referral sees: both only ever grow, so the sum changes where either does."""
    return row.version + session.get_one(Minor, row.minor_id).version - 1


def urgency_of(stated: int | None, needed_from: date | None, tonight: date) -> int:
    """As stated; else by how soon a bed is needed."""
    if stated is not None:
        return stated
    nights = 0 if needed_from is None else (needed_from - tonight).days
    return 1 if nights <= 0 else 2 if nights == 1 else 3 if nights <= 3 else 4


def _shown(session: Session, actor: Actor, rows: Sequence[Referral], tonight: date) -> list[ReferralRead]:
    minors = session.scalars(select(Minor).where(Minor.id.in_([row.minor_id for row in rows]))).all()
    profiles, versions = read_minors(session, minors), {minor.id: minor.version for minor in minors}
    return [
        ReferralRead(
            id=row.id,
            code=row.code,
            # Both only ever grow, so the sum is unchanged exactly where neither the request nor the profile changed.
            version=row.version + versions[row.minor_id] - 1,
            status=row.status,
            agency_id=row.agency_id,
            created_at=row.created_at,
            opened_at=row.opened_at,
            needed_from=row.needed_from,
            nights_needed=row.nights_needed,
            urgency=urgency_of(row.urgency, row.needed_from, tonight),
            minor=_for_reader(profiles[row.minor_id], own=row.agency_id == actor.agency_id),
        )
        for row in rows
    ]
