"""The houses that cannot take the young person, or not yet: every reason, and who could change it."""

from itertools import groupby
from typing import Any

from app.answers.names import Names
from app.answers.questions import question
from app.sharing.projection import UNIT_FIT
from app.web import words
from app.web.places import plainly
from app.web.translation import gettext, ngettext

Json = dict[str, Any]

WHO_FIRST = {"agency": 0, "young person": 1, "facility": 2, "funder": 3, "no one": 5}
NEVER = 4


def named(entry: Json, names: Names) -> Json:
    """A house as a person calls it."""
    house = names.house(entry["facility"])
    return {"facility": entry["facility"], "name": house.name, "region": house.region, "phone": house.phone}


def needs_info(entry: Json, names: Names, gender: str | None) -> Json:
    """What is not known about a house or for it, and who can say."""
    facts = [row["fact"] for row in entry["ask"]]
    if gender is not None and "minor.gender" in facts:
        facts.append("facility.licence.genders")
    own = any(fact.startswith("minor.") for fact in facts)
    house = any(fact.startswith("facility.") for fact in facts)
    who = words.listed([gettext("the young person or the agency")] * own + [gettext("the house")] * house)
    missing = [question(row["fact"], gender) for row in entry["ask"]] or [
        words.said(words.RULES, code) for code in entry["unknown"]
    ]
    return named(entry, names) | {"missing": missing, "who": who[:1].upper() + who[1:]}


def excluded(entry: Json, names: Names) -> Json:
    """Every rule that stands in the way: what can change tonight first, what never can last."""
    fixes = {row["rule"]: row for row in entry["fix"]}
    rows = []
    for finding in entry["findings"]:
        if finding["outcome"] == "not_met" and finding["rule"] in fixes:
            fix = fixes[finding["rule"]]
            order = WHO_FIRST.get(fix["who"], NEVER) if fix["waivable"] else NEVER
            rows.append((order, finding["rule"], _rule(finding, fix, entry["facility"], names)))
    rows.sort(key=lambda row: row[:2])
    labels = list(dict.fromkeys(row["rule"] for _, _, row in rows))
    return named(entry, names) | {
        "failing": len(entry["failed"]),
        "fixable": all(fix["waivable"] for fix in entry["fix"]),
        # A house without a room is not close, whoever says yes.
        "never": any(not row["waivable"] and row["rule"].startswith(("safeguard.", UNIT_FIT)) for row in entry["fix"]),
        "count": ngettext("%(n)s rule in the way", "%(n)s rules in the way", len(entry["failed"])),
        "labels": ", ".join(labels).lower().capitalize(),
        "rules": [row for _, _, row in rows],
        "lines": _lines([row for _, _, row in rows]),
    }


def _lines(rows: list[Json]) -> list[str]:
    """One line per rule; where several payers have it, how many."""
    by_rule = {rule: list(same) for rule, same in groupby(rows, lambda row: str(row["rule"]))}
    return [
        f"{rule}: {same[0]['text']}. {same[0]['who']}"
        if len(same) == 1
        else f"{rule}: {ngettext('%(n)s payer', '%(n)s payers', len(same))}. {same[0]['who']}"
        for rule, same in by_rule.items()
    ]


def alike(houses: list[Json]) -> list[Json]:
    """Houses with the very same reasons in one group, so that a page is read and not scrolled."""

    def key(house: Json) -> tuple[int, str, str]:
        return house["failing"], house["labels"], repr(house["rules"])

    groups = [list(group) for _, group in groupby(sorted(houses, key=lambda h: (*key(h), h["name"])), key)]
    return [
        group[0]
        | {
            "names": [house["name"] for house in group],
            "each": [(house["facility"], house["name"]) for house in group],
            "houses": len(group),
        }
        for group in groups
    ]


def _rule(finding: Json, fix: Json, facility: str, names: Names) -> Json:
    text = plainly(finding["text"])
    if finding["subject"] != facility:
        text = f"{names.fund(finding['subject'])}: {text}"
    return {
        "rule": words.said(words.RULES, finding["rule"]),
        "text": text,
        "who": f"{_who(fix).rstrip('.')}.",
        "source": finding["citation"] or "",
        "code": finding["rule"],
        "party": fix["who"].replace(" ", "_") if fix["waivable"] else None,
    }


def _who(fix: Json) -> str:
    text = plainly(fix["text"])
    if fix["waivable"]:
        if text.startswith("The "):
            return text
        return gettext("%(who)s: %(fix)s") % {"who": words.said(words.WHO, fix["who"]), "fix": text}
    if text.startswith("Cannot be waived"):
        return text
    return gettext("Cannot be waived. %(fix)s") % {"fix": text}
