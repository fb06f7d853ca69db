"""What people type on a call, and what the form makes of it: "not known" is null, never none, zero or empty."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.answers import answering
from app.referrals import form as reading
from app.referrals.form import Read
from app.web import answers
from app.web.answers import Form, Unreadable
from app.web.places import counties, counties_meant, county_name, plainly, spoken

pytestmark = pytest.mark.one_kind

TONIGHT = date(2026, 11, 21)
ANSWERED = {
    "age": "15",
    "county": "13089",
    "gender": "female",
    "needed": "1",
    "trafficking": "verified",
    "custody": "none",
    "infants": "0",
    "conditions": "none",
}


def read(**fields: str | list[str]) -> Read:
    pairs = [(name, v) for name, value in fields.items() for v in ([value] if isinstance(value, str) else value)]
    return reading.read(
        Form(pairs), TONIGHT, lambda codes: {code: f"min_{code}" for code in codes if code != "R-XXXXX"}
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", (None, None)),
        ("15", (None, (15, 15))),
        ("about 15", (None, (14, 16))),
        ("~15", (None, (14, 16))),
        ("14-16", (None, (14, 16))),
        ("14 to 16", (None, (14, 16))),
        ("about 1", (None, (1, 2))),
        ("19", (None, (19, 19))),
        ("3/2/2011", (date(2011, 3, 2), None)),
        ("2011-03-02", (date(2011, 3, 2), None)),
        ("Mar 2, 2011", (date(2011, 3, 2), None)),
        ("November 21 2026", (TONIGHT, None)),
    ],
)
def test_an_age_or_a_birth_date(typed: str, meant: tuple[Any, Any]) -> None:
    assert answers.age_or_birth_date(typed, TONIGHT) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "fifteen",
        "0",
        "15-13",
        "46",
        "0-2",
        "about 0",
        "44 or 46",
        "15 years?",
        "2/30/2011",
        "11/22/2026",
        "1/1/1979",
        "2010",
        "150-",
    ],
)
def test_what_is_no_age_says_how_to_write_one(typed: str) -> None:
    with pytest.raises(Unreadable) as error:
        answers.age_or_birth_date(typed, TONIGHT)
    assert typed not in str(error.value)


@pytest.mark.parametrize(
    ("typed", "fips"),
    [
        ("Fulton, GA", "13121"),
        ("fulton county, ga", "13121"),
        ("Saint Louis County, MO", "29189"),
        ("city of St. Louis, MO", "29510"),
        ("Richmond (city), VA", "51760"),
        ("Richmond County, va", "51159"),
        ("Norfolk, VA", "51710"),
        ("Carson City, NV", "32510"),
        ("Franklin, GA", "13119"),
        ("St. Louis city, MO", "29510"),
        ("13121", "13121"),
        ("Fulton", None),
        ("Nowhere, GA", None),
        ("Fulton, XX", None),
    ],
)
def test_a_county_is_named_with_its_state(typed: str, fips: str | None) -> None:
    assert [found.fips for found in counties_meant(typed)] == ([] if fips is None else [fips])


NAMED_TWICE = ["St. Louis, MO", "Baltimore, MD", "Richmond, VA", "Fairfax, VA", "Roanoke, VA", "Franklin, VA"]


@pytest.mark.parametrize("typed", NAMED_TWICE)
def test_a_county_and_a_city_of_one_name_are_told_apart_by_whoever_says_it(typed: str) -> None:
    name, state = typed.split(", ")
    asked = f"Two places have this name: write {name} County, {state} or {name} city, {state}"
    for field in ("county_elsewhere", "court_county", "avoid_counties"):
        sent = {"county": "", "custody": "ward_state", field: typed}
        assert read(**ANSWERED | sent).errors == {field: asked}
    assert answering.answered("minor.found.county", typed, TONIGHT) == (None, asked)


def test_every_county_is_read_as_it_is_written() -> None:
    for row in counties().values():
        assert counties_meant(f"{row.short}, {row.state}") == [row]
        assert counties_meant(f"{row.label}, {row.state}") == [row]


def test_codes_of_counties_are_read_as_names() -> None:
    assert county_name("13121") == "Fulton County, GA"
    assert county_name("22071", "LA") == "Orleans Parish"
    assert county_name("48501") == "Yoakum County, TX"
    assert spoken("asks for 51159, 51760") == "asks for the counties Richmond County, Richmond city"
    assert (
        spoken("Lives in: 13089; the fund asks for 13121")
        == "Lives in: DeKalb County, GA; the fund asks for Fulton County, GA"
    )
    assert (
        spoken("asks for 13057, 13063, 13067, 13089, 13097")
        == "asks for the counties Cherokee, Clayton, Cobb and 2 more"
    )
    assert spoken("order 99999 of 42 USC 13121-13122") == "order 99999 of 42 USC 13121-13122"


def test_nothing_answered_is_nothing_known() -> None:
    found = read()
    assert found.errors == {}
    needs = found.minor.pop("needs")
    assert needs == {"infants": None, "conditions": None, "languages": None}
    known = {name: value for name, value in found.minor.items() if value is not None}
    assert known == {
        "avoid": {"counties": [], "minors": []},
        "together_with": [],
        "wishes": {"prefer": [], "refuse": []},
    }
    assert found.referral == {"needed_from": None, "urgency": None, "nights_needed": None}
    assert found.past == []


def test_eight_answers() -> None:
    found = read(**ANSWERED)
    assert found.errors == {}
    assert found.minor["age_range"] == (15, 15)
    assert found.minor["residence"] == {"county": "13089"}
    assert found.minor["needs"] == {"infants": 0, "conditions": [], "languages": None}
    assert (found.minor["gender"], found.minor["trafficking"], found.minor["custody"]) == ("female", "verified", "none")
    assert found.referral == {"needed_from": None, "urgency": 1, "nights_needed": None}


def test_the_empty_form_asks_for_tonight_and_thirty_nights_and_nothing_else() -> None:
    found = reading.read(reading.BLANK, TONIGHT, lambda _: {})
    assert found.referral == {"needed_from": None, "urgency": 1, "nights_needed": 30}
    assert found.minor == read().minor


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"age": "fifteen"}, "age"),
        ({"county_elsewhere": "Nowhere"}, "county_elsewhere"),
        ({"county_elsewhere": "Barbour, AL"}, "county_elsewhere"),
        ({"county": "none", "county_elsewhere": "Barbour, AL"}, "county_elsewhere"),
        ({"custody": "ward_state", "court_county": "Fulton"}, "court_county"),
        ({"infants": "some"}, "infant_count"),
        ({"infants": "some", "infant_count": "0"}, "infant_count"),
        ({"conditions": ["none", "arson"]}, "conditions"),
        ({"needed": "4"}, "needed_from"),
        ({"needed": "4", "needed_from": "11/20/2026"}, "needed_from"),
        ({"needed": "3", "needed_from": "soon"}, "needed_from"),
        ({"nights_needed": "many"}, "nights_needed"),
        ({"avoid_counties": "Fulton, GA; somewhere"}, "avoid_counties"),
        ({"apart": "R-XXXXX"}, "apart"),
        ({"siblings": "R-7KQ4Z, R-XXXXX"}, "siblings"),
        ({"past_fund_0": "fund_a", "past_nights_0": "3"}, "past_from_0"),
        ({"past_fund_3": "fund_a", "past_from_3": "10/1/2026"}, "past_nights_3"),
        ({"past_from_0": "10/1/2026", "past_nights_0": "12"}, "past_fund_0"),
        ({"infants": "0", "infant_count": "2"}, "infant_count"),
        ({"infants": "pregnant", "infant_count": "1"}, "infant_count"),
        ({"infants": "", "infant_count": "x"}, "infant_count"),
        ({"needed": "1", "needed_from": "12/1/2026"}, "needed_from"),
        ({"needed": "1", "needed_from": "11/22/2026"}, "needed_from"),
        ({"needed": "2", "needed_from": "11/23/2026"}, "needed_from"),
        ({"needed": "3", "needed_from": "11/25/2026"}, "needed_from"),
        ({"needed": "", "needed_from": "soon"}, "needed_from"),
        ({"custody": "none", "court_county": "Bibb, GA"}, "court_county"),
        ({"custody": "parent", "court_county": "?"}, "court_county"),
        ({"prefer": ["fac_a", "fac_b"], "refuse": "fac_b"}, "refuse"),
        ({"siblings": "R-7KQ4Z", "apart": "r-7kq4z"}, "siblings"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_field(fields: dict[str, Any], wrong: str) -> None:
    assert list(read(**ANSWERED | fields).errors) == [wrong]


@pytest.mark.parametrize("part", ["fund", "from", "nights"])
def test_half_an_earlier_stay_is_asked_for_whole(part: str) -> None:
    said = {f"past_{part}_5": {"fund": "fund_a", "from": "10/1/2026", "nights": "12"}[part]}
    assert set(read(**said).errors) == {f"past_{other}_5" for other in ("fund", "from", "nights") if other != part}
    assert reading.past_rows(Form(said.items())) == 6


def test_every_problem_is_told_at_once() -> None:
    assert set(read(age="x", infants="some", nights_needed="x").errors) == {"age", "infant_count", "nights_needed"}


@pytest.mark.parametrize(
    ("fields", "path", "value"),
    [
        ({"county": "none"}, "residence", {"none": True}),
        ({"county": "", "county_elsewhere": "Barbour, AL"}, "residence", {"county": "01005"}),
        ({"custody": "ward_state", "court_county": "Bibb, GA"}, "jurisdiction", {"county": "13021"}),
        ({"custody": "ward_state"}, "jurisdiction", None),
        ({"custody": "", "court_county": "Bibb, GA"}, "jurisdiction", {"county": "13021"}),
        ({"infants": "0", "infant_count": "0"}, "needs.infants", 0),
        ({"infants": "some", "infant_count": "2"}, "needs.infants", 2),
        ({"infants": "pregnant"}, "needs.infants", 0),
        ({"infants": "pregnant", "conditions": ["detox"]}, "needs.conditions", ["detox", "pregnant"]),
        ({"infants": "pregnant", "conditions": ["none"]}, "needs.conditions", ["pregnant"]),
        ({"avoid_counties": "Fulton, GA; Bibb, GA"}, "avoid.counties", ["13121", "13021"]),
        ({"siblings": "r-7kq4z"}, "together_with", ["min_R-7KQ4Z"]),
        ({"history": "complete"}, "history", "complete"),
    ],
)
def test_the_folded_answers(fields: dict[str, Any], path: str, value: Any) -> None:
    found: Any = read(**ANSWERED | fields)
    assert found.errors == {}
    found = found.minor
    for name in path.split("."):
        found = found[name]
    assert found == value


@pytest.mark.parametrize(("needed", "nights"), [("1", 0), ("2", 1), ("3", 3), ("4", 40), ("", 40)])
def test_a_first_night_can_stand_beside_an_urgency_that_it_does_not_contradict(needed: str, nights: int) -> None:
    on = TONIGHT + timedelta(days=nights)
    found = read(needed=needed, needed_from=f"{on:%m/%d/%Y}")
    assert found.errors == {}
    assert found.referral["needed_from"] == on


def test_earlier_stays_are_rows_and_one_more_line_is_a_press_away() -> None:
    fields = {"past_fund_0": "fund_a", "past_from_0": "10/1/2026", "past_nights_0": "12"}
    assert read(**fields).past == [{"row": 0, "fund": "fund_a", "first": date(2026, 10, 1), "nights": 12}]
    assert reading.past_rows(Form([])) == 2
    assert reading.past_rows(Form([("press", "more_past")])) == 3
    assert reading.past_rows(Form([("past_fund_4", "fund_a"), ("press", "more_past")])) == 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the fund pays not for ward_justice, ward_state", "the fund pays not for juvenile justice, ward of the state"),
        ("Custody ward state; the fund pays for dependent", "Custody ward of the state; the fund pays for dependent"),
        ("school_on_site in 13121", "school on site in Fulton County, GA"),
    ],
)
def test_codes_of_a_finding_are_told_in_words(text: str, said: str) -> None:
    assert plainly(text) == said
