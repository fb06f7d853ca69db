"""The demo: the same state from the same seed, true to the contract and to its own funds, and ready in one command."""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.beds.models import Confirmation
from app.clock import MovableClock
from app.config import Settings
from app.demo import proof, scene
from app.demo.cli import Pace
from app.demo.funds import fund_documents
from app.demo.geography import counties
from app.demo.notice import EIGHT_ANSWERS
from app.demo.shifts import keep_shifts
from app.demo.stage import Doors
from app.demo.state import SEED, TONIGHT, ZONE, invent
from app.demo.tonight import tonight
from app.main import create_app
from matching.codec import decode
from matching.decision_form import decision_document
from matching.ranking import rank
from tests.app.test_cli import bednight
from tests.matching.oracle.clocks import pays
from tests.matching.oracle.facts import MET
from tests.matching.oracle.payers import ages_out, once, row_on
from tests.matching.oracle.people import Pair
from tests.proofs import TIMES

Json = dict[str, Any]
NIGHTS = (TONIGHT, date(2027, 6, 30), date(2027, 7, 1), date(2028, 2, 29))
NOWHERE = "sqlite:////nowhere/at-all.db"
LISTS = ("options", "later", "needs_info", "excluded")
DIGEST = (
    "import hashlib, json; from app.demo.state import invent; print(hashlib.sha256({}.encode()).hexdigest())".format(
        "json.dumps(invent(11).document)"
    )
)


@pytest.fixture(scope="module")
def document() -> Json:
    return invent().document


