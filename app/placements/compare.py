"""Why one option stands before the next: the whole table of terms, adding up, and the term that differs most."""

from typing import Any

from app.web.translation import gettext, marked

Json = dict[str, Any]

TERMS = {
    "bed.call_first": marked("Bed not confirmed within 12 hours"),
    "nights.unpaid": marked("Nights of the need that nobody pays, or with the bed gone"),
    "nights.moves": marked("Moves to expect"),
    "siblings.elsewhere": marked("Siblings who live elsewhere"),
    "wishes.unmet": marked("Wish not met"),
    "needs.missing": marked("Services or languages missing"),
    "setting.restrictive": marked("More restrictive doors"),
    "home.distance": marked("Distance from home, in bands of 25 km"),
    "bed.confirmation_age": marked("Hours since the bed was confirmed"),
}
PLACES = {
    1: marked("first"),
    2: marked("second"),
    3: marked("third"),
    4: marked("fourth"),
    5: marked("fifth"),
}


def compared(options: list[Json], entries: list[Json]) -> None:
    """Give each option its table, beside the costs of the one that follows."""
    for at, (option, entry) in enumerate(zip(options, entries, strict=True)):
        after = entries[at + 1] if at + 1 < len(entries) else None
        name = options[at + 1]["name"] if after is not None else None
        option |= _table(option, entry, after, name)


def _table(option: Json, entry: Json, after: Json | None, after_name: str | None) -> Json:
    others = {term["code"]: term for term in after["terms"]} if after is not None else {}
    gaps = {t["code"]: _cost(others[t["code"]]) - _cost(t) for t in entry["terms"] if t["code"] in others}
    decisive = max(gaps, key=lambda code: gaps[code], default=None)
    if decisive is not None and gaps[decisive] <= 0:
        decisive = None
    rows = [
        {
            "label": gettext(TERMS[term["code"]]) if term["code"] in TERMS else term["text"],
            "value": term["value"],
            "weight": f"{term['weight']:,}",
            "cost": f"{_cost(term):,}",
            "next": f"{_cost(others[term['code']]):,}" if term["code"] in others else "",
            "decides": term["code"] == decisive,
            "nil": not _cost(term) and not (term["code"] in others and _cost(others[term["code"]])),
        }
        for term in entry["terms"]
    ]
    return {
        "terms": rows,
        "total": f"{_total(entry):,}",
        "next": gettext("Cost at %(name)s") % {"name": after_name} if after_name else None,
        "next_total": f"{_total(after):,}" if after is not None else "",
        "terms_caption": gettext("%(name)s: value times weight is cost") % {"name": option["name"]},
        "why": _why(option, entry, after, after_name, decisive),
        "hidden_term": not any(term["code"] == "siblings.elsewhere" for term in entry["terms"]),
    }


def _why(option: Json, entry: Json, after: Json | None, name: str | None, decisive: str | None) -> str:
    rank = option["rank"]
    place = gettext(PLACES[rank]) if rank in PLACES else str(rank)
    head = gettext("Why %(place)s?") % {"place": place}
    if after is None or name is None:
        only = gettext("The only bed that fits") if rank == 1 else gettext("No other option follows")
        return f"{head} {only}"
    lost, lost_next = _lost(entry), _lost(after)
    if lost < lost_next:
        return f"{head} {gettext('%(name)s would cost others who wait a bed') % {'name': name}}"
    if _total(entry) == _total(after):
        return f"{head} {gettext('A tie with %(name)s in every term compared') % {'name': name}}"
    if decisive is None:
        return f"{head} {gettext('Less for others who wait to lose than at %(name)s') % {'name': name}}"
    here, there = (str(_term(row, decisive)["text"]) for row in (entry, after))
    there = there[:1].lower() + there[1:]
    return f"{head} {gettext('%(here)s. At %(name)s: %(there)s') % {'here': here, 'name': name, 'there': there}}"


def _lost(entry: Json) -> tuple[int, int]:
    network = entry["network"] or {"placed_change": 0, "urgent_placed_change": 0}
    return (-network["urgent_placed_change"], -network["placed_change"])


def _term(entry: Json, code: str) -> Json:
    found: Json = next(term for term in entry["terms"] if term["code"] == code)
    return found


def _cost(term: Json) -> int:
    return int(term["value"]) * int(term["weight"])


def _total(entry: Json) -> int:
    return sum(_cost(term) for term in entry["terms"])
