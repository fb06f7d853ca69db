"""Finds members that stand twice in one JSON object: of two answers to one question, which is meant is not known."""

import json
from typing import Any

from matching.codec import Problem


class _Members(list[tuple[str, Any]]):
    """An object as it was written, every member of it."""


def doubled(text: str | bytes) -> list[Problem]:
    """Where a name stands more than once in an object; what is no JSON at all is told by who reads it.

    Parameters
    ----------
    text : str or bytes
        JSON as it was written.

    Returns
    -------
    list of Problem
        One for each such name, with the JSON pointer of the member.
    """
    try:
        written = json.loads(text, object_pairs_hook=_Members)
    except (ValueError, RecursionError):
        return []
    found: list[Problem] = []
    waiting: list[tuple[str, Any]] = [("", written)]
    while waiting:
        at, value = waiting.pop()
        if isinstance(value, _Members):
            names = [name for name, _ in value]
            twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else ()
            found += [Problem(f"{at}/{_step(name)}", "This member stands here twice.") for name in twice]
            waiting += [(f"{at}/{_step(name)}", part) for name, part in value]
        elif isinstance(value, list):
            waiting += [(f"{at}/{n}", part) for n, part in enumerate(value)]
    return sorted(found)


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
