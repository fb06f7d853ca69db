"""The page of controls names each item once, says where it stands, and the tests that it names are there."""

import re
from pathlib import Path

from tests.test_threats import NAMED

PAGE = Path(__file__).parent.parent / "docs" / "asvs.md"
ROW = re.compile(r"^\| (\d+(?:\.\d+)+) \| (\w[\w ]*) \|(.+)\|(.*)\|$", re.MULTILINE)
STATES = {"Test", "Operator", "Not built", "None"}


def test_each_item_stands_once_with_a_test_or_a_duty() -> None:
    text = PAGE.read_text()
    rows = ROW.findall(text)
    assert len(rows) == text.count("\n| ") - text.count("\n| Item |"), "a line that cannot be read"
    numbers = [tuple(map(int, number.split("."))) for number, *_ in rows]
    assert numbers == sorted(set(numbers))
    for number, state, words, proof in rows:
        assert state in STATES, number
        assert words.strip(), number
        assert state != "Test" or NAMED.search(proof), number
        assert state != "Operator" or proof.strip(), number


def test_each_test_that_the_page_names_is_there() -> None:
    there = {
        (path.name, name)
        for path in Path(__file__).parent.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE)
    }
    assert [named for named in NAMED.findall(PAGE.read_text()) if named not in there] == []
