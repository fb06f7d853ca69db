"""Drawings of the gap audit beside its tables, from the same counts: what is not shown there is drawn as not shown.

Each is the shapes of a picture; the words and numbers for who cannot see it are those of the table that follows it.
"""

from typing import Any

from app.reports.counting import OTHERS
from app.reports.schemas import FairnessRead, RulesRead
from app.web import words
from app.web.places import counties, counties_of, tiles
from app.web.words import said

Json = dict[str, Any]

MOST_COMBINATIONS = 10
"""As many as a phone shows without shrinking them; the table has all."""
COLUMN, ROW, BAR, LEFT = 32, 18, 90, 24
TILE, GAP = 22, 2
SHADES = 5


def combinations(found: RulesRead) -> Json | None:
    """Bars of how many each set of rules stood in the way of, above dots that say which rules: the largest first.

    None where nobody was turned away. Sets of small groups stand in one bar of their own, without dots.
    """
    lines = sorted(found.together, key=lambda line: (-(line.count or 0), line.rules))
    rules = list(dict.fromkeys(rule for line in lines[:MOST_COMBINATIONS] for rule in line.rules))
    sets: list[tuple[list[str], int | None]] = [(line.rules, line.count) for line in lines[:MOST_COMBINATIONS]]
    if found.in_others:
        sets.append(([], found.others))
    if not sets:
        return None
    most = max([1, *(count or 0 for _, count in sets)])
    return {
        "width": LEFT + COLUMN * len(sets),
        "height": BAR + 20 + ROW * len(rules),
        "columns": [_column(at, own, count, most, rules) for at, (own, count) in enumerate(sets)],
        "rows": [{"n": n, "y": _row(n - 1)} for n in range(1, len(rules) + 1)],
        "rules": [said(words.RULES, rule) for rule in rules],
        "left_out": max(0, len(lines) - MOST_COMBINATIONS),
    }


def _column(at: int, own: list[str], count: int | None, most: int, rules: list[str]) -> Json:
    rows = [_row(place) for place, rule in enumerate(rules) if rule in own]
    high = BAR if count is None else round(BAR * count / most)
    return {
        "x": LEFT + COLUMN * at + COLUMN // 2,
        "left": LEFT + COLUMN * at + 6,
        "wide": COLUMN - 12,
        "top": 14 + BAR - high,
        "high": high,
        "count": count,
        "on": rows,
        "off": [_row(place) for place, rule in enumerate(rules) if rule not in own],
        "others": not own,
    }


def _row(place: int) -> int:
    return 14 + BAR + 14 + ROW * place


def county_tiles(fair: FairnessRead) -> list[Json]:
    """A grid for each State that a county of the list is in: of every ten for whom a bed was looked for, not placed.

    A county that the list does not name has none of them, or stands in the line of the small ones; nothing tells which.
    """
    if fair.by != "residence":
        return []
    lines = {line.group: line for line in fair.lines if line.group != OTHERS and line.group in counties()}
    states = sorted({counties()[fips].state for fips in lines})
    return [_grid(state, {fips: _of_ten(one.asked, one.never) for fips, one in lines.items()}) for state in states]


def _of_ten(asked: int | None, never: int | None) -> int | None:
    return None if not asked or never is None else round(10 * never / asked)


def _grid(state: str, of_ten: dict[str, int | None]) -> Json:
    own = [(county, tiles()[county.fips]) for county in counties_of([state]) if county.fips in tiles()]
    step = TILE + GAP
    return {
        "state": state,
        "width": step * (1 + max(column for _, (column, _) in own)),
        "height": step * (1 + max(row for _, (_, row) in own)),
        "tiles": [
            {
                "x": GAP // 2 + step * column,
                "y": GAP // 2 + step * row,
                "kind": _kind(of_ten[county.fips]) if county.fips in of_ten else "void",
                "count": of_ten.get(county.fips),
            }
            for county, (column, row) in own
        ],
        "side": TILE,
    }


def _kind(count: int | None) -> str:
    return "unshown" if count is None else f"s{min(SHADES - 1, (count + 1) // 2)}"
