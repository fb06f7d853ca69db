"""The same referral through the real engine, with other people in the way and with a house that is simply full."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sharing.projection import AGENCY, NOT_AVAILABLE, Viewer, ViewerKind, project
from matching.codec import decode
from matching.decision_form import decision_document
from matching.ranking import rank
from tests.factories import fund, house, network
from tests.proofs import or_many

Json = dict[str, Any]
BOTH = [{"id": "bed_b1", "status": "occupied"}, {"id": "bed_b2", "status": "occupied"}]
ONE_OPEN = [{"id": "bed_b1", "status": "open"}, {"id": "bed_b2", "status": "occupied"}]


def resident(bed: str, minor: str = "min_9", **changes: Any) -> Json:
    """Somebody who lives there, with no end known."""
    return {"minor": minor, "bed": bed, "trafficking": "verified", "age": 15, "from": None, "until": None} | changes


def asked(**changes: Any) -> Json:
    """A young person about whom everything a house asks is known."""
    plain: Json = {
        "id": "min_1",
        "born_on": "2011-03-02",
        "gender": "female",
        "residence": {"county": "13121", "state": "GA"},
        "custody": "none",
        "trafficking": "verified",
        "needs": {"infants": 0, "conditions": []},
        "approvals": [],
        "history": "complete",
    }
    return plain | changes


def answer(second: Json, minor: Json, others: list[Json] | None = None, **more: Any) -> Json:
    """The stored decision for the young person where the second house is as given."""
    needed = more.pop("needed_from", None)
    referrals = [{"id": "ref_1", "minor": "min_1", "urgency": 1, "nights_needed": 30, "needed_from": needed}]
    document = network(
        house("fac_a"),
        second,
        house("fac_c", population="mixed"),
        house("fac_d", declines=["arson"]),
        *more.pop("houses", []),
        minors=[minor, *(others or ())],
        referrals=referrals + more.pop("referrals", []),
        **more,
    )
    return decision_document(rank(decode(document), "ref_1"))


def units(beds: list[Json], **limits: Any) -> list[Json]:
    return [{"id": "unit_b", "beds": deepcopy(beds), **limits}]


def full() -> Json:
    """Nobody in the way, and no bed."""
    return house("fac_b", units=units(BOTH), residents=[resident("bed_b1", "min_7"), resident("bed_b2", "min_8")])


def avoided() -> Json:
    return house("fac_b", units=units(ONE_OPEN), residents=[resident("bed_b2")])


def leaves_in_a_month() -> Json:
    return house("fac_b", units=units(ONE_OPEN), residents=[resident("bed_b2", until="2026-12-20")])


def nobody_knows_who() -> Json:
    return house("fac_b", units=units(ONE_OPEN))


def here_for_another_reason() -> Json:
    return house("fac_b", units=units(ONE_OPEN), residents=[resident("bed_b2", "min_8", trafficking="none")])


def screening() -> Json:
    pending = resident("bed_b2", "min_8", trafficking="screening_pending")
    return house("fac_b", units=units(ONE_OPEN), residents=[pending])


def short_of_staff() -> Json:
    staffing = {"night_ratio": 1, "awake_staff_tonight": 1}
    return house("fac_b", units=units(ONE_OPEN), residents=[resident("bed_b2", "min_8")], staffing=staffing)


def nobody_awake() -> Json:
    staffing = {"night_ratio": 4, "awake_staff_tonight": 0}
    return house("fac_b", units=units(ONE_OPEN), residents=[resident("bed_b2", "min_8")], staffing=staffing)


def licensed_for_one() -> Json:
    one = house("fac_b", units=units(ONE_OPEN), residents=[resident("bed_b2", "min_8")])
    return one | {"licence": one["licence"] | {"capacity": 1}}


def much_younger() -> Json:
    young = [resident("bed_b2", "min_8", age=11)]
    return house("fac_b", units=units(ONE_OPEN, max_age_gap_years=2), residents=young)


def age_unknown() -> Json:
    young = [resident("bed_b2", "min_8", age=None)]
    return house("fac_b", units=units(ONE_OPEN, max_age_gap_years=2), residents=young)


def of_another_gender() -> Json:
    boy = [resident("bed_b2", "min_8", gender="male")]
    return house("fac_b", units=units(ONE_OPEN, one_gender_a_night=True), residents=boy)


def nonbinary() -> Json:
    one = [resident("bed_b2", "min_8", gender="nonbinary")]
    return house("fac_b", units=units(ONE_OPEN, one_gender_a_night=True), residents=one)


def gender_unknown() -> Json:
    silent = [resident("bed_b2", "min_8")]
    return house("fac_b", units=units(ONE_OPEN, one_gender_a_night=True), residents=silent)


IN_THE_WAY = [
    of_another_gender,
    nonbinary,
    gender_unknown,
    avoided,
    leaves_in_a_month,
    nobody_knows_who,
    here_for_another_reason,
    screening,
    short_of_staff,
    nobody_awake,
    licensed_for_one,
    much_younger,
    age_unknown,
]
MINORS = {
    "everything known": asked(),
    "custody not known": asked(custody=None),
    "status not known": asked(trafficking=None),
    "a condition that one house declines": asked(needs={"infants": 0, "conditions": ["arson"]}),
    "nothing known": {"id": "min_1"},
}


def shown(decision: Json) -> str:
    return json.dumps(project(decision, viewer=AGENCY, findings="all"))


@pytest.mark.parametrize("minor", MINORS.values(), ids=MINORS.keys())
@pytest.mark.parametrize("crowd", IN_THE_WAY)
def test_whoever_is_in_the_way_the_house_reads_as_full(crowd: Callable[[], Json], minor: Json) -> None:
    minor = minor | {"avoid": {"minors": ["min_9"]}}
    assert shown(answer(crowd(), minor)) == shown(answer(full(), minor))


@pytest.mark.parametrize("minor", MINORS.values(), ids=MINORS.keys())
def test_it_is_the_same_where_the_other_one_does_the_avoiding(minor: Json) -> None:
    other = {"id": "min_8", "avoid": {"minors": ["min_1"]}}
    here = house("fac_b", units=units(ONE_OPEN), residents=[resident("bed_b2", "min_8")])
    assert shown(answer(here, minor, [other])) == shown(answer(full(), minor))


@pytest.mark.parametrize("crowd", [avoided, short_of_staff, nobody_awake])
def test_evidence_that_is_missing_is_asked_for_whoever_lives_there(crowd: Callable[[], Json]) -> None:
    """Too many people for the workers awake tonight must not hide that no evidence says anyone is awake at night."""

    def undocumented(one: Json) -> Json:
        return one | {"safeguards": one["safeguards"] | {"awake_night_staff": None}}

    minor = asked(avoid={"minors": ["min_9"]})
    assert shown(answer(undocumented(crowd()), minor)) == shown(answer(undocumented(full()), minor))


def test_a_sibling_who_cannot_come_is_no_reason_that_is_told() -> None:
    """The brother may not live there: for the sister the house reads as full."""
    minor = asked(together_with=["min_2"])
    brother = asked(id="min_2", gender="male")
    girls = house("fac_b", units=units([bed | {"status": "open"} for bed in BOTH]))
    girls |= {"licence": girls["licence"] | {"genders": ["female"]}}
    waits = [{"id": "ref_2", "minor": "min_2", "urgency": 1}]
    own = project(answer(girls, minor, [brother], referrals=waits), viewer=AGENCY, findings="all")
    plain = project(answer(full(), minor, [brother], referrals=waits), viewer=AGENCY, findings="all")
    assert own["later"] == plain["later"]
    assert "minor.together" not in json.dumps(own)


def test_the_stored_decision_does_tell_them_apart() -> None:
    """Else the tests above would show nothing."""
    minor = asked(avoid={"minors": ["min_9"]})
    reasons = {crowd.__name__: json.dumps(answer(crowd(), minor)) for crowd in [full, *IN_THE_WAY]}
    assert len(set(reasons.values())) == len(reasons)


def test_an_attacker_who_probes_one_person_learns_what_a_full_house_would_tell() -> None:
    """With the person named and without: what changes is one house, and it changes to the words of a full one."""
    before = project(answer(avoided(), asked()), viewer=AGENCY)
    after = project(answer(avoided(), asked(avoid={"minors": ["min_9"]})), viewer=AGENCY)
    [entry] = after["later"]
    assert (entry["facility"], entry["code"], entry["findings"]) == ("fac_b", NOT_AVAILABLE, [])
    without = [{k: v for k, v in row.items() if k != "rank"} for row in before["options"] if row["facility"] != "fac_b"]
    assert [{k: v for k, v in row.items() if k != "rank"} for row in after["options"]] == without
    assert after["excluded"] == before["excluded"]


def test_a_bed_that_frees_by_itself_has_its_date() -> None:
    soon = house(
        "fac_b",
        units=units(BOTH),
        residents=[resident("bed_b1", "min_7", until="2026-11-24"), resident("bed_b2", "min_8")],
    )
    shown_to_agency = project(answer(soon, asked()), viewer=AGENCY)
    assert [(entry["facility"], entry["from"]) for entry in shown_to_agency["later"]] == [("fac_b", "2026-11-24")]


def test_the_house_itself_reads_why() -> None:
    decision = answer(avoided(), asked(avoid={"minors": ["min_9"]}))
    own = project(decision, viewer=Viewer(ViewerKind.FACILITY, facility="fac_b"))
    assert own["excluded"][0]["failed"] == ["safeguard.conflict"]


# People who move the night: until they leave, or the young person comes of age, nothing of the later night is told.

SOON, EVER = "2026-12-05", [["2026-11-21", "2027-12-01"]]
HARMLESS: Json = {"trafficking": "verified", "age": 15}
TURNS_16, TURNS_12, TURNS_18 = (f"{year}-12-05" for year in (2010, 2014, 2008))


@st.composite
def crowds(draw: st.DrawFn) -> Json:
    """One to three beds and who lives there, now or later: whoever they are, however old, whenever they leave."""
    beds: list[Json] = []
    people: list[Json] = []
    for at in range(draw(st.integers(1, 3))):
        beds.append({"id": f"bed_b{at}", "status": draw(st.sampled_from(["open", "open", "occupied"]))})
        if beds[-1]["status"] == "occupied" or draw(st.booleans()):
            people.append(
                {
                    "bed": draw(st.sampled_from([f"bed_b{at}", f"bed_b{at}", None])),
                    "minor": draw(st.sampled_from([f"min_{at + 6}", "min_9" if at == 2 else None])),
                    "trafficking": draw(st.sampled_from(["verified", "verified", "none", "screening_pending", None])),
                    "age": draw(st.sampled_from([None, 11, 13, 15, 18, 19])),
                    "gender": draw(st.sampled_from([None, "female", "female", "male", "nonbinary"])),
                    "from": draw(st.sampled_from([None, None, "2026-11-28"])),
                    "until": draw(st.sampled_from([None, "2026-12-01", "2026-12-10"])),
                }
            )
    if draw(st.booleans()) and people:
        beds.append({"id": "bed_b9", "status": "offline", "unavailable": EVER})
    limits = {
        "max_age_gap_years": draw(st.sampled_from([None, 1, 2, 4])),
        "one_gender_a_night": draw(st.sampled_from([None, True])),
        "min_age": draw(st.sampled_from([None, 12])),
        "genders": draw(st.sampled_from([None, ["female"]])),
    }
    return house("fac_b", units=units(beds, **limits), residents=people) | _dated(draw)


def _dated(draw: st.DrawFn) -> Json:
    """What the house itself says of a night: it is another on the next, so that a night that is told shows."""
    one = house("fac_b")
    ends = draw(st.sampled_from(["2028-01-01", "2026-11-30", "2026-12-08"]))
    licence = one["licence"] | {"expires_on": ends, "capacity": draw(st.sampled_from([None, 1, 2, 6]))}
    evidence = {"value": True, "verified_on": "2026-06-01", "expires_on": draw(st.sampled_from([None, SOON]))}
    awake = draw(st.sampled_from([None, 0, 1, 2]))
    return {
        "licence": licence,
        "safeguards": one["safeguards"] | {"education": evidence},
        "staffing": {"night_ratio": draw(st.sampled_from([1, 4])), "awake_staff_tonight": awake},
        "declines": draw(st.sampled_from([[], ["arson"]])),
        "funds": draw(st.sampled_from([["fund_a"], ["fund_b"], ["fund_a", "fund_b"]])),
    }


FUNDS = [
    fund(),
    fund("fund_b", valid_until="2026-12-05", min_age=13, residence={"basis": ["residence"], "counties": ["13089"]}),
]
ASKS = st.fixed_dictionaries(
    {},
    optional={
        "born_on": st.sampled_from([TURNS_16, TURNS_12, TURNS_18, None]),
        "age_range": st.sampled_from([[14, 16], [11, 13]]),
        "custody": st.none(),
        "trafficking": st.none(),
        "gender": st.none(),
        "needs": st.just({"infants": 0, "conditions": ["arson"]}),
        "residence": st.just({"county": "13089", "state": "GA"}),
    },
)


def harmless(crowd: Json) -> Json:
    """The same beds, free on the same nights, and nobody in whose way anybody could be."""
    people = [row | HARMLESS | {"minor": f"min_harmless{at}"} for at, row in enumerate(crowd["residents"])]
    taken = {row["bed"] for row in people}
    rooms = [bed for unit in crowd["units"] for bed in unit["beds"]]
    people += [
        resident(bed["id"], f"min_in_{bed['id']}")
        for bed in rooms
        if bed["status"] == "occupied" and bed["id"] not in taken
    ]
    staffing = crowd["staffing"] | ({"awake_staff_tonight": 9} if crowd["staffing"]["awake_staff_tonight"] else {})
    [unit] = crowd["units"]
    return crowd | {
        "residents": people,
        "staffing": staffing,
        "units": [unit | {"max_age_gap_years": None, "one_gender_a_night": None}],
    }


def closing(crowd: Json, minor: Json) -> Json:
    """The same as a house in which nobody is in the way, its beds closing as one comes who is not of her gender."""
    [unit] = crowd["units"]
    beds = {bed["id"] for bed in unit["beds"]}
    own = minor.get("gender")
    comes = [
        row["from"]
        for row in crowd["residents"]
        if row["from"] and row["bed"] in beds and (own is None or row["gender"] != own)
    ]
    plain = harmless(crowd)
    if not unit["one_gender_a_night"] or not comes:
        return plain
    closed = [bed | {"unavailable": [*bed.get("unavailable", []), [min(comes), EVER[0][1]]]} for bed in unit["beds"]]
    return plain | {"units": [plain["units"][0] | {"beds": closed}]}


def filled(crowd: Json) -> Json:
    """The same house without a bed on any night, and without anybody."""
    [unit] = crowd["units"]
    return crowd | {"units": [unit | {"beds": [{"id": "bed_b0", "status": "offline"}]}], "residents": []}


@pytest.mark.parametrize("custody", ["none", None])
def test_a_licence_that_is_full_until_a_day_reads_as_a_bed_that_frees(custody: str | None) -> None:
    """Who counts how many live there learns no more than whoever reads when a bed frees."""
    until = "2026-12-20"
    room = house("fac_b", units=units(ONE_OPEN), residents=[resident("bed_b2", "min_8", until=until)])
    room |= {"licence": room["licence"] | {"capacity": 1}}
    closed = [bed | {"status": "open", "unavailable": [["2026-11-21", until]]} for bed in BOTH]
    plain = house("fac_b", units=units(closed))
    assert shown(answer(room, asked(custody=custody))) == shown(answer(plain, asked(custody=custody)))


@pytest.mark.parametrize("custody", ["none", None])
@pytest.mark.parametrize("gender", ["male", "nonbinary", None, "female"])
def test_a_bed_that_ends_as_another_gender_comes_reads_as_one_that_closes(
    gender: str | None, custody: str | None
) -> None:
    """Whoever reads when a bed closes learns no more of who comes, nor that anybody does."""
    beds = [{"id": "bed_b1", "status": "open"}, {"id": "bed_b2", "status": "offline"}]
    comes = [resident("bed_b2", "min_8", gender=gender, **{"from": "2026-11-28"})]
    room = house("fac_b", units=units(beds, one_gender_a_night=True), residents=comes)
    closed = [[] if gender == "female" else [["2026-11-28", EVER[0][1]]], []]
    plain = [bed | {"unavailable": away} for bed, away in zip(beds, closed, strict=True)]
    minor = asked(custody=custody)
    told = shown(answer(room, minor))
    assert told == shown(answer(house("fac_b", units=units(plain), residents=comes), minor))
    assert ('"bed_until": "2026-11-28"' in told) is (gender != "female" and custody is not None)


@pytest.mark.parametrize("custody", ["none", None])
@pytest.mark.parametrize("cause", ["comes of age", "moves in elsewhere"])
def test_a_sibling_who_moves_the_night_does_not_show(cause: str, custody: str | None) -> None:
    """She waits with her sister: for the sister's birthday, or until the sister has a bed in another house."""
    minor, sister = asked(together_with=["min_2"], custody=custody), asked(id="min_2", born_on=TURNS_16)
    waits = [{"id": "ref_2", "minor": "min_2", "urgency": 1, "needed_from": "2026-11-22"}]
    elsewhere, two = house("fac_e", funds=[]), cause == "comes of age"
    if not two:
        elsewhere |= {"residents": [resident("bed_e1", "min_2", **{"from": SOON})]}
    grown = [{"id": "unit_b2", "beds": [{"id": "bed_b3", "status": "open"}], "min_age": 16}] if two else []
    house_b = house("fac_b", units=[*units([{"id": "bed_b1", "status": "open"}]), *grown])

    def told(second: Json) -> str:
        return shown(answer(second, minor, [sister], referrals=deepcopy(waits), houses=[elsewhere]))

    decision = answer(house_b, minor, [sister], referrals=deepcopy(waits), houses=[elsewhere])
    [entry] = [row for name in ("later", "needs_info") for row in decision[name] if row["facility"] == "fac_b"]
    assert entry["as_full"]["waits_for_people"]
    closed = [unit | {"beds": [bed | {"status": "offline"} for bed in unit["beds"]]} for unit in house_b["units"]]
    assert told(house_b) == told(house_b | {"units": closed})


