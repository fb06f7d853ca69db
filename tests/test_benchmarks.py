"""On small instances all solvers reach the optimum that the product proves; and pictures show what they say."""

from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest

from benchmarks import chains, growth, masks, pas, together
from benchmarks.contest import CONTENDERS, run, worth
from benchmarks.flow import Instance, answers, imposed
from benchmarks.instances import joined, judged, load, related, save
from benchmarks.plot import Panel, svg
from benchmarks.wards import Ward, read
from matching import flow
from matching.groups import sides
from matching.network import Network
from matching.nights_linear import linear_bound
from matching.nights_search import search

RULES = {"most urgent first", "first come"}
UNDER_CONDITIONS = {"Bednight", "HiGHS, through scipy", "CBC, through PuLP"}


def nodes(text: str) -> list[Element]:
    return list(fromstring(text).iter())  # noqa: S314 - we have drawn it ourselves


@pytest.fixture(scope="module")
def small() -> Network:
    return judged(30, 20, 1)


def test_all_solvers_reach_the_same_optimum(small: Network) -> None:
    nothing = sides(small, [])
    seen = {name: run(name, small, nothing, rounds=1) for name in CONTENDERS}
    best = seen["Bednight"]["value"]
    assert sum(best[:4]) > 0, "somebody is left out, so that places are scarce"
    assert {name for name, one in seen.items() if one["value"] != best} <= RULES
    assert all(seen[name]["value"] > best for name in RULES), "rules without a solver are worse here"
    assert all(one["seconds"] > 0 and one["memory"] > 0 for one in seen.values())


def test_all_solvers_reach_the_same_optimum_under_conditions() -> None:
    network, conditions = related(24, 10, 5)
    seen = {name: run(name, network, conditions, rounds=1)["value"] for name in UNDER_CONDITIONS}
    assert len(set(map(tuple, seen.values()))) == 1
    assert seen["Bednight"] > worth(network, flow.solve(network).chosen), "the conditions bind"


def test_a_plan_that_breaks_a_capacity_is_refused(small: Network) -> None:
    first = np.unique(small.pair_minor, return_index=True)[1]
    everyone = np.full(len(small.minors), -1)
    everyone[small.pair_minor[first]] = first
    with pytest.raises(ArithmeticError):
        worth(small, everyone)


def test_another_answer_is_told() -> None:
    ours, worse = {"value": [0, 1, 0, 0, 100]}, {"value": [1, 1, 0, 0, 150]}
    assert answers([ours], [ours]) == "the same optimum: 1 of 1"
    assert answers([ours], [worse]) == "1 fewer placed, 1 fewer of tiers 1 and 2 (of all seeds), cost +50 %"
    assert "none within" in answers([ours, ours], [None, ours])


def test_regrets_are_those_of_pairs_solved_anew(small: Network) -> None:
    found = imposed(small, 1)
    assert (found.pairs, found.differ) == (10, 0)


def test_the_loop_says_what_the_arrays_say() -> None:
    many, one = masks.measure(20, 12, 1), masks.measure(1, 12, 1)
    assert many["differ"] == one["differ"] == 0
    assert many["looped"] > 100
    assert len(one["took"]) == masks.ASKED


def test_a_chain_is_held_against_the_best_stay_alone() -> None:
    found = chains.measure(8, 2, 1)
    assert 0 < found["single"][0] < found["nights"][0] <= chains.NIGHTS
    assert found["moves"][0] > 0
    assert found["proved"] == 1


def test_wards_are_read_whole() -> None:
    wards = [read(name) for name in pas.INSTANCES]
    assert [(len(ward.patients), len(ward.rooms), ward.nights) for ward in wards] == [
        (652, 98, 14),
        (708, 131, 14),
        (587, 102, 14),
    ]
    assert sum(room.capacity for room in wards[0].rooms) == 286


def test_a_stay_in_a_ward_costs_what_it_lacks() -> None:
    """Patient 1 (82, F): night 0, specialism 4, oxygen required, at most four beds."""
    ward = read("testdata01")
    first, second, ninth = ward.patients[0], ward.patients[1], ward.rooms[8]
    assert (first.first, first.last, first.specialisms, first.required) == (0, 1, (4,), (False, True))
    assert ward.cost(first, ward.rooms[0]) == 50 + 20 + 10  # neither oxygen nor the specialism, in room or department
    assert ward.cost(first, ninth) == 20 + 10
    assert ward.cost(second, ward.rooms[4]) == 2 * (20 + 10)  # both nights, both properties that are preferred there
    assert ward.cost(second, ward.rooms[0]) == 2 * (20 + 10 + 20)


def test_a_ward_is_planned_by_the_planner_of_stays_and_counted_afresh() -> None:
    whole = read("testdata05")
    for most in (30, 102):  # few ways are looked at all at once, many by small moves first
        ward = Ward(whole.nights, whole.rooms[:most], whole.patients[:40])
        nights = pas.nights_of(ward)
        found = search(nights, parts=6, bound=linear_bound(nights))
        rooms = nights.ways.place[nights.ways.start[found.chosen]].tolist()
        assert pas.counted(ward, rooms) == found.cost
        assert found.bound <= found.cost
    with pytest.raises(ArithmeticError):
        pas.counted(ward, [0] * len(ward.patients))


def test_an_instance_is_read_as_it_was_saved(small: Network, tmp_path: Path) -> None:
    network, conditions = related(24, 10, 5)
    save(tmp_path / "one.npz", network, conditions)
    again, same = load(tmp_path / "one.npz")
    assert again.minors == network.minors
    assert again.contracts == network.contracts
    assert np.array_equal(again.pair_cost, network.pair_cost)
    assert np.array_equal(same.matrix.toarray(), conditions.matrix.toarray())
    assert np.array_equal(same.most, conditions.most)


def test_networks_side_by_side_are_planned_as_each_by_itself(small: Network) -> None:
    other = judged(10, 20, 2)
    whole = joined([small, other])
    both = [worth(part, flow.solve(part).chosen) for part in (small, other)]
    assert worth(whole, flow.solve(whole).chosen) == [sum(row) for row in zip(*both, strict=True)]


def test_growth_is_measured_and_drawn(tmp_path: Path) -> None:
    file = tmp_path / "states.npz"
    seen = growth.judge(40, file)
    assert seen["found"].keys() == {growth.READING, growth.RULES}
    found = {**seen["found"], growth.PLAN: run(growth.PLAN, *load(file))}
    found[growth.REGRETS] = found[growth.PLAN]
    growth.draw([{"waiting": 40, "found": found}, {"waiting": 400, "found": found}], tmp_path / "growth.svg")
    text = (tmp_path / "growth.svg").read_text()
    words = [node.text for node in nodes(text) if node.tag.endswith("text")]
    assert {"young people waiting", "Processor seconds", "Peak memory, MB", "100"} <= set(words)
    assert "prefers-color-scheme: dark" in text


def test_lines_stand_where_their_values_are() -> None:
    drawn = svg("Title", "Told", "across", [Panel("up", {"line": [(10, 1), (1000, 100)]})])
    (line,) = (node for node in nodes(drawn) if node.tag.endswith("polyline"))
    (left, low), (right, high) = (map(float, dot.split(",")) for dot in line.attrib["points"].split())
    assert (right - left, low - high) == (330, 260)


def test_an_instance_is_named_as_on_the_command_line() -> None:
    assert Instance.read("1000x500x2") == Instance(1000, 500, 2)
    assert Instance(1000, 500).named == "1000x500"
    assert str(Instance(1000, 500, 1)) == "1,000 by 500, 1 State"
    assert together.INSTANCES
