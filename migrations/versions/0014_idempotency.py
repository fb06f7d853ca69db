"""What an Idempotency-Key was used for."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "idempotent_requests",
        sa.Column("actor_id", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("request_sha256", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("created_at", instant(), nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("idempotent_requests")
