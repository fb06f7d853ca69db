"""What comes after the options of a decision, stored with it; triggers refuse to change or remove one."""

import sqlalchemy as sa
from alembic import op

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | None = None
depends_on: str | None = None

SQLITE = (
    "CREATE TRIGGER outlook_runs_no_update BEFORE UPDATE ON outlook_runs "
    "BEGIN SELECT RAISE(ABORT, 'a stored decision does not change'); END",
    "CREATE TRIGGER outlook_runs_no_delete BEFORE DELETE ON outlook_runs "
    "BEGIN SELECT RAISE(ABORT, 'a stored decision does not change'); END",
)
POSTGRESQL = (
    "CREATE TRIGGER outlook_runs_no_change BEFORE UPDATE OR DELETE ON outlook_runs "
    "FOR EACH ROW EXECUTE FUNCTION refuse_decision_change()",
    "CREATE TRIGGER outlook_runs_no_truncate BEFORE TRUNCATE ON outlook_runs "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_decision_change()",
)


def upgrade() -> None:
    op.create_table(
        "outlook_runs",
        sa.Column("run_id", sa.String(), sa.ForeignKey("ranking_runs.id"), primary_key=True),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("outlook_runs")
