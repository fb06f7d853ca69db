"""What one change of the grid would have done, as a table that may leave once it is protected.

The units. A young person counts once in a quarter. A bed-night is one night of one young person that the fund pays.
By the rule alone: whom the fund turned away and would let in (`let`), and whom it would still turn away (`still`),
whatever beds there were. Re-run with the beds of then, in the whole network: who would have a bed and had none
(`gain`), who had one and would have none (`lose`); and of the fund's bed-nights those that it would pay and did not
(`more`), and the other way round (`fewer`).

What follows from these numbers and others is a cell of the table too, so that it is hidden where it is small, and a
sum that the attack knows: whom a rule would let in are some of those in whose way it stood, and of those in the groups
of the published lists that they are of; who would gain a bed is among those who were not placed; and what one change
does beyond another of the same series is one number less another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from app.reports.models import TableKind
from app.reports.quarters import Quarter
from app.whatif.grid import AGE, RESIDENCE, GridRow
from matching.disclosure import Sum, Table
from matching.whatif import Past, Rerun

Nights = frozenset[tuple[str, date]]
LISTS: Mapping[str, Sequence[TableKind]] = {
    AGE: (TableKind.BY_AGE,),
    RESIDENCE: (TableKind.BY_RESIDENCE, TableKind.BY_FOUND, TableKind.BY_JURISDICTION),
}
"""Of which groups somebody may be whom a change of a rule lets in, is known by these."""
MEASURES = ("let", "gain", "lose", "more", "fewer")


class Effect(NamedTuple):
    """Who, and by young person which nights of the quarter that the fund pays."""

    let: frozenset[str]
    gain: frozenset[str]
    lose: frozenset[str]
    more: Nights
    fewer: Nights


@dataclass(frozen=True, slots=True)
class Base:
    """What is out of the quarter, as those behind its counts.

    Attributes
    ----------
    fund : str
        The start of the names of the fund's cells.
    network : str
        That of the whole network's.
    turned_away : frozenset of str
        Young people whom the fund turned away.
    rules : mapping of str to frozenset of str
        Of these, in whose way each rule stood.
    lists : mapping of TableKind to mapping of str to frozenset of str
        The same young people by the cells of each list.
    placed, never : frozenset of str
    unspent : int or None
        Bed-nights that the fund could have paid; None: that is not counted.
    """

    fund: str
    network: str
    turned_away: frozenset[str]
    rules: Mapping[str, frozenset[str]]
    lists: Mapping[TableKind, Mapping[str, frozenset[str]]]
    placed: frozenset[str]
    never: frozenset[str]
    unspent: int | None


def beds(seen: Past, found: Rerun) -> tuple[dict[str, str], dict[str, str]]:
    """Who came to a bed by the decisions of a period, by referral: as it was, and in the other world."""
    then = {one.referral: one.minor for one in seen.decisions if one.came is not None}
    gone = {slept.referral for slept in found.gone}
    now = {referral: minor for referral, minor in then.items() if referral not in gone}
    return then, now | {extra.referral: extra.minor.id for extra in found.extra}


def effect(seen: Past, found: Rerun, quarter: Quarter, fund_id: str) -> Effect:
    """What a re-run of a quarter differs by."""
    then, now = (frozenset(by_referral.values()) for by_referral in beds(seen, found))
    paid_then = {
        (slept.minor, night)
        for slept in found.gone
        for night, (_, fund) in slept.nights.items()
        if fund == fund_id and quarter.first <= night < quarter.until
    }
    paid_now = {
        (extra.minor.id, night)
        for extra in found.extra
        for night, fund in extra.nights
        if fund == fund_id and quarter.first <= night < quarter.until
    }
    return Effect(
        let=found.let.get(fund_id, frozenset()),
        gain=now - then,
        lose=then - now,
        more=frozenset(paid_now - paid_then),
        fewer=frozenset(paid_then - paid_now),
    )


def table(row: GridRow, one: Effect, beside: Mapping[str, Effect], base: Base) -> Table:
    """The table of a change of the grid; `beside`: those of the same series that are out."""
    start = f"{base.fund}{TableKind.WHATIF}:{row.name}:"
    let = one.let & base.turned_away
    own = one._replace(let=let)
    cells = {measure: len(getattr(own, measure)) for measure in MEASURES}
    cells["still"] = len(base.turned_away - let)
    people = {measure: len({minor for minor, _ in getattr(own, measure)}) for measure in ("more", "fewer")}
    sums = [Sum(f"{base.fund}all", (f"{start}let", f"{start}still"))]
    for more, of in _known_beside(row, start, own, base):
        cells |= more
        sums += of
    for other_name, other in beside.items():
        other = other._replace(let=other.let & base.turned_away)
        for measure in MEASURES:
            this, that = getattr(own, measure), getattr(other, measure)
            cell = f"{measure}:beside:{other_name}"
            cells[cell] = abs(len(this) - len(that))
            if measure in people:
                people[cell] = len({minor for minor, _ in this ^ that})
            mine, others = f"{start}{measure}", f"{base.fund}{TableKind.WHATIF}:{other_name}:{measure}"
            whole, part = (mine, others) if len(this) >= len(that) else (others, mine)
            sums.append(Sum(whole, (part, f"{start}{cell}")))
    return Table(
        {f"{start}{cell}": count for cell, count in cells.items()},
        tuple(sums),
        {f"{start}{cell}": count for cell, count in people.items()},
        # What only follows is no line of its own: it is hidden before a number that somebody reads.
        dear={f"{start}{cell}": 5000 for cell in (*MEASURES, "still")},
    )


def _known_beside(row: GridRow, start: str, one: Effect, base: Base) -> Iterator[tuple[Mapping[str, int], list[Sum]]]:
    """What follows for anybody from the numbers of a change and from what else is out: counts like any other."""

    def rest(among: str, of: int, measure: str, name: str) -> tuple[Mapping[str, int], list[Sum]]:
        cell = f"{measure}:not:{name}"
        return {cell: of - len(getattr(one, measure))}, [Sum(among, (f"{start}{measure}", f"{start}{cell}"))]

    stood = base.rules.get(row.rule, frozenset())
    if one.let and one.let <= stood:
        yield rest(f"{base.fund}any:{row.rule}", len(stood), "let", "rule")
    for kind in LISTS.get(row.rule, ()):
        inside = {cell: group for cell, group in base.lists.get(kind, {}).items() if one.let & group}
        if inside:
            total, groups = sum(map(len, inside.values())), f"groups:{kind}"
            yield {groups: total}, [Sum(f"{start}{groups}", tuple(inside))]
            yield rest(f"{start}{groups}", total, "let", kind)
    for measure, cell, among in (("gain", "never", base.never), ("lose", "placed", base.placed)):
        if (who := getattr(one, measure)) and who <= among:
            yield rest(f"{base.network}{cell}", len(among), measure, cell)
    if base.unspent is not None and len(one.more) <= (room := base.unspent + len(one.fewer)):
        yield {"room": room}, [Sum(f"{start}room", (f"{base.fund}unspent", f"{start}fewer"))]
        yield rest(f"{start}room", room, "more", "room")
