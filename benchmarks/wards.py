"""Patient admission scheduling: the public instances of Demeester et al. 2010, read into plain arrays.

A ward's patients are the people, its rooms the places; each patient has one way for each room, for the whole stay.
Costs are counted in tenths, so that all of them are whole numbers.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).parent / "data" / "pas"
TENTHS = 10
GENDER, REQUIRED, AGE, PREFERRED, LARGER = 50, 50, 100, 20, 8
NO_SPECIALISM, PRIORITY, DEPARTMENT = 20, 10, 10

Ints = NDArray[np.int64]
Fields = list[list[str]]


class Department(NamedTuple):
    """Whom a department takes, by age, and the specialisms that it has."""

    min_age: int
    max_age: int
    specialisms: frozenset[int]


class Room(NamedTuple):
    """A room: `policy` is D (one gender a night), N (any), M or F; `priority` by specialism, 1 is best."""

    capacity: int
    department: Department
    policy: str
    priority: dict[int, int]
    properties: tuple[bool, ...]


class Patient(NamedTuple):
    """A patient who stays on the nights `[first, last)` of the horizon; `specialisms` is one for each night."""

    age: int
    gender: str
    first: int
    last: int
    specialisms: tuple[int, ...]
    most_beds: int
    required: tuple[bool, ...]
    preferred: tuple[bool, ...]


class Ward(NamedTuple):
    """One instance."""

    nights: int
    rooms: tuple[Room, ...]
    patients: tuple[Patient, ...]

    def cost(self, patient: Patient, room: Room) -> int:
        """What a patient's whole stay in a room costs, in tenths, whoever else is there."""
        nights = patient.last - patient.first
        return nights * self._standing(patient, room) + sum(_care(one, room) for one in patient.specialisms)

    def _standing(self, patient: Patient, room: Room) -> int:
        """What each night costs, whatever is treated."""
        department = room.department
        return (
            GENDER * (room.policy in "MF" and room.policy != patient.gender)
            + AGE * (patient.age < department.min_age)
            + AGE * (0 < department.max_age < patient.age)
            + REQUIRED * sum(need and not has for need, has in zip(patient.required, room.properties, strict=True))
            + PREFERRED
            * sum(
                wish and not need and not has
                for wish, need, has in zip(patient.preferred, patient.required, room.properties, strict=True)
            )
            + LARGER * (room.capacity > patient.most_beds)
        )


def _care(specialism: int, room: Room) -> int:
    """What a night costs by what is treated."""
    priority = room.priority.get(specialism)
    own = NO_SPECIALISM if priority is None else PRIORITY * (priority - 1)
    return own + DEPARTMENT * (specialism not in room.department.specialisms)


def read(name: str) -> Ward:
    """Read an instance."""
    text = (DATA / f"{name}.txt").read_text()
    nights = int(text.split("Planning horizon:")[1].split()[0])
    departments = {int(row[0].split()[0]): _department(row) for row in _section(text, "DEPARTMENTS")}
    rooms = tuple(_room(row, departments) for row in _section(text, "ROOMS"))
    patients = (_patient(row, nights) for row in _section(text, "PATIENTS"))
    return Ward(nights, rooms, tuple(one for one in patients if one.first < one.last))


def _section(text: str, name: str) -> Iterator[Sequence[str]]:
    """The lines of a section, each split at its bars."""
    for line in text.split(f"\n{name}:")[1].splitlines()[1:]:
        if not line.strip():
            return
        yield [part.strip() for part in line.split("|")]


def _department(row: Sequence[str]) -> Department:
    *_, youngest, oldest = row[0].split()
    return Department(int(youngest), int(oldest), frozenset(_by_priority(row[1])))


def _room(row: Sequence[str], departments: dict[int, Department]) -> Room:
    return Room(int(row[1]), departments[int(row[2])], row[3], _by_priority(row[4]), _flags(row[5]))


def _by_priority(text: str) -> dict[int, int]:
    """Priority by specialism, from pairs of both; 0 is no specialism."""
    numbers = [int(one) for one in text.split()]
    return {what: rank for rank, what in zip(numbers[::2], numbers[1::2], strict=True) if what}


def _flags(text: str) -> tuple[bool, ...]:
    return tuple(one == "1" for one in text.split())


def _patient(row: Sequence[str], nights: int) -> Patient:
    _, _, age, gender = row[0].split()
    first, last = map(int, row[1].split())
    count, *parts = map(int, row[2].split())
    treated = [what for what, long in zip(parts[::2], parts[1::2], strict=True) for _ in range(long)]
    if len(parts) != 2 * count or len(treated) != last - first:
        raise ValueError(f"{row[0]}: what is treated does not fill the stay")
    last = min(last, nights)
    most = int(row[3]) if row[3] else 10**6
    return Patient(
        int(age), gender, first, last, tuple(treated[: max(0, last - first)]), most, _flags(row[4]), _flags(row[5])
    )
