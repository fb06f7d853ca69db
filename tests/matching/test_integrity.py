"""Whether the rows of a snapshot belong together: each fault at its pointer, each boundary from both sides."""

from typing import Any

import pytest

from matching.codec import decode

from .builders import GONE, Json, bed, changed, day, fund, house, minor, referral, resident, snapshot, stay, unit
from .documents import full, pointers, problems

LICENCE, BED = "/facilities/0/licence", "/facilities/0/units/0/beds/0"
RESIDENTS, CLOCK = "/facilities/0/residents", "/funds/0/limits/0/clocks/0"


def refused(document: Json, pointer: str, message: str) -> None:
    found = problems(document)
    assert [(problem.pointer, problem.message) for problem in found] == [(pointer, message)]


# Ids.

TWICE: list[tuple[str, Any, str, str]] = [
    ("/facilities/-", house("a", unit("unit_z")), "/facilities/1/id", "/facilities/0 is a facility"),
    ("/facilities/-", house("b", unit("unit_a")), "/facilities/1/units/0/id", "/facilities/0/units/0 is a unit"),
    (
        "/facilities/-",
        house("b", unit("unit_b", bed("bed_a2"))),
        "/facilities/1/units/0/beds/0/id",
        "/facilities/0/units/0/beds/1 is a bed",
    ),
    ("/facilities/0/units/-", unit("unit_a"), "/facilities/0/units/1/id", "/facilities/0/units/0 is a unit"),
    ("/funds/-", fund("a"), "/funds/1/id", "/funds/0 is a fund"),
    ("/minors/-", minor("min_1"), "/minors/1/id", "/minors/0 is a minor"),
    ("/referrals/-", referral(1), "/referrals/1/id", "/referrals/0 is a referral"),
    ("/stays/-", stay("stay_1", -40, -30), "/stays/1/id", "/stays/0 is a stay"),
]


@pytest.mark.parametrize(("where", "row", "pointer", "first"), TWICE)
def test_an_id_stands_once(where: str, row: Json, pointer: str, first: str) -> None:
    document = changed(snapshot(stays=[stay("stay_1")]), {where: row})
    refused(document, pointer, f"expected an id of its own: {first} with the same id")


def test_things_of_two_kinds_may_share_an_id() -> None:
    document = changed(snapshot(), {"/facilities/0/id": "x", "/facilities/0/units/0/id": "x", "/minors/0/id": "x"})
    assert decode(changed(document, {"/referrals/0": referral(1, id="x", minor="x")}))


def test_a_third_of_one_id_names_the_first() -> None:
    document = changed(snapshot(), {"/minors/-": minor("min_1")})
    found = problems(changed(document, {"/minors/-": minor("min_1")}))
    assert [problem.pointer for problem in found] == ["/minors/1/id", "/minors/2/id"]
    assert {problem.message.split()[6] for problem in found} == {"/minors/0"}


# References.


@pytest.mark.parametrize(
    ("changes", "pointer", "message"),
    [
        ({"/referrals/0/minor": "min_2"}, "/referrals/0/minor", "expected the id of a minor of this snapshot"),
        ({"/facilities/0/funds/-": "fund_z"}, "/facilities/0/funds/1", "expected the id of a fund of this snapshot"),
        (
            {"/stays/-": stay(fund="fund_z")},
            "/stays/0/payers/0/fund",
            "expected the id of a fund of this snapshot",
        ),
        (
            {f"{RESIDENTS}/-": resident("bed_z")},
            f"{RESIDENTS}/0/bed",
            "expected the id of a bed of this facility",
        ),
        (
            {"/facilities/-": house("b", residents=[resident("bed_a1")])},
            "/facilities/1/residents/0/bed",
            "expected the id of a bed of this facility",
        ),
    ],
)
def test_what_must_be_in_the_snapshot(changes: Json, pointer: str, message: str) -> None:
    refused(changed(snapshot(), changes), pointer, message)


@pytest.mark.parametrize(
    "changes",
    [
        {"/stays/-": stay(minor="min_gone", facility="fac_gone", bed="bed_gone")},
        {f"{RESIDENTS}/-": resident("bed_a1", minor="min_gone")},
        {"/facilities/0/units/0/beds/0/held_for": "ref_gone"},
        {"/minors/0/avoid": {"minors": ["min_gone"], "facilities": ["fac_gone"]}},
        {"/minors/0/together_with": ["min_gone"]},
        {"/minors/0/wishes": {"prefer": ["fac_gone"], "refuse": ["fac_gone"]}},
        {"/interstate_approvals": [{"minor": "min_gone", "from_state": "NV", "to_state": "GA"}]},
        {"/facilities/0/funds": []},
        {"/facilities/0/funds": None},
    ],
)
def test_what_may_lie_outside_it(changes: Json) -> None:
    assert decode(changed(snapshot(), changes))


