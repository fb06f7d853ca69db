"""A record as its reader may see it: flags, and one timeline of services, activities and movements.

Nothing is copied from one agency to another. What a reader sees is asked for anew at each look, record by record and
kind by kind, and each look is on record with the release or law by which it was allowed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency
from app.access.service import called
from app.audit.service import record
from app.clock import Clock
from app.codes import trail_id
from app.minors import activities, flags
from app.minors.linking import said_of, together
from app.minors.linking_models import RecordLink
from app.minors.models import Minor
from app.minors.record_models import ITEM_OF, Flag, FlagLevel
from app.minors.record_schemas import EntryRead, LinkRead, MinorSent, NotSharedRead, RecordLine, RecordRead
from app.minors.records import Sight, glimpse, record_code, sight
from app.record.drawn import by_themselves
from app.sharing.codes import OF_RECORD, Item
from app.sharing.models import LegalBasis, Release
from app.sharing.service import basis_holds, reads_cases, release_holds, visible_minors

_WITHIN = {"arrived": 0, "left": 2}
"""Of one day: who left had arrived before."""


def read(session: Session, actor: Actor, minor_id: str, clock: Clock) -> RecordRead:
    """One record, and what is linked with it; 404 where the actor may see nothing of it."""
    first = sight(session, actor, minor_id, clock.now())
    if not first.own:
        return _drawn(session, actor, [first], [], clock)
    own, others = together(session, actor.agency_id, minor_id)
    linked = [glimpse(session, actor, other, clock.now()) for other in [*own[1:], *others]]
    seen = [first, *(one for one in linked if one is not None)]
    return _drawn(session, actor, seen, said_of(session, actor.agency_id, [minor_id]), clock)


def link_read(session: Session, actor: Actor, row: RecordLink, minor_id: str, now: datetime) -> LinkRead:
    """What is said of a record and another one, as seen from the first."""
    other = row.other_id if row.minor_id == minor_id else row.minor_id
    seen = glimpse(session, actor, other, now)
    return LinkRead(
        id=row.id,
        other=other,
        other_code=record_code(other),
        agency=None if seen is None else _names(session, [seen.agency_id])[seen.agency_id],
        own=seen is not None and seen.own,
        verdict=row.verdict,
        made_at=row.made_at,
        undone_at=row.undone_at,
    )


def begin(session: Session, actor: Actor, body: MinorSent, clock: Clock) -> RecordRead:
    """A record that begins with a flag."""
    return read(session, actor, flags.begin(session, actor, body, clock), clock)


def list_records(session: Session, actor: Actor, clock: Clock) -> list[RecordLine]:
    """The own agency's flagged young people, and the records of others of which it may see something now."""
    now, today = clock.now(), clock.today()
    record(session, actor, "record.list", "agency", actor.agency_id)
    if not reads_cases(actor):
        return []
    flagged = select(Flag.minor_id).where(Flag.agency_id == actor.agency_id, flags.holds(today))
    own = select(Minor.id).where(
        Minor.agency_id == actor.agency_id, Minor.id.in_(flagged), Minor.id.in_(visible_minors(actor, now))
    )
    ids = [*session.scalars(own.order_by(Minor.id)), *_shared(session, actor, now)]
    owners = _owners(session, ids)
    names = _names(session, owners.values())
    shows_flags = _shared(session, actor, now, Item.FLAGS)
    best: dict[str, Flag] = {}
    for flag in session.scalars(select(Flag).where(Flag.minor_id.in_(ids), flags.holds(today))):
        if owners[flag.minor_id] == actor.agency_id or flag.minor_id in shows_flags:
            kept = best.get(flag.minor_id)
            if kept is None or (flag.level is FlagLevel.VERIFIED, flag.review_by) > (
                kept.level is FlagLevel.VERIFIED, kept.review_by,
            ):  # fmt: skip
                best[flag.minor_id] = flag
    lines = [
        RecordLine(
            id=one,
            code=record_code(one),
            agency_id=owners[one],
            agency=names[owners[one]],
            own=owners[one] == actor.agency_id,
            level=best[one].level if one in best else None,
            review_by=best[one].review_by if one in best else None,
        )
        for one in ids
        if one in owners
    ]
    return sorted(lines, key=lambda line: (not line.own, line.level is not FlagLevel.VERIFIED, line.code))


