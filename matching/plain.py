"""A decision as text for people: the same facts as its JSON, in the order in which they are read on a call."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

Document = dict[str, Any]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# A file's own ids may hold what would move a terminal's cursor, or read as a line of ours.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def decision(document: Document) -> str:
    """Write a decision in lines."""
    return _lines(_decision(document))


def explanation(document: Document) -> str:
    """Write every rule for one pair in lines."""
    head = f"{document['referral']} at {document['facility']}: {document['list'].replace('_', ' ')}"
    return _lines([head, *_findings(document["findings"], "  ")])


def plan(document: Document) -> str:
    """Write a joint plan in lines."""
    return _lines(_plan(document))


def chain(document: Document) -> str:
    """Write a chain of stays in lines."""
    return _lines(_chain(document))


def outlook(document: Document) -> str:
    """Write what comes after the options of a decision in lines."""
    return _lines(_outlook(document))


def chains(document: Document) -> str:
    """Write everybody's chains in lines."""
    return _lines(_chains(document))


def gaps(document: Document) -> str:
    """Write what would have opened a bed in lines."""
    return _lines(_gaps(document))


def one_line(text: str) -> str:
    """A text that stays on its line, whatever a file has put into it."""
    return _CONTROL.sub("?", text)


def _lines(said: Iterable[str]) -> str:
    return "\n".join(map(one_line, said))


def _decision(document: Document) -> Iterator[str]:
    options, later = document["options"], document["later"]
    beds = "1 bed" if len(options) == 1 else f"{len(options)} beds"
    yield f"{document['referral']}: {beds} to offer, {len(later)} later"
    for row in options:
        yield f"{row['rank']}. {row['facility']}, {row['bed']}: {_paid(row)}"
        yield from _details(row)
    for row in later:
        yield f"later {row['from'] or '(no date known)'}: {row['facility']}" + (
            f": {_paid(row)}" if row["from"] else ""
        )
        yield from _details(row)
    for row in document["needs_info"]:
        asks = ", ".join(f"{ask['fact']} (decides {ask['decides']})" for ask in row["ask"])
        yield f"need to know first: {row['facility']}: {asks or ', '.join(row['unknown'])}"
        yield from _findings([one for one in row["findings"] if one["outcome"] != "met"], "   ")
    for row in document["excluded"]:
        yield f"not possible: {row['facility']}: {', '.join(row['failed'])}"
        yield from (f"   {fix['rule']}: {fix['text']}" for fix in row["fix"])


def _paid(row: Document) -> str:
    cliff = f"; nobody pays from {row['first_unfunded_night']} ({row['binding']})" if row["binding"] else ""
    return f"{row['funded_nights']} nights paid ({_by(row)}){cliff}"


def _by(row: Document) -> str:
    return ", then ".join(f"{payer['fund']} to {payer['until']}" for payer in row["payers"])


def _details(row: Document) -> Iterator[str]:
    if row["call_first"]:
        yield "   call first: nobody confirmed the bed within 12 hours"
    if row["provisional"]:
        yield "   provisional: caps are counted as far as recorded"
    if row["network"] and row["network"]["placed_change"]:
        yield f"   others who would lose a place tonight: {-row['network']['placed_change']}"
    yield from (f"   {term['text']} (cost {term['cost']})" for term in row["terms"] if term["cost"])


def _findings(findings: list[Document], indent: str) -> Iterator[str]:
    for row in findings:
        changes = f" [changes on {row['changes_on']}]" if row["changes_on"] else ""
        yield f"{indent}{row['outcome']:8}{row['rule']:28}{row['subject']}: {row['text']}{changes}"


def _plan(document: Document) -> Iterator[str]:
    lines, unplaced, later = document["lines"], document["unplaced"], document["later"]
    counts = f"{len(lines)} with a bed, {len(unplaced)} without, {len(later)} for a later night"
    yield f"night of {document['tonight']}: {counts}"
    yield _proved(document)
    for row in lines:
        where = f"{row['facility']}, {row['bed']}"
        yield f"{row['referral']} (urgency {row['urgency']}): {where}: {row['paid_nights']} nights paid ({_by(row)})"
        if row["paid_until"]:
            yield f"   nobody pays, or the bed is not free, from {row['paid_until']}"
        if row["money_shared"]:
            yield "   a fund does not reach for all: alone the payers would be others, or pay longer"
        if row["together_with"]:
            yield f"   together with {', '.join(row['together_with'])}"
        yield from _details(row | {"network": None})
    for row in unplaced:
        why = f"{row['houses']} houses could, no place is left" if row["houses"] else "no house could tonight"
        yield f"no bed: {row['referral']} (urgency {row['urgency']}): {why}"
    for referral in later:
        yield f"later than tonight: {referral}"
    yield from (f"careful: {row['text']}" for row in document["careful"])


def _chain(document: Document) -> Iterator[str]:
    links, value = document["links"], document["value"]
    stays = [f"{_count(row['nights'], 'night')} at {row['facility']}" + _opens(document, row) for row in links]
    yield f"{document['referral']}: {', then '.join(stays) or 'no bed that is paid on any night'}"
    need = _nights(document)
    paid = f"{need - value['uncovered']} of {_count(need, 'night')}, {_count(value['moves'], 'move')}"
    yield f"needed from {document['from']} to {document['until']}: {paid}"
    yield (
        "proved: no chain is better"
        if document["proof"] == "optimal"
        else f"not all chains were looked at: cost {value['cost']}, none below {document['bound']}"
    )
    for row in links:
        yield f"{row['from']} to {row['until']}: {row['facility']}, {row['bed']}: paid by {_by(row)}"
        yield f"   {_why(row)}"
        if row["call_first"]:
            yield "   call first: nobody confirmed the bed within 12 hours"
    for row in document["uncovered"]:
        yield f"nobody pays, or no bed is free, from {row['from']} to {row['until']}"
    if document["provisional"]:
        yield "provisional: caps are counted as far as recorded"
    yield from (f"careful: {row['text']}" for row in document["careful"])


