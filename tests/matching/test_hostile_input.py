"""Whatever is sent is read or refused with a pointer: never another exception, never the value in a message."""

import json
import re
from typing import Any

import pytest

from matching.codec import Problem, SnapshotError, decode
from matching.facts import Limit

from .builders import changed
from .documents import SECRET, full, pointers, problems, walk

FACILITY, LIMIT, MINOR = "/facilities/0", "/funds/0/limits/0", "/minors/0"
PLACES = [pointer for pointer, _ in walk(full()) if pointer]
REFERRED_TO = ("id", "minor", "fund", "bed")
"""A change there can break a reference elsewhere."""


def refusal(document: Any) -> SnapshotError | None:
    """The refusal of a document, where it is refused."""
    try:
        decode(document)
    except SnapshotError as error:
        return error
    return None


WRONG: list[Any] = [SECRET, -1, 1.5, True, [], {}, [SECRET], {SECRET: SECRET}, [[SECRET]], 10**400, "\x00"]


@pytest.mark.parametrize("pointer", PLACES)
def test_whatever_stands_there_it_is_read_or_refused_at_that_place(pointer: str) -> None:
    for value in WRONG:
        error = refusal(changed(full(), {pointer: value}))
        if error is not None:
            assert SECRET not in " ".join(problem.message for problem in error.problems)
            about = [problem.pointer for problem in error.problems]
            elsewhere = any(name in pointer for name in REFERRED_TO)
            assert elsewhere or all(one.startswith(pointer.rsplit("/", 1)[0]) for one in about), about


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nul",
        "[1, 2",
        '{"version": 1,}',
        "{'version': 1}",
        "[" * 200_000,
        '{"a":' * 200_000,
        '{"version": ' + "9" * 5000 + "}",
        '{"version": "\\ud800"}',
        b"\xff\xfe\x00",
        b"\x80",
        json.dumps({"version": 1}).encode("utf-16"),
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_json(text: str | bytes) -> None:
    [problem] = problems(text)
    assert problem.pointer == ""
    assert re.fullmatch(
        r"expected JSON(, and from line \d+, column \d+ on it is none| that is nested less deep)", problem.message
    )


@pytest.mark.parametrize("text", ["null", "1", '"snapshot"', "[]", "true"])
def test_what_is_no_object(text: str) -> None:
    assert problems(text) == [Problem("", "expected an object")]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e400"])
@pytest.mark.parametrize("pointer", [f"{FACILITY}/point/0", f"{MINOR}/avoid/circles/0/2", "/horizon_nights"])
def test_numbers_that_are_none(pointer: str, word: str) -> None:
    text = json.dumps(changed(full(), {pointer: "@"})).replace('"@"', word)
    (found,) = problems(text)
    assert found.pointer in ("", pointer)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_in_a_parsed_document(value: float) -> None:
    assert pointers(changed(full(), {f"{FACILITY}/point/0": value})) == [f"{FACILITY}/point/0"]


@pytest.mark.parametrize("on", ["0001-01-01", "1899-12-31", "2400-01-01", "9999-12-31"])
def test_a_night_outside_the_calendar_that_is_counted(on: str) -> None:
    document = changed(full(), {"/tonight": on, f"{MINOR}/born_on": None})
    assert problems(document) == [Problem("/tonight", "expected a date from 1900 to 2399")]


@pytest.mark.parametrize("on", ["2400-01-01", "9999-12-31"])
def test_a_need_that_begins_beyond_the_calendar(on: str) -> None:
    document = changed(full(), {"/referrals/0/needed_from": on})
    assert problems(document) == [Problem("/referrals/0/needed_from", "expected a date before 2400")]


@pytest.mark.parametrize("on", ["1900-01-01", "2399-12-31"])
def test_the_ends_of_the_calendar(on: str) -> None:
    assert decode(changed(full(), {"/tonight": on, f"{MINOR}/born_on": None}))


MOST = [f"{LIMIT}/{name}" for name in ("beds_per_night", "nights_left", "rate_cents")]


def test_the_largest_numbers_are_read() -> None:
    document = changed(full(), dict.fromkeys(MOST, 10**9))
    found: Limit = decode(document).funds[0].limits[0]
    assert (found.beds_per_night, found.nights_left, found.rate_cents) == (10**9,) * 3


def test_a_message_never_repeats_a_value() -> None:
    """Every text of a document in turn becomes one that must not be seen again."""
    texts = [pointer for pointer, value in walk(full()) if isinstance(value, str)]
    errors = [refusal(changed(full(), {pointer: SECRET})) for pointer in texts]
    refused = [error for error in errors if error is not None]
    assert len(refused) > len(texts) / 2
    assert all(SECRET not in str(error) and SECRET not in repr(error.problems) for error in refused)
    assert {error.__cause__ for error in refused} == {None}
