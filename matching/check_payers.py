"""Whether the payers of an entry may pay as it says, and are the best there are, for the checker."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from matching.check_nights import Block, Nights, TooManyWays
from matching.check_rivals import better_exists
from matching.check_shape import ROWS, Document

TOO_MANY = "more sequences of payers than could be looked at"


class Paid(NamedTuple):
    """What is wrong with the payers of an entry, if anything; the first night nobody pays, and the rule behind that."""

    wrong: str | None
    end: int
    binding: str | None = None


def paid_by(nights: Nights, payers: Sequence[Document], *, searched: bool) -> Paid:
    """Confirm the payers of an entry; as the best there are, unless it says that not every sequence was looked at."""
    claim = blocks(payers)
    wrong = "a payer is not a fund and two dates" if claim is None else nights.forbidden(claim)
    try:
        if not claim or wrong is not None:
            end = nights.farthest()
            return Paid(wrong or f"payers could go on to {day_of(end)}", end)
        own, binding = claim[-1].end, nights.binding(claim)
        end = nights.farthest() if searched else own
        if own < end or (binding is None and own < nights.case.until.toordinal()):
            return Paid(f"payers could go on to {day_of(max(end, own + 1))}", end)
        if searched and better_exists(nights, claim):
            return Paid("a better sequence of payers runs as long", end)
        return Paid(None, end, binding)
    except TooManyWays:
        return Paid(TOO_MANY, nights.first)


def blocks(payers: Sequence[Document]) -> list[Block] | None:
    """The payers of an entry; None where one is not a fund and two dates."""
    found = []
    for row in payers:
        start, until = ordinal(row["from"]), ordinal(row["until"])
        if not isinstance(row["fund"], str) or start is None or until is None or set(row) != ROWS["payers"]:
            return None
        found.append(Block(row["fund"], start, until))
    return found


def ordinal(text: object) -> int | None:
    """The date that a text stands for, in the one form that the contract knows."""
    try:
        found = date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found.toordinal() if found is not None and found.isoformat() == text else None


def day_of(ordinal: int) -> str:
    """A night as the contract writes it."""
    return date.fromordinal(ordinal).isoformat()