def _shared(session: Session, actor: Actor, now: datetime, item: Item | None = None) -> list[str]:
    """The records of others of which some item of the shared record, or this one, may be seen now."""
    releases = select(Release.minor_id, Release.fields).where(Release.agency_id == actor.agency_id, release_holds(now))
    laws = select(LegalBasis.minor_id, LegalBasis.fields).where(
        LegalBasis.agency_id == actor.agency_id, basis_holds(now)
    )
    wanted = OF_RECORD if item is None else {item}
    rows = [*session.execute(releases), *session.execute(laws)]
    return sorted({row.minor_id for row in rows if wanted.intersection(row.fields)})


def _drawn(
    session: Session, actor: Actor, seen: Sequence[Sight], links: Iterable[RecordLink], clock: Clock
) -> RecordRead:
    """The record that was asked for, first of those that are seen, with what the others add."""
    first = seen[0]
    agencies = _names(session, {one.agency_id for one in seen})
    by_flag = [one.minor_id for one in seen if Item.FLAGS in one.items]
    timeline, hidden = _timeline(session, actor, seen, agencies, clock)
    for one in seen:
        for source in one.sources:
            record(session, actor, "record.read", "minor", trail_id(one.minor_id), release_id=source)
    return RecordRead(
        id=first.minor_id,
        code=record_code(first.minor_id),
        agency_id=first.agency_id,
        agency=agencies[first.agency_id],
        own=first.own,
        items=[item for item in Item if item in first.items],
        flags=flags.read_flags(session, actor, by_flag, clock),
        timeline=timeline,
        not_shared=hidden,
        links=[link_read(session, actor, row, first.minor_id, clock.now()) for row in links],
    )


def _timeline(
    session: Session, actor: Actor, seen: Iterable[Sight], agencies: dict[str, str], clock: Clock
) -> tuple[list[EntryRead], list[NotSharedRead]]:
    """What may be seen, the newest first; and of the rest how many entries each agency's record has."""
    by_id = {one.minor_id: one for one in seen}
    rows = activities.of_records(session, by_id)
    names = called(session, actor, {row.entered_by for row in rows})
    hidden: Counter[str] = Counter()
    lines = []
    for row in rows:
        one = by_id[row.minor_id]
        if ITEM_OF[row.kind] not in one.items:
            hidden[one.agency_id] += 1
            continue
        lines.append(
            EntryRead(
                id=row.id, on=row.happened_on, kind=row.kind.value, agency_id=one.agency_id,
                agency=agencies[one.agency_id], words=activities.words_of(session, row),
                by=names.get(row.entered_by), own=one.own,
            )
        )  # fmt: skip
    for one, item, entry in by_themselves(session, by_id, agencies, clock):
        if item in one.items:
            lines.append(entry)
        else:
            hidden[one.agency_id] += 1
    lines.sort(key=lambda line: (line.on, _WITHIN.get(line.kind, 1), line.id or ""), reverse=True)
    rest = [NotSharedRead(agency_id=one, agency=agencies[one], entries=hidden[one]) for one in sorted(hidden)]
    return lines, rest


def _owners(session: Session, ids: Iterable[str]) -> dict[str, str]:
    query = select(Minor.id, Minor.agency_id).where(Minor.id.in_(list(ids)))
    return {row.id: row.agency_id for row in session.execute(query)}


def _names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    query = select(Agency.id, Agency.name).where(Agency.id.in_(set(ids)))
    return {row.id: row.name for row in session.execute(query)}
