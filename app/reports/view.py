"""The gap audit in words: the sentences, the lines of its tables and the bars, all from the same counts."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from app.answers.questions import question
from app.reports.counting import OTHERS
from app.reports.drawings import combinations, county_tiles
from app.reports.people import BANDS, NO_PLACE, UNKNOWN
from app.reports.quarters import Quarter
from app.reports.schemas import (
    CapsRead,
    ChangeRead,
    FairLine,
    FundRead,
    ListLine,
    ListRead,
    NightsRead,
    ReportRead,
    RulesRead,
    TurnedAwayRead,
    UnlocksRead,
)
from app.reports.waterfall import Step, steps
from app.web import words
from app.web.places import county_name
from app.web.translation import gettext, marked, ngettext
from app.web.words import said

Json = dict[str, Any]
Line = TypeVar("Line", ListLine, FairLine)


def view(report: ReportRead, fund_id: str, quarters: list[str]) -> Json:
    """What the page of a quarter shows of one of its funds: the named one, else the first."""
    fund = next((one for one in report.funds if one.fund == fund_id), report.funds[0] if report.funds else None)
    return {
        "quarter": report.quarter,
        "title": title(report.first),
        "headline": _headline(report),
        "whole": report.whole,
        "most_small": report.most_small,
        "fairness": [
            {
                "title": said(_FAIR, fair.by),
                "tiles": county_tiles(fair),
                "lines": [
                    {"name": _group(fair.by, line.group), **_fair(line)} for line in _in_order(fair.by, fair.lines)
                ],
            }
            for fair in report.fairness
        ],
        "quarters": [name for name in quarters if name != report.quarter],
        "funds": [{"id": one.fund, "name": _name(one), "here": one is fund} for one in report.funds],
        "fund": None if fund is None else _fund(fund, report),
        "refused": [
            {"house": no.alias, "reason": said(words.DECLINE_REASONS, no.reason), "count": number(no.count)}
            for no in report.refused_though_met or ()
        ],
        "unlocks": None if report.unlocks is None else _unlocks(report.unlocks, report.funds),
    }


def _unlocks(found: UnlocksRead, funds: list[FundRead]) -> Json:
    """What would have opened a bed, in words; a fund is called as the page calls it."""
    names = {one.fund: _name(one) for one in funds}
    return {
        "said": _looked_into(found),
        "tables": [
            [
                {"name": words.listed([_change(one, names) for one in row.changes]), "count": number(row.count)}
                for row in rows
            ]
            for rows in (found.alone, found.pairs)
        ],
    }


def _looked_into(found: UnlocksRead) -> str:
    text = ngettext("%(n)s young person was not placed;", "%(n)s young people were not placed;", found.unplaced)
    more = gettext("for %(looked)s of them a decision found no bed, and for %(none)s of these no change opens one.")
    return f"{text} " + more % {"looked": number(found.looked_into), "none": number(found.none)}


def _change(change: ChangeRead, funds: Mapping[str, str]) -> str:
    if change.kind == "fact":
        fact = question(change.code).rstrip(".")
        fact = fact[:1].lower() + fact[1:]
        if change.alias:
            return gettext("To know of %(house)s: %(fact)s") % {"house": change.alias, "fact": fact}
        return gettext("To know: %(fact)s") % {"fact": fact}
    whose = change.alias or funds.get(change.of or "", change.of or "")
    return gettext("Put aside by %(whose)s: %(rule)s") % {"whose": whose, "rule": said(words.RULES, change.code)}


def title(on: date) -> str:
    """The months of the quarter of a night, in words."""
    quarter = Quarter.of(on)
    first, last = words.MONTHS[quarter.first.month - 1], words.MONTHS[quarter.first.month + 1]
    return gettext("%(first)s to %(last)s %(year)s") % {
        "first": gettext(first), "last": gettext(last), "year": quarter.year,
    }  # fmt: skip


def _headline(report: ReportRead) -> str:
    if report.asked is None or report.placed is None or report.never is None:
        return gettext("How many young people needed a bed is not shown: they were few.")
    said = ngettext("%(n)s young person needed a bed", "%(n)s young people needed a bed", report.asked)
    parts = {"asked": said, "placed": report.placed, "never": report.never}
    return gettext("%(asked)s: %(placed)s placed, %(never)s not.") % parts


def _name(fund: FundRead) -> str:
    return fund.program or fund.fund


def number(count: int | None) -> str:
    """A count, or that it is not shown."""
    return gettext("not shown") if count is None else f"{count:,}"


def _fund(fund: FundRead, report: ReportRead) -> Json:
    turned = fund.turned_away
    most = max([1, *(row.turned_away or row.only or 0 for row in turned.rules)]) if turned else 1
    return {
        "id": fund.fund,
        "name": _name(fund),
        "sentence": _sentence(fund),
        "none": turned is not None and turned.all == 0,
        "withheld": turned is None,
        "asked": number(report.asked),
        "let": None if turned is None else number(turned.let),
        "total": None if turned is None else number(turned.all),
        "rules": [] if turned is None else [
            {
                "name": said(words.RULES, row.rule),
                "turned_away": number(row.turned_away),
                "only": number(row.only),
                "any_width": _percent(row.turned_away, most),
                "only_width": _percent(row.only, most),
            }
            for row in turned.rules
        ],
        "waterfall": [] if turned is None else _waterfall(report.asked, turned),
        "lists": [_list(one) for one in fund.lists],
        "together": None if turned is None else _lines(turned),
        "combinations": None if turned is None else combinations(turned),
        "unmet": None if fund.unmet is None else _lines(fund.unmet),
        "unmet_total": None if fund.unmet is None else number(fund.unmet.all),
        "caps": None if fund.caps is None else _caps(fund.caps),
        "nights": None if fund.nights is None else {
            "said": _unspent(fund.nights),
            **{name: number(count) for name, count in fund.nights.model_dump().items()},
        },
    }  # fmt: skip


def _caps(found: CapsRead) -> Json:
    """For whom a cap was reached, and where they were then; by cap where there are several."""
    return {
        "reached": number(found.reached),
        "none": found.reached == 0,
        "went": _list(ListRead(by="went", lines=found.went))["lines"],
        "caps": _list(ListRead(by="cap", lines=found.caps))["lines"] if len(found.caps) > 1 else [],
    }


def _waterfall(asked: int | None, turned: TurnedAwayRead) -> list[Json]:
    """Its steps with a bar for each: those left after it, and those whom it takes away."""
    if asked is None:
        return []
    return [
        {
            "name": gettext("Small groups together") if step.rule is None else said(words.RULES, step.rule),
            "taken": number(step.taken),
            "left": number(step.left),
            "any": _between(step),
            "left_width": _percent(step.left, asked or 1),
            "taken_width": None if step.left is None else _percent(step.taken, asked or 1),
        }
        for step in steps(asked, turned)
    ]


def _between(step: Step) -> str:
    if step.rule is None:
        return ""
    return gettext("%(least)s to %(most)s") % {"least": number(step.least), "most": number(step.most)}


def _list(listed: ListRead) -> Json:
    """One list of whom a fund turned away, with a bar for each line."""
    most = max([1, *(line.count or 0 for line in listed.lines)])
    return {
        "title": said(_LISTS, listed.by),
        "lines": [
            {"name": _group(listed.by, line.group), "count": number(line.count), "width": _percent(line.count, most)}
            for line in _in_order(listed.by, listed.lines)
        ],
    }


def _fair(line: FairLine) -> Json:
    """The counts of a group, and of whom among it a bed was found, in a hundred."""
    share = None if not line.asked or line.placed is None else 100 * line.placed / line.asked
    shown = {name: number(getattr(line, name)) for name in line.measures}
    return {**shown, "width": None if share is None else f"{share:.2f}%"}


def _in_order(by: str, lines: list[Line]) -> list[Line]:
    """Bands, urgencies and months run on; counties and kinds by how many. What is not known, and small ones, last."""
    last = {UNKNOWN: 1, OTHERS: 2}
    order = [*BANDS] if by == "age" else []

    def key(line: Line) -> tuple[int, int, str]:
        place = order.index(line.group) if line.group in order else 0
        count = (line.count if isinstance(line, ListLine) else line.asked) or 0
        return last.get(line.group, 0), place if by in _RUN_ON else -count, line.group

    return sorted(lines, key=key)


def _group(by: str, group: str) -> str:
    """A group of a list in words."""
    if group in _ANY:
        return gettext(_ANY[group])
    if by in _COUNTIES:
        return gettext("No fixed residence") if group == NO_PLACE else county_name(group)
    if by == "month":
        year, month = group.split("-")
        return f"{gettext(words.MONTHS[int(month) - 1])} {year}"
    return said(_GROUPS.get(by, {}), group)


_LISTS = {
    "age": marked("By age on the night of the first decision"),
    "gender": marked("By gender"),
    "residence": marked("By county of residence"),
    "found": marked("By the county where the young person was found"),
    "jurisdiction": marked("By the county whose court has the case"),
    "urgency": marked("By how soon a bed was needed"),
    "house_kind": marked("By the kind of house where the fewest rules stood in the way"),
    "month": marked("By the month in which it was first"),
}
_FAIR = {
    "age": marked("Who was placed, by age"),
    "gender": marked("Who was placed, by gender"),
    "residence": marked("Who was placed, by county of residence"),
}
_COUNTIES = frozenset({"residence", "found", "jurisdiction"})
_RUN_ON = frozenset({"age", "urgency", "month"})
_ANY = {UNKNOWN: marked("Not known"), OTHERS: marked("Small groups together")}
_GROUPS = {
    "age": {
        "under_12": marked("Under 12"),
        "12_14": marked("12 to 14"),
        "15_17": marked("15 to 17"),
        "18_over": marked("18 and over"),
    },
    "gender": words.GENDERS,
    "went": {
        "another_payer": marked("Stayed; another fund paid"),
        "nobody_paid": marked("Stayed; nobody paid"),
        "another_house": marked("Went to another house"),
        "waited": marked("Had no bed and waited for one"),
        "family": marked("Went to family"),
        "independent": marked("Went to live independently"),
        "other_care": marked("Went to other care"),
        "missing": marked("Went missing"),
        "not_known": marked("Not known where"),
    },
    "urgency": {str(urgency): text for urgency, text in words.URGENCY.items()},
}


def _percent(count: int | None, most: int) -> str | None:
    return None if count is None else f"{100 * count / most:.2f}%"


def _sentence(fund: FundRead) -> str:
    turned = fund.turned_away
    if turned is None or turned.all is None:
        return gettext("%(fund)s: how many it turned away is not shown, since they were few.") % {"fund": _name(fund)}
    text = ngettext("%(n)s was turned away by a rule of %%(fund)s at least once.",
                    "%(n)s were turned away by a rule of %%(fund)s at least once.", turned.all)  # fmt: skip
    return text % {"fund": _name(fund)}


def _unspent(nights: NightsRead) -> str | None:
    """What stood empty and paid, and how often somebody was turned away beside it, as far as it is shown."""
    if nights.turning is None or nights.open is None:
        return None
    said = ngettext("On %(n)s night", "On %(n)s nights", nights.open)
    parts = {"open": said, "turning": nights.turning}
    return gettext("%(open)s it left a bed unspent; on %(turning)s of these it turned somebody away.") % parts


def _lines(found: RulesRead) -> list[Json]:
    lines = [
        {"name": words.listed([said(words.RULES, rule) for rule in line.rules]), "count": number(line.count)}
        for line in found.together
    ]
    if found.in_others:
        name = ngettext("%(n)s other set of rules", "%(n)s other sets of rules, each small or needed to hide one",
                        found.in_others)  # fmt: skip
        lines.append({"name": name, "count": number(found.others)})
    return lines
