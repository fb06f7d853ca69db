"""Which rooms of a house suit somebody who stays there: said by the matcher, which no room of this domain may ask."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.stays.models import Stay

SuitingRooms = Callable[[Session, Stay, date, date], Mapping[str, bool]]
"""The units of the house of a stay whose own rule is not known to be against it on the nights `[first, until)`.

With each: whether nobody is known to be in the way who sleeps or comes there on one of them.
"""


def suiting_rooms(request: Request) -> SuitingRooms:
    """What the application was put together with."""
    found: SuitingRooms = request.app.state.suiting_rooms
    return found


Rooms = Annotated[SuitingRooms, Depends(suiting_rooms)]
