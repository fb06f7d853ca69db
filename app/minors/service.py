"""A minor's need profile: writing it, correcting it, and reading many at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.codes import Basis
from app.db import Base, new_id, table_of
from app.errors import FieldError, invalid
from app.facilities.models import Facility
from app.minors.forms import FACTS, NEEDS, avoid_rows, minor_form, place_rows, wish_rows
from app.minors.models import (
    InterstateApproval,
    KeepApart,
    Minor,
    MinorAvoids,
    MinorPlace,
    MinorWish,
    Sibling,
)
from app.minors.schemas import MinorFacts, MinorRead
from app.sharing.service import visible_minors

_PARTS: dict[str, type[Base]] = {
    "places": MinorPlace,
    "avoids": MinorAvoids,
    "wishes": MinorWish,
    "apart": KeepApart,
    "siblings": Sibling,
}
"""The tables that hold a part of a profile."""


def create_minor(session: Session, actor: Actor, facts: MinorFacts, now: datetime) -> Minor:
    """Enter a profile. What was not asked stays not known."""
    _known(session, actor, facts, now)
    given = set(type(facts).model_fields)
    row = Minor(id=new_id("min"), agency_id=actor.agency_id, created_at=now)
    _set_columns(row, facts, given)
    session.add(row)
    session.flush()
    _write_rows(session, row, facts, given)
    return row


def change_minor(session: Session, actor: Actor, row: Minor, facts: MinorFacts, now: datetime) -> None:
    """Answer or correct facts: what is absent stays, null makes it not known again."""
    _known(session, actor, facts, now)
    _set_columns(row, facts, facts.model_fields_set)
    # Parts of a profile are rows of their own: the profile counts their change too.
    row.version += 1
    session.flush()
    _write_rows(session, row, facts, facts.model_fields_set)


def count_change(session: Session, minor_id: str) -> None:
    """Count a change in what decisions look at beside the profile, under its lock: nights that caps count.

    What was decided before is judged again, before a bed is kept or taken on it.
    """
    row = session.get_one(Minor, minor_id, with_for_update=True, populate_existing=True)
    row.version += 1
    session.flush()


def read_minors(session: Session, rows: Sequence[Minor]) -> dict[str, MinorRead]:
    """Profiles by id, with a fixed number of queries however many they are."""
    ids = [row.id for row in rows]
    forms = minor_forms(session, rows, ids)
    approvals: dict[str, list[dict[str, str]]] = {}
    query = select(InterstateApproval).where(InterstateApproval.minor_id.in_(ids))
    for found in session.scalars(query.order_by(InterstateApproval.from_state, InterstateApproval.to_state)):
        pair = {"from_state": found.from_state, "to_state": found.to_state}
        approvals.setdefault(found.minor_id, []).append(pair)
    return {
        form["id"]: MinorRead.model_validate({**form, "interstate_approvals": approvals.get(form["id"], [])})
        for form in forms
    }


def minor_forms(session: Session, rows: Iterable[Any], ids: Any) -> list[dict[str, Any]]:
    """Profiles in the contract's form; `ids` is a list or a subquery of the same minors."""
    parts = parts_of(session, part_queries(ids))
    return [minor_form(row, parts.get(row.id, {})) for row in rows]


def part_queries(ids: Any) -> dict[str, Select[Any]]:
    """What asks for each part of some profiles, by the part's name; `ids` is a list or a subquery."""
    tables = {name: table_of(part) for name, part in _PARTS.items()}
    return {name: select(*table.c).where(table.c.minor_id.in_(ids)) for name, table in tables.items()}


def parts_of(
    session: Session, queries: Mapping[str, Select[Any]], given: Mapping[str, Any] | None = None
) -> dict[str, dict[str, list[Any]]]:
    """The rows that belong to each profile, by minor and by the name of the part."""
    parts: dict[str, dict[str, list[Any]]] = {}
    for name, query in queries.items():
        for part in session.execute(query, given):
            parts.setdefault(part.minor_id, {}).setdefault(name, []).append(part)
    return parts


