"""Why nobody more could have a bed: prices by which anybody can reckon it, tier after tier, without a solver.

A price stands on each bed, on each place of a house, on each bed that a fund may pay tonight, and on the conditions of
siblings and of those to be kept apart. Whoever is placed must be worth the prices of what she or he takes; what is left
over, with all that is there at its price, is the most that can be placed of a tier.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from matching.joint import Joint
from matching.network import Ints
from matching.payers import accepted_payers
from matching.stands import Stand
from matching.whole import solve_linear

SCALE = 2**20
"""Prices are whole numbers in this part of one placed."""

Name = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """What one more of something is worth: a bed, a room, a fund's bed, or a condition, with the ids it names."""

    of: Name
    price: int


@dataclass(frozen=True, slots=True)
class AtMost:
    """The most that can be placed of a tier where those before it are placed as in the plan, by these prices."""

    tier: int
    placed: int
    prices: tuple[Price, ...]


class _Column(NamedTuple):
    """One minor at one group of beds, with the fund that pays tonight where its beds are counted."""

    stand: Stand
    fund: str | None


def certificate(found: Joint, chosen: Ints) -> tuple[AtMost, ...]:
    """The prices for each tier, by a linear program that knows beds, rooms, funds tonight, siblings and conflicts.

    Parameters
    ----------
    found : Joint
    chosen : int64[minors]
        The way of each minor; -1 where there is none.

    Returns
    -------
    tuple of AtMost
        One for each tier, 1 to 4.
    """
    columns = list(_columns(found))
    names, matrix, most = _rows(found, columns)
    tier = found.network.tier
    mine = np.array([tier[column.stand.minor] for column in columns], np.int64)
    who = np.array([column.stand.minor for column in columns], np.int64)
    once = csr_array((np.ones(len(who), np.int64), (who, np.arange(len(who)))), shape=(len(tier), len(who)))
    answers = []
    for at in (1, 2, 3, 4):
        aim = -(mine == at).astype(np.int64)
        placed = int(np.sum(tier[chosen >= 0] == at))
        if not aim.any():
            answers.append(AtMost(at, 0, ()))
        else:
            whole = vstack((once, matrix), format="csr")
            linear = solve_linear(aim, whole, np.concatenate((np.ones(len(tier), np.int64), most)))
            prices = np.round(linear.prices[len(tier) :] * SCALE).astype(np.int64)
            worth = SCALE * -aim - matrix.T @ prices
            best = np.zeros(len(tier), np.int64)
            np.maximum.at(best, who, worth)
            total = int(best.sum() + prices @ most)
            kept = tuple(Price(names[row], int(prices[row])) for row in np.flatnonzero(prices).tolist())
            answers.append(AtMost(at, total // SCALE, kept))
        names, matrix, most = (
            [*names, ("held", str(at))],
            vstack((matrix, csr_array(aim[None, :]))),
            np.append(most, -placed),
        )
    return tuple(answers)


def _columns(found: Joint) -> Iterator[_Column]:
    """For each stand: without a fund where one that sets no number of beds may pay tonight, else each that may."""
    counted = _counted(found)
    for stand in found.stands.stands:
        first = [payer for payer in accepted_payers(stand.case) if payer.usable and payer.own_met]
        first = [payer for payer in first if not payer.funding.fund.last_resort] or first
        heads = {payer.funding.fund.id for payer in first}
        if heads - counted.keys():
            yield _Column(stand, None)
        else:
            yield from (_Column(stand, fund) for fund in sorted(heads))


def _counted(found: Joint) -> dict[str, int]:
    """The funds all of whose rows set a number of beds, and how many more they could pay tonight at most."""
    purse, counted = found.purse, {}
    for fund in purse.census.snapshot.funds:
        beds = [row.beds_per_night for row in fund.limits]
        if beds and None not in beds:
            row = max(fund.limits, key=lambda limit: limit.beds_per_night or 0)
            counted[fund.id] = purse.beds_left(fund.id, row, purse.tonight)
    return counted


def _rows(found: Joint, columns: list[_Column]) -> tuple[list[Name], csr_array, Ints]:
    """What is shared: a name, what each column takes of it, and how much there is."""
    stands, minors, counted = found.stands, found.network.minors, _counted(found)
    tied = {"together": found.together, "apart": found.apart}
    with_whom = {kind: {m: [p for p in pairs if m in p] for m in minors} for kind, pairs in tied.items()}
    at: dict[Name, int] = {}
    most: list[int] = []
    entries: list[tuple[int, int, int]] = []

    def take(name: Name, limit: int, column: int, count: int) -> None:
        if name not in at:
            at[name] = len(most)
            most.append(limit)
        entries.append((at[name], column, count))

    for column, (stand, fund) in enumerate(columns):
        minor, facility = minors[stand.minor], stand.case.facility.id
        house = stands.house[stand.group]
        beds = stands.beds[stand.group]
        take(("beds", *(bed.id for bed in beds)), len(beds), column, 1)
        if house == facility:
            take(("room", facility), stands.room[house], column, 1)
        if fund is not None and not found.purse.pays_now(minor, fund, found.purse.tonight):
            take(("fund", fund), counted[fund], column, 1)
        for one, other in with_whom["together"][minor]:
            take(("together", one, other, facility), 0, column, 1 if minor == one else -1)
        for one, other in with_whom["apart"][minor]:
            take(("apart", one, other, facility), 1, column, 1)
    row, where, count = np.array(entries, np.int64).reshape(-1, 3).T
    matrix = coo_array((count, (row, where)), shape=(len(most), len(columns))).tocsr()
    return list(at), matrix, np.array(most, np.int64)
