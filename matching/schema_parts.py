"""The parts that the JSON Schemas of the engine's answers are put together from."""

from typing import Any

Document = dict[str, Any]


def record(**columns: Document) -> Document:
    """An object with just these keys."""
    return {"type": "object", "properties": columns, "required": list(columns), "additionalProperties": False}


def many(item: Document, exactly: int | None = None) -> Document:
    """A list; of exactly so many where a number is given."""
    found: Document = {"type": "array", "items": item}
    return found if exactly is None else found | {"minItems": exactly, "maxItems": exactly}


def whole(least: int, most: int | None = None) -> Document:
    """A whole number."""
    found: Document = {"type": "integer", "minimum": least}
    return found if most is None else found | {"maximum": most}


def perhaps(kind: Document) -> Document:
    """A value of a kind, or null."""
    return {"anyOf": [kind, {"type": "null"}]}
