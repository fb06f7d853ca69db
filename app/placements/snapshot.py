"""The one place where rows become a snapshot.

Nothing is filled in on the way: a fact that is null in a row is not known in the snapshot. Every planned arrival is a
resident with a `from`; a safeguard without who verified it, when, and until when, is left out.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from pydantic_core import to_json
from sqlalchemy.orm import Session

from app.placements.areas import Areas
from app.placements.rows import Rows, read
from app.placements.sources import Approval, House, Kept, Money, Person, Request, Slept, Source
from app.stays.residents import listed
from matching.codec import SnapshotError
from matching.facts import Snapshot
from matching.pieces import joined

Json = dict[str, Any]
Lists = Mapping[str, Sequence[Source]]

HORIZON_NIGHTS = 180
"""How far ahead a ranking looks."""


def build(session: Session, now: datetime, tonight: date, *, horizon_nights: int = HORIZON_NIGHTS) -> Json:
    """The contract's JSON of everything that a decision may look at tonight."""
    rows = read(session, now, tonight, None)
    lists = _lists(rows, now, tonight, {})
    forms = {name: [source.form() for source in sources] for name, sources in lists.items()}
    document: Json = json.loads(to_json(_head(rows, now, tonight, horizon_nights) | forms))
    return document


def take(
    session: Session,
    now: datetime,
    tonight: date,
    *,
    horizon_nights: int = HORIZON_NIGHTS,
    asked: str | None = None,
    everyone: bool = False,
    areas: Mapping[str, Areas] | None = None,
) -> tuple[Snapshot, bytes]:
    """The same as facts, and as it is stored.

    For the minor who is asked about, money that her or his own hold keeps is still there. Houses that `areas` shuts
    for a minor are for her or him to avoid.

    Raises SnapshotError where the rows contradict each other. Where the past of somebody else than who is asked about
    does, it is left out: one wrong record must not keep everybody from a bed. So it is where everyone is asked about;
    the history of who is concerned then counts as not known. Who lives somewhere now is never left out.
    """
    rows, kept = read(session, now, tonight, asked), Kept(session)
    head = to_json(_head(rows, now, tonight, horizon_nights))

    def put_together(torn: frozenset[str]) -> tuple[Snapshot, bytes]:
        lists = _lists(rows, now, tonight, areas or {}, torn)
        return joined(head, {name: kept.parts(name, sources) for name, sources in lists.items()})

    try:
        taken = put_together(frozenset())
    except SnapshotError:
        if asked is None and not everyone:
            raise
        taken = put_together(_torn(rows.stays) - {asked})
    kept.keep()
    return taken


def _head(rows: Rows, now: datetime, tonight: date, horizon_nights: int) -> Json:
    holidays: dict[str, list[date]] = defaultdict(list)
    for row in rows.holidays:
        holidays[row.state].append(row.day)
    return {
        "version": 1,
        "as_of": now,
        "tonight": tonight,
        "horizon_nights": horizon_nights,
        "policy": {"id": rows.policy.id, "version": rows.policy.version},
        "holidays": holidays,
        "prices": None if rows.prices is None else _prices(rows.prices),
    }


def _prices(row: Any) -> Json:
    """What was learnt last of what beds are worth to those still to come."""
    return {
        "learnt_on": row.learnt_on,
        "nights": row.nights,
        "referrals": row.referrals,
        "history_sha256": row.history_sha256,
        "units": [{"unit": unit, "by_free": by_free} for unit, by_free in row.units.items()],
    }


def _lists(
    rows: Rows,
    now: datetime,
    tonight: date,
    areas: Mapping[str, Areas],
    torn: frozenset[str] = frozenset(),
) -> Lists:
    """What each row of the snapshot's lists is made of; of the `torn` only what goes on."""
    houses = [{"id": row.id, "state": row.state} for row in rows.facilities]
    shut = {minor: frozenset(one.shuts(houses)) for minor, one in areas.items() if one.shut}
    nothing: frozenset[str] = frozenset()
    return {
        "facilities": _houses(rows, now, tonight),
        "funds": [
            Money(
                row,
                [
                    (limit, rows.clocks_by_limit.get(limit.id, ()), rows.used_by_limit.get(limit.id, 0))
                    for limit in rows.limits_by_fund.get(row.id, ())
                ],
            )
            for row in rows.funds
        ],
        "minors": [
            Person(
                row,
                rows.profiles_by_minor.get(row.id, {}),
                shut.get(row.id, nothing),
                row.id in torn,
            )
            for row in rows.minors
        ],
        "referrals": [Request(row, tonight) for row in rows.referrals],
        "stays": [
            Slept(
                row,
                rows.away_by_stay.get(row.id, ()),
                rows.stated_by_stay.get(row.id, ()),
                rows.paid_by_stay.get(row.id, ()),
            )
            for row in rows.stays
            if row.minor_id not in torn or _goes_on(row, tonight)
        ],
        "interstate_approvals": [Approval(row) for row in rows.approvals],
    }


def _houses(rows: Rows, now: datetime, tonight: date) -> list[House]:
    residents = _residents(rows, now, tonight)
    run_out = {row.bed_id: row.referral_id for row in rows.holds if row.expires_at <= now}
    houses = []
    for row in rows.facilities:
        beds = rows.beds_by_facility.get(row.id, ())
        ahead = any(bed.confirmed_at is not None and bed.confirmed_at > now for bed in beds)
        houses.append(
            House(
                row=row,
                tonight=tonight,
                licences=rows.licences_by_facility.get(row.id, ()),
                safeguards=rows.safeguards_by_facility.get(row.id, ()),
                funds=rows.funds_by_facility.get(row.id, ()),
                units=rows.units_by_facility.get(row.id, ()),
                beds=beds,
                away={bed.id: rows.away_by_bed[bed.id] for bed in beds if bed.id in rows.away_by_bed},
                run_out={bed.id: run_out[bed.id] for bed in beds if bed.id in run_out},
                told_no=rows.told_no.get(row.id),
                ahead=now if ahead else None,
                residents=residents.get(row.id, []),
            )
        )
    return houses


def _residents(rows: Rows, now: datetime, tonight: date) -> dict[str, list[Json]]:
    # A row whose last night has passed still outweighs what the bed last said, until someone says more.
    placed: dict[str, list[Any]] = defaultdict(list)
    for stay in rows.stays:
        if stay.facility_id is not None and stay.in_house and _goes_on(stay, tonight):
            placed[stay.facility_id].append(stay)
    # A hold for tonight is what the bed's card says; one for a later night is an arrival to come.
    coming: dict[str, list[Any]] = defaultdict(list)
    for hold in rows.holds:
        if hold.expires_at > now and hold.first_night > tonight:
            coming[hold.facility_id].append(hold)
    return listed(placed, coming, rows.listed_by_facility, {row.id: row for row in rows.minors}, tonight)


def _torn(stays: Sequence[Any]) -> frozenset[str]:
    """Those whose stays contradict each other."""
    torn = set()
    in_order = sorted(stays, key=lambda row: (row.minor_id, row.admitted_on, row.left_on or date.max))
    for earlier, later in pairwise(in_order):
        if earlier.minor_id == later.minor_id and later.admitted_on < (earlier.left_on or date.max):
            torn.add(earlier.minor_id)
    return frozenset(torn)


def _goes_on(stay: Any, tonight: date) -> bool:
    return stay.left_on is None or stay.left_on > tonight
