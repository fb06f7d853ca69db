"""Finding a young person of one's own agency by what is known exactly: two facts at least, one answer at most.

Whoever finds nobody, too many, or somebody of another agency, is told the same. Each search is on record; the
twenty-first within an hour is refused, and the tenth within a day that found nobody is told to supervisors.
"""

from datetime import datetime, timedelta
from typing import Self

from pydantic import Field, model_validator
from sqlalchemy import ForeignKey, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.access.actor import Actor
from app.access.models import Person
from app.audit.service import record
from app.bodies import Sent
from app.codes import ApiModel, Words, trail_id, wrong
from app.db import Base, new_id
from app.errors import Problem
from app.minors.identity import known
from app.minors.identity_index import NameField, candidates, names_of, plain
from app.minors.schemas import BirthDate
from app.outbox import emit

AN_HOUR = timedelta(hours=1)
MOST = 20
"""Searches of one person within an hour."""
A_DAY = timedelta(days=1)
MISSES = 10
"""That found nobody, within a day, after which a supervisor is told."""


class PersonSearch(Base):
    """That somebody searched, when, and whether anybody was found: not for whom."""

    __tablename__ = "person_searches"
    __table_args__ = (Index(None, "by", "at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    by: Mapped[str]
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    at: Mapped[datetime]
    found: Mapped[bool]


class PersonSought(Sent):
    """What is known exactly: two of these at least."""

    given_names: Words | None = None
    family_name: Words | None = None
    also_called: Words | None = Field(default=None, description="A name that she or he goes by, or another one")
    born_on: BirthDate | None = None

    @model_validator(mode="after")
    def _two(self) -> Self:
        if sum(value is not None for value in self.__dict__.values()) < 2:
            raise wrong("Send two of these at least, each as it is on record.")
        return self


class PersonFound(ApiModel):
    """The newest referral of the one young person who was found; null: nobody, or more than one."""

    referral_id: str | None


def search(session: Session, actor: Actor, sought: PersonSought, now: datetime) -> str | None:
    """The one young person of the actor's agency whom all of it fits; refused with 429 after twenty within an hour."""
    _count(session, actor, now)
    names = [(field, plain(text)) for field in NameField if (text := getattr(sought, field.value)) is not None]
    fitting = [
        minor_id
        for minor_id in candidates(session, actor.agency_id, names, sought.born_on)
        if set(names) <= set(names_of(known(session, minor_id)))
    ]
    found = fitting[0] if len(fitting) == 1 else None
    row = PersonSearch(id=new_id("srch"), by=actor.id, agency_id=actor.agency_id, at=now)
    row.found = found is not None
    session.add(row)
    session.flush()
    record(session, actor, "person.search", "agency", actor.agency_id, reason="found" if found else "not_found")
    if found is not None:
        record(session, actor, "identity.search", "minor", trail_id(found))
    elif _misses(session, actor, now) == MISSES:
        emit(session, "person.search_misses", agency_id=actor.agency_id, subject_kind="agency",
             subject_id=actor.agency_id)  # fmt: skip
        record(session, actor, "person.search_misses", "agency", actor.agency_id)
    return found


def _count(session: Session, actor: Actor, now: datetime) -> None:
    """Refuse the one search too many; two at once stand in line at the person's own row."""
    session.get_one(Person, actor.person_id, with_for_update=True)
    recent = PersonSearch.by == actor.id, PersonSearch.at > now - AN_HOUR
    count, first = session.execute(select(func.count(), func.min(PersonSearch.at)).where(*recent)).one()
    if count >= MOST:
        left = str(int((first + AN_HOUR - now).total_seconds()) + 1)
        raise Problem("too_many", "Twenty searches within an hour are all there are.", headers={"Retry-After": left})


def _misses(session: Session, actor: Actor, now: datetime) -> int:
    own = PersonSearch.by == actor.id, PersonSearch.at > now - A_DAY, PersonSearch.found.is_(False)
    return session.scalars(select(func.count()).select_from(PersonSearch).where(*own)).one()
