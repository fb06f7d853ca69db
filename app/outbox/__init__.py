"""What happened and who is to be told: written with the act itself, delivered later, at least once."""

from app.outbox.service import emit

__all__ = ["emit"]
