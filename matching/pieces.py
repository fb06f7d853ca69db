"""A snapshot that is put together from parts, each read and written once for as long as it says the same."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, get_type_hints

from matching.canonical import arranged, dataclass_in, order_of, plain, written
from matching.codec import check, read, with_digest
from matching.facts import Snapshot

_HINTS = get_type_hints(Snapshot)


class Part(NamedTuple):
    """One row of a list of the snapshot: the fact with its own lists in order, and its canonical text."""

    fact: Any
    text: str


def part(name: str, document: bytes) -> Part:
    """Read one row of the list `name` of a snapshot from its JSON.

    Raises SnapshotError, with pointers into the list.
    """
    fact = arranged(read(dataclass_in(_HINTS[name]), document, f"/{name}"))
    return Part(fact, written(fact))


def joined(head: bytes, lists: Mapping[str, Iterable[Part]]) -> tuple[Snapshot, bytes]:
    """Put a snapshot together; the same, with the same canonical bytes, as to decode one document that holds it all.

    Parameters
    ----------
    head : bytes
        The JSON of the snapshot without these lists.
    lists : mapping
        The parts of each list by its name, in any order.

    Returns
    -------
    tuple of Snapshot and bytes
        With its canonical bytes.

    Raises
    ------
    SnapshotError
        Where the head is not of the contract, or rows contradict each other.
    """
    rest: Snapshot = arranged(read(Snapshot, head))
    ordered = {name: sorted(parts, key=lambda one: order_of(one.fact)) for name, parts in lists.items()}
    facts: dict[str, Any] = {name: tuple([one.fact for one in own]) for name, own in ordered.items()}
    snapshot = replace(rest, **facts)
    check(snapshot)
    texts = {name: json.dumps(value, sort_keys=True, separators=(",", ":")) for name, value in plain(rest).items()}
    texts |= {name: f"[{','.join([one.text for one in own])}]" for name, own in ordered.items()}
    kept = f"{{{','.join([f'{json.dumps(name)}:{texts[name]}' for name in sorted(texts)])}}}".encode()
    return with_digest(snapshot, kept), kept
