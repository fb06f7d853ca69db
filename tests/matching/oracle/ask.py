"""The facts an unknown finding needs and lacks, as paths."""

from collections.abc import Callable, Iterable
from datetime import date

from .clocks import governing
from .facts import UNKNOWN, Json, ages, by_id, in_band, place_of
from .house import EMERGENCY, home_state, units_judged
from .payers import PLURAL, basis_outcome, row_on
from .people import (
    Pair,
    avoided,
    beside,
    gap_to,
    in_unit,
    others_present,
    states,
    unit_gender,
    unlisted,
    unlisted_in,
)
from .safeguards import Look, ratio_counts, safeguard

Paths = set[str]


def nulls(prefix: str, holder: Json | None, keys: Iterable[str]) -> Paths:
    """Give the paths of those keys that hold nothing."""
    return {f"{prefix}.{key}" for key in keys if (holder or {}).get(key) is None}


def unsure(status: str | None) -> bool:
    """Tell whether a trafficking status is still a question."""
    return status in (None, "screening_pending")


def birth_date(minor: Json, on: date, low: int | None, high: int | None) -> Paths:
    """Ask for the birth date where the age is not known or its range is cut by the band."""
    if ages(minor, on) is None or in_band(minor, on, low, high) == UNKNOWN:
        return {"minor.born_on"}
    return set()


def evidence(*names: str) -> Callable[[Look], Paths]:
    """Ask for each safeguard of these whose evidence is not current."""
    return lambda look: {f"facility.safeguards.{name}" for name in names if safeguard(look, name) is None}


def for_population(look: Look) -> Paths:
    """Ask for the policy, the statuses and the unlisted."""
    paths = nulls("facility", look.facility, ["population"])
    if unsure(look.minor.get("trafficking")):
        paths.add("minor.trafficking")
    if any(unsure(e.get("trafficking")) for e in others_present(look.pair, look.on)):
        paths.add("facility.residents.trafficking")
    return paths | ({"facility.residents"} if unlisted(look.facility, look.on) else set())


def for_egress(look: Look) -> Paths:
    """Ask for egress, or for the clearance a lock with release depends on."""
    paths = evidence("egress")(look)
    locked = safeguard(look, "egress") == "locked_with_release"
    return paths | (evidence("fire_clearance")(look) if locked else set())


def for_awake_staff(look: Look) -> Paths:
    """Ask for the safeguard and, tonight, for the staffing."""
    paths = evidence("awake_night_staff")(look)
    if ratio_counts(look):
        keys = ["night_ratio", "awake_staff_tonight"]
        paths |= nulls("facility.staffing", look.facility.get("staffing"), keys)
    return paths


def for_conflict(look: Look) -> Paths:
    """Ask who the unlisted and the unnamed are."""
    paths = {"facility.residents"} if unlisted(look.facility, look.on) else set()
    if any(e.get("minor") is None for e in others_present(look.pair, look.on)):
        paths.add("facility.residents.minor")
    return paths


def for_territory(look: Look) -> Paths:
    """Ask for the county or the point that a list needs."""
    asked = ["county"] if avoided(look.minor, "counties") else []
    asked += ["point"] if (look.minor.get("avoid") or {}).get("circles") else []
    return nulls("facility", look.facility, asked)


def for_licence_age(look: Look) -> Paths:
    """Ask for the bounds and the birth date."""
    terms = look.facility.get("licence") or {}
    paths = nulls("facility.licence", terms, ["min_age", "max_age"])
    return paths | birth_date(look.minor, look.on, terms.get("min_age"), terms.get("max_age"))


def gender_lacks(minor: Json, listed: list[str] | None) -> Paths:
    """Ask for the gender where it is not known, or nonbinary and not listed."""
    gender = minor.get("gender")
    lacks = gender is None or (gender == "nonbinary" and gender not in (listed or [gender]))
    return {"minor.gender"} if lacks else set()


def for_licence_gender(look: Look) -> Paths:
    """Ask for the licence's genders and the minor's."""
    terms = look.facility.get("licence") or {}
    return nulls("facility.licence", terms, ["genders"]) | gender_lacks(look.minor, terms.get("genders"))


def gap_lacks(look: Look, unit: Json) -> Paths:
    """Ask for the ages an age gap cannot be judged without."""
    limit, paths = unit.get("max_age_gap_years"), Paths()
    if limit is None:
        return paths
    for entry in in_unit(look.pair, unit, look.on):
        if gap_to(look.pair, entry, limit, look.on) == UNKNOWN:
            paths |= {"facility.residents.age"} if entry.get("age") is None else {"minor.born_on"}
            if ages(look.minor, look.on) is None:
                paths.add("minor.born_on")
    return paths


