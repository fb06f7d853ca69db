"""Finding the alerts of an agency in the trail."""

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | None = None
depends_on: str | None = None

ALERT = sa.text("action = 'ranking.probing'")


def upgrade() -> None:
    op.create_index(
        "ix_audit_events_alerts", "audit_events", ["agency_id", "seq"], sqlite_where=ALERT, postgresql_where=ALERT
    )


def downgrade() -> None:
    op.drop_index("ix_audit_events_alerts", table_name="audit_events")
