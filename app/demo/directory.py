"""What a snapshot does not hold: names, regions and telephone numbers that people see, agencies and their people."""

from dataclasses import dataclass
from types import MappingProxyType

from app.demo.geography import county
from app.demo.houses import HOUSES, House
from app.demo.shelters import OTHERS, SHELTERS

ALL_HOUSES: tuple[House, ...] = (*HOUSES, *SHELTERS, *OTHERS)


@dataclass(frozen=True, slots=True)
class FacilityCard:
    """The name a house goes by, the region that everyone may know, and its duty phone."""

    alias: str
    region: str
    duty_phone: str


@dataclass(frozen=True, slots=True)
class AgencyCard:
    """An agency: what it is, and the houses it runs or the funder it is."""

    key: str
    name: str
    kind: str
    houses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonCard:
    """Someone to sign in as. Invented; the address is one that no mail reaches."""

    key: str
    name: str
    role: str
    agency: str
    what: str

    @property
    def email(self) -> str:
        """An address in a domain that is reserved for examples."""
        return f"{self.key}@demo.example"


FACILITY_CARDS = MappingProxyType(
    {house.facility: FacilityCard(house.name, county(house.county).region, house.phone) for house in ALL_HOUSES}
)

INTAKE = AgencyCard("intake", "Statewide Intake Line", "child_protection")
AGENCIES = (
    INTAKE,
    AgencyCard("lead", "Safe Beds Coalition", "coalition_lead", ("fac_larch", "fac_quince")),
    AgencyCard("harbor", "Harbor and Meridian Homes", "residential", ("fac_harbor", "fac_meridian")),
    AgencyCard("river", "River and Coast Homes", "residential", ("fac_cedar", "fac_beacon", "fac_lantern")),
    AgencyCard("receiving", "State Receiving Centers", "residential", ("fac_willow",)),
    AgencyCard("meadow", "Second Start Homes", "residential", ("fac_meadow",)),
    AgencyCard("shelters", "Shelter Alliance", "shelter", tuple(house.facility for house in SHELTERS)),
    AgencyCard("metro", "Metro Counties Compact", "funder"),
    AgencyCard("drop_in", "Open Door Drop-In", "drop_in"),
    AgencyCard("police", "Youth Crimes Unit", "law_enforcement"),
)
PEOPLE = (
    PersonCard("coordinator", "Night coordinator", "intake_coordinator", "intake", "coordinator, 2 a.m."),
    PersonCard("shelter", "Night staff of Harbor House", "facility_staff", "harbor", "shelter on a phone"),
    PersonCard("supervisor", "Intake supervisor", "supervisor", "intake", "supervisor"),
    PersonCard("coalition", "Placement lead of Safe Beds Coalition", "supervisor", "lead", "coalition lead"),
    PersonCard("outreach", "Outreach worker of Open Door Drop-In", "partner", "drop_in", "partner agency"),
    PersonCard("funder", "Analyst of Metro Counties Compact", "funder_analyst", "metro", "funder"),
    PersonCard("administrator", "Administrator of Safe Beds Coalition", "administrator", "lead", "administrator"),
)
HOUSE_STAFF = (
    PersonCard("river", "Night staff of River and Coast Homes", "facility_staff", "river", "shelter"),
    PersonCard("receiving", "Night staff of State Receiving Centers", "facility_staff", "receiving", "shelter"),
    PersonCard("meadow", "Night staff of Second Start Homes", "facility_staff", "meadow", "shelter"),
    PersonCard("alliance", "Night staff of Shelter Alliance", "facility_staff", "shelters", "shelter"),
    PersonCard("lead", "Staff of Safe Beds Coalition", "facility_staff", "lead", "shelter"),
)
"""Who answers for the houses where nobody of the demo's doors works."""
