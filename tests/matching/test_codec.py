"""Snapshot JSON to facts and back: what is refused, where, and without repeating what was sent."""

import json
from copy import deepcopy
from dataclasses import FrozenInstanceError
from datetime import date
from typing import Any

import pytest

from matching.codec import Problem, SnapshotError, canonical, decode, decode_and_keep, decode_kept, encode, sha256
from matching.facts import Evidence, Snapshot

from .builders import GONE, Json, changed, day, fund, snapshot
from .documents import SECRET, full, pointers, problems, walk
from .worlds import world

# There and back.


@pytest.mark.parametrize("seed", range(60))
def test_there_and_back(seed: int) -> None:
    once = decode(world(seed))
    again = decode(encode(once))
    assert again == once
    assert encode(again) == encode(once)
    assert canonical(again) == canonical(once)
    assert sha256(again) == sha256(once)


@pytest.mark.parametrize("form", ["dict", "text", "bytes", "indented"])
def test_a_document_may_come_parsed_or_as_text(form: str) -> None:
    document = full()
    text = json.dumps(document, indent=2 if form == "indented" else None)
    forms: dict[str, Json | bytes] = {"dict": document, "bytes": text.encode()}
    given = forms.get(form, text)
    assert decode(given) == decode(document)


def test_a_document_is_not_changed_by_reading_it() -> None:
    document = full()
    before = deepcopy(document)
    decode(document)
    assert document == before


def test_encoding_gives_the_keys_of_the_contract() -> None:
    written = encode(decode(full()))
    assert written["facilities"][0]["residents"][0] == {
        "minor": "min_9",
        "bed": "bed_a2",
        "trafficking": "verified",
        "age": 16,
        "gender": "female",
        "until": day(9),
    }
    assert written["stays"][0]["payers"] == [{"fund": "fund_a", "from": day(-20), "until": day(-8)}]
    assert written["holidays"] == {"GA": ["2026-11-26", "2026-11-27"]}
    assert written["minors"][0]["avoid"]["circles"] == [[33.9, -84.5, 25.0]]


def test_null_and_absent_are_the_same() -> None:
    absent = changed(full(), {"/minors/0/custody": GONE, "/facilities/0/safeguards/egress": GONE})
    null = changed(full(), {"/minors/0/custody": None, "/facilities/0/safeguards/egress": None})
    assert decode(absent) == decode(null)
    assert canonical(decode(absent)) == canonical(decode(null))
    assert decode(absent).facilities[0].safeguards.egress == Evidence()


def test_defaults_of_the_contract() -> None:
    cap = {"id": "cap", "limit": 3, "unit": "night", "window": "lifetime"}
    least = decode(changed(snapshot(policy=None), {"/funds": [fund(clocks=[cap])], "/funds/0/last_resort": GONE}))
    found = least.funds[0].limits[0].clocks[0]
    assert (found.scope, found.absence, found.gap_days) == ("fund", "counts", 0)
    assert least.funds[0].last_resort is False
    assert (least.policy.id, least.policy.version) == ("default", 1)
    assert decode({key: full()[key] for key in ("version", "as_of", "tonight", "horizon_nights")}).facilities == ()


def test_an_extension_has_no_defaults() -> None:
    document = changed(full(), {"/funds/0/limits/0/clocks/0/extension": {}})
    assert pointers(document) == [
        f"/funds/0/limits/0/clocks/0/extension/{name}" for name in ("by", "times", "approval")
    ]


def test_facts_are_frozen() -> None:
    found: Snapshot = decode(full())
    with pytest.raises(FrozenInstanceError):
        found.tonight = date(2027, 1, 1)  # type: ignore[misc]


def test_the_hash_is_of_the_content() -> None:
    one, other = decode(full()), decode(changed(full(), {"/horizon_nights": 181}))
    assert sha256(one) != sha256(other)
    assert len(sha256(one)) == 64


# Refused, with the pointer.


OBJECTS = [pointer for pointer, value in walk(full()) if isinstance(value, dict) and not pointer.endswith("holidays")]


@pytest.mark.parametrize("pointer", OBJECTS)
def test_an_unknown_key_is_named_with_its_pointer(pointer: str) -> None:
    assert problems(changed(full(), {f"{pointer}/colour": SECRET})) == [
        Problem(f"{pointer}/colour", "this key is not known; check its spelling or leave it out")
    ]


