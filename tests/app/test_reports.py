"""The gap audit: what a funder, the lead and nobody else reads, and that the same numbers stand everywhere."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, insert, inspect, select, update

from app.access.policy import AgencyKind, Role
from app.answers.models import RankingRun
from app.clock import MovableClock
from app.codes import FacilityKind
from app.db import Database
from app.funding.models import Funder
from app.gaps.models import DecisionCounted, DeclineReason, FundRefusal, Gap, GapKind, GapSource
from app.referrals.models import Referral, ReferralStatus
from app.reports import counting
from app.reports.counting import FAIR
from app.reports.models import PublishedTable, TableKind
from app.reports.people import Person, band
from app.reports.publishing import publish_due, read_back
from app.reports.quarters import Quarter
from app.reports.sheet import guarded
from app.stays.codes import DecidedBy, OfferStatus
from app.stays.models import Offer
from matching.disclosure import DEFAULT, Sum, Table, Unsafe, protect, too_narrow, without
from tests.actors import sign_in
from tests.app.test_cli import bednight
from tests.factories import Caller, fund, house, lead, load, made, network, new_agency, refused, rows
from tests.migrations.rows import SEALED

Json = dict[str, Any]
pytestmark = pytest.mark.one_kind

QUARTER = "2026-Q3"
AGE, COUNTY, CUSTODY = "funding.age_band", "funding.residence", "funding.custody"
TOGETHER = {(AGE,): 14, (COUNTY,): 60, (CUSTODY,): 25, (AGE, COUNTY): 3, (CUSTODY, COUNTY): 12, (): 40}
"""How many young people these rules of the fund stood in the way of; every third was placed, the others waited."""
ROWS_OF_PEOPLE = {"referrals", "minors", "decisions_counted", "fund_refusals", "gaps", "ranking_runs", "bed_nights"}


QUARTERLY = set(TableKind) - {TableKind.WHATIF}
"""What is published of each quarter by itself."""
COUNTIES = {"13121": 0, "13089": 4, "13067": 5}
"""Counties of residence, from which remainder by six on; of who has none there is nothing on record."""


def known(n: int) -> Json:
    """What is known of the young person of a number: of two in three an age, few of them children, and a county."""
    born = {0: "2010-01-05", 1: "2007-09-01" if n < 5 else "2013-03-03"}.get(n % 3)
    county = next((one for one, least in reversed(COUNTIES.items()) if n % 6 >= least), None)
    place = {"residence": {"none": True} if n % 12 == 5 else {"county": county, "state": "GA"}}
    return {"born_on": born, "gender": "female" if n % 5 else None, **({} if n % 4 == 3 else place)}


class Told:
    """A funder behind the first of two funds, a quarter of decisions, and two weeks after it."""

    def __init__(self, client: TestClient, database: Database, clock: MovableClock) -> None:
        self.client, self.database, self.clock = client, database, clock
        self.agency_id = new_agency(database, AgencyKind.FUNDER)
        numbers = range(sum(TOGETHER.values()))
        # A program that a spreadsheet would take for a formula.
        cap = {"id": "cap30", "limit": 30, "unit": "night", "window": "stay"}
        own = {**fund("fund_a", beds_per_night=2, clocks=[cap]), "program": "=HYPERLINK(1)"}
        document = network(
            house(funds=["fund_a", "fund_b"]),
            funds=[own, {**fund("fund_b"), "funder": "State"}],
            minors=[{"id": f"min_canary{n}", **known(n)} for n in numbers],
            referrals=[
                {"id": f"ref_canary{n}", "minor": f"min_canary{n}", "urgency": 1, "needed_from": None} for n in numbers
            ],
        )
        agency = load(database, document, funder_agencies={"Fulton County": self.agency_id})
        self.funder = Caller(client, database, Role.FUNDER_ANALYST, self.agency_id)
        self.lead = lead(client, database)
        with database.writing() as session:
            session.execute(update(Referral).values(status=ReferralStatus.WITHDRAWN))
            self._decide(session, agency)

    def _decide(self, session: Any, agency: str) -> None:
        """For each young person one decision, on a night of the quarter."""
        each = [rules for rules, people in TOGETHER.items() for _ in range(people)]
        runs, counted, refusals, gaps = [], [], [], []
        for n, rules in enumerate(each):
            night = date(2026, 7, 1) + timedelta(days=n % 80)
            run = {"run_id": f"run_canary{n}", "night": night}
            at = datetime.fromisoformat(f"{night}T22:00:00-04:00")
            runs.append(
                {
                    "id": run["run_id"], "referral_id": f"ref_canary{n}", "decided_at": at, "tonight": night,
                    "decided_by": "person_1", "agency_id": agency, "policy_id": "default", "policy_version": 1,
                    "rules_version": "1", "engine_version": "1", "snapshot_sha256": "",
                    "sealed_snapshot": SEALED, "sealed_answer": SEALED,
                }
            )  # fmt: skip
            counted.append({**run, "referral_id": f"ref_canary{n}"})
            more = {"fund_id": "fund_a", "facility_kind": FacilityKind.SAFE_HOUSE, "decisive": False}
            refusals += [{**run, **more, "rule": rule, "alone": len(rules) == 1} for rule in rules]
            if n % 3 == 0:
                placed = update(Referral).where(Referral.id == f"ref_canary{n}")
                session.execute(placed.values(status=ReferralStatus.PLACED))
                continue
            gaps.append(
                {
                    "id": f"gap_canary{n}", "referral_id": f"ref_canary{n}", "agency_id": agency, "night": night,
                    "run_id": run["run_id"], "kind": GapKind.INELIGIBLE, "source": GapSource.NIGHT, "made_at": at,
                    "once": f"night:{n}",
                }
            )  # fmt: skip
        for table, found in ((RankingRun, runs), (DecisionCounted, counted), (FundRefusal, refusals), (Gap, gaps)):
            session.execute(insert(table), found)

    def publish(self, on: str = "2026-10-15") -> int:
        """How many tables were published on an evening; two weeks after the quarter it is all of its tables."""
        self.clock.set(datetime.fromisoformat(f"{on}T22:00:00-04:00"))
        return publish_due(self.database)

    def report(self, caller: Caller | None = None) -> Json:
        found: Json = made((caller or self.funder).get(f"/v1/reports/quarters/{QUARTER}"))
        return found

    def tables(self) -> list[PublishedTable]:
        with self.database.reading() as session:
            return list(session.scalars(select(PublishedTable).order_by(PublishedTable.once)))


@pytest.fixture
def told(client: TestClient, database: Database, clock: MovableClock) -> Told:
    return Told(client, database, clock)


def test_a_quarter_is_published_two_weeks_after_it_and_once(told: Told) -> None:
    assert told.publish("2026-10-14") == 0
    refused(told.funder.get(f"/v1/reports/quarters/{QUARTER}"), 404, "not_found")
    assert rows(told.funder.get("/v1/reports/quarters")) == []
    assert told.publish() == len(QUARTERLY)
    before = [(row.kind, row.fund_id, row.cells, row.published_at) for row in told.tables()]
    of_all = {TableKind.NETWORK, *FAIR}
    assert [row[:2] for row in before] == [(kind, None if kind in of_all else "fund_a") for kind in sorted(QUARTERLY)]
    with told.database.writing() as session:
        session.execute(update(Referral).values(status=ReferralStatus.PLACED))
    assert told.publish("2026-10-20") == 0
    assert [(row.kind, row.fund_id, row.cells, row.published_at) for row in told.tables()] == before
    assert rows(told.funder.get("/v1/reports/quarters")) == [
        {"quarter": QUARTER, "first": "2026-07-01", "until": "2026-10-01"}
    ]


def test_a_funder_reads_no_number_of_few_and_none_that_gives_one_away(told: Told) -> None:
    told.publish()
    seen = told.report()
    assert (seen["whole"], seen["asked"], seen["placed"], seen["never"]) == (False, 154, 52, 102)
    assert [one["fund"] for one in seen["funds"]] == ["fund_a"]
    turned = seen["funds"][0]["turned_away"]
    assert (turned["all"], turned["let"]) == (114, 40)
    together = {tuple(line["rules"]): line["count"] for line in turned["together"]}
    assert all(TOGETHER[rules] == count for rules, count in together.items() if count is not None)
    assert (AGE, COUNTY) not in together
    shown = [cell["count"] for row in told.tables() for cell in row.cells if cell["count"] is not None]
    assert not [count for count in shown if 1 <= count <= 10]
    assert too_narrow([read_back(row) for row in told.tables()]) == []


def test_the_lead_reads_every_number_as_it_is(told: Told) -> None:
    seen = told.report(told.lead)
    assert seen["whole"] is True
    assert [one["fund"] for one in seen["funds"]] == ["fund_a", "fund_b"]
    turned = seen["funds"][0]["turned_away"]
    counts = {tuple(line["rules"]): line["count"] for line in turned["together"]}
    assert counts == {rules: people for rules, people in TOGETHER.items() if rules}
    assert {row["rule"]: (row["turned_away"], row["only"]) for row in turned["rules"]} == {
        AGE: (17, 14), COUNTY: (75, 60), CUSTODY: (37, 25),
    }  # fmt: skip
    assert seen["funds"][1]["turned_away"]["all"] == 0
    assert seen["funds"][1]["nights"] is None
    assert [one["caps"] for one in seen["funds"]] == [{"reached": 0, "went": [], "caps": []}, None]


def listed(report: Json) -> dict[str, dict[str, int | None]]:
    return {one["by"]: {line["group"]: line["count"] for line in one["lines"]} for one in report["funds"][0]["lists"]}


def test_each_list_has_everybody_once_by_what_is_known_of_them(told: Told) -> None:
    """Counted again from the young people themselves."""
    each = [rules for rules, people in TOGETHER.items() for _ in range(people)]
    away = [n for n, rules in enumerate(each) if rules]
    bands = {"2010-01-05": "15_17", "2013-03-03": "12_14", "2007-09-01": "18_over", None: "unknown"}

    def county(n: int) -> str:
        place = known(n).get("residence", {})
        return "none" if place.get("none") else place.get("county") or "unknown"

    found = listed(told.report(told.lead))
    assert found["age"] == Counter(bands[known(n)["born_on"]] for n in away)
    assert found["gender"] == Counter(known(n)["gender"] or "unknown" for n in away)
    assert found["residence"] == Counter(map(county, away))
    assert found["found"] == {"unknown": len(away)}
    assert found["urgency"] == {"1": len(away)}
    assert found["house_kind"] == {"safe_house": len(away)}
    assert found["month"] == Counter(f"{date(2026, 7, 1) + timedelta(days=n % 80):%Y-%m}" for n in away)
    fair = {one["by"]: one["lines"] for one in told.report(told.lead)["fairness"]}
    placed = Counter(county(n) for n in range(len(each)) if n % 3 == 0)
    lines = {line["group"]: line for line in fair["residence"]}
    assert {group: line["placed"] for group, line in lines.items()} == {group: placed[group] for group in lines}
    assert all(line["waited"] == line["never"] == line["asked"] - line["placed"] for line in lines.values())
    assert sum(line["asked"] for line in lines.values()) == len(each)


def test_small_groups_of_a_list_stand_in_one_line(told: Told) -> None:
    told.publish()
    whole, out = listed(told.report(told.lead)), listed(told.report())
    assert whole["age"]["18_over"] == 2
    assert "18_over" not in out["age"]
    assert "others" in out["age"]
    for by, lines in out.items():
        assert None not in lines.values()
        assert sum(count or 0 for count in lines.values()) == 114
        assert all(whole[by][group] == count for group, count in lines.items() if group != "others")
    found = sheet(told, told.funder)
    assert [row["of"] for row in found if row["measure"] == "turned_away_by_age"] == [*out["age"]]
    page = told.client.get(f"/reports/{QUARTER}", headers=told.funder.headers).text
    assert "Small groups together" in page
    assert "Fulton County, GA" in page


def test_who_also_reads_how_many_there_were_works_out_no_small_count(told: Told) -> None:
    """Two hidden groups make 21 together; there were 12 and 11 of them, so that each would be known to two."""
    ages = ["12_14"] * 12 + ["18_over"] * 11 + ["15_17"] * 40
    people = {
        str(n): Person(age, "female", "13121", "13121", "13121", "1", placed=n % 2 == 0) for n, age in enumerate(ages)
    }
    away = {one: person.age for one, person in people.items() if one not in ("0", "1", "12")}
    quarter = Quarter(2026, 3)
    fair = Table({f"2026-Q3|fair_age:asked:{age}": ages.count(age) for age in set(ages)})
    earlier = [without(fair, ())]
    table = counting._listed(quarter, "fund_a", TableKind.BY_AGE, away, people, DEFAULT)
    assert {name.rpartition("|")[2]: count for name, count in table.cells.items()} == {
        "all": 60, "by_age:12_14": 10, "by_age:15_17": 40, "by_age:18_over": 10,
    }  # fmt: skip
    hidden = {name for name in table.cells if name.endswith(("12_14", "18_over"))}
    assert set(too_narrow([*earlier, without(table, hidden)])) == hidden
    with pytest.raises(Unsafe):
        protect(
            Table(table.cells, table.sums, known=frozenset({"2026-Q3|fund_a|all", "2026-Q3|fund_a|by_age:15_17"})),
            earlier,
        )
    out = protect(table, earlier)
    assert too_narrow([*earlier, out]) == []


def test_which_counts_are_small_is_for_the_lead_to_say_and_to_say_why(told: Told) -> None:
    path = "/v1/reports/floor"
    assert made(told.funder.get(path)) == {"most_small": 10, "reason": None}
    for wrong, where in (
        ({"most_small": 9}, "/reason"),
        ({"most_small": 3}, "/most_small"),
        ({"most_small": 51}, "/most_small"),
    ):
        problem = refused(told.lead.put(path, wrong), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [where]
    own = Caller(told.client, told.database, Role.ADMINISTRATOR, new_agency(told.database))
    refused(own.put(path, {"most_small": 20}), 403, "forbidden")
    assert made(told.lead.put(path, {"most_small": 20})) == {"most_small": 20, "reason": None}
    lower = {"most_small": 5, "reason": "Agreement of March 2, section 4"}
    assert made(told.lead.put(path, lower)) == lower
    told.publish()
    assert {(row.most_small, row.width, row.floor_reason) for row in told.tables()} == {(5, 5, lower["reason"])}
    assert told.report()["most_small"] == 5
    assert told.report(told.lead)["most_small"] is None
    page = told.client.get(f"/reports/{QUARTER}", headers=told.funder.headers).text
    assert "Groups of 1 to 5 are not shown" in page
    shown = [cell["count"] for row in told.tables() for cell in row.cells if cell["count"] is not None]
    assert not [count for count in shown if 1 <= count <= 5]


@pytest.mark.parametrize(
    ("born_on", "ages", "name"),
    [
        ("2014-11-22", None, "under_12"), ("2014-11-21", None, "12_14"), ("2011-11-22", None, "12_14"),
        ("2011-11-21", None, "15_17"), ("2008-11-22", None, "15_17"), ("2008-11-21", None, "18_over"),
        (None, (15, 17), "15_17"), (None, (14, 15), "unknown"), (None, (18, 150), "18_over"),
        (None, (0, 11), "under_12"), (None, None, "unknown"),
    ],
)  # fmt: skip
def test_bands_of_age(born_on: str | None, ages: tuple[int, int] | None, name: str) -> None:
    least, most = ages or (None, None)
    assert band(None if born_on is None else date.fromisoformat(born_on), least, most, date(2026, 11, 21)) == name


def test_what_could_be_paid_and_was_not(told: Told) -> None:
    nights = told.report(told.lead)["funds"][0]["nights"]
    assert nights == {"could": 184, "paid": 0, "unspent": 184, "nights": 92, "open": 92, "turning": 80}
    page = told.client.get(f"/reports/{QUARTER}", headers=told.lead.headers).text
    assert "On 92 nights it left a bed unspent; on 80 of these it turned somebody away." in page


def sheet(told: Told, caller: Caller) -> list[dict[str, str]]:
    answer = told.client.get(f"/reports/{QUARTER}/figures.csv", headers=caller.headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_table_adds_up_and_says_what_page_and_api_say(told: Told) -> None:
    """The figures of the page from its CSV alone, by these few lines."""
    told.publish()
    found = sheet(told, told.funder)
    parts = [row["count"] for row in found if row["measure"] == "turned_away_by_exactly"]
    total = next(row["count"] for row in found if row["measure"] == "turned_away")
    assert "hidden" not in parts
    assert sum(map(int, parts)) == int(total) == 114
    steps = [(row["measure"], int(row["count"])) for row in found if row["measure"].startswith("waterfall")]
    assert sum(count for measure, count in steps if measure == "waterfall_taken") == 114
    assert steps[-1] == ("waterfall_left", 40)
    unmet = [row for row in found if row["measure"].startswith("unmet_nights")]
    assert sum(int(row["count"]) for row in unmet[1:]) == int(unmet[0]["count"])
    seen = told.report()["funds"][0]
    assert [row["count"] for row in found if row["measure"] == "turned_away_by_rule"] == [
        "hidden" if row["turned_away"] is None else str(row["turned_away"]) for row in seen["turned_away"]["rules"]
    ]
    sign_in(told.client, told.database, Role.FUNDER_ANALYST, told.agency_id)
    page = re.sub(r"<[^>]+>", " ", told.client.get("/reports").text)
    assert {*parts, total, "154", "52", "102"} <= set(re.findall(r"[0-9]+", page))
    assert told.client.get("/").headers["Location"] == "/reports"


def test_only_the_own_funds_and_only_what_is_published(told: Told) -> None:
    told.publish()
    other = Caller(told.client, told.database, Role.FUNDER_ANALYST, new_agency(told.database, AgencyKind.FUNDER))
    administrator = Caller(told.client, told.database, Role.ADMINISTRATOR, new_agency(told.database))
    for caller in (other, administrator):
        assert rows(caller.get("/v1/reports/quarters")) == []
        refused(caller.get(f"/v1/reports/quarters/{QUARTER}"), 404, "not_found")
    for name in ("2026-Q2", "2026-Q5", "2026-q3", "x"):
        refused(told.funder.get(f"/v1/reports/quarters/{name}"), 404, "not_found")
    for role in set(Role) - {Role.FUNDER_ANALYST, Role.ADMINISTRATOR}:
        lead_s = Caller(told.client, told.database, role, told.lead.agency_id)
        refused(lead_s.get(f"/v1/reports/quarters/{QUARTER}"), 403, "forbidden")


@contextmanager
def asked(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    for engine in (database.engine, database.reader):
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in (database.engine, database.reader):
        event.remove(engine, "before_cursor_execute", note)


def test_a_funder_s_look_leads_to_nobody(told: Told) -> None:
    told.publish()
    for path in (f"/reports/{QUARTER}", f"/reports/{QUARTER}/figures.csv", f"/v1/reports/quarters/{QUARTER}",
                 f"/reports/{QUARTER}/board.pdf"):  # fmt: skip
        with asked(told.database) as statements:
            answer = told.client.get(path, headers=told.funder.headers)
        assert answer.status_code == 200
        assert "canary" not in answer.text
        words = {word.strip("(),").split(".")[0] for statement in statements for word in statement.split()}
        assert not words & ROWS_OF_PEOPLE, path
        assert "published_tables" in words


def test_what_was_published_before_is_looked_at(told: Told) -> None:
    """A table that left by another way shows the small count: this one is not published, and that is on record."""
    with told.database.writing() as session:
        name = f"{QUARTER}|fund_a|only:{AGE}+{COUNTY}"
        session.add(
            PublishedTable(
                id="table_0", kind=TableKind.UNMET, fund_id="fund_a", first=date(2026, 7, 1), until=date(2026, 8, 1),
                published_at=told.clock.now(), most_small=10, width=9, floor_reason=None, withheld=False,
                cells=[{"name": name, "count": 3}], sums=[], once="another",
            )
        )  # fmt: skip
        session.execute(update(PublishedTable).values(first=date(2026, 6, 30)))
    told.publish()
    withheld = {row.kind: row.withheld for row in told.tables() if row.id != "table_0"}
    assert withheld == {kind: kind is TableKind.TURNED_AWAY for kind in QUARTERLY}
    assert told.report()["funds"][0]["turned_away"] is None


@pytest.mark.parametrize("same", [True, False])
def test_what_is_out_of_another_fund_of_the_same_funder_is_looked_at(told: Told, same: bool) -> None:
    """Whose people read both of them; another funder's do not."""
    other = told.agency_id if same else new_agency(told.database, AgencyKind.FUNDER)
    with told.database.writing() as session:
        session.execute(update(Funder).where(Funder.name == "State").values(agency_id=other))
        session.add(
            PublishedTable(
                id="table_0", kind=TableKind.UNMET, fund_id="fund_b", first=date(2026, 6, 30), until=date(2026, 8, 1),
                published_at=told.clock.now(), most_small=10, width=9, floor_reason=None, withheld=False,
                cells=[{"name": f"{QUARTER}|fund_a|only:{AGE}+{COUNTY}", "count": 3}], sums=[], once="another",
            )
        )  # fmt: skip
    told.publish()
    withheld = {row.kind: row.withheld for row in told.tables() if row.fund_id == "fund_a"}
    assert withheld[TableKind.TURNED_AWAY] is same
    assert sum(withheld.values()) == same


