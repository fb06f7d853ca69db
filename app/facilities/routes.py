"""`/v1/facilities`: the directory of houses, their licences, safeguards, units and beds."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref, address
from app.db import DbSession
from app.facilities import evidence, rooms, service
from app.facilities.models import SafeguardCode
from app.facilities.schemas import (
    AddressChange,
    AddressKept,
    BedCreate,
    BedRead,
    FacilityChange,
    FacilityCreate,
    FacilityRead,
    LicenceChange,
    LicenceCreate,
    LicenceRead,
    SafeguardChange,
    SafeguardRead,
    UnitChange,
    UnitCreate,
    UnitRead,
)
from app.idempotency import Idempotent
from app.paging import PageOf, Place, link_next, whole
from app.versions import IfMatch, tag

router = APIRouter(prefix="/v1/facilities", tags=["facilities"])

Reader = Annotated[Actor, require(Permission.DIRECTORY_READ)]
Writer = Annotated[Actor, require(Permission.DIRECTORY_WRITE)]
AddressWriter = Annotated[Actor, require(Permission.ADDRESS_WRITE)]
BedReader = Annotated[Actor, require(Permission.BED_STATUS_READ)]
Here = Annotated[Place, Depends()]


@router.get("")
def list_facilities(
    request: Request, response: Response, session: DbSession, actor: Reader, clock: Now, place: Here
) -> PageOf[FacilityRead]:
    """Every house, in pages: by region, never by address."""
    houses, cursor = service.list_facilities(session, actor, place, clock.tonight())
    link_next(request, response, cursor)
    return PageOf(data=houses, next_cursor=cursor, has_more=cursor is not None)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_facility(
    response: Response, session: DbSession, actor: Writer, clock: Now, new: FacilityCreate, once: Idempotent
) -> FacilityRead:
    """Enter a house. What is left out is not known."""
    house = once.make(
        response,
        session,
        actor.id,
        act=lambda: service.create_facility(session, actor, new, clock.tonight()),
        again=lambda made: service.read_facility(session, actor, made, clock.tonight()),
    )
    response.headers["Location"] = address("facilities", house.id)
    tag(response, house)
    return house


@router.get("/{facility_id}")
def read_facility(response: Response, session: DbSession, actor: Reader, clock: Now, facility_id: Ref) -> FacilityRead:
    """One house."""
    house = service.read_facility(session, actor, facility_id, clock.tonight())
    tag(response, house)
    return house


@router.patch("/{facility_id}")
def change_facility(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    facility_id: Ref,
    change: FacilityChange,
    if_match: IfMatch = None,
) -> FacilityRead:
    """Change what is known of a house; what is absent stays."""
    house = service.change_facility(session, actor, facility_id, change, if_match, clock.tonight())
    tag(response, house)
    return house


@router.put("/{facility_id}/address")
def put_address(session: DbSession, actor: AddressWriter, facility_id: Ref, change: AddressChange) -> AddressKept:
    """Enter where the house is. No address of the API gives it back: it hangs on an accepted placement."""
    return service.put_address(session, actor, facility_id, change)


@router.get("/{facility_id}/licences")
def list_licences(session: DbSession, actor: Reader, facility_id: Ref) -> PageOf[LicenceRead]:
    """The house's licences, the latest first."""
    return whole(evidence.list_licences(session, actor, facility_id))


@router.post("/{facility_id}/licences", status_code=status.HTTP_201_CREATED)
def add_licence(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    facility_id: Ref,
    new: LicenceCreate,
    once: Idempotent,
) -> LicenceRead:
    """Enter a licence, a renewal or a variance, with its evidence."""
    licence = once.make(
        response,
        session,
        actor.id,
        act=lambda: evidence.add_licence(session, actor, facility_id, new, clock.now()),
        again=lambda made: evidence.read_licence(session, actor, facility_id, made),
    )
    response.headers["Location"] = address("facilities", facility_id, "licences", licence.id)
    tag(response, licence)
    return licence


@router.get("/{facility_id}/licences/{licence_id}")
def read_licence(
    response: Response, session: DbSession, actor: Reader, facility_id: Ref, licence_id: Ref
) -> LicenceRead:
    """One licence of the house."""
    licence = evidence.read_licence(session, actor, facility_id, licence_id)
    tag(response, licence)
    return licence


@router.put("/{facility_id}/licences/{licence_id}")
def replace_licence(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    facility_id: Ref,
    licence_id: Ref,
    change: LicenceChange,
    if_match: IfMatch = None,
) -> LicenceRead:
    """Put the whole licence."""
    licence = evidence.replace_licence(session, actor, facility_id, licence_id, change, if_match, clock.now())
    tag(response, licence)
    return licence


