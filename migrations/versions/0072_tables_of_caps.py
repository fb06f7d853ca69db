"""Published tables of stay caps that were reached."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0072"
down_revision: str | None = "0071"
branch_labels: str | None = None
depends_on: str | None = None

_BEFORE = (
    "network", "turned_away", "unmet", "nights",
    "by_age", "by_gender", "by_residence", "by_found", "by_jurisdiction", "by_urgency", "by_house_kind", "by_month",
    "fair_age", "fair_gender", "fair_residence", "whatif",
)  # fmt: skip


def upgrade() -> None:
    _may_be(*_BEFORE, "caps")


def downgrade() -> None:
    # A version that does not know of caps cannot show these, and must not count them as anything else.
    tables = sa.table("published_tables", sa.column("kind", sa.String()))
    op.execute(sa.delete(tables).where(tables.c.kind == "caps"))
    _may_be(*_BEFORE)


def _may_be(*kinds: str) -> None:
    """Say anew which kinds of tables there are. SQLite can only make the whole table anew."""
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("published_tables", copy_from=_as_it_is(kinds), recreate="always"):
            pass
        for column in ("first", "fund_id"):
            op.create_index(None, "published_tables", [column])
        return
    name = op.f("ck_published_tables_kind")
    op.drop_constraint(name, "published_tables")
    op.create_check_constraint(name, "published_tables", sa.column("kind").in_(kinds))


def _as_it_is(kinds: tuple[str, ...]) -> sa.Table:
    return sa.Table(
        "published_tables",
        sa.MetaData(naming_convention=op.get_context().opts["target_metadata"].naming_convention),
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("kind", choice(*kinds), nullable=False),
        sa.Column("change", sa.String()),
        sa.Column("fund_id", sa.String(), sa.ForeignKey("funds.id")),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("published_at", instant(), nullable=False),
        sa.Column("most_small", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("floor_reason", sa.String()),
        sa.Column("withheld", sa.Boolean(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("sums", sa.JSON(), nullable=False),
        sa.Column("once", sa.String(), nullable=False, unique=True),
        sa.CheckConstraint("until > first", name="dates_run_forward"),
        sa.CheckConstraint("(kind = 'whatif') = (change IS NOT NULL)", name="change_of_a_whatif"),
    )
