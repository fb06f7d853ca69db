"""The order of terms: versioned, beginning with the default."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None

DEFAULT = (
    ("bed.call_first", "yes", 400_000, 1),
    ("nights.unpaid", "night", 2_000, 180),
    ("nights.moves", "move", 1_000, 1),
    ("siblings.elsewhere", "sibling", 900, 20),
    ("wishes.unmet", "wish", 900, 1),
    ("needs.missing", "each", 300, 40),
    ("setting.restrictive", "step", 200, 2),
    ("home.distance", "band of 25 km", 20, 20),
    ("bed.confirmation_age", "hour", 1, 12),
)


def upgrade() -> None:
    policies = op.create_table(
        "policies",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("in_force_from", instant(), nullable=False),
    )
    terms = op.create_table(
        "policy_terms",
        sa.Column("policy_id", sa.String(), primary_key=True),
        sa.Column("policy_version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.CheckConstraint("weight >= 0 AND most >= 0", name="not_negative"),
        sa.ForeignKeyConstraint(["policy_id", "policy_version"], ["policies.id", "policies.version"]),
    )
    op.bulk_insert(policies, [{"id": "default", "version": 1, "in_force_from": datetime(2000, 1, 1, tzinfo=UTC)}])
    op.bulk_insert(
        terms,
        [
            {
                "policy_id": "default",
                "policy_version": 1,
                "position": position,
                "code": code,
                "unit": unit,
                "weight": weight,
                "most": most,
            }
            for position, (code, unit, weight, most) in enumerate(DEFAULT)
        ],
    )


def downgrade() -> None:
    for table in ("policy_terms", "policies"):
        op.drop_table(table)
