"""What people call the houses, funds and beds of an answer: an answer itself holds ids only."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.facilities.models import Bed, Facility
from app.funding.models import Fund, Funder


@dataclass(frozen=True, slots=True)
class HouseName:
    """A house as it may be named to whoever may see an answer: never where it stands."""

    name: str
    region: str | None = None
    phone: str | None = None


@dataclass(slots=True)
class Names:
    """Names by id; what has none is called by its id."""

    houses: dict[str, HouseName] = field(default_factory=dict)
    funds: dict[str, str] = field(default_factory=dict)
    beds: dict[str, str] = field(default_factory=dict)

    def house(self, facility_id: str) -> HouseName:
        """A house by its id."""
        return self.houses.get(facility_id, HouseName(facility_id))

    def fund(self, fund_id: str) -> str:
        """A fund by its id."""
        return self.funds.get(fund_id, fund_id)

    def bed(self, bed_id: str) -> str:
        """A bed by its id."""
        return self.beds.get(bed_id, bed_id)


def names_in(session: Session, decision: dict[str, Any]) -> Names:
    """The names of everything that a decision, as its viewer sees it, mentions."""
    entries = [entry for name in ("options", "later", "needs_info", "excluded") for entry in decision[name]]
    names = Names()
    for house in session.scalars(select(Facility).where(Facility.id.in_({e["facility"] for e in entries}))):
        names.houses[house.id] = HouseName(house.alias, house.region, house.duty_phone)
    funds = {finding["subject"] for entry in entries for finding in entry["findings"]}
    funds |= {payer["fund"] for entry in entries for payer in entry.get("payers", ())}
    names.funds = fund_names(session, funds)
    beds = {entry["bed"] for entry in entries if entry.get("bed")}
    names.beds = {bed.id: bed.name for bed in session.scalars(select(Bed).where(Bed.id.in_(beds)))}
    return names


def fund_names(session: Session, only: Iterable[str] | None = None) -> dict[str, str]:
    """Funds by the name of their program, else of their funder."""
    query = select(Fund.id, Fund.program, Funder.name).outerjoin(Funder, Funder.id == Fund.funder_id)
    if only is not None:
        query = query.where(Fund.id.in_(set(only)))
    return {fund_id: program or funder or fund_id for fund_id, program, funder in session.execute(query)}