def run(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """`bednight` in a folder of its own, with nothing set but what is given."""
    here = {name: value for name, value in os.environ.items() if not name.startswith(("BEDNIGHT", "DATABASE_URL"))}
    here |= {"PYTHONPATH": str(Path(__file__).parents[2]), **env}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments], cwd=cwd, env=here, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_same_seed_same_bytes(hash_seed: str) -> None:
    env = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parents[2])}
    found = subprocess.run([sys.executable, "-c", DIGEST], env=env, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == hashlib.sha256(json.dumps(invent(11).document).encode()).hexdigest()


def test_another_seed_invents_other_people() -> None:
    assert {minor["id"] for minor in invent(1).document["minors"]}.isdisjoint(
        minor["id"] for minor in invent(2).document["minors"]
    )


@pytest.mark.parametrize(
    ("seed", "night"),
    [(seed, night) for seed in range(4) for place, night in enumerate(NIGHTS) if TIMES > 1 or place == seed],
)
def test_valid_by_the_contract(seed: int, night: date) -> None:
    demo = invent(seed, night)
    snapshot = decode(demo.document)
    assert snapshot.tonight == night
    assert snapshot.as_of.astimezone(ZONE).strftime("%H:%M") == "02:14"


def test_as_much_of_everything_as_was_asked_for(document: Json) -> None:
    houses = [one for one in document["facilities"] if one["population"] == "trafficking_only"]
    shelters = [one for one in document["facilities"] if one["kind"] == "emergency_shelter"]
    named = {row["county"] for minor in document["minors"] if (row := minor["residence"]) and row.get("state") == "GA"}
    assert len(counties()) == 40
    assert named <= {county.fips for county in counties()}
    assert len(named) >= 35
    assert len(houses) == 7
    assert sum(len(unit["beds"]) for house in houses for unit in house["units"]) == 55
    assert [house["id"] for house in houses if "male" in house["licence"]["genders"]] == ["fac_lantern"]
    assert [house["id"] for house in houses if house["kind"] == "transitional_living"] == ["fac_meadow"]
    assert len(shelters) == 12
    assert {shelter["population"] for shelter in shelters} == {"mixed"}
    assert len(document["facilities"]) > 20
    assert 10 <= len(document["funds"]) <= 14
    assert len(document["referrals"]) == 30
    assert {referral["urgency"] for referral in document["referrals"]} == {1, 2, 3, 4}


def test_beds_are_nearly_full(document: Json) -> None:
    statuses = Counter(bed["status"] for one in document["facilities"] for unit in one["units"] for bed in unit["beds"])
    assert set(statuses) == {"open", "held", "occupied", "cleaning", "offline"}
    assert 0.85 <= statuses["occupied"] / statuses.total() <= 0.95
    for facility in document["facilities"]:
        present = Counter(row["bed"] for row in facility["residents"] if row["from"] is None)
        taken = [bed["id"] for unit in facility["units"] for bed in unit["beds"] if bed["status"] == "occupied"]
        assert present == Counter(taken)


def test_every_limit_names_its_model() -> None:
    clocks = set()
    for fund in fund_documents(TONIGHT):
        for limit in fund["limits"]:
            assert limit["citation"].startswith("modelled on ")
            clocks |= {(clock["unit"], clock["window"]) for clock in limit.get("clocks", ())}
    assert {window for _, window in clocks} == {"stay", "chain", "trailing", "fiscal_year", "lifetime"}
    assert {unit for unit, _ in clocks} == {"night", "day", "business_day"}
    assert [fund["id"] for fund in fund_documents(TONIGHT) if fund["last_resort"]] == ["fund_gap"]


def test_a_year_of_stays_without_overlap(document: Json) -> None:
    first = TONIGHT - timedelta(days=365)
    nights: set[tuple[str, date]] = set()
    minors: set[tuple[str, date]] = set()
    for stay in document["stays"]:
        admitted = date.fromisoformat(stay["admitted_on"])
        left = date.fromisoformat(stay["left_on"]) if stay["left_on"] else TONIGHT + timedelta(days=1)
        assert admitted >= first or stay["facility"] == "fac_larch"
        for ahead in range((left - admitted).days):
            night = admitted + timedelta(days=ahead)
            assert (stay["bed"], night) not in nights
            assert (stay["minor"], night) not in minors
            nights.add((stay["bed"], night))
            minors.add((stay["minor"], night))
    houses = {bed for bed, _ in nights if bed.split("_")[1] in ("harbor", "cedar", "beacon", "lantern")}
    assert len(nights) > 0.9 * 365 * 50
    assert len(houses) > 30


def someone_else_could_pay(pair: Pair, stay: Json, night: date, funds: dict[str, Json]) -> bool:
    """Whether a payer that is not of last resort could have begun a block on this night."""
    admitted = date.fromisoformat(stay["admitted_on"])
    ended = {payer["fund"] for payer in stay["payers"] if payer["from"] < night.isoformat()}
    for name in set(pair.facility["funds"]) - ended:
        fund, row = funds[name], row_on(funds[name], admitted)
        if row is None or fund["last_resort"] or set(once(pair, fund, admitted).values()) != {MET}:
            continue
        if ages_out(pair, row, night) == MET and all(
            pays(clock, pair, name, admitted, night, []) for clock in row.get("clocks") or ()
        ):
            return True
    return False


@pytest.mark.parametrize("seed", [SEED, 12])
def test_no_past_stay_breaks_its_funds_rules(seed: int) -> None:
    document = invent(seed).document
    minors = {minor["id"]: minor for minor in document["minors"]}
    facilities = {facility["id"]: facility for facility in document["facilities"]}
    funds = {fund["id"]: fund for fund in document["funds"]}
    own: dict[str, list[Json]] = defaultdict(list)
    paid: Counter[tuple[str, date]] = Counter()
    for stay in document["stays"]:
        own[stay["minor"]].append(stay)
    for stay in document["stays"]:
        known = {"stays": own[stay["minor"]], "holidays": document["holidays"], "tonight": document["tonight"]}
        pair = Pair(known, minors[stay["minor"]], facilities[stay["facility"]], ())
        admitted = date.fromisoformat(stay["admitted_on"])
        for payer in stay["payers"]:
            fund, first = funds[payer["fund"]], date.fromisoformat(payer["from"])
            last = date.fromisoformat(payer["until"]) if payer["until"] else TONIGHT + timedelta(days=60)
            row = row_on(fund, admitted)
            assert not (fund["last_resort"] and someone_else_could_pay(pair, stay, first, funds)), stay
            assert set(once(pair, fund, admitted).values()) == {MET}, stay
            assert row is not None
            assigned: list[date] = []
            for night in (first + timedelta(days=ahead) for ahead in range((last - first).days)):
                assert ages_out(pair, row, night) == MET, (stay, night)
                assert (
                    all(pays(clock, pair, fund["id"], admitted, night, assigned) for clock in row["clocks"])
                    if (row.get("clocks"))
                    else True
                ), (stay, night)
                assigned.append(night)
                paid[fund["id"], night] += 1
    for (fund_id, night), minors_paid in paid.items():
        row = row_on(funds[fund_id], night)
        assert row is not None
        assert minors_paid <= row["beds_per_night"]


def test_everyone_in_the_seven_houses_was_trafficked_and_is_of_a_licensed_age(document: Json) -> None:
    for facility in document["facilities"]:
        if facility["population"] == "trafficking_only":
            for resident in facility["residents"]:
                assert resident["trafficking"] in ("verified", "at_risk")
                assert facility["licence"]["min_age"] <= resident["age"] <= facility["licence"]["max_age"]


def test_what_a_demo_must_show(document: Json) -> None:
    """Evidence out of date, a confirmation of thirteen hours, siblings, peers apart, and facts nobody knows."""
    safeguards = [one["safeguards"] for one in document["facilities"]]
    assert any(row["expires_on"] < document["tonight"] for one in safeguards for row in one.values())
    assert any(len(one) < 8 for one in safeguards)
    waiting = {referral["minor"] for referral in document["referrals"]}
    minors = [minor for minor in document["minors"] if minor["id"] in waiting]
    assert sum(bool(minor.get("together_with")) for minor in minors) == 4
    assert sum(bool(minor.get("avoid", {}).get("minors")) for minor in minors) == 3
    assert any(minor["custody"] is None and minor["residence"] is None for minor in minors)
    past = Counter(stay["minor"] for stay in document["stays"] if stay["minor"] in waiting)
    assert len(past) == 5
    assert any(row["from"] for facility in document["facilities"] for row in facility["residents"])


def test_the_special_referral_finds_options() -> None:
    demo = invent()
    answer = decision_document(rank(decode(demo.document), demo.special))
    assert demo.referral_codes[demo.special] == "R-0412"
    assert all(answer[name] for name in LISTS)
    nights = {entry["facility"]: entry["funded_nights"] for entry in answer["options"]}
    assert nights == {"fac_harbor": 90, "fac_cedar": 15, "fac_lantern": 90}
    first = answer["options"][0]
    assert [(payer["fund"], payer["from"], payer["until"]) for payer in first["payers"]] == [
        ("fund_metro30", "2026-11-21", "2026-12-21"),
        ("fund_state60", "2026-12-21", "2027-02-19"),
    ]
    assert [entry["facility"] for entry in answer["options"] if entry["call_first"]] == ["fac_lantern"]
    asked = [ask for entry in answer["needs_info"] for ask in entry["ask"]]
    assert {"fact": "minor.found.county", "decides": 2} in asked
    assert {"fact": "facility.safeguards.fire_clearance", "decides": 1} in asked


@pytest.fixture
def staged(database_url: str, keys: Path) -> Iterator[tuple[FastAPI, Doors]]:
    """The demo on a database of the test's, and its ways in."""
    play = scene.invented(SEED, None)
    settings = Settings(database_url=database_url, login_links=True, keys=keys)
    doors = scene.load(play, settings)
    clock = MovableClock(settings.time_zone, settings.night_turns_at, play.snapshot.as_of)
    app = create_app(settings, clock=clock)
    yield app, doors
    app.state.database.close()


def test_eight_answers_alone_give_options_through_the_service(staged: tuple[FastAPI, Doors]) -> None:
    app, doors = staged
    demo = invent()
    with TestClient(app, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {doors.key}"}) as client:
        made = client.post("/v1/referrals", json=EIGHT_ANSWERS)
        assert made.status_code == 201
        answer = client.post(f"/v1/referrals/{made.json()['id']}/rankings").json()
        assert {name: len(answer[name]) for name in LISTS} == {
            "options": 3,
            "later": 1,
            "needs_info": 3,
            "excluded": 14,
        }
        special = client.post(f"/v1/referrals/{demo.special}/rankings").json()
    here = decision_document(rank(decode(demo.document), demo.special))
    for name in LISTS:
        kept = ("facility", "funded_nights", "first_unfunded_night", "payers", "unknown", "failed")
        assert [{key: entry.get(key) for key in kept} for entry in special[name]] == [
            {key: entry.get(key) for key in kept} for entry in here[name]
        ]


@pytest.mark.one_kind
def test_a_newcomer_sees_the_shared_record_at_work(staged: tuple[FastAPI, Doors]) -> None:
    app, doors = staged
    pages = {}
    for door in doors.entrances:
        if door.role in {"intake_coordinator", "partner"}:
            client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000))
            client.post(door.path, headers={"Origin": "http://127.0.0.1"})
            pages[door.role] = {at: client.get(at).text for at in ("/minors", "/conferences", "/continuum")}
            shared = re.findall(r'href="(/minors/min_\w+)">M-\w{6}</a> <span>', pages[door.role]["/minors"])
            pages[door.role]["shared"] = client.get(shared[0]).text
    intake, partner = pages["intake_coordinator"], pages["partner"]
    assert (intake["/minors"].count("Open Door Drop-In"), partner["/minors"].count("Statewide Intake Line")) == (1, 1)
    assert "Bring what was left at the drop-in" in partner["/conferences"]
    assert "Meals and showers" in intake["/continuum"]
    assert "1 entry from Open Door Drop-In, not shared with you" in intake["shared"], "its counseling"
    assert re.search(r"\d+ entr(y|ies) from Statewide Intake Line, not shared", partner["shared"]), (
        "medical care, nights"
    )
    assert "Case conference" in partner["shared"]


