"""Every domain's tables, imported in one place so that migrations and tests see them all."""

from app import idempotency
from app.access import agency_models as agency_sign_ins
from app.access import factor_models as factors
from app.access import models as access
from app.answers import models as answers
from app.audit import models as audit
from app.beds import models as beds
from app.db import Base
from app.emergency import models as emergency
from app.exceptions import models as exceptions
from app.exchange import models as exchange
from app.expunging import models as expunging
from app.facilities import continuum_models as continuum
from app.facilities import models as facilities
from app.funding import models as funding
from app.gaps import models as gaps
from app.minors import conference_models as conferences
from app.minors import identity, searching
from app.minors import linking_models as linking
from app.minors import models as minors
from app.minors import record_models as record
from app.notices import models as notices
from app.outbox import models as outbox
from app.referrals import models as referrals
from app.reports import models as reports
from app.sharing import models as sharing
from app.stays import aftercare_models as aftercare
from app.stays import models as stays
from app.tasks import models as tasks

__all__ = [
    "Base",
    "access",
    "aftercare",
    "agency_sign_ins",
    "answers",
    "audit",
    "beds",
    "conferences",
    "continuum",
    "emergency",
    "exceptions",
    "exchange",
    "expunging",
    "facilities",
    "factors",
    "funding",
    "gaps",
    "idempotency",
    "identity",
    "linking",
    "minors",
    "notices",
    "outbox",
    "record",
    "referrals",
    "reports",
    "searching",
    "sharing",
    "stays",
    "tasks",
]
