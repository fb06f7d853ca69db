"""The grid of what-ifs in words: a sentence for each change, and beside it what it would have done."""

from typing import Any

from app.reports.view import number, title
from app.reports.whatifs import ChangeOfFund, FundWhatifs, WhatifsRead
from app.web.translation import gettext, ngettext

Json = dict[str, Any]


def view(found: WhatifsRead, fund_id: str) -> Json:
    """What the page shows of one fund: the named one, else the first."""
    fund = next((one for one in found.funds if one.fund == fund_id), found.funds[0] if found.funds else None)
    return {
        "quarter": found.quarter,
        "title": title(found.first),
        "funds": [{"id": one.fund, "name": one.program or one.fund, "here": one is fund} for one in found.funds],
        "fund": None if fund is None else _fund(fund),
    }


def _fund(fund: FundWhatifs) -> Json:
    return {
        "name": fund.program or fund.fund,
        "most_small": fund.most_small,
        "changes": [{"name": sentence(one.change), "withheld": one.withheld, **_counts(one)} for one in fund.changes],
    }


def _counts(one: ChangeOfFund) -> Json:
    return {name: number(getattr(one, name)) for name in ("let", "still", "gain", "lose", "more", "fewer")}


def sentence(change: str) -> str:
    """A change of the grid as a person says it."""
    limit, _, value = change.partition("=")
    if limit.startswith("clock."):
        parts = {"name": limit.removeprefix("clock."), "n": value}
        return (
            gettext("Without the stay cap %(name)s") % parts
            if value == "none"
            else (gettext("The stay cap %(name)s at %(n)s") % parts)
        )
    if limit.startswith("counties"):
        state = limit.endswith("state")
        return gettext("Every county of the State") if state else gettext("The neighbouring counties of the State too")
    years = int(limit[len("max_age") :])
    if limit.startswith("max_age"):
        said = (
            ngettext("The highest age %(n)s year up", "The highest age %(n)s years up", years)
            if years > 0
            else ngettext("The highest age %(n)s year down", "The highest age %(n)s years down", -years)
        )
    else:
        said = (
            ngettext("The lowest age %(n)s year up", "The lowest age %(n)s years up", years)
            if years > 0
            else ngettext("The lowest age %(n)s year down", "The lowest age %(n)s years down", -years)
        )
    return said
