"""The same counts as a table of comma-separated values, safe to open: no text of it is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator

from app.reports.schemas import CapsRead, FundRead, ReportRead, RulesRead, UnlocksRead
from app.reports.waterfall import steps

HIDDEN = "hidden"
HEAD = ("quarter", "fund", "program", "measure", "of", "count")
_STARTS_A_FORMULA = frozenset("=+-@|%")
Row = tuple[str, str, str, str, str, str]


def as_csv(report: ReportRead) -> str:
    """Every count of a report, a row each."""
    return sheet_of(HEAD, rows(report))


def sheet_of(head: Iterable[str], table: Iterable[tuple[str, ...]]) -> str:
    """Comma-separated values, safe to open."""
    out = io.StringIO()
    csv.writer(out).writerows([head, *(tuple(map(guarded, row)) for row in table)])
    return out.getvalue()


def guarded(text: str) -> str:
    """A text that a spreadsheet takes for a text, whatever invisible characters it begins with."""
    begins = next((letter for letter in text if letter.isprintable() and not letter.isspace()), "")
    odd = bool(text) and not text[0].isprintable()
    return f"'{text}" if odd or begins in _STARTS_A_FORMULA else text


def rows(report: ReportRead) -> Iterator[Row]:
    """Quarter, fund, its program, what is counted, the rules or the group that it is counted of, and the count."""
    for name in ("asked", "placed", "never"):
        yield (report.quarter, "", "", name, "", _said(getattr(report, name)))
    for fair in report.fairness:
        for line in fair.lines:
            for name in line.measures:
                yield (report.quarter, "", "", f"{name}_by_{fair.by}", line.group, _said(getattr(line, name)))
    for fund in report.funds:
        yield from _of_fund(fund, report.asked, (report.quarter, fund.fund, fund.program or ""))
    for no in report.refused_though_met or ():
        yield (report.quarter, "", no.alias, "refused_though_every_rule_was_met", no.reason, str(no.count))
    if report.unlocks is not None:
        yield from _unlocks(report.quarter, report.unlocks)


def _unlocks(quarter: str, found: UnlocksRead) -> Iterator[Row]:
    for name in ("unplaced", "looked_into", "none"):
        measure = name if name == "unplaced" else f"unplaced_{name.replace('none', 'no_change_opens')}"
        yield (quarter, "", "", measure, "", str(getattr(found, name)))
    for row in (*found.alone, *found.pairs):
        measure = "opened_by_one_change" if len(row.changes) == 1 else "opened_by_two_changes"
        of = " and ".join(f"{one.code} {one.of}" if one.of else one.code for one in row.changes)
        yield (quarter, "", "", measure, of, str(row.count))


def _of_fund(fund: FundRead, asked: int | None, start: tuple[str, str, str]) -> Iterator[Row]:
    if (turned := fund.turned_away) is not None:
        yield from _by_rules(start, "turned_away", turned)
        yield (*start, "never_turned_away", "", _said(turned.let))
        for one in turned.rules:
            yield (*start, "turned_away_by_rule", one.rule, _said(one.turned_away))
        for step in steps(asked, turned):
            yield (*start, "waterfall_taken", step.rule or "others", _said(step.taken))
            yield (*start, "waterfall_left", step.rule or "others", _said(step.left))
    for listed in fund.lists:
        for line in listed.lines:
            yield (*start, f"turned_away_by_{listed.by}", line.group, _said(line.count))
    if fund.unmet is not None:
        yield from _by_rules(start, "unmet_nights", fund.unmet)
    if fund.caps is not None:
        yield from _of_caps(start, fund.caps)
    if fund.nights is not None:
        for name, count in fund.nights.model_dump().items():
            yield (*start, f"bed_nights_{name}" if name in {"could", "paid", "unspent"} else f"nights_{name}", "",
                   _said(count))  # fmt: skip


def _of_caps(start: tuple[str, str, str], found: CapsRead) -> Iterator[Row]:
    yield (*start, "cap_reached", "", _said(found.reached))
    for measure, lines in (("cap_reached_and_then", found.went), ("cap_reached_by_cap", found.caps)):
        for line in lines:
            yield (*start, measure, line.group, _said(line.count))


def _by_rules(start: tuple[str, str, str], measure: str, found: RulesRead) -> Iterator[Row]:
    yield (*start, measure, "", _said(found.all))
    for line in found.together:
        yield (*start, f"{measure}_by_exactly", " ".join(line.rules), _said(line.count))
    if found.in_others:
        yield (*start, f"{measure}_by_exactly", "others", _said(found.others))


def _said(count: int | None) -> str:
    return HIDDEN if count is None else str(count)
