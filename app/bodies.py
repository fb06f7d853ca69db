"""How a body is read: strictly, as the JSON it is, with every member once and every number a number."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticSerializationError, to_json
from pydantic_core.core_schema import json_or_python_schema, no_info_before_validator_function

from app.codes import NAMES, ApiModel
from app.errors import FieldError, invalid

MOST_ERRORS = 100
_TWICE = "This member stands here twice."
_NO_NUMBER = "Expected a number: NaN, infinities and numbers beyond all bounds are none."


def _read_as_json(model: type[BaseModel], sent: Any) -> Any:
    """Refuse what a strict reading of the same JSON refuses; half a surrogate pair is no JSON, and told elsewhere."""
    if isinstance(sent, dict):
        with suppress(PydanticSerializationError):
            text = to_json(sent, inf_nan_mode="constants")
            model.__pydantic_validator__.validate_json(text, strict=True)
    return sent


class Sent(ApiModel):
    """What every body inherits: read as the JSON it is, so that "1" is no number, 1 is not true, 0 is no date."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        # The framework hands over parsed JSON as Python objects, among which a strict reading knows no dates.
        first = no_info_before_validator_function(partial(_read_as_json, source), schema)
        return json_or_python_schema(json_schema=schema, python_schema=first)


class _Members(list[tuple[str, Any]]):
    """An object as it was sent, every member of it."""


def refuse_loose_json(body: bytes) -> None:
    """Refuse a body with a member named twice or a number that is none; what is no JSON at all is told elsewhere."""
    try:
        sent = json.loads(body, object_pairs_hook=_Members, parse_constant=lambda _: math.nan)
    except (ValueError, RecursionError):
        return
    if errors := list(islice(_wrong(sent), MOST_ERRORS)):
        raise invalid(errors)


def _wrong(sent: Any) -> Iterator[FieldError]:
    waiting: list[tuple[str, Any]] = [("", sent)]
    while waiting:
        at, value = waiting.pop()
        if isinstance(value, float) and not math.isfinite(value):
            yield FieldError(at, "finite_number", _NO_NUMBER)
        if isinstance(value, _Members):
            counts = Counter(name for name, _ in value)
            twice = (name for name, times in counts.items() if times > 1)
            yield from (FieldError(f"{at}/{_named(name)}", "duplicate_key", _TWICE, "Send it once.") for name in twice)
            inner: list[tuple[str | int, Any]] = [(_named(name), part) for name, part in value]
        else:
            inner = list(enumerate(value)) if isinstance(value, list) else []
        waiting += [(f"{at}/{step}", part) for step, part in reversed(inner) if isinstance(part, list | float)]


def _named(name: str) -> str:
    """A key that is no name of ours may be somebody's name, so it is not repeated."""
    return name if name in NAMES else "*"
