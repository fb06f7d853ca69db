"""What follows a stay, in words: the plan, a line to add to it, and the looks at how the young person fares."""

from typing import Any

from app.clock import Clock
from app.stays.aftercare import OPENS_BEFORE
from app.stays.aftercare_models import Support
from app.stays.aftercare_schemas import AftercareRead
from app.web import words
from app.web.answers import Form
from app.web.translation import gettext, marked

Json = dict[str, Any]

SUPPORT: dict[Support, str] = {
    Support.SUPPORT_GROUP: marked("Support group"),
    Support.MENTORING: marked("Mentoring"),
    Support.COUNSELING: marked("Counseling"),
    Support.EDUCATION: marked("School or training"),
    Support.HEALTH: marked("Health care"),
    Support.LEGAL: marked("Legal help"),
    Support.FAMILY: marked("Work with the family"),
    Support.HOUSING: marked("A place to live"),
}


def aftercare_view(plan: AftercareRead, may_write: bool, clock: Clock, sent: Form, wrong: dict[str, str]) -> Json:
    """The plan as the stay's page shows it; `sent` and `wrong`: a line that could not be read, kept as it was typed."""
    tonight = clock.tonight()
    return {
        "version": plan.version,
        "may_write": may_write,
        "items": [
            {
                "what": gettext(SUPPORT[item.kind]),
                "who": item.with_whom,
                "from": None if item.starts_on is None else words.day(item.starts_on, tonight),
            }
            for item in plan.items
        ],
        "kinds": [(kind.value, gettext(text)) for kind, text in SUPPORT.items()],
        "typed": {name: sent.one(name) for name in ("kind", "with_whom", "starts_on")},
        "wrong": wrong,
        "looks": [
            {
                "due": words.day(look.due_at.astimezone(clock.zone).date(), tonight),
                "said": None if look.outcome is None else words.code_words(look.outcome),
                "href": f"/tasks#{look.task_id}",
                "open": look.done_at is None and look.due_at - clock.now() <= OPENS_BEFORE,
            }
            for look in plan.follow_ups
        ],
    }
