"""The JSON Schema says what the reader does: it takes what is read, and refuses every wrong shape."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from matching.codec import SnapshotError, decode, encode, schema
from matching.integrity import faults

from .builders import GONE, changed
from .documents import full, walk
from .test_hostile_input import PLACES, WRONG
from .worlds import world

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)

# Formats and references that a schema does not look at.
BEYOND = ("as_of", "confirmed_at", "opened_at", "holidays", "version")
OF_ROWS = ("expected the id of", "expected an id of its own", "expected no two", "expected exactly one of")


def read(document: Any) -> bool | None:
    """Whether a document is read; None where only its rows do not belong together, or a number is infinite."""
    try:
        decode(document)
    except SnapshotError as error:
        said = [problem.message for problem in error.problems]
        beyond = all(message.startswith(OF_ROWS) or "finite" in message for message in said)
        return None if beyond else False
    return True


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_it_takes_every_worked_case(case: Path) -> None:
    document = json.loads(case.read_text())["snapshot"]
    VALIDATOR.validate(document)
    VALIDATOR.validate(encode(decode(document)))


@pytest.mark.parametrize("seed", range(30))
def test_it_takes_random_networks(seed: int) -> None:
    VALIDATOR.validate(world(seed))


@pytest.mark.parametrize("pointer", PLACES)
def test_it_refuses_what_the_reader_refuses(pointer: str) -> None:
    if pointer.rsplit("/", 1)[-1] in BEYOND:
        return
    for value in (*WRONG, None):
        document = changed(full(), {pointer: value})
        expected = read(document)
        assert expected is None or VALIDATOR.is_valid(document) is expected, value


@pytest.mark.parametrize("pointer", [""] + [pointer for pointer, value in walk(full()) if isinstance(value, dict)])
def test_it_refuses_unknown_keys_and_missing_ones(pointer: str) -> None:
    if not pointer.endswith("holidays"):
        assert not VALIDATOR.is_valid(changed(full(), {f"{pointer}/colour": "red"}))
    for place, _ in walk(full()):
        if place.rsplit("/", 1)[0] == pointer and place:
            document = changed(full(), {place: GONE})
            expected = read(document)
            assert expected is None or VALIDATOR.is_valid(document) is expected, place


def test_what_a_schema_cannot_say_is_left_to_the_rows() -> None:
    document = changed(full(), {"/referrals/0/minor": "min_2"})
    assert VALIDATOR.is_valid(document)
    assert read(document) is None
    assert list(faults(decode(full()))) == []


def test_it_says_what_an_age_and_a_county_are() -> None:
    texts = json.dumps(SCHEMA)
    assert "5-digit FIPS code of a county" in texts
    assert "completed years" in texts
