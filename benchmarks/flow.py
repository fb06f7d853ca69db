"""The plan tonight as a flow, proved: beside other solvers and two rules without one, on the same instances.

`python -m benchmarks.flow` takes the usual instances, `python -m benchmarks.flow 5000x1500 1000x500x1` others:
waiting by facilities, and over how many States where it is said. The second table is what every pair would do to the
others, exactly, as a multiple of the bare flow.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.alone import Json, timed
from benchmarks.contest import LIMIT, contest
from benchmarks.figures import write
from benchmarks.instances import judged, save
from matching import flow, regret
from matching.network import Ints, Network, restricted

SEEDS = (1, 2, 3)
CHECKED = 10
"""So many pairs of each instance are imposed one by one, and solved anew."""
PROVED = ("networkx, network simplex", "HiGHS, through scipy", "CBC, through PuLP")
OURS, RULES, REGRETS = "Bednight", ("most urgent first", "first come"), "Bednight, with every regret"


class Instance(NamedTuple):
    """How many wait, in how many houses, over how many States; one for every sixty houses where it is not said."""

    waiting: int
    facilities: int
    states: int | None = None

    def __str__(self) -> str:
        """In words."""
        spread = "" if self.states is None else f", {self.states} State{'s' * (self.states > 1)}"
        return f"{self.waiting:,} by {self.facilities:,}{spread}"

    @property
    def named(self) -> str:
        """As on the command line."""
        return "x".join(str(one) for one in self if one is not None)

    @classmethod
    def read(cls, text: str) -> "Instance":
        """As on the command line: 1000x500, or 1000x500x2."""
        return cls(*map(int, text.split("x")))


INSTANCES = (Instance(50, 60), Instance(200, 100), Instance(1000, 500), Instance(1000, 500, 2))


def main(instances: Sequence[Instance] = INSTANCES) -> str:
    """Measure every instance with every seed, and write the figures."""
    plans: list[Sequence[object]] = []
    regrets: list[Sequence[object]] = []
    for instance in instances:
        seen, pairs, checks = [], [], []
        for seed in SEEDS:
            network = judged(*instance[:2], seed, instance.states)
            pairs.append(len(network.pair_minor))
            with tempfile.TemporaryDirectory() as folder:
                save(file := Path(folder) / "instance.npz", network)
                seen.append(contest((OURS, *PROVED, *RULES, REGRETS), file))
            checks.append(imposed(network, seed))
        named = (str(instance), f"{median(pairs):,.0f}")
        plans += compared(named, seen)
        regrets.append(regret_row(named, seen, checks))
    command = " ".join(("python -m benchmarks.flow", *(one.named for one in instances if instances != INSTANCES)))
    return _write_plans(command, plans) + _write_regrets(command, regrets)


def compared(named: Sequence[object], seen: Sequence[dict[str, Json | None]]) -> list[Sequence[object]]:
    """A row for each contender over several seeds: its time, its memory, and whether its answer is ours."""
    ours = [rows.get(OURS) for rows in seen]
    least = median(one["seconds"] for one in ours if one)
    rows: list[Sequence[object]] = []
    for name in (OURS, *PROVED, *RULES):
        found = [rows.get(name) for rows in seen]
        whole = [one for one in found if one is not None]
        time = median(one["seconds"] for one in whole) if whole else float("nan")
        rows.append(
            (
                *named,
                name,
                answers(ours, found),
                f"{time * 1000:,.1f}" if whole else "",
                f"{time / least:,.1f}" if whole else "",
                f"{median(one['memory'] for one in whole):,.0f}" if whole else "",
            )
        )
    return rows


def answers(ours: Sequence[Json | None], found: Sequence[Json | None]) -> str:
    """How the answers compare with ours: the same optimum, or how many fewer are placed and at what cost."""
    both = [(mine["value"], one["value"]) for mine, one in zip(ours, found, strict=True) if mine and one]
    late = sum(one is None for one in found)
    cut = f"none within {LIMIT} s: {late} of {len(found)}" if late else ""
    same = sum(mine == other for mine, other in both)
    if both and same == len(both):
        return f"the same optimum: {same} of {len(found)}" + (f"; {cut}" if cut else "")
    if not both:
        return cut or "nothing of ours to hold it against"
    urgent = sum(sum(other[:2]) - sum(mine[:2]) for mine, other in both)
    fewer = sum(sum(other[:4]) - sum(mine[:4]) for mine, other in both)
    dearer = 100 * (sum(other[4] for _, other in both) / max(1, sum(mine[4] for mine, _ in both)) - 1)
    return f"{fewer} fewer placed, {urgent} fewer of tiers 1 and 2 (of all seeds), cost {dearer:+.0f} %"


class Check(NamedTuple):
    """Pairs that were imposed: how many, how many gave something else, and the seconds of one."""

    pairs: int
    differ: int
    seconds: float


def imposed(network: Network, seed: int) -> Check:
    """Some pairs imposed one by one: the flow of everybody else in what they leave, against the regret."""
    plan = flow.solve(network)
    found = regret.all_pairs(network, plan)
    possible = np.flatnonzero(found.possible)
    some = np.random.default_rng(seed).choice(possible, min(CHECKED, len(possible)), replace=False).tolist()
    differ, seconds = timed(lambda: sum(_differs(network, plan, found, pair) for pair in some))
    return Check(len(some), differ, seconds / max(1, len(some)))


def _differs(network: Network, plan: flow.Plan, found: regret.Regrets, pair: int) -> bool:
    minor, contract = network.pair_minor[pair], network.pair_contract[pair]
    unit = network.contract_unit[contract]
    others = restricted(
        replace(
            network,
            contract_places=_one_less(network.contract_places, contract),
            unit_beds=_one_less(network.unit_beds, unit),
            facility_places=_one_less(network.facility_places, network.unit_facility[unit]),
        ),
        np.flatnonzero(network.pair_minor != minor),
    )
    best = flow.solve(others)
    held = np.bincount(network.tier[np.flatnonzero(plan.chosen >= 0)], minlength=5)[1:]
    if plan.chosen[minor] >= 0:
        held[network.tier[minor] - 1] -= 1
    change = best.cost + int(network.pair_cost[pair]) - plan.cost
    return not (np.array_equal(held - best.placed, found.lost[pair]) and change == found.cost_change[pair])


def _one_less(rooms: Ints, at: int) -> Ints:
    left = rooms.copy()
    left[at] -= 1
    return left


def regret_row(
    named: Sequence[object], seen: Sequence[dict[str, Json | None]], checks: Sequence[Check]
) -> Sequence[object]:
    """One instance over several seeds: the flow, and the flow with every regret."""
    bare, whole = (
        median(one["seconds"] for rows in seen if (one := rows[name]) is not None) for name in (OURS, REGRETS)
    )
    pairs = int(str(named[1]).replace(",", ""))
    return (
        *named,
        f"{bare * 1000:,.1f}",
        f"{whole * 1000:,.1f}",
        f"{whole / bare:.1f}",
        f"{pairs * median(one.seconds for one in checks):,.0f}",
        f"{sum(one.differ for one in checks)} of {sum(one.pairs for one in checks)}",
    )


def _write_plans(command: str, rows: Sequence[Sequence[object]]) -> str:
    head = ("waiting by facilities", "pairs", "who solves", "answer", "median, ms", "times ours", "peak memory, MB")
    return write(
        "The plan tonight as a flow",
        command,
        head,
        rows,
        f"Seeds {', '.join(map(str, SEEDS))}; every pair that the rules leave in an invented network of three payers a "
        "house. From the same arrays to who goes where, in milliseconds of processor time, each in a process of its "
        "own (which has some 90 MB before it begins). The solvers are asked for the same optimum; what each placed is "
        f"reckoned anew. Cut off after {LIMIT} s of processor time. The last two are no solvers: each young person at "
        "the cheapest place that is left. Larger: `python -m benchmarks.flow 1000x500x1 5000x1500`.",
    )


def _write_regrets(command: str, rows: Sequence[Sequence[object]]) -> str:
    head = (
        "waiting by facilities",
        "pairs",
        "flow, ms",
        "flow and every regret, ms",
        "times the flow",
        "one pair after another solved anew, s",
        "that differ",
    )
    return write(
        "What each pair would do to the others",
        command,
        head,
        rows,
        f"The exact change of the optimum with each pair imposed, beside the flow alone. {CHECKED} pairs of each "
        "instance are imposed and solved anew: the time of all is reckoned from theirs. That answers are the same "
        "under any order of rows is a test: tests/matching/test_flow.py, tests/matching/test_order_of_rows.py.",
    )


if __name__ == "__main__":
    sys.stdout.write(main([Instance.read(one) for one in sys.argv[1:]] or INSTANCES))
