"""Every house tonight as those who place see it: how many beds in bands, how fresh that is, and never where."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit.service import record
from app.beds.board import read_board
from app.beds.capacity import licensed_by, staffed_by
from app.beds.ledger import NIGHT, in_force
from app.beds.models import BedNight
from app.board.view import CALL_FIRST_AFTER
from app.clock import Clock
from app.facilities.forms import licence_form
from app.facilities.models import Bed, BedStatus, BedUnavailable, Facility, Licence, NightStaffing
from app.facilities.service import works_inside
from app.facilities.veils import veiled
from app.gaps.calls import last_no
from app.web import words
from app.web.translation import gettext, marked, ngettext

Json = dict[str, Any]

HOUR = timedelta(hours=1)
AGES = range(8, 21)
BANDS = (marked("None open"), marked("1 open"), marked("2 or more open"))
"""An exact count tells a watcher more than a caller needs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader looks for; None is any."""

    region: str | None
    age: int | None
    gender: str | None


@dataclass(frozen=True, slots=True)
class _House:
    row: Facility
    licence: Json
    licensed: int | None
    open: int
    tomorrow: int
    confirmed_at: datetime | None


def regional_view(session: Session, actor: Actor, wanted: Wanted, clock: Clock) -> Json:
    """Everything that the page shows."""
    houses = _houses(session, actor, clock)
    regions = sorted({house.row.region for house in houses if house.row.region})
    found = sorted(filter(lambda house: _suits(house, wanted), houses), key=_order)
    record(session, actor, "region.read", "agency", actor.agency_id)
    groups = [
        {"title": region or gettext("Region not known"), "houses": [_shown(session, actor, row, clock) for row in rows]}
        for region, rows in groupby(found, key=lambda house: house.row.region or "")
    ]
    count = sum(house.open > 0 for house in found)
    return {
        "title": ngettext("%(n)s house with an open bed tonight", "%(n)s houses with an open bed tonight", count),
        "none": None if count else _nothing(found, wanted),
        "groups": groups,
        "region_choices": [(region, region) for region in regions],
        "ages": [(age, str(age)) for age in AGES],
        "genders": [(code, gettext(text)) for code, text in words.GENDERS.items()],
        "wanted": wanted,
    }


def _houses(session: Session, actor: Actor, clock: Clock) -> list[_House]:
    """With a fixed number of queries, however many houses there are."""
    tonight = clock.tonight()
    licences = _by_house(session.scalars(select(Licence)))
    beds = _by_house(session.scalars(select(Bed)))
    awake = select(NightStaffing.facility_id, NightStaffing.awake_staff).where(NightStaffing.night == tonight)
    staff = dict(session.execute(awake).all())
    gone, people, no = _gone(session, clock), _people(session, clock), last_no(session)
    hidden = veiled(session, actor.agency_id, tonight)
    houses = []
    for row in session.scalars(select(Facility)):
        own, form = beds.get(row.id, []), licence_form(licences.get(row.id, ()), tonight)
        licensed, staffed = licensed_by(form, tonight), staffed_by(row, staff.get(row.id))
        free = [bed for bed in own if bed.status is BedStatus.OPEN and bed.id not in gone]
        # A house that may take or look after nobody more shows no open bed, whatever the reason.
        most = [limit - people.get(row.id, 0) for limit in (licensed, staffed) if limit is not None]
        most += [0] if row.id in hidden else []
        houses.append(
            _House(
                row=row,
                licence=form,
                licensed=licensed,
                open=max(0, min([len(free), *most])),
                tomorrow=sum(bed.offline_until == tonight + NIGHT for bed in own),
                confirmed_at=_confirmed(free or own, no.get(row.id)),
            )
        )
    return houses


def _by_house(rows: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.facility_id, []).append(row)
    return found


def _gone(session: Session, clock: Clock) -> set[str]:
    """Beds that somebody has tonight, and beds that nobody can sleep in."""
    tonight = clock.tonight()
    taken = select(BedNight.bed_id).where(BedNight.night == tonight, in_force(clock.now()))
    shut = (BedUnavailable.from_night <= tonight, BedUnavailable.until_night > tonight)
    return set(session.scalars(taken)) | set(session.scalars(select(BedUnavailable.bed_id).where(*shut)))


def _people(session: Session, clock: Clock) -> dict[str, int]:
    """How many have a bed in each house tonight, holds included."""
    there = (BedNight.night == clock.tonight(), in_force(clock.now()))
    query = select(BedNight.facility_id, func.count()).where(*there).group_by(BedNight.facility_id)
    return dict(session.execute(query).all())


def _confirmed(beds: Iterable[Bed], last_no: datetime | None) -> datetime | None:
    """The oldest word of a person on these beds; none where a house has said no on the phone since."""
    said = [bed.confirmed_at for bed in beds]
    known = [at for at in said if at is not None and (last_no is None or at > last_no)]
    return min(known) if known and len(known) == len(said) else None


def _suits(house: _House, wanted: Wanted) -> bool:
    """Whether the licence is not against what is looked for; what is not known is no reason to hide a house."""
    low, high, genders = (house.licence[name] for name in ("min_age", "max_age", "genders"))
    if wanted.region is not None and house.row.region != wanted.region:
        return False
    if wanted.age is not None and not (low or 0) <= wanted.age <= (99 if high is None else high):
        return False
    return wanted.gender is None or genders is None or wanted.gender in genders


def _order(house: _House) -> tuple[str, bool, float, str]:
    at = house.confirmed_at
    return house.row.region or "", house.open == 0, -at.timestamp() if at else 0.0, house.row.alias


def _shown(session: Session, actor: Actor, house: _House, clock: Clock) -> Json:
    row, now = house.row, clock.now()
    at = house.confirmed_at
    numbers = [(gettext("Licensed for"), house.licensed)]
    if works_inside(actor, row):
        own = read_board(session, actor, row.id, now, clock.tonight())
        numbers += [(gettext("Staffed tonight"), own.staffed), (gettext("Funded tonight"), own.funded)]
    return {
        "name": row.alias,
        "kind": words.code_words(row.kind).capitalize(),
        "open": gettext(BANDS[min(house.open, 2)]),
        "any": house.open > 0,
        "call_first": at is None or now - at >= CALL_FIRST_AFTER,
        "confirmed": _fresh(at, now),
        "whom": _whom(house.licence),
        "numbers": [(name, gettext("not known") if n is None else str(n)) for name, n in numbers],
        "phone": row.duty_phone,
    }


def _fresh(at: datetime | None, now: datetime) -> str:
    """How old a confirmation is, never to the minute."""
    if at is None:
        return gettext("Not confirmed")
    if now - at < HOUR:
        return gettext("Confirmed within the hour")
    return gettext("Confirmed %(ago)s") % {"ago": words.ago(at, now)}


def _whom(licence: Json) -> str:
    low, high = licence["min_age"], licence["max_age"]
    ages = gettext("ages not known")
    if low is not None and high is not None:
        ages = gettext("ages %(low)s to %(high)s") % {"low": low, "high": high}
    genders = licence["genders"]
    who = gettext("genders not known")
    if genders is not None:
        who = words.listed(words.said(words.GENDERS, code).lower() for code in genders)
    line = f"{ages}, {who}"
    return line[:1].upper() + line[1:]


def _nothing(found: list[_House], wanted: Wanted) -> str:
    """No open bed: where, and how many beds come back tomorrow."""
    where = gettext("here") if wanted.region is None else gettext("in %(region)s") % {"region": wanted.region}
    said = gettext("No beds open tonight %(where)s.") % {"where": where}
    tomorrow = sum(house.tomorrow for house in found)
    if not tomorrow:
        return said
    return f"{said} {ngettext('%(n)s opens tomorrow.', '%(n)s open tomorrow.', tomorrow)}"
