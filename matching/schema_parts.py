"""The parts that the engine's answers, and their JSON Schemas, are put together from."""

from typing import Any, Protocol

from matching.facts import PolicyRef

Document = dict[str, Any]


class Answer(Protocol):
    """What says by what it was found."""

    @property
    def snapshot_sha256(self) -> str: ...
    @property
    def rules_version(self) -> str: ...
    @property
    def engine_version(self) -> str: ...
    @property
    def policy(self) -> PolicyRef: ...


def made_by(found: Answer) -> Document:
    """By what an answer was found: snapshot, rules, engine and order of terms."""
    return {
        "snapshot_sha256": found.snapshot_sha256,
        "rules_version": found.rules_version,
        "engine_version": found.engine_version,
        "policy": {"id": found.policy.id, "version": found.policy.version},
    }


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
