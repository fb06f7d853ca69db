"""Who is referred on a day of the year: facts as they are, and as much of them as is known at first."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app.demo.calendar import age_on
from app.demo.draw import Draw
from app.demo.geography import draw_county, place
from app.demo.people import APPROVALS, CUSTODY, LANGUAGES, PLACED, born
from app.demo.year import volume
from app.referrals.schemas import ReferralCreate

Json = dict[str, Any]


@dataclass(slots=True)
class Case:
    """One referral while it waits, as the agency that asks knows it."""

    referral_id: str
    since: date
    needed_from: date
    nights: int | None
    answers: Json = field(default_factory=dict)
    """Facts that are not known yet, and what the answer will be."""
    stay_id: str | None = None
    """The stay that a next placement goes on from."""
    tried: set[str] = field(default_factory=set)
    """Houses that have said no."""
    ask_again: bool = True
    """Something has changed since the last decision."""


def draw_referral(draw: Draw, tonight: date) -> tuple[ReferralCreate, Json]:
    """A new referral, and the facts that it leaves open."""
    facts = _facts(draw, tonight)
    known: Json = dict(facts)
    answers: Json = {}
    for name, percent in volume.UNKNOWN:
        if draw.chance(percent):
            answers |= _left_open(name, known, tonight)
    in_days = draw.weighted(volume.IN_DAYS)
    new = ReferralCreate.model_validate(
        {
            "minor": known,
            "needed_from": (tonight + timedelta(days=in_days)).isoformat() if in_days else None,
            "nights_needed": draw.weighted(volume.NIGHTS),
        }
    )
    return new, answers


def _facts(draw: Draw, tonight: date) -> Json:
    age = draw.weighted(volume.AGES)
    custody = draw.weighted(CUSTODY)
    home = draw_county(draw)
    under_care = custody in ("dependent", "ward_state")
    found = home if draw.chance(45) else draw_county(draw)
    detox = ["detox"] if draw.chance(volume.DETOX) else []
    return {
        "born_on": born(draw, age, tonight).isoformat(),
        "gender": draw.weighted(volume.GENDERS),
        "custody": custody,
        "trafficking": draw.weighted(volume.TRAFFICKING),
        "residence": place(home),
        "found": place(found),
        "jurisdiction": place(home) if custody not in ("none", "parent") else None,
        "approvals": [code for code, percent in APPROVALS if draw.chance(percent * (under_care or code != PLACED))],
        "history": "complete",
        "needs": {
            "services": [],
            "services_required": detox,
            "languages": draw.weighted(LANGUAGES),
            "conditions": sorted({*draw.weighted(volume.CONDITIONS), *detox}),
            "infants": int(draw.chance(volume.INFANT)),
        },
    }


def _left_open(name: str, known: Json, tonight: date) -> Json:
    """Take a fact out of what is known; the answer to come."""
    if name == "conditions":
        answer = known["needs"]["conditions"]
        known["needs"] = known["needs"] | {"conditions": None}
        return {"needs": {"conditions": answer}}
    answer = known.pop(name)
    if name == "born_on":
        age = age_on(date.fromisoformat(answer), tonight)
        known["age_range"] = [age - 1, age + 1]
        return {"born_on": answer, "age_range": None}
    return {name: answer}
