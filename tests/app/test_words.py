"""Every fact that a rule may ask for has words: no page shows a code."""

import re
from importlib.resources import files

import matching.rules
from app.answers.questions import question
from app.web import words
from matching.rules import CODES

NO_FACTS = set(CODES) - words.HOUSE_FACTS.keys()


def asked_for() -> set[str]:
    """What the rules name in their own text, as it stands there."""
    text = "".join(
        one.read_text(encoding="utf-8") for one in files(matching.rules).iterdir() if one.name.endswith(".py")
    )
    return set(re.findall(r'"((?:facility|minor|unit)\.[a-z_.]*[a-z])"', text)) - NO_FACTS


def test_every_fact_that_is_asked_for_is_a_question_in_words() -> None:
    found = asked_for()
    assert {"facility.residents", "facility.residents.age", "minor.custody"} <= found
    assert found - words.QUESTIONS.keys() - words.HOUSE_FACTS.keys() == set()
    assert question("facility.residents") == "Who else lives there."
