"""Twelve emergency shelters for any young person, and two other places: shown with their reason, never offered."""

from app.demo.houses import Bed, Evidence, House, Unit

_ANY = ("female", "male", "nonbinary")
# name, county, licensed beds, beds taken
_SHELTERS = (
    ("Alder Court", "DeKalb", 8, 8),
    ("Birch Street", "Gwinnett", 8, 7),
    ("Cottonwood", "Clayton", 6, 6),
    ("Dogwood Stop", "Fulton", 12, 11),
    ("Elm Yard", "Floyd", 6, 5),
    ("Fern Hill", "Clarke", 8, 8),
    ("Gum Creek", "Richmond", 8, 7),
    ("Hickory Door", "Muscogee", 8, 8),
    ("Ironwood", "Bibb", 8, 7),
    ("Laurel Porch", "Dougherty", 6, 6),
    ("Magnolia Bend", "Lowndes", 6, 5),
    ("Oak Landing", "Chatham", 6, 5),
)
_FIRST_PHONE = 20


def _beds(capacity: int, taken: int, hours: float) -> tuple[Bed, ...]:
    """Taken beds first; what is left is open."""
    return (("occupied", hours),) * taken + (("open", hours),) * (capacity - taken)


def _shelter(number: int, name: str, county: str, capacity: int, taken: int) -> House:
    """A generic shelter. Papers are as uneven as they are: every third has something out of date or never asked."""
    gaps: dict[str, Evidence | None] = {}
    if number % 3 == 0:
        gaps["education"] = (True, -30)
    if number % 6 == 1:
        gaps["grievance_contact"] = None
    return House(
        key=name.lower().replace(" ", "_"),
        name=name,
        kind="emergency_shelter",
        county=county,
        phone=f"555-01{_FIRST_PHONE + number:02d}",
        funds=("fund_basic_center", "fund_metro30") if number < 4 else ("fund_basic_center", "fund_youth90"),
        units=(Unit("a", _beds(capacity, taken, 1.5 + 2.5 * (number % 7))),),
        genders=_ANY,
        ages=(11, 17),
        population="mixed",
        admits=None,
        services=("medical",),
        ratio=8,
        awake=None if number == 5 else 2,
        safeguards=gaps,
    )


SHELTERS = tuple(_shelter(number, *row) for number, row in enumerate(_SHELTERS))

OTHERS = (
    House(
        key="larch",
        name="Larch Center",
        kind="residential_treatment",
        county="Laurens",
        phone="555-0191",
        funds=("fund_third_week", "fund_juvenile90"),
        units=(Unit("a", _beds(10, 8, 9.0)),),
        genders=_ANY,
        population="mixed",
        services=("trauma_therapy", "medical", "detox", "psychiatric"),
        safeguards={
            "egress": ("locked_no_release", 200),
            "remote": (True, 200),
            "outside_contact": ("blanket_ban", 200),
        },
    ),
    House(
        key="quince",
        name="Quince Family Home",
        kind="therapeutic_foster_home",
        county="Henry",
        phone="555-0193",
        funds=("fund_juvenile90",),
        units=(Unit("a", _beds(2, 1, 4.0)),),
        genders=_ANY,
        ages=(0, 17),
        population="mixed",
        services=("trauma_therapy",),
        awake=0,
        safeguards={"awake_night_staff": (False, 150), "fire_clearance": None},
    ),
)
