"""The page for a board: published counts alone, on one page, tagged, and all of it in either language."""

from datetime import date, datetime
from typing import Any

import pytest

from app.access.policy import AgencyKind, Role
from app.reports import pages
from app.reports import paper as made
from app.reports.caps import Went
from app.reports.paper import Language, paper
from app.reports.schemas import (
    CapsRead,
    FundRead,
    ListLine,
    NightsRead,
    ReportRead,
    RuleCount,
    TogetherCount,
    TurnedAwayRead,
)
from app.web.spanish import SPANISH
from app.web.translation import Catalogue, speaking
from matching.rules import FUND_RULES
from tests.app.test_reports import QUARTER, Told, sheet, told
from tests.factories import Caller, new_agency
from tests.papers import is_tagged, pages_of, said_in

__all__ = ["told"]
pytestmark = pytest.mark.one_kind
NOW = datetime.fromisoformat("2026-10-15T22:00:00-04:00")


def a_report(rules: int, count: int | None, in_others: int = 0, first: int = 1) -> ReportRead:
    """A report of one fund with so many rules and every way on from a cap, each of one count."""
    codes = [rule.code for rule in FUND_RULES][:rules]
    turned = TurnedAwayRead(
        all=None if count is None else count * rules, let=count, others=count, in_others=in_others,
        together=[TogetherCount(rules=[one, other], count=count) for one in codes for other in codes if one < other],
        rules=[RuleCount(rule=rule, turned_away=count, only=count) for rule in codes],
    )  # fmt: skip
    went = [ListLine(group=group, count=count) for group in (*Went, "others")]
    fund = FundRead(
        fund="fund_a", program="Pool #1 *of* $money$ @x", turned_away=turned, lists=[], unmet=None,
        nights=NightsRead(could=184, paid=count, unspent=count, nights=92, open=count, turning=count),
        caps=CapsRead(reached=count, went=went, caps=[]),
    )  # fmt: skip
    return ReportRead(
        quarter="2026-Q1", first=date(2026, first, 1), until=date(2026, first + 3, 1), whole=False, most_small=10,
        asked=count, placed=count, never=count, fairness=[], funds=[fund], refused_though_met=None, unlocks=None,
    )  # fmt: skip


@pytest.mark.parametrize("language", Language)
def test_the_longest_one_is_one_page(language: Language) -> None:
    pdf = paper(a_report(len(FUND_RULES), None, in_others=9), "", language, NOW)
    assert pages_of(pdf) == 1
    assert is_tagged(pdf, language)
    assert "Pool #1 *of* $money$ @x" in said_in(pdf)
    more = len(FUND_RULES) - made.MOST_RULES
    assert f"{more} more stand" in said_in(pdf) or f"{more} más están" in said_in(pdf)


class Missing(Catalogue):
    """Spanish that notes what it has no word for."""

    def __init__(self) -> None:
        super().__init__(SPANISH)
        self.found: set[str] = set()

    def gettext(self, message: str) -> str:
        if message not in SPANISH:
            self.found.add(message)
        return super().gettext(message)


def test_every_text_has_its_spanish() -> None:
    missing = Missing()
    reports = [a_report(len(FUND_RULES), count, n, first) for count, n, first in
               ((None, 1, 1), (1, 2, 4), (12, 0, 7), (2, 9, 9))]  # fmt: skip
    empty = a_report(0, 0)
    with speaking(missing):
        for report in [*reports, a_report(made.MOST_RULES + 1, 12), empty]:
            made._told(report, "")
    assert missing.found - {"Feb", "May", "Aug", "Nov"} == set()
    placeholders = [(one, other) for one, other in SPANISH.items() if one.count("%") != other.count("%")]
    assert placeholders == []


def test_it_says_what_is_published_and_no_more_whoever_asks(told: Told) -> None:
    path = f"/reports/{QUARTER}/board.pdf?fund=fund_a"

    def printed(caller: Caller, more: str = "") -> Any:
        return told.client.get(path + more, headers=caller.headers)

    assert printed(told.lead).status_code == printed(told.funder).status_code == 404
    told.publish()
    answer = printed(told.funder)
    assert answer.headers["content-type"] == "application/pdf"
    assert printed(told.lead).content == answer.content
    text = said_in(answer.content)
    counts = [row["count"] for row in sheet(told, told.funder) if row["measure"] == "turned_away_by_rule"]
    assert all(("not shown" if count == "hidden" else count) in text for count in counts)
    assert "canary" not in text
    spanish = said_in(printed(told.funder, "&language=es").content)
    assert "114" in spanish
    assert "Auditoría de brechas" in spanish
    other = Caller(told.client, told.database, Role.FUNDER_ANALYST, new_agency(told.database, AgencyKind.FUNDER))
    assert printed(other).status_code == 404
    assert "board.pdf" in told.client.get(f"/reports/{QUARTER}", headers=told.funder.headers).text


def test_a_deployment_without_the_typesetter_says_so(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.publish()
    monkeypatch.setattr(pages, "can_print", lambda: False)
    answer = told.client.get(f"/reports/{QUARTER}/board.pdf", headers=told.funder.headers)
    assert answer.status_code == 404
    assert "board.pdf" not in told.client.get(f"/reports/{QUARTER}", headers=told.funder.headers).text
