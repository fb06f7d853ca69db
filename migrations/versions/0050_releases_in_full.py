"""Releases in full, laws in their place, services that a minor may have alone, and grants for one person."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0050"
down_revision: str | None = "0049"
branch_labels: str | None = None
depends_on: str | None = None

_Rows = list[dict[str, Any]]

PURPOSES = ("placement", "treatment", "schooling", "legal_help", "family", "benefits")
LAWS = ("court_order", "protective_custody", "mandated_by_law")
RELATIONS = ("owner", "referred", "offered", "placed", "released", "emergency")
NEW_RELATIONS = ("owner", "referred", "offered", "placed", "released", "lawful", "emergency")
# What laws are known to say so, and from which age where that is known: a deployment's counsel enters the rest. A row
# without an age lets nobody sign alone.
SERVICES = (
    ("lone_mn_safe_harbor", "safe_harbor", "MN", None,
     "Minnesota Safe Harbor: a minor may consent alone; from which age is to be read in the statute"),
    ("lone_substance_treatment", "substance_treatment", None, None,
     "42 CFR Part 2: where State law lets a minor consent to substance treatment, the minor alone signs"),
)  # fmt: skip


def upgrade() -> None:
    releases, grants = _taken(_release(sa.String()), _grant(*RELATIONS))
    _legal_bases()
    made = op.create_table(
        "releases",
        *_release(choice(*PURPOSES)),
        sa.Column("alone_service", sa.String()),
        sa.Column("alone_state", sa.String()),
        sa.Column("given", choice("written"), nullable=False),
        sa.Column("revoked_by", sa.String()),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint("valid_from < valid_until", name="in_order"),
        sa.CheckConstraint("revoked_at IS NULL OR revoked_by IS NOT NULL", name="revoked_by_whom"),
    )
    for row in releases:
        row["purpose"] = row["purpose"] if row["purpose"] in PURPOSES else "placement"
        row |= {"given": "written", "recorded_by": "operator"}
        row["revoked_by"] = "operator" if row["revoked_at"] is not None else None
    op.bulk_insert(made, releases)
    made = op.create_table(
        "grants",
        *_grant(*NEW_RELATIONS),
        sa.Column("person_id", sa.String(), sa.ForeignKey("people.id"), index=True),
        sa.Column("basis_id", sa.String(), sa.ForeignKey("legal_bases.id"), index=True),
        sa.CheckConstraint("relation <> 'emergency' OR person_id IS NOT NULL", name="emergency_of_one"),
        sa.CheckConstraint("relation <> 'lawful' OR basis_id IS NOT NULL", name="lawful_by"),
        sa.CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="in_order"),
        sa.CheckConstraint("relation <> 'released' OR release_id IS NOT NULL", name="released_by"),
    )
    op.create_index(None, "grants", ["agency_id", "minor_id"])
    # Emergency access is one person's; what was given to an agency as a whole lets nobody in any more.
    op.bulk_insert(made, [row for row in grants if row["relation"] != "emergency"])
    _lone_consents()
    _policy()


def downgrade() -> None:
    op.drop_table("sharing_policy")
    op.drop_table("lone_consents")
    releases, grants = _taken(_release(sa.String()), _grant(*NEW_RELATIONS))
    op.drop_table("legal_bases")
    made = op.create_table(
        "releases",
        *_release(sa.String()),
        sa.CheckConstraint("valid_from < valid_until", name="in_order"),
    )
    op.bulk_insert(made, releases)
    made = op.create_table(
        "grants",
        *_grant(*RELATIONS),
        sa.CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="in_order"),
        sa.CheckConstraint("relation <> 'released' OR release_id IS NOT NULL", name="released_by"),
    )
    op.create_index(None, "grants", ["agency_id", "minor_id"])
    op.bulk_insert(made, [row for row in grants if row["relation"] in RELATIONS])


def _taken(release: list[sa.Column[Any]], grant: list[sa.Column[Any]]) -> tuple[_Rows, _Rows]:
    """The rows of both tables, which are gone then: SQLite changes no CHECK of a table that stands."""
    found = _rows("releases", release), _rows("grants", grant)
    op.drop_table("grants")
    op.drop_table("releases")
    return found


def _rows(name: str, columns: list[sa.Column[Any]]) -> _Rows:
    table = sa.table(name, *(sa.column(column.name, column.type) for column in columns))
    return [dict(row._mapping) for row in op.get_bind().execute(sa.select(table))]


def _release(purpose: sa.types.TypeEngine[Any]) -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("minor_id", sa.String(), nullable=False, index=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("purpose", purpose, nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("signers", sa.JSON(), nullable=False),
        sa.Column("valid_from", instant(), nullable=False),
        sa.Column("valid_until", instant(), nullable=False),
        sa.Column("revoked_at", instant()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    ]


def _grant(*relations: str) -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("minor_id", sa.String(), nullable=False, index=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False),
        sa.Column("relation", choice(*relations), nullable=False),
        sa.Column("release_id", sa.String(), sa.ForeignKey("releases.id"), index=True),
        sa.Column("valid_from", instant(), nullable=False),
        sa.Column("valid_until", instant()),
    ]


def _legal_bases() -> None:
    op.create_table(
        "legal_bases",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("minor_id", sa.String(), nullable=False, index=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("law", choice(*LAWS), nullable=False),
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


def _lone_consents() -> None:
    made = op.create_table(
        "lone_consents",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("state", sa.String()),
        sa.Column("from_age", sa.Integer()),
        sa.Column("citation", sa.String(), nullable=False),
        sa.CheckConstraint("length(state) = 2 AND rtrim(state, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') = ''", name="state_shape"),
        sa.CheckConstraint("from_age BETWEEN 0 AND 25", name="from_age_range"),
    )
    op.create_index(None, "lone_consents", ["service", "state"], unique=True)
    names = ("id", "service", "state", "from_age", "citation")
    op.bulk_insert(made, [dict(zip(names, row, strict=True)) for row in SERVICES])


def _policy() -> None:
    made = op.create_table(
        "sharing_policy",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("former_nights", sa.Integer(), nullable=False),
        sa.Column("release_days", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.CheckConstraint("former_nights BETWEEN 0 AND 90", name="former_nights_range"),
        sa.CheckConstraint("release_days BETWEEN 1 AND 366", name="release_days_range"),
    )
    op.bulk_insert(made, [{"id": 1, "former_nights": 1, "release_days": 180}])