# Half-open dates run forward.

BACKWARDS = [
    ({f"{LICENCE}/valid_from": day(1), f"{LICENCE}/expires_on": day(0)}, f"{LICENCE}/expires_on", "valid_from"),
    ({f"{RESIDENTS}/0/from": day(1), f"{RESIDENTS}/0/until": day(0)}, f"{RESIDENTS}/0/until", "from"),
    ({f"{BED}/unavailable": [[day(1), day(0)]]}, f"{BED}/unavailable/0/1", "0"),
    ({"/funds/0/limits/0/valid_until": "2009-12-31"}, "/funds/0/limits/0/valid_until", "valid_from"),
    ({"/stays/0/left_on": day(-21)}, "/stays/0/left_on", "admitted_on"),
    ({"/stays/0/away": [[day(-10), day(-11)]]}, "/stays/0/away/0/1", "0"),
    ({"/stays/0/payers/0/until": day(-21)}, "/stays/0/payers/0/until", "from"),
]


@pytest.mark.parametrize(("changes", "pointer", "first"), BACKWARDS)
def test_dates_run_forward(changes: Json, pointer: str, first: str) -> None:
    document = snapshot(stays=[stay()], facilities=[house(residents=[resident("bed_a2")])])
    refused(changed(document, changes), pointer, f"expected a date that is not before {first}")


@pytest.mark.parametrize(
    "changes",
    [
        {"/facilities/0/licence/valid_from": day(0), "/facilities/0/licence/expires_on": day(0)},
        {"/funds/0/limits/0/valid_until": "2010-01-01"},
        {"/stays/0/left_on": day(-20)},
        {"/stays/0/away": [[day(-10), day(-10)]]},
    ],
)
def test_a_range_may_hold_nothing(changes: Json) -> None:
    assert decode(changed(snapshot(stays=[stay()]), changes))


# Clocks.


@pytest.mark.parametrize(
    ("clock", "pointer"),
    [
        ({"window": "trailing"}, "window_days"),
        ({"window": "trailing", "window_days": 30, "window_months": 1}, "window_days"),
        ({"window": "fiscal_year"}, "fiscal_year_start"),
        ({"window": "fiscal_year", "fiscal_year_start": "02-29"}, "fiscal_year_start"),
        ({"window": "fiscal_year", "fiscal_year_start": "02-30"}, "fiscal_year_start"),
        ({"window": "lifetime", "fiscal_year_start": "04-31"}, "fiscal_year_start"),
        ({"window": "lifetime", "unit": "day"}, "window"),
        ({"window": "lifetime", "unit": "business_day"}, "window"),
        ({"window": "fiscal_year", "fiscal_year_start": "07-01", "unit": "day"}, "window"),
        ({"window": "trailing", "window_days": 30, "unit": "business_day"}, "window"),
    ],
)
def test_a_clock_that_contradicts_itself(clock: Json, pointer: str) -> None:
    cap = {"id": "cap", "limit": 3, "unit": "night"} | clock
    assert pointers(changed(snapshot(), {CLOCK: cap})) == [f"{CLOCK}/{pointer}"]


@pytest.mark.parametrize(
    "clock",
    [
        {"window": "trailing", "window_days": 30},
        {"window": "trailing", "window_months": 1},
        {"window": "fiscal_year", "fiscal_year_start": "02-28"},
        {"window": "stay", "unit": "day"},
        {"window": "chain", "unit": "business_day", "gap_days": 3},
        {"window": "lifetime", "window_days": 3},
    ],
)
def test_a_clock_that_makes_sense(clock: Json) -> None:
    assert decode(changed(snapshot(), {CLOCK: {"id": "cap", "limit": 3, "unit": "night"} | clock}))


# Minors.


def test_a_range_of_ages_runs_upward() -> None:
    refused(
        changed(snapshot(), {"/minors/0/age_range": [16, 15]}), "/minors/0/age_range", "expected the lower age first"
    )
    assert decode(changed(snapshot(), {"/minors/0/age_range": [15, 15]}))


def test_nobody_is_born_after_tonight() -> None:
    refused(
        changed(snapshot(), {"/minors/0/born_on": day(1)}),
        "/minors/0/born_on",
        "expected a date that is not after tonight",
    )
    assert decode(changed(snapshot(), {"/minors/0/born_on": day(0)}))


