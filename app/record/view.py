"""Everything that the pages of the shared record show, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Permission
from app.clock import Clock
from app.errors import Problem
from app.minors.alerts import Turn
from app.minors.linking_models import Verdict
from app.minors.record_schemas import EntryRead, FlagRead, LinkRead, RecordLine
from app.minors.records import record_code
from app.notices.service import list_notices
from app.placements.again import against
from app.record import forms, service
from app.record.reporting import line_for
from app.referrals.models import Referral
from app.stays.models import Stay
from app.tasks.models import Task, TaskKind
from app.tasks.service import tasks_about
from app.web import words, words_record
from app.web.answers import Form, told
from app.web.translation import gettext, ngettext

Json = dict[str, Any]
TOLD = 20
AT_ONCE = 100
"""Entries on a page: whoever wants all of them asks for all of them."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a form sent; with `problem`, why it was refused. `of`: which form of the page it was."""

    sent: Form
    problem: Problem | None = None
    of: str = ""


def list_view(rows: Sequence[RecordLine], told_of: Sequence[Json], actor: Actor, clock: Clock) -> Json:
    """The own records and those of others, each with the flag that holds."""
    shown = [
        {
            "href": f"/minors/{row.id}",
            "code": row.code,
            "agency": row.agency,
            "level": None if row.level is None else gettext(words_record.LEVELS[row.level]),
            "until": None if row.review_by is None else words.day(row.review_by, clock.tonight()),
            "own": row.own,
        }
        for row in rows
    ]
    return {
        "own": [row for row in shown if row["own"]],
        "others": [row for row in shown if not row["own"]],
        "may_flag": actor.may(Permission.MINOR_WRITE),
        "told": told_of,
    }


def told_view(session: Session, actor: Actor, clock: Clock) -> list[Json]:
    """What the agency was told of flagged young people, the newest first."""
    kinds = {turn.value for turn in Turn}
    rows = [row for row in list_notices(session, actor) if row.kind in kinds]
    return [
        {
            "text": row.text,
            "code": record_code(row.subject_id),
            "href": f"/minors/{row.subject_id}",
            "when": words.ago(row.created_at, clock.now()),
        }
        for row in rows[:TOLD]
    ]


def flag_view(session: Session, pressed: Pressed) -> Json:
    """The form for a flag of somebody new."""
    return {"form": pressed.sent, "refused": refused(pressed), "choices": choices(), "line": _line(session, None)}


def record_view(
    session: Session, actor: Actor, clock: Clock, minor_id: str, pressed: Pressed | None, asked: Mapping[str, str]
) -> Json:
    """One record: its flags, its timeline, and the forms that its own agency has."""
    found = service.read(session, actor, minor_id, clock)
    levels = [flag.level for flag in found.flags if flag.in_force]
    level = gettext(words_record.LEVELS["verified" if "verified" in levels else "at_risk"]) if levels else None
    agency, most = asked.get("agency", ""), None if "all" in asked else AT_ONCE
    agencies = {entry.agency_id: entry.agency for entry in found.timeline}
    entries = [entry for entry in found.timeline if agency not in agencies or entry.agency_id == agency]
    may_write = found.own and actor.may(Permission.MINOR_WRITE)
    return {
        "title": gettext("%(code)s: %(level)s") % {"code": found.code, "level": level or gettext("no flag")},
        "id": minor_id,
        "here": f"/minors/{minor_id}",
        "own": found.own,
        "asked": "asked" in asked,
        "links": [_link(link) for link in found.links],
        "tasks": _tasks(session, actor, minor_id, clock) if may_write else [],
        "follow_up": _follow_up(session, minor_id, clock) if found.own and actor.may(Permission.STAY_READ) else None,
        "referrals": _referrals(session, actor, minor_id) if found.own else [],
        "may_refer": found.own
        and actor.may(Permission.REFERRAL_WRITE)
        and against(session, minor_id, clock.tonight()) is None,
        "may_share": actor.may(Permission.RELEASE_READ),
        "may_ask": found.own and actor.may(Permission.MINOR_SEARCH),
        "link_with": _own_records(session, actor, clock) if not found.own else [],
        "agency": found.agency,
        "flags": [_flag(flag, clock, may_write=may_write) for flag in found.flags],
        "sees_flags": "flags" in found.items,
        "entries": [_entry(entry, clock, may_write=may_write) for entry in entries[:most]],
        "earlier": len(entries) - len(entries[:most]),
        "agencies": sorted(agencies.items(), key=lambda one: one[1]) if len(agencies) > 1 else [],
        "only": agencies.get(agency),
        "not_shared": [
            ngettext(
                "%(n)s entry from {agency}, not shared with you",
                "%(n)s entries from {agency}, not shared with you",
                one.entries,
            ).format(agency=one.agency)
            for one in found.not_shared
        ],
        "may_write": may_write,
        "form": pressed.sent if pressed is not None else forms.BLANK,
        "of": "" if pressed is None else pressed.of,
        "refused": None if pressed is None else refused(pressed),
        "choices": choices(),
        "line": _line(session, minor_id) if may_write else None,
    }


def refused(pressed: Pressed) -> str | None:
    """Why what was sent was refused."""
    return None if pressed.problem is None else told(pressed.problem)


