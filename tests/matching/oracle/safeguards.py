"""The safeguards, each judged for one date."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from math import asin, cos, radians, sin, sqrt

from .facts import MET, NOT_MET, UNKNOWN, Json, all_of, opt_day, yes
from .people import Pair, avoided, entries, others_present, present, unlisted

NO_HOUSE = ("foster_home", "therapeutic_foster_home", "secure_detention")
EARTH_KM = 6371.0088


@dataclass(frozen=True)
class Look:
    """A pair, the date judged, whether the bed date is known, and the size of the group.

    `counted` names those of the group who are in the house on that date and in its size as well.
    """

    pair: Pair
    on: date
    bed_known: bool
    k: int
    counted: frozenset[str] = frozenset()

    @property
    def minor(self) -> Json:
        """The minor who comes."""
        return self.pair.minor

    @property
    def facility(self) -> Json:
        """The house."""
        return self.pair.facility


def safeguard(look: Look, name: str) -> object:
    """Give a safeguard's value where its evidence is current on the date, else None."""
    entry = (look.facility.get("safeguards") or {}).get(name) or {}
    verified, expires = opt_day(entry.get("verified_on")), opt_day(entry.get("expires_on"))
    if verified is not None and verified > look.on:
        return None
    if expires is not None and look.on >= expires:
        return None
    value: object = entry.get("value")
    return value


def true_safeguard(name: str) -> Callable[[Look], str]:
    """Make the rule of a safeguard that must be true."""

    def judge(look: Look) -> str:
        value = safeguard(look, name)
        return UNKNOWN if value is None else yes(value is True)

    return judge


def status_here(status: str | None) -> str:
    """Judge one person's trafficking status against a trafficking-only house."""
    if status in ("verified", "at_risk"):
        return MET
    return NOT_MET if status == "none" else UNKNOWN


def population(look: Look) -> str:
    """Judge safeguard.population."""
    policy = look.facility.get("population")
    parts = [UNKNOWN if policy is None else yes(policy == "trafficking_only")]
    parts.append(status_here(look.minor.get("trafficking")))
    parts += [status_here(e.get("trafficking")) for e in others_present(look.pair, look.on)]
    parts += [UNKNOWN] * unlisted(look.facility, look.on)
    return all_of(parts)


def egress(look: Look) -> str:
    """Judge safeguard.egress."""
    value = safeguard(look, "egress")
    if value is None:
        return UNKNOWN
    if value == "locked_with_release":
        return true_safeguard("fire_clearance")(look)
    return yes(value in ("unlocked", "delayed_release"))


def outside_contact(look: Look) -> str:
    """Judge safeguard.outside_contact."""
    value = safeguard(look, "outside_contact")
    return UNKNOWN if value is None else yes(value in ("open", "reviewed_individually"))


def remote(look: Look) -> str:
    """Judge safeguard.remote."""
    far, contact = safeguard(look, "remote"), outside_contact(look)
    if far is False or contact == MET:
        return MET
    return NOT_MET if far is True and contact == NOT_MET else UNKNOWN


def count(look: Look) -> int:
    """Count the young people in the house once the group is in it."""
    here = [e for e in others_present(look.pair, look.on) if e.get("minor") not in look.counted]
    others = len(here) + unlisted(look.facility, look.on)
    if look.bed_known:
        return others + look.k
    own = [e for e in entries(look.facility) if e.get("minor") == look.minor["id"]]
    return max(others + sum(present(e, look.on) for e in own), look.k)


def ratio_counts(look: Look) -> bool:
    """Tell whether tonight's workers matter."""
    return look.bed_known and look.on == look.pair.tonight


def awake_staff(look: Look) -> str:
    """Judge safeguard.awake_staff."""
    parts = [true_safeguard("awake_night_staff")(look)]
    if ratio_counts(look):
        staffing = look.facility.get("staffing") or {}
        ratio, workers = staffing.get("night_ratio"), staffing.get("awake_staff_tonight")
        if workers == 0:
            parts.append(NOT_MET)
        elif ratio is None or workers is None:
            parts.append(UNKNOWN)
        else:
            parts.append(yes(count(look) <= ratio * workers))
    return all_of(parts)


def placement_kind(look: Look) -> str:
    """Judge safeguard.placement_kind."""
    return yes(look.facility["kind"] not in NO_HOUSE)


def conflict(look: Look) -> str:
    """Judge safeguard.conflict."""
    mine, here = look.minor["id"], others_present(look.pair, look.on)
    named = [e["minor"] for e in here if e.get("minor") is not None]
    known = {m["id"]: m for m in look.pair.snapshot["minors"]}
    for other in named:
        if other in avoided(look.minor, "minors"):
            return NOT_MET
        if other in known and mine in avoided(known[other], "minors"):
            return NOT_MET
    hidden = len(named) < len(here) or unlisted(look.facility, look.on) > 0
    return UNKNOWN if avoided(look.minor, "minors") and hidden else MET


def kilometres(a: list[float], b: list[float]) -> float:
    """Give the great-circle distance between two points in degrees."""
    lat_a, lon_a, lat_b, lon_b = (radians(x) for x in (a[0], a[1], b[0], b[1]))
    half = sin((lat_b - lat_a) / 2) ** 2
    half += cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(half))


def territory(look: Look) -> str:
    """Judge safeguard.territory."""
    facility, minor = look.facility, look.minor
    county, point = facility.get("county"), facility.get("point")
    parts = [yes(facility["id"] not in avoided(minor, "facilities"))]
    if avoided(minor, "counties"):
        parts.append(UNKNOWN if county is None else yes(county not in avoided(minor, "counties")))
    for lat, lon, km in (minor.get("avoid") or {}).get("circles") or []:
        parts.append(UNKNOWN if point is None else yes(kilometres(point, [lat, lon]) > km))
    return all_of(parts)
