"""Facts as JSON: every list in one order, every key in one order, so that the same facts are the same bytes."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from typing import Any, get_args, get_origin, get_type_hints

JSON_NAMES = {"from_": "from"}

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})
"""Types that JSON holds as they are: most of a snapshot, so they are told apart before anything is called."""


def plain(value: Any) -> Any:
    """Turn facts into what JSON can hold."""
    kind: Any = type(value)
    if kind in _AS_THEY_ARE:
        return value
    fields = _json_fields(kind)
    if fields is not None:
        names, get = fields
        return {
            name: row if type(row) in _AS_THEY_ARE else plain(row)
            for name, row in zip(names, get(value), strict=True)
            if row is not None
        }
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(map(plain, value))
    if isinstance(value, Mapping):
        return {str(key): plain(value[key]) for key in sorted(value)}
    return [row if type(row) in _AS_THEY_ARE else plain(row) for row in value]


def written(ordered: Any) -> str:
    """The canonical text of a fact whose lists are in order."""
    return json.dumps(plain(ordered), sort_keys=True, separators=(",", ":"))


@cache
def fields_of(fact: Any) -> tuple["dataclasses.Field[Any]", ...]:
    """The fields that the contract knows."""
    return tuple(column for column in dataclasses.fields(fact) if column.init)


@cache
def _json_fields(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]] | None:
    """The JSON names of a dataclass, and what gets their values; None of any other type."""
    if not dataclasses.is_dataclass(kind):
        return None
    fact: Any = kind
    columns = [column.name for column in fields_of(fact)]
    get = attrgetter(*columns) if len(columns) > 1 else lambda one: (getattr(one, columns[0]),)
    return tuple(JSON_NAMES.get(name, name) for name in columns), get


_ORDERED = {"limits", "point", "home_point", "age_range", "by_free"}
"""Fields whose order carries meaning; every other list is a set of rows or codes."""


def arranged(fact: Any) -> Any:
    """Put every list of a fact into one order, so that an answer cannot depend on the order of rows."""
    changes: dict[str, Any] = {}
    kind: Any = type(fact)
    for name in _holders(kind):
        held = getattr(fact, name)
        if not isinstance(held, tuple):
            changed = held if held is None else arranged(held)
        elif name in _ORDERED:
            changed = tuple(arranged(row) if dataclasses.is_dataclass(row) else row for row in held)
        elif held and dataclasses.is_dataclass(held[0]):
            changed = tuple(sorted(map(arranged, held), key=order_of))
        else:
            changed = tuple(sorted(held))
        if changed is not held and changed != held:
            changes[name] = changed
    return dataclasses.replace(fact, **changes) if changes else fact


@cache
def _holders(kind: Any) -> tuple[str, ...]:
    """The fields of a dataclass that may hold lists, or facts that do."""
    hints = get_type_hints(kind)
    return tuple(
        column.name
        for column in fields_of(kind)
        if "tuple" in str(hints[column.name]) or dataclass_in(hints[column.name]) is not None
    )


def order_of(row: Any) -> tuple[str, str]:
    """By id; what has none, by all it says."""
    own = getattr(row, "id", "")
    return (own, "" if own else json.dumps(plain(row), sort_keys=True))


@cache
def dataclass_in(hint: Any) -> Any:
    """Find the one dataclass that a type speaks of."""
    if dataclasses.is_dataclass(get_origin(hint) or hint):
        return hint
    return next(
        (found for arg in get_args(hint) if (found := dataclass_in(arg)) is not None),
        None,
    )
