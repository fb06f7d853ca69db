"""How much happens in a year, and how it ends: each figure with where it was published, or said to be invented.

- Referrals: Florida's legislature counted 1,340 investigations of child trafficking in 2024, 3.7 a day, of which 379
  were verified, 28 of 100. Of the 379, 69 of 100 were 15 to 17 years old and the rest younger, and 91 of 100 were girls
  (OPPAGA's report on 2024, as The Center Square told of it in 2025).
- Leaving unplanned: one provider in Massachusetts had 15 of 100 with its programme, 65 of 100 before (NCFY's summary
  of Thomson 2011).
- What is recommended is often not to be had, and the house makes the final decision (OPPAGA reports 19-05 to 24-04;
  Washington DCYF policies 4534 and 4545).
- How long stays in such houses last, how long young people wait, and how often houses decline for which reason, nobody
  publishes: those are invented. What ends most stays here is what the funds' limits say.
"""

from app.demo.draw import Draw
from app.gaps.models import DeclineReason
from app.stays.codes import Authority, DecidedBy, Destination, StayEnd

_CHANCES, _EACH = 37, 10
"""Thirty-seven chances of ten in a hundred: 3.7 referrals a day."""
TRAFFICKING = (("verified", 28), ("at_risk", 55), ("screening_pending", 11), (None, 6))
AGES = ((11, 3), (12, 5), (13, 9), (14, 14), (15, 23), (16, 25), (17, 21))
GENDERS = (("female", 91), ("male", 7), ("nonbinary", 2))
NIGHTS = ((14, 10), (30, 32), (60, 26), (90, 24), (None, 8))
IN_DAYS = ((0, 78), (1, 10), (2, 6), (4, 6))
CONDITIONS: tuple[tuple[list[str], int], ...] = (
    ([], 84),
    (["aggression"], 6),
    (["arson"], 2),
    (["detox"], 4),
    (["self_harm"], 4),
)
DETOX, INFANT = 3, 3
"""Of a hundred: who needs detox on site, and who brings a child."""
UNKNOWN = (("born_on", 14), ("custody", 8), ("residence", 8), ("conditions", 9))
"""Of a hundred referrals: how many do not know this at first."""
ANSWERED = 45
"""Of a hundred open questions: how many are answered by the next evening."""
STOPS_WAITING = 38
"""Of a hundred who wait: how many are safe elsewhere, or are not looked for any more, by the next evening."""
CALLED = 12
"""Of a hundred who find nothing: for how many a house is called all the same, and says no."""
CONFIRMS = 95
"""Of a hundred evenings: on how many a house confirms its beds and who is awake."""
NOT_ARRIVED = 4
LEFT_UNPLANNED = 15
UNPAID_NIGHTS = 15
"""Of a hundred whose money ends first: how many stay on a night or three that nobody pays."""
SAYS_YES = 84
RUNS_OUT = 2
DECLINES = (
    ((DecidedBy.FACILITY, DeclineReason.NO_STAFFED_BED), 16),
    ((DecidedBy.FACILITY, DeclineReason.NO_BED), 9),
    ((DecidedBy.FACILITY, DeclineReason.RUN_RISK), 13),
    ((DecidedBy.FACILITY, DeclineReason.ACUITY_PSYCH), 13),
    ((DecidedBy.FACILITY, DeclineReason.ACUITY_MEDICAL), 4),
    ((DecidedBy.FACILITY, DeclineReason.AGGRESSION), 7),
    ((DecidedBy.FACILITY, DeclineReason.GANG_OR_RECRUITER_CONFLICT), 6),
    ((DecidedBy.FACILITY, DeclineReason.SEXUAL_BEHAVIOUR), 3),
    ((DecidedBy.FACILITY, DeclineReason.PAYER), 5),
    ((DecidedBy.FACILITY, DeclineReason.FACILITY_OTHER), 8),
    ((DecidedBy.YOUNG_PERSON, DeclineReason.MINOR_DECLINED), 16),
)
ON_THE_PHONE = (
    (DeclineReason.NO_BED, 40),
    (DeclineReason.NO_STAFFED_BED, 20),
    (DeclineReason.AGE, 10),
    (DeclineReason.PAYER, 12),
    (DeclineReason.RESIDENCE, 8),
    (DeclineReason.CUSTODY, 4),
    (DeclineReason.NO_RESPONSE, 6),
)
AUTHORITIES = (
    (Authority.CONSENT_AGENCY, 44),
    (Authority.PROTECTIVE_CUSTODY, 26),
    (Authority.CONSENT_PARENT, 20),
    (Authority.CONSENT_MINOR, 10),
)
GOES_TO = (
    (Destination.FAMILY, 44),
    (Destination.OTHER_CARE, 40),
    (Destination.INDEPENDENT, 8),
    (Destination.NOT_KNOWN, 8),
)
UNPLANNED = (
    ((StayEnd.YOUNG_PERSON_LEFT, Destination.NOT_KNOWN), 40),
    ((StayEnd.MISSING, Destination.NOT_KNOWN), 45),
    ((StayEnd.HOUSE_ENDED, Destination.OTHER_CARE), 15),
)


def referrals_today(draw: Draw) -> int:
    """How many young people are referred on one day."""
    return sum(draw.chance(_EACH) for _ in range(_CHANCES))
