"""The one question worth asking first: which missing fact decides most houses, and how it is answered."""

from typing import Any

from app.web import words
from app.web.translation import gettext, marked, ngettext

Json = dict[str, Any]

# What a coordinator can answer in one box; the rest is answered on the form, or by a house.
CHOICES = {
    "minor.custody": words.CUSTODY,
    "minor.trafficking": {code: words.TRAFFICKING[code] for code in ("verified", "at_risk")},
    "minor.gender": words.GENDERS,
    "minor.needs.infants": {
        "0": marked("No infant"),
        "1": marked("1 infant"),
        "2": marked("2 infants"),
    },
}
TYPED = {
    "minor.born_on": marked("Write 3/2/2011, or the age as 15, about 15 or 14-16."),
    "minor.residence.county": marked("Write the county and State, such as Fulton, GA."),
    "minor.found.county": marked("Write the county and State, such as Fulton, GA."),
    "minor.jurisdiction.county": marked("Write the county and State, such as Fulton, GA."),
    "minor.residence.state": marked("Write the county and State, such as Fulton, GA."),
    "minor.found.state": marked("Write the county and State, such as Fulton, GA."),
    "minor.jurisdiction.state": marked("Write the county and State, such as Fulton, GA."),
    "minor.needs.conditions": marked("Write none, or use “Change” to mark what applies."),
}


def question(fact: str, gender: str | None = None) -> str:
    """A missing fact in words. A gender that is known and still asked for is a question about the house."""
    if fact == "minor.gender" and gender is not None:
        text = gettext("Can this house take a young person who is %(gender)s?")
        return text % {"gender": words.said(words.GENDERS, gender).lower()}
    known = words.QUESTIONS.get(fact)
    text = gettext(known) if known is not None else f"{words.said(words.HOUSE_FACTS, fact)}."
    return text[:1].upper() + text[1:]


def ask_box(decision: Json, gender: str | None) -> Json | None:
    """The question that decides most houses among those a coordinator can answer; None where there is none."""
    decides: dict[str, int] = {}
    for entry in decision["needs_info"]:
        for row in entry["ask"]:
            stated = row["fact"] == "minor.gender" and gender is not None
            if not stated and (row["fact"] in CHOICES or row["fact"] in TYPED):
                decides[row["fact"]] = row["decides"]
    if not decides:
        return None
    fact = min(decides, key=lambda one: (-decides[one], one))
    others = len(decides) - 1
    return {
        "fact": fact,
        "question": gettext("Ask on the call: %(question)s") % {"question": gettext(words.QUESTIONS[fact])},
        "decides": _decides(decides[fact], others),
        "options": [(code, gettext(text)) for code, text in CHOICES[fact].items()] if fact in CHOICES else [],
        "hint": gettext(TYPED[fact]) if fact in TYPED else "",
        "wrong": None,
        "typed": "",
    }


def _decides(houses: int, others: int) -> str:
    text = ngettext("It decides %(n)s house.", "It decides %(n)s houses.", houses)
    if not others:
        return text
    more = ngettext("%(n)s more question follows.", "%(n)s more questions follow.", others)
    return f"{text} {more}"
