"""Why a house fits, in the words of a call; what ends during the stay; what choosing it does to others."""

import re
from datetime import date
from typing import Any

from app.answers.compare import WORTH
from app.answers.names import Names
from app.web import words
from app.web.places import spoken
from app.web.translation import gettext, ngettext

Json = dict[str, Any]

MOST_CHANGES = 3


def reasons(entry: Json, names: Names) -> list[str]:
    """Three to five sentences. Every house among the options meets every rule; these are the ones people ask about."""
    met = {f["rule"]: f for f in reversed(entry["findings"]) if f["outcome"] == "met"}
    said = [
        _age(met.get("licence.age")),
        gettext("Trafficked young people only"),
        _residence(entry, names),
        gettext("Every safeguard is met, with current evidence"),
        _services(met.get("facility.services"), entry["terms"]),
    ]
    return [sentence for sentence in said if sentence]


def _age(finding: Json | None) -> str | None:
    if finding is None or finding["have"] is None:
        return None
    return gettext("Age %(age)s is inside %(band)s") % {"age": finding["have"], "band": finding["need"]}


def _residence(entry: Json, names: Names) -> str | None:
    """Where the first payer asks for a county, that it is the right one."""
    if not entry["payers"]:
        return None
    fund = entry["payers"][0]["fund"]
    rule = ("funding.residence", fund)
    found = next((f for f in entry["findings"] if (f["rule"], f["subject"]) == rule and f["have"]), None)
    if found is None or not re.search(r"\d{5}", str(found["need"])):
        return None
    return gettext("%(fund)s pays for %(county)s") % {"fund": names.fund(fund), "county": spoken(str(found["have"]))}


def _services(finding: Json | None, terms: list[Json]) -> str | None:
    required = finding is not None and finding["have"] is not None
    missing = next((term for term in terms if term["code"] == "needs.missing" and term["value"]), None)
    if missing is not None:
        return str(missing["text"]).replace("_", " ")
    return gettext("Every service that must be there is there") if required else None


def where(entry: Json, names: Names) -> str:
    """The region, and the distance as a band: never more."""
    region = names.house(entry["facility"]).region or gettext("Region not stated")
    far = next((term["text"] for term in entry["terms"] if term["code"] == "home.distance"), "")
    return f"{region}. {far}." if re.match(r"\d", far) else f"{region}."


def still_to_come(entry: Json) -> str | None:
    """What the bed is worth to those still to come, where the order of terms counts it."""
    return next((f"{term['text']}." for term in entry["terms"] if term["code"] == WORTH), None)


def others(network: Json | None) -> str:
    """What choosing this does to the others who wait: counts, never who or where."""
    if network is None:
        return gettext("Not worked out for a later night.")
    lost, urgent = -network["placed_change"], -network["urgent_placed_change"]
    if lost > 0:
        text = ngettext(
            "%(n)s other young person waiting would lose a bed tonight",
            "%(n)s other young people waiting would lose a bed tonight",
            lost,
        )
        return f"{text} ({gettext('urgent: %(n)s') % {'n': urgent}})."
    nights = network["nights_change"]
    if nights < 0:
        fewer = ngettext("%(n)s paid night fewer", "%(n)s paid nights fewer", -nights)
        return gettext("Nobody else loses a bed; together they have %(fewer)s.") % {"fewer": fewer}
    return gettext("Nobody else who waits loses a bed or a paid night.")


def changes(entry: Json, names: Names, tonight: date) -> list[str]:
    """What is true on the first night and ends during the stay, the soonest first; of one fund on one day together."""
    ending = [finding for finding in entry["findings"] if finding["outcome"] == "met" and finding.get("changes_on")]
    funds: dict[tuple[str, str], list[str]] = {}
    seen: dict[tuple[str, str], None] = {}
    for finding in ending:
        on, rule = finding["changes_on"], finding["rule"]
        if rule.startswith("funding."):
            funds.setdefault((on, finding["subject"]), []).append(words.said(words.RULES, rule).lower())
        else:
            seen[on, _what_ends(rule)] = None
    for (on, fund), rules in funds.items():
        said = {"fund": names.fund(fund), "rules": words.listed(dict.fromkeys(rules))}
        seen[on, gettext("%(fund)s: %(rules)s no longer met") % said] = None
    return [gettext("%(day)s: %(what)s") % {"day": words.day(on, tonight), "what": what} for on, what in sorted(seen)][
        :MOST_CHANGES
    ]


def _what_ends(rule: str) -> str:
    label = words.said(words.RULES, rule).lower()
    if rule.startswith("safeguard."):
        return gettext("evidence for “%(rule)s” runs out") % {"rule": label}
    if rule == "licence.in_force":
        return gettext("the licence ends")
    return gettext("%(rule)s no longer met") % {"rule": label}