REQUIRED = [
    *("/version", "/as_of", "/tonight", "/horizon_nights"),
    *(f"/facilities/0/{name}" for name in ("id", "kind", "state")),
    *("/facilities/0/units/0/id", "/facilities/0/units/0/beds/0/id", "/facilities/0/units/0/beds/0/status"),
    *("/funds/0/id", "/funds/0/limits/0/valid_from"),
    *(f"/funds/0/limits/0/clocks/0/{name}" for name in ("id", "limit", "unit", "window")),
    *("/minors/0/id", "/referrals/0/id", "/referrals/0/minor", "/referrals/0/urgency"),
    *(f"/stays/0/{name}" for name in ("id", "minor", "facility", "admitted_on")),
    *(f"/stays/0/payers/0/{name}" for name in ("fund", "from")),
    *(f"/interstate_approvals/0/{name}" for name in ("minor", "from_state", "to_state")),
]


@pytest.mark.parametrize("pointer", REQUIRED)
def test_what_is_required(pointer: str) -> None:
    assert problems(changed(full(), {pointer: GONE})) == [Problem(pointer, "this key is required")]
    assert pointers(changed(full(), {pointer: None})) == [pointer]


FACILITY, LIMIT, MINOR = "/facilities/0", "/funds/0/limits/0", "/minors/0"


@pytest.mark.parametrize(
    ("pointer", "value", "message"),
    [
        ("/version", 2, "expected 1, the version of this contract"),
        ("/version", True, "expected 1, the version of this contract"),
        ("/version", 1.0, "expected 1, the version of this contract"),
        ("/as_of", "2026-11-21T22:14:00", "expected an instant with its offset, such as 2026-11-21T22:14:00-05:00"),
        ("/as_of", 1_795_000_000, "expected an instant with its offset, such as 2026-11-21T22:14:00-05:00"),
        ("/as_of", "yesterday", "expected an instant with its offset, such as 2026-11-21T22:14:00-05:00"),
        ("/as_of", "1795000000.5", "expected an instant with its offset, such as 2026-11-21T22:14:00-05:00"),
        ("/as_of", "2026-11-21_22:14:00Z", "expected an instant with its offset, such as 2026-11-21T22:14:00-05:00"),
        ("/as_of", "2026-11-21T22:14Z", "expected an instant with its offset, such as 2026-11-21T22:14:00-05:00"),
        (
            f"{FACILITY}/units/0/beds/0/confirmed_at",
            "20261110200200",
            "expected an instant with its offset, such as 2026-11-21T22:14:00-05:00",
        ),
        ("/minors/0/born_on", "0", "expected a date, such as 2026-11-21"),
        ("/minors/0/born_on", "-86400", "expected a date, such as 2026-11-21"),
        (f"{FACILITY}/licence/expires_on", "1893456000", "expected a date, such as 2026-11-21"),
        ("/tonight", "20261121", "expected a date, such as 2026-11-21"),
        ("/tonight", "2026-02-30", "expected a date, such as 2026-11-21"),
        ("/tonight", "21.11.2026", "expected a date, such as 2026-11-21"),
        ("/tonight", 20261121, "expected a date, such as 2026-11-21"),
        ("/horizon_nights", 0, "expected a number of at least 1"),
        ("/horizon_nights", 732, "expected a number of at most 731"),
        ("/horizon_nights", "180", "expected a whole number"),
        ("/horizon_nights", 180.0, "expected a whole number"),
        ("/horizon_nights", True, "expected a whole number"),
        ("/policy/version", "1", "expected a whole number"),
        ("/facilities", {}, "expected a list"),
        (FACILITY, [], "expected an object"),
        (f"{FACILITY}/id", "", "expected a text that is not empty"),
        (f"{FACILITY}/id", "x" * 201, "expected a shorter text"),
        (f"{FACILITY}/id", 7, "expected a text"),
        (f"{FACILITY}/county", "1312", "expected a 5-digit FIPS code of a county"),
        (f"{FACILITY}/county", 13121, "expected a text"),
        (f"{FACILITY}/place", "13040000", "expected a 7-digit census place FIPS code"),
        (f"{FACILITY}/state", "ga", "expected a 2-letter postal code of a State"),
        (f"{FACILITY}/point", [33.75], "this key is required"),
        (f"{FACILITY}/point", [33.75, -84.39, 0], "expected a list with fewer items"),
        (f"{FACILITY}/point/0", 90.5, "expected a number of at most 90.0"),
        (f"{FACILITY}/point/1", -180.5, "expected a number of at least -180.0"),
        (f"{FACILITY}/point/1", "west", "expected a number"),
        (f"{FACILITY}/licence/min_age", -1, "expected a number of at least 0"),
        (f"{FACILITY}/licence/max_age", 151, "expected a number of at most 150"),
        (f"{FACILITY}/licence/capacity", 10**9 + 1, "expected a number of at most 1000000000"),
        (f"{FACILITY}/licence/infants", "no", "expected true or false"),
        (f"{FACILITY}/licence/infants", 0, "expected true or false"),
        (f"{FACILITY}/safeguards/egress/value", "open", None),
        (f"{FACILITY}/safeguards/fire_clearance/value", 1, "expected true or false"),
        (f"{FACILITY}/licence/genders", [], "expected a list that names something, or null"),
        (f"{FACILITY}/admits", [], "expected a list that names something, or null"),
        (f"{FACILITY}/units/0/genders", [], "expected a list that names something, or null"),
        (f"{LIMIT}/trafficking", [], "expected a list that names something, or null"),
        (f"{LIMIT}/genders", [], "expected a list that names something, or null"),
        (f"{LIMIT}/facility_kinds", [], "expected a list that names something, or null"),
        (f"{LIMIT}/custody/allow", [], "expected a list that names something, or null"),
        (f"{LIMIT}/residence/basis", [], "expected a list that names something, or null"),
        (f"{LIMIT}/clocks/0/window_days", 0, "expected a number of at least 1"),
        (f"{LIMIT}/clocks/0/fiscal_year_start", "7-1", "expected a MM-DD"),
        (f"{LIMIT}/clocks/0/fiscal_year_start", "13-01", "expected a MM-DD"),
        (f"{MINOR}/avoid/circles/0/2", -0.1, "expected a number of at least 0.0"),
        (f"{MINOR}/needs/infants", -1, "expected a number of at least 0"),
        (f"{MINOR}/history", "some", "expected 'complete'"),
        (f"{MINOR}/residence/none", "true", "expected true or false"),
        ("/referrals/0/urgency", 0, "expected a number of at least 1"),
        ("/referrals/0/urgency", 5, "expected a number of at most 4"),
        ("/referrals/0/nights_needed", 0, "expected a number of at least 1"),
        ("/holidays", [], "expected an object"),
        ("/holidays/GA/0", "26 November", "expected a date, such as 2026-11-21"),
    ],
)
def test_what_was_expected_is_said(pointer: str, value: Any, message: str | None) -> None:
    """A list that is too short lacks its next item, so the pointer may go one step further."""
    found = problems(changed(full(), {pointer: value}))
    assert len(found) == 1
    assert found[0].pointer.startswith(pointer)
    assert message is None or found[0].message == message


