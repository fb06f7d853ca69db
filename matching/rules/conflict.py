"""Whom and where a young person must not be near: people kept apart, and places of danger."""

from collections.abc import Iterable, Sequence
from datetime import date
from math import asin, cos, radians, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from matching.case import Case
from matching.facts import Point
from matching.findings import MET, NOT_MET, UNKNOWN, Finding, Outcome
from matching.rules.base import DatedRule, Rule

EARTH_RADIUS_KM = 6371.0088


class Conflict(DatedRule):
    """Nobody lives under one roof with someone they must be kept from, in either direction."""

    code = "safeguard.conflict"
    source = "Placement practice: never with a recruiter"
    who = "no one"

    def outcome(self, case: Case, on: date) -> Outcome:
        """Judge the people present on a date."""
        avoided = case.census.avoided_by(case.minor)
        if not avoided:
            return MET
        others = case.others_on(on)
        if any(row.minor in avoided for row in others):
            return NOT_MET
        if case.minor.avoid.minors and (case.house.unlisted(on) or any(row.minor is None for row in others)):
            return UNKNOWN
        return MET

    def check(self, case: Case) -> Finding:
        outcome = self.judge(case)
        text = {
            MET: "Nobody here whom the young person must be kept from",
            NOT_MET: "Somebody here and the young person must be kept apart",
            UNKNOWN: "Whether somebody here must be kept apart is not known",
        }[outcome]
        asks = []
        if outcome is UNKNOWN:
            asks = ["facility.residents"] if case.house.unlisted(case.admit_on) else []
            asks += ["facility.residents.minor"] if any(row.minor is None for row in case.others) else []
        changes = None
        if case.census.avoided_by(case.minor):
            changes = self.change(case, outcome, case.house.dates)
        return self.found(case, outcome, None, "nobody to be kept from", text, changes, tuple(asks))

    def fix(self, case: Case, finding: Finding) -> str:
        return "Cannot be waived"


class Territory(Rule):
    """The house is not where the young person is in danger."""

    code = "safeguard.territory"
    source = "Placement practice"
    who = "agency"
    waive = "the young person with the placing agency"

    def judge(self, case: Case) -> Outcome:
        if self._matches(case) is not None:
            return NOT_MET
        return UNKNOWN if self._asks(case) else MET

    def _matches(self, case: Case) -> str | None:
        """What of the list the house is in."""
        avoid, facility = case.minor.avoid, case.facility
        if facility.id in avoid.facilities:
            return "this house"
        if facility.county in avoid.counties:
            return "this county"
        point = facility.point
        inside = point is not None and any(
            distance_km(point, (circle[0], circle[1])) <= circle[2] for circle in avoid.circles
        )
        return "inside an area" if inside else None

    def _asks(self, case: Case) -> tuple[str, ...]:
        avoid, facility = case.minor.avoid, case.facility
        asks = ("facility.county",) if avoid.counties and facility.county is None else ()
        return (*asks, "facility.point") if avoid.circles and facility.point is None else asks

    def check(self, case: Case) -> Finding:
        have, need = self._matches(case), "outside what is avoided"
        if have is not None:
            return self.found(case, NOT_MET, have, need, "In a place the young person avoids")
        asks = self._asks(case)
        if asks:
            return self.found(
                case, UNKNOWN, None, need, "Whether the house is in a place to avoid is not known", None, asks
            )
        return self.found(case, MET, "outside", need, "Not in a place the young person avoids")

    def fix(self, case: Case, finding: Finding) -> str:
        return "The young person, with the placing agency, may take the place off the list"


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance in kilometres on a sphere of radius 6371.0088 km."""
    lat_a, lon_a, lat_b, lon_b = map(radians, (*a, *b))
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, half)))


def distances_km(points: Sequence[Point], others: Sequence[Point]) -> NDArray[np.float64]:
    """The distance of each of some points from each of others, but for rounding (float64[points, others])."""
    (lat_a, lon_a), (lat_b, lon_b) = (np.radians(np.array(rows, float).reshape(-1, 2)).T for rows in (points, others))
    lat_a, lon_a = lat_a[:, None], lon_a[:, None]
    half = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    found: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, half)))
    return found


RULES: Iterable[Rule] = (Conflict(), Territory())
