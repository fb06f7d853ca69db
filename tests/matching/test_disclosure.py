"""What leaves of a table gives no small count away, to a reader with a solver of another make."""

import random
from collections.abc import Iterator, Sequence
from itertools import combinations, product

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from matching import disclosure
from matching.disclosure import (
    DEFAULT,
    Floor,
    Published,
    Range,
    Sum,
    Table,
    Unsafe,
    attack,
    crossed,
    gather,
    protect,
    too_narrow,
    without,
)
from tests.proofs import or_many, saw

COUNTS = (0, 1, 2, 3, 5, 8, 10, 11, 12, 15, 20, 40, 90)
FAR = 100_000


def flat(**counts: int) -> Table:
    """A list with its total."""
    return Table({**counts, "all": sum(counts.values())}, (Sum("all", tuple(counts)),))


def tree(name: str, size: int) -> dict[str, Sequence[str]]:
    """A total of so many; of four and more, two of them make a total of their own."""
    leaves = [f"{name}{at}" for at in range(size)]
    return {name: [f"{name}s", *leaves[2:]], f"{name}s": leaves[:2]} if size > 3 else {name: leaves}


def tables(count: int, seed: int) -> Iterator[tuple[random.Random, Table]]:
    """Random tables: two dimensions or three, totals of totals, and lists whose parts count in several totals."""
    draw = random.Random(seed)  # noqa: S311 - an example, not a secret
    for at in range(count):
        if at % 4 == 3:
            yield draw, rules(draw)
            continue
        trees = [tree(name, draw.randint(2, 4)) for name in "ab"] if at % 4 != 2 else [tree(name, 2) for name in "abc"]
        leaves = [[part for parts in one.values() for part in parts if part not in one] for one in trees]
        yield draw, crossed({key: draw.choice(COUNTS) for key in product(*leaves)}, trees)


def rules(draw: random.Random) -> Table:
    """Young people by the rules that were in the way together, with how many each rule was in the way of."""
    names = ["age", "county", "custody", "cap"]
    sets = [*combinations(names, 1), *combinations(names, 2)]
    counts = {"+".join(one): draw.choice(COUNTS) for one in sets}
    line = gather({name: count for name, count in counts.items() if "+" in name})
    whole = {name: sum(count for one, count in counts.items() if name in one.split("+")) for name in names}
    sums = [Sum("all", tuple(counts)), *(Sum(f"any {n}", tuple(o for o in counts if n in o.split("+"))) for n in names)]
    cells = counts | {f"any {name}": count for name, count in whole.items()} | {"all": sum(counts.values())}
    if line:
        cells["others"] = sum(counts[name] for name in line)
        sums.append(Sum("others", tuple(line)))
    return Table(cells, tuple(sums))


def recovered(both: Sequence[Published], table: dict[str, int]) -> tuple[int, int]:
    """How many hidden counts another solver finds exactly, and how many within two."""
    shown = {name: count for out in both for name, count in out.shown.items()}
    hidden = sorted({name for out in both for name in out.hidden} - shown.keys())
    names = sorted({n for r in both for row in r.sums for n in (row.whole, *row.parts)} | set(hidden) | set(shown))
    at = {name: place for place, name in enumerate(names)}
    rows = {row for out in both for row in out.sums}
    if not hidden or not rows:
        return 0, 0
    matrix = np.zeros((len(rows), len(names)))
    for place, row in enumerate(rows):
        matrix[place, at[row.whole]] += 1
        for part in row.parts:
            matrix[place, at[part]] -= 1
    least = [shown.get(name, 1 if name in hidden else 0) for name in names]
    bounds = Bounds(least, [shown.get(name, FAR) for name in names])
    exact = near = 0
    for name in hidden:
        ends = []
        for towards in (1, -1):
            aim = np.zeros(len(names))
            aim[at[name]] = towards
            done = milp(
                aim,
                constraints=LinearConstraint(matrix, 0, 0),
                bounds=bounds,
                integrality=np.ones(len(names), np.int64),
            )
            assert done.status == 0, done.message
            ends.append(round(towards * done.fun))
        assert ends[0] <= table[name] <= ends[1]
        exact += ends[0] == ends[1]
        near += table[name] - 2 <= ends[0] and ends[1] <= table[name] + 2
    return exact, near


def test_nothing_hidden_is_recovered_from_random_tables() -> None:
    count = or_many(12, 40)
    for _, table in tables(count, 1):
        out = protect(table)
        assert table.small() <= out.hidden
        assert all(table.cells[name] for name in out.hidden)
        assert recovered([out], dict(table.cells)) == (0, 0)
    saw("random tables of counts of which no hidden one was recovered, exactly or within two", count)


def test_without_the_others_hidden_much_is_recovered() -> None:
    found = [recovered([without(table, table.small())], dict(table.cells)) for _, table in tables(8, 1)]
    assert sum(exact for exact, _ in found) >= 8


