"""Every abuse that was thought of has an answer on its page, and every test that the page names is there."""

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "threats.md"
ROW = re.compile(r"^\| (\d+) \|(.+)\|(.+)\|(.*)\|$", re.MULTILINE)
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def test_the_page_has_every_number_once_and_an_answer_to_each() -> None:
    rows = ROW.findall(PAGE.read_text())
    assert [int(number) for number, *_ in rows] == list(range(1, 37))
    for number, _, answer, proof in rows:
        open_points = ("Not built", "Nothing is exported", "No tables leave", "Outside")
        assert NAMED.search(proof) or any(point in answer for point in open_points), number


def test_each_test_that_the_page_names_is_there() -> None:
    there = {
        (path.name, name)
        for path in Path(__file__).parent.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE)
    }
    missing = [named for named in NAMED.findall(PAGE.read_text()) if named not in there]
    assert missing == []
