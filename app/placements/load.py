"""From a snapshot of the contract to rows, with its ids: for the demo, for a network's own file, for the worked cases.

`snapshot.build` over the rows gives a snapshot that is decided alike.
"""

from collections.abc import Mapping

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.audit.service import record
from app.placements.network_houses import add_facility, add_funds
from app.placements.network_people import add_minors, add_referrals, add_stays
from app.placements.network_rows import Json, Network
from app.stays.models import Holiday
from matching.codec import decode


def load_network(
    session: Session,
    document: Json,
    *,
    agency_id: str,
    operators: Mapping[str, str] | None = None,
    funder_agencies: Mapping[str, str] | None = None,
    referral_codes: Mapping[str, str] | None = None,
) -> None:
    """Enter every row of a snapshot; the agency owns its minors and its referrals.

    `operators` names the agency that runs a facility, `funder_agencies` the agency behind a funder's name. What the
    file says of a safeguard without dates is evidence on its own day, and for as far as the file looks ahead.
    Raises SnapshotError where the document is no valid snapshot.
    """
    network = Network(decode(document), agency_id)
    add_funds(session, network, funder_agencies or {})
    for facility in network.snapshot.facilities:
        add_facility(network, facility, (operators or {}).get(facility.id))
    add_minors(network)
    add_stays(network)
    network.grant_nights()
    add_referrals(session, network, referral_codes or {})
    holidays = network.snapshot.holidays.items()
    network.add(Holiday, ({"state": state, "day": day} for state, days in holidays for day in sorted(days)))
    for table in network.rows:
        if network.rows[table]:
            session.execute(insert(table.__table__), network.rows[table])
    record(session, None, "network.load", "agency", agency_id)