def coarser(draw: random.Random, table: Table) -> Table:
    """The same counts with two of the groups of the list in one."""
    row = table.sums[0]
    first, second = draw.sample(row.parts, 2)
    cells = {"both": table.cells[first] + table.cells[second], row.whole: table.cells[row.whole]}
    return Table(cells, (Sum("both", (first, second)),))


def longer(draw: random.Random, table: Table) -> Table:
    """The same table of a longer time: what came on top is counted nowhere, and found by whoever subtracts."""
    leaves = set(table.cells) - {row.whole for row in table.sums}
    added = {name: draw.choice((0, 0, 0, 1, 2, 5, 14)) for name in sorted(leaves)}
    for row in sorted(table.sums, key=lambda one: table.cells[one.whole]):
        added.setdefault(row.whole, 0)
    for _ in table.sums:
        added |= {row.whole: sum(added[part] for part in row.parts) for row in table.sums}
    cells = {f"new {name}": count for name, count in added.items()}
    cells |= {f"late {name}": count + added[name] for name, count in table.cells.items()}
    sums = [Sum(f"late {name}", (name, f"new {name}")) for name in table.cells]
    for of in ("new", "late"):
        sums += [Sum(f"{of} {row.whole}", tuple(f"{of} {part}" for part in row.parts)) for row in table.sums]
    return Table(cells, tuple(sums))


def test_nothing_hidden_is_recovered_from_two_tables_together() -> None:
    count, refused = or_many(6, 40), 0
    for at, (draw, table) in enumerate(tables(count, 2)):
        first = protect(table)
        second = (coarser, longer)[at % 2](draw, table)
        try:
            after = protect(second, [first])
        except Unsafe:
            refused += 1
            continue
        assert recovered([first, after], {**table.cells, **second.cells}) == (0, 0)
    assert refused < count / 3
    saw("pairs of published tables of which no hidden count was recovered, exactly or within two", count - refused)


def test_without_a_look_at_the_earlier_one_two_tables_give_counts_away() -> None:
    found = 0
    for draw, table in tables(8, 2):
        second = longer(draw, table)
        both = [protect(table), protect(Table(second.cells, second.sums[len(table.cells) :]))]
        together = [*both, Published({}, frozenset(), second.sums)]
        found += bool(too_narrow(together))
    assert found >= 4


def brute(table: Table, out: Published, leaves: Sequence[str], most: int) -> dict[str, tuple[int, int]]:
    """The ranges of hidden cells by trying every table there is."""
    seen: dict[str, set[int]] = {name: set() for name in out.hidden}
    for counts in product(range(most + 1), repeat=len(leaves)):
        cells = dict(zip(leaves, counts, strict=True))
        for row in table.sums:
            cells[row.whole] = sum(cells[part] for part in row.parts)
        if all(cells[name] == count for name, count in out.shown.items()) and all(cells[name] for name in out.hidden):
            for name, values in seen.items():
                values.add(cells[name])
    return {name: (min(values), max(values)) for name, values in seen.items()}


def small_tables(count: int) -> Iterator[tuple[random.Random, Table, list[str]]]:
    draw = random.Random(5)  # noqa: S311 - an example, not a secret
    for _ in range(count):
        leaves = [("a0", "b0"), ("a0", "b1"), ("a1", "b0"), ("a1", "b1")]
        table = crossed({key: draw.randint(0, 3) for key in leaves}, [{"a": ["a0", "a1"]}, {"b": ["b0", "b1"]}])
        yield draw, table, [" / ".join(key) for key in leaves]


def test_the_attack_finds_what_trying_every_table_finds() -> None:
    for draw, table, leaves in small_tables(or_many(10, 20)):
        away = [name for name, count in table.cells.items() if count and name != "a / b" and draw.random() < 0.6]
        out = without(table, away)
        found = {name: (known.least, known.most) for name, known in attack([out]).items()}
        assert found == brute(table, out, leaves, table.cells["a / b"])


def test_no_cheaper_cells_would_do() -> None:
    floor = Floor(most_small=4, width=5, reason="counts that can be tried one by one")
    for draw, table, _ in small_tables(or_many(2, 4)):
        table = Table(
            {name: 3 * count for name, count in table.cells.items()}, table.sums, dear={"a / b": draw.choice((1, 9000))}
        )
        small = table.small(floor)
        free = [name for name, count in table.cells.items() if count and name not in small]
        sets = [{*small, *more} for size in range(len(free) + 1) for more in combinations(free, size)]
        safe = [away for away in sets if not too_narrow([without(table, away)], floor)]
        least = min(sum(table.cost(name) for name in away - small) for away in safe)
        assert sum(table.cost(name) for name in protect(table, floor=floor).hidden - small) == least


