"""Agencies, people, keys and sessions: who is asking, and whether their role allows it."""

from app.access.actor import Actor, Denied, hidden
from app.access.guard import csrf_token, require
from app.access.policy import POLICY, AgencyKind, Permission, Role

__all__ = ["POLICY", "Actor", "AgencyKind", "Denied", "Permission", "Role", "csrf_token", "hidden", "require"]