@pytest.mark.parametrize("name", ["residence", "found", "jurisdiction"])
@pytest.mark.parametrize("basis", [None, GONE])
def test_a_residence_limit_must_name_a_basis(name: str, basis: Any) -> None:
    document = changed(full(), {f"{LIMIT}/residence": {"basis": [name], "states": ["GA"]}})
    assert decode(document)
    assert pointers(changed(document, {f"{LIMIT}/residence/basis": basis})) == [f"{LIMIT}/residence/basis"]


@pytest.mark.parametrize(
    "pointer",
    [
        *("/facilities", "/funds/0/limits", f"{FACILITY}/units", f"{FACILITY}/units/0/beds", f"{FACILITY}/residents"),
        *(f"{FACILITY}/{name}" for name in ("services", "languages", "declines", "funds")),
        *(f"{LIMIT}/{name}" for name in ("excluded_facility_kinds", "requires", "clocks")),
        *(f"{LIMIT}/residence/counties", f"{LIMIT}/custody/deny"),
        *(f"{MINOR}/{name}" for name in ("approvals", "together_with", "avoid/minors", "wishes/prefer")),
        *(f"{MINOR}/needs/{name}" for name in ("services", "services_required", "languages", "conditions")),
    ],
)
def test_lists_of_what_is_there_or_not_wanted_may_be_empty(pointer: str) -> None:
    emptied: dict[str, list[Any]] = {pointer: []} | ({f"{FACILITY}/residents": []} if "units" in pointer else {})
    assert decode(changed(full(), emptied))


def test_several_problems_are_all_told() -> None:
    document = changed(full(), {"/tonight": "x", "/horizon_nights": 0, f"{FACILITY}/kind": "hotel"})
    assert pointers(document) == ["/tonight", "/horizon_nights", f"{FACILITY}/kind"]
    with pytest.raises(
        SnapshotError, match=r"^/tonight: expected a date, such as 2026-11-21; /horizon_nights: "
    ) as caught:
        decode(document)
    assert isinstance(caught.value, ValueError)


def test_slashes_and_tildes_in_a_key_are_escaped() -> None:
    assert pointers(changed(full(), {}) | {"a/b~c": 1}) == ["/a~1b~0c"]


def test_a_choice_names_what_may_stand_there() -> None:
    (problem,) = problems(changed(full(), {f"{FACILITY}/units/0/beds/0/status": SECRET}))
    assert problem.message == "expected 'open', 'held', 'occupied', 'cleaning' or 'offline'"


def test_what_was_kept_reads_as_it_was_decided_by() -> None:
    for document in (full(), *(world(seed) for seed in range(10))):
        snapshot, kept = decode_and_keep(document)
        assert decode_kept(kept) == snapshot
