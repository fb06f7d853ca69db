"""The gaps of one referral in words: on which nights there was no bed, and what stood in the way."""

from collections.abc import Iterable
from datetime import date
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.gaps.models import Gap, GapKind
from app.web import words
from app.web.translation import gettext, marked

MOST_NIGHTS = 7
KINDS = {
    GapKind.INELIGIBLE: marked("no house whose rules let the young person in"),
    GapKind.NO_BED: marked("houses would fit, and none had a bed"),
    GapKind.UNFUNDED_TONIGHT: marked("a bed that nobody paid"),
    GapKind.NEEDS_INFO: marked("an answer was missing that decides"),
}


def said(session: Session, referral_id: str, tonight: date) -> list[str]:
    """A line for each night, the newest first."""
    query = select(Gap).where(Gap.referral_id == referral_id).order_by(Gap.night.desc(), Gap.made_at.desc(), Gap.id)
    nights = groupby(session.scalars(query), key=lambda gap: gap.night)
    lines = []
    for night, gaps in nights:
        why = words.listed(dict.fromkeys(_why(gap) for gap in gaps))
        lines.append(gettext("Night of %(day)s: %(why)s") % {"day": words.day(night, tonight), "why": why})
    return lines[:MOST_NIGHTS]


def _why(gap: Gap) -> str:
    rule: Iterable[str] = () if gap.rule is None else (words.said(words.RULES, gap.rule),)
    reason = () if gap.reason is None else (words.said(words.DECLINE_REASONS, gap.reason),)
    more = ", ".join(part.lower() for part in (*rule, *reason))
    return f"{gettext(KINDS[gap.kind])} ({more})" if more else gettext(KINDS[gap.kind])