def choices() -> dict[str, list[tuple[str, str]]]:
    """What the forms let somebody choose."""
    return {
        "level": _choice(words_record.LEVELS),
        "basis": _choice(words_record.BASES),
        "indicator": _choice(words_record.INDICATORS),
        "screen_level": _choice(words_record.SCREEN_LEVELS),
        "reason": _choice(words_record.FLAG_ENDS),
        "kind": _choice(words_record.ACTIVITIES),
        "days": [(str(n), gettext("%(n)s days") % {"n": n}) for n in forms.DAYS],
    }


def _choice(table: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(code, gettext(text)) for code, text in table.items()]


def _line(session: Session, minor_id: str | None) -> str | None:
    """Whom to call, in words."""
    line = line_for(session, minor_id)
    if line is None:
        return None
    if line.state is None:  # childhelphotline.org, "How it works": it is no reporting line
        said = gettext("%(name)s, %(phone)s, tells where to report; it takes no reports itself.")
    else:
        said = gettext("%(name)s: %(phone)s")
    return said % {"name": line.name, "phone": line.phone}


def _flag(flag: FlagRead, clock: Clock, *, may_write: bool) -> Json:
    tonight = clock.tonight()
    screening = flag.screening
    return {
        "id": flag.id,
        "version": flag.version,
        "level": gettext(words_record.LEVELS[flag.level]),
        "basis": gettext(words_record.BASES[flag.basis]),
        "screening": None
        if screening is None
        else gettext("%(tool)s %(version)s on %(day)s: %(level)s")
        % {
            "tool": words.code_words(screening.tool).upper(),
            "version": screening.version,
            "day": words.day(screening.on, tonight),
            "level": gettext(words_record.SCREEN_LEVELS[screening.level]).lower(),
        },
        "indicators": [gettext(words_record.INDICATORS[one]) for one in flag.indicators],
        "words": flag.words,
        "by": flag.flagged_by,
        "when": words.ago(flag.flagged_at, clock.now()),
        "until": words.day(flag.review_by, tonight),
        "holds": flag.in_force,
        "ended": None if flag.end_reason is None else gettext(words_record.FLAG_ENDS[flag.end_reason]),
        "may": may_write and flag.ended_at is None,
    }


def _entry(entry: EntryRead, clock: Clock, *, may_write: bool) -> Json:
    return {
        "id": entry.id,
        "on": words.day(entry.on, clock.tonight()),
        "kind": gettext(words_record.KINDS[entry.kind]),
        "agency": entry.agency,
        "words": entry.words,
        "by": entry.by if entry.by != entry.agency else None,
        "may": may_write and entry.own and entry.id is not None,
    }


def _link(link: LinkRead) -> Json:
    if link.verdict is Verdict.DIFFERENT:
        text = gettext("is somebody else")
    elif link.own:
        text = gettext("is the same young person: both are shown as one")
    elif link.agency is None:
        text = gettext("was linked; nothing of it is shared with you now")
    else:
        text = gettext("of %(agency)s is linked: what is shared of it is shown here") % {"agency": link.agency}
    href = None if link.agency is None else f"/minors/{link.other}"
    return {"id": link.id, "code": link.other_code, "href": href, "text": text}


def _own_records(session: Session, actor: Actor, clock: Clock) -> list[tuple[str, str]]:
    """The own flagged records, for somebody who may say of one that it is of this young person."""
    if not actor.may(Permission.MINOR_WRITE):
        return []
    return [(row.id, row.code) for row in service.list_records(session, actor, clock) if row.own]


def _referrals(session: Session, actor: Actor, minor_id: str) -> list[Json]:
    """The own agency's referrals of the young person, the newest first."""
    own = select(Referral).where(Referral.minor_id == minor_id, Referral.agency_id == actor.agency_id)
    return [
        {"href": f"/referrals/{row.id}", "code": row.code, "status": gettext(words_record.REFERRALS[row.status])}
        for row in session.scalars(own.order_by(Referral.created_at.desc(), Referral.id))
    ]


def _follow_up(session: Session, minor_id: str, clock: Clock) -> Json | None:
    """The next look at how the young person fares after a stay."""
    query = select(Task.due_at, Stay.id).join(Stay, Stay.id == Task.subject_id)
    waiting = Task.kind == TaskKind.FOLLOW_UP, Task.subject_kind == "stay", Task.done_at.is_(None)
    row = session.execute(query.where(*waiting, Stay.minor_id == minor_id).order_by(Task.due_at).limit(1)).first()
    if row is None:
        return None
    return {"href": f"/stays/{row.id}", "due": words.day(row.due_at.astimezone(clock.zone).date(), clock.tonight())}


def _tasks(session: Session, actor: Actor, minor_id: str, clock: Clock) -> list[Json]:
    """What is owed of a missing young person, with its deadline."""
    return [
        {
            "id": row.id,
            "version": row.version,
            "text": gettext(words_record.REPORTS[row.kind]),
            "due": words.clock_time(row.due_at, clock.zone, clock.tonight()),
            "overdue": row.overdue,
            "outcomes": [(one.value, gettext(words_record.REPORTED[one])) for one in row.outcomes],
        }
        for row in tasks_about(session, actor, ("minor", minor_id), clock.now())
    ]
