"""The one question worth asking first: which missing fact decides most houses, and how it is answered."""

from typing import Any

from app.web import words
from app.web.translation import gettext, ngettext

Json = dict[str, Any]

# What a coordinator can answer in one box; the rest is answered on the form, or by a house.
CHOICES = {
    "minor.custody": words.CUSTODY,
    "minor.trafficking": {code: words.TRAFFICKING[code] for code in ("verified", "at_risk")},
    "minor.gender": words.GENDERS,
    "minor.needs.infants": {
        "0": words.marked("No infant"),
        "1": words.marked("1 infant"),
        "2": words.marked("2 infants"),
    },
}
TYPED = {
    "minor.born_on": words.marked("3/2/2011, or the age as 15, about 15 or 14-16"),
    "minor.residence.county": words.marked("County and State, such as Fulton, GA"),
    "minor.found.county": words.marked("County and State, such as Fulton, GA"),
    "minor.jurisdiction.county": words.marked("County and State, such as Fulton, GA"),
    "minor.residence.state": words.marked("County and State, such as Fulton, GA"),
    "minor.found.state": words.marked("County and State, such as Fulton, GA"),
    "minor.jurisdiction.state": words.marked("County and State, such as Fulton, GA"),
    "minor.needs.conditions": words.marked("Write none, or tap “Change” to mark what applies"),
}


def question(fact: str) -> str:
    """A missing fact in words."""
    if fact in words.QUESTIONS:
        text = gettext(words.QUESTIONS[fact]).rstrip("?")
        return text[:1].upper() + text[1:]
    if fact in words.HOUSE_FACTS:
        text = gettext(words.HOUSE_FACTS[fact])
        return text[:1].upper() + text[1:]
    return words.code_words(fact)


def ask_box(decision: Json) -> Json | None:
    """The question that decides most houses among those a coordinator can answer; None where there is none."""
    decides: dict[str, int] = {}
    for entry in decision["needs_info"]:
        for row in entry["ask"]:
            if row["fact"] in CHOICES or row["fact"] in TYPED:
                decides[row["fact"]] = row["decides"]
    if not decides:
        return None
    fact = min(decides, key=lambda one: (-decides[one], one))
    others = len(decides) - 1
    return {
        "fact": fact,
        "question": gettext("Ask on the call: %(question)s") % {"question": gettext(words.QUESTIONS[fact])},
        "decides": ngettext("It decides %(n)s house.", "It decides %(n)s houses.", decides[fact]),
        "options": [(code, gettext(text)) for code, text in CHOICES[fact].items()] if fact in CHOICES else [],
        "hint": gettext(TYPED[fact]) if fact in TYPED else "",
        "others": ngettext("%(n)s more question after this one.", "%(n)s more questions after this one.", others)
        if others
        else "",
    }
