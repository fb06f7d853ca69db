"""Tasks, and the duties that say within how many hours something must be done."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | None = None
depends_on: str | None = None

_KINDS = (
    "arrival", "parent_contact", "report_police", "report_ncmec", "second_person", "clash", "walk_in", "authority",
    "follow_up",
)  # fmt: skip
_OUTCOMES = (
    "arrived", "not_arrived", "reached", "not_reached", "unsafe_to_contact", "reported", "found_before", "agreed",
    "not_agreed", "settled", "same_person_twice", "fits", "does_not_fit", "renewed", "ended", "safe", "needs_help",
    "missing", "not_needed",
)  # fmt: skip
_HOUSES = (
    "emergency_shelter", "assessment_center", "safe_house", "group_home", "residential_treatment",
    "transitional_living", "foster_home", "therapeutic_foster_home", "secure_detention",
)  # fmt: skip
_MISSING = "42 USC 671(a)(35): law enforcement and NCMEC within 24 hours"
DUTIES = (
    ("duty_parent_contact", "parent_contact", None, None, 72,
     "Runaway and Homeless Youth Act, emergency shelter: family contact within 24 to 72 hours"),
    ("duty_parent_contact_ny", "parent_contact", "NY", "safe_house", 72,
     "New York SSL 447-a, 447-b: a parent is told within 24 to 72 hours unless a compelling reason stands against it"),
    ("duty_report_police", "report_police", None, None, 24, _MISSING),
    ("duty_report_ncmec", "report_ncmec", None, None, 24, _MISSING),
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("kind", choice(*_KINDS), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False),
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), index=True),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("opens_at", instant(), nullable=False),
        sa.Column("due_at", instant(), nullable=False),
        sa.Column("told_at", instant()),
        sa.Column("done_at", instant()),
        sa.Column("done_by", sa.String()),
        sa.Column("outcome", choice(*_OUTCOMES)),
        sa.Column("once", sa.String(), unique=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(done_at IS NULL) = (outcome IS NULL)", name="done_whole"),
    )
    op.create_index(None, "tasks", ["agency_id", "due_at", "id"])
    op.create_index(None, "tasks", ["subject_kind", "subject_id"])
    duties = op.create_table(
        "duties",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("kind", choice(*_KINDS), nullable=False),
        sa.Column("state", sa.String()),
        sa.Column("facility_kind", choice(*_HOUSES)),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("citation", sa.String(), nullable=False),
        sa.CheckConstraint("length(state) = 2 AND rtrim(state, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') = ''", name="state_shape"),
        sa.CheckConstraint("hours >= 1", name="hours_positive"),
    )
    names = ("id", "kind", "state", "facility_kind", "hours", "citation")
    op.bulk_insert(duties, [dict(zip(names, row, strict=True)) for row in DUTIES])


def downgrade() -> None:
    op.drop_table("duties")
    op.drop_table("tasks")
