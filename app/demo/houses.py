"""The seven houses for trafficked minors only: what each is licensed for, who pays there, and how its beds stand."""

from dataclasses import dataclass, field

Evidence = tuple[object, int]
GIRLS = ("female",)
GIRLS_AND_NONBINARY = ("female", "nonbinary")
# A bed as it stands tonight: its status, and the hours since someone confirmed it.
Bed = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Unit:
    """A wing with one admission rule and its beds."""

    letter: str
    beds: tuple[Bed, ...]
    genders: tuple[str, ...] | None = None
    ages: tuple[int | None, int | None] = (None, None)
    age_gap: int | None = None


@dataclass(frozen=True, slots=True)
class House:
    """A residence of the demo.

    `safeguards` holds what differs from a house in good order: a value and the days its evidence still counts, or None
    where nobody ever verified it.
    """

    key: str
    name: str
    kind: str
    county: str
    phone: str
    funds: tuple[str, ...]
    units: tuple[Unit, ...]
    genders: tuple[str, ...] = GIRLS
    ages: tuple[int, int] = (12, 17)
    infants: bool = False
    population: str = "trafficking_only"
    admits: tuple[str, ...] | None = ("verified", "at_risk")
    services: tuple[str, ...] = ("trauma_therapy", "medical")
    languages: tuple[str, ...] = ("en",)
    declines: tuple[str, ...] = ()
    ratio: int = 4
    awake: int | None = 2
    licence_status: str = "active"
    safeguards: dict[str, Evidence | None] = field(default_factory=dict)

    @property
    def facility(self) -> str:
        """The id of the facility."""
        return f"fac_{self.key}"


def _taken(n: int, hours: float = 3.0) -> tuple[Bed, ...]:
    """That many beds with somebody in them."""
    return (("occupied", hours),) * n


HOUSES = (
    House(
        key="harbor",
        name="Harbor House",
        kind="safe_house",
        county="Fulton",
        phone="555-0134",
        funds=("fund_metro30", "fund_state60", "fund_care_placement"),
        units=(
            Unit("a", (*_taken(3, 0.2), ("open", 0.2))),
            Unit("b", _taken(4, 0.2)),
        ),
        genders=GIRLS_AND_NONBINARY,
        services=("trauma_therapy", "medical", "school_on_site", "survivor_mentor"),
        languages=("en", "es"),
        declines=("arson",),
        safeguards={"egress": ("delayed_release", 190)},
    ),
    House(
        key="cedar",
        name="Cedar Program",
        kind="safe_house",
        county="Bibb",
        phone="555-0117",
        funds=("fund_crisis15", "fund_river14", "fund_care_placement"),
        units=(
            Unit("a", (*_taken(4, 2.1), ("open", 2.1))),
            Unit("b", (*_taken(2, 2.1), ("offline", 30.0))),
        ),
        ages=(13, 17),
        admits=("verified",),
        services=("trauma_therapy", "medical", "detox"),
        declines=("arson", "aggression"),
        safeguards={"fire_clearance": (True, 20), "outside_contact": ("reviewed_individually", 260)},
    ),
    House(
        key="meridian",
        name="Meridian Home",
        kind="group_home",
        county="Clarke",
        phone="555-0162",
        funds=("fund_metro30", "fund_basic_center", "fund_gap"),
        units=(
            Unit("a", _taken(3, 5.0), ages=(11, 14)),
            Unit("b", (*_taken(4, 5.0), ("cleaning", 5.0))),
        ),
        ages=(11, 17),
        services=("trauma_therapy", "school_on_site"),
        languages=("en", "es"),
        safeguards={"remote": (True, 150), "egress": ("unlocked", 75)},
    ),
    House(
        key="beacon",
        name="Beacon Cottage",
        kind="safe_house",
        county="Chatham",
        phone="555-0108",
        funds=("fund_coast30", "fund_juvenile90", "fund_care_placement"),
        units=(
            Unit("a", (*_taken(5, 6.5), ("open", 6.5))),
            Unit("b", _taken(4, 6.5)),
        ),
        ages=(11, 17),
        admits=None,
        services=("trauma_therapy", "medical", "survivor_mentor"),
        declines=("arson",),
        awake=3,
    ),
    House(
        key="lantern",
        name="Lantern House",
        kind="group_home",
        county="Muscogee",
        phone="555-0175",
        funds=("fund_basic_center", "fund_youth90", "fund_scholarship"),
        units=(
            Unit("a", (*_taken(3, 13.0), ("open", 13.0)), genders=GIRLS_AND_NONBINARY),
            Unit("b", (*_taken(2, 13.0), ("held", 13.0)), genders=("male",), age_gap=4),
        ),
        genders=("female", "male", "nonbinary"),
        infants=True,
        languages=("en", "es"),
        safeguards={"egress": ("locked_with_release", 120), "fire_clearance": (True, 120)},
    ),
    House(
        key="willow",
        name="Willow Receiving Center",
        kind="assessment_center",
        county="Hall",
        phone="555-0149",
        funds=("fund_receiving", "fund_third_week"),
        units=(Unit("a", (*_taken(5, 1.0), ("open", 1.0))),),
        genders=GIRLS_AND_NONBINARY,
        admits=None,
        services=("medical", "assessment", "detox"),
        languages=("en", "es"),
        safeguards={"egress": ("delayed_release", 40)},
    ),
    House(
        key="meadow",
        name="Meadow Row",
        kind="transitional_living",
        county="Cobb",
        phone="555-0186",
        funds=("fund_transitional", "fund_scholarship"),
        units=(
            Unit("a", (*_taken(4, 8.0), ("open", 8.0))),
            Unit("b", _taken(3, 8.0)),
        ),
        genders=GIRLS_AND_NONBINARY,
        ages=(16, 20),
        infants=True,
        admits=("verified",),
        services=("survivor_mentor", "job_training", "parenting"),
        ratio=6,
        safeguards={"fire_clearance": (True, -9)},
    ),
)