def test_with_one_small_group_the_least_of_the_others_is_hidden_too() -> None:
    out = protect(flat(age=3, county=40, custody=25))
    assert out.hidden == {"age", "custody"}
    assert out.shown == {"county": 40, "all": 68}
    assert attack([out]) == {"age": Range(1, 27), "custody": Range(1, 27)}


@pytest.mark.parametrize(("count", "hidden"), [(0, False), (1, True), (10, True), (11, False)])
def test_from_one_to_ten_is_small(count: int, hidden: bool) -> None:
    out = protect(flat(age=count, county=40, custody=25))
    assert ("age" in out.hidden) is hidden
    assert out.shown.get("age") == (None if hidden else count)


def test_nights_of_few_young_people_are_small_however_many_they_are() -> None:
    table = Table({"nights": 300, "days": 300}, people={"nights": 10, "days": 11})
    assert table.small() == {"nights"}
    assert Table({"nights": 0}, people={"nights": 3}).small() == set()


def test_what_anybody_can_look_up_is_not_hidden() -> None:
    table = Table({"beds": 4, "paid": 1, "left": 3}, (Sum("beds", ("paid", "left")),), known=frozenset({"beds"}))
    with pytest.raises(Unsafe):
        protect(table)
    wide = Table({"beds": 120, "paid": 3, "left": 117}, (Sum("beds", ("paid", "left")),), known=frozenset({"beds"}))
    assert protect(wide).hidden == {"paid", "left"}


def test_a_table_of_few_is_not_shown_at_all() -> None:
    out = protect(flat(age=3, county=4))
    assert out.shown == {}
    assert attack([out])["all"] == Range(2, None)


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({"a": 40, "b": 0, "c": 11}, []),
        ({"a": 40, "b": 3, "c": 12}, ["b", "c"]),
        ({"a": 40, "b": 3, "c": 8, "d": 12}, ["b", "c"]),
        ({"a": 40, "b": 3, "c": 7, "d": 12}, ["b", "c", "d"]),
        ({"a": 3, "b": 0}, ["a"]),
        ({"a": 3, "b": 4}, ["a", "b"]),
    ],
)
def test_small_groups_go_into_one_line(counts: dict[str, int], line: list[str]) -> None:
    assert gather(counts) == line


def test_groups_behind_which_few_are_go_into_one_line() -> None:
    assert gather({"a": 40, "b": 30, "c": 90}, people={"a": 2, "b": 20, "c": 30}) == ["a", "b"]


def test_another_number_than_before_is_refused() -> None:
    table = flat(age=30, county=40)
    with pytest.raises(Unsafe):
        protect(table, [Published({"age": 31}, frozenset())])
    with pytest.raises(Unsafe):
        protect(flat(age=3, county=40), [Published({"age": 3}, frozenset())])
    with pytest.raises(Unsafe):
        attack([Published({"age": 31}, frozenset({"x"})), Published({"age": 30}, frozenset())])


def test_what_is_out_already_may_leave_nothing_to_hide() -> None:
    """The total and one part are out: the other part, which nobody had published, follows."""
    out = Published({"all": 43, "county": 40}, frozenset())
    with pytest.raises(Unsafe):
        protect(flat(age=3, county=40), [out])


def test_where_no_way_is_found_in_time_all_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosure, "ROUNDS", 0)
    assert protect(flat(age=3, county=40, custody=25)).shown == {}
    with pytest.raises(Unsafe):
        protect(Table({"beds": 4, "paid": 1, "left": 3}, (Sum("beds", ("paid", "left")),), known=frozenset({"beds"})))


def test_numbers_that_contradict_each_other_are_told() -> None:
    with pytest.raises(Unsafe):
        attack([Published({"all": 3, "b": 4}, frozenset({"a"}), (Sum("all", ("a", "b")),))])


def test_what_an_earlier_release_hid_stays_uncertain() -> None:
    first = protect(flat(age=3, county=40, custody=25))
    both = Table({"both": 43}, (Sum("both", ("age", "county")),))
    with pytest.raises(Unsafe):
        protect(Table(both.cells, both.sums, known=frozenset({"both"})), [first])
    assert protect(both, [first]).hidden == {"both"}


@pytest.mark.parametrize(
    ("most_small", "width", "reason"), [(9, 9, None), (10, 8, None), (10, 8, ""), (3, 9, "asked"), (10, 4, "asked")]
)
def test_a_lower_floor_needs_a_reason_and_has_an_end(most_small: int, width: int, reason: str | None) -> None:
    with pytest.raises(ValueError, match="floor"):
        Floor(most_small=most_small, width=width, reason=reason)


def test_floors_that_may_be() -> None:
    assert Floor(most_small=4, width=5, reason="agreement of July 1").is_small(5) is False
    assert (DEFAULT.is_small(0), DEFAULT.is_small(10), Floor(most_small=20).is_small(20)) == (False, True, True)
