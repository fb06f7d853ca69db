"""Conditions of care and rights of the child, each boundary from both sides, and when an answer changes."""

from datetime import date
from math import acos, cos, pi, radians, sin
from typing import Any

import pytest

from .builders import bed, changed, day, finding, fix, house, later, minor, outcome, placed, resident, snapshot, unit

GUARDS, STAFFING, AVOID = "/facilities/0/safeguards", "/facilities/0/staffing", "/minors/0/avoid"
RESIDENTS = "/facilities/0/residents"
HELD = ("fire_clearance", "equal_activities", "awake_night_staff", "education", "grievance_contact")
CODE = {name: f"safeguard.{name}" for name in HELD} | {"awake_night_staff": "safeguard.awake_staff"}


def with_guards(**values: Any) -> dict[str, Any]:
    return changed(snapshot(), {f"{GUARDS}/{name}/value": value for name, value in values.items()})


@pytest.mark.parametrize(
    ("doors", "clearance", "said"),
    [
        ("unlocked", False, "met"),
        ("delayed_release", None, "met"),
        ("locked_with_release", True, "met"),
        ("locked_with_release", False, "not_met"),
        ("locked_with_release", None, "unknown"),
        ("locked_no_release", True, "not_met"),
        (None, True, "unknown"),
    ],
)
def test_a_way_out_in_a_fire(doors: str | None, clearance: bool | None, said: str) -> None:
    assert outcome(with_guards(egress=doors, fire_clearance=clearance), "safeguard.egress") == said


@pytest.mark.parametrize(
    ("contact", "said"),
    [("open", "met"), ("reviewed_individually", "met"), ("blanket_ban", "not_met"), (None, "unknown")],
)
def test_contact_with_the_outside(contact: str | None, said: str) -> None:
    assert outcome(with_guards(outside_contact=contact), "safeguard.outside_contact") == said


