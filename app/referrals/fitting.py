"""What a form says, as the API takes it; what schemas and services refuse is said beside the field, answers kept."""

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.codes import place_of
from app.errors import Problem
from app.referrals.form import FIELDS, Read
from app.web.answers import told
from app.web.pages import next_step
from app.web.translation import gettext

Model = TypeVar("Model", bound=BaseModel)

# The members of a referral that are asked under another name, or deeper than their name.
ASKED_AS = {
    "born_on": "age",
    "age_range": "age",
    "residence": "county",
    "jurisdiction": "court_county",
    "counties": "avoid_counties",
    "minors": "apart",
    "together_with": "siblings",
    "urgency": "needed",
}
PARTS = {"minor", "needs", "avoid", "wishes"}


def fitted(found: Read, model: type[Model], values: dict[str, Any]) -> Model | None:
    """The values as the schema reads them; None, and a message by field, where anything in the form is wrong."""
    try:
        fits = model.model_validate(values)
    except ValidationError as error:
        for wrong in error.errors(include_url=False, include_input=False):
            found.errors.setdefault(_field(place_of(wrong)), _message(wrong["type"], wrong.get("ctx", {})))
        return None
    return None if found.errors else fits


def refused(problem: Problem) -> dict[str, str]:
    """What a service refuses, by the field that asks for it; what no field asks for is under ""."""
    errors: dict[str, list[str]] = {}
    for wrong in problem.errors:
        said = errors.setdefault(_field(wrong.pointer.split("/")[1:]), [])
        said += [message for message in (gettext(wrong.message),) if message not in said]
    if not errors:
        errors[""] = [told(problem), next_step(problem.code, problem.fix)]
    return {name: " ".join(said) for name, said in errors.items()}


def _field(loc: Iterable[int | str]) -> str:
    name = next((str(part) for part in loc if part not in PARTS), "")
    field = ASKED_AS.get(name, name)
    return field if field in FIELDS else ""


def _message(kind: str, context: dict[str, Any]) -> str:
    if kind == "too_long":
        return gettext("Name at most %(n)s here") % {"n": context["max_length"]}
    if kind == "own_words":
        return gettext(context["words"])
    return gettext("Choose one of the answers")
