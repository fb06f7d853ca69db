"""Browsers in which somebody has signed in before: known again by a cookie of their own, which proves nothing."""

from datetime import datetime

from sqlalchemy import select
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
    """Somebody signs in on this device; whether they did on a new one since they last did here, which they are told."""
    known = session.get(Device, (device, person_id))
    if known is None:
        new = Device(token_sha256=device, person_id=person_id, label=label, first_seen_at=now, last_seen_at=now)
        session.add(new)
        return False
    later = select(Device.label).where(Device.person_id == person_id, Device.first_seen_at > known.last_seen_at)
    news = session.scalar(later.limit(1)) is not None
    known.last_seen_at, known.label = now, label
    return news
