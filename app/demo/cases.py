"""The young people who wait tonight, thirty of them, each for a reason worth seeing. Codes, never names."""

from dataclasses import dataclass, field
from typing import Any

SPECIAL = "asks_for_eight_answers"
MOVES_ON = "leaves the receiving center"
"""A resident of the receiving center whose last paid night comes near; who that is, the history says."""
ABOUT_15 = (14, 16)


@dataclass(frozen=True, slots=True)
class PastStay:
    """Nights in another place: whose bed, for how long, ended how many nights before tonight, paid by whom."""

    facility: str
    bed: str
    nights: int
    ended: int
    fund: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """One referral and its minor. What is None is not known."""

    label: str
    urgency: int
    hours: float
    age: int | tuple[int, int] | None
    gender: str | None
    custody: str | None
    home: str | None
    trafficking: str | None = "verified"
    found: str | None = None
    court: str | None = None
    in_days: int = 0
    nights: int | None = 30
    birthday_in: int | None = None
    approvals: tuple[str, ...] = ()
    needs: dict[str, Any] = field(default_factory=dict)
    together: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)
    past: tuple[PastStay, ...] = ()
    home_is_safe: bool = False


_PLACED = ("agency_placement",)
_COMPLETE = {"history": "complete"}

WAITING = (
    Waiting(SPECIAL, 1, 0.05, ABOUT_15, "female", "none", "DeKalb", nights=90),
    Waiting("turns 18 soon", 1, 3.5, 17, "female", "none", "Fulton", found="Fulton", birthday_in=20, nights=60),
    Waiting("ward of the state", 1, 5, 15, "female", "ward_state", "Bibb", court="Bibb", approvals=_PLACED,
            nights=90),
    Waiting("boy, a bed held", 1, 2, 16, "male", "none", "Muscogee", found="Muscogee", nights=60),
    Waiting("county not known", 1, 1.2, (12, 15), "female", None, None, found="Clayton", nights=None),
    Waiting("no fixed home", 1, 6, 14, "female", "none", None, found="Fulton", more={"residence": {"none": True}}),
    Waiting("detox first", 1, 7, 15, "female", "parent", "Houston",
            needs={"services_required": ["detox"], "conditions": ["detox"]}),
    Waiting("keep apart, one", 1, 9, 15, "female", "none", "Cobb", apart=("keep apart, two",)),
    Waiting("leaves a shelter today", 1, 8, 15, "female", "parent", "Richmond", found="Richmond", more=_COMPLETE,
            nights=60, past=(PastStay("gum_creek", "a8", 21, 0, "fund_basic_center"),)),
    Waiting("dependent, coast", 2, 11, 14, "female", "dependent", "Chatham", court="Chatham", approvals=_PLACED,
            nights=120),
    Waiting("boy at risk", 2, 14, 17, "male", "parent", "Fulton", trafficking="at_risk", found="DeKalb",
            home_is_safe=True),
    Waiting(MOVES_ON, 3, 36, None, None, None, None, nights=90),
    Waiting("sister, elder", 2, 19, 16, "female", "none", "Clayton", found="Clayton",
            together=("sister, younger",)),
    Waiting("sister, younger", 2, 19, 14, "female", "none", "Clayton", found="Clayton",
            together=("sister, elder",)),
    Waiting("recruiter lives in a house", 2, 20, 16, "female", "none", "Fulton", found="Fulton", more=_COMPLETE),
    Waiting("with an infant", 2, 21, 16, "female", "none", "Cobb", found="Cobb",
            needs={"infants": 1, "services": ["parenting"]}, nights=180),
    Waiting("nonbinary", 2, 22, 16, "nonbinary", "none", "Clarke", found="Clarke", nights=60),
    Waiting("custody not known", 2, 13, 15, "female", None, "Henry", found="Henry"),
    Waiting("screening not done", 2, 12, 16, "female", "none", "Douglas", trafficking="screening_pending",
            found="Douglas"),
    Waiting("county nights used up", 2, 23, 15, "female", "none", "DeKalb", found="DeKalb", more=_COMPLETE,
            nights=60, past=(PastStay("birch_street", "a8", 30, 140, "fund_metro30"),)),
    Waiting("parents in another State", 2, 18, 15, "female", "parent", None, found="Lowndes",
            more={"residence": {"county": "12073", "place": None, "state": "FL"}}),
    Waiting("brother", 3, 30, 15, "male", "dependent", "Columbia", court="Columbia", approvals=_PLACED,
            together=("his sister",)),
    Waiting("his sister", 3, 30, 12, "female", "dependent", "Columbia", court="Columbia", approvals=_PLACED,
            together=("brother",)),
    Waiting("keep apart, two", 3, 40, 16, "female", "none", "Cobb", found="Bibb", apart=("keep apart, one",),
            in_days=1),
    Waiting("some nights used", 3, 44, 16, "female", "parent", "Houston", found="Bibb", more=_COMPLETE,
            past=(PastStay("ironwood", "a8", 12, 95, "fund_river14"),)),
    Waiting("fires set once", 3, 50, 13, "female", "parent", "Hall", trafficking="at_risk", found="Hall",
            needs={"conditions": ["arson", "aggression"]}, in_days=1),
    Waiting("court in another State", 3, 52, 16, "female", "dependent", "Muscogee", found="Muscogee",
            approvals=_PLACED, more={"jurisdiction": {"county": "01113", "place": None, "state": "AL"}}, nights=90),
    Waiting("juvenile justice", 3, 60, 17, "female", "ward_justice", "Dougherty", court="Dougherty",
            birthday_in=200, in_days=2),
    Waiting("wishes and a language", 4, 80, 16, "female", "none", "Fulton", found="Fulton",
            needs={"languages": ["es"], "services": ["survivor_mentor"]},
            more={"wishes": {"prefer": ["fac_lantern"], "refuse": ["fac_harbor"]}}, in_days=4, nights=90,
            home_is_safe=True),
    Waiting("scholarship nearly spent", 4, 100, 17, "female", "parent", "Cobb", found="Cobb", more=_COMPLETE,
            birthday_in=240, in_days=6, nights=180, past=(PastStay("larch", "a10", 110, 200, "fund_scholarship"),)),
)  # fmt: skip
