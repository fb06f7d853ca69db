"""Case conferences: seats, the agenda, what was decided, and tasks; the last two behind the wall of the record."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0076"
down_revision: str | None = "0075"
branch_labels: str | None = None
depends_on: str | None = None

REACH = "current_setting('bednight.reach', true)"
AT = "nullif(current_setting('bednight.at', true), '')::timestamptz"
STANDS = sa.text("taken_off_at IS NULL")
WALLED = ("conference_decisions", "conference_tasks")


def _id(name: str, of: str, *, index: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.String(), sa.ForeignKey(f"{of}.id"), nullable=False, index=index)


def upgrade() -> None:
    op.create_table(
        "conferences",
        sa.Column("id", sa.String(), primary_key=True),
        _id("agency_id", "agencies", index=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("held_at", instant(), nullable=False),
        sa.Column("called_at", instant(), nullable=False),
        sa.Column("called_by", sa.String(), nullable=False),
    )
    op.create_index(None, "conferences", ["agency_id", "held_at"])
    op.create_table(
        "conference_seats",
        sa.Column("conference_id", sa.String(), sa.ForeignKey("conferences.id"), primary_key=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), primary_key=True, index=True),
        sa.Column("came", sa.Boolean()),
        sa.Column("noted_by", sa.String()),
        sa.CheckConstraint("(came IS NULL) = (noted_by IS NULL)", name="noted_whole"),
    )
    op.create_table(
        "conference_cases",
        sa.Column("id", sa.String(), primary_key=True),
        _id("conference_id", "conferences", index=False),
        _id("minor_id", "minors"),
        _id("agency_id", "agencies"),
        sa.Column("put_at", instant(), nullable=False),
        sa.Column("put_by", sa.String(), nullable=False),
        sa.Column("taken_off_at", instant()),
        sa.Column("taken_off_by", sa.String()),
        sa.CheckConstraint("(taken_off_at IS NULL) = (taken_off_by IS NULL)", name="taken_off_whole"),
    )
    op.create_index(
        "ix_conference_cases_stands",
        "conference_cases",
        ["conference_id", "minor_id"],
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )
    op.create_table(
        "conference_decisions",
        sa.Column("id", sa.String(), primary_key=True),
        _id("case_id", "conference_cases"),
        _id("minor_id", "minors"),
        _id("agency_id", "agencies"),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("decided_at", instant(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
    )
    op.create_table(
        "conference_tasks",
        sa.Column("id", sa.String(), primary_key=True),
        _id("case_id", "conference_cases"),
        _id("minor_id", "minors"),
        _id("agency_id", "agencies"),
        _id("doer_id", "agencies"),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("given_at", instant(), nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("done_at", instant()),
        sa.Column("done_by", sa.String()),
        sa.CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done_whole"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in WALLED:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY reach ON {table} USING ({REACH} = 'network' OR bednight_sees({REACH}, {AT}, minor_id))"
            )
            op.execute(
                f"CREATE POLICY begin ON {table} AS RESTRICTIVE FOR INSERT WITH CHECK (bednight_writes(minor_id))"
            )


def downgrade() -> None:
    for table in (*reversed(WALLED), "conference_cases", "conference_seats", "conferences"):
        op.drop_table(table)