@router.get("/{facility_id}/safeguards")
def list_safeguards(session: DbSession, actor: Reader, facility_id: Ref) -> PageOf[SafeguardRead]:
    """The latest word on every safeguard; what was never recorded is not known."""
    return whole(evidence.list_safeguards(session, actor, facility_id))


@router.get("/{facility_id}/safeguards/{code}")
def read_safeguard(
    response: Response, session: DbSession, actor: Reader, facility_id: Ref, code: SafeguardCode
) -> SafeguardRead:
    """The latest word on one safeguard."""
    safeguard = evidence.read_safeguard(session, actor, facility_id, code)
    tag(response, safeguard)
    return safeguard


@router.put("/{facility_id}/safeguards/{code}")
def put_safeguard(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    facility_id: Ref,
    code: SafeguardCode,
    change: SafeguardChange,
    if_match: IfMatch = None,
) -> SafeguardRead:
    """Record what was verified, by whom, and until when it counts. The former word stays in the history."""
    safeguard = evidence.put_safeguard(session, actor, facility_id, code, change, if_match, clock.now())
    tag(response, safeguard)
    return safeguard


@router.get("/{facility_id}/safeguards/{code}/history")
def safeguard_history(
    session: DbSession, actor: Reader, facility_id: Ref, code: SafeguardCode
) -> PageOf[SafeguardRead]:
    """Everything ever recorded about one safeguard, the latest first."""
    return whole(evidence.safeguard_history(session, actor, facility_id, code))


@router.get("/{facility_id}/units")
def list_units(session: DbSession, actor: Reader, facility_id: Ref) -> PageOf[UnitRead]:
    """The house's units."""
    return whole(rooms.list_units(session, actor, facility_id))


@router.post("/{facility_id}/units", status_code=status.HTTP_201_CREATED)
def add_unit(
    response: Response, session: DbSession, actor: Writer, facility_id: Ref, new: UnitCreate, once: Idempotent
) -> UnitRead:
    """Add a unit."""
    unit = once.make(
        response,
        session,
        actor.id,
        act=lambda: rooms.add_unit(session, actor, facility_id, new),
        again=lambda made: rooms.read_unit(session, actor, facility_id, made),
    )
    response.headers["Location"] = address("facilities", facility_id, "units", unit.id)
    tag(response, unit)
    return unit


@router.get("/{facility_id}/units/{unit_id}")
def read_unit(response: Response, session: DbSession, actor: Reader, facility_id: Ref, unit_id: Ref) -> UnitRead:
    """One unit of the house."""
    unit = rooms.read_unit(session, actor, facility_id, unit_id)
    tag(response, unit)
    return unit


@router.put("/{facility_id}/units/{unit_id}")
def replace_unit(
    response: Response,
    session: DbSession,
    actor: Writer,
    facility_id: Ref,
    unit_id: Ref,
    change: UnitChange,
    if_match: IfMatch = None,
) -> UnitRead:
    """Put the whole unit."""
    unit = rooms.replace_unit(session, actor, facility_id, unit_id, change, if_match)
    tag(response, unit)
    return unit


@router.get("/{facility_id}/beds")
def list_beds(session: DbSession, actor: BedReader, facility_id: Ref) -> PageOf[BedRead]:
    """The house's beds, for those who work there."""
    return whole(rooms.list_beds(session, actor, facility_id))


@router.post("/{facility_id}/beds", status_code=status.HTTP_201_CREATED)
def add_bed(
    response: Response, session: DbSession, actor: Writer, facility_id: Ref, new: BedCreate, once: Idempotent
) -> BedRead:
    """Add a bed. It is offline until a person says what it is."""
    bed = once.make(
        response,
        session,
        actor.id,
        act=lambda: rooms.add_bed(session, actor, facility_id, new),
        again=lambda made: rooms.read_bed(session, actor, facility_id, made),
    )
    response.headers["Location"] = address("facilities", facility_id, "beds", bed.id)
    tag(response, bed)
    return bed


@router.get("/{facility_id}/beds/{bed_id}")
def read_bed(response: Response, session: DbSession, actor: BedReader, facility_id: Ref, bed_id: Ref) -> BedRead:
    """One bed of the house, for those who work there."""
    bed = rooms.read_bed(session, actor, facility_id, bed_id)
    tag(response, bed)
    return bed
