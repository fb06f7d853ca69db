"""What a form says, as the API's schemas take it; what they refuse is said beside the field, never as a crash."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.referrals.form import Read
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
            found.errors.setdefault(_field(wrong["loc"]), _message(wrong["type"], wrong.get("ctx", {})))
        return None
    return None if found.errors else fits


def _field(loc: tuple[int | str, ...]) -> str:
    name = next(str(part) for part in loc if part not in PARTS)
    return ASKED_AS.get(name, name)


def _message(kind: str, context: dict[str, Any]) -> str:
    if kind == "too_long":
        return gettext("Name at most %(n)s here") % {"n": context["max_length"]}
    return gettext("Choose one of the answers")
