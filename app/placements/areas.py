"""How many places to avoid one agency may ask about within a day.

An answer for a place to avoid is a yes or no to "does this house stand there?", whatever words it is given in: the
house is an option, or it is not. So what counts is how many different places an agency asks about, over all its
referrals. The rule:

- Within 24 hours an agency has an answer for 20 counties, 2 long lists of counties (over 5 of one young person, which
  count as one place), and 8 circles. A place that was asked about in that time costs nothing.
- Past half of that, supervisors, the lead of the coalition and the security administrators are told.
- Past all of it a further place shuts every house that may stand there: all houses of a county's State, or all of them
  for a circle. They read `not_available`, whether they stand there or not. The referral is ranked all the same, a house
  in a place to avoid is never an option, and the page says that houses were shut and are to be called.

A plan for everyone who waits asks about no place anew: one that no ranking of the young person's agency has ever had an
answer for shuts, for her or him, every house that may stand there.

What still leaks: an agency that keeps to the limit learns for 20 counties a day which houses that fit stand in them, or
closes in by circles to tens of kilometres. It takes days, and is told of on each.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.models import Agency
from app.answers.models import AreaAsked, AreaKind
from app.db import insert_into
from app.facilities.counties import state_of
from app.minors.models import Avoided, MinorAvoids
from app.referrals.models import Referral, ReferralStatus

MOST = {AreaKind.COUNTY: 20, AreaKind.LIST: 2, AreaKind.CIRCLE: 8}
LONG_LIST = 5
WITHIN = timedelta(days=1)
Place = tuple[AreaKind, str]


@dataclass(frozen=True, slots=True)
class Areas:
    """The places that one ranking asks about, as far as they have an answer, and which houses are shut for others."""

    answered: frozenset[Place] = frozenset()
    """With their hash, so that no list of places is kept beside the decisions."""
    states: frozenset[str] = frozenset()
    """All houses of these States are shut."""
    everywhere: bool = False
    many: bool = field(default=False, compare=False)
    """Whether this ranking asks about a place that is past half of what a day has."""

    @property
    def shut(self) -> bool:
        """Whether any house is."""
        return self.everywhere or bool(self.states)

    def shuts(self, facilities: Iterable[Mapping[str, Any]]) -> set[str]:
        """The ids of the houses, in the contract's form, that are shut; one whose State is not known may be there."""
        return {
            house["id"]
            for house in facilities
            if self.everywhere or (self.states and (house["state"] is None or house["state"] in self.states))
        }


NOTHING = Areas()


def asked(session: Session, agency_id: str, minor_id: str, now: datetime) -> Areas:
    """What a ranking of this young person asks about, measured against what the agency asked in the last 24 hours."""
    own = _places(session, agency_id, minor_id)
    if not own:
        return NOTHING
    recent = (AreaAsked.agency_id == agency_id, AreaAsked.asked_at > now - WITHIN)
    known: set[Place] = {(row.kind, row.place) for row in session.scalars(select(AreaAsked).where(*recent))}
    fresh = Counter(kind for kind, _ in own.keys() - known)
    total = fresh + Counter(kind for kind, _ in known)
    over = {kind for kind in fresh if total[kind] > MOST[kind]}
    out = [place for place in own.keys() - known if place[0] in over]
    return Areas(
        answered=frozenset(own.keys() - set(out)),
        states=frozenset(state for place in out for state in own[place]),
        everywhere=AreaKind.CIRCLE in over,
        many=any(2 * total[kind] > MOST[kind] for kind in fresh),
    )


def still(session: Session, agency_id: str, minor_id: str, now: datetime, seen: Areas) -> bool:
    """Whether that stands where the decision is stored: one ranking of an agency after another gets here."""
    if seen == NOTHING:
        return True
    # Beside the foreign keys that point to the agency, but not beside another ranking with places.
    session.execute(select(Agency.id).where(Agency.id == agency_id).with_for_update(key_share=True))
    return asked(session, agency_id, minor_id, now) == seen


def remember(session: Session, agency_id: str, seen: Areas, now: datetime) -> None:
    """Count the places that have an answer."""
    rows = [
        {"agency_id": agency_id, "kind": kind, "place": place, "asked_at": now} for kind, place in sorted(seen.answered)
    ]
    if rows:
        new = insert_into(session, AreaAsked)
        key = ["agency_id", "kind", "place"]
        session.execute(new.on_conflict_do_update(index_elements=key, set_={"asked_at": new.excluded.asked_at}), rows)


def unasked(session: Session) -> dict[str, Areas]:
    """Which houses a plan shuts for whom: those that may stand in places that no ranking has had an answer for."""
    waiting = session.execute(
        select(Referral.minor_id, Referral.agency_id, MinorAvoids)
        .join(MinorAvoids, MinorAvoids.minor_id == Referral.minor_id)
        .where(Referral.status == ReferralStatus.OPEN, MinorAvoids.kind != Avoided.FACILITY)
    ).all()
    rows: dict[tuple[str, str], list[MinorAvoids]] = {}
    for minor_id, agency_id, row in waiting:
        rows.setdefault((minor_id, agency_id), []).append(row)
    of_these = AreaAsked.agency_id.in_({agency for _, agency in rows})
    known = {(row.agency_id, row.kind, row.place) for row in session.scalars(select(AreaAsked).where(of_these))}
    found: dict[str, Areas] = {}
    for (minor_id, agency_id), own in rows.items():
        places = _counted(own, agency_id)
        out = [place for place in places if (agency_id, *place) not in known]
        before = found.get(minor_id, NOTHING)
        found[minor_id] = Areas(
            states=before.states.union(*(places[place] for place in out)),
            everywhere=before.everywhere or any(kind is AreaKind.CIRCLE for kind, _ in out),
        )
    return found


def _places(session: Session, agency_id: str, minor_id: str) -> dict[Place, frozenset[str]]:
    of = select(MinorAvoids).where(MinorAvoids.minor_id == minor_id, MinorAvoids.kind != Avoided.FACILITY)
    return _counted(session.scalars(of), agency_id)


def _counted(rows: Iterable[MinorAvoids], agency_id: str) -> dict[Place, frozenset[str]]:
    """The places to avoid of a young person, and the States they lie in; a circle may lie in any."""
    counties, places = set(), {}
    for row in rows:
        if row.county is None:
            circle = f"{row.latitude} {row.longitude} {row.kilometres}"
            places[AreaKind.CIRCLE, _hash(agency_id, circle)] = frozenset[str]()
        else:
            counties.add(row.county)
    if len(counties) > LONG_LIST:
        whole = " ".join(sorted(counties))
        places[AreaKind.LIST, _hash(agency_id, whole)] = _states(counties)
    else:
        places |= {(AreaKind.COUNTY, _hash(agency_id, county)): _states({county}) for county in counties}
    return places


def _states(counties: Iterable[str]) -> frozenset[str]:
    return frozenset(state for county in counties if (state := state_of(county)) is not None)


def _hash(agency_id: str, place: str) -> str:
    return hashlib.sha256(f"{agency_id}\n{place}".encode()).hexdigest()
