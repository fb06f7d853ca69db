"""What an agency is told under a release or a law: exactly the items that are named, at the hour at which it asks.

A house is told from its yes on, until it is no more awaited there: the arrival window, the end of the stay, or another
house that has her. Who takes no young person in is told as long as the release or the law holds.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.clock import Clock
from app.codes import Basis, trail_id
from app.facilities.models import Facility
from app.minors import identity
from app.minors.identity import IdentityField
from app.minors.models import Minor, MinorPlace
from app.placements.arrival import WINDOW
from app.releases.schemas import SharedRead, Told, ToldFact
from app.releases.service import ages
from app.sharing.codes import Item
from app.sharing.models import LegalBasis, Release
from app.sharing.service import basis_holds, release_holds, shared_items
from app.stays.codes import OfferStatus
from app.stays.models import Admission, Offer, Stay

Values = list[str] | None
"""Codes and dates as they stand; empty: there is none; None: not known."""


def told_of_stay(session: Session, actor: Actor, stay_id: str, clock: Clock) -> Told:
    """What the house that said yes is told of who comes to it or lives there. Each look is on record."""
    # One question, so that a stay of another house takes no longer to be refused than one that is not there.
    mine = [Facility.agency_id == actor.agency_id, Offer.status == OfferStatus.ACCEPTED]
    if actor.facility_ids is not None:
        mine.append(Facility.id.in_(actor.facility_ids))
    stay = session.scalar(
        select(Stay)
        .join(Admission, Admission.stay_id == Stay.id)
        .join(Offer, Offer.id == Admission.offer_id)
        .join(Facility, Facility.id == Stay.facility_id)
        .where(Stay.id == stay_id, *mine)
    )
    if stay is None or not _awaited(session, stay, clock):
        raise hidden(actor, "identity.read", "stay", trail_id(stay_id))
    items = shared_items(session, stay.minor_id, actor.agency_id, clock.now())
    return _facts(session, actor, stay.minor_id, items, ("stay", trail_id(stay_id)))


def list_shared(session: Session, actor: Actor, now: datetime) -> list[SharedRead]:
    """Every release and law by which the actor's agency may see something now; what it is, is another look."""
    releases = session.scalars(select(Release).where(Release.agency_id == actor.agency_id, release_holds(now)))
    laws = session.scalars(select(LegalBasis).where(LegalBasis.agency_id == actor.agency_id, basis_holds(now)))
    rows = sorted([*releases, *laws], key=lambda row: (row.valid_until, row.id))
    record(session, actor, "release.list", "agency", actor.agency_id)
    return [
        SharedRead(
            id=row.id,
            purpose=row.purpose if isinstance(row, Release) else None,
            law=row.law if isinstance(row, LegalBasis) else None,
            items=[Item(item) for item in row.fields],
            valid_until=row.valid_until,
        )
        for row in rows
    ]


def told_by(session: Session, actor: Actor, source_id: str, now: datetime) -> Told:
    """What one release or law tells an agency that runs no house: a house is told of who comes to it, by the stay."""
    found: Release | LegalBasis | None = session.scalar(
        select(Release).where(Release.id == source_id, Release.agency_id == actor.agency_id, release_holds(now))
    ) or session.scalar(
        select(LegalBasis).where(LegalBasis.id == source_id, LegalBasis.agency_id == actor.agency_id, basis_holds(now))
    )
    runs = select(Facility.id).where(Facility.agency_id == actor.agency_id).limit(1)
    if found is None or session.scalar(runs) is not None:
        raise hidden(actor, "identity.read", "release", trail_id(source_id))
    items = dict.fromkeys(map(Item, found.fields), found.id)
    return _facts(session, actor, found.minor_id, items, ("minor", trail_id(found.minor_id)))


def _awaited(session: Session, stay: Stay, clock: Clock) -> bool:
    """Whether the house has somebody to expect or to look after: not after the window, the end, or another house."""
    tonight = clock.tonight()
    if stay.left_on is not None and stay.left_on <= tonight:
        return False
    arrived = session.get_one(Admission, stay.id).arrived_at is not None
    return arrived or tonight <= stay.admitted_on + WINDOW


def _facts(session: Session, actor: Actor, minor_id: str, items: Mapping[Item, str], subject: tuple[str, str]) -> Told:
    """The items in the order of their codes; a look for each release or law by which some of them are told."""
    minor = session.get_one(Minor, minor_id)
    values: dict[Item, Values] = {}
    for source in sorted(set(items.values())):
        of_it = [item for item in Item if items.get(item) == source]
        sealed = [SEALED[item] for item in of_it if item in SEALED]
        plain = [item for item in of_it if item in READ]
        values |= {item: READ[item](session, minor) for item in plain}
        if sealed:  # which leaves the look on record itself
            known = identity.reveal(session, actor, minor_id, sealed, release_id=source)
            values |= {Item(field.value): _known(getattr(known, field.value)) for field in sealed}
        elif plain:
            record(session, actor, "identity.read", *subject, release_id=source)
    if not values:
        record(session, actor, "identity.read", *subject, reason="nothing_shared")
    return Told(facts=[ToldFact(item=item, values=values[item]) for item in Item if item in values])


def _known(value: str | list[str] | None) -> Values:
    return [value] if isinstance(value, str) else value or None


def _age(session: Session, minor: Minor) -> Values:
    youngest, oldest = ages(session, minor)
    if youngest is None or oldest is None:
        return None
    return [str(youngest)] if youngest == oldest else [f"{youngest}-{oldest}"]


def _counties(session: Session, minor: Minor) -> Values:
    """The three counties that are known, each after what it is."""
    rows = session.scalars(select(MinorPlace).where(MinorPlace.minor_id == minor.id)).all()
    known = {row.basis: row.county or row.state for row in rows if row.county or row.state}
    return [f"{basis.value} {known[basis]}" for basis in Basis if basis in known] or None


def _stays(session: Session, minor: Minor) -> Values:
    rows = session.scalars(select(Stay).where(Stay.minor_id == minor.id).order_by(Stay.admitted_on, Stay.id)).all()
    return [f"{row.admitted_on.isoformat()}/{'' if row.left_on is None else row.left_on.isoformat()}" for row in rows]


def _sorted(values: list[str] | None) -> Values:
    return None if values is None else sorted(values)


def _services(_: Session, minor: Minor) -> Values:
    if minor.services is None and minor.services_required is None:
        return None
    return sorted({*(minor.services or ()), *(minor.services_required or ())})


SEALED: Mapping[Item, IdentityField] = {
    Item(field.value): field for field in IdentityField if field is not IdentityField.BORN_ON
}
"""What stands in the sealed record; the birth date stands in the profile."""
READ: Mapping[Item, Callable[[Session, Minor], Values]] = {
    Item.AGE: _age,
    Item.BORN_ON: lambda _, minor: None if minor.born_on is None else [minor.born_on.isoformat()],
    Item.GENDER: lambda _, minor: None if minor.gender is None else [minor.gender.value],
    Item.COUNTIES: _counties,
    Item.CUSTODY: lambda _, minor: None if minor.custody is None else [minor.custody.value],
    Item.LANGUAGES: lambda _, minor: _sorted(minor.languages),
    Item.CONDITIONS: lambda _, minor: _sorted(minor.conditions),
    Item.SERVICES: _services,
    Item.STAYS: _stays,
}
"""How each other item is read; the case is read as a referral."""