def test_what_a_room_asks_does_not_tell_who_sleeps_in_it() -> None:
    """A girls' room with somebody of 16 or of 40, and another from 15 on: both ask what they would ask empty."""
    minor = asked(born_on=None, age_range=[14, 16], gender=None)
    girls = {"id": "unit_b", "beds": ONE_OPEN, "max_age_gap_years": 1, "genders": ["female"]}
    older = {"id": "unit_b2", "beds": [{"id": "bed_b9", "status": "open"}], "min_age": 15}
    near, far, nobody = (
        shown(answer(house("fac_b", units=[girls, older], residents=[resident("bed_b2", "min_7", age=age)]), minor))
        for age in (16, 40, 15)
    )
    assert '"minor.gender"' in nobody
    assert near == far == nobody


@settings(max_examples=or_many(60, 150), deadline=None)
@given(crowds(), ASKS, st.booleans(), st.sampled_from([None, "2026-11-21", "2026-11-25"]))
def test_no_fact_of_a_resident_shows(crowd: Json, changes: Json, avoids: bool, needed_from: str | None) -> None:
    """Whoever lives there, a house reads in one of two ways: with its beds as they free, or as a full one.

    Where somebody comes to a room of one gender a night who is not of hers, its beds read as if they closed that night.
    """
    minor = asked(**changes, avoid={"minors": ["min_9"]} if avoids else None)
    wary = [{"id": "min_6", "avoid": {"minors": ["min_1"]}}] if avoids else []
    said, *allowed = (
        shown(answer(one, minor, wary, funds=FUNDS, needed_from=needed_from))
        for one in (crowd, filled(crowd), harmless(crowd), closing(crowd, minor))
    )
    assert said in allowed


