"""Why the options stand in this order: one table of every term of every option, adding up, and a sentence for each."""

from typing import Any

from app.web.translation import gettext, marked

Json = dict[str, Any]

SIBLINGS = "siblings.elsewhere"
WORTH = "bed.worth"
TERMS = {
    "bed.call_first": marked("Bed not confirmed within 12 hours"),
    "nights.unpaid": marked("Nights of the need that nobody pays, or with the bed gone"),
    "nights.moves": marked("Moves to expect"),
    SIBLINGS: marked("Siblings who live elsewhere"),
    "wishes.unmet": marked("Wish not met"),
    "needs.missing": marked("Services or languages missing"),
    "setting.restrictive": marked("More restrictive doors"),
    "home.distance": marked("Distance from home, in bands of 25 km"),
    "bed.confirmation_age": marked("Hours since the bed was confirmed"),
    WORTH: marked("What the bed is worth to those still to come"),
}
PLACES = {
    1: marked("Why first"),
    2: marked("Why second"),
    3: marked("Why third"),
    4: marked("Why fourth"),
    5: marked("Why fifth"),
}
COLUMNS = 4


def why(entries: list[Json], at: int, name_of_next: str | None) -> tuple[str, str]:
    """The question and its answer for the option at a place: what sets it before the next one."""
    entry, rank = entries[at], entries[at]["rank"]
    head = gettext(PLACES[rank]) if rank in PLACES else gettext("Why here")
    if name_of_next is None:
        return head, gettext("The only bed that fits.") if rank == 1 else gettext("No other bed follows.")
    after, name = entries[at + 1], {"name": name_of_next}
    if _lost(entry) < _lost(after):
        return head, gettext("%(name)s would cost others who wait a bed.") % name
    if _total(entry) == _total(after):
        return head, gettext("A tie with %(name)s in every term that is compared.") % name
    code = _decisive(entry, after)
    if code is None:
        return head, gettext("Others who wait lose less than at %(name)s.") % name
    here, there = (str(_term(row, code)["text"]) for row in (entry, after))
    there = there[:1].lower() + there[1:]
    return head, gettext("%(here)s. At %(name)s: %(there)s.") % (name | {"here": here, "there": there})


def tables(entries: list[Json], names: list[str]) -> list[Json]:
    """The options beside each other, a few to a table: value times weight is cost, and costs add up."""
    return [
        _table(entries, names, start, min(start + COLUMNS, len(entries))) for start in range(0, len(entries), COLUMNS)
    ]


def _table(entries: list[Json], names: list[str], start: int, end: int) -> Json:
    shown = entries[start:end]
    decisive = [_decisive(*entries[at : at + 2]) if at + 1 < len(entries) else None for at in range(start, end)]
    rows = []
    for term in shown[0]["terms"]:
        own = [_term(entry, term["code"]) for entry in shown]
        cells = [
            {"text": _sum(cell), "decides": code == term["code"]} for cell, code in zip(own, decisive, strict=True)
        ]
        label = gettext(TERMS[term["code"]]) if term["code"] in TERMS else str(term["text"])
        rows.append({"label": label, "cells": cells, "nil": not any(map(_cost, own))})
    heads = [f"{entry['rank']}. {name}" for entry, name in zip(shown, names[start:end], strict=True)]
    return {
        "heads": heads,
        "rows": rows,
        "totals": [f"{_total(entry):,}" for entry in shown],
        "hidden": not any(term["code"] == SIBLINGS for term in shown[0]["terms"]),
    }


def _decisive(entry: Json, after: Json) -> str | None:
    """The term that speaks most for an option against the next."""
    gaps = {term["code"]: _cost(_term(after, term["code"])) - _cost(term) for term in entry["terms"]}
    best = max(gaps, key=lambda code: gaps[code], default=None)
    return best if best is not None and gaps[best] > 0 else None


def _sum(term: Json) -> str:
    if not term["value"]:
        return "0"
    return f"{term['value']:,} \u00d7 {term['weight']:,} = {_cost(term):,}"


def _lost(entry: Json) -> tuple[int, int]:
    network = entry["network"] or {"placed_change": 0, "urgent_placed_change": 0}
    return (-network["urgent_placed_change"], -network["placed_change"])


def _term(entry: Json, code: str) -> Json:
    found: Json = next(term for term in entry["terms"] if term["code"] == code)
    return found


def _cost(term: Json) -> int:
    return int(term["value"]) * int(term["weight"])


def _total(entry: Json) -> int:
    return sum(map(_cost, entry["terms"]))
