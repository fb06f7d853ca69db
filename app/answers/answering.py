"""An answer to the question on top of a ranking, and the difference that a changed form makes."""

from datetime import date
from typing import Any

from app.answers.questions import CHOICES, TYPED
from app.minors.schemas import MinorRead
from app.referrals import form as reading
from app.referrals.form import Read
from app.referrals.schemas import ReferralRead
from app.web import answers
from app.web.answers import Form, Unreadable
from app.web.places import counties
from app.web.translation import gettext

Json = dict[str, Any]

NONE_OF_THESE = ("none", "none of these", "no")


def answered(fact: str, said: str, tonight: date) -> tuple[Json | None, str | None]:
    """The part of a profile that an answer fills in, or what is wrong with it; neither where nothing was said."""
    if not said or fact not in {*CHOICES, *TYPED}:
        return None, None
    if fact in CHOICES:
        if said not in CHOICES[fact]:
            return None, gettext("Choose one of the answers")
        return _set(fact, int(said) if fact.endswith("infants") else said), None
    try:
        return _typed(fact, said, tonight), None
    except Unreadable as error:
        return None, str(error)


def _typed(fact: str, said: str, tonight: date) -> Json:
    if fact == "minor.born_on":
        born_on, age_range = answers.age_or_birth_date(said, tonight)
        return {"born_on": born_on, "age_range": age_range}
    if fact == "minor.needs.conditions":
        if said.lower() not in NONE_OF_THESE:
            raise Unreadable(gettext("Write none here, or use “Change” to mark what applies"))
        return {"needs": {"conditions": []}}
    fips = answers.county(said)
    if fips is None:
        raise Unreadable(gettext("Write the county with its State, such as Fulton, GA"))
    return {fact.split(".")[1]: {"county": fips, "state": counties()[fips].state}}


def _set(fact: str, value: str | int) -> Json:
    """`minor.needs.infants` = 1 as {"needs": {"infants": 1}}."""
    out: Any = value
    for name in reversed(fact.split(".")[1:]):
        out = {name: out}
    found: Json = out
    return found


def difference(found: Read, current: ReferralRead, tonight: date) -> Json:
    """What the form says otherwise than it would say of the referral as it stands: what it cannot show stays."""
    before = _stands(reading.filled(current, _names(current.minor), tonight), current.minor, tonight).referral
    minor = minor_difference(found, current.minor, tonight)
    changed = {name: value for name, value in found.referral.items() if value != before[name]}
    return changed | ({"minor": minor} if minor else {})


def minor_difference(found: Read, current: MinorRead, tonight: date) -> Json:
    """The same of the young person alone."""
    before = _stands(Form(reading.known(current, _names(current))), current, tonight).minor
    minor = {name: value for name, value in found.minor.items() if value != before[name]}
    for part in ("needs", "avoid", "wishes"):
        if part in minor:
            minor[part] = {name: value for name, value in minor[part].items() if value != before[part][name]}
    return minor


def _stands(form: Form, minor: MinorRead, tonight: date) -> Read:
    """What the form would say of things as they stand."""
    names = _names(minor)
    return reading.read(form, tonight, lambda codes: {code: _name(names, code) for code in codes})


def _names(minor: MinorRead) -> dict[str, str]:
    return {person: person for person in minor.others()}


def _name(names: dict[str, str], code: str) -> str:
    """Codes on a form are upper case, ids are not."""
    return next((person for person in names if person.upper() == code), code)
