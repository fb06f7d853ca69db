"""What comes after the options of a stored decision: read back, and in the words of the ranking page."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.answers.models import OutlookRun
from app.answers.names import Names
from app.sharing.outlook import project_outlook
from app.web import words
from app.web.translation import gettext, marked

Json = dict[str, Any]

BINDING = words.BINDING | {"bed": marked("the bed is no longer free")}


def shown(session: Session, run_id: str, decision: Json) -> Json | None:
    """What comes after the options of a decision that the actor sees so; none where it was not looked at."""
    row = session.get(OutlookRun, run_id)
    return None if row is None else project_outlook(json.loads(row.answer), decision)


def told(outlook: Json | None, decision: Json, names: Names, tonight: date) -> dict[str, list[str]]:
    """By option that ends before the need does, in sentences: where next, from when, and who pays then.

    When a bed opens is said of a house of which the decision, as this viewer sees it, says so.
    """
    if outlook is None:
        return {}
    opens = {entry["facility"]: str(entry["from"]) for entry in decision["later"] if entry["from"]}
    told = _Told(names, tonight, opens)
    return {row["facility"]: told.after(row, outlook["until"]) for row in outlook["options"]}


@dataclass(frozen=True, slots=True)
class _Told:
    """The words of what comes after, read on one night by somebody who was told when some beds open."""

    names: Names
    tonight: date
    opens: dict[str, str]

    def after(self, row: Json, need_ends: str) -> list[str]:
        """One option: each stay after it, and the nights between and after them for which there is none."""
        if not row["links"]:
            return [self._none(row, need_ends)]
        gaps = {gap["from"]: gap["until"] for gap in row["uncovered"]}
        said, night = [], row["until"]
        for link in row["links"]:
            if night in gaps:
                said.append(self._gap(night, gaps[night]))
            said.append(self._stay(link))
            night = link["until"]
        if night in gaps:
            said.append(self._gap(night, gaps[night]))
        if row["proof"] == "bounded":
            said.append(gettext("Not every way was looked at: there may be a better one."))
        return said

    def _stay(self, link: Json) -> str:
        facts = {
            "house": self.names.house(link["facility"]).name,
            "day": self._day(link["from"]),
            "nights": words.nights(link["nights"]),
            "payers": words.listed(self.names.fund(payer["fund"]) for payer in link["payers"]),
        }
        stay = gettext("%(house)s from %(day)s: %(nights)s, paid by %(payers)s") % facts
        opens = self.opens.get(link["facility"])
        if opens is not None:
            stay += ". " + gettext("Its bed opens on %(day)s") % {"day": self._day(opens)}
        if link["binding"] is None:
            return f"{stay}."
        ends = {"day": self._day(link["until"]), "why": words.said(BINDING, link["binding"])}
        return f"{stay}. {gettext('That ends on %(day)s: %(why)s.') % ends}"

    def _none(self, row: Json, need_ends: str) -> str:
        if row["proof"] == "bounded":
            return gettext("Not every way was looked at, and no house was found yet.")
        left = words.nights(_nights(row["until"], need_ends))
        return gettext("No house is known that could take over for the %(nights)s left.") % {"nights": left}

    def _gap(self, start: str, until: str) -> str:
        facts = {"nights": words.nights(_nights(start, until)), "day": self._day(start)}
        return gettext("No paid bed is known for %(nights)s from %(day)s.") % facts

    def _day(self, on: str) -> str:
        return words.day(on, self.tonight)


def _nights(start: str, until: str) -> int:
    return (date.fromisoformat(until) - date.fromisoformat(start)).days
