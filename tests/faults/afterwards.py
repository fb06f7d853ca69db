"""What must hold of a database after anything: nothing double, nothing half, nothing acknowledged that is not there."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.verifying import verify
from app.beds import ledger
from app.beds.models import BedNight, Hold
from app.db import Database
from app.facilities.models import Bed, BedStatus
from app.idempotency import IdempotentRequest
from app.outbox.models import OutboxEvent
from app.placements import due
from app.stays.codes import OfferStatus
from app.stays.models import Admission, Offer, Stay

Json = dict[str, Any]


def nothing_is_double_or_half(database: Database) -> None:
    """Every movement is there whole or not at all."""
    with database.reading() as session:
        now = database.clock.now()
        places = session.execute(select(BedNight.bed_id, BedNight.night, BedNight.minor_id)).all()
        assert max(Counter((bed, night) for bed, night, _ in places).values(), default=1) == 1
        assert max(Counter((minor, night) for _, night, minor in places).values(), default=1) == 1
        by_hold = _counted(session, BedNight.hold_id)
        for hold in session.scalars(select(Hold)):
            nights, rows = (hold.until_night - hold.first_night).days, by_hold.pop(hold.id, 0)
            if hold.ended_at is not None:
                assert rows == 0, "a hold that ended keeps nights"
            elif hold.expires_at > now:
                assert rows == nights, "a hold is there in part"
        _every_yes_has_its_stay(session)
        assert verify(session).broken_at is None


def _every_yes_has_its_stay(session: Session) -> None:
    by_stay = _counted(session, BedNight.stay_id)
    accepted = {offer.id: offer for offer in session.scalars(select(Offer).where(Offer.status == OfferStatus.ACCEPTED))}
    admitted = dict(session.execute(select(Admission.offer_id, Admission.stay_id)).all())
    assert set(accepted) == set(admitted)
    for stay in session.scalars(select(Stay)):
        nights = ((stay.expected_until or stay.admitted_on) - stay.admitted_on).days
        assert by_stay.get(stay.id, 0) == (nights if stay.left_on is None else 0), "a stay is there in part"


def the_cards_agree(database: Database) -> None:
    """Once what is due is done, no card tells of a hold that is over."""
    due.run(database)
    with database.reading() as session:
        now = database.clock.now()
        assert session.scalar(select(func.count()).where(Hold.ended_at.is_(None), Hold.expires_at <= now)) == 0
        rows = set(session.scalars(select(BedNight.bed_id).where(ledger.in_force(now))))
        held = set(session.scalars(select(Bed.id).where(Bed.status == BedStatus.HELD)))
        assert held <= rows, "a card tells of a hold that is over"


def acknowledged(notes: Iterable[Path]) -> list[Json]:
    """What was acknowledged, as those who were told noted it; a line that was cut off was not."""
    lines = [line for path in notes if path.exists() for line in path.read_text().split("\n")]
    return [json.loads(line) for line in lines if line.endswith("}")]


class Acknowledged:
    """How many claims have been acknowledged by now: notes that are only ever added to are read on, never again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: Counter[Path] = Counter()
        self._claims = 0

    def claims(self) -> int:
        """The number of them in whole lines."""
        for path in self._folder.glob("notes-*"):
            with path.open("rb") as notes:
                notes.seek(self._read[path])
                whole, end, _ = notes.read().rpartition(b"\n")
            self._read[path] += len(whole + end)
            self._claims += whole.count(b'{"claimed"')
        return self._claims


def all_that_was_acknowledged_is_there(session: Session, said: list[Json]) -> None:
    """No claim, yes or withdrawal is lost, each is told to the outbox, and no key made two of anything."""
    offers = {row.id: row.status for row in session.execute(select(Offer.id, Offer.status))}
    told = set(session.execute(select(OutboxEvent.kind, OutboxEvent.subject_id)).all())
    keys = select(IdempotentRequest.key, IdempotentRequest.subject_id)
    made = dict(session.execute(keys.where(IdempotentRequest.key.startswith("key-"))).all())
    assert len(set(made.values())) == len(made) == len(offers), "a key made two, or an offer has no key"
    assert {("offer.made", offer) for offer in offers} <= told
    for row in said:
        if "claimed" in row:
            assert made[row["key"]] == row["claimed"] in offers
        elif "accepted" in row:
            assert offers[row["accepted"]] is OfferStatus.ACCEPTED
            assert ("offer.accepted", row["accepted"]) in told
        elif "withdrawn" in row:
            assert offers[row["withdrawn"]] is OfferStatus.WITHDRAWN
        elif "ended" in row:
            assert session.get_one(Stay, row["ended"]).left_on is not None


def _counted(session: Session, holder: Any) -> dict[str, int]:
    return dict(session.execute(select(holder, func.count()).where(holder.is_not(None)).group_by(holder)).all())
