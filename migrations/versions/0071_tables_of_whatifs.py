"""Published tables of what-ifs: which change of the grid each is of."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0071"
down_revision: str | None = "0070"
branch_labels: str | None = None
depends_on: str | None = None

_BEFORE = (
    "network", "turned_away", "unmet", "nights",
    "by_age", "by_gender", "by_residence", "by_found", "by_jurisdiction", "by_urgency", "by_house_kind", "by_month",
    "fair_age", "fair_gender", "fair_residence",
)  # fmt: skip
_CHECK = "ck_published_tables_change_of_a_whatif"
_OF_A_WHATIF = "(kind = 'whatif') = (change IS NOT NULL)"


def upgrade() -> None:
    kinds = (*_BEFORE, "whatif")
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("published_tables", copy_from=_as_it_is(kinds), recreate="always") as table:
            table.add_column(sa.Column("change", sa.String()))
            table.create_check_constraint(op.f(_CHECK), _OF_A_WHATIF)
        _index()
        return
    op.add_column("published_tables", sa.Column("change", sa.String()))
    _may_be(kinds)
    op.create_check_constraint(op.f(_CHECK), "published_tables", _OF_A_WHATIF)


def downgrade() -> None:
    # A version that does not know of what-ifs cannot show them, and must not count them as anything else.
    tables = sa.table("published_tables", sa.column("kind", sa.String()))
    op.execute(sa.delete(tables).where(tables.c.kind == "whatif"))
    if op.get_bind().dialect.name == "sqlite":
        old = _as_it_is(_BEFORE, sa.Column("change", sa.String()))
        with op.batch_alter_table("published_tables", copy_from=old, recreate="always") as table:
            table.drop_column("change")
        _index()
        return
    op.drop_constraint(op.f(_CHECK), "published_tables")
    _may_be(_BEFORE)
    op.drop_column("published_tables", "change")


def _may_be(kinds: tuple[str, ...]) -> None:
    name = op.f("ck_published_tables_kind")
    op.drop_constraint(name, "published_tables")
    op.create_check_constraint(name, "published_tables", sa.column("kind").in_(kinds))


def _index() -> None:
    for column in ("first", "fund_id"):
        op.create_index(None, "published_tables", [column])


def _as_it_is(kinds: tuple[str, ...], *more: sa.Column[str]) -> sa.Table:
    """SQLite can only make the whole table anew."""
    return sa.Table(
        "published_tables",
        sa.MetaData(naming_convention=op.get_context().opts["target_metadata"].naming_convention),
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("kind", choice(*kinds), nullable=False),
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
        *more,
    )
