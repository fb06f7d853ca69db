"""The coded words of consent: what may be shared, for what, by whose signature, and which law may take its place."""

from enum import StrEnum


class Item(StrEnum):
    """One thing that a release or a law may let an agency see."""

    CASE = "case"
    """The need profile, referrals, answers and stays, as the agency that owns the record reads them."""
    GIVEN_NAMES = "given_names"
    FAMILY_NAME = "family_name"
    CALLED = "called"
    ALIASES = "aliases"
    CONTACT = "contact"
    WORDS = "words"
    """What no code says and who cares for the young person must know."""
    AGE = "age"
    BORN_ON = "born_on"
    GENDER = "gender"
    COUNTIES = "counties"
    CUSTODY = "custody"
    LANGUAGES = "languages"
    CONDITIONS = "conditions"
    SERVICES = "services"
    STAYS = "stays"
    """Nights slept, and never where."""
    FLAGS = "flags"
    """At risk or verified, on what basis; and word when a flagged young person is referred, missing, found, leaves."""
    OUTREACH = "outreach"
    HEALTH = "health"
    LEGAL = "legal"
    SCHOOL = "school"
    SUPPORT = "support"
    MISSING = "missing"


OF_RECORD = frozenset(
    {Item.STAYS, Item.FLAGS, Item.OUTREACH, Item.HEALTH, Item.LEGAL, Item.SCHOOL, Item.SUPPORT, Item.MISSING}
)
"""The kinds of information of the shared record: flags, movements, services and activities."""


class Purpose(StrEnum):
    """What the recipient needs it for."""

    PLACEMENT = "placement"
    TREATMENT = "treatment"
    SCHOOLING = "schooling"
    LEGAL_HELP = "legal_help"
    FAMILY = "family"
    BENEFITS = "benefits"


class Given(StrEnum):
    """How consent was given: in writing, or it is none."""

    WRITTEN = "written"


class Law(StrEnum):
    """What lets an agency see something without anybody's consent."""

    COURT_ORDER = "court_order"
    PROTECTIVE_CUSTODY = "protective_custody"
    """The agency that has the young person in protective custody."""
    MANDATED_BY_LAW = "mandated_by_law"
    COALITION_AGREEMENT = "coalition_agreement"
    """What agencies signed and counsel approved: it opens nothing by itself, one record at a time."""
