"""Browsers in which somebody has signed in before: known again by a cookie of their own, which proves nothing."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.access.factor_models import Device
from app.access.models import Person

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def label_of(user_agent: str) -> str:
    """What a browser says it is, in words of ours: enough to tell one's own phone from a stranger's computer."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "A browser")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), None)
    return browser if system is None else f"{browser}, {system}"


def knows(session: Session, device: str | None, email: str) -> str | None:
    """The person of this address, where they have signed in on this device before. `device`: the hash of its token."""
    if device is None:
        return None
    here = select(Device.person_id).join(Person, Person.id == Device.person_id)
    return session.scalar(here.where(Device.token_sha256 == device, Person.email == email))


def seen(session: Session, device: str, person_id: str, label: str, now: datetime) -> bool:
    """Somebody signs in on this device; whether it is a new one among others of theirs."""
    mine = Device.person_id == person_id
    known = update(Device).where(Device.token_sha256 == device, mine).values(last_seen_at=now, label=label)
    if session.execute(known.returning(Device.person_id)).first() is not None:
        return False
    others = session.scalar(select(func.count()).select_from(Device).where(mine))
    session.add(Device(token_sha256=device, person_id=person_id, label=label, first_seen_at=now, last_seen_at=now))
    return bool(others)
