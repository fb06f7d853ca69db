"""The grid of what-ifs for funders: nothing of few is shown or worked out, and each funder reads of its own funds."""

import csv
import io
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, inspect, select

from app.access.policy import AgencyKind, Role
from app.clock import MovableClock
from app.codes import FacilityKind
from app.config import Settings
from app.db import Database
from app.main import create_app
from app.reports import counting, naming
from app.reports.caps import CapReached, Went
from app.reports.models import PublishedTable, TableKind
from app.reports.people import Person
from app.reports.publishing import keep, publish_due, read_back
from app.reports.quarters import Quarter
from app.reports.whatifs_view import sentence
from app.web.places import counties, neighbours
from app.whatif import effects
from app.whatif.effects import MEASURES, Base, Effect
from app.whatif.grid import AGE, CAP, RESIDENCE, GridRow, grid_of
from app.whatif.releasing import due, release, release_due
from matching.disclosure import DEFAULT, Published, Sum, Table, Unsafe, protect, too_narrow, without
from tests.app.server_role import as_server
from tests.factories import EIGHT_ANSWERS, Caller, fund, house, lead, load, made, network, new_agency, refused

Json = dict[str, Any]
one_kind = pytest.mark.one_kind
QUARTER = Quarter(2026, 3)
NAME = "2026-Q4"
TOO_OLD = 12
"""So many young people a year too old for the fund, each ranked once; and a house of two beds."""


def world(draw: random.Random) -> tuple[list[Table], Base]:
    """What is out of a quarter about one fund: everybody, whom it turned away by rule, and those by age."""
    people = {
        f"m{n}": Person(
            draw.choice(["12_14", "15_17", "18_over"]), "female", "13121", "13121", "13121", "1", n % 3 == 0
        )
        for n in range(draw.randint(20, 90))
    }
    refusals = counting._Refused()
    for one in people:
        if rules := {rule for rule in (AGE, RESIDENCE, CAP) if draw.random() < 0.3}:
            refusals.rules[one] = rules
            refusals.first[one] = (QUARTER.first, FacilityKind.SAFE_HOUSE)
    start = naming.cells_of(QUARTER, "fund_a")
    of = counting._gathered({one: people[one].age for one in refusals.rules}, DEFAULT)
    placed = frozenset(one for one, person in people.items() if person.placed)
    base = Base(
        fund=start,
        network=naming.cells_of(QUARTER, None),
        turned_away=frozenset(refusals.rules),
        rules={
            rule: frozenset(o for o, own in refusals.rules.items() if rule in own) for rule in (AGE, RESIDENCE, CAP)
        },
        lists={
            TableKind.BY_AGE: {f"{start}by_age:{g}": frozenset(o for o in of if of[o] == g) for g in set(of.values())}
        },
        placed=placed,
        never=frozenset(people) - placed,
        unspent=draw.choice([None, 200]),
    )
    out = [
        naming.named(QUARTER, None, {"asked": len(people), "placed": len(placed), "never": len(base.never)}, [
            Sum("asked", ("placed", "never"))]),
        counting._turned_away(QUARTER, "fund_a", refusals, len(people), DEFAULT),
        counting._listed(QUARTER, "fund_a", TableKind.BY_AGE, of, people, DEFAULT),
        counting._capped(QUARTER, "fund_a", capped(draw, people), DEFAULT),
    ]  # fmt: skip
    return out, base


def capped(draw: random.Random, people: Iterable[str]) -> dict[str, CapReached]:
    """Some of them reached one of two caps, few of them the second."""
    return {
        one: CapReached(QUARTER.first, draw.choice(["cap30", "cap30", "cap30", "year60"]), draw.choice(list(Went)[:4]))
        for one in sorted(people)
        if draw.random() < 0.6
    }


def series(draw: random.Random, base: Base) -> list[Effect]:
    """Three changes that go further and further, the last by few."""
    let: frozenset[str] = frozenset()
    gain: frozenset[str] = frozenset()
    lose: frozenset[str] = frozenset()
    found = []
    for most in (20, 12, 3):

        def more(of: frozenset[str], there: frozenset[str], most: int = most) -> frozenset[str]:
            left = sorted(of - there)
            return there | set(draw.sample(left, min(len(left), draw.randint(0, most))))

        let, gain, lose = more(base.rules[AGE], let), more(base.never, gain), more(base.placed, lose)
        nights = frozenset((one, QUARTER.first + timedelta(days=d)) for one in gain for d in range(3))
        fewer = frozenset((one, QUARTER.first) for one in lose)
        found.append(Effect(let, gain, lose, nights, fewer))
    return found


