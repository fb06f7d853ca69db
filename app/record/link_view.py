"""What the pages around two records show, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.access.actor import Actor
from app.access.policy import Permission
from app.clock import Clock
from app.minors.identity import IdentityRead
from app.minors.likeness import WEIGHTS, Likeness
from app.minors.linking_models import Contact
from app.minors.records import record_code
from app.web import words
from app.web.translation import gettext, marked

Json = dict[str, Any]

PARTS = {
    "names": marked("Given and family name"),
    "other_names": marked("Other names"),
    "born": marked("Birth date, or age"),
}
ANSWERS = {
    "in_contact": marked("We are in contact"),
    "not_the_same": marked("It is somebody else"),
}


def contacts_view(rows: Sequence[tuple[Contact, str]], actor: Actor, clock: Clock) -> Json:
    """Who asks, about which record, and what was made of it."""
    return {
        "may_answer": actor.may(Permission.MINOR_WRITE),
        "answers": [(code, gettext(text)) for code, text in ANSWERS.items()],
        "rows": [
            {
                "id": row.id,
                "asker": asker,
                "code": record_code(row.minor_id),
                "href": f"/minors/{row.minor_id}",
                "when": words.ago(row.found_at, clock.now()),
                "answer": None if row.answer is None else gettext(ANSWERS[row.answer]),
            }
            for row, asker in rows
        ],
    }


def duplicates_view(minor_id: str, found: Sequence[Likeness], known: Mapping[str, IdentityRead], actor: Actor) -> Json:
    """How alike each is, in which part, and how much that counts."""
    return {
        "title": gettext("%(code)s: possible duplicates") % {"code": record_code(minor_id)},
        "here": f"/minors/{minor_id}",
        "minor": minor_id,
        "own": _who(known[minor_id]),
        "may_say": actor.may(Permission.MINOR_WRITE),
        "rows": [
            {
                "id": one.id,
                "href": f"/minors/{one.id}",
                "code": record_code(one.id),
                "who": _who(known[one.id]),
                "score": f"{one.score:.0%}",
                "parts": [
                    {
                        "part": gettext(PARTS[name]),
                        "alike": f"{one.parts[name]:.0%}" if name in one.parts else gettext("Not known"),
                        "weight": weight,
                    }
                    for name, weight in WEIGHTS.items()
                ],
            }
            for one in found
        ],
    }


def _who(identity: IdentityRead) -> str:
    names = [identity.given_names, identity.family_name, identity.called, *identity.aliases]
    born = None if identity.born_on is None else words.day(identity.born_on)
    return ", ".join(part for part in (*names, born) if part) or gettext("Nobody has entered who it is")
