"""What the agency that asks may learn of other people from an answer: nothing."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sharing.projection import ABOUT_PEOPLE, AGENCY, NOT_AVAILABLE, Viewer, ViewerKind, project

Json = dict[str, Any]
TONIGHT, LATER = "2026-11-21", "2026-12-01"
OWN_STATUS = "minor.trafficking"
CANARY = "min_9 and 5 others"
SUPERVISOR = Viewer(ViewerKind.SUPERVISOR, reason="complaint 12, reviewed with the director")


def finding(
    rule: str, outcome: str = "met", *, subject: str = "fac_x", asks: tuple[str, ...] = (), **extra: Any
) -> Json:
    """A finding as the engine stores it."""
    row = {
        "rule": rule,
        "outcome": outcome,
        "subject": subject,
        "have": None,
        "need": None,
        "text": f"{rule} {outcome}",
    }
    return row | {"citation": "c", "changes_on": None, "asks": list(asks)} | extra


PEOPLE = {
    "conflict": finding("safeguard.conflict", "not_met", have=CANARY),
    "perhaps a conflict": finding("safeguard.conflict", "unknown", asks=("facility.residents.minor",), text=CANARY),
    "mix": finding("safeguard.population", "not_met", have=CANARY, text=CANARY, changes_on="2026-12-10"),
    "perhaps a mix": finding("safeguard.population", "unknown", asks=("facility.residents.trafficking",)),
    "staff": finding("safeguard.awake_staff", "not_met", have=5, need=CANARY),
    "capacity": finding("licence.capacity", "not_met", have=7, need=6, text=CANARY),
    "age gap": finding("unit.fit", "unknown", asks=("facility.residents.age",), text=CANARY),
    "age gap to a known age": finding("unit.fit", "unknown", need="near", asks=("minor.born_on",), text=CANARY),
    "sibling": finding("minor.together", "not_met", have=CANARY),
    "perhaps a sibling": finding("minor.together", "unknown"),
}
OWN = (
    ("safeguard.egress", ("facility.safeguards.egress",)),
    ("licence.age", ("minor.born_on",)),
    ("licence.gender", ("minor.gender",)),
    ("custody.interstate", ("minor.custody",)),
    ("facility.admits", ("minor.trafficking",)),
)
FUND = (
    ("funding.age_band", ("minor.born_on",)),
    ("funding.residence", ("minor.residence.county",)),
    ("funding.clock", ()),
)


def decide(houses: list[Json]) -> Json:
    """A stored decision over houses given as findings and beds: the four lists follow from those alone."""
    document: Json = {
        "version": 1,
        "referral": "ref_1",
        "snapshot_sha256": "aa",
        "rules_version": "1",
        "engine_version": "1",
    }
    lists: dict[str, list[Json]] = {"options": [], "later": [], "needs_info": [], "excluded": []}
    for house in houses:
        place, entry = _place(house)
        lists[place].append(entry)
    asked = [row["fact"] for entry in lists["needs_info"] for row in entry["ask"]]
    for entry in lists["needs_info"]:
        for row in entry["ask"]:
            row["decides"] = asked.count(row["fact"]) if row["fact"].startswith("minor.") else 1
        entry["ask"].sort(key=lambda row: (-row["decides"], row["fact"]))
    # As the engine orders them: by how much stands in the way, people's part included.
    lists["needs_info"].sort(key=lambda row: (len(row["unknown"]), row["facility"]))
    lists["excluded"].sort(key=lambda row: (len(row["failed"]), row["facility"]))
    lists["later"].sort(key=lambda row: (row["from"] or "9999", row["facility"]))
    for rank, entry in enumerate(lists["options"], 1):
        entry["rank"] = rank
    return document | lists


def _place(house: Json) -> tuple[str, Json]:
    """The list and the entry that follow from the findings, and beside them what a full house would get."""
    place, entry = _follows(house)
    if place == "options":
        return place, entry
    stands = entry.get("failed") or entry.get("unknown") or []
    waits = house["room_from"] != house["from"]
    on_its_night = house["from"] not in (TONIGHT, None)
    if on_its_night and (waits or (stands and ABOUT_PEOPLE.issuperset(stands))):
        listed, without = _follows(full(house))
        parts = {key: without.get(key, []) for key in ("unknown", "failed", "fix", "findings")}
        return place, entry | {"as_full": {"waits_for_people": waits, "list": listed} | parts}
    return place, entry | {"as_full": None}


def _follows(house: Json) -> tuple[str, Json]:
    findings = deepcopy(house["findings"])
    about = [f for f in findings if not f["rule"].startswith("funding.")]
    payers = [[f for f in findings if f["subject"] == fund] for fund in ("fund_a", "fund_b")]
    failed = {f["rule"] for f in about if f["outcome"] == "not_met"}
    if all(any(f["outcome"] == "not_met" for f in own) for own in payers):
        failed |= {f["rule"] for own in payers for f in own if f["outcome"] == "not_met"}
    entry: Json = {"facility": house["id"], "findings": findings}
    if failed:
        fix = [
            {"rule": code, "who": "facility", "waivable": False, "text": CANARY if code in ABOUT_PEOPLE else "own"}
            for code in sorted(failed)
        ]
        return "excluded", entry | {"failed": sorted(failed), "fix": fix}
    doubts = [f for f in about if f["outcome"] == "unknown"]
    if not any(all(f["outcome"] == "met" for f in own) for own in payers):
        still = [own for own in payers if not any(f["outcome"] == "not_met" for f in own)]
        doubts += [f for own in still for f in own if f["outcome"] == "unknown"]
    if doubts:
        facts = sorted({fact for f in doubts for fact in f["asks"]})
        return "needs_info", entry | {
            "unknown": sorted({f["rule"] for f in doubts}),
            "ask": [{"fact": fact, "decides": 0} for fact in facts],
        }
    placed = entry | {
        "unit": "unit_a",
        "bed": "bed_1",
        "admit_on": house["from"],
        "terms": [],
        "network": None,
        "payers": [],
    }
    if house["from"] == TONIGHT:
        return "options", placed | {"rank": 0}
    return "later", placed | {"from": house["from"], "room_from": house["room_from"]}


@st.composite
def houses(draw: st.DrawFn, name: str) -> Json:
    """A house with any answers to the rules that are not about people, and nobody in the way.

    `tonight` are the answers on the first night asked for; on a later one they are others.
    """
    outcomes = st.sampled_from(["met"] * 8 + ["not_met", "unknown"])

    def answered(rule: str, asks: tuple[str, ...], subject: str, night: str) -> Json:
        outcome, text = draw(outcomes), f"{rule} on {night}"
        return finding(rule, outcome, subject=subject, asks=asks if outcome == "unknown" else (), text=text)

    def rows(night: str) -> list[Json]:
        found = [answered(rule, asks, name, night) for rule, asks in OWN]
        found += [answered(rule, asks, fund, night) for fund in ("fund_a", "fund_b") for rule, asks in FUND]
        return found + [finding(rule, subject=name) for rule in sorted(ABOUT_PEOPLE)]

    day, tonight = draw(st.sampled_from([TONIGHT, LATER, None])), rows(TONIGHT)
    then = rows(LATER) if day == LATER else tonight
    return {"id": name, "findings": then, "tonight": tonight, "from": day, "room_from": day}


def full(house: Json) -> Json:
    """The same house with no bed to be had and no date known."""
    return house | {"findings": house["tonight"], "from": None, "room_from": None}


def crowded(house: Json, causes: list[str], day: str) -> Json:
    """The same house with a bed tonight that other people stand in the way of: for good (and so judged for tonight),
    or until a day, on which they leave a doubt at most."""
    there = [PEOPLE[cause] | {"subject": house["id"]} for cause in causes]
    tonight = _blocked(house["tonight"], there)
    doubts = [row for row in there if row["outcome"] == "unknown"]
    then = tonight if day == TONIGHT else _blocked(house["findings"], doubts)
    return house | {"findings": then, "tonight": tonight, "from": day, "room_from": TONIGHT}


def _blocked(rows: list[Json], blocking: list[Json]) -> list[Json]:
    by_rule = {row["rule"]: row for row in blocking}
    both = [(row, by_rule.get(row["rule"], row)) for row in rows]
    return [now | {"asks": sorted({*row["asks"], *now["asks"]})} for row, now in both]


def text(document: Json) -> str:
    return json.dumps(document, sort_keys=False)


def replaced(house: Json, *rows: Json) -> Json:
    by_rule = {row["rule"]: row for row in rows}
    return house | {name: [by_rule.get(f["rule"], f) for f in house[name]] for name in ("findings", "tonight")}


def known(four: tuple[Json, ...]) -> tuple[Json, ...]:
    """Her status is known to every house or to none: where one asks for it, whether a house is for her is open too."""
    if not any(OWN_STATUS in row["asks"] for house in four for row in (*house["findings"], *house["tonight"])):
        return four
    asks = finding("safeguard.population", "unknown", asks=(OWN_STATUS,))
    return tuple(replaced(house, asks | {"subject": house["id"]}) for house in four)


FOUR = st.tuples(houses("fac_a"), houses("fac_b"), houses("fac_m"), houses("fac_z")).map(known)


@settings(max_examples=60, deadline=None)
@given(FOUR, st.lists(st.sampled_from(sorted(PEOPLE)), min_size=1, max_size=3), st.sampled_from(["all", "failed"]))
def test_a_house_that_people_block_reads_as_a_full_house(
    four: tuple[Json, ...], causes: list[str], detail: Any
) -> None:
    for at in range(4):
        others, house = list(four), four[at]
        others[at] = full(house)
        plain = project(decide(others), viewer=AGENCY, findings=detail)
        others[at] = crowded(house, causes, TONIGHT)
        assert text(project(decide(others), viewer=AGENCY, findings=detail)) == text(plain)


@settings(max_examples=60, deadline=None)
@given(FOUR)
def test_where_nobody_is_in_the_way_the_answer_is_the_one_that_was_decided(four: tuple[Json, ...]) -> None:
    stored_decision = decide(list(four))
    shown = project(stored_decision, viewer=AGENCY)
    for name, keys in (("needs_info", ("unknown", "ask")), ("excluded", ("failed",)), ("options", ("rank", "bed"))):
        for key in ("facility", *keys):
            assert [row[key] for row in shown[name]] == [row[key] for row in stored_decision[name]]


@settings(max_examples=60, deadline=None)
@given(FOUR, st.lists(st.sampled_from(sorted(PEOPLE)), max_size=3), st.sampled_from(["all", "failed"]))
def test_a_night_that_other_people_move_is_not_told(four: tuple[Json, ...], causes: list[str], detail: Any) -> None:
    """The bed waits for someone to leave: neither the date is said, nor what will be true on it."""
    for at in range(4):
        others = list(four)
        others[at] = full(four[at])
        plain = project(decide(others), viewer=AGENCY, findings=detail)
        others[at] = crowded(four[at], causes, LATER)
        assert text(project(decide(others), viewer=AGENCY, findings=detail)) == text(plain)


@settings(max_examples=60, deadline=None)
@given(FOUR, st.lists(st.sampled_from(sorted(PEOPLE)), min_size=1, max_size=3), st.sampled_from(["all", "failed"]))
def test_who_is_there_when_a_bed_frees_is_not_told(four: tuple[Json, ...], causes: list[str], detail: Any) -> None:
    """A bed frees on a day; whoever is in the way then, the house reads as with nobody, or as a full one."""
    house = four[3] | {"from": LATER, "room_from": LATER}
    crowd = house | {
        "findings": _blocked(house["findings"], [PEOPLE[cause] | {"subject": "fac_z"} for cause in causes])
    }
    seen = [
        text(project(decide([*four[:3], one]), viewer=AGENCY, findings=detail)) for one in (crowd, house, full(house))
    ]
    assert seen[0] in seen[1:]


@settings(max_examples=60, deadline=None)
@given(FOUR, st.sampled_from(sorted(PEOPLE)))
def test_only_the_one_house_changes(four: tuple[Json, ...], cause: str) -> None:
    """With and without the people in the way, every other house keeps its text and the order it stood in."""
    without = project(decide(list(four)), viewer=AGENCY, findings="all")
    within = project(decide([*four[:3], crowded(four[3], [cause], TONIGHT)]), viewer=AGENCY, findings="all")
    for name in ("options", "later", "needs_info", "excluded"):
        before, after = ([_apart(e) for e in doc[name] if e["facility"] != "fac_z"] for doc in (without, within))
        assert before == after


def _apart(entry: Json) -> Json:
    """An entry without what counts over several houses."""
    return {key: value for key, value in entry.items() if key not in ("rank", "ask")}


@settings(max_examples=60, deadline=None)
@given(FOUR, st.lists(st.sampled_from(sorted(PEOPLE)), min_size=1, max_size=4), st.sampled_from(["all", "failed"]))
def test_nothing_said_about_people_leaves(four: tuple[Json, ...], causes: list[str], detail: Any) -> None:
    stored = decide([crowded(house, causes, TONIGHT) for house in four])
    said = text(project(stored, viewer=AGENCY, findings=detail))
    assert CANARY not in said
    assert "facility.residents" not in said
    for rule in ("safeguard.conflict", "minor.together"):
        assert rule not in said


def stored(**changes: Any) -> Json:
    """One house that fits, as stored."""
    rows = [finding(rule) for rule, _ in OWN]
    rows += [finding(rule, subject=fund) for fund in ("fund_a", "fund_b") for rule, _ in FUND]
    rows += [finding(rule) for rule in sorted(ABOUT_PEOPLE)]
    return {"id": "fac_x", "findings": rows, "tonight": rows, "from": TONIGHT, "room_from": TONIGHT} | changes


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (finding("safeguard.population", "not_met", have="mixed", text=CANARY), "Also houses young people"),
        (finding("safeguard.awake_staff", "not_met", have=False, text=CANARY), "No staff awake"),
        (finding("unit.fit", "not_met", need="a room that suits", text=CANARY), "No room suits"),
        (
            finding("unit.fit", "not_met", have="no room", need="a room that suits", text=CANARY),
            "No room with a bed is on record",
        ),
    ],
)
def test_what_the_house_alone_decides_is_said_without_a_number(row: Json, said: str) -> None:
    shown = project(decide([replaced(stored(), row)]), viewer=AGENCY)
    [entry] = shown["excluded"]
    assert entry["failed"] == [row["rule"]]
    assert said in entry["findings"][0]["text"]
    assert CANARY not in text(shown)


@pytest.mark.parametrize(
    ("rule", "facts", "left"),
    [
        ("licence.capacity", ("facility.licence.capacity",), ["facility.licence.capacity"]),
        ("safeguard.awake_staff", ("facility.staffing.night_ratio",), ["facility.staffing.night_ratio"]),
        ("safeguard.population", ("facility.residents", "minor.trafficking"), ["minor.trafficking"]),
        ("unit.fit", ("facility.residents.age", "minor.gender"), ["minor.gender"]),
    ],
)
def test_a_question_about_the_house_or_the_minor_stays(rule: str, facts: tuple[str, ...], left: list[str]) -> None:
    doubt = finding(rule, "unknown", asks=facts, need="a room that suits")
    shown = project(decide([replaced(stored(), doubt)]), viewer=AGENCY)
    [entry] = shown["needs_info"]
    assert entry["unknown"] == [rule]
    assert [row["fact"] for row in entry["ask"]] == left


def test_a_residents_status_does_not_hide_that_the_minors_own_is_missing() -> None:
    """A house must not stand out by not asking what it would ask if nobody lived there."""
    asks = finding("safeguard.population", "unknown", asks=("minor.trafficking",))
    plain, other = (replaced(stored(id=name), asks) for name in ("fac_a", "fac_b"))
    crowd = replaced(stored(id="fac_b"), finding("safeguard.population", "not_met", have="none", asks=(OWN_STATUS,)))
    assert text(project(decide([plain, other]), viewer=AGENCY)) == text(project(decide([plain, crowd]), viewer=AGENCY))


def test_facts_decide_as_many_houses_as_are_shown() -> None:
    born = finding("licence.age", "unknown", asks=("minor.born_on",))
    one, two = (replaced(stored(id=name), born) for name in ("fac_a", "fac_b"))
    shown = project(decide([one, replaced(two, PEOPLE["conflict"])]), viewer=AGENCY)
    assert [entry["ask"] for entry in shown["needs_info"]] == [[{"fact": "minor.born_on", "decides": 2}]] * 2


def test_a_bed_that_frees_by_itself_keeps_its_date() -> None:
    shown = project(decide([stored(**{"from": "2026-11-24", "room_from": "2026-11-24"})]), viewer=AGENCY)
    [entry] = shown["later"]
    assert (entry["from"], entry["bed"]) == ("2026-11-24", "bed_1")
    assert "room_from" not in entry


def test_without_a_word_on_what_it_waits_for_the_date_stays_inside() -> None:
    stored_decision = decide([stored(**{"from": "2026-11-24", "room_from": "2026-11-24"})])
    del stored_decision["later"][0]["room_from"]
    [entry] = project(stored_decision, viewer=AGENCY)["later"]
    assert (entry["from"], entry["code"]) == (None, NOT_AVAILABLE)


@pytest.mark.parametrize("outcome", ["not_met", "unknown"])
def test_without_a_word_on_the_night_that_was_judged_nothing_is_said_of_it(outcome: str) -> None:
    """As older engines stored it: the age may be that of a night that other people moved."""
    of_age = finding("licence.age", outcome, have=18, asks=("minor.born_on",))
    stored_decision = decide([replaced(stored(), of_age)])
    [entry] = stored_decision["excluded"] + stored_decision["needs_info"]
    del entry["as_full"]
    shown = project(stored_decision, viewer=AGENCY)
    assert [row["code"] for row in shown["later"]] == [NOT_AVAILABLE]
    assert shown["excluded"] == shown["needs_info"] == []
    assert project(stored_decision, viewer=SUPERVISOR)["excluded" if outcome == "not_met" else "needs_info"]


def test_a_term_that_shows_where_a_sibling_lives_is_left_out() -> None:
    def terms(apart: int) -> list[Json]:
        return [{"code": "siblings.elsewhere", "value": apart}, {"code": "home.distance", "value": 3}]

    document = decide([stored(id="fac_a"), stored(id="fac_b")])
    for entry, apart in zip(document["options"], (0, 1), strict=True):
        entry["terms"] = terms(apart)
    shown = project(document, viewer=AGENCY)
    assert [[term["code"] for term in entry["terms"]] for entry in shown["options"]] == [["home.distance"]] * 2
    document["options"][0]["terms"] = terms(1)
    shown = project(document, viewer=AGENCY)
    assert [len(entry["terms"]) for entry in shown["options"]] == [2, 2]


def test_only_named_keys_leave_whoever_looks() -> None:
    document = decide([stored()]) | {"objective": 12_345, "bound": 3}
    document["options"][0] |= {
        "regret": 17,
        "network": {"placed_change": 0, "nights_change": -3, "displaced": ["min_4"]},
    }
    for viewer in (AGENCY, SUPERVISOR, Viewer(ViewerKind.FACILITY, facility="fac_x")):
        shown = project(document, viewer=viewer, findings="all")
        assert shown["options"][0]["network"] == {"placed_change": 0, "nights_change": -3}
        assert not {"objective", "bound"} & shown.keys()
        assert "regret" not in shown["options"][0]


def test_the_stored_decision_is_left_as_it_was() -> None:
    document = decide([replaced(stored(), PEOPLE["conflict"]), stored(id="fac_b")])
    before = deepcopy(document)
    project(document, viewer=AGENCY)
    assert document == before


def test_a_supervisor_on_a_reason_reads_the_whole() -> None:
    shown = project(decide([replaced(stored(), PEOPLE["conflict"])]), viewer=SUPERVISOR)
    assert shown["excluded"][0]["failed"] == ["safeguard.conflict"]
    assert shown["excluded"][0]["findings"][0]["have"] == CANARY
    assert shown["snapshot_sha256"] == "aa"


def test_a_facility_reads_the_whole_of_itself_and_nothing_of_others() -> None:
    own = replaced(stored(), PEOPLE["conflict"])
    shown = project(decide([own, stored(id="fac_b")]), viewer=Viewer(ViewerKind.FACILITY, facility="fac_x"))
    assert [entry["facility"] for name in ("options", "later", "needs_info", "excluded") for entry in shown[name]] == [
        "fac_x"
    ]
    assert shown["excluded"][0]["failed"] == ["safeguard.conflict"]


@pytest.mark.parametrize("bad", [{"kind": ViewerKind.FACILITY}, {"kind": ViewerKind.SUPERVISOR, "reason": "  "}])
def test_a_viewer_without_a_name_or_a_reason_is_nobody(bad: Json) -> None:
    with pytest.raises(ValueError, match=r"facility|reason"):
        Viewer(**bad)


def test_the_hash_of_everybodys_facts_stays_inside() -> None:
    assert "snapshot_sha256" not in project(decide([stored()]), viewer=AGENCY)


def test_a_house_that_people_block_stands_where_a_full_one_stands() -> None:
    """Among the houses without a date nothing but their ids says who comes first."""
    full_ones = [full(stored(id=name)) for name in ("fac_a", "fac_b", "fac_c")]
    plain = project(decide(full_ones), viewer=AGENCY)
    for at in range(3):
        crowd = [*full_ones]
        crowd[at] = crowded(full_ones[at], ["conflict"], TONIGHT)
        assert text(project(decide(crowd), viewer=AGENCY)) == text(plain)
