"""Reading and changing funds and their dated limits. A funder changes its own limits, the coalition's lead any."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied, hidden
from app.access.policy import Permission
from app.access.service import agency_behind
from app.audit.service import record
from app.codes import trail_id
from app.db import new_id
from app.errors import FieldError, conflict, invalid
from app.funding.forms import clock_columns, limit_columns, limit_form
from app.funding.models import Fund, FundClock, Funder, FundLimit
from app.funding.schemas import FundChange, FundCreate, FundRead, LimitChange, LimitCreate, LimitRead
from app.paging import Place, page
from app.versions import must_be_current


def list_funds(session: Session, place: Place) -> tuple[list[FundRead], str | None]:
    """One page of all funds: what a fund pays for is no secret."""
    rows, cursor = page(session, select(Fund), [Fund.id], place)
    names = _funder_names(session, rows)
    return [_fund(row, names) for row in rows], cursor


def read_fund(session: Session, actor: Actor, fund_id: str) -> FundRead:
    """One fund."""
    row = _find(session, actor, fund_id)
    return _fund(row, _funder_names(session, [row]))


def create_fund(session: Session, actor: Actor, new: FundCreate) -> FundRead:
    """Add a fund, and its funder where there is none of that name yet."""
    _administrator(actor, "fund.create", "")
    agency_id = agency_behind(session, actor, new.funder_agency_id, "/funder_agency_id")
    funder = session.scalar(select(Funder).where(Funder.name == new.funder))
    if funder is None:
        funder = Funder(id=new_id("funder"), agency_id=agency_id, name=new.funder)
        session.add(funder)
        session.flush()
    elif agency_id not in (None, funder.agency_id):
        raise conflict("already_exists", "A funder of this name belongs to another agency.")
    fund = Fund(id=new_id("fund"), funder_id=funder.id, program=new.program, last_resort=new.last_resort)
    session.add(fund)
    session.flush()
    record(session, actor, "fund.create", "fund", fund.id)
    return _fund(fund, {funder.id: funder.name})


def change_fund(session: Session, actor: Actor, fund_id: str, change: FundChange, if_match: str | None) -> FundRead:
    """Change what a fund is called, or whether it is a last resort."""
    row = _find(session, actor, fund_id)
    _administrator(actor, "fund.change", fund_id)
    _own(session, actor, row, "fund.change")
    names = _funder_names(session, [row])
    must_be_current(_fund(row, names), change.version, if_match)
    for name in change.model_fields_set - {"version"}:
        value = getattr(change, name)
        if value is None:
            raise invalid([FieldError(f"/{name}", "null", "This cannot be empty.", "Leave it out, or send a value.")])
        setattr(row, name, value)
    session.flush()
    record(session, actor, "fund.change", "fund", trail_id(fund_id))
    return _fund(row, names)


def list_limits(session: Session, actor: Actor, fund_id: str) -> list[LimitRead]:
    """A fund's rows, the one that came into force last first."""
    _find(session, actor, fund_id)
    query = select(FundLimit).where(FundLimit.fund_id == fund_id)
    return _limits(session, session.scalars(query.order_by(FundLimit.valid_from.desc(), FundLimit.position)))


def read_limit(session: Session, actor: Actor, fund_id: str, limit_id: str) -> LimitRead:
    """One row, found through its fund."""
    return _limits(session, [_find_limit(session, actor, fund_id, limit_id)])[0]


def add_limit(session: Session, actor: Actor, fund_id: str, new: LimitCreate) -> LimitRead:
    """Add conditions that come into force on a date."""
    _own(session, actor, _find(session, actor, fund_id), "limit.create")
    _no_other_from(session, fund_id, new, None)
    position = session.scalar(select(func.max(FundLimit.position)).where(FundLimit.fund_id == fund_id))
    row = FundLimit(
        id=new_id("limit"),
        fund_id=fund_id,
        position=0 if position is None else position + 1,
        **limit_columns(new.model_dump()),
    )
    session.add(row)
    session.flush()
    _write_clocks(session, row.id, new)
    record(session, actor, "limit.create", "fund_limit", row.id)
    return _limits(session, [row])[0]


