"""Snapshot JSON ⇄ facts, and the JSON Schema.

The shapes stand once, in `facts`; this module turns them into strict pydantic models and adds what each named
value must look like. Nothing that was sent is ever repeated in a message: it could be about a child.
"""

import dataclasses
import hashlib
import json
import re
import types
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
)
from pydantic.annotated_handlers import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from matching import facts
from matching.canonical import JSON_NAMES, arranged, dataclass_in, fields_of, plain, written
from matching.facts import Snapshot
from matching.integrity import faults


class Problem(NamedTuple):
    """Where in the document (a JSON pointer) something is wrong, and what was expected there."""

    pointer: str
    message: str


class SnapshotError(ValueError):
    """The document is not a snapshot of the contract, version 1."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{at or '/'}: {message}" for at, message in self.problems))


_SHAPES: Mapping[str, Any] = {
    "id": Field(min_length=1, max_length=200),
    "code": Field(min_length=1, max_length=200),
    "words": Field(max_length=2000),
    "county": Field(pattern=r"^[0-9]{5}$", description="5-digit FIPS code of a county"),
    "place": Field(pattern=r"^[0-9]{7}$", description="7-digit census place FIPS code"),
    "state": Field(pattern=r"^[A-Z]{2}$", description="2-letter postal code of a State"),
    "month_day": Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", description="MM-DD"),
    "age": Field(ge=0, le=150, description="completed years"),
    "count": Field(ge=0, le=1_000_000_000),
    "positive": Field(ge=1, le=100_000),
    "latitude": Field(ge=-90, le=90, allow_inf_nan=False),
    "longitude": Field(ge=-180, le=180, allow_inf_nan=False),
    "kilometres": Field(ge=0, allow_inf_nan=False),
    "urgency": Field(ge=1, le=4),
    "horizon": Field(ge=1, le=731),
    "instant": Field(description="RFC 3339 with offset"),
}


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Written:
    """How the contract writes a value, where pydantic alone reads more: a number in a text as a date, true as 1."""

    wrong: str
    first: CoreSchema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        read: Any = {**handler(source), "strict": False}
        steps = core_schema.chain_schema([self.first, read])
        return core_schema.custom_error_schema(steps, self.wrong, custom_error_message=self.wrong)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema["schema"]["steps"][-1])


def _text(pattern: str) -> CoreSchema:
    return core_schema.str_schema(pattern=f"^{pattern}$", strict=True)


_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_HOUR = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_DATE = Annotated[date, _Written("date_written", _text(_DAY))]
_INSTANT = Annotated[AwareDatetime, _Written("datetime_written", _text(f"{_DAY}[Tt]{_HOUR}"))]
_VERSION = _Written("version_written", core_schema.int_schema(strict=True))


_NOT_EMPTY = {"admits", "trafficking", "genders", "allow", "facility_kinds", "basis"}
"""Lists of who or what is accepted: null, or they name something (the rules' section 1)."""


def decode(document: dict[str, Any] | str | bytes) -> Snapshot:
    """Read a snapshot of contract version 1.

    Parameters
    ----------
    document : dict or str or bytes
        The JSON, parsed or as text.

    Returns
    -------
    Snapshot
        With every list in the order of ids, so that the order of rows in a file never matters.

    Raises
    ------
    SnapshotError
        With one problem for each thing that is wrong, each with its JSON pointer.
    """
    return decode_and_keep(document)[0]


def decode_and_keep(document: dict[str, Any] | str | bytes) -> tuple[Snapshot, bytes]:
    """The same, with the canonical bytes, for whoever keeps them beside."""
    snapshot: Snapshot = read(Snapshot, document)
    check(snapshot)
    ordered: Snapshot = arranged(snapshot)
    kept = written(ordered).encode()
    return with_digest(ordered, kept), kept


def decode_kept(text: str | bytes) -> Snapshot:
    """Read a snapshot that was kept as it was decided by: it is in order, and no row of it contradicts another."""
    snapshot: Snapshot = read(Snapshot, text)
    return snapshot


def read(fact: Any, document: dict[str, Any] | str | bytes, at: str = "") -> Any:
    """Read the JSON of one dataclass of `facts`, as a part of a document that stands `at` a pointer.

    Raises SnapshotError. How rows belong together is for `check` to say.
    """
    text = json.dumps(document) if isinstance(document, dict) else document
    try:
        return _fact(fact, _model(fact).model_validate_json(text))  # nothing keeps the model, which is larger by far
    except ValidationError as error:
        found = map(_problem, error.errors(include_input=False, include_url=False))
        raise SnapshotError(Problem(at + one.pointer, one.message) for one in found) from None


def check(snapshot: Snapshot) -> None:
    """Raise SnapshotError where rows contradict each other."""
    found = [Problem(*fault) for fault in faults(snapshot)]
    if found:
        raise SnapshotError(found)


def with_digest(ordered: Snapshot, kept: bytes) -> Snapshot:
    """A snapshot whose lists are in order, with the hash of its canonical bytes."""
    object.__setattr__(ordered, "digest", hashlib.sha256(kept).hexdigest())
    return ordered


def encode(snapshot: Snapshot) -> dict[str, Any]:
    """Give the contract JSON of a snapshot; facts that are not known are left out."""
    document: dict[str, Any] = plain(snapshot)
    return document


def canonical(snapshot: Snapshot) -> bytes:
    """Give the bytes that stand for a snapshot whatever the order of its rows."""
    return written(snapshot if snapshot.digest is not None else arranged(snapshot)).encode()


def sha256(snapshot: Snapshot) -> str:
    """Give the hash of the canonical bytes, in hexadecimal."""
    return snapshot.digest or hashlib.sha256(canonical(snapshot)).hexdigest()


def schema() -> dict[str, Any]:
    """Give the JSON Schema of a snapshot."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_model(Snapshot).model_json_schema(by_alias=True),
    }


# Facts to pydantic models.


@cache
def _model(fact: Any) -> type[BaseModel]:
    """Build the strict model of a dataclass of `facts`: unknown keys are refused, what has a default may be null."""
    origin = get_origin(fact) or fact
    hints = get_type_hints(origin, include_extras=True)
    if origin is facts.Evidence:
        (value,) = get_args(fact)
        hints["value"] = value | None
    columns: dict[str, Any] = {}
    for column in fields_of(origin):
        shape = _shape(hints[column.name])
        if column.name in _NOT_EMPTY and "tuple" in str(shape):
            shape = Annotated[shape, Field(min_length=1)]
        required = column.default is dataclasses.MISSING and column.default_factory is dataclasses.MISSING
        default = ... if required or (column.name == "version" and origin is Snapshot) else None
        if default is None:
            shape = shape | None
        columns[column.name] = (
            shape,
            Field(default, alias=JSON_NAMES.get(column.name, column.name)),
        )
    config = ConfigDict(strict=True, extra="forbid")
    name = origin.__name__ + "".join(getattr(arg, "__name__", "Choice") for arg in get_args(fact))
    return create_model(name, __config__=config, __doc__=origin.__doc__, **columns)


def _shape(hint: Any) -> Any:
    """Translate one type of `facts` into what pydantic checks."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return Annotated[_INSTANT if args[0] is datetime else args[0], _SHAPES[args[1]]]
    if hint is date:
        return _DATE
    if origin is Literal and all(isinstance(arg, int) for arg in args):
        return Annotated[hint, _VERSION]
    if dataclasses.is_dataclass(origin or hint):
        return _model(hint)
    if origin in (Union, types.UnionType):
        return Union[tuple(_shape(arg) for arg in args)]  # noqa: UP007 - built at run time
    if origin in (tuple, frozenset):
        items = tuple(arg if arg is Ellipsis else _shape(arg) for arg in args)
        return origin[items]
    if origin is Mapping:
        return dict[_shape(args[0]), _shape(args[1])]  # type: ignore[misc]
    return hint


# Pydantic models to facts.


def _fact(fact: Any, model: BaseModel) -> Any:
    """Build a dataclass of `facts` from its checked model; null stands for the default."""
    origin, inner = _parts(fact)
    known = {name: value for name, value in model.__dict__.items() if value is not None}
    for name in inner.keys() & known.keys():
        value = known[name]
        if isinstance(value, BaseModel):
            known[name] = _fact(inner[name], value)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            known[name] = tuple(_fact(inner[name], row) for row in value)
    return origin(**known)


@cache
def _parts(fact: Any) -> tuple[Any, dict[str, Any]]:
    """What builds a dataclass of `facts`, and its fields that hold other ones, with the type of those."""
    origin = get_origin(fact) or fact
    held = {name: dataclass_in(hint) for name, hint in get_type_hints(origin).items()}
    return origin, {name: inner for name, inner in held.items() if inner is not None}


# Problems in words.

_EXPECTED: Mapping[str, str] = {
    "missing": "this key is required",
    "extra_forbidden": "this key is not known; check its spelling or leave it out",
    "string_type": "expected a text",
    "string_too_short": "expected a text that is not empty",
    "string_too_long": "expected a shorter text",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false",
    "tuple_type": "expected a list",
    "frozen_set_type": "expected a list",
    "dict_type": "expected an object",
    "model_type": "expected an object",
    "model_attributes_type": "expected an object",
    "too_short": "expected a list that names something, or null",
    "too_long": "expected a list with fewer items",
    "date_written": "expected a date, such as 2026-11-21",
    "version_written": "expected 1, the version of this contract",
    "datetime_written": "expected an instant with its offset, such as 2026-11-21T22:14:00-05:00",
    "json_invalid": "expected JSON",
}


def not_json(line: object, column: object) -> str:
    """What is said of a text that is no JSON, from where it is none."""
    return f"expected JSON, and from line {line}, column {column} on it is none"


def _problem(error: Any) -> Problem:
    """Put a pydantic error into a pointer and words, without the value."""
    kind, context = error["type"], error.get("ctx", {})
    pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in error["loc"])
    if kind == "json_invalid" and "recursion" in context["error"]:
        return Problem(pointer, "expected JSON that is nested less deep")
    if kind == "json_invalid" and (at := re.search(r"at line (\d+) column (\d+)", context["error"])):
        return Problem(pointer, not_json(*at.groups()))
    if kind == "literal_error":
        return Problem(pointer, f"expected {context['expected']}")
    if kind == "string_pattern_mismatch":
        words = {_SHAPES[name].metadata[0].pattern: _SHAPES[name].description for name in _PATTERNED}
        return Problem(pointer, f"expected a {words[context['pattern']]}")
    if kind in {"greater_than_equal", "less_than_equal"}:
        side = "at least" if "ge" in context else "at most"
        return Problem(
            pointer,
            f"expected a number of {side} {context.get('ge', context.get('le'))}",
        )
    return Problem(pointer, _EXPECTED.get(kind, "expected another kind of value"))


_PATTERNED = [
    name
    for name, shape in _SHAPES.items()
    if getattr(shape, "metadata", None) and name in {"county", "place", "state", "month_day"}
]
