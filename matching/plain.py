"""A decision as text for people: the same facts as its JSON, in the order in which they are read on a call."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

Document = dict[str, Any]

# A file's own ids may hold what would move a terminal's cursor, or read as a line of ours.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def decision(document: Document) -> str:
    """Write a decision in lines."""
    return _lines(_decision(document))


def explanation(document: Document) -> str:
    """Write every rule for one pair in lines."""
    head = f"{document['referral']} at {document['facility']}: {document['list'].replace('_', ' ')}"
    return _lines([head, *_findings(document["findings"], "  ")])


def one_line(text: str) -> str:
    """A text that stays on its line, whatever a file has put into it."""
    return _CONTROL.sub("?", text)


def _lines(said: Iterable[str]) -> str:
    return "\n".join(map(one_line, said))


def _decision(document: Document) -> Iterator[str]:
    options, later = document["options"], document["later"]
    yield f"{document['referral']}: {len(options)} beds to offer, {len(later)} later"
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
    payers = ", then ".join(f"{payer['fund']} to {payer['until']}" for payer in row["payers"])
    cliff = f"; nobody pays from {row['first_unfunded_night']} ({row['binding']})" if row["binding"] else ""
    return f"{row['funded_nights']} nights paid ({payers}){cliff}"


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