def test_two_funds_of_one_funder_together_give_no_small_count_away(told: Told) -> None:
    """One fund turned away 40 of those of 15 to 17, another 15 of 12 to 14: of 60 that bounds both from below."""
    ages = ["15_17"] * 42 + ["12_14"] * 18
    people = {str(n): Person(age, "female", "13121", "13121", "13121", "1", placed=False) for n, age in enumerate(ages)}
    quarter = Quarter(2026, 3)
    asked = {f"2026-Q3|fair_age:asked:{age}": ages.count(age) for age in set(ages)}
    network = without(Table({"2026-Q3|asked": 60, **asked}, (Sum("2026-Q3|asked", tuple(asked)),)), asked)

    def away(fund_id: str, who: range) -> Table:
        of = {str(n): ages[n] for n in who}
        return counting._listed(quarter, fund_id, TableKind.BY_AGE, of, people, DEFAULT)

    first, second = away("fund_a", range(40)), away("fund_b", range(42, 57))
    one, other = protect(first, [network]), protect(second, [network])
    assert too_narrow([network, one]) == too_narrow([network, other]) == []
    assert set(too_narrow([network, one, other])) == set(asked)
    with suppress(Unsafe):  # nothing of it is published
        assert too_narrow([network, one, protect(second, [network, one])]) == []


