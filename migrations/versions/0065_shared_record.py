"""Flags, services and activities: each on one agency's own record, behind the same wall as the record itself."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0065"
down_revision: str | None = "0064"
branch_labels: str | None = None
depends_on: str | None = None

KINDS = (
    "outreach_contact", "drop_in_visit", "shelter_night", "medical", "counseling", "forensic_interview", "legal",
    "court_date", "school", "mentoring", "support_group", "case_management", "safety_plan", "missing", "returned",
)  # fmt: skip
LINES = (
    ("US", "Childhelp National Child Abuse Hotline", "1-800-422-4453", "childhelphotline.org"),
    ("GA", "Georgia Division of Family and Children Services", "1-855-422-4453", "dfcs.georgia.gov; OCGA 19-7-5"),
)
REACH = "current_setting('bednight.reach', true)"
AT = "nullif(current_setting('bednight.at', true), '')::timestamptz"


def upgrade() -> None:
    op.create_table(
        "flags",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), nullable=False, index=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("level", choice("at_risk", "verified"), nullable=False),
        sa.Column("basis", choice("disclosure", "screening", "observation", "court_finding"), nullable=False),
        sa.Column("indicators", sa.JSON(), nullable=False),
        sa.Column("tool", sa.String()),
        sa.Column("tool_version", sa.String()),
        sa.Column("screened_on", sa.Date()),
        sa.Column("screen_level", choice("no_concern", "possible_concern", "clear_concern")),
        sa.Column("words", sa.LargeBinary()),
        sa.Column("flagged_at", instant(), nullable=False),
        sa.Column("flagged_by", sa.String(), nullable=False),
        sa.Column("review_by", sa.Date(), nullable=False),
        sa.Column("reviewed_at", instant()),
        sa.Column("reviewed_by", sa.String()),
        sa.Column("ended_at", instant()),
        sa.Column("ended_by", sa.String()),
        sa.Column("end_reason", choice("not_confirmed", "safe_now", "mistake")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(basis = 'screening') = (tool IS NOT NULL) AND (tool IS NULL) = (tool_version IS NULL)"
            " AND (tool IS NULL) = (screened_on IS NULL) AND (tool IS NULL) = (screen_level IS NULL)",
            name="screening_whole",
        ),
        sa.CheckConstraint("level <> 'verified' OR basis <> 'screening'", name="no_score_verifies"),
        sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_whole"),
    )
    op.create_table(
        "activities",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), nullable=False),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("kind", choice(*KINDS), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("words", sa.LargeBinary()),
        sa.Column("entered_at", instant(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", instant()),
        sa.Column("withdrawn_by", sa.String()),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_whole"),
    )
    op.create_index(None, "activities", ["minor_id", "happened_on", "id"])
    lines = op.create_table(
        "reporting_lines",
        sa.Column("state", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("citation", sa.String(), nullable=False),
    )
    names = ("state", "name", "phone", "citation")
    op.bulk_insert(lines, [dict(zip(names, row, strict=True)) for row in LINES])
    if op.get_bind().dialect.name == "postgresql":
        for table in ("flags", "activities"):
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY reach ON {table} USING ({REACH} = 'network' OR bednight_sees({REACH}, {AT}, minor_id))"
            )


def downgrade() -> None:
    for table in ("reporting_lines", "activities", "flags"):
        op.drop_table(table)
