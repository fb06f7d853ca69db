"""The known evening on top of the year: who waits, who is about to come, and the beds as they stand at 02:14."""

from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.beds import ledger
from app.beds.cards import Card, turn
from app.demo.state import Demo
from app.demo.year.standing import enter
from app.facilities.models import Bed, BedStatus, BedUnavailable, NightStaffing
from app.funding.models import FundLimit
from app.placements.network_houses import add_facility
from app.placements.network_people import add_minors, add_referrals, add_stays
from app.placements.network_rows import Network, derived_id
from app.stays.models import Stay
from matching.codec import decode

Json = dict[str, Any]


def begin_evening(session: Session, demo: Demo, agency_id: str) -> None:
    """Enter what the evening's file says and the year does not hold yet."""
    network = Network(decode(_rest(session, demo)), agency_id)
    add_minors(network)
    add_stays(network)
    add_referrals(session, network, demo.referral_codes)
    enter(session, network)
    _stand_as_they_do(session, network)
    _leave_the_money(session, demo)


def _rest(session: Session, demo: Demo) -> Json:
    """The file without those who are there already, and without the stays of people whom nobody asks about."""
    document = demo.document
    known = set(session.scalars(select(Stay.id)))
    waiting = {referral["minor"] for referral in document["referrals"]}
    stays = [
        stay
        for stay in document["stays"]
        if stay["id"] not in known
        and (stay["minor"] in waiting or date.fromisoformat(stay["admitted_on"]) > demo.tonight)
    ]
    people = waiting | {stay["minor"] for stay in stays}
    return document | {
        "facilities": [facility | {"residents": _not_here_yet(facility)} for facility in document["facilities"]],
        "minors": [minor for minor in document["minors"] if minor["id"] in people],
        "stays": stays,
    }


def _not_here_yet(facility: Json) -> list[Json]:
    return [entry for entry in facility["residents"] if entry["minor"] is None or entry["from"] is not None]


def _stand_as_they_do(session: Session, network: Network) -> None:
    """Each bed's card, the nights on which it is out of use, and who is awake tonight, as the file has them."""
    said = Network(network.snapshot, network.agency_id)
    for facility in network.snapshot.facilities:
        add_facility(said, facility, None)
    for row in said.rows[Bed]:
        bed = session.get_one(Bed, row["id"])
        if (bed.status, bed.held_for) != (row["status"], row["held_for"]):
            # As a change of its own: what was done to the bed before says nothing about how it stands now.
            turn(session, bed, Card(status=BedStatus(row["status"]), held_for=row["held_for"]))
        bed.confirmed_at, bed.confirmed_by = row["confirmed_at"], row["confirmed_by"]
    session.flush()
    session.execute(delete(NightStaffing).where(NightStaffing.night == network.tonight))
    for table in (NightStaffing, BedUnavailable):
        session.execute(insert(table), said.rows[table])


def _leave_the_money(session: Session, demo: Demo) -> None:
    """What the file says is left of a limit is left, whatever the year has spent: the funder adds or takes the rest."""
    used = ledger.nights_used(session, demo.as_of)
    for fund in demo.document["funds"]:
        for position, limit in enumerate(fund["limits"]):
            if limit.get("nights_left") is not None:
                own = derived_id("limit", fund["id"], position)
                granted = limit["nights_left"] + used.get(own, 0)
                session.execute(update(FundLimit).where(FundLimit.id == own).values(nights_granted=granted))