def test_a_young_person_counts_once_whatever_the_number_of_decisions(told: Told) -> None:
    with told.database.writing() as session:
        run = session.get_one(RankingRun, "run_canary0")
        night = date(2026, 8, 8)
        copy = {column.key: getattr(run, column.key) for column in inspect(RankingRun).column_attrs}
        session.execute(insert(RankingRun), {**copy, "id": "run_again", "tonight": night})
        session.execute(
            insert(DecisionCounted), {"run_id": "run_again", "referral_id": run.referral_id, "night": night}
        )
        more = {"run_id": "run_again", "fund_id": "fund_a", "night": night, "alone": True, "decisive": True}
        session.execute(insert(FundRefusal), {**more, "rule": AGE, "facility_kind": FacilityKind.GROUP_HOME})
    turned = told.report(told.lead)["funds"][0]["turned_away"]
    assert turned["all"] == 114
    assert Counter({tuple(line["rules"]): line["count"] for line in turned["together"]}) == Counter(
        {rules: people for rules, people in TOGETHER.items() if rules}
    )


def test_who_only_waits_on_from_the_quarter_before_is_none_of_this_one(told: Told) -> None:
    before = sum(line["waited"] for line in told.report(told.lead)["fairness"][0]["lines"])
    with told.database.writing() as session:
        session.execute(update(Gap).where(Gap.id == "gap_canary1").values(night=date(2026, 10, 1)))
        session.execute(update(Gap).where(Gap.id == "gap_canary2").values(night=date(2026, 10, 2)))
        for table in (DecisionCounted, FundRefusal):
            session.execute(update(table).where(table.run_id == "run_canary2").values(night=date(2026, 10, 2)))
    assert sum(line["waited"] for line in told.report(told.lead)["fairness"][0]["lines"]) == before - 2
    told.clock.set(datetime.fromisoformat("2026-10-15T22:00:00-04:00"))
    found = made(told.lead.get("/v1/reports/quarters/2026-Q4"))
    assert (found["asked"], [line["waited"] for line in found["fairness"][0]["lines"]]) == (1, [1])


