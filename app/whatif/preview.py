"""A fund's limits as a sentence that can be edited, and the figures of a what-if in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.funding.limits import governing
from app.funding.models import Fund, FundClock, FundLimit
from app.web import words
from app.web.places import county_name
from app.web.translation import gettext, marked
from app.web.words import said
from app.whatif.asking import CLOCK, NONE
from app.whatif.schemas import BestRead, Figure, WhatIf

Json = dict[str, Any]
NAMES = ("min_age", "max_age", "leaves_at_age", "counties", "beds_per_night")
HOW = {"rule alone": marked("rule alone"), "re-run with beds": marked("re-run with beds")}


@dataclass(frozen=True, slots=True)
class Sentence:
    """The limits of a fund in force, each as it is typed (empty: no such rule), as they were and as they are asked."""

    fund: str
    name: str
    valid_from: date
    was: Mapping[str, str]
    now: Mapping[str, str]
    caps: Mapping[str, str]
    """By the name of each stay cap, how it counts, in words."""

    @property
    def edited(self) -> bool:
        """Whether anything is asked."""
        return self.now is not self.was

    @property
    def changes(self) -> list[str]:
        """What differs, as the command line writes it."""
        start = f"{self.fund}@{self.valid_from}."
        return [f"{start}{name}={self.now[name] or NONE}" for name in self.was if self.now[name] != self.was[name]]

    @property
    def counties(self) -> str:
        """The counties by name."""
        return words.listed(map(county_name, filter(None, self.now["counties"].split(","))))


def funds_of(session: Session, here: str | None) -> list[Json]:
    """Every fund with limits, by name."""
    rows = session.execute(select(Fund.id, Fund.program).where(Fund.id.in_(select(FundLimit.fund_id))))
    found = [{"id": row.id, "name": row.program or row.id, "here": row.id == here} for row in rows]
    return sorted(found, key=lambda row: str(row["name"]))


def sentence_of(session: Session, fund_id: str, tonight: date, typed: Mapping[str, str]) -> Sentence | None:
    """The sentence of a fund, edited where something was typed; None where no such fund has limits."""
    fund = session.get(Fund, fund_id)
    limits = session.scalars(select(FundLimit).where(FundLimit.fund_id == fund_id).order_by(FundLimit.position)).all()
    if fund is None or not limits:
        return None
    at = governing(limits, tonight)
    row = limits[-1 if at is None else at]
    clocks = session.scalars(select(FundClock).where(FundClock.limit_id == row.id).order_by(FundClock.position)).all()
    was = {name: _text(row.residence_counties if name == "counties" else getattr(row, name)) for name in NAMES}
    was |= {f"{CLOCK}{clock.code}": str(clock.limit) for clock in clocks}
    edited = any(name in typed for name in was)
    now = {name: typed.get(name, was[name]).replace(" ", "").strip(",") for name in was} if edited else was
    caps = {f"{CLOCK}{clock.code}": _counts(clock) for clock in clocks}
    return Sentence(fund.id, fund.program or fund.id, row.valid_from, was, now, caps)


def _text(value: Any) -> str:
    return "" if value is None else ",".join(value) if isinstance(value, list) else str(value)


def _counts(clock: FundClock) -> str:
    unit = {"night": gettext("nights"), "day": gettext("days"), "business_day": gettext("business days")}[clock.unit]
    if clock.window_days is not None:
        window = gettext("in any %(n)s days") % {"n": clock.window_days}
    elif clock.window_months is not None:
        window = gettext("in any %(n)s months") % {"n": clock.window_months}
    else:
        window = gettext(_WINDOWS[clock.window])
    return f"{unit} {window}"


_WINDOWS = {
    "stay": marked("per stay"),
    "chain": marked("per chain of stays"),
    "fiscal_year": marked("per fiscal year"),
    "lifetime": marked("in all"),
    "trailing": "",
}


def figures(session: Session, found: WhatIf, sentence: Sentence | None) -> Json:
    """What the page says of a what-if: each number with how it was come by."""
    names: dict[str, str | None] = dict(session.execute(select(Fund.id, Fund.program)).all())
    lines = [
        _line(gettext("Turned away by %(fund)s") % {"fund": names.get(one.fund) or one.fund},
              Figure(how=one.how, then=one.turned_away, now=one.turned_away - one.let))
        for one in found.turned_away
    ]  # fmt: skip
    lines += [
        _line(gettext("Referrals placed"), found.placed),
        _line(gettext("Bed-nights slept"), found.nights),
        _line(gettext("Nights waited"), found.waited),
    ]
    of_funds = [
        _line(names.get(one.fund or "") or one.fund or gettext("Nobody pays"), one.nights) for one in found.funds
    ]
    cents = [
        _line(names.get(one.fund or "") or one.fund or "", one.cents, dollars=True)
        for one in found.funds
        if one.cents is not None
    ]
    counties = [
        _line(county_name(one.county) if one.county else gettext("Not known"), one.placed) for one in found.counties
    ]
    return {
        "first": found.first,
        "until": found.until,
        "gain": found.would_gain,
        "lose": found.would_lose,
        "tables": [
            (gettext("What it comes to"), lines),
            (gettext("Bed-nights, by who pays"), _differing(of_funds)),
            (gettext("Dollars, by who pays"), _differing(cents)),
            (gettext("Referrals placed, by county of residence"), _differing(counties)),
        ],
    }


def _differing(lines: list[Json]) -> list[Json]:
    return [line for line in lines if line["then"] != line["now"]]


def _line(name: str, figure: Figure, *, dollars: bool = False) -> Json:
    def text(count: int) -> str:
        return f"{count / 100:,.2f}" if dollars else f"{count:,}"

    more = figure.now - figure.then
    return {
        "name": name,
        "how": gettext(HOW[figure.how]),
        "then": text(figure.then),
        "now": text(figure.now),
        "difference": f"+{text(more)}" if more > 0 else text(more),
    }


def best_lines(found: BestRead) -> Json:
    """The best few rules, line by line."""
    return {
        "could": found.could,
        "curve": _curve(found),
        "first": found.first,
        "until": found.until,
        "lines": [
            {
                "most": line.most,
                "levers": words.listed(
                    f"{one.program or one.fund}: {said(words.RULES, one.rule)}" for one in line.levers
                ),
                "value": f"{line.value:,}",
                "proved": gettext("proved") if line.proved else gettext("at most %(n)s") % {"n": line.bound},
                "gain": f"{line.rerun.would_gain:,}",
                "lose": f"{line.rerun.would_lose:,}",
                "placed": f"{line.rerun.placed.now:,}",
                "then": f"{line.rerun.placed.then:,}",
                "width": f"{100 * line.value / max(1, found.could):.2f}%",
            }
            for line in found.curve
        ],
    }


LEFT, TOP, WIDE, HIGH = 34, 16, 300, 150


def _curve(found: BestRead) -> Json:
    """How many young people would have had a bed, by how many rules were put aside: by design, and when re-run."""
    most = max([1, *(line.value for line in found.curve), *(line.rerun.would_gain for line in found.curve)])
    last = max([1, *(line.most for line in found.curve)])

    def at(rules: int, people: int) -> tuple[int, int]:
        return LEFT + WIDE * rules // last, TOP + HIGH - HIGH * people // most

    design = [at(line.most, line.value) for line in found.curve]
    rerun = [at(line.most, line.rerun.would_gain) for line in found.curve]
    points = [
        {"most": line.most, "design": dot, "rerun": square, "value": line.value}
        for line, dot, square in zip(found.curve, design, rerun, strict=True)
    ]
    return {
        "width": LEFT + WIDE + 20,
        "height": TOP + HIGH + 34,
        "axis": {"left": LEFT, "top": TOP, "right": LEFT + WIDE, "bottom": TOP + HIGH},
        "line": " ".join(f"{x},{y}" for x, y in [at(0, 0), *design]),
        "points": points,
    }
