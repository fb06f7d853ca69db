"""Agencies, their people, API keys, one-time links and sessions."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

AGENCY_KINDS = (
    "law_enforcement",
    "child_protection",
    "juvenile_court",
    "probation",
    "school",
    "health",
    "outreach",
    "drop_in",
    "shelter",
    "residential",
    "funder",
    "coalition_lead",
)
ROLES = (
    "intake_coordinator",
    "facility_staff",
    "funder_analyst",
    "partner",
    "supervisor",
    "administrator",
    "security_administrator",
    "auditor",
)


def upgrade() -> None:
    op.create_table(
        "agencies",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False, unique=True),
        sa.Column("kind", choice(*AGENCY_KINDS), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("closed_at", instant()),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False, unique=True),
        sa.Column("role", choice(*ROLES), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("disabled_at", instant()),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "person_facilities",
        sa.Column("person_id", sa.String(), sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("facility_id", sa.String(), primary_key=True, index=True),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", choice(*ROLES), nullable=False),
        sa.Column("permissions", sa.JSON()),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("key_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("last_used_at", instant()),
        sa.Column("revoked_at", instant()),
    )
    op.create_table(
        "login_links",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("person_id", sa.String(), sa.ForeignKey("people.id"), nullable=False, index=True),
        sa.Column("token_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("used_at", instant()),
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("person_id", sa.String(), sa.ForeignKey("people.id"), nullable=False, index=True),
        sa.Column("token_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("last_seen_at", instant(), nullable=False),
        sa.Column("proved_at", instant(), nullable=False),
        sa.Column("ended_at", instant()),
    )


def downgrade() -> None:
    for table in ("sign_ins", "login_links", "api_keys", "person_facilities", "people", "agencies"):
        op.drop_table(table)
