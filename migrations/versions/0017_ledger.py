"""The bed-night ledger: holds, one row per bed and night, what was taken out, and each house's stamp."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | None = None
depends_on: str | None = None

_ONE_HOLDER = (
    "(hold_id IS NOT NULL AND stay_id IS NULL AND resident_id IS NULL AND minor_id IS NOT NULL)"
    " OR (hold_id IS NULL AND stay_id IS NOT NULL AND resident_id IS NULL AND minor_id IS NOT NULL)"
    " OR (hold_id IS NULL AND stay_id IS NULL AND resident_id IS NOT NULL)"
)
_MOVEMENTS = (
    "discharged", "transferred", "shortened", "away", "not_arrived", "repaid", "corrected", "closed", "undone",
)  # fmt: skip


def upgrade() -> None:
    op.create_index(None, "stays", ["id", "minor_id"], unique=True)
    _holds()
    _bed_nights()
    op.create_table(
        "former_bed_nights",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("bed_id", sa.String(), sa.ForeignKey("beds.id"), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("minor_id", sa.String(), index=True),
        sa.Column("stay_id", sa.String(), index=True),
        sa.Column("resident_id", sa.String()),
        sa.Column("fund_id", sa.String()),
        sa.Column("limit_id", sa.String()),
        sa.Column("movement", choice(*_MOVEMENTS), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("moved_at", instant(), nullable=False),
        sa.Column("moved_by", sa.String(), nullable=False),
    )
    op.create_table(
        "house_stamps",
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), primary_key=True),
        sa.Column("changes", sa.Integer(), nullable=False),
    )


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), nullable=False),
        sa.Column("bed_id", sa.String(), nullable=False),
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), nullable=False, index=True),
        sa.Column("referral_id", sa.String(), sa.ForeignKey("referrals.id"), nullable=False, index=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("first_night", sa.Date(), nullable=False),
        sa.Column("until_night", sa.Date(), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False, index=True),
        sa.Column("ended_at", instant()),
        sa.Column("ended_how", choice("accepted", "declined", "released", "ran_out", "stood_down", "undone")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["facility_id", "bed_id"], ["beds.facility_id", "beds.id"]),
        sa.UniqueConstraint("id", "minor_id"),
        sa.CheckConstraint("until_night > first_night", name="dates_run_forward"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name="end_whole"),
    )
    op.create_index(None, "holds", ["facility_id", "bed_id"])


def _bed_nights() -> None:
    op.create_table(
        "bed_nights",
        sa.Column("bed_id", sa.String(), primary_key=True),
        sa.Column("night", sa.Date(), primary_key=True),
        sa.Column("facility_id", sa.String(), nullable=False),
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id")),
        sa.Column("hold_id", sa.String()),
        sa.Column("stay_id", sa.String()),
        sa.Column("resident_id", sa.String(), sa.ForeignKey("residents.id")),
        sa.Column("fund_id", sa.String(), sa.ForeignKey("funds.id")),
        sa.Column("limit_id", sa.String(), sa.ForeignKey("fund_limits.id")),
        sa.Column("expires_at", instant()),
        sa.UniqueConstraint("minor_id", "night"),
        sa.ForeignKeyConstraint(["facility_id", "bed_id"], ["beds.facility_id", "beds.id"]),
        sa.ForeignKeyConstraint(["hold_id", "minor_id"], ["holds.id", "holds.minor_id"]),
        sa.ForeignKeyConstraint(["stay_id", "minor_id"], ["stays.id", "stays.minor_id"]),
        sa.CheckConstraint(_ONE_HOLDER, name="one_holder"),
        sa.CheckConstraint("(hold_id IS NULL) = (expires_at IS NULL)", name="holds_expire"),
        sa.CheckConstraint("limit_id IS NULL OR fund_id IS NOT NULL", name="limit_of_a_fund"),
    )
    for columns in (
        ["facility_id", "night"], ["hold_id"], ["stay_id"], ["resident_id"], ["fund_id", "night"], ["limit_id"],
    ):  # fmt: skip
        op.create_index(None, "bed_nights", columns)


def downgrade() -> None:
    for table in ("house_stamps", "former_bed_nights", "bed_nights", "holds"):
        op.drop_table(table)
    op.drop_index("ix_stays_id_minor_id", "stays")
