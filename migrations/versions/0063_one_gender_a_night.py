"""Units for one gender a night, and what a house says of whom it lists."""

import sqlalchemy as sa
from alembic import op

revision: str = "0063"
down_revision: str | None = "0062"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("units", sa.Column("one_gender_a_night", sa.Boolean()))
    # As a constraint of the column it comes and goes with the column on both databases, and no table is copied.
    check = "CONSTRAINT ck_residents_gender CHECK (gender IN ('female', 'male', 'nonbinary'))"
    op.execute(f"ALTER TABLE residents ADD COLUMN gender VARCHAR(40) {check}")


def downgrade() -> None:
    op.drop_column("residents", "gender")
    op.drop_column("units", "one_gender_a_night")
