"""Agreements of agencies, who stands by them, and what is opened of a record by one: only while both stand by it."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0075"
down_revision: str | None = "0074"
branch_labels: str | None = None
depends_on: str | None = None

BEFORE = ("court_order", "protective_custody", "mandated_by_law")
LAWS = (*BEFORE, "coalition_agreement")
WHOLE = "(law = 'coalition_agreement') = (agreement_id IS NOT NULL) AND (agreement_id IS NULL) = (sharer_id IS NULL)"
NAME = "by_which_agreement"
# As 0055 has it, but for what hangs on an agreement.
SEES = """
CREATE OR REPLACE FUNCTION bednight_sees(asker text, moment timestamptz, minor text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM grants g
        WHERE g.minor_id = minor AND g.agency_id = asker AND g.release_id IS NULL AND g.basis_id IS NULL
        AND g.valid_from <= moment AND (g.valid_until IS NULL OR g.valid_until > moment)
    )
    OR EXISTS (
        SELECT 1 FROM releases r WHERE r.minor_id = minor AND r.agency_id = asker
        AND r.valid_from <= moment AND r.valid_until > moment AND (r.revoked_at IS NULL OR r.revoked_at > moment)
    )
    OR EXISTS (
        SELECT 1 FROM legal_bases b WHERE b.minor_id = minor AND b.agency_id = asker
        AND b.valid_from <= moment AND b.valid_until > moment AND (b.ended_at IS NULL OR b.ended_at > moment)%s
    )
    OR EXISTS (
        SELECT 1 FROM offers o JOIN facilities h ON h.id = o.facility_id
        WHERE o.minor_id = minor AND h.agency_id = asker AND o.status IN ('open', 'accepted')
    )
    OR EXISTS (
        SELECT 1 FROM stays s JOIN facilities h ON h.id = s.facility_id
        WHERE s.minor_id = minor AND h.agency_id = asker
    )
$$
"""
STANDS = """
        AND (b.agreement_id IS NULL OR EXISTS (
            SELECT 1 FROM agreements a
            JOIN agreement_signatures o ON o.agreement_id = a.id AND o.agency_id = b.sharer_id
            JOIN agreement_signatures p ON p.agreement_id = a.id AND p.agency_id = b.agency_id
            WHERE a.id = b.agreement_id AND o.shares AND o.withdrawn_at IS NULL AND p.withdrawn_at IS NULL
            AND a.valid_from <= moment AND a.valid_until > moment AND (a.ended_at IS NULL OR a.ended_at > moment)
        ))"""


def upgrade() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("approval", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("valid_from", instant(), nullable=False),
        sa.Column("valid_until", instant(), nullable=False),
        sa.Column("ended_at", instant()),
        sa.Column("ended_by", sa.String()),
        sa.Column("recorded_at", instant(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint("valid_from < valid_until", name="in_order"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_whole"),
    )
    op.create_table(
        "agreement_signatures",
        sa.Column("agreement_id", sa.String(), sa.ForeignKey("agreements.id"), primary_key=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), primary_key=True, index=True),
        sa.Column("shares", sa.Boolean(), nullable=False),
        sa.Column("signed_at", instant(), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", instant()),
        sa.Column("withdrawn_by", sa.String()),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_whole"),
    )
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("legal_bases", copy_from=_as_it_is(LAWS), recreate="always") as table:
            table.add_column(_agreement())
            table.add_column(_sharer())
            table.create_check_constraint(NAME, WHOLE)
        _indexes("minor_id", "agency_id", "agreement_id", "sharer_id")
        return
    op.add_column("legal_bases", _agreement())
    op.add_column("legal_bases", _sharer())
    _indexes("agreement_id", "sharer_id")
    _may_be(LAWS)
    op.create_check_constraint(op.f(f"ck_legal_bases_{NAME}"), "legal_bases", WHOLE)
    op.execute(SEES % STANDS)


def downgrade() -> None:
    # What an agreement opened, a version that knows none would open without asking who stands by it.
    bases = sa.table("legal_bases", sa.column("law", sa.String()))
    op.execute(sa.delete(bases).where(bases.c.law == "coalition_agreement"))
    if op.get_bind().dialect.name == "sqlite":
        for column in ("agreement_id", "sharer_id"):
            op.drop_index(f"ix_legal_bases_{column}", "legal_bases")
        now = _as_it_is(BEFORE)
        now.append_column(_agreement())
        now.append_column(_sharer())
        with op.batch_alter_table("legal_bases", copy_from=now, recreate="always") as table:
            table.drop_column("agreement_id")
            table.drop_column("sharer_id")
        _indexes("minor_id", "agency_id")
    else:
        op.execute(SEES % "")
        op.drop_constraint(op.f(f"ck_legal_bases_{NAME}"), "legal_bases")
        op.drop_column("legal_bases", "agreement_id")
        op.drop_column("legal_bases", "sharer_id")
        _may_be(BEFORE)
    op.drop_table("agreement_signatures")
    op.drop_table("agreements")


def _agreement() -> sa.Column[str]:
    return sa.Column(
        "agreement_id", sa.String(), sa.ForeignKey("agreements.id", name="fk_legal_bases_agreement_id_agreements")
    )


def _sharer() -> sa.Column[str]:
    return sa.Column("sharer_id", sa.String(), sa.ForeignKey("agencies.id", name="fk_legal_bases_sharer_id_agencies"))


def _indexes(*columns: str) -> None:
    for column in columns:
        op.create_index(None, "legal_bases", [column])


def _may_be(laws: tuple[str, ...]) -> None:
    name = op.f("ck_legal_bases_law")
    op.drop_constraint(name, "legal_bases")
    op.create_check_constraint(name, "legal_bases", sa.column("law").in_(laws))


def _as_it_is(laws: tuple[str, ...]) -> sa.Table:
    return sa.Table(
        "legal_bases",
        sa.MetaData(naming_convention=op.get_context().opts["target_metadata"].naming_convention),
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("minor_id", sa.String(), nullable=False),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False),
        sa.Column("law", choice(*laws), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("valid_from", instant(), nullable=False),
        sa.Column("valid_until", instant(), nullable=False),
        sa.Column("ended_at", instant()),
        sa.Column("ended_by", sa.String()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_from < valid_until", name="in_order"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_whole"),
    )
