"""The sentence of each kind of event, and who may read it. Codes and houses, never a name.

A kind that is not here is told to pages alone, so that they show what changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.access.policy import Permission
from app.web.translation import marked

P = Permission


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a notice says, and the permission of those whom it concerns."""

    text: str
    permission: Permission
    task: bool = False
    """Somebody has to do something: it goes to the duty phone too."""


SENTENCES: Mapping[str, Sentence] = {
    "offer.made": Sentence(marked("A bed is asked for. Answer the offer."), P.BED_STATUS_WRITE, task=True),
    "offer.accepted": Sentence(marked("A house has accepted. See the arrival instructions."), P.RANKING_RUN),
    "offer.declined": Sentence(marked("A house has declined. See its reason and the next option."), P.RANKING_RUN),
    "offer.withdrawn": Sentence(marked("An offer has been taken back. Nothing is left to answer."), P.BED_STATUS_WRITE),
    "offer.stood_down": Sentence(marked("Another house was chosen. Nothing is left to answer."), P.BED_STATUS_WRITE),
    "offer.ran_out": Sentence(marked("An offer ended without an answer."), P.STAY_READ),
    "hold.ran_out": Sentence(marked("A hold has run out. The bed is open again."), P.STAY_READ),
    "stay.arrived": Sentence(marked("A young person has arrived."), P.STAY_READ),
    "stay.against_a_rule": Sentence(
        marked("A young person has arrived, and a rule stands against the house by now. Decide together, at once."),
        P.OVERSEE,
        task=True,
    ),
    "stay.cap_warning": Sentence(marked("A stay will soon have no payer. Plan the next placement."), P.STAY_WRITE),
    "stay.next_asked": Sentence(
        marked("A house asks for the next placement of a young person who walked in. Choose a house."),
        P.HOLD_WRITE,
        task=True,
    ),
    "stay.next_nobody": Sentence(
        marked(
            "A young person who walked in needs a next placement, and nobody at the house's agency places. Call them."
        ),
        P.HOLD_WRITE,
        task=True,
    ),
    "stay.not_arrived": Sentence(marked("A young person has not arrived."), P.STAY_READ),
    "stay.no_bed": Sentence(
        marked("A young person did not go on to the next house, and somebody else has the bed. Choose a bed."),
        P.STAY_WRITE,
        task=True,
    ),
    "stay.discharged": Sentence(marked("A stay has ended."), P.STAY_READ),
    "authority.ending": Sentence(marked("The authority to place will soon end."), P.STAY_WRITE, task=True),
    "person.search_misses": Sentence(
        marked("Somebody searched for names ten times within a day and found nobody. Ask why."), P.OVERSEE
    ),
    "task.due": Sentence(marked("A task is due."), P.TASK_WRITE, task=True),
    "task.supervisor": Sentence(marked("Two records do not agree. A supervisor must look at it."), P.OVERSEE),
    "follow_up.due": Sentence(marked("A follow-up is due."), P.STAY_WRITE),
    "exception.made": Sentence(marked("An exception is on record. A second person must look at it."), P.STAY_WRITE),
    "exception.unseen": Sentence(
        marked("No second person looked at an exception within a day. See to it that somebody does."),
        P.OVERSEE,
        task=True,
    ),
    "walk_in.against_a_rule": Sentence(
        marked("A young person came without a referral, and a rule stands against the house. Look at the ranking."),
        P.FINDINGS_WHOLE,
        task=True,
    ),
    "release.made": Sentence(
        marked("A young person agreed to share something with your agency. See what, and until when."), P.RELEASE_READ
    ),
    "release.withdrawn": Sentence(
        marked("What was shared with your agency under a release was taken back. It is not shown any more."),
        P.IDENTITY_READ,
    ),
    "contact.asked": Sentence(
        marked("An agency asks to be in contact about a record of yours."), P.MINOR_WRITE, task=True
    ),
    "record.referred": Sentence(
        marked("A flagged young person whose flags are shared with you was referred for a bed."), P.MINOR_READ
    ),
    "record.missing": Sentence(
        marked("A flagged young person whose flags are shared with you is missing."), P.MINOR_READ, task=True
    ),
    "record.found": Sentence(
        marked("A flagged young person whose flags are shared with you was found, or is back."), P.MINOR_READ
    ),
    "record.left": Sentence(
        marked("A flagged young person whose flags are shared with you has left a house."), P.MINOR_READ
    ),
    "conference.called": Sentence(marked("Your agency is asked to a case conference."), P.MINOR_READ),
    "conference.task": Sentence(marked("A case conference gave your agency something to do."), P.MINOR_READ, task=True),
    "emergency.opened": Sentence(
        marked("Somebody of your agency took emergency access to a record. Review it within 72 hours."),
        P.EMERGENCY_REVIEW,
        task=True,
    ),
    "emergency.told": Sentence(
        marked("Another agency took emergency access to a record of yours. See who looked."), P.LOOKS_READ, task=True
    ),
    "emergency.unreviewed": Sentence(
        marked("Emergency access was not reviewed in time: that person's right is suspended until you review it."),
        P.EMERGENCY_REVIEW,
        task=True,
    ),
    "confirmation.due": Sentence(
        marked("What the beds show will soon be too old. Confirm them, and who is awake tonight."),
        P.BED_STATUS_WRITE,
        task=True,
    ),
}


def permission_of(kind: str) -> Permission:
    """Whom an event of this kind concerns; where it has no sentence, whoever may see the board."""
    return SENTENCES[kind].permission if kind in SENTENCES else P.BED_STATUS_READ