def test_a_gap_that_a_birthday_ends_does_not_show() -> None:
    """Where the minor's next birthday ends an age gap, the house is judged as of the birthday, and does not say so."""
    minor = MINORS["custody not known"]
    near = house("fac_b", units=units(ONE_OPEN, max_age_gap_years=2), residents=[resident("bed_b2", "min_7", age=18)])
    decision = answer(near, minor)
    [judged] = [entry for entry in decision["needs_info"] if entry["facility"] == "fac_b"]
    assert [row["have"] for row in judged["findings"] if row["rule"] == "licence.age"] == [16]
    assert shown(decision) == shown(answer(full(), minor))


@pytest.mark.parametrize("outside", ["13089", "13121"])
def test_what_the_fund_and_the_minor_decide_is_said_in_full(outside: str) -> None:
    """Only other people are kept back: a fund's own limit is shown, with the people in the way and without."""
    minor = asked(avoid={"minors": ["min_9"]}, residence={"county": "13089", "state": "GA"})
    limit = {"residence": {"basis": ["residence"], "counties": [outside]}}
    crowd = avoided() | {"funds": ["fund_b"]}
    decision = project(answer(crowd, minor, funds=[fund(), fund("fund_b", **limit)]), viewer=AGENCY)
    where = {entry["facility"]: name for name in ("later", "excluded") for entry in decision[name]}
    assert where["fac_b"] == ("later" if outside == "13089" else "excluded")
    failed = [entry["failed"] for entry in decision["excluded"] if entry["facility"] == "fac_b"]
    assert failed == ([] if outside == "13089" else [["funding.residence"]])


AREAS = {
    "county": {"counties": ["13089"]},
    "circle": {"circles": [[33.0, -84.0, 5.0]]},
    "house": {"facilities": ["fac_b"]},
}


@pytest.mark.parametrize("area", AREAS)
def test_a_house_in_a_place_to_avoid_reads_like_a_full_one(area: str) -> None:
    """Also where another rule fails; and that a house lies outside is not said either."""
    minor = asked(avoid=AREAS[area])
    there = {"county": "13089", "point": [33.0, -84.0]} if area != "house" else {}
    inside = {name: one | there for name, one in {"open": house("fac_b"), "full": full()}.items()}
    assert shown(answer(inside["open"], minor)) == shown(answer(full(), minor)) == shown(answer(inside["full"], minor))
    mixed = house("fac_b", population="mixed")
    elsewhere = asked(avoid={"counties": ["13001"], "circles": [[10.0, 10.0, 5.0]]})
    assert shown(answer(mixed | there, minor)) == shown(answer(mixed, elsewhere))
    assert "safeguard.territory" not in shown(answer(inside["open"], minor)) + shown(answer(house("fac_b"), elsewhere))
