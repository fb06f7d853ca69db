"""When the demo's clock is moved, nobody was away: what ends by the clock ends as much later."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.models import ApiKey, LoginLink, SignIn

_BY_THE_CLOCK = {
    SignIn: ("created_at", "last_seen_at", "proved_at"),
    LoginLink: ("expires_at",),
    ApiKey: ("expires_at",),
}


def carry(session: Session, by: timedelta) -> None:
    """Move sessions, sign-in links and keys along with the clock."""
    for table, columns in _BY_THE_CLOCK.items():
        for row in session.scalars(select(table)):
            for column in columns:
                setattr(row, column, getattr(row, column) + by)
