"""The placement workflow: what a decision stood on, offers and their answers, admissions and discharges."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | None = None
depends_on: str | None = None

_DECLINES = (
    "no_bed", "no_staffed_bed", "age", "custody", "residence", "cap_exhausted", "payer", "minor_declined",
    "facility_other", "sex_or_gender_licence", "acuity_medical", "acuity_psych", "detox_needed", "aggression", "arson",
    "sexual_behaviour", "gang_or_recruiter_conflict", "run_risk", "distance", "language", "parenting",
    "disability_access", "safeguard_fail", "no_response",
)  # fmt: skip
_CHOICES = (
    "young_person_wish", "first_did_not_answer", "closer_to_support", "safer_distance", "sibling_or_friend",
    "clinical_advice",
)  # fmt: skip
_AUTHORITIES = ("consent_minor", "consent_parent", "consent_agency", "protective_custody", "court_order")
_ENDS = ("completed", "maximum_time", "young_person_left", "missing", "house_ended", "not_arrived", "other")
_DESTINATIONS = ("family", "next_placement", "independent", "other_care", "not_known")


def upgrade() -> None:
    op.create_table(
        "run_grounds",
        sa.Column("run_id", sa.String(), sa.ForeignKey("ranking_runs.id"), primary_key=True),
        sa.Column("referral_version", sa.Integer(), nullable=False),
        sa.Column("house_stamps", sa.JSON(none_as_null=True), nullable=False),
    )
    _offers()
    op.create_table(
        "admissions",
        sa.Column("stay_id", sa.String(), sa.ForeignKey("stays.id"), primary_key=True),
        sa.Column("offer_id", sa.String(), sa.ForeignKey("offers.id"), nullable=False, unique=True),
        sa.Column("arrived_at", instant()),
        sa.Column("arrived_by", sa.String()),
    )
    op.create_table(
        "discharges",
        sa.Column("stay_id", sa.String(), sa.ForeignKey("stays.id"), primary_key=True),
        sa.Column("reason", choice(*_ENDS), nullable=False),
        sa.Column("destination", choice(*_DESTINATIONS), nullable=False),
        sa.Column("discharged_at", instant(), nullable=False),
        sa.Column("discharged_by", sa.String(), nullable=False),
    )


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("referral_id", sa.String(), sa.ForeignKey("referrals.id"), nullable=False, index=True),
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), nullable=False, index=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), nullable=False),
        sa.Column("hold_id", sa.String(), sa.ForeignKey("holds.id"), unique=True),
        sa.Column("run_id", sa.String(), sa.ForeignKey("ranking_runs.id"), nullable=False, index=True),
        sa.Column("rank", sa.Integer()),
        sa.Column("choice_reason", choice(*_CHOICES)),
        sa.Column("authority", choice(*_AUTHORITIES), nullable=False),
        sa.Column("authority_until", instant()),
        sa.Column("unfunded", sa.Boolean(), nullable=False),
        sa.Column("unfunded_reason", sa.String()),
        sa.Column(
            "status",
            choice("open", "accepted", "declined", "withdrawn", "stood_down", "ran_out"),
            nullable=False,
        ),
        sa.Column("sent_at", instant(), nullable=False),
        sa.Column("sent_by", sa.String(), nullable=False),
        sa.Column("answer_by", instant(), nullable=False),
        sa.Column("answered_at", instant()),
        sa.Column("answered_by", sa.String()),
        sa.Column("decided_by", choice("facility", "young_person")),
        sa.Column("reason", choice(*_DECLINES)),
        sa.Column("second_reason", choice(*_DECLINES)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(status = 'declined') = (decided_by IS NOT NULL)", name="decline_has_a_decider"),
        sa.CheckConstraint("status <> 'declined' OR reason IS NOT NULL", name="decline_has_a_reason"),
        sa.CheckConstraint("(status = 'open') = (answered_at IS NULL)", name="answer_whole"),
    )
    op.create_index(None, "offers", ["facility_id", "status"])


def downgrade() -> None:
    for table in ("discharges", "admissions", "offers", "run_grounds"):
        op.drop_table(table)
