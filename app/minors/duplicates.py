"""Which other records of the own agency may be of the same young person: by names and birth dates, after decryption."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit.service import record
from app.codes import trail_id
from app.minors.identity import known_of_agency
from app.minors.identity_index import plain
from app.minors.likeness import Compared, Described, Likeness
from app.minors.linking import said_of, together
from app.minors.models import Minor
from app.minors.records import own_record

MOST = 20


def candidates(session: Session, actor: Actor, minor_id: str, now: datetime, today: date) -> list[Likeness]:
    """The most alike first, without those of whom somebody has said that they are the same, or are not."""
    own_record(session, actor, minor_id, now, "duplicate.look")
    people = described(session, actor.agency_id)
    one = people.get(minor_id)
    record(session, actor, "duplicate.look", "minor", trail_id(minor_id))
    if one is None:
        return []
    group, _ = together(session, actor.agency_id, minor_id)
    settled = {minor for link in said_of(session, actor.agency_id, group) for minor in (link.minor_id, link.other_id)}
    others = Compared([person for other, person in people.items() if other not in settled - {minor_id}])
    return others.like(one, today)[:MOST]


def described(session: Session, agency_id: str) -> dict[str, Described]:
    """Everybody of an agency of whom somebody has entered who she or he is."""
    entered = known_of_agency(session, agency_id)
    rows = session.scalars(select(Minor).where(Minor.agency_id == agency_id, Minor.id.in_(entered)))
    return {
        row.id: Described(
            id=row.id,
            given=plain(entered[row.id].get("given_names") or ""),
            family=plain(entered[row.id].get("family_name") or ""),
            others=tuple(
                plain(name) for name in (entered[row.id].get("called"), *(entered[row.id].get("aliases") or ())) if name
            ),
            born_on=row.born_on,
            ages=None if row.age_min is None or row.age_max is None else (row.age_min, row.age_max),
        )
        for row in rows
    }