def replace_limit(
    session: Session, actor: Actor, fund_id: str, limit_id: str, change: LimitChange, if_match: str | None
) -> LimitRead:
    """Put the whole row as it shall be."""
    row = _find_limit(session, actor, fund_id, limit_id)
    _own(session, actor, _find(session, actor, fund_id), "limit.change")
    must_be_current(_limits(session, [row])[0], change.version, if_match)
    _no_other_from(session, fund_id, change, limit_id)
    for name, value in limit_columns(change.model_dump()).items():
        setattr(row, name, value)
    # The clocks are rows of their own: the row counts their change too.
    row.version += 1
    session.flush()
    session.execute(delete(FundClock).where(FundClock.limit_id == limit_id))
    _write_clocks(session, limit_id, change)
    record(session, actor, "limit.change", "fund_limit", limit_id)
    return _limits(session, [row])[0]


def _write_clocks(session: Session, limit_id: str, form: LimitCreate) -> None:
    if form.clocks:
        session.execute(insert(FundClock), clock_columns(limit_id, form.model_dump()["clocks"]))


def _limits(session: Session, rows: Iterable[FundLimit]) -> list[LimitRead]:
    rows = list(rows)
    clocks: dict[str, list[FundClock]] = {row.id: [] for row in rows}
    query = select(FundClock).where(FundClock.limit_id.in_(clocks)).order_by(FundClock.limit_id, FundClock.position)
    for clock in session.scalars(query.execution_options(populate_existing=True)):
        clocks[clock.limit_id].append(clock)
    return [
        LimitRead.model_validate({"id": row.id, "version": row.version, **limit_form(row, clocks[row.id])})
        for row in rows
    ]


def _no_other_from(session: Session, fund_id: str, form: LimitCreate, own_id: str | None) -> None:
    query = select(FundLimit.id).where(FundLimit.fund_id == fund_id, FundLimit.valid_from == form.valid_from)
    if any(other != own_id for other in session.scalars(query)):
        raise conflict("already_exists", "This fund has a row that comes into force on the same date.")


def _find(session: Session, actor: Actor, fund_id: str) -> Fund:
    row = session.get(Fund, fund_id)
    if row is None:
        raise hidden(actor, "fund.read", "fund", fund_id)
    return row


def _find_limit(session: Session, actor: Actor, fund_id: str, limit_id: str) -> FundLimit:
    row = session.scalar(select(FundLimit).where(FundLimit.fund_id == fund_id, FundLimit.id == limit_id))
    if row is None:
        raise hidden(actor, "limit.read", "fund_limit", limit_id)
    return row


def _own(session: Session, actor: Actor, fund: Fund, action: str) -> None:
    """A funder's people change their own funds; another's are hidden from change like an absent one."""
    funder = None if fund.funder_id is None else session.get(Funder, fund.funder_id)
    agency_id = None if funder is None else funder.agency_id
    if agency_id != actor.agency_id and not actor.administers(agency_id):
        raise hidden(actor, action, "fund", fund.id)


def _administrator(actor: Actor, action: str, fund_id: str) -> None:
    if not actor.may(Permission.DIRECTORY_WRITE):
        raise Denied(actor, action, "role", subject_kind="fund", subject_id=fund_id)


def _funder_names(session: Session, rows: Sequence[Fund]) -> dict[str, str]:
    ids = {row.funder_id for row in rows if row.funder_id is not None}
    return {row.id: row.name for row in session.execute(select(Funder.id, Funder.name).where(Funder.id.in_(ids)))}


def _fund(row: Fund, names: dict[str, str]) -> FundRead:
    return FundRead(
        id=row.id,
        version=row.version,
        funder=None if row.funder_id is None else names[row.funder_id],
        program=row.program,
        last_resort=row.last_resort,
    )
