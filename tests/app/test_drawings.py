"""Drawings of the gap audit: the numbers of the tables, and nothing of what these do not show."""

from app.reports.drawings import BAR, MOST_COMBINATIONS, combinations, county_tiles
from app.reports.schemas import FairLine, FairnessRead, RulesRead, TogetherCount
from app.web.places import counties, tiles

AGE, COUNTY, CUSTODY = "funding.age_band", "funding.residence", "funding.custody"


def rules(lines: dict[tuple[str, ...], int | None], others: int | None = None, in_others: int = 0) -> RulesRead:
    together = [TogetherCount(rules=list(own), count=count) for own, count in lines.items()]
    return RulesRead(all=None, together=together, others=others, in_others=in_others)


def test_bars_of_combinations_are_the_counts_and_their_dots_the_rules() -> None:
    found = combinations(rules({(AGE,): 20, (COUNTY,): 40, (AGE, COUNTY): None}, others=15, in_others=2))
    assert found is not None
    assert found["rules"] == ["County or State", "Age"]
    rows = [row["y"] for row in found["rows"]]
    assert [(one["count"], one["high"], one["on"], one["off"]) for one in found["columns"]] == [
        (40, BAR, [rows[0]], [rows[1]]), (20, BAR // 2, [rows[1]], [rows[0]]),
        (None, BAR, rows, []), (15, round(BAR * 15 / 40), [], rows),
    ]  # fmt: skip
    assert [one["others"] for one in found["columns"]] == [False, False, False, True]


def test_a_bar_that_is_not_shown_says_nothing_of_how_many() -> None:
    """Two hidden counts are drawn alike, whatever else is there."""
    for most in (11, 5000):
        found = combinations(rules({(AGE,): most, (COUNTY,): None, (CUSTODY,): None}))
        assert found is not None
        hidden = [one for one in found["columns"] if one["count"] is None]
        assert {one["high"] for one in hidden} == {BAR}


def test_the_largest_are_drawn_and_it_says_of_how_many_more() -> None:
    lines: dict[tuple[str, ...], int | None] = {(f"funding.{n:02}",): 100 - n for n in range(MOST_COMBINATIONS + 3)}
    found = combinations(rules(lines))
    assert found is not None
    assert [one["count"] for one in found["columns"]] == [100 - n for n in range(MOST_COMBINATIONS)]
    assert found["left_out"] == 3
    assert combinations(rules({})) is None


def line(group: str, asked: int | None, never: int | None) -> FairLine:
    return FairLine(group=group, asked=asked, placed=None, never=never, waited=None)


def test_tiles_say_of_every_ten_what_the_table_says_and_hide_what_it_hides() -> None:
    lines = [
        line("13121", 40, 30), line("13089", 40, 0), line("13067", 40, None), line("13135", None, 20),
        line("others", 30, 30), line("none", 12, 12), line("unknown", 12, 12), line("01073", 20, 20),
    ]  # fmt: skip
    grids = county_tiles(FairnessRead(by="residence", lines=lines))
    assert [grid["state"] for grid in grids] == ["AL", "GA"]
    kinds = [(one["kind"], one["count"]) for one in grids[1]["tiles"] if one["kind"] != "void"]
    assert sorted(kinds, key=str) == [("s0", 0), ("s4", 8), ("unshown", None), ("unshown", None)]
    assert all(one["count"] is None for one in grids[1]["tiles"] if one["kind"] == "void")
    assert [one["count"] for one in grids[0]["tiles"] if one["kind"] != "void"] == [10]
    assert county_tiles(FairnessRead(by="age", lines=[line("13121", 40, 30)])) == []


def test_each_county_has_a_square_of_its_own_in_its_state() -> None:
    assert tiles().keys() == counties().keys()
    places = {(counties()[fips].state, *place) for fips, place in tiles().items()}
    assert len(places) == len(tiles())
    assert all(column < 18 for column, _ in tiles().values())