def releases(seed: int) -> Iterator[tuple[list[Published], Table]]:
    """Each table of a series of what-ifs as it is about to leave, with what is out by then."""
    draw = random.Random(seed)  # noqa: S311 - an example, not a secret
    tables, base = world(draw)
    out: list[Published] = []
    for table in tables:
        out.append(protect(table, out))
    beside: dict[str, Effect] = {}
    for at, one in enumerate(series(draw, base), 1):
        row = GridRow(f"max_age+{at}", AGE, "max_age+", ())
        table = effects.table(row, one, beside, base)
        yield out, table
        beside[row.name] = one
        try:
            out.append(protect(table, out))
        except Unsafe:
            out.append(Published({}, frozenset()))


@one_kind
def test_the_attack_on_the_grid_and_all_that_is_out_recovers_nothing() -> None:
    """Of random quarters; where only small counts themselves are hidden it does, and where differences are."""
    shown, bare, without_differences = Counter[str](), 0, 0
    for seed in range(6):
        tables = []
        for out, table in releases(seed):
            tables.append(table)
            bare += bool(too_narrow([*out, without(table, table.small())]))
        true = {name: count for table in tables for name, count in table.cells.items()}
        numbers = {name: count for one in out for name, count in one.shown.items()}
        assert too_narrow(out) == []
        assert all(numbers[name] == count for name, count in true.items() if name in numbers)
        assert not [name for name, count in numbers.items() if 1 <= count <= 10]
        for measure in MEASURES:
            said = [numbers.get(f"2026-Q3|fund_a|whatif:max_age+{at}:{measure}") for at in (1, 2, 3)]
            there = [count for count in said if count is not None]
            assert not [(a, b) for a in there for b in there if 1 <= a - b <= 10], said
            shown[measure] += len(there)
            counts = [true[f"2026-Q3|fund_a|whatif:max_age+{at}:{measure}"] for at in (1, 2, 3)]
            without_differences += any(a > 10 and 1 <= b - a <= 10 for a, b in pairwise(counts))
    assert bare
    assert without_differences
    assert all(shown[measure] for measure in MEASURES)


@one_kind
def test_counties_beside_each_other() -> None:
    assert {"13089", "13067", "13135"} < neighbours()["13121"]
    assert "01073" not in neighbours()["13121"]
    assert all(one in neighbours()[other] for one in neighbours() for other in neighbours()[one])
    assert all(one[:2] == other[:2] for one in neighbours() for other in neighbours()[one])
    assert neighbours().keys() == counties().keys()


@one_kind
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("max_age+1", "The highest age 1 year up"), ("max_age-2", "The highest age 2 years down"),
        ("min_age+2", "The lowest age 2 years up"), ("min_age-1", "The lowest age 1 year down"),
        ("counties+near", "The neighbouring counties of the State too"),
        ("counties+state", "Every county of the State"),
        ("clock.cap30=60", "The stay cap cap30 at 60"), ("clock.cap30=none", "Without the stay cap cap30"),
    ],
)  # fmt: skip
def test_a_change_in_words(change: str, said: str) -> None:
    assert sentence(change) == said


class Scene:
    """A funder's fund with a band of ages, a county and a cap; twelve a year too old, and then two weeks after."""

    def __init__(self, client: TestClient, database: Database, clock: MovableClock) -> None:
        self.client, self.database = client, database
        self.agency_id = new_agency(database, AgencyKind.FUNDER)
        self.funder = Caller(client, database, Role.FUNDER_ANALYST, self.agency_id)
        self.lead = lead(client, database)
        cap = {"id": "cap30", "limit": 30, "unit": "night", "window": "trailing", "window_days": 90}
        own = fund(min_age=13, max_age=14, clocks=[cap], residence={"basis": ["residence"], "counties": ["13121"]})
        load(database, network(house("fac_a"), funds=[own]), funder_agencies={"Fulton County": self.agency_id})
        coordinator = Caller(client, database, Role.INTAKE_COORDINATOR)
        for _ in range(TOO_OLD):
            path = coordinator.post("/v1/referrals", {**EIGHT_ANSWERS, "nights_needed": 10}).headers["Location"]
            assert made(coordinator.post(f"{path}/rankings"))["options"] == []
        clock.set(datetime.fromisoformat("2027-01-15T22:00:00-05:00"))
        publish_due(database)

    def tables(self) -> list[PublishedTable]:
        with self.database.reading() as session:
            return list(session.scalars(select(PublishedTable).order_by(PublishedTable.once)))


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock, settings: Settings) -> Iterator[Scene]:
    """On PostgreSQL what is released, and what a funder reads, is so by the server's own role."""
    found = Scene(client, database, clock)
    if database.engine.dialect.name == "sqlite":
        yield found
        return
    with as_server(database, clock) as found.database:
        url = found.database.engine.url.render_as_string(hide_password=False)
        app = create_app(replace(settings, database_url=url), clock=clock)
        found.client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000))
        for caller in (found.funder, found.lead):
            caller.client = found.client
        yield found
        app.state.database.close()