def _set_columns(row: Minor, facts: MinorFacts, given: set[str]) -> None:
    for name in given.intersection(FACTS):
        setattr(row, name, getattr(facts, name))
    if "age_range" in given:
        row.age_min, row.age_max = facts.age_range or (None, None)
    for name in facts.needs.model_fields_set.intersection(NEEDS):
        setattr(row, name, getattr(facts.needs, name))


def _write_rows(session: Session, row: Minor, facts: MinorFacts, given: set[str]) -> None:
    form = facts.model_dump()
    bases = given.intersection(Basis)
    places = [place for place in place_rows(row.id, form) if place["basis"] in bases]
    _replace(session, MinorPlace, places, MinorPlace.minor_id == row.id, MinorPlace.basis.in_(bases))
    if "together_with" in given:
        siblings = [{"minor_id": row.id, "sibling_id": other} for other in sorted(set(facts.together_with))]
        _replace(session, Sibling, siblings, Sibling.minor_id == row.id)
    if "interstate_approvals" in given:
        pairs = {(pair.from_state, pair.to_state) for pair in facts.interstate_approvals}
        rows = [{"minor_id": row.id, "from_state": a, "to_state": b} for a, b in sorted(pairs)]
        _replace(session, InterstateApproval, rows, InterstateApproval.minor_id == row.id)
    _write_limits(session, row, facts, form)


def _write_limits(session: Session, row: Minor, facts: MinorFacts, form: dict[str, Any]) -> None:
    """Areas and people to avoid, and wishes: each kind that is given is replaced."""
    avoid, wishes = facts.avoid.model_fields_set, facts.wishes.model_fields_set
    kinds = {"counties": "county", "circles": "circle", "facilities": "facility"}
    given = {kind for name, kind in kinds.items() if name in avoid}
    rows = [found for found in avoid_rows(row.id, form["avoid"]) if found["kind"] in given]
    _replace(session, MinorAvoids, rows, MinorAvoids.minor_id == row.id, MinorAvoids.kind.in_(given))
    if "minors" in avoid:
        apart = [{"minor_id": row.id, "other_id": other} for other in sorted(set(facts.avoid.minors))]
        _replace(session, KeepApart, apart, KeepApart.minor_id == row.id)
    wished = [found for found in wish_rows(row.id, form["wishes"]) if found["wish"] in wishes]
    _replace(session, MinorWish, wished, MinorWish.minor_id == row.id, MinorWish.wish.in_(wishes))


def _replace(session: Session, table: Any, rows: list[dict[str, Any]], *where: Any) -> None:
    session.execute(delete(table).where(*where))
    if rows:
        session.execute(insert(table), rows)


def _known(session: Session, actor: Actor, facts: MinorFacts, now: datetime) -> None:
    """Every id names something the actor may see. Hidden and absent answer the same."""
    people = [(f"/avoid/minors/{at}", other) for at, other in enumerate(facts.avoid.minors)]
    people += [(f"/together_with/{at}", other) for at, other in enumerate(facts.together_with)]
    houses = [(f"/avoid/facilities/{at}", house) for at, house in enumerate(facts.avoid.facilities)]
    houses += [(f"/wishes/prefer/{at}", house) for at, house in enumerate(facts.wishes.prefer)]
    houses += [(f"/wishes/refuse/{at}", house) for at, house in enumerate(facts.wishes.refuse)]
    seen = visible_minors(actor, now)
    minors = set(session.scalars(select(Minor.id).where(Minor.id.in_([i for _, i in people]), Minor.id.in_(seen))))
    found = set(session.scalars(select(Facility.id).where(Facility.id.in_([i for _, i in houses]))))
    errors = [
        FieldError(f"/minor{at}", "unknown", "There is no such young person.") for at, i in people if i not in minors
    ]
    errors += [FieldError(f"/minor{at}", "unknown", "There is no such house.") for at, i in houses if i not in found]
    # Nobody this is about was born in the last two days, whatever the time zone.
    if facts.born_on is not None and facts.born_on > (now - timedelta(days=2)).date():
        words = "This birth date cannot be: nobody here was born in the last two days. Check the year."
        errors.append(FieldError("/minor/born_on", "future", words))
    if errors:
        raise invalid(errors)
