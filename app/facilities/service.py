"""The directory of houses: reading it, and what an administrator changes. Children are found through their house."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied, hidden
from app.access.policy import AgencyKind, Permission
from app.access.service import agency_behind
from app.audit.service import record
from app.codes import trail_id
from app.db import new_id
from app.errors import FieldError, invalid
from app.facilities.counties import state_of
from app.facilities.models import Bed, BedStatus, Facility, FacilityAddress, FacilityFund, FacilityPoint, NightStaffing
from app.facilities.schemas import (
    AddressChange,
    AddressKept,
    FacilityChange,
    FacilityCreate,
    FacilityRead,
    HouseOnly,
    OpenBeds,
)
from app.facilities.stamps import stamp
from app.facilities.veils import veiled
from app.funding.models import Fund, Funder
from app.paging import Place, page
from app.versions import must_be_current

RUN_HOUSES = frozenset({AgencyKind.SHELTER, AgencyKind.RESIDENTIAL})
_COLUMNS = (
    "region",
    "duty_phone",
    "population",
    "admits",
    "services",
    "languages",
    "declines",
    "night_ratio",
    "county",
    "place",
)


def find(session: Session, actor: Actor, facility_id: str) -> Facility:
    """A house, or the same 404 as for one that is not there."""
    row = session.get(Facility, facility_id)
    if row is None:
        raise hidden(actor, "facility.read", "facility", facility_id)
    return row


def find_own(session: Session, actor: Actor, facility_id: str, action: str) -> Facility:
    """A house that the actor works in or administers; any other is hidden like an absent one."""
    row = find(session, actor, facility_id)
    if not works_inside(actor, row):
        raise hidden(actor, action, "facility", facility_id)
    return row


def find_to_change(session: Session, actor: Actor, facility_id: str, action: str) -> Facility:
    """An own house that is about to change in what a decision looks at: the change is counted, under its lock."""
    row = find_own(session, actor, facility_id, action)
    stamp(session, facility_id)
    return row


def list_facilities(
    session: Session, actor: Actor, place: Place, tonight: date
) -> tuple[list[FacilityRead], str | None]:
    """One page of the directory."""
    rows, cursor = page(session, select(Facility), [Facility.id], place)
    return _shown(session, actor, rows, tonight), cursor


def read_facility(session: Session, actor: Actor, facility_id: str, tonight: date) -> FacilityRead:
    """One house as this actor may see it."""
    return _shown(session, actor, [find(session, actor, facility_id)], tonight)[0]


def create_facility(session: Session, actor: Actor, new: FacilityCreate, tonight: date) -> FacilityRead:
    """Enter a house. It has no licence, no safeguards and no beds until somebody enters them.

    An agency that runs no houses does not list one: the young people of all others would be sent there.
    """
    if not actor.leads and actor.kind not in RUN_HOUSES:
        raise Denied(actor, "facility.create", "runs_no_houses")
    _lies_in(new.state, new)
    row = Facility(
        id=new_id("fac"),
        agency_id=agency_behind(session, actor, new.agency_id, "/agency_id"),
        alias=new.alias,
        kind=new.kind,
        state=new.state,
        funds_known=new.funds is not None,
        **{name: getattr(new, name) for name in _COLUMNS},
    )
    session.add(row)
    session.flush()
    _write_rows(session, actor, row, new)
    session.flush()
    record(session, actor, "facility.create", "facility", row.id)
    return _shown(session, actor, [row], tonight)[0]


def change_facility(
    session: Session, actor: Actor, facility_id: str, change: FacilityChange, if_match: str | None, tonight: date
) -> FacilityRead:
    """Change what is known of a house."""
    row = find_to_change(session, actor, facility_id, "facility.change")
    must_be_current(_shown(session, actor, [row], tonight)[0], change.version, if_match)
    _lies_in(row.state, change)
    given = change.model_fields_set
    if "alias" in given:
        if change.alias is None:
            raise invalid([FieldError("/alias", "null", "A house has a name.", "Leave it out, or send a name.")])
        row.alias = change.alias
    with session.no_autoflush:
        for name in given.intersection(_COLUMNS):
            setattr(row, name, getattr(change, name))
        if "funds" in given:
            row.funds_known = change.funds is not None
        _write_rows(session, actor, row, change)
        # Funds and the point are rows of their own: the house counts their change too.
        row.version += 1
    session.flush()
    record(session, actor, "facility.change", "facility", trail_id(facility_id))
    return _shown(session, actor, [row], tonight)[0]


def put_address(session: Session, actor: Actor, facility_id: str, change: AddressChange) -> AddressKept:
    """Enter where a house is: its own people, or whoever administers it. Nothing here reads it back."""
    find_own(session, actor, facility_id, "address.put")
    session.merge(FacilityAddress(facility_id=facility_id, shown=change.shown, lines=change.lines))
    session.flush()
    record(session, actor, "address.put", "facility", trail_id(facility_id))
    return AddressKept(facility_id=facility_id, shown=change.shown)


def _write_rows(session: Session, actor: Actor, row: Facility, facts: FacilityCreate | FacilityChange) -> None:
    """What stands in tables of its own: the point and the funds.

    A house is paid under a contract with somebody else, so it does not say by itself that a fund pays it.
    """
    if "point" in facts.model_fields_set:
        session.execute(delete(FacilityPoint).where(FacilityPoint.facility_id == row.id))
        if facts.point is not None:
            latitude, longitude = facts.point
            session.add(FacilityPoint(facility_id=row.id, latitude=latitude, longitude=longitude))
    if "funds" in facts.model_fields_set:
        before = set(session.scalars(select(FacilityFund.fund_id).where(FacilityFund.facility_id == row.id)))
        session.execute(delete(FacilityFund).where(FacilityFund.facility_id == row.id))
        funds = sorted(set(facts.funds or ()))
        runs = (
            select(Fund.id, Funder.agency_id).outerjoin(Funder, Funder.id == Fund.funder_id).where(Fund.id.in_(funds))
        )
        run_by = dict(session.execute(runs).all())
        unknown = [at for at, fund in enumerate(facts.funds or ()) if fund not in run_by]
        if unknown:
            raise invalid([FieldError(f"/funds/{at}", "unknown", "There is no such fund.") for at in unknown])
        theirs = {fund for fund in funds if fund not in before and not actor.administers(run_by[fund])}
        if theirs:
            message = "That this fund pays this house is for whoever runs the fund to enter, or the coalition's lead."
            at = [at for at, fund in enumerate(facts.funds or ()) if fund in theirs]
            raise invalid([FieldError(f"/funds/{one}", "not_theirs", message) for one in at])
        session.add_all(FacilityFund(facility_id=row.id, fund_id=fund) for fund in funds)


def _lies_in(state: str, facts: FacilityCreate | FacilityChange) -> None:
    """Refuse a county or place of another State: which rules govern a house, and who may pay, hangs on both."""
    where = (("county", facts.county), ("place", facts.place))
    wrong = [name for name, code in where if code is not None and state_of(code) != state]
    if wrong:
        raise invalid([FieldError(f"/{name}", "elsewhere", f"This {name} lies in another State.") for name in wrong])


def works_inside(actor: Actor, row: Facility) -> bool:
    """Whether the actor works in a house or administers it."""
    works = row.agency_id is not None and actor.works_in(row.id, row.agency_id)
    return works or actor.administers(row.agency_id)


def _shown(session: Session, actor: Actor, rows: Sequence[Facility], tonight: date) -> list[FacilityRead]:
    """The rows as this actor may see them, with a fixed number of queries however many they are."""
    ids = [row.id for row in rows]
    funds: dict[str, list[str]] = {row.id: [] for row in rows}
    for facility_id, fund_id in session.execute(
        select(FacilityFund.facility_id, FacilityFund.fund_id)
        .where(FacilityFund.facility_id.in_(ids))
        .order_by(FacilityFund.fund_id)
    ):
        funds[facility_id].append(fund_id)
    places = actor.may(Permission.HOLD_WRITE)
    open_beds = _open_beds(session, ids) if places else {}
    for house in veiled(session, actor.agency_id, tonight) if places else ():
        open_beds.pop(house, None)
    staff = _staff(session, [row.id for row in rows if works_inside(actor, row)], tonight)
    return [
        _read(
            row,
            funds=funds[row.id] if row.funds_known else None,
            open_beds=open_beds.get(row.id, "none") if places else None,
            house_only=HouseOnly(county=row.county, place=row.place, awake_staff_tonight=staff.get(row.id))
            if works_inside(actor, row)
            else None,
        )
        for row in rows
    ]


def _read(row: Facility, **rest: object) -> FacilityRead:
    """The columns that everyone may see, named one by one: a new column stays inside until it is named here."""
    names = ("id", "version", "alias", "kind", "state", "region", "duty_phone", "population")
    lists = ("admits", "services", "languages", "declines", "night_ratio")
    return FacilityRead.model_validate({name: getattr(row, name) for name in (*names, *lists)} | rest)


def _open_beds(session: Session, ids: Iterable[str]) -> dict[str, OpenBeds]:
    """None, 1, or 2 and more: an exact count tells a watcher more than a caller needs."""
    query = (
        select(Bed.facility_id, func.count())
        .where(Bed.facility_id.in_(ids), Bed.status == BedStatus.OPEN)
        .group_by(Bed.facility_id)
    )
    return {facility_id: "1" if count == 1 else "2_or_more" for facility_id, count in session.execute(query)}


def _staff(session: Session, ids: Iterable[str], tonight: date) -> dict[str, int]:
    query = select(NightStaffing.facility_id, NightStaffing.awake_staff).where(
        NightStaffing.facility_id.in_(ids), NightStaffing.night == tonight
    )
    return dict(session.execute(query).all())
