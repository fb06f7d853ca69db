"""One rule's answer, and all answers for a minor and a facility."""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """Unknown is neither yes nor no."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"

    __hash__ = str.__hash__  # an enum's own is slow, and outcomes are looked up for every rule of every pair


MET = Outcome.MET
NOT_MET = Outcome.NOT_MET
UNKNOWN = Outcome.UNKNOWN

Scalar = str | int | float | bool | None


def all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Any not_met is not_met, else any unknown is unknown, else met."""
    found = MET
    for outcome in outcomes:
        if outcome is NOT_MET:
            return NOT_MET
        if outcome is UNKNOWN:
            found = UNKNOWN
    return found


def any_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Any met is met, else any unknown is unknown, else not_met."""
    found = NOT_MET
    for outcome in outcomes:
        if outcome is MET:
            return MET
        if outcome is UNKNOWN:
            found = UNKNOWN
    return found


def yes_or_no(holds: bool) -> Outcome:
    """Met or not_met, where nothing is unknown."""
    return MET if holds else NOT_MET


def fact_is(value: bool | None, wanted: bool) -> Outcome:
    """Whether a yes-or-no fact is as wanted; None is unknown."""
    if value is None:
        return UNKNOWN
    return MET if value is wanted else NOT_MET


Codes = tuple[Sequence[str], Sequence[str]]
"""Codes of the rules not met, and of those unknown."""


def failing(outcomes: Iterable[tuple[str, Outcome]]) -> Codes:
    """Sort out the codes of the rules that are not met, and of those unknown."""
    not_met, unknown = [], []
    for code, outcome in outcomes:
        if outcome is NOT_MET:
            not_met.append(code)
        elif outcome is UNKNOWN:
            unknown.append(code)
    return not_met, unknown


class Finding(NamedTuple):
    """One rule's answer for a minor and a facility, or for one of the facility's payers (`subject`).

    `have` and `need` say it in short, `text` in a sentence that a coordinator reads. `changes_on` is the first
    date after the admission, within the need, on which the outcome would differ if only the date changed.
    `asks` names the facts that an unknown outcome lacks; where other people decide, also those that would be asked
    for without them. `asks_alone` are those that would be asked if nobody lived there, where that is something else.
    """

    rule: str
    outcome: Outcome
    subject: str
    have: Scalar
    need: Scalar
    text: str
    citation: str | None = None
    changes_on: date | None = None
    asks: tuple[str, ...] = ()
    asks_alone: tuple[str, ...] | None = None


class Fix(NamedTuple):
    """The smallest change that would meet a failed rule, who could make it, and whether it may be waived."""

    rule: str
    who: str
    waivable: bool
    text: str


class Ask(NamedTuple):
    """A missing fact, and how many facilities it decides."""

    fact: str
    decides: int
