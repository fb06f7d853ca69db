"""Who is asking, and what happens when they may not."""

from dataclasses import dataclass
from datetime import datetime

from app.access.policy import CLOSED_TO_KEYS, POLICY, PROVED_WITHIN, AgencyKind, Permission, Role
from app.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person or a program, acting for one agency in one role."""

    agency_id: str
    kind: AgencyKind
    role: Role
    person_id: str | None = None
    api_key_id: str | None = None
    scope: frozenset[Permission] | None = None
    """Fewer permissions than the role's; None = all of them."""
    facility_ids: frozenset[str] | None = None
    """The houses that facility staff work in; None = every house of the agency."""
    proved_at: datetime | None = None
    """When a person last proved who they are."""
    emergency_until: datetime | None = None
    """Until when a person may see a record of another agency that nobody let them see."""
    locked: bool = False
    """A shift's device that nobody touched for a while: its board alone is open until somebody proves who they are."""

    @property
    def id(self) -> str:
        """The id under which an act is remembered."""
        return self.person_id or self.api_key_id or "operator"

    def may(self, permission: Permission) -> bool:
        """Whether the role, the key's scope and the kind of proof all allow it."""
        if self.api_key_id is not None and permission in CLOSED_TO_KEYS:
            return False
        return permission in POLICY[self.role] and (self.scope is None or permission in self.scope)

    def fresh(self, now: datetime) -> bool:
        """Whether the person has just proved who they are."""
        return self.proved_at is not None and now - self.proved_at <= PROVED_WITHIN

    @property
    def leads(self) -> bool:
        """Whether the actor's agency leads the coalition."""
        return self.kind is AgencyKind.COALITION_LEAD

    def administers(self, agency_id: str | None) -> bool:
        """Whether what this agency runs is the actor's to administer: the lead's is the network, another's its own."""
        return self.may(Permission.DIRECTORY_WRITE) and (self.leads or agency_id == self.agency_id)

    def works_in(self, facility_id: str, agency_id: str) -> bool:
        """Whether a house, run by this agency, is one the actor works in."""
        if agency_id != self.agency_id:
            return False
        return self.facility_ids is None or facility_id in self.facility_ids


class Denied(Problem):
    """A refusal of someone known. It rolls the request back, so the audit of it has a transaction of its own."""

    def __init__(
        self,
        actor: Actor,
        action: str,
        reason: str,
        *,
        code: str = "forbidden",
        detail: str | None = None,
        subject_kind: str = "route",
        subject_id: str = "",
    ) -> None:
        super().__init__(code, detail)
        self.actor = actor
        self.action = action
        self.reason = reason
        self.subject_kind = subject_kind
        self.subject_id = subject_id


def hidden(actor: Actor, action: str, subject_kind: str, subject_id: str) -> Denied:
    """What the actor cannot see, be it hidden or absent: one 404, audited as one thing."""
    return Denied(actor, action, "not_visible", code="not_found", subject_kind=subject_kind, subject_id=subject_id)
