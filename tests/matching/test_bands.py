"""Ages, genders and statuses against bands and lists, and how they combine: outcomes, both ends, and words."""

from collections.abc import Sequence
from datetime import date
from itertools import product

import pytest

from matching.bands import age_asks, age_in_band, age_text, band_birthdays, band_text, gender_in, trafficking_in
from matching.facts import Minor
from matching.findings import MET, NOT_MET, UNKNOWN, Outcome, all_of, any_of, fact_is, yes_or_no

ON = date(2026, 11, 21)


@pytest.mark.parametrize(("age", "outcome"), [(11, NOT_MET), (12, MET), (17, MET), (18, NOT_MET), (None, UNKNOWN)])
def test_a_band_includes_both_ends(age: int | None, outcome: Outcome) -> None:
    minor = Minor("min_1", born_on=None if age is None else date(ON.year - age, ON.month, ON.day))
    assert age_in_band(minor, 12, 17, ON) is outcome


BANDS = [(low, high) for low in (None, 3, 4, 5) for high in (None, 3, 4, 5) if not low or not high or low <= high]


@pytest.mark.parametrize(("low", "high"), BANDS)
@pytest.mark.parametrize("ages", [(lo, hi) for lo in range(2, 7) for hi in range(lo, 7)])
def test_a_range_of_ages_is_met_where_every_age_is_and_missed_where_none_is(
    low: int | None, high: int | None, ages: tuple[int, int]
) -> None:
    fits = [(low is None or low <= age) and (high is None or age <= high) for age in range(ages[0], ages[1] + 1)]
    expected = MET if all(fits) else UNKNOWN if any(fits) else NOT_MET
    assert age_in_band(Minor("min_1", age_range=ages), low, high, ON) is expected


def test_an_open_band_asks_nothing() -> None:
    assert age_in_band(Minor("min_1"), None, None, ON) is MET
    assert age_in_band(Minor("min_1"), 0, None, ON) is UNKNOWN


def test_the_birthdays_of_a_band() -> None:
    minor = Minor("min_1", born_on=date(2012, 2, 29))
    assert band_birthdays(minor, 12, 17) == (date(2024, 2, 29), date(2030, 3, 1))
    assert band_birthdays(minor, None, 17) == (date(2030, 3, 1),)
    assert band_birthdays(minor, 12, None) == (date(2024, 2, 29),)
    assert band_birthdays(minor, None, None) == ()
    assert band_birthdays(Minor("min_1", age_range=(12, 14)), 12, 17) == ()


@pytest.mark.parametrize(
    ("minor", "said", "asks"),
    [
        (Minor("m", born_on=date(2011, 3, 2)), 15, ()),
        (Minor("m", born_on=date(2011, 3, 2), age_range=(3, 4)), 15, ()),
        (Minor("m", age_range=(14, 16)), "14 to 16", ("minor.born_on",)),
        (Minor("m", age_range=(14, 14)), 14, ("minor.born_on",)),
        (Minor("m"), None, ("minor.born_on",)),
    ],
)
def test_an_age_in_words(minor: Minor, said: int | str | None, asks: tuple[str, ...]) -> None:
    assert age_text(minor, ON) == said
    assert age_asks(minor) == asks


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(12, 17, "12 to 17"), (None, 17, "under 18"), (12, None, "12 or older"), (None, None, "any age")],
)
def test_a_band_in_words(low: int | None, high: int | None, said: str) -> None:
    assert band_text(low, high) == said


ALL = ("female", "male", "nonbinary")


@pytest.mark.parametrize(
    ("gender", "accepted", "outcome"),
    [
        ("female", None, MET),
        (None, None, MET),
        (None, ALL, MET),
        (None, ALL[:2], UNKNOWN),
        ("male", ("male",), MET),
        ("male", ("female", "nonbinary"), NOT_MET),
        ("nonbinary", ("female", "male"), UNKNOWN),
        ("nonbinary", ("nonbinary",), MET),
    ],
)
def test_gender(gender: str | None, accepted: Sequence[str] | None, outcome: Outcome) -> None:
    assert gender_in(gender, accepted) is outcome


STATUSES = ("verified", "at_risk", "screening_pending")


@pytest.mark.parametrize(
    ("status", "accepted", "outcome"),
    [
        ("verified", None, MET),
        (None, None, MET),
        (None, STATUSES, UNKNOWN),
        ("at_risk", ("verified",), NOT_MET),
        ("screening_pending", ("verified", "at_risk"), UNKNOWN),
        ("screening_pending", STATUSES, MET),
    ],
)
def test_trafficking_status(status: str | None, accepted: Sequence[str] | None, outcome: Outcome) -> None:
    assert trafficking_in(status, accepted) is outcome


@pytest.mark.parametrize("outcomes", [rows for size in range(4) for rows in product(Outcome, repeat=size)])
def test_outcomes_combine(outcomes: tuple[Outcome, ...]) -> None:
    all_, any_ = all_of(outcomes), any_of(outcomes)
    assert all_ is (NOT_MET if NOT_MET in outcomes else UNKNOWN if UNKNOWN in outcomes else MET)
    assert any_ is (MET if MET in outcomes else UNKNOWN if UNKNOWN in outcomes else NOT_MET)


def test_facts_that_are_yes_or_no() -> None:
    assert [yes_or_no(holds) for holds in (True, False)] == [MET, NOT_MET]
    assert [fact_is(value, True) for value in (True, False, None)] == [MET, NOT_MET, UNKNOWN]
    assert [fact_is(value, False) for value in (True, False, None)] == [NOT_MET, MET, UNKNOWN]