def _outlook(document: Document) -> Iterator[str]:
    rows = document["options"]
    yield f"{document['referral']}: needed until {document['until']}" + (
        f", longer than {_count(len(rows), 'option')} can give" if rows else ", and no option ends before that"
    )
    for row in rows:
        left = f", {_count(row['value']['uncovered'], 'night')} without a paid bed" if row["value"]["uncovered"] else ""
        yield f"{row['facility']} until {row['until']} ({row['binding']}){left}"
        if not row["links"]:
            yield "   no house is known that could take over"
        for link in row["links"]:
            yield f"   then {link['from']} to {link['until']}: {link['facility']}: paid by {_by(link)}"
        if row["proof"] == "bounded":
            yield f"   not every way was looked at: cost {row['value']['cost']}, none below {row['bound']}"
    yield from (f"careful: {row['text']}" for row in document["careful"])


def _chains(document: Document) -> Iterator[str]:
    rows = document["chains"]
    nights = sum(_nights(row) for row in rows)
    paid = nights - sum(row["uncovered"] for row in rows)
    moves = _count(sum(row["moves"] for row in rows), "move")
    people = "1 young person" if len(rows) == 1 else f"{len(rows)} young people"
    yield f"from {document['tonight']}: {people}, {paid} of {_count(nights, 'night')} paid, {moves}"
    value, bound = document["value"], document["bound"]
    tonight = sum(value["unplaced"])
    yield f"{tonight} without a bed tonight" + (", not fewer" if value["unplaced"] == bound["unplaced"] else "")
    yield (
        "proved: no plan is better"
        if document["proof"] == "optimal"
        else f"not proved to be the best: cost {value['cost']}, none below {bound['cost']}"
    )
    for row in rows:
        stays = [
            f"{_day(stay['from'])} to {_day(stay['until'])} at {stay['facility']}, {stay['bed']} ({_by(stay)})"
            for stay in row["stays"]
        ]
        said = ", then ".join(stays) or "no bed that is paid on any night"
        left = f"; {_count(row['uncovered'], 'night')} without" if row["uncovered"] else ""
        yield f"{row['referral']} (urgency {row['urgency']}): {said}{left}"
    yield from (f"careful: {row['text']}" for row in document["careful"])


def _gaps(document: Document) -> Iterator[str]:
    counted = document["totals"]
    yield f"night of {document['tonight']}: {counted['gaps']} without a bed, {len(document['open'])} with one to offer"
    for row in document["gaps"]:
        fewest = _count(len(row["sets"][0]), "change") if row["sets"] else ""
        yield f"{row['referral']}: " + (f"{fewest} would open a bed" if fewest else "no change of these opens a bed")
        for some in row["sets"]:
            yield f"   {' and '.join(map(_change, some))}"
        if not row["all"]:
            yield "   not every set was looked at"
    for row in counted["alone"]:
        yield f"alone for {row['count']}: {_change(row['change'])}"
    for row in counted["pairs"]:
        yield f"together for {row['count']}: {' and '.join(map(_change, row['changes']))}"
    yield from (f"careful: {row['text']}" for row in document["careful"])


def _change(row: Document) -> str:
    verb = "learn" if row["kind"] == "fact" else "put aside"
    return f"{verb} {row['code']}" + (f" of {row['of']}" if row["of"] else "") + f" ({row['who']})"


def _nights(row: Document) -> int:
    return (date.fromisoformat(row["until"]) - date.fromisoformat(row["from"])).days


def _opens(document: Document, row: Document) -> str:
    """When a later stay begins, and since when its house would take her or him."""
    if row["from"] == document["from"]:
        return ""
    what = "its bed opens" if row["opened_by"] == ["bed"] else "it opens"
    said = f": {what} {_day(row['open_from'])}" if row["opened_by"] else ""
    return f" from {_day(row['from'])}{said}"


def _why(row: Document) -> str:
    """Why a stay ends."""
    if row["why"] == "need_met":
        return "until the need ends"
    if row["why"] == "early":
        return f"left on {row['until']}, though it could go on: that gains nights or spares a move later"
    what = "the bed is no longer free" if row["binding"] == "bed" else f"nobody pays ({row['binding']})"
    return f"{what} from {row['until']}"


def _day(text: str) -> str:
    """A date as it is said on a call: Dec 21."""
    day = date.fromisoformat(text)
    return f"{MONTHS[day.month - 1]} {day.day}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _proved(document: Document) -> str:
    """What is known of how good the plan is."""
    if document["proof"] == "optimal":
        others = {
            True: "no other is as good",
            False: "others are as good",
            None: "whether others are as good is not known",
        }
        return f"proved: no plan is better; {others[document['unique']]}"
    (*tiers, cost), (*least, least_cost) = (
        (*document[name]["unplaced"], document[name]["cost"]) for name in ("value", "bound")
    )
    if tiers == least:
        return f"cut by the deadline: nobody more could have a bed; cost {cost}, no plan below {least_cost}"
    return f"cut by the deadline: without a bed by urgency {tiers}, no plan better than {least}"