def test_nobody_confirms_a_bed_after_the_decision() -> None:
    pointer = "/facilities/0/units/0/beds/0/confirmed_at"
    document = snapshot()
    refused(
        changed(document, {pointer: "2027-01-01T00:00:00Z"}), pointer, "expected an instant that is not after as_of"
    )
    assert decode(changed(document, {pointer: document["as_of"]}))


# Nobody sleeps in two places, and nothing overlaps.


@pytest.mark.parametrize(
    ("stays", "pointer"),
    [
        ([stay("a", -20, -10), stay("b", -11, -5)], "/stays/1/admitted_on"),
        ([stay("b", -11, -5), stay("a", -20, -10)], "/stays/0/admitted_on"),
        ([stay("a", -20, None), stay("b", 3, 9)], "/stays/1/admitted_on"),
        ([stay("a", -20, -10), stay("b", -20, -15)], "/stays/0/admitted_on"),
    ],
)
def test_stays_of_a_minor_do_not_overlap(stays: list[Json], pointer: str) -> None:
    assert pointers(snapshot(stays=stays)) == [pointer]


@pytest.mark.parametrize(
    "stays",
    [
        [stay("a", -20, -10), stay("b", -10, -5)],
        [stay("a", -20, -10), stay("b", -10, None)],
        [stay("a", -20, -10), stay("b", -15, -5, minor="min_2")],
        [stay("a", -20, None), stay("b", -15, None, minor="min_2")],
        [stay("a", -20, -20), stay("b", -20, -5)],
    ],
)
def test_stays_that_follow_each_other(stays: list[Json]) -> None:
    assert decode(snapshot(stays=stays))


def lives(bed_id: str | None, who: str | None, start: int | None, end: int | None) -> Json:
    return resident(
        bed_id,
        minor=who,
        until=None if end is None else day(end),
        **{"from": None if start is None else day(start)},
    )


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([lives("bed_a1", "min_8", None, None), lives("bed_a1", "min_9", 4, None)], ["1/bed"]),
        ([lives("bed_a1", "min_8", None, 5), lives("bed_a1", "min_9", 4, None)], ["1/bed"]),
        ([lives("bed_a1", "min_8", 4, None), lives("bed_a1", "min_9", None, 5)], ["0/bed"]),
        ([lives("bed_a1", "min_8", None, 5), lives("bed_a2", "min_8", 4, None)], ["1/minor"]),
        ([lives(None, "min_8", None, 5), lives(None, "min_8", 4, None)], ["1/minor"]),
        ([lives("bed_a1", "min_8", None, 5), lives("bed_a1", "min_8", 4, None)], ["1/minor", "1/bed"]),
        ([lives("bed_a1", "min_8", None, 5), lives("bed_a1", "min_9", 5, None)], []),
        ([lives("bed_a1", "min_8", None, 5), lives("bed_a2", "min_8", 5, None)], []),
        ([lives(None, None, None, None), lives(None, None, None, None)], []),
        ([lives("bed_a1", None, None, 5), lives("bed_a2", None, None, 5)], []),
        ([lives("bed_a1", "min_8", 4, 4), lives("bed_a1", "min_9", None, None)], []),
    ],
)
def test_entries_of_one_minor_or_one_bed_do_not_overlap(entries: list[Json], found: list[str]) -> None:
    document = changed(snapshot(), {RESIDENTS: entries})
    if found:
        assert sorted(pointers(document)) == sorted(f"{RESIDENTS}/{pointer}" for pointer in found)
    else:
        assert decode(document)


def test_one_minor_lives_in_one_house() -> None:
    second = house("b", residents=[lives("bed_b1", "min_8", 2, None)])
    document = changed(snapshot(), {RESIDENTS: [lives("bed_a1", "min_8", None, 3)], "/facilities/-": second})
    refused(document, "/facilities/1/residents/0/minor", "expected no two entries of one minor on the same night")
    assert decode(changed(document, {f"{RESIDENTS}/0/until": day(2)}))


def test_faults_come_in_the_order_of_the_document() -> None:
    document = changed(full(), {"/minors/0/age_range": [3, 2], "/referrals/0/minor": "x", "/stays/0/left_on": day(-40)})
    assert pointers(document) == ["/referrals/0/minor", "/minors/0/age_range", "/stays/0/left_on"]


def test_a_shape_that_is_wrong_is_told_first() -> None:
    """References are looked at once every row has its shape."""
    document = changed(full(), {"/referrals/0/minor": "x", "/horizon_nights": GONE})
    assert pointers(document) == ["/horizon_nights"]