@pytest.mark.one_kind
def test_as_its_clock_goes_on_the_houses_say_who_is_awake(staged: tuple[FastAPI, Doors]) -> None:
    app, doors = staged
    keep_shifts(app.state.worker, TONIGHT)
    with TestClient(app, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {doors.key}"}) as client:
        assert client.post("/v1/test-clock/advance", json={"days": 1}).json()["reached"]
        answer = client.post(f"/v1/referrals/{invent().special}/rankings").json()
    assert answer["options"]
    assert not [ask for entry in answer["needs_info"] for ask in entry["ask"] if "awake_staff" in ask["fact"]]
    with app.state.database.reading() as session:
        by = select(Confirmation.facility_id, func.count()).group_by(Confirmation.facility_id)
        assert set(dict(session.execute(by).all()).values()) == {2}


@pytest.mark.one_kind
def test_links_sign_in_once(staged: tuple[FastAPI, Doors]) -> None:
    app, doors = staged
    origin = {"Origin": "http://127.0.0.1"}
    for door in doors.entrances:
        client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=False)
        assert client.post(door.path, headers=origin).status_code == 303
        assert client.post(door.path, headers=origin).status_code == 404
        home = client.get("/", follow_redirects=True)
        assert home.status_code == 200
        shows = {"shelter on a phone": "Harbor House", "coalition lead": "/plans", "administrator": 'href="/reports"'}
        shows |= {"funder": "Nothing is published yet", "partner agency": "No open referrals"}
        assert shows.get(door.what, "R-0412") in home.text


