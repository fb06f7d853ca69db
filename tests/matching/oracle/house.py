"""The rules of licence, house, unit, States and the minor, each for one date; and the catalogue."""

from collections.abc import Callable

from .facts import (
    MET,
    NOT_MET,
    UNKNOWN,
    Json,
    all_of,
    any_of,
    gender_in,
    in_known_band,
    opt_day,
    place_of,
    trafficking_in,
    yes,
)
from .people import beds, is_free, unit_outcome
from .safeguards import (
    Look,
    awake_staff,
    conflict,
    count,
    egress,
    outside_contact,
    placement_kind,
    population,
    remote,
    territory,
    true_safeguard,
)

EMERGENCY = ("emergency_shelter", "assessment_center")


def licence(look: Look, key: str) -> object:
    """Give a fact of the licence."""
    value: object = (look.facility.get("licence") or {}).get(key)
    return value


def licence_in_force(look: Look) -> str:
    """Judge licence.in_force for the date."""
    terms = look.facility.get("licence") or {}
    start, end = opt_day(terms.get("valid_from")), opt_day(terms.get("expires_on"))
    status = terms.get("status")
    return all_of(
        [
            UNKNOWN if status is None else yes(status in ("active", "provisional")),
            UNKNOWN if start is None else yes(start <= look.on),
            UNKNOWN if end is None else yes(look.on < end),
        ]
    )


def licence_age(look: Look) -> str:
    """Judge licence.age for the date."""
    terms = look.facility.get("licence") or {}
    return in_known_band(look.minor, look.on, terms.get("min_age"), terms.get("max_age"))


def licence_gender(look: Look) -> str:
    """Judge licence.gender."""
    listed = (look.facility.get("licence") or {}).get("genders")
    return UNKNOWN if listed is None else gender_in(look.minor.get("gender"), listed)


def licence_capacity(look: Look) -> str:
    """Judge licence.capacity."""
    capacity = (look.facility.get("licence") or {}).get("capacity")
    return UNKNOWN if capacity is None else yes(count(look) <= capacity)


def needs(look: Look, key: str) -> object:
    """Give one of the minor's needs."""
    value: object = (look.minor.get("needs") or {}).get(key)
    return value


def licence_infants(look: Look) -> str:
    """Judge licence.infants."""
    allowed, infants = licence(look, "infants"), needs(look, "infants")
    if infants == 0 or allowed is True:
        return MET
    return UNKNOWN if infants is None or allowed is None else NOT_MET


def declines(look: Look) -> str:
    """Judge facility.declines."""
    declined, conditions = look.facility.get("declines"), needs(look, "conditions")
    if declined == [] or conditions == []:
        return MET
    if declined is None or not isinstance(conditions, list):
        return UNKNOWN
    return yes(not set(declined) & set(conditions))


def admits(look: Look) -> str:
    """Judge facility.admits."""
    listed = look.facility.get("admits")
    return MET if listed is None else trafficking_in(look.minor.get("trafficking"), listed)


def services(look: Look) -> str:
    """Judge facility.services."""
    required, offered = needs(look, "services_required"), look.facility.get("services")
    if not isinstance(required, list) or not required:
        return MET
    return UNKNOWN if offered is None else yes(set(required) <= set(offered))


def units_judged(look: Look) -> list[tuple[Json, str]]:
    """Give each unit that counts for unit.fit with its outcome."""
    units = look.facility["units"]
    if look.bed_known:
        with_free = [u["id"] for u, b in beds(look.facility) if is_free(look.pair, b, look.on)]
        units = [unit for unit in units if unit["id"] in with_free]
    return [(u, unit_outcome(look.pair, u, look.on, with_gap=look.bed_known)) for u in units]


def unit_fit(look: Look) -> str:
    """Judge unit.fit."""
    return any_of(outcome for _, outcome in units_judged(look))


def home_state(minor: Json) -> str | None:
    """Give the State of home: where found, for those with no fixed residence."""
    homeless = (minor.get("residence") or {}).get("none") is True
    return place_of(minor, "found" if homeless else "residence", "state")


def sending_approved(look: Look, sending: str | None) -> str:
    """Judge a placement from a sending State."""
    here = look.facility["state"]
    if sending is None:
        return UNKNOWN
    approval = {"minor": look.minor["id"], "from_state": sending, "to_state": here}
    return yes(sending == here or approval in (look.pair.snapshot["interstate_approvals"] or []))


def interstate(look: Look) -> str:
    """Judge custody.interstate."""
    minor, here = look.minor, look.facility["state"]
    emergency = look.facility["kind"] in EMERGENCY
    found, custody = place_of(minor, "found", "state"), minor.get("custody")
    home, jurisdiction = home_state(minor), place_of(minor, "jurisdiction", "state")
    if custody == "none" or (emergency and found == here):
        return MET
    if custody is None:
        return MET if home == here and jurisdiction == here else UNKNOWN
    outcome = sending_approved(look, home if custody == "parent" else jurisdiction)
    return UNKNOWN if outcome == NOT_MET and emergency and found is None else outcome


def refuses(look: Look) -> str:
    """Judge minor.refuses."""
    refused = (look.minor.get("wishes") or {}).get("refuse") or []
    return yes(look.facility["id"] not in refused)


RULES: dict[str, Callable[[Look], str]] = {
    "safeguard.population": population,
    "safeguard.egress": egress,
    "safeguard.fire_clearance": true_safeguard("fire_clearance"),
    "safeguard.outside_contact": outside_contact,
    "safeguard.remote": remote,
    "safeguard.equal_activities": true_safeguard("equal_activities"),
    "safeguard.awake_staff": awake_staff,
    "safeguard.education": true_safeguard("education"),
    "safeguard.grievance_contact": true_safeguard("grievance_contact"),
    "safeguard.placement_kind": placement_kind,
    "safeguard.conflict": conflict,
    "safeguard.territory": territory,
    "licence.in_force": licence_in_force,
    "licence.age": licence_age,
    "licence.gender": licence_gender,
    "licence.capacity": licence_capacity,
    "licence.infants": licence_infants,
    "facility.declines": declines,
    "facility.admits": admits,
    "facility.services": services,
    "unit.fit": unit_fit,
    "custody.interstate": interstate,
    "minor.refuses": refuses,
}
# Where the table has a dash, no date is given although a unit's fit could change with one.
NO_DATE = {"unit.fit"}
