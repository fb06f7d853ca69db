"""Tables of counts that may leave: small counts are hidden so that nothing that was ever published gives them away.

A count from 1 to 10 is hidden, and with it as few others as it takes (`protect`). Whether that is enough is not taken
on trust: `attack` does to everything published what a reader with a solver could do, and finds for each hidden count
the least and the most that it may be. What is known too well is not published.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

MOST_SMALL = 10
LEAST_ALLOWED = 4
NOT_WITHIN_TWO = 5
PROVED_WITHIN = 1.0
"""Units of the solver's own time, the same on every machine: far more than it takes to prove which cells of a table of
a page are the cheapest to hide. Of larger tables the cheapest found so far are taken: as safe, if not as few."""
MANY = 1000
ROUNDS = 200


class Sum(NamedTuple):
    """A count that is the sum of others; the parts of several sums may be the same cells."""

    whole: str
    parts: tuple[str, ...]


class Range(NamedTuple):
    """What a reader can work out of a hidden count; `most` None: nothing bounds it."""

    least: int
    most: int | None

    @property
    def width(self) -> int:
        """How many more numbers than one it may be; a count that is known has none."""
        return MANY if self.most is None else self.most - self.least


class Unsafe(Exception):
    """The table cannot be published, since it would give away a count that must stay hidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What is small, and how little of it may be known.

    Parameters
    ----------
    most_small : int
        Counts from 1 to this are never shown.
    width : int
        A hidden count must have at least this many numbers beside the least that it may be: 9 tells no more of a
        single one than that it is from 1 to 10.
    reason : str, optional
        Why either is below the default. A funder under agreement may have a lower floor, never under 5 people.

    Raises
    ------
    ValueError
        Below the default without a reason, or below what no reason allows.
    """

    most_small: int = MOST_SMALL
    width: int = MOST_SMALL - 1
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.most_small < LEAST_ALLOWED or self.width < NOT_WITHIN_TWO:
            raise ValueError("a floor is never so low")
        if (self.most_small < MOST_SMALL or self.width < MOST_SMALL - 1) and not self.reason:
            raise ValueError("a floor below the default needs a reason")

    def is_small(self, count: int) -> bool:
        """Whether so few must not be shown; none at all may be."""
        return 1 <= count <= self.most_small


DEFAULT = Floor()


@dataclass(frozen=True, slots=True)
class Table:
    """Counts by the name of their cell, and which are sums of which. A name is one number, in whatever table it is.

    `people`: of a cell that counts something else, such as nights, how many young people are behind it.
    `known`: cells that anybody can look up elsewhere, and that so cannot be hidden.
    `dear`: what hiding a cell costs; by default 1000, and its count on top.
    """

    cells: Mapping[str, int]
    sums: tuple[Sum, ...] = ()
    people: Mapping[str, int] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    dear: Mapping[str, int] = field(default_factory=dict)

    def small(self, floor: Floor = DEFAULT) -> frozenset[str]:
        """The cells that must be hidden for what they are themselves."""
        return frozenset(
            name
            for name, count in self.cells.items()
            if count
            and name not in self.known
            and (floor.is_small(count) or floor.is_small(self.people.get(name, count)))
        )

    def cost(self, name: str) -> int:
        """What hiding a cell costs: few cells first, then little in them."""
        return self.dear.get(name, MANY + min(self.cells[name], MANY - 1))


@dataclass(frozen=True, slots=True)
class Published:
    """What left of a table: the counts that are shown, the names of those that are not, and the sums."""

    shown: Mapping[str, int]
    hidden: frozenset[str]
    sums: tuple[Sum, ...] = ()


def gather(counts: Mapping[str, int], floor: Floor = DEFAULT, people: Mapping[str, int] | None = None) -> list[str]:
    """Say which groups of a list go into one line, so that the line may be shown and the list still adds up.

    Parameters
    ----------
    counts : mapping of str to int
        The groups of the list, none of them part of another.
    floor : Floor
    people : mapping of str to int, optional
        How many young people are behind each group, where that is not what is counted.

    Returns
    -------
    list of str
        The small ones and the smallest others that it takes, at least two; none where none is small.
    """
    behind = {**counts, **(people or {})}
    there = sorted((name for name in counts if counts[name]), key=lambda name: (behind[name], counts[name], name))
    taken = [name for name in there if floor.is_small(behind[name]) or floor.is_small(counts[name])]
    if not taken:
        return []
    for name in there:
        few = min(sum(of[one] for one in taken) for of in (counts, behind))
        if len(taken) > 1 and not floor.is_small(few):
            break
        if name not in taken:
            taken.append(name)
    return taken


def protect(table: Table, earlier: Sequence[Published] = (), floor: Floor = DEFAULT) -> Published:
    """Hide the small counts of a table, and as few others as it takes that none of them can be worked out.

    Parameters
    ----------
    table : Table
    earlier : sequence of Published
        What was published before and speaks of the same numbers, or of others that they add up to.
    floor : Floor

    Returns
    -------
    Published
        The cheapest one that stands the attack, together with the earlier ones.

    Raises
    ------
    Unsafe
        There is none: what is out already gives it away, or says another number.
    """
    small = table.small(floor)
    before = {name: count for one in earlier for name, count in one.shown.items()}
    if any(name in before and (name in small or before[name] != count) for name, count in table.cells.items()):
        raise Unsafe("an earlier table shows a cell of this one")
    search = _Others(table, earlier, small, floor)
    for _ in range(ROUNDS):
        out = without(table, small | search.cheapest())
        narrow = too_narrow((*earlier, out), floor)
        if not narrow:
            return out
        for name in narrow:
            search.must_widen(name, out)
    # Tables of a page take a few rounds. One that takes so many is not worth the wait: all of it that may be is hidden.
    out = without(table, small | search.hide.keys())
    if too_narrow((*earlier, out), floor):
        raise Unsafe("a hidden count could be worked out")
    return out


def without(table: Table, hidden: Iterable[str]) -> Published:
    """The table without these cells."""
    away = frozenset(hidden)
    return Published({name: count for name, count in table.cells.items() if name not in away}, away, table.sums)


def too_narrow(tables: Sequence[Published], floor: Floor = DEFAULT) -> list[str]:
    """The hidden cells that are known too well from all these tables together."""
    found = attack(tables, enough=floor.width)
    return [name for name, known in found.items() if known.width < floor.width]


def attack(tables: Sequence[Published], enough: int | None = None) -> dict[str, Range]:
    """Find the least and the most that each hidden count may be, given everything that was published.

    The reader is taken to know the rules of hiding as well: what is hidden is not none.

    Parameters
    ----------
    tables : sequence of Published
    enough : int, optional
        Look no further once a count is found to be this uncertain; what is answered then lies within its range.

    Returns
    -------
    dict of str to Range

    Raises
    ------
    Unsafe
        No counts at all agree with what was published.
    """
    from ortools.sat.python import cp_model

    public = _Public(tables)
    model = cp_model.CpModel()
    counts = {name: model.new_int_var(least, public.far, name) for name, least in sorted(public.open.items())}
    for row in public.sums:
        model.add(_of(row.whole, counts, public.shown) == sum(_of(part, counts, public.shown) for part in row.parts))
    seen: dict[str, tuple[int, int]] = {}
    solver = _solver()
    for name in sorted(public.hidden):
        for towards in (1, -1):
            if enough is not None and name in seen and seen[name][1] - seen[name][0] >= enough:
                continue
            model.minimize(towards * counts[name])
            if solver.solve(model) != cp_model.OPTIMAL:
                raise Unsafe("what was published contradicts itself")
            for other in public.hidden:
                value = solver.value(counts[other])
                low, high = seen.get(other, (value, value))
                seen[other] = (min(low, value), max(high, value))
    return {name: Range(low, None if high == public.far else high) for name, (low, high) in seen.items()}


class _Public:
    """Everything that was published, as one system of numbers.

    Attributes
    ----------
    shown : dict of str to int
    hidden : set of str
        What some table says is hidden, and none shows.
    open : dict of str to int
        Every number that is not known, and the least that it is: what is hidden is not none; of what only a sum
        names nothing is said.
    far : int
        A number that nothing bounded by what is shown can reach.
    """

    def __init__(self, tables: Sequence[Published]) -> None:
        self.sums = tuple(dict.fromkeys(row for one in tables for row in one.sums))
        self.shown = {name: count for one in tables for name, count in one.shown.items()}
        if any(self.shown[name] != count for one in tables for name, count in one.shown.items()):
            raise Unsafe("two tables show two numbers for one cell")
        self.hidden = {name for one in tables for name in one.hidden} - self.shown.keys()
        named = {name for row in self.sums for name in (row.whole, *row.parts)} - self.shown.keys()
        self.open = dict.fromkeys(named, 0) | dict.fromkeys(self.hidden, 1)
        self.far = (sum(self.shown.values()) + MANY) * (len(self.sums) + 1)


class _Others:
    """The cheapest other cells to hide, by what is known to be needed so far: nothing is asked that is not true of any.

    A hidden count is never the only unknown one of a sum, and shares with others what the sum leaves open. What the
    attack finds too narrow stays so until some cell is hidden that stands in a sum with those it is tied to.
    """

    def __init__(self, table: Table, earlier: Sequence[Published], small: frozenset[str], floor: Floor) -> None:
        from ortools.sat.python import cp_model

        self._public = public = _Public((*earlier, Published({}, frozenset(table.cells), table.sums)))
        fixed = small | table.known | public.shown.keys()
        self._model = cp_model.CpModel()
        self.hide = {
            name: self._model.new_bool_var(name)
            for name, count in sorted(table.cells.items())
            if count and name not in fixed
        }
        sure = small | (public.open.keys() - table.cells.keys())
        self._hidden: dict[str, cp_model.IntVar | int] = {**dict.fromkeys(sure, 1), **self.hide}
        for row in public.sums:
            self._ask(table, row, floor)
        self._model.minimize(sum(table.cost(name) * chosen for name, chosen in self.hide.items()))

    def _ask(self, table: Table, row: Sum, floor: Floor) -> None:
        """What a sum alone asks of the cells in it."""
        names = [name for name in dict.fromkeys((row.whole, *row.parts)) if name in self._hidden]
        for name in names:
            self._must(sum(self._hidden[other] for other in names if other != name) - self._hidden[name])
        parts = [name for name in names if name != row.whole]
        if not all(name in table.cells for name in parts):
            return
        open_whole = floor.width * self._hidden.get(row.whole, 0)
        room = sum((table.cells[part] - 1) * self._hidden[part] for part in parts)
        for part in parts:
            self._must(room + open_whole - floor.width * self._hidden[part])

    def _must(self, least_none: "cp_model.LinearExprT") -> None:
        """Ask that this is not below none; of numbers alone the attack is the judge."""
        if not isinstance(least_none, int):
            self._model.add(least_none >= 0)

    def cheapest(self) -> frozenset[str]:
        """The least that meets what is known to be needed."""
        from ortools.sat.python import cp_model

        solver = _solver()
        solver.parameters.max_deterministic_time = PROVED_WITHIN
        if solver.solve(self._model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            raise Unsafe("whatever else is hidden, a hidden count could be worked out")
        return frozenset(name for name, chosen in self.hide.items() if solver.boolean_value(chosen))

    def must_widen(self, name: str, out: Published) -> None:
        """Ask for one more cell around this one, which is too narrow as things are."""
        known = out.shown.keys() | self._public.shown.keys()
        tied, around, rows = {name}, set[str](), list(self._public.sums)
        while reached := [row for row in rows if not tied.isdisjoint((row.whole, *row.parts))]:
            rows = [row for row in rows if row not in reached]
            for row in reached:
                tied |= {one for one in (row.whole, *row.parts) if one not in known}
                around |= {one for one in (row.whole, *row.parts) if one in known and one in self.hide}
        self._model.add(sum(self.hide[one] for one in sorted(around)) >= self._hidden[name])


def _of(name: str, counts: "Mapping[str, cp_model.IntVar]", numbers: Mapping[str, int]) -> "cp_model.IntVar | int":
    return numbers[name] if name in numbers else counts[name]


def _solver() -> "cp_model.CpSolver":
    """One that answers alike on every machine."""
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    return solver


def crossed(counts: Mapping[tuple[str, ...], int], trees: Sequence[Mapping[str, Sequence[str]]]) -> Table:
    """Make a table of any number of dimensions, each with its totals.

    Parameters
    ----------
    counts : mapping of tuple of str to int
        By one leaf of each dimension; what is missing is none.
    trees : sequence of mapping
        For each dimension what each of its totals is made of: leaves, or totals of its own.

    Returns
    -------
    Table
        Its cells are named by one leaf or total of each dimension, with " / " between.
    """
    sizes: dict[tuple[str, ...], int] = {}
    levels = [[*_leaves(tree), *_upwards(tree)] for tree in trees]
    for at in _each(levels):
        inner = next((place for place, name in enumerate(at) if name in trees[place]), None)
        if inner is None:
            sizes[at] = counts.get(at, 0)
        else:
            parts = trees[inner][at[inner]]
            sizes[at] = sum(sizes[(*at[:inner], part, *at[inner + 1 :])] for part in parts)
    sums = [
        Sum(cell(at), tuple(cell((*at[:place], part, *at[place + 1 :])) for part in trees[place][name]))
        for at in sizes
        for place, name in enumerate(at)
        if name in trees[place]
    ]
    return Table({cell(at): count for at, count in sizes.items()}, tuple(sums))


def cell(at: Sequence[str]) -> str:
    """The name of a cell of a crossed table."""
    return " / ".join(at)


def _leaves(tree: Mapping[str, Sequence[str]]) -> list[str]:
    return [part for parts in tree.values() for part in parts if part not in tree]


def _upwards(tree: Mapping[str, Sequence[str]]) -> list[str]:
    """The totals, each after those that it is made of."""
    order: list[str] = []

    def add(total: str) -> None:
        for part in tree[total]:
            if part in tree and part not in order:
                add(part)
        if total not in order:
            order.append(total)

    for total in tree:
        add(total)
    return order


def _each(levels: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Every combination; parts come before their totals in each dimension, the first dimension's totals last."""
    if not levels:
        yield ()
        return
    for name in levels[0]:
        for rest in _each(levels[1:]):
            yield (name, *rest)