def test_sentences_count_what_the_engine_answers() -> None:
    demo = invent()
    whole = tonight(decode(demo.document))
    few = decode(demo.document | {"referrals": demo.document["referrals"][:10]})
    said, decisions = tonight(few), [rank(few, referral.id) for referral in few.referrals]
    with_bed = [decision.options for decision in decisions if decision.options]
    assert whole.waiting == whole.with_bed + whole.without == 30
    assert f"{whole.with_bed} have a bed" in whole.sentences()[0]
    assert 0 < said.with_bed < 10
    assert said.with_bed == len(with_bed)
    assert said.money_ends == sum(all(option.binding for option in options) for options in with_bed)


def test_starts_in_an_empty_folder_and_says_where_to_look(tmp_path: Path) -> None:
    found = run("demo", "--days", "0", "--no-serve", "--json", "--keep", str(tmp_path / "kept"), cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    facts = json.loads(found.stdout)
    assert facts["counts"]["waiting"] == facts["says"]["waiting"] == 30
    assert facts["special"]["code"] == "R-0412"
    assert facts["key"].startswith("bn_test_")
    assert "Making an invented state" in found.stderr
    assert (tmp_path / "kept" / "bednight.db").exists()
    again = run("demo", "--days", "0", "--no-serve", "--keep", str(tmp_path / "kept"), cwd=tmp_path)
    assert again.returncode == 2
    assert "is not empty" in again.stderr


def test_own_network(tmp_path: Path, document: Json) -> None:
    file = tmp_path / "network.json"
    file.write_text(json.dumps(document))
    found = run("demo", "--no-serve", "--json", "--network", str(file), cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["counts"]["facilities"] == 21


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "/: "),
        ('{"version": 1, "tonigth": "2026-11-21"}', "/tonigth: "),
    ],
)
def test_a_file_that_is_no_snapshot_is_refused_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "network.json"
    file.write_text(text)
    found = bednight("demo", "--no-serve", "--network", str(file), url=NOWHERE)
    assert found.returncode == 2
    assert said in found.stderr