def test_a_no_where_every_rule_was_met_is_told_to_the_lead_alone(told: Told) -> None:
    def no(n: int, night: date, rank: int | None, by: DecidedBy, reason: DeclineReason) -> Json:
        at = told.clock.now()
        return {
            "id": f"offer_canary{n}", "referral_id": f"ref_canary{n}", "minor_id": f"min_canary{n}",
            "agency_id": told.agency_id, "facility_id": "fac_a", "run_id": f"run_canary{n}", "first_night": night,
            "rank": rank, "authority": "court_order", "unfunded": False, "status": OfferStatus.DECLINED,
            "sent_at": at, "sent_by": "person_1", "answer_by": at, "answered_at": at, "answered_by": "person_2",
            "decided_by": by, "reason": reason, "version": 1,
        }  # fmt: skip

    day, house_s, own = date(2026, 9, 30), DecidedBy.FACILITY, DecidedBy.YOUNG_PERSON
    with told.database.writing() as session:
        session.execute(
            insert(Offer),
            [
                no(1, day, 1, house_s, DeclineReason.RUN_RISK),
                no(2, day, 2, house_s, DeclineReason.RUN_RISK),
                no(3, day, 1, house_s, DeclineReason.NO_BED),
                no(4, day, None, house_s, DeclineReason.RUN_RISK),
                no(5, day, 1, own, DeclineReason.MINOR_DECLINED),
                no(6, day + timedelta(days=1), 1, house_s, DeclineReason.RUN_RISK),
            ],
        )
    counts = [(row["facility"], row["reason"], row["count"]) for row in told.report(told.lead)["refused_though_met"]]
    assert counts == [("fac_a", "run_risk", 2), ("fac_a", "no_bed", 1)]
    assert "refused_though_every_rule_was_met" in {row["measure"] for row in sheet(told, told.lead)}
    page = told.client.get(f"/reports/{QUARTER}", headers=told.lead.headers).text
    assert "Refused though every written rule was met" in page
    told.publish()
    assert told.report()["refused_though_met"] is None
    assert told.report()["unlocks"] is None
    assert "opened_by" not in str(sheet(told, told.funder))
    assert "refused_though_every_rule_was_met" not in {row["measure"] for row in sheet(told, told.funder)}
    assert "fac_a" not in told.client.get(f"/reports/{QUARTER}", headers=told.funder.headers).text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Metro pool", "Metro pool"), ("", ""), ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"),
        ("\t=1", "'\t=1"), ("\tabc", "'\tabc"),
        ("\rabc", "'\rabc"), ("\ufeff=1", "'\ufeff=1"), ("  =1", "'  =1"), ("\r\n@x", "'\r\n@x"), ("114", "114"),
        ("Night-pool = 3", "Night-pool = 3"),
    ],
)  # fmt: skip
def test_no_text_of_the_table_is_taken_for_a_formula(text: str, safe: str) -> None:
    assert guarded(text) == safe


