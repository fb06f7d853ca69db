"""The channel that is always there: every event becomes a notice, in the transaction that hands it on."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.models import Agency
from app.db import Database, new_id
from app.notices.models import Notice
from app.outbox.channels import Parcel
from app.outbox.models import OutboxEvent


class Notices:
    """Writes notices; nothing leaves the house."""

    name = "notices"

    def hand_on(self, session: Session, event: OutboxEvent) -> Iterable[str]:
        """Keep the event for the agency's people. An agency that is not there has none."""
        if session.scalar(select(Agency.id).where(Agency.id == event.agency_id)) is not None:
            notice = Notice(
                id=new_id("note"),
                event_id=event.id,
                agency_id=event.agency_id,
                facility_id=event.facility_id,
                kind=event.kind,
                subject_kind=event.subject_kind,
                subject_id=event.subject_id,
                created_at=session.info["clock"].now(),
            )
            session.add(notice)
        return ()

    def send(self, database: Database, parcel: Parcel) -> None:
        """Nothing is ever named to be sent."""
        raise NotImplementedError
