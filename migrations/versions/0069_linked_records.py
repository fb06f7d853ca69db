"""What is said of two records, and who asks to be in contact: each agency reads its own word alone."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0069"
down_revision: str | None = "0068"
branch_labels: str | None = None
depends_on: str | None = None

REACH = "current_setting('bednight.reach', true)"
STANDS = sa.text("undone_at IS NULL")
TABLES = ("record_links", "contact_asks", "contacts")


def _agency(name: str, *, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=index)


def _minor(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), sa.ForeignKey("minors.id"), nullable=False, index=True)


def upgrade() -> None:
    op.create_table(
        "record_links",
        sa.Column("id", sa.String(), primary_key=True),
        _agency("agency_id"),
        _minor("minor_id"),
        _minor("other_id"),
        sa.Column("verdict", choice("same", "different"), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("undone_at", instant()),
        sa.Column("undone_by", sa.String()),
        sa.CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone_whole"),
    )
    op.create_index(
        "ix_record_links_stands",
        "record_links",
        ["agency_id", "minor_id", "other_id"],
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )
    op.create_table(
        "contact_asks",
        sa.Column("id", sa.String(), primary_key=True),
        _minor("minor_id"),
        _agency("agency_id", index=True),
        sa.Column("asked_at", instant(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("looked_at", instant(), index=True),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("ask_id", sa.String(), sa.ForeignKey("contact_asks.id"), nullable=False),
        _agency("asker_id", index=True),
        _minor("minor_id"),
        _agency("agency_id", index=True),
        sa.Column("found_at", instant(), nullable=False),
        sa.Column("answered_at", instant()),
        sa.Column("answered_by", sa.String()),
        sa.Column("answer", choice("in_contact", "not_the_same")),
        sa.UniqueConstraint("ask_id", "minor_id"),
        sa.CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="answered_whole"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY reach ON {table} USING ({REACH} = 'network' OR agency_id = {REACH})")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
