"""Patient admission scheduling by the planner of everybody's stays: how near the linear bound, after how long.

`python -m benchmarks.pas` takes the three public instances (`data/pas`). A patient is a person, a room a place with so
many beds a night, men and women are the kinds that a room of one gender a night keeps apart; each patient has one way
for each room, for the whole stay. Nothing of the planner knows of wards (`wards` reads them). Each instance is a
process of its own; the plan is counted afresh, by the instance's own costs.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from time import process_time

import numpy as np

from benchmarks.alone import Json, alone, peak_memory
from benchmarks.figures import write
from benchmarks.wards import GENDER, TENTHS, Ward, read
from matching.nights import PLENTY, Nights, Places, Span, Ways
from matching.nights_linear import linear_bound
from matching.nights_search import search

INSTANCES = ("testdata01", "testdata03", "testdata05")
SECONDS = (60.0, 300.0)


def main(instances: Sequence[str] = INSTANCES) -> str:
    """Measure every instance, and write the figures."""
    rows = []
    for name in instances:
        seen = alone("benchmarks.pas", "measure", name, *SECONDS)
        bound = seen["bound"]
        rows.append(
            (
                name,
                f"{seen['patients']:,}",
                f"{seen['rooms']:,}",
                f"{bound / TENTHS:.1f}",
                *(f"{cost / TENTHS:.1f} ({100 * cost / bound - 100:.2f} %)" for cost in seen["costs"]),
                f"{seen['lost']:,}",
                f"{seen['parts']:,}",
                f"{seen['memory']:.0f}",
            )
        )
    return write(
        "Patient admission scheduling",
        "python -m benchmarks.pas",
        (
            "instance",
            "patients",
            "rooms",
            "linear bound",
            *(f"in {seconds:.0f} s (above it)" for seconds in SECONDS),
            "nights lost",
            "parts solved anew",
            "peak memory, MB",
        ),
        rows,
        "Public instances of Demeester et al. 2010. Processor time of one core, the bound's own included, each time a "
        "search of its own; most of it goes to small moves, the rest to parts solved anew. The bound "
        "leaves genders and transfers out. Every patient's nights are all slept in one room with a bed for each.",
    )


def measure(name: str, *seconds: float) -> Json:
    """Plan one instance, each time anew, for so many seconds."""
    ward = read(name)
    nights = nights_of(ward)
    began = process_time()
    bound = linear_bound(nights)
    bounded, costs = process_time() - began, []
    for until in seconds:
        found = search(nights, seconds=max(0.0, until - bounded), bound=bound, clock=process_time)
        costs.append(counted(ward, nights.ways.place[nights.ways.start[found.chosen]].tolist()))
    return {
        "patients": len(ward.patients),
        "rooms": len(ward.rooms),
        "bound": round(bound.least),
        "costs": costs,
        "lost": len(nights.faults(found.chosen)),
        "parts": found.parts,
        "memory": peak_memory(),
    }


def nights_of(ward: Ward) -> Nights:
    """A ward as people, places and ways."""
    ways = [
        (at, ward.cost(patient, room), [Span(place, patient.first, patient.last)])
        for at, patient in enumerate(ward.patients)
        for place, room in enumerate(ward.rooms)
    ]
    places = Places(
        room=np.repeat(np.array([[room.capacity] for room in ward.rooms], np.int64), ward.nights, axis=1),
        total=np.full(len(ward.rooms), PLENTY),
        mixed=np.array([GENDER * (room.policy == "D") for room in ward.rooms], np.int64),
    )
    kind = np.array([patient.gender == "M" for patient in ward.patients], np.int64)
    return Nights(kind, places, Ways.of(ways), np.empty((0, 3), np.int64))


def counted(ward: Ward, rooms: Sequence[int]) -> int:
    """What a plan costs in tenths, a room for each patient, counted night by night.

    Raises
    ------
    ArithmeticError
        Where a room has more patients on a night than beds.
    """
    cost, there = 0, Counter[tuple[int, int, str]]()
    for patient, room in zip(ward.patients, rooms, strict=True):
        cost += ward.cost(patient, ward.rooms[room])
        there.update((room, night, patient.gender) for night in range(patient.first, patient.last))
    for room, night in {(room, night) for room, night, _ in there}:
        women, men = there[room, night, "F"], there[room, night, "M"]
        if women + men > ward.rooms[room].capacity:
            raise ArithmeticError(f"room {room} is too full on night {night}")
        cost += GENDER * min(women, men) * (ward.rooms[room].policy == "D")
    return cost


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        sys.stdout.write(json.dumps(measure(sys.argv[2], *map(float, sys.argv[3:]))) + "\n")
    else:
        sys.stdout.write(main(sys.argv[1:] or INSTANCES))