def beside_lacks(look: Look, unit: Json) -> Paths:
    """Ask for the genders without which a room of one gender a night cannot be judged."""
    own, paths = look.minor.get("gender"), Paths()
    if not unit.get("one_gender_a_night"):
        return paths
    for entry in in_unit(look.pair, unit, look.on):
        other = states(look.pair, entry)
        if beside(own, other) != UNKNOWN:
            continue
        if None in (own, other):
            paths |= {"minor.gender"} if own is None else set()
            paths |= {"facility.residents.gender"} if other is None else set()
        else:
            paths.add("minor.gender" if own == "nonbinary" else "facility.residents.gender")
    return paths | ({"facility.residents"} if unlisted_in(look.pair, unit, look.on) else set())


def for_unit_fit(look: Look) -> Paths:
    """Ask for what the units in doubt need."""
    paths: Paths = set()
    for unit, outcome in units_judged(look):
        if outcome != UNKNOWN:
            continue
        low, high = unit.get("min_age"), unit.get("max_age")
        if in_band(look.minor, look.on, low, high) == UNKNOWN:
            paths.add("minor.born_on")
        if unit_gender(look.pair, unit) == UNKNOWN:
            paths.add("minor.gender")
        if look.bed_known:
            paths |= gap_lacks(look, unit) | beside_lacks(look, unit)
    return paths


def for_interstate(look: Look) -> Paths:
    """Ask for custody and the States the answer turns on."""
    minor, custody = look.minor, look.minor.get("custody")
    paths = nulls("minor", minor, ["custody"])
    if custody in (None, "parent") and home_state(minor) is None:
        homeless = (minor.get("residence") or {}).get("none") is True
        paths.add("minor.found.state" if homeless else "minor.residence.state")
    if custody != "parent" and place_of(minor, "jurisdiction", "state") is None:
        paths.add("minor.jurisdiction.state")
    if look.facility["kind"] in EMERGENCY and place_of(minor, "found", "state") is None:
        paths.add("minor.found.state")
    return paths


HOUSE: dict[str, Callable[[Look], Paths]] = {
    "safeguard.population": for_population,
    "safeguard.egress": for_egress,
    "safeguard.fire_clearance": evidence("fire_clearance"),
    "safeguard.outside_contact": evidence("outside_contact"),
    "safeguard.remote": evidence("remote", "outside_contact"),
    "safeguard.equal_activities": evidence("equal_activities"),
    "safeguard.awake_staff": for_awake_staff,
    "safeguard.education": evidence("education"),
    "safeguard.grievance_contact": evidence("grievance_contact"),
    "safeguard.conflict": for_conflict,
    "safeguard.territory": for_territory,
    "licence.in_force": lambda look: nulls(
        "facility.licence", look.facility.get("licence"), ["status", "valid_from", "expires_on"]
    ),
    "licence.age": for_licence_age,
    "licence.gender": for_licence_gender,
    "licence.capacity": lambda look: {"facility.licence.capacity"},
    "licence.infants": lambda look: (
        nulls("facility.licence", look.facility.get("licence"), ["infants"])
        | nulls("minor.needs", look.minor.get("needs"), ["infants"])
    ),
    "facility.declines": lambda look: (
        nulls("facility", look.facility, ["declines"]) | nulls("minor.needs", look.minor.get("needs"), ["conditions"])
    ),
    "facility.admits": lambda look: {"minor.trafficking"},
    "facility.services": lambda look: {"facility.services"},
    "unit.fit": for_unit_fit,
    "custody.interstate": for_interstate,
    "minor.together": lambda look: set(),
    "funding.accepted": lambda look: {"facility.funds"},
}


def for_residence(pair: Pair, row: Json) -> Paths:
    """Ask for each null place that a basis in doubt lists."""
    limit = row["residence"]
    return {
        f"minor.{basis}.{kind}"
        for basis in limit["basis"]
        if basis_outcome(pair.minor, basis, limit) == UNKNOWN
        for plural, kind in PLURAL.items()
        if limit.get(plural) and place_of(pair.minor, basis, kind) is None
    }


FUND = {
    "funding.age_band": "minor.born_on",
    "funding.ages_out": "minor.born_on",
    "funding.custody": "minor.custody",
    "funding.trafficking": "minor.trafficking",
    "funding.gender": "minor.gender",
    "funding.requires": "minor.approvals",
}


def fund_lacks(pair: Pair, fund_id: str, code: str, start: date) -> Paths:
    """Give the facts a fund's unknown finding lacks."""
    if code != "funding.residence":
        return {FUND[code]}
    row = row_on(by_id(pair.snapshot["funds"], fund_id), governing(pair, start))
    assert row is not None
    return for_residence(pair, row)