def test_the_program_of_a_fund_is_no_formula(told: Told) -> None:
    assert {row["program"] for row in sheet(told, told.lead) if row["fund"] == "fund_a"} == {"'=HYPERLINK(1)"}


@pytest.mark.parametrize(
    ("night", "name", "first", "until"),
    [
        (date(2026, 9, 30), "2026-Q3", date(2026, 7, 1), date(2026, 10, 1)),
        (date(2026, 10, 1), "2026-Q4", date(2026, 10, 1), date(2027, 1, 1)),
        (date(2028, 2, 29), "2028-Q1", date(2028, 1, 1), date(2028, 4, 1)),
    ],
)
def test_quarters_of_the_calendar(night: date, name: str, first: date, until: date) -> None:
    quarter = Quarter.of(night)
    assert (quarter.name, quarter.first, quarter.until) == (name, first, until)
    assert Quarter.read(name) == quarter
    assert len(quarter.nights) == (until - first).days
    assert Quarter.read(name.lower()) is None


def test_the_command_prints_the_same(told: Told) -> None:
    url = str(told.database.engine.url)
    assert bednight("gaps", url=url).returncode == 2
    told.publish()
    page = told.client.get(f"/reports/{QUARTER}/figures.csv", headers=told.funder.headers).text
    assert bednight("gaps", "--csv", url=url).stdout.splitlines() == page.splitlines()
    found = json.loads(bednight("gaps", "--json", "--fund", "fund_a", "--quarter", QUARTER, url=url).stdout)
    assert found == told.report()
    whole = json.loads(bednight("gaps", "--json", "--whole", "--quarter", QUARTER, url=url).stdout)
    assert whole == told.report(told.lead)
    assert f"turned_away_by_exactly\t{COUNTY}\t60" in bednight("gaps", url=url).stdout
    for wrong in (
        ("--json", "--csv"),
        ("--quarter", "2026-Q2"),
        ("--quarter", "x"),
        ("--whole", "--quarter", "2031-Q1"),
    ):
        assert bednight("gaps", *wrong, url=url).returncode == 2
