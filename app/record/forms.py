"""What the forms of the record send, as the API's schemas take it."""

from datetime import timedelta
from typing import Any

from app.clock import Clock
from app.errors import FieldError, invalid
from app.web.answers import Form, Unreadable, day

DAYS = (30, 90, 180, 365)
BLANK = Form([("days", "90")])


def flag_said(sent: Form, clock: Clock) -> dict[str, Any]:
    """A flag: three answers, and what is folded away."""
    said: dict[str, Any] = {
        "level": sent.one("level"),
        "basis": sent.one("basis"),
        "indicators": [one for one in sent.many("indicator") if one != "none"],
        "words": sent.one("words").replace("\r\n", "\n") or None,
        "review_by": last_day(sent, clock),
    }
    if sent.one("basis") == "screening":
        said["screening"] = {
            "tool": _code(sent.one("tool")),
            "version": _code(sent.one("tool_version")),
            "on": _day(sent.one("screened_on"), "screening/on"),
            "level": sent.one("screen_level"),
        }
    return said


def activity_said(sent: Form) -> dict[str, Any]:
    """A service or activity; no day is today."""
    on = _day(sent.one("on"), "on")
    return {"kind": sent.one("kind"), "on": on, "words": sent.one("words") or None}


def last_day(sent: Form, clock: Clock) -> str | None:
    """The last day on which a flag holds, so many days from today."""
    days = sent.whole("days")
    return (clock.today() + timedelta(days=days)).isoformat() if days in DAYS else None


def _code(text: str) -> str:
    """The name of a tool as people write it, as a code: "CSE-IT" is cse-it."""
    return "_".join(text.lower().split())


def _day(text: str, at: str) -> str | None:
    if not text:
        return None
    try:
        return day(text).isoformat()
    except Unreadable as unreadable:
        raise invalid([FieldError(f"/{at}", "unreadable", str(unreadable))]) from None
