"""From rows to a snapshot: nothing is filled in, nothing is lost, and the number of queries stays the same."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, event, insert, update
from sqlalchemy.orm import Session

from app.access.policy import Role
from app.answers.models import LearntPrices, Policy, PolicyTerm
from app.beds.models import BedNight, Hold, Resident
from app.clock import MovableClock
from app.codes import FacilityKind
from app.db import Database
from app.facilities.forms import licence_form
from app.facilities.models import (
    Bed,
    BedStatus,
    BedUnavailable,
    Facility,
    FacilityFund,
    FacilityPoint,
    Licence,
    NightStaffing,
    SafeguardEvidence,
    Unit,
)
from app.funding.models import Fund, FundClock, Funder, FundLimit
from app.gaps.models import Call, DeclineReason
from app.minors.models import InterstateApproval, KeepApart, Minor, MinorAvoids, MinorPlace, MinorWish, Sibling
from app.placements.load import load_network
from app.placements.snapshot import build, take
from app.referrals.models import Referral, ReferralStatus
from app.stays.codes import Destination, StayEnd
from app.stays.models import Discharge, Holiday, Stay, StayAbsence, StayPayer
from matching.codec import SnapshotError, canonical, decode
from matching.decision_form import decision_document
from matching.facts import Snapshot
from matching.ranking import rank
from matching.value import WORTH
from tests.factories import AS_OF, EIGHT_ANSWERS, TONIGHT, Caller, fund, house, lead, load, made, network, new_agency
from tests.matching.worlds import world

Json = dict[str, Any]
NOW = datetime.fromisoformat(AS_OF)

WHOLE: Json = network(
    {
        **house("fac_a"),
        "place": "1304000",
        "admits": ["verified", "at_risk"],
        "services": ["trauma_therapy", "medical"],
        "languages": ["en", "es"],
        "declines": ["arson"],
        "funds": ["fund_a", "fund_b"],
        "units": [
            {
                "id": "unit_a",
                "genders": ["female"],
                "min_age": 12,
                "max_age": 17,
                "max_age_gap_years": 4,
                "one_gender_a_night": True,
                "beds": [
                    {"id": "bed_a1", "status": "open", "confirmed_at": "2026-11-22T01:02:00+00:00"},
                    {"id": "bed_a2", "status": "occupied", "unavailable": [["2026-12-24", "2026-12-27"]]},
                    {"id": "bed_a3", "status": "held", "held_for": "ref_elsewhere"},
                    {"id": "bed_a4", "status": "occupied"},
                ],
            }
        ],
        "residents": [
            {"minor": None, "bed": "bed_a2", "trafficking": "none", "age": 16, "until": "2026-12-10"}
            | {"gender": "female", "from": None},
            {"minor": "min_2", "bed": "bed_a4", "trafficking": "verified", "age": 15, "from": None, "until": None},
            {"minor": "min_3", "bed": None, "trafficking": None, "age": None, "from": "2026-12-01", "until": None},
        ],
    },
    funds=[
        {
            **fund(
                "fund_a",
                valid_until="2027-07-01",
                min_age=12,
                max_age=17,
                leaves_at_age=18,
                residence={"basis": ["residence"], "counties": ["13121"], "places": ["1304000"], "states": ["GA"]},
                custody={"allow": ["none"], "deny": ["ward_state"]},
                trafficking=["verified"],
                genders=["female"],
                facility_kinds=["safe_house"],
                excluded_facility_kinds=["secure_detention"],
                requires=["agency_placement"],
                clocks=[
                    {
                        "id": "cap14",
                        "limit": 14,
                        "unit": "night",
                        "window": "trailing",
                        "window_months": 12,
                        "scope": "facility",
                        "gap_days": 1,
                        "absence": "pauses",
                        "fiscal_year_start": "07-01",
                        "extension": {"by": 14, "times": 1, "approval": "county_extension"},
                    }
                ],
                beds_per_night=4,
                nights_left=210,
                rate_cents=18500,
            ),
            "last_resort": True,
        },
        {"id": "fund_b", "funder": None, "program": None, "limits": []},
    ],
    minors=[
        {
            "id": "min_1",
            "age_range": [14, 16],
            "gender": "nonbinary",
            "residence": {"county": "13121", "place": "1304000", "state": "GA"},
            "found": {"none": True},
            "jurisdiction": {"state": "NV"},
            "custody": "ward_state",
            "trafficking": "screening_pending",
            "needs": {
                "services": [],
                "services_required": ["medical"],
                "languages": ["es"],
                "conditions": ["detox"],
                "infants": 1,
            },
            "approvals": ["county_extension", "county_extension"],
            "avoid": {
                "counties": ["13089"],
                "circles": [[33.9, -84.5, 25.0]],
                "minors": ["min_3"],
                "facilities": ["fac_elsewhere"],
            },
            "together_with": ["min_2"],
            "wishes": {"prefer": ["fac_a"], "refuse": ["fac_elsewhere"]},
            "history": "complete",
        },
        {"id": "min_2", "born_on": "2011-03-02", "trafficking": "verified"},
        {"id": "min_3"},
    ],
    referrals=[
        {
            "id": "ref_1",
            "minor": "min_1",
            "opened_at": "2026-11-22T02:50:00+00:00",
            "urgency": 2,
            "needed_from": "2026-11-22",
            "nights_needed": 90,
            "home_point": [33.7, -84.4],
        }
    ],
    stays=[
        {
            "id": "stay_1",
            "minor": "min_1",
            "facility": "fac_old",
            "bed": "bed_old",
            "admitted_on": "2026-06-01",
            "left_on": "2026-06-13",
            "away": [["2026-06-05", "2026-06-06"]],
            "payers": [{"fund": "fund_a", "from": "2026-06-01", "until": "2026-06-13"}],
        },
        {
            "id": "stay_2",
            "minor": "min_2",
            "facility": "fac_a",
            "bed": "bed_a4",
            "admitted_on": "2026-11-01",
            "left_on": None,
            "payers": [{"fund": "fund_b", "from": "2026-11-01", "until": None}],
        },
    ],
    holidays={"GA": ["2026-11-26"]},
    interstate_approvals=[{"minor": "min_1", "from_state": "NV", "to_state": "GA"}],
)
"""Every field of the contract."""


def snapshot(database: Database) -> Json:
    with database.reading() as session:
        return build(session, database.clock.now(), database.clock.tonight())


def only_house(database: Database) -> Json:
    (found,) = snapshot(database)["facilities"]
    return dict(found)


def test_every_field_of_the_contract_survives_its_way_through_the_tables(database: Database) -> None:
    load(database, WHOLE)
    given = decode({**WHOLE, "as_of": database.clock.now().isoformat()})
    with database.reading() as session:
        again, _ = take(session, database.clock.now(), database.clock.tonight())
    assert canonical(again) == canonical(given)


def test_a_stay_and_the_house_s_list_are_one_person(database: Database) -> None:
    load(database, WHOLE)
    with database.reading() as session:
        assert [row.minor_id for row in session.query(Resident).order_by(Resident.id)].count("min_2") == 0
        assert session.get_one(Stay, "stay_2").in_house is True
        assert session.get_one(Stay, "stay_1").outside_facility == "fac_old"


@pytest.mark.parametrize("seed", range(0, 400, 16))
def test_any_network_is_decided_alike_from_its_rows(database: Database, clock: MovableClock, seed: int) -> None:
    document = world(seed)
    given = decode(document)
    clock.set(given.as_of)
    load(database, document)
    with database.reading() as session:
        again, _ = take(session, given.as_of, given.tonight, horizon_nights=given.horizon_nights)
    for referral in given.referrals:
        one, other = (decision_document(rank(side, referral.id), findings="all") for side in (given, again))
        for answer in (one, other):
            del answer["snapshot_sha256"]
            for option in answer["options"] + answer["later"]:
                del option["bed_confirmed_at"]  # the same instant, in another zone
        assert one == other


# Nothing that was not asked is defaulted to a value that passes.

ANSWERS: dict[str, tuple[Json, str]] = {
    "age": ({"born_on": None}, "born_on"),
    "county": ({"residence": None}, "residence"),
    "gender": ({"gender": None}, "gender"),
    "trafficking": ({"trafficking": None}, "trafficking"),
    "custody": ({"custody": None}, "custody"),
    "infants": ({"needs": {"conditions": []}}, "needs.infants"),
    "conditions": ({"needs": {"infants": 0}}, "needs.conditions"),
    "approvals": ({"approvals": None}, "approvals"),
}


def facts(minor: Json) -> Json:
    """A profile flat, without what is nothing anyway."""
    flat = {name: value for name, value in minor.items() if name not in ("id", "needs", "avoid", "wishes")}
    return flat | {f"needs.{name}": value for name, value in minor["needs"].items()}


@pytest.fixture
def coordinator(client: TestClient, database: Database) -> Caller:
    caller = Caller(client, database, Role.INTAKE_COORDINATOR)
    load(database, network(funds=[fund(custody={"deny": ["ward_state"]}, requires=[])]), agency_id=caller.agency_id)
    return caller


def test_the_eight_answers_and_nothing_else_reach_the_snapshot(coordinator: Caller, database: Database) -> None:
    made(coordinator.post("/v1/referrals", EIGHT_ANSWERS))
    (minor,) = snapshot(database)["minors"]
    known = {name: value for name, value in facts(minor).items() if value not in (None, [])}
    assert known == {
        "born_on": "2011-03-02",
        "gender": "female",
        "residence": {"county": "13121", "place": None, "state": "GA", "none": False},
        "trafficking": "verified",
        "custody": "none",
        "needs.infants": 0,
    }
    assert (minor["needs"]["conditions"], minor["approvals"]) == ([], [])
    assert (minor["found"], minor["jurisdiction"], minor["history"]) == (None, None, None)


@pytest.mark.one_kind
def test_the_eight_answers_alone_give_an_option(coordinator: Caller) -> None:
    referral = made(coordinator.post("/v1/referrals", EIGHT_ANSWERS))
    decision = made(coordinator.post(f"/v1/referrals/{referral['id']}/rankings"))
    assert [option["facility"] for option in decision["options"]] == ["fac_a"]
    assert decision["options"][0]["provisional"] == ["minor.history"]


@pytest.mark.one_kind
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("how", ["null", "left out"])
def test_what_is_not_known_stays_not_known(coordinator: Caller, database: Database, answer: str, how: str) -> None:
    change, name = ANSWERS[answer]
    made(coordinator.post("/v1/referrals", EIGHT_ANSWERS))
    minor = {**EIGHT_ANSWERS["minor"], **change}
    if how == "left out":
        minor = {key: value for key, value in minor.items() if value is not None}
    elif "needs" in change:
        minor["needs"] = {"infants": None, "conditions": None, **change["needs"]}
    made(coordinator.post("/v1/referrals", {**EIGHT_ANSWERS, "minor": minor}))
    forms = [facts(form) for form in snapshot(database)["minors"]]
    full, less = sorted(forms, key=lambda form: form[name] is None)
    assert full[name] is not None
    assert less == {**full, name: None}


@pytest.mark.one_kind
def test_when_it_is_needed_may_be_left_open(coordinator: Caller, database: Database) -> None:
    made(coordinator.post("/v1/referrals", {**EIGHT_ANSWERS, "needed_from": None}))
    (referral,) = snapshot(database)["referrals"]
    assert (referral["needed_from"], referral["nights_needed"], referral["home_point"]) == (None, None, None)


def test_a_house_of_which_nothing_is_known_is_not_known(database: Database) -> None:
    nothing = {"id": "fac_b", "kind": "safe_house", "state": "GA"}
    load(database, network(nothing, funds=[]))
    form = only_house(database)
    known = {name: value for name, value in form.items() if value not in (None, [], {})}
    assert set(known.pop("licence").values()) | set(known.pop("staffing").values()) == {None}
    assert known == nothing
    assert form["funds"] is None
    load(database, network({**nothing, "id": "fac_c", "funds": [], "services": [], "declines": []}, funds=[]))
    second = next(found for found in snapshot(database)["facilities"] if found["id"] == "fac_c")
    assert (second["funds"], second["services"], second["declines"], second["languages"]) == ([], [], [], None)


@pytest.mark.one_kind
@pytest.mark.parametrize("missing", ["verified_on", "verified_by", "expires_on", "value"])
def test_a_safeguard_without_its_evidence_is_not_known(database: Database, missing: str) -> None:
    load(database, network())
    assert only_house(database)["safeguards"]["egress"] == {
        "value": "unlocked",
        "verified_on": "2026-06-01",
        "expires_on": "2027-12-01",
    }
    with database.writing() as session:
        session.execute(update(SafeguardEvidence).where(SafeguardEvidence.code == "egress").values({missing: None}))
    safeguards = only_house(database)["safeguards"]
    assert "egress" not in safeguards
    assert len(safeguards) == 7


def test_the_latest_word_on_a_safeguard_counts(database: Database, client: TestClient) -> None:
    load(database, network())
    administrator = lead(client, database)
    path = "/v1/facilities/fac_a/safeguards/remote"
    word = {"value": True, "verified_on": "2026-11-01", "verified_by": "Visit", "expires_on": "2027-11-01"}
    made(administrator.put(path, {**word, "version": 1}))
    assert only_house(database)["safeguards"]["remote"]["value"] is True
    made(administrator.put(path, {"value": None, "version": 2}))
    assert "remote" not in only_house(database)["safeguards"]


def licence(valid_from: str | None, expires_on: str | None, **more: Any) -> Licence:
    start = None if valid_from is None else date.fromisoformat(valid_from)
    end = None if expires_on is None else date.fromisoformat(expires_on)
    given = {"id": f"lic_{valid_from}_{more.get('capacity')}", "status": "active", "capacity": 6, **more}
    return Licence(valid_from=start, expires_on=end, recorded_at=NOW, **given)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], (None, None, None)),
        ([("2026-01-01", "2027-01-01")], ("2026-01-01", "2027-01-01", 6)),
        ([("2025-01-01", "2026-01-01"), ("2026-01-01", "2027-01-01")], ("2026-01-01", "2027-01-01", 6)),
        ([("2026-11-21", "2027-01-01"), ("2026-01-01", "2027-01-01")], ("2026-11-21", "2027-01-01", 6)),
        ([("2026-11-22", "2027-01-01"), ("2026-01-01", "2026-06-01")], ("2026-01-01", "2026-06-01", 6)),
        ([("2027-01-01", "2028-01-01"), ("2026-01-01", "2027-01-01")], ("2026-01-01", "2028-01-01", 6)),
        ([("2027-01-02", "2028-01-01"), ("2026-01-01", "2027-01-01")], ("2026-01-01", "2027-01-01", 6)),
        ([("2026-12-01", "2028-01-01")], ("2026-12-01", "2028-01-01", 6)),
        ([("2027-06-01", "2028-01-01"), ("2026-12-01", "2027-01-01")], ("2026-12-01", "2027-01-01", 6)),
        ([(None, "2027-01-01")], (None, "2027-01-01", 6)),
    ],
)
def test_which_licence_holds_tonight(rows: list[tuple[str | None, str]], expected: tuple[Any, ...]) -> None:
    form = licence_form([licence(*row) for row in rows], date.fromisoformat(TONIGHT))
    dates = [None if form[name] is None else form[name].isoformat() for name in ("valid_from", "expires_on")]
    assert (*dates, form["capacity"]) == expected


def test_a_suspension_without_a_date_closes_the_house_from_the_day_it_is_recorded() -> None:
    suspended = licence(None, None, status="suspended", capacity=None)
    rows = [suspended, licence("2026-01-01", "2027-01-01"), licence("2026-12-01", "2028-01-01", capacity=4)]
    assert licence_form(rows, date.fromisoformat(TONIGHT))["status"] == "suspended"
    assert licence_form(rows, date(2026, 12, 1))["status"] == "active"


def test_a_bed_confirmed_by_a_server_whose_clock_is_ahead_is_confirmed_now(database: Database) -> None:
    load(database, network())
    with database.writing() as session:
        session.execute(update(Bed).values(confirmed_at=NOW + timedelta(seconds=2), confirmed_by="pers_1"))
    (unit,) = only_house(database)["units"]
    assert [datetime.fromisoformat(bed["confirmed_at"]) for bed in unit["beds"]] == [NOW] * len(unit["beds"])


def test_a_renewal_on_other_terms_does_not_carry_the_licence_on() -> None:
    rows = [licence("2026-01-01", "2027-01-01"), licence("2027-01-01", "2028-01-01", capacity=4)]
    form = licence_form(rows, date.fromisoformat(TONIGHT))
    assert (form["expires_on"], form["capacity"]) == (date(2027, 1, 1), 6)


def stay(session: Session, minor: str, admitted_on: date, **more: Any) -> None:
    row = {"id": f"stay_{minor}", "minor_id": minor, "facility_id": "fac_a", "in_house": True, **more}
    session.add(Stay(admitted_on=admitted_on, **row))


@pytest.fixture
def lived_in(database: Database) -> date:
    """A house with two beds and two young people; tonight."""
    minors = [{"id": "min_1", "born_on": "2011-11-22", "trafficking": "verified"}, {"id": "min_2"}]
    load(database, network(minors=minors))
    return date.fromisoformat(TONIGHT)


def entry(minor: str | None, **more: Any) -> Json:
    nothing = {"bed": None, "trafficking": None, "age": None, "gender": None, "from": None, "until": None}
    return {**nothing, "minor": minor, **more}


def test_a_stay_makes_a_resident(database: Database, lived_in: date) -> None:
    with database.writing() as session:
        stay(
            session, "min_1", lived_in - timedelta(days=3), bed_id="bed_a1", expected_until=lived_in + timedelta(days=9)
        )
        stay(session, "min_2", lived_in + timedelta(days=1), bed_id="bed_a2", left_on=lived_in + timedelta(days=5))
    assert only_house(database)["residents"] == [
        entry("min_1", bed="bed_a1", trafficking="verified", age=14, until="2026-11-30"),
        entry("min_2", bed="bed_a2", **{"from": "2026-11-22", "until": "2026-11-26"}),
    ]


@pytest.mark.one_kind
@pytest.mark.parametrize(
    ("more", "residents"),
    [
        ({"left_on": date(2026, 11, 21)}, []),
        ({"left_on": date(2026, 11, 22)}, [entry("min_2", until="2026-11-22")]),
        ({"expected_until": date(2026, 11, 21)}, [entry("min_2")]),
        ({"in_house": False}, []),
        ({"facility_id": None, "outside_facility": "fac_old"}, []),
    ],
)
def test_who_is_no_longer_or_not_here(database: Database, lived_in: date, more: Json, residents: list[Json]) -> None:
    with database.writing() as session:
        stay(session, "min_2", lived_in - timedelta(days=3), **more)
    assert only_house(database)["residents"] == residents


def test_the_past_of_those_who_wait_is_told_and_of_others_not(database: Database, lived_in: date) -> None:
    past = {"admitted_on": lived_in - timedelta(days=9), "left_on": lived_in}
    with database.writing() as session:
        for minor in ("min_1", "min_2"):
            stay(session, minor, **past)
        agency = session.get_one(Minor, "min_1").agency_id
        plain = {
            "status": ReferralStatus.OPEN,
            "created_by": "x",
            "created_at": database.clock.now(),
            "agency_id": agency,
        }
        session.add(Referral(id="ref_1", code="R-1", minor_id="min_1", **plain))
    assert [row["id"] for row in snapshot(database)["stays"]] == ["stay_min_1"]
    assert [row["id"] for row in snapshot(database)["minors"]] == ["min_1"]
    with database.writing() as session:
        session.get_one(Referral, "ref_1").status = ReferralStatus.PLACED
    assert (snapshot(database)["stays"], snapshot(database)["referrals"]) == ([], [])


def resident(bed: str, first: date | None, until: date | None, minor: str | None = None) -> Resident:
    given = {"id": f"res_{bed}_{first}", "facility_id": "fac_a", "bed_id": bed, "minor_id": minor}
    return Resident(present_from=first, present_until=until, **given)


def test_who_comes_into_a_bed_that_is_not_known_to_become_free_is_there_without_a_bed(
    database: Database, lived_in: date
) -> None:
    soon = lived_in + timedelta(days=2)
    with database.writing() as session:
        stay(session, "min_2", soon, bed_id="bed_a1")
        session.add(resident("bed_a1", None, None))
    listed = only_house(database)["residents"]
    assert [(row["minor"], row["bed"]) for row in listed] == [("min_2", None), (None, "bed_a1")]
    with database.writing() as session:
        session.execute(update(Resident).values(present_until=soon))
    listed = only_house(database)["residents"]
    assert [(row["minor"], row["bed"]) for row in listed] == [("min_2", "bed_a1"), (None, "bed_a1")]


def test_nobody_is_in_two_places(database: Database, lived_in: date) -> None:
    with database.writing() as session:
        stay(session, "min_2", lived_in, bed_id="bed_a1")
        session.add(resident("bed_a2", None, None, minor="min_2"))
    assert [(row["minor"], row["bed"]) for row in only_house(database)["residents"]] == [("min_2", "bed_a1")]


def test_what_was_closed_is_history(database: Database, lived_in: date) -> None:
    with database.writing() as session:
        session.add_all([resident("bed_a1", None, lived_in), resident("bed_a2", None, lived_in)])
        session.flush()
        session.execute(update(Resident).where(Resident.bed_id == "bed_a1").values(closed_at=database.clock.now()))
    assert [row["bed"] for row in only_house(database)["residents"]] == ["bed_a2"]


def test_records_that_contradict_each_other_are_told_and_not_ranked(
    client: TestClient, database: Database, clock: MovableClock
) -> None:
    caller = Caller(client, database, Role.INTAKE_COORDINATOR)
    load(database, network(), agency_id=caller.agency_id)
    referral = made(caller.post("/v1/referrals", EIGHT_ANSWERS))
    with database.writing() as session:
        for number in (1, 2):
            more = {"id": f"stay_{number}", "facility_id": None, "outside_facility": "fac_old"}
            stay(session, referral["minor"]["id"], date(2026, 1, 1), **{**more, "left_on": date(2026, 2, 1)})
    answer = caller.post(f"/v1/referrals/{referral['id']}/rankings")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    # Whose records they are, and how many there are, is not the asker's to know.
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/stays"]
    # Nobody else is kept from a bed by them.
    other = made(caller.post("/v1/referrals", EIGHT_ANSWERS))
    assert made(caller.post(f"/v1/referrals/{other['id']}/rankings"))["options"]


def test_who_lives_somewhere_is_never_left_out(database: Database) -> None:
    waits = {"id": "ref_2", "minor": "min_2", "urgency": 1}
    load(database, network(minors=[{"id": "min_2"}], referrals=[waits]))
    tonight = date.fromisoformat(TONIGHT)
    with database.writing() as session:
        stay(session, "min_2", tonight, bed_id="bed_a1")
        for day in (1, 10):
            old = {"id": f"stay_{day}", "facility_id": None, "outside_facility": "fac_old"}
            stay(session, "min_2", date(2026, 1, day), **old, left_on=date(2026, 2, 1))
    with database.reading() as session:
        seen, _ = take(session, database.clock.now(), tonight, asked="min_other")
        with pytest.raises(SnapshotError):
            take(session, database.clock.now(), tonight, asked="min_2")
    assert [row.admitted_on for row in seen.stays] == [tonight]
    assert [row.minor for row in seen.facilities[0].residents] == ["min_2"]


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(database.reader, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.reader, "before_cursor_execute", note)


def test_the_number_of_queries_does_not_grow_with_the_network(database: Database) -> None:
    load(database, network())
    with counted(database) as few:
        snapshot(database)
    minors = [{"id": f"min_{n}", "born_on": "2011-03-02"} for n in range(20)]
    asked = [{"id": f"ref_{n}", "minor": f"min_{n}", "urgency": 1} for n in range(20)]
    houses = [house(f"fac_m{n}", funds=[f"fund_m{n}"]) for n in range(40)]
    funds = [fund(f"fund_m{n}") for n in range(40)]
    load(database, network(*houses, funds=funds, minors=minors, referrals=asked))
    with counted(database) as many:
        assert len(snapshot(database)["facilities"]) == 41
    assert 0 < len(few) == len(many) <= 30


def changes(now: datetime, tonight: date, agency: str) -> Iterator[Any]:
    """A change of each table that a snapshot is read from, each of which it shows."""
    yield update(Facility).values(night_ratio=9)
    yield update(FacilityPoint).values(latitude=33.25)
    yield delete(FacilityFund).where(FacilityFund.fund_id == "fund_b")
    yield update(NightStaffing).values(awake_staff=9)
    yield update(Licence).values(capacity=19)
    yield update(SafeguardEvidence).values(expires_on=tonight + timedelta(days=3))
    yield update(Unit).values(min_age=13)
    made_by = {"made_at": now, "made_by": "somebody", "agency_id": agency, "referral_id": "ref_1"}
    yield insert(Call).values(id="call_1", facility_id="fac_a", reason=DeclineReason.NO_BED, **made_by)
    yield update(Bed).where(Bed.id == "bed_a1").values(status=BedStatus.OFFLINE)
    yield update(BedUnavailable).values(until_night=tonight + timedelta(days=90))
    first, until = tonight + timedelta(days=2), tonight + timedelta(days=4)
    later = {"first_night": first, "until_night": until, "expires_at": now + timedelta(hours=2)}
    place = {"facility_id": "fac_a", "bed_id": "bed_a1", "minor_id": "min_1"}
    yield insert(Hold).values(id="hold_1", version=1, **place, **later, **made_by)
    yield update(Resident).where(Resident.age == 16).values(age=15)
    yield update(Funder).values(name="Another funder")
    yield update(Fund).values(program="Another program")
    yield update(FundLimit).values(min_age=13)
    yield update(FundClock).values(limit=13)
    yield update(BedNight).where(BedNight.stay_id == "stay_2").values(fund_id=None, limit_id=None)
    yield update(Minor).where(Minor.id == "min_2").values(born_on=date(2011, 3, 3))
    for table in (MinorPlace, MinorAvoids, MinorWish, KeepApart, Sibling, InterstateApproval, StayAbsence, StayPayer):
        yield delete(table)
    yield update(Referral).values(nights_needed=89)
    yield update(Stay).where(Stay.id == "stay_1").values(outside_bed="bed_older")
    gone = {"discharged_at": now, "discharged_by": "somebody", "destination": Destination.NOT_KNOWN}
    yield insert(Discharge).values(stay_id="stay_2", reason=StayEnd.NOT_ARRIVED, **gone)
    yield delete(Holiday)
    yield insert(Policy).values(id="another", version=1, in_force_from=now)
    yield insert(PolicyTerm).values(
        policy_id="another", policy_version=1, position=0, code=WORTH, unit="cost", weight=1, most=1
    )
    yield update(LearntPrices).values(nights=91)


def test_whoever_changes_any_table_the_next_snapshot_shows_it(database: Database, database_url: str) -> None:
    load(database, WHOLE)
    now, tonight = database.clock.now(), database.clock.tonight()
    learnt = {"learnt_at": now, "learnt_on": tonight, "nights": 90, "referrals": 1, "history_sha256": "0" * 64}
    with database.writing() as session:
        session.add(LearntPrices(id="prices_1", units={"unit_a": [3, 1]}, **learnt))
        session.merge(FacilityPoint(facility_id="fac_a", latitude=33.5, longitude=-84.5))
        agency = session.get_one(Referral, "ref_1").agency_id
    # A process keeps what it put together; another one has its own, and writes.
    other = Database(database_url, database.clock, database.keyring)

    def taken(by: Database, night: date = tonight, *, anew: bool = False) -> tuple[Snapshot, bytes]:
        with by.reading() as session:
            if anew:
                session.info["kept"].clear()
            return take(session, now, night, asked="min_1")

    try:
        before, changed = taken(database), set()
        for change in changes(now, tonight, agency):
            with other.writing() as session:
                session.execute(change)
            changed.add(change.table.name)
            after = taken(database)
            assert after == taken(other, anew=True), change
            assert after[1] != before[1], change
            before = after
        # Time alone changes what rows say.
        for night in (tonight + timedelta(days=n) for n in (1, 3, 40)):
            assert taken(database, night) == taken(other, night, anew=True)
        with counted(database) as statements:
            taken(database)
    finally:
        other.engine.dispose()
        other.reader.dispose()
    assert changed == {name for text in statements for name in re.findall(r"(?:FROM|JOIN) ([a-z_]+)", text)}


def test_a_network_keeps_its_ids_and_is_owned(database: Database) -> None:
    operator, funder = new_agency(database), new_agency(database)
    owner = load(
        database,
        WHOLE,
        operators={"fac_a": operator},
        funder_agencies={"Fulton County": funder},
        referral_codes={"ref_1": "R-0412"},
    )
    with database.reading() as session:
        row = session.get_one(Facility, "fac_a")
        assert (row.agency_id, row.kind, session.get_one(Bed, "bed_a1").unit_id) == (
            operator,
            FacilityKind.SAFE_HOUSE,
            "unit_a",
        )
        referral = session.get_one(Referral, "ref_1")
        assert (referral.code, referral.agency_id, session.get_one(Minor, "min_1").agency_id) == (
            "R-0412",
            owner,
            owner,
        )


def test_ids_of_a_network_s_own_file_may_be_texts(client: TestClient, database: Database) -> None:
    caller = Caller(client, database, Role.INTAKE_COORDINATOR)
    beds = [{"id": "床 1", "status": "open"}]
    asked = {"id": "anfrage é 1", "minor": "m 1", "urgency": 1}
    own = network(house("haus ü", units=[{"id": "flügel", "beds": beds}]), minors=[{"id": "m 1"}], referrals=[asked])
    load(database, own, agency_id=caller.agency_id)
    answer = caller.post("/v1/referrals/anfrage%20%C3%A9%201/rankings")
    assert [row["facility"] for row in made(answer)["needs_info"]] == ["haus ü"]
    made(caller.get(answer.headers["Location"]))
    made(caller.get("/v1/referrals/anfrage é 1"))
    administrator = lead(client, database)
    path = "/v1/facilities/haus%20%C3%BC"
    made(administrator.put(f"{path}/beds/%E5%BA%8A%201/status", {"status": "cleaning", "version": 1}))
    made(administrator.post(f"{path}/confirmations", {}))
    made(administrator.patch(path, {"region": "Region 1", "version": 1}))


def test_a_file_that_contradicts_itself_is_refused_whole(database: Database) -> None:
    agency = new_agency(database)
    with pytest.raises(SnapshotError), database.writing() as session:
        load_network(session, network(funds=[]), agency_id=agency)
    assert snapshot(database)["facilities"] == []
