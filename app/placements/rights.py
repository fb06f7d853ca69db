"""By what rights a young person can be placed, in the words of the forms: each says when it would end."""

from datetime import datetime

from app.clock import Clock
from app.stays.authority import ends_at
from app.stays.codes import Authority
from app.web import words
from app.web.translation import gettext


def rights(clock: Clock) -> tuple[tuple[str, str], ...]:
    """The choices of a form that holds a bed now."""
    return tuple((code, said(Authority(code), ends_at(Authority(code), None, clock.now()), clock))
                 for code in words.AUTHORITIES)  # fmt: skip


def said(right: Authority, until: datetime | None, clock: Clock) -> str:
    """A right, and when it ends, if it does."""
    text = words.said(words.AUTHORITIES, right)
    if until is None:
        return text
    ends = {"right": text, "at": words.clock_time(until, clock.zone, clock.tonight())}
    return gettext("%(right)s, ends %(at)s") % ends
