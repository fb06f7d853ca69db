"""A referral in one line: what was answered, with every "not known" said."""

from datetime import date

from app.minors.schemas import MinorRead, Where
from app.referrals.schemas import ReferralRead
from app.web import words
from app.web.places import county_name
from app.web.translation import gettext, ngettext
from matching.dates import age_on


def summary(referral: ReferralRead, tonight: date) -> str:
    """Age, county, gender, status, custody, and when the bed is needed."""
    minor = referral.minor
    parts = [
        _age(minor, tonight),
        _home(minor.residence),
        words.said(words.GENDERS, minor.gender).lower() if minor.gender else gettext("gender not known"),
        words.said(words.TRAFFICKING, minor.trafficking).lower() if minor.trafficking else gettext("status not known"),
        _custody(minor),
    ]
    if minor.needs.infants:
        parts.append(ngettext("%(n)s infant", "%(n)s infants", minor.needs.infants))
    line = ", ".join(parts)
    return f"{line[:1].upper()}{line[1:]}. {_needed(referral, tonight)}"


def _age(minor: MinorRead, tonight: date) -> str:
    if minor.born_on is not None:
        return gettext("age %(age)s") % {"age": age_on(minor.born_on, tonight)}
    if minor.age_range is None:
        return gettext("age not known")
    low, high = minor.age_range
    return (
        gettext("age %(age)s") % {"age": low}
        if low == high
        else gettext("age %(low)s to %(high)s")
        % {
            "low": low,
            "high": high,
        }
    )


def _home(residence: Where | None) -> str:
    if residence is None or not (residence.none or residence.county or residence.state):
        return gettext("county not known")
    if residence.none:
        return gettext("no fixed place to live")
    return county_name(residence.county) if residence.county else str(residence.state)


def _custody(minor: MinorRead) -> str:
    if minor.custody is None:
        return gettext("custody not known")
    held = (
        gettext("nobody has custody") if minor.custody == "none" else words.said(words.CUSTODY, minor.custody).lower()
    )
    if minor.jurisdiction is not None and minor.jurisdiction.county:
        return gettext("%(custody)s (%(county)s)") % {
            "custody": held,
            "county": county_name(minor.jurisdiction.county),
        }
    return held


def _needed(referral: ReferralRead, tonight: date) -> str:
    first = referral.needed_from or tonight
    nights = words.nights(referral.nights_needed) if referral.nights_needed else gettext("nights not known")
    if first <= tonight:
        return gettext("Needed tonight (night of %(day)s), %(nights)s.") % {
            "day": words.day(tonight, tonight),
            "nights": nights,
        }
    return gettext("Needed %(when)s, %(nights)s.") % {"when": words.when(first, tonight), "nights": nights}