def test_the_demo_never_touches_a_live_network() -> None:
    found = bednight("demo", "--no-serve", url=NOWHERE, BEDNIGHT_LIVE="1")
    assert found.returncode == 2
    assert "BEDNIGHT_LIVE" in found.stderr


def test_check_confirms_every_ranking(tmp_path: Path) -> None:
    found = run("demo", "--check", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert found.stdout == "30 of 30 confirmed\n"
    assert list(tmp_path.iterdir()) == []


def test_check_finds_an_answer_that_hides_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    demo = invent()
    only = [referral for referral in demo.document["referrals"] if referral["id"] == demo.special]
    snapshot = decode(demo.document | {"referrals": only})
    assert proof.unconfirmed(snapshot) == {}
    monkeypatch.setattr(proof, "rank", lambda *of: replace(rank(*of), options=()))
    assert list(proof.unconfirmed(snapshot)) == [demo.special]


def test_answers_until_ctrl_c_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    here = {name: value for name, value in os.environ.items() if not name.startswith(("BEDNIGHT", "DATABASE_URL"))}
    here |= {"PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo", "--days", "0", "--port", str(port)],
        cwd=tmp_path,
        env=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = [
                *iter(
                    process.stdout.readline,
                    "Stop with Ctrl-C. Keep the data with --keep DIR. Prove it again with: bednight demo --check\n",
                )
            ]
            key = next(line.split()[-1] for line in said if "bn_test_" in line)
            assert list(tmp_path.glob("bednight-demo-*/bednight.db"))
            headers = {"Authorization": f"Bearer {key}"}
            transport = httpx2.HTTPTransport(retries=5)
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", transport=transport, headers=headers) as client:
                assert client.get("/v1/referrals", params={"limit": 1}).json()["data"][0]["code"] == "R-0412"
        finally:
            process.send_signal(signal.SIGINT)
            _, messages = process.communicate(timeout=60)
    assert process.returncode == 0
    assert messages.endswith("Stopped.\n")
    assert list(tmp_path.iterdir()) == []


def test_how_long_is_left_follows_the_last_days_and_not_the_first() -> None:
    pace, now, left = Pace(0.0), 0.0, {}
    for day in range(1, 366):
        now += 1 if day <= 100 else 3
        left[day] = pace.left(day, 365, now)
    assert (left[1], left[100], left[140], left[365]) == (364, 265, 225 * 3, 0)