def test_a_quarter_s_grid_from_the_release_to_its_reader(scene: Scene) -> None:
    path = f"/v1/reports/quarters/{NAME}/whatifs"
    assert made(scene.funder.get(path))["funds"] == []
    assert "No what-ifs of this quarter are published yet" in text(scene, f"/reports/{NAME}/whatifs")

    # An older quarter whose grid is not out either is left where the newest alone is asked for.
    row = {column.key: getattr(scene.tables()[0], column.key) for column in inspect(PublishedTable).column_attrs}
    older = {"id": "table_0", "kind": TableKind.NIGHTS, "fund_id": "fund_a", "first": date(2026, 7, 1), "once": "older"}
    with scene.database.writing() as session:
        session.execute(insert(PublishedTable), {**row, **older, "until": date(2026, 10, 1)})
    with scene.database.reading() as session:
        waiting = [series for series in due(session) if series.quarter.name == NAME]
        names = [row.name for row in grid_of(session, "fund_a", Quarter.read(NAME) or QUARTER)]
    assert names == [
        "max_age+1", "max_age+2", "max_age-1", "min_age+1", "min_age-1", "min_age-2", "counties+near", "counties+state",
        "clock.cap30=14", "clock.cap30=21", "clock.cap30=60", "clock.cap30=90", "clock.cap30=none",
    ]  # fmt: skip
    # Whoever stops it goes on where it stopped; what is out is not made again, nor changed.
    assert release(scene.database, waiting[0]) == 2
    first = [(row.id, row.cells) for row in scene.tables() if row.kind is TableKind.WHATIF]
    # A floor that is set later hides more of what leaves from then on; what is out was gathered by the one of then.
    made(scene.lead.put("/v1/reports/floor", {"most_small": 11}))
    told: list[tuple[int, int]] = []
    assert release_due(scene.database, lambda done, of: told.append((done, of)), newest=True) == len(names) - 2
    assert told == [(at, len(waiting) - 1) for at in range(1, len(waiting))]
    with scene.database.reading() as session:
        assert {series.quarter for series in due(session)} == {Quarter(2026, 3)}
    # What left while this was being attacked has to be attacked with it: it stays due.
    again = [Published({}, frozenset())]
    assert keep(scene.database, Quarter(2026, 4), "fund_a", TableKind.WHATIF, Table({}), again, DEFAULT, "other") == 0
    out = [row for row in scene.tables() if row.kind is TableKind.WHATIF]
    assert all(one in [(row.id, row.cells) for row in out] for one in first)
    assert not [row.change for row in out if row.withheld]
    assert Counter(row.most_small for row in out) == {10: 2, 11: len(names) - 2}
    assert too_narrow([read_back(row) for row in scene.tables()]) == []

    found = made(scene.funder.get(path))
    (own,) = found["funds"]
    assert [one["change"] for one in own["changes"]] == [
        "max_age-1", "max_age+1", "max_age+2", "min_age-2", "min_age-1", "min_age+1", *names[6:],
    ]  # fmt: skip
    by = {one["change"]: one for one in own["changes"]}
    # Two beds opened, to two: that is not shown, nor how many nights; that all twelve would be let in is.
    assert by["max_age+1"] == {
        "change": "max_age+1", "withheld": False, "let": TOO_OLD, "still": 0,
        "gain": None, "lose": 0, "more": None, "fewer": 0,
    }  # fmt: skip
    assert by["counties+near"]["let"] == 0
    assert by["counties+near"]["still"] == TOO_OLD
    assert made(scene.lead.get(path)) == found

    page = text(scene, f"/reports/{NAME}/whatifs")
    assert "The highest age 1 year up" in page
    assert "What other limits would have done" in text(scene, f"/reports/{NAME}")
    sheet = scene.client.get(f"/reports/{NAME}/whatifs.csv", headers=scene.funder.headers).text
    lines = {(row["change"], row["measure"]): row["count"] for row in csv.DictReader(io.StringIO(sheet))}
    assert lines["max_age+1", "let"] == str(TOO_OLD)
    assert lines["max_age+1", "gain"] == "hidden"
    assert len(lines) == 6 * len(names)

    # The same as the lead reads of the same limits and nights.
    whole = made(scene.lead.get("/v1/whatif?set=fund_a.max_age=15&from=2026-10-01&until=2027-01-01"))
    assert (whole["turned_away"][0]["let"], whole["would_gain"], whole["would_lose"]) == (TOO_OLD, 2, 0)

    other = Caller(scene.client, scene.database, Role.FUNDER_ANALYST, new_agency(scene.database, AgencyKind.FUNDER))
    refused(other.get(path), 404, "not_found")
    for wrong in ("2026-Q2", "x"):
        refused(scene.funder.get(f"/v1/reports/quarters/{wrong}/whatifs"), 404, "not_found")


def text(scene: Scene, path: str) -> str:
    answer = scene.client.get(path, headers=scene.funder.headers)
    assert answer.status_code == 200
    return answer.text
