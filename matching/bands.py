"""How an age, a gender and a trafficking status stand against a band or a list (the rules' section 1)."""

from collections.abc import Collection
from datetime import date

from matching.dates import age_on, birthday
from matching.facts import Minor
from matching.findings import MET, NOT_MET, UNKNOWN, Outcome

ALL_GENDERS = frozenset({"female", "male", "nonbinary"})
VICTIMS = frozenset({"verified", "at_risk"})


def age_in_band(minor: Minor, low: int | None, high: int | None, on: date) -> Outcome:
    """Whether the age on a date lies in `[low, high]`, both ends included; None is open on that side.

    A range of ages is taken to hold on every night of the stay.
    """
    if low is None and high is None:
        return MET
    if minor.born_on is not None:
        youngest = oldest = age_on(minor.born_on, on)
    elif minor.age_range is not None:
        youngest, oldest = minor.age_range
    else:
        return UNKNOWN
    if (low is None or low <= youngest) and (high is None or oldest <= high):
        return MET
    missed = (low is not None and oldest < low) or (high is not None and high < youngest)
    return NOT_MET if missed else UNKNOWN


def band_birthdays(minor: Minor, low: int | None, high: int | None) -> tuple[date, ...]:
    """The birthdays on which a band opens and closes."""
    if minor.born_on is None:
        return ()
    ages = ((low,) if low is not None else ()) + ((high + 1,) if high is not None else ())
    return tuple(birthday(minor.born_on, age) for age in ages)


def age_text(minor: Minor, on: date) -> int | str | None:
    """The age as a person would say it: 15, "14 to 16", or None where it is not known."""
    if minor.born_on is not None:
        return age_on(minor.born_on, on)
    if minor.age_range is not None:
        low, high = minor.age_range
        return low if low == high else f"{low} to {high}"
    return None


def band_text(low: int | None, high: int | None) -> str:
    """A band in words: "12 to 17", "under 18", "12 or older", "any age"."""
    if low is not None and high is not None:
        return f"{low} to {high}"
    if high is not None:
        return f"under {high + 1}"
    return "any age" if low is None else f"{low} or older"


def age_asks(minor: Minor) -> tuple[str, ...]:
    """The fact to ask for where a band could not be judged."""
    return () if minor.born_on is not None else ("minor.born_on",)


def gender_in(gender: str | None, accepted: Collection[str] | None) -> Outcome:
    """Whether a stated gender is in a list; a nonbinary young person not named there is asked, never turned away."""
    if accepted is None or gender in accepted or ALL_GENDERS.issubset(accepted):
        return MET
    if gender is None:
        return UNKNOWN
    return UNKNOWN if gender == "nonbinary" else NOT_MET


def same_gender(one: str | None, other: str | None) -> Outcome:
    """Whether two are of one gender; who is nonbinary is asked beside anybody who is not, never turned away."""
    if one is None or other is None:
        return UNKNOWN
    if one == other:
        return MET
    return UNKNOWN if "nonbinary" in (one, other) else NOT_MET


def trafficking_in(status: str | None, accepted: Collection[str] | None) -> Outcome:
    """Whether a trafficking status is in a list; pending screening is never read as verified."""
    if accepted is None:
        return MET
    if status is None:
        return UNKNOWN
    if status in accepted:
        return MET
    return UNKNOWN if status == "screening_pending" else NOT_MET


def years_between(one: Minor, other: Minor, on: date) -> int | None:
    """The most years that two ages could differ by on a date; None where either is not known."""
    ages = [_ages(minor, on) for minor in (one, other)]
    if ages[0] is None or ages[1] is None:
        return None
    return max(ages[0][1] - ages[1][0], ages[1][1] - ages[0][0])


def _ages(minor: Minor, on: date) -> tuple[int, int] | None:
    """The youngest and the oldest that a minor could be."""
    if minor.born_on is not None:
        return (age_on(minor.born_on, on),) * 2
    return minor.age_range