@pytest.mark.parametrize(
    ("remote", "contact", "said"),
    [
        (False, "open", "met"),
        (False, "blanket_ban", "met"),
        (False, None, "met"),
        (True, "open", "met"),
        (True, "reviewed_individually", "met"),
        (True, "blanket_ban", "not_met"),
        (True, None, "unknown"),
        (None, "open", "met"),
        (None, "blanket_ban", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_a_remote_house(remote: bool | None, contact: str | None, said: str) -> None:
    assert outcome(with_guards(remote=remote, outside_contact=contact), "safeguard.remote") == said


@pytest.mark.parametrize("name", [*HELD, "egress", "outside_contact"])
@pytest.mark.parametrize(
    ("verified", "expires", "said"),
    [
        (day(0), None, "met"),
        (day(1), None, "unknown"),
        (None, day(1), "met"),
        (None, day(0), "unknown"),
        (day(-5), day(-1), "unknown"),
    ],
)
def test_evidence_counts_from_its_first_night_until_it_expires(
    name: str, verified: str | None, expires: str | None, said: str
) -> None:
    dates = {f"{GUARDS}/{name}/verified_on": verified, f"{GUARDS}/{name}/expires_on": expires}
    assert outcome(changed(snapshot(), dates), CODE.get(name, f"safeguard.{name}")) == said


def test_expired_evidence_is_not_known_even_where_it_said_no() -> None:
    expired = {f"{GUARDS}/education": {"value": False, "expires_on": day(0)}}
    assert outcome(changed(snapshot(), expired), "safeguard.education") == "unknown"


@pytest.mark.parametrize("name", [*HELD, "egress", "outside_contact"])
@pytest.mark.parametrize(
    ("verified", "expires", "changes"),
    [
        (None, day(1), day(1)),
        (None, day(29), day(29)),
        (None, day(30), None),
        (day(7), None, day(7)),
        (day(7), day(9), day(7)),
        (day(-9), day(-7), None),
    ],
)
def test_a_safeguard_says_when_its_evidence_begins_or_expires(
    name: str, verified: str | None, expires: str | None, changes: str | None
) -> None:
    dates = {f"{GUARDS}/{name}/verified_on": verified, f"{GUARDS}/{name}/expires_on": expires}
    found = finding(changed(snapshot(), dates), CODE.get(name, f"safeguard.{name}"))
    assert found["changes_on"] == changes


def test_locked_doors_change_with_the_fire_clearance() -> None:
    document = with_guards(egress="locked_with_release")
    document = changed(document, {f"{GUARDS}/fire_clearance/expires_on": day(5)})
    assert finding(document, "safeguard.egress")["changes_on"] == day(5)
    assert finding(with_guards(egress="locked_with_release"), "safeguard.egress")["changes_on"] is None


def test_remoteness_changes_with_either_evidence() -> None:
    document = with_guards(remote=True)
    document = changed(document, {f"{GUARDS}/outside_contact/expires_on": day(5)})
    assert finding(document, "safeguard.remote")["changes_on"] == day(5)
    near = changed(document, {f"{GUARDS}/remote/value": False, f"{GUARDS}/remote/expires_on": day(6)})
    assert finding(near, "safeguard.remote")["changes_on"] == day(6)


# Population: the house's rule, and in fact.


@pytest.mark.parametrize(
    ("policy", "living", "comes", "said"),
    [
        ("trafficking_only", "verified", "at_risk", "met"),
        ("trafficking_only", "at_risk", "verified", "met"),
        ("trafficking_only", "screening_pending", "verified", "unknown"),
        ("trafficking_only", None, "verified", "unknown"),
        ("trafficking_only", "verified", "screening_pending", "unknown"),
        ("trafficking_only", "verified", None, "unknown"),
        (None, "verified", "verified", "unknown"),
        ("mixed", "verified", "verified", "not_met"),
        ("mixed", None, None, "not_met"),
    ],
)
def test_population(policy: str | None, living: str | None, comes: str | None, said: str) -> None:
    here = house(population=policy, residents=[resident("bed_a2", trafficking=living)])
    document = snapshot(facilities=[here], minors=[minor(trafficking=comes)])
    assert outcome(document, "safeguard.population") == said


def test_one_resident_who_was_not_trafficked_is_enough_while_no_end_is_known() -> None:
    document = changed(snapshot(), {RESIDENTS: [resident("bed_a2", trafficking="none"), resident(minor="min_8")]})
    found = finding(document, "safeguard.population")
    assert (found["outcome"], found["have"], found["changes_on"]) == ("not_met", "resident not trafficked", None)
    assert fix(document, "safeguard.population")["text"] == "Cannot be waived"


def test_the_house_is_for_later_from_the_day_that_resident_leaves() -> None:
    document = changed(snapshot(), {RESIDENTS: [resident("bed_a2", trafficking="none", until=day(4))]})
    assert later(document)["from"] == day(4)


def test_a_resident_who_will_come_changes_the_answer_and_ends_no_run() -> None:
    comes = resident("bed_a2", trafficking="none", **{"from": day(3)})
    document = changed(snapshot(), {RESIDENTS: [comes]})
    found = finding(document, "safeguard.population")
    assert (found["outcome"], found["changes_on"]) == ("met", day(3))
    assert placed(document)[1]["funded_nights"] == 30


@pytest.mark.parametrize(("until", "changes"), [(day(1), day(1)), (day(29), day(29)), (day(30), None)])
def test_population_changes_when_the_last_doubtful_resident_leaves(until: str, changes: str | None) -> None:
    doubtful = resident("bed_a2", trafficking=None, until=until)
    document = changed(snapshot(), {RESIDENTS: [doubtful]})
    assert finding(document, "safeguard.population")["changes_on"] == changes


def test_an_unlisted_person_is_not_known() -> None:
    beds = [bed("bed_a1"), bed("bed_a2", "occupied")]
    document = snapshot(facilities=[house("a", unit("unit_a", *beds))])
    assert outcome(document, "safeguard.population") == "unknown"
    assert placed(document)[1]["ask"] == [{"fact": "facility.residents", "decides": 1}]
    listed = changed(document, {RESIDENTS: [resident("bed_a2")]})
    assert outcome(listed, "safeguard.population") == "met"


def test_where_nobody_who_was_not_trafficked_will_ever_leave_the_fix_says_a_house_is_needed() -> None:
    document = changed(snapshot(), {"/facilities/0/population": "mixed"})
    assert (
        fix(document, "safeguard.population")["text"]
        == "Cannot be waived: a house for trafficked minors only is needed"
    )


# Staff awake at night.


@pytest.mark.parametrize(
    ("ratio", "workers", "living", "said"),
    [
        (4, 1, 3, "met"),
        (4, 1, 4, "not_met"),
        (4, 2, 7, "met"),
        (4, 2, 8, "not_met"),
        (4, 0, 0, "not_met"),
        (0, 3, 0, "not_met"),
        (None, 0, 0, "not_met"),
        (None, 1, 0, "unknown"),
        (4, None, 0, "unknown"),
    ],
)
def test_everybody_who_will_sleep_here_is_counted(
    ratio: int | None, workers: int | None, living: int, said: str
) -> None:
    people = [resident(minor=f"min_{8 + n}") for n in range(living)]
    staffing = {"night_ratio": ratio, "awake_staff_tonight": workers}
    document = changed(snapshot(), {STAFFING: staffing, RESIDENTS: people, "/facilities/0/licence/capacity": 20})
    found = finding(document, "safeguard.awake_staff")
    assert (found["outcome"], found["changes_on"]) == (said, day(1) if said != "met" else None)


@pytest.mark.parametrize(
    ("staffing", "living", "text"),
    [
        ((4, 1), 4, "Cannot be waived: 1 more awake worker tonight would cure it"),
        ((4, 1), 8, "Cannot be waived: 2 more awake workers tonight would cure it"),
        ((4, 0), 0, "Cannot be waived: 1 more awake worker tonight would cure it"),
        ((0, 2), 0, "Cannot be waived: staff awake at night"),
        ((None, 0), 0, "Cannot be waived: staff awake at night"),
    ],
)
def test_the_fix_names_the_workers_who_are_missing(staffing: tuple[int | None, int], living: int, text: str) -> None:
    people = [resident(minor=f"min_{8 + n}") for n in range(living)]
    changes = {
        STAFFING: {"night_ratio": staffing[0], "awake_staff_tonight": staffing[1]},
        RESIDENTS: people,
        "/facilities/0/licence/capacity": 20,
    }
    assert fix(changed(snapshot(), changes), "safeguard.awake_staff")["text"] == text


@pytest.mark.parametrize(
    ("awake", "staffing", "living", "expected"),
    [
        (True, (4, 1), 0, (True, True, "Staff awake at night")),
        (False, (4, 1), 0, (False, True, "No staff awake at night")),
        (None, (4, 1), 0, (None, True, "Staff awake at night: not known, or the evidence is out of date")),
        (True, (4, 0), 0, (0, "1 awake worker or more", "Nobody is awake tonight")),
        (
            True,
            (4, 1),
            4,
            (5, "at most 4", "With the young person 5 would sleep here, for 1 awake at 1 to 4"),
        ),
    ],
)
def test_what_is_said_of_staff(
    awake: bool | None, staffing: tuple[int, int], living: int, expected: tuple[Any, Any, str]
) -> None:
    changes = {
        f"{GUARDS}/awake_night_staff/value": awake,
        STAFFING: {"night_ratio": staffing[0], "awake_staff_tonight": staffing[1]},
        RESIDENTS: [resident(minor=f"min_{8 + n}") for n in range(living)],
    }
    found = finding(changed(snapshot(), changes), "safeguard.awake_staff")
    assert (found["have"], found["need"], found["text"]) == expected


def test_no_staff_awake_at_night_is_for_the_house_to_mend() -> None:
    document = with_guards(awake_night_staff=False)
    assert fix(document, "safeguard.awake_staff")["text"] == "Cannot be waived: staff awake at night"


def test_the_ratio_is_of_tonight_alone() -> None:
    nobody = changed(snapshot(), {f"{STAFFING}/awake_staff_tonight": 0})
    assert outcome(nobody, "safeguard.awake_staff") == "not_met"
    tomorrow = changed(nobody, {"/referrals/0/needed_from": day(1)})
    assert outcome(tomorrow, "safeguard.awake_staff") == "met"
    no_bed = changed(nobody, {"/facilities/0/units/0/beds": [bed("bed_a1", "offline")]})
    assert outcome(no_bed, "safeguard.awake_staff") == "met"


def test_the_minors_own_entry_is_not_counted_twice() -> None:
    people = [resident("bed_a1", minor="min_1"), *(resident(minor=f"min_{8 + n}") for n in range(3))]
    assert outcome(changed(snapshot(), {RESIDENTS: people}), "safeguard.awake_staff") == "met"


# People who must be kept apart.


@pytest.mark.parametrize(
    ("avoids", "avoided_by", "said"),
    [(["min_9"], [], "not_met"), ([], ["min_1"], "not_met"), (["min_8"], ["min_7"], "met"), ([], [], "met")],
)
def test_neither_avoids_nor_is_avoided(avoids: list[str], avoided_by: list[str], said: str) -> None:
    document = snapshot(
        facilities=[house(residents=[resident("bed_a2")])],
        minors=[minor(avoid={"minors": avoids}), minor("min_9", avoid={"minors": avoided_by})],
    )
    found = finding(document, "safeguard.conflict")
    assert (found["outcome"], found["have"]) == (said, None)


def test_a_resident_whose_own_list_is_elsewhere_is_judged_by_hers_alone() -> None:
    document = changed(snapshot(), {RESIDENTS: [resident("bed_a2")]})
    assert outcome(document, "safeguard.conflict") == "met"


@pytest.mark.parametrize(
    ("avoids", "people", "beds", "asks"),
    [
        (["min_8"], [resident("bed_a2", minor=None)], "open", ["facility.residents.minor"]),
        (["min_8"], [], "occupied", ["facility.residents"]),
        ([], [resident("bed_a2", minor=None)], "open", []),
    ],
)
def test_somebody_not_named_matters_to_those_who_avoid_somebody(
    avoids: list[str], people: list[Any], beds: str, asks: list[str]
) -> None:
    rooms = unit("unit_a", bed("bed_a1"), bed("bed_a2", beds))
    document = snapshot(facilities=[house("a", rooms, residents=people)], minors=[minor(avoid={"minors": avoids})])
    assert outcome(document, "safeguard.conflict") == ("unknown" if asks else "met")
    assert set(asks) <= {ask["fact"] for ask in placed(document)[1].get("ask", [])}


def test_a_conflict_changes_when_the_other_comes_or_leaves() -> None:
    avoiding = [minor(avoid={"minors": ["min_9"]})]
    leaves = snapshot(facilities=[house(residents=[resident("bed_a2", until=day(1))])], minors=avoiding)
    assert later(leaves)["from"] == day(1)
    comes = snapshot(facilities=[house(residents=[resident("bed_a2", **{"from": day(9)})])], minors=avoiding)
    assert finding(comes, "safeguard.conflict")["changes_on"] == day(9)
    not_named = resident("bed_a2", minor=None, until=day(2))
    doubt = snapshot(facilities=[house(residents=[not_named])], minors=[minor(avoid={"minors": ["min_8"]})])
    assert finding(doubt, "safeguard.conflict")["changes_on"] == day(2)


# Places to stay away from.


EARTH_RADIUS_KM = 6371.0088  # the page's


def angle(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The angle between two points of a sphere, by the law of cosines."""
    lat_a, lon_a, lat_b, lon_b = map(radians, (*one, *other))
    return acos(sin(lat_a) * sin(lat_b) + cos(lat_a) * cos(lat_b) * cos(lon_b - lon_a))


@pytest.mark.parametrize(
    ("house_at", "centre"),
    [
        ((33.7490, -84.3880), (32.0809, -81.0912)),
        ((0.0, 0.0), (0.0, 90.0)),
        ((0.0, 0.0), (0.0, 179.9)),
        ((60.0, 170.0), (60.0, -170.0)),
        ((-89.0, 10.0), (89.0, 10.0)),
    ],
)
def test_distance_on_the_sphere(house_at: tuple[float, float], centre: tuple[float, float]) -> None:
    km = EARTH_RADIUS_KM * angle(house_at, centre)
    for radius, said in ((km + 0.01, "not_met"), (km - 0.01, "met")):
        document = snapshot(minors=[minor(avoid={"circles": [[*centre, radius]]})])
        assert outcome(changed(document, {"/facilities/0/point": [*house_at]}), "safeguard.territory") == said


def test_the_other_side_of_the_world_is_half_a_circle_away() -> None:
    for radius, said in ((EARTH_RADIUS_KM * pi + 0.01, "not_met"), (EARTH_RADIUS_KM * pi - 0.01, "met")):
        document = snapshot(minors=[minor(avoid={"circles": [[0.0, 180.0, radius]]})])
        assert outcome(changed(document, {"/facilities/0/point": [0.0, 0.0]}), "safeguard.territory") == said


HERE = [33.75, -84.39]
NORTH = 0.1  # degrees of latitude
KM_NORTH = EARTH_RADIUS_KM * NORTH * pi / 180


@pytest.mark.parametrize(
    ("avoid", "said", "have"),
    [
        ({"facilities": ["fac_a"]}, "not_met", "this house"),
        ({"facilities": ["fac_b"]}, "met", "outside"),
        ({"counties": ["13089", "13121"]}, "not_met", "this county"),
        ({"counties": ["13089"]}, "met", "outside"),
        ({"circles": [[HERE[0] + NORTH, HERE[1], KM_NORTH + 0.001]]}, "not_met", "inside an area"),
        ({"circles": [[HERE[0] + NORTH, HERE[1], KM_NORTH - 0.001]]}, "met", "outside"),
        ({"circles": [[*HERE, 0.0]]}, "not_met", "inside an area"),
        ({"circles": [[0.0, 0.0, 5.0], [*HERE, 1.0]]}, "not_met", "inside an area"),
    ],
)
def test_territory(avoid: dict[str, Any], said: str, have: str) -> None:
    found = finding(snapshot(minors=[minor(avoid=avoid)]), "safeguard.territory")
    assert (found["outcome"], found["have"]) == (said, have)


@pytest.mark.parametrize(
    ("lacks", "avoid", "said"),
    [
        ("county", {"counties": ["13089"]}, "unknown"),
        ("county", {"circles": [[0.0, 0.0, 1.0]]}, "met"),
        ("county", {"counties": ["13089"], "facilities": ["fac_a"]}, "not_met"),
        ("point", {"circles": [[0.0, 0.0, 1.0]]}, "unknown"),
        ("point", {"counties": ["13089"]}, "met"),
        ("point", {"counties": ["13121"], "circles": [[0.0, 0.0, 1.0]]}, "not_met"),
    ],
)
def test_a_place_that_is_not_known_matters_where_the_list_needs_it(
    lacks: str, avoid: dict[str, Any], said: str
) -> None:
    document = changed(snapshot(minors=[minor(avoid=avoid)]), {f"/facilities/0/{lacks}": None})
    assert outcome(document, "safeguard.territory") == said


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("emergency_shelter", "met"),
        ("assessment_center", "met"),
        ("safe_house", "met"),
        ("group_home", "met"),
        ("residential_treatment", "met"),
        ("transitional_living", "met"),
        ("foster_home", "not_met"),
        ("therapeutic_foster_home", "not_met"),
        ("secure_detention", "not_met"),
    ],
)
def test_kinds_of_house(kind: str, said: str) -> None:
    assert outcome(changed(snapshot(), {"/facilities/0/kind": kind}), "safeguard.placement_kind") == said


def test_judged_on_the_admission_date_and_not_tonight() -> None:
    ends = date(2026, 11, 25).isoformat()
    document = changed(snapshot(), {f"{GUARDS}/education/expires_on": ends, "/referrals/0/needed_from": ends})
    assert outcome(document, "safeguard.education") == "unknown"
