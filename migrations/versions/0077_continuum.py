"""What agencies offer along the continuum of care, whom to call and when; never where."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0077"
down_revision: str | None = "0076"
branch_labels: str | None = None
depends_on: str | None = None

KINDS = (
    "prevention", "outreach", "drop_in", "emergency_shelter", "residential", "health", "counseling", "legal",
    "education", "aftercare",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "care_services",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("kind", choice(*KINDS), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("for_whom", sa.String()),
        sa.Column("min_age", sa.Integer()),
        sa.Column("max_age", sa.Integer()),
        sa.Column("counties", sa.JSON(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("hours", sa.String(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", instant(), nullable=False),
        sa.Column("confirmed_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("min_age <= max_age", name="ages_in_order"),
    )


def downgrade() -> None:
    op.drop_table("care_services")
