"""A blind index of names, and the searches that were made by it. A name of before is found once it is entered anew."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0049"
down_revision: str | None = "0048"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "identity_index",
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), primary_key=True),
        sa.Column("field", choice("given_names", "family_name", "also_called"), primary_key=True),
        sa.Column("blind", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False),
    )
    op.create_index(None, "identity_index", ["agency_id", "field", "blind"])
    op.create_table(
        "person_searches",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("at", instant(), nullable=False),
        sa.Column("found", sa.Boolean(), nullable=False),
    )
    op.create_index(None, "person_searches", ["by", "at"])


def downgrade() -> None:
    op.drop_table("person_searches")
    op.drop_table("identity_index")
