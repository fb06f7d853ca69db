"""What must hold on every night that somebody is given: a decision judges people, and the licence, on the first alone.

More nights, or a stay that begins before one that is planned, must bring nobody together whom a record keeps apart, nor
more people than the licence allows. Which of the two it is stays unsaid: it would tell who is to come.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from app.beds import ledger
from app.beds.models import BedNight
from app.db import NOW
from app.errors import Problem
from app.facilities.forms import licence_form
from app.facilities.models import BedUnavailable, Facility, Licence
from app.minors.models import KeepApart

_BESIDE = select(BedNight.minor_id).where(
    BedNight.facility_id == bindparam("house"),
    BedNight.night >= bindparam("first"),
    BedNight.night < bindparam("until"),
    BedNight.minor_id != bindparam("minor"),
    ledger.in_force(NOW),
)
_APART = exists().where(
    or_(
        and_(KeepApart.minor_id == bindparam("minor"), KeepApart.other_id.in_(_BESIDE)),
        and_(KeepApart.other_id == bindparam("minor"), KeepApart.minor_id.in_(_BESIDE)),
    )
)
_HOUSE = (
    select(Licence, ledger.FULLEST.label("fullest"), _APART.label("apart"))
    .select_from(Facility)
    .outerjoin(Licence, Licence.facility_id == Facility.id)
    .where(Facility.id == bindparam("house"))
)


def must_suit(
    session: Session, facility_id: str, minor_id: str, first: date, until: date, now: datetime, tonight: date
) -> None:
    """Refuse the nights `[first, until)`, that the minor has in the ledger by now, where the house cannot have them."""
    which = {"house": facility_id, "minor": minor_id, "first": first, "until": until, "now": now}
    found: Any = session.execute(_HOUSE, which).all()
    capacity = licence_form([licence for licence, *_ in found if licence is not None], tonight)["capacity"]
    if found[0].apart or (capacity is not None and found[0].fullest > capacity):
        raise Problem("not_available")


def must_be_in_use(session: Session, bed_id: str, first: date, until: date) -> None:
    """Refuse nights on which nobody can sleep in the bed."""
    out = select(BedUnavailable.id).where(
        BedUnavailable.bed_id == bed_id, BedUnavailable.until_night > first, BedUnavailable.from_night < until
    )
    if session.scalar(out.limit(1)) is not None:
        raise Problem("not_now", "That bed is out of use on some of these nights. Choose another bed.")
