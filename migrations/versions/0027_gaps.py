"""What could not be had: gaps on record, and calls that were answered with no."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | None = None
depends_on: str | None = None

_DECLINES = (
    "no_bed", "no_staffed_bed", "age", "custody", "residence", "cap_exhausted", "payer", "minor_declined",
    "facility_other", "sex_or_gender_licence", "acuity_medical", "acuity_psych", "detox_needed", "aggression", "arson",
    "sexual_behaviour", "gang_or_recruiter_conflict", "run_risk", "distance", "language", "parenting",
    "disability_access", "safeguard_fail", "no_response",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "gaps",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("referral_id", sa.String(), sa.ForeignKey("referrals.id"), nullable=False),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False),
        sa.Column("run_id", sa.String(), sa.ForeignKey("ranking_runs.id"), index=True),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("kind", choice("ineligible", "no_bed", "unfunded_tonight", "needs_info"), nullable=False),
        sa.Column("source", choice("ranking", "night", "call", "offer"), nullable=False),
        sa.Column("rule", sa.String()),
        sa.Column("reason", choice(*_DECLINES)),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("once", sa.String(), nullable=False, unique=True),
    )
    op.create_index(None, "gaps", ["agency_id", "made_at", "id"])
    op.create_index(None, "gaps", ["referral_id", "night"])
    op.create_table(
        "calls",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), nullable=False),
        sa.Column("referral_id", sa.String(), sa.ForeignKey("referrals.id"), nullable=False, index=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("reason", choice(*_DECLINES), nullable=False),
    )
    op.create_index(None, "calls", ["facility_id", "made_at"])


def downgrade() -> None:
    op.drop_table("calls")
    op.drop_table("gaps")
