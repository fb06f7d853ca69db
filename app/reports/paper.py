"""The gap audit of one fund on one Letter page, for a board: a tagged PDF, in English or Spanish.

Made of published counts alone, in the words of the page; the typesetter is the extra `paper`.
"""

import json
from datetime import datetime
from enum import StrEnum
from functools import cache
from gettext import NullTranslations
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from app.reports.schemas import ReportRead
from app.reports.view import view
from app.web.spanish import SPANISH
from app.web.translation import Catalogue, gettext, marked, ngettext, speaking

Json = dict[str, Any]
MOST_RULES, MOST_SETS = 8, 6
"""As many lines as one page holds; it says how many more there are."""


class Language(StrEnum):
    """In what the page is written."""

    EN = "en"
    ES = "es"


LINKS = {Language.EN: "One page for a board (PDF)", Language.ES: "Una página para la junta (PDF)"}
"""What the link to each is called, in its own language."""
_CATALOGUES: dict[Language, NullTranslations] = {Language.EN: NullTranslations(), Language.ES: Catalogue(SPANISH)}
LABELS = {
    "audit": marked("Gap audit"),
    "rule": marked("Rule"),
    "turned_away": marked("Turned away"),
    "only": marked("Only this rule"),
    "by_rule": marked("Turned away, by rule"),
    "together": marked("Turned away, by the rules that stood in the way together"),
    "in_the_way": marked("What stood in the way"),
    "people": marked("Young people"),
    "caps": marked("Stay caps reached, and where the young people went then"),
    "no_caps": marked("No stay cap of this fund was reached in this period."),
    "where": marked("Where they were on the first night that it did not pay any more"),
    "nights": marked("Bed-nights left unspent"),
    "could": marked("Could pay"),
    "paid": marked("Paid"),
    "unspent": marked("Unspent"),
    "open": marked("Nights with a bed unspent"),
    "turning": marked("Of these: turned somebody away"),
    "let": marked("Never turned away by this fund"),
    "withheld": marked("Small groups are not shown: nothing of this table could be published."),
    "units": marked(
        "A young person counts once in the quarter for each rule of the fund that stood in the way. One bed on one "
        "night is one bed-night."
    ),
}


def can_print() -> bool:
    """Whether the typesetter is there."""
    return find_spec("typst") is not None


def paper(report: ReportRead, fund_id: str, language: Language, now: datetime) -> bytes:
    """The PDF of one fund of a report, the first where none of that name is in it."""
    typst: Any = import_module("typst")
    with speaking(_CATALOGUES[language]):
        told = json.dumps(_told(report, fund_id) | {"language": language.value})
    made: bytes = typst.compile(
        _form(), sys_inputs={"told": told}, ignore_system_fonts=True, pdf_standards=["ua-1"], timestamp=now
    )
    return made


@cache
def _form() -> bytes:
    return files("app.reports").joinpath("paper.typ").read_bytes()


def _told(report: ReportRead, fund_id: str) -> Json:
    """What the page says: the same words and numbers as `/reports`."""
    seen = view(report, fund_id, [])
    fund = seen["fund"]
    return {
        "labels": {name: gettext(text) for name, text in LABELS.items()},
        "title": seen["title"],
        "headline": seen["headline"],
        "small": gettext(
            "Counts only. Groups of 1 to %(n)s are not shown, nor what would give them away. What was published does "
            "not change any more."
        )
        % {"n": report.most_small},
        "fund": None if fund is None else fund | _cut(fund),
    }


def _cut(fund: Json) -> Json:
    rules, sets = fund["rules"], fund["together"] or []
    return {
        "rules": rules[:MOST_RULES],
        "more_rules": _more(len(rules) - MOST_RULES),
        "together": sets[:MOST_SETS],
        "more_together": _more(len(sets) - MOST_SETS),
        "waterfall": [],
        "lists": [],
    }


def _more(left: int) -> str | None:
    if left <= 0:
        return None
    return ngettext("%(n)s more stands in the table (CSV).", "%(n)s more stand in the table (CSV).", left)
