"""An index on every foreign key that had none: without one, a change of the parent reads the whole child."""

from alembic import op

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | None = None
depends_on: str | None = None

_NEW = (
    ("exceptions", ["facility_id"]),
    ("exceptions", ["agency_id"]),
    ("former_bed_nights", ["bed_id"]),
    ("bed_changes", ["listed"]),
    ("bed_changes", ["undoes"]),
    ("cap_warnings", ["fund_id"]),
    ("bed_nights", ["facility_id", "bed_id"]),
    ("bed_nights", ["hold_id", "minor_id"]),
    ("bed_nights", ["stay_id", "minor_id"]),
)


def upgrade() -> None:
    for name in ("hold_id", "stay_id"):
        op.drop_index(f"ix_bed_nights_{name}", "bed_nights")
    for table, columns in _NEW:
        op.create_index(None, table, columns)


def downgrade() -> None:
    for table, columns in reversed(_NEW):
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
    for name in ("hold_id", "stay_id"):
        op.create_index(None, "bed_nights", [name])
