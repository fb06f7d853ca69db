"""What the agency that asks may see of what comes after the options of its decision.

The engine names no house here in which other people decide on any night of the need, whether they are in the way on it
or before or after (`matching.outlook`). So a house where somebody is in the way reads like a full one. Of those named
only what is the young person's own or money's is shown: which house, from when, until when and by which rule, and who
pays. Which bed it is, since when it is free and what kept the house shut before tell who lives there, and stay inside;
a move falls on the night on which the own money or bed ends, or on the first after it for which the house has a bed as
planned, which a decision for that night would show as well. What all costs stays inside too. All keys are copied by
name: what a later engine adds stays inside until it is named here.

What is still told: of an option that is named nowhere though its bed and its payers would do, that other people decide
there on some night of the need (who or how many live there, their ages, the staff awake, somebody to keep apart); not
which of these, and not when.
"""

from collections.abc import Mapping
from typing import Any

from app.sharing.projection import NOT_AVAILABLE, PARTS

Json = dict[str, Any]

HEAD = ("version", "referral", "rules_version", "engine_version", "until")
OPTION = ("facility", "until", "binding", "proof")
LINK = ("facility", "from", "until", "nights", "why", "binding")
RANGE = ("from", "until")


def project_outlook(document: Mapping[str, Any], shown: Mapping[str, Any]) -> Json:
    """What comes after the options of a decision, as the agency may see it that sees `shown` of the decision.

    A house that reads as not available there is named by nothing here, whatever an engine says.
    """
    hidden = {entry["facility"] for entry in shown["later"] if entry.get("code") == NOT_AVAILABLE}
    options = {entry["facility"] for entry in shown["options"]}
    return {key: document[key] for key in HEAD} | {
        "options": [
            _option(row)
            for row in document["options"]
            if row["facility"] in options and hidden.isdisjoint(link["facility"] for link in row["links"])
        ],
        "careful": [{key: row[key] for key in ("code", "text")} for row in document["careful"]],
    }


def _option(row: Json) -> Json:
    links = [
        {key: link[key] for key in LINK}
        | {"payers": [{key: payer[key] for key in PARTS["payers"]} for payer in link["payers"]]}
        for link in row["links"]
    ]
    uncovered = [{key: gap[key] for key in RANGE} for gap in row["uncovered"]]
    return {key: row[key] for key in OPTION} | {"links": links, "uncovered": uncovered}
