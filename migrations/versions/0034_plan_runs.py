"""Joint plans stored whole; triggers refuse to change or remove one."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | None = None
depends_on: str | None = None

SQLITE = (
    "CREATE TRIGGER plan_runs_no_update BEFORE UPDATE ON plan_runs "
    "BEGIN SELECT RAISE(ABORT, 'a stored decision does not change'); END",
    "CREATE TRIGGER plan_runs_no_delete BEFORE DELETE ON plan_runs "
    "BEGIN SELECT RAISE(ABORT, 'a stored decision does not change'); END",
)
POSTGRESQL = (
    "CREATE TRIGGER plan_runs_no_change BEFORE UPDATE OR DELETE ON plan_runs "
    "FOR EACH ROW EXECUTE FUNCTION refuse_decision_change()",
    "CREATE TRIGGER plan_runs_no_truncate BEFORE TRUNCATE ON plan_runs "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_decision_change()",
)


def upgrade() -> None:
    op.create_table(
        "plan_runs",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("decided_at", instant(), nullable=False),
        sa.Column("tonight", sa.Date(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("policy_id", sa.String(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("rules_version", sa.String(), nullable=False),
        sa.Column("engine_version", sa.String(), nullable=False),
        sa.Column("snapshot_sha256", sa.String(), nullable=False),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("plan_runs")
