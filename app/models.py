"""Every domain's tables, imported in one place so that migrations and tests see them all."""

from app.access import models as access
from app.audit import models as audit
from app.db import Base
from app.sharing import models as sharing

__all__ = ["Base", "access", "audit", "sharing"]
