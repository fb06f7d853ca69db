"""Tables of the need profile of a minor: what a house or a fund must know, and never who the young person is.

Null means not known. A list that is empty means that somebody asked and there is none. Rows of `minor_places` that are
missing are counties not known; areas, wishes, siblings and peers to keep apart are limits, so no row is no limit.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.codes import Basis, Custody, Gender, Trafficking, county_place_state, shaped
from app.db import Base, Versioned

_MINOR = "minors.id"


class History(StrEnum):
    """Whether the past stays on record are all there are."""

    COMPLETE = "complete"


class Avoided(StrEnum):
    """What kind of place a minor must not be near."""

    COUNTY = "county"
    CIRCLE = "circle"
    FACILITY = "facility"


class Wish(StrEnum):
    """What the young person says of a facility."""

    PREFER = "prefer"
    REFUSE = "refuse"


class Minor(Versioned, Base):
    """The young person a referral is about, as a profile without identity; `agency_id` owns the record."""

    __tablename__ = "minors"
    __table_args__ = (
        CheckConstraint("(age_min IS NULL) = (age_max IS NULL)", name="age_range_whole"),
        CheckConstraint("age_min >= 0 AND age_max >= age_min AND age_max <= 150", name="age_range_order"),
        CheckConstraint("infants >= 0", name="infants_not_negative"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    created_at: Mapped[datetime]
    born_on: Mapped[date | None]
    age_min: Mapped[int | None]
    age_max: Mapped[int | None]
    gender: Mapped[Gender | None]
    custody: Mapped[Custody | None]
    trafficking: Mapped[Trafficking | None]
    infants: Mapped[int | None]
    services: Mapped[list[str] | None]
    services_required: Mapped[list[str] | None]
    languages: Mapped[list[str] | None]
    conditions: Mapped[list[str] | None]
    approvals: Mapped[list[str] | None]
    history: Mapped[History | None]


class MinorPlace(Base):
    """One of a minor's three counties; `none` means that there is no such place at all."""

    __tablename__ = "minor_places"
    __table_args__ = (*county_place_state(),)

    minor_id: Mapped[str] = mapped_column(ForeignKey(_MINOR), primary_key=True)
    basis: Mapped[Basis] = mapped_column(primary_key=True)
    county: Mapped[str | None]
    place: Mapped[str | None]
    state: Mapped[str | None]
    none: Mapped[bool]


class MinorAvoids(Base):
    """A county, a circle or a facility where a minor is not safe."""

    __tablename__ = "minor_avoids"
    __table_args__ = (
        shaped("county", 5),
        CheckConstraint("(kind = 'county') = (county IS NOT NULL)", name="county_of_kind"),
        CheckConstraint("(kind = 'facility') = (facility IS NOT NULL)", name="facility_of_kind"),
        CheckConstraint(
            "(kind = 'circle') = (latitude IS NOT NULL) AND (kind = 'circle') = (longitude IS NOT NULL)"
            " AND (kind = 'circle') = (kilometres IS NOT NULL)",
            name="circle_of_kind",
        ),
        CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180 AND kilometres >= 0", name="circle_range"
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    minor_id: Mapped[str] = mapped_column(ForeignKey(_MINOR), index=True)
    kind: Mapped[Avoided]
    county: Mapped[str | None]
    facility: Mapped[str | None] = mapped_column(index=True)
    """No foreign key: the facility may lie outside the network."""
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    kilometres: Mapped[float | None]


class MinorWish(Base):
    """A facility that the young person would like, or refuses; it may lie outside the network."""

    __tablename__ = "minor_wishes"

    minor_id: Mapped[str] = mapped_column(ForeignKey(_MINOR), primary_key=True)
    facility: Mapped[str] = mapped_column(primary_key=True)
    wish: Mapped[Wish] = mapped_column(primary_key=True)


class KeepApart(Base):
    """The first minor must not live with the second. It stands on the first one's record and binds both."""

    __tablename__ = "minor_keep_apart"

    minor_id: Mapped[str] = mapped_column(ForeignKey(_MINOR), primary_key=True)
    other_id: Mapped[str] = mapped_column(ForeignKey(_MINOR), primary_key=True, index=True)


class Sibling(Base):
    """The first minor waits together with the second: the same facility or neither."""

    __tablename__ = "minor_siblings"

    minor_id: Mapped[str] = mapped_column(ForeignKey(_MINOR), primary_key=True)
    sibling_id: Mapped[str] = mapped_column(ForeignKey(_MINOR), primary_key=True, index=True)


class InterstateApproval(Base):
    """An approval for one minor to be placed from one State in another (ICPC)."""

    __tablename__ = "interstate_approvals"
    __table_args__ = (
        shaped("from_state", 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        shaped("to_state", 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    )

    minor_id: Mapped[str] = mapped_column(ForeignKey(_MINOR), primary_key=True)
    from_state: Mapped[str] = mapped_column(primary_key=True)
    to_state: Mapped[str] = mapped_column(primary_key=True)
