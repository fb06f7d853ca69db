"""Every domain's tables, imported in one place so that migrations and tests see them all."""

from app import idempotency
from app.access import models as access
from app.audit import models as audit
from app.beds import models as beds
from app.db import Base
from app.exchange import models as exchange
from app.facilities import models as facilities
from app.funding import models as funding
from app.minors import models as minors
from app.notices import models as notices
from app.outbox import models as outbox
from app.placements import aftercare_models as aftercare
from app.placements import exception_models as exceptions
from app.placements import gap_models as gaps
from app.placements import models as placements
from app.referrals import models as referrals
from app.sharing import models as sharing
from app.tasks import models as tasks

__all__ = [
    "Base",
    "access",
    "aftercare",
    "audit",
    "beds",
    "exceptions",
    "exchange",
    "facilities",
    "funding",
    "gaps",
    "idempotency",
    "minors",
    "notices",
    "outbox",
    "placements",
    "referrals",
    "sharing",
    "tasks",
]
