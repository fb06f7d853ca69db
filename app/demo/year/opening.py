"""The State as it was when the year began: the same places and funds, with the papers that were in force then."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.demo.state import Demo
from app.demo.year.standing import houses
from app.facilities.evidence import add_licence, put_safeguard, read_safeguard
from app.facilities.models import SafeguardCode
from app.facilities.schemas import LicenceCreate, SafeguardChange

Json = dict[str, Any]
_LICENCE_LASTS = timedelta(days=3 * 365)
_EVIDENCE_LASTS = timedelta(days=365)
_BY = "State inspector"


@dataclass(frozen=True, slots=True)
class Renewal:
    """A paper that comes into force on a day of the year: a licence, or the evidence of one safeguard."""

    facility_id: str
    code: str | None
    form: Json


@dataclass(slots=True)
class Opening:
    """The places on the first day, and what is renewed on which day."""

    facilities: list[Json] = field(default_factory=list)
    renewals: dict[date, list[Renewal]] = field(default_factory=dict)


def opening_of(demo: Demo, day: date, as_of: str) -> Opening:
    """Go back from the evening's file: every paper that is younger than the year had one like it before."""
    own = {house["id"] for house in houses(demo.document)}
    opening = Opening()
    for facility in demo.document["facilities"]:
        before = facility | {
            "residents": [],
            "units": [_unit(unit, facility["id"] in own, as_of) for unit in facility["units"]],
        }
        licence = facility["licence"]
        if (begun := date.fromisoformat(licence["valid_from"])) > day:
            earlier = {"valid_from": (begun - _LICENCE_LASTS).isoformat(), "expires_on": licence["valid_from"]}
            before["licence"] = licence | earlier
            opening.renewals.setdefault(begun, []).append(Renewal(facility["id"], None, licence))
        before["safeguards"] = {
            code: _evidence(opening, facility["id"], code, word, day) for code, word in facility["safeguards"].items()
        }
        opening.facilities.append(before)
    return opening


def renew(session: Session, actor: Actor, renewal: Renewal, now: Any) -> None:
    """Enter a paper as the house does."""
    if renewal.code is None:
        add_licence(session, actor, renewal.facility_id, LicenceCreate(**renewal.form, evidence="renewal"), now)
        return
    code = SafeguardCode(renewal.code)
    before = read_safeguard(session, actor, renewal.facility_id, code)
    change = SafeguardChange(**renewal.form, verified_by=_BY, version=before.version)
    put_safeguard(session, actor, renewal.facility_id, code, change, None, now)


def _evidence(opening: Opening, facility_id: str, code: str, word: Json, day: date) -> Json:
    verified = date.fromisoformat(word["verified_on"])
    if verified <= day:
        return word
    opening.renewals.setdefault(verified, []).append(Renewal(facility_id, code, word))
    return word | {"verified_on": (verified - _EVIDENCE_LASTS).isoformat(), "expires_on": word["verified_on"]}


def _unit(unit: Json, own: bool, as_of: str) -> Json:
    return unit | {"beds": [_bed(bed, own, as_of) for bed in unit["beds"]]}


def _bed(bed: Json, own: bool, as_of: str) -> Json:
    status = bed["status"] if not own or bed["status"] == "offline" else "open"
    return bed | {"status": status, "held_for": None, "confirmed_at": as_of, "unavailable": []}
