"""PostgreSQL holds by itself to what an agency may see of young people, once a transaction says which agency asks.

Without a word on its reach a transaction sees nobody; the program's own connections begin with the whole network, and
each request that reads narrows its own. The rows belong to their owner's rights too: that is why it is forced.
"""

from alembic import op

revision: str = "0055"
down_revision: str | None = "0051"
branch_labels: str | None = None
depends_on: str | None = None

REACH = "current_setting('bednight.reach', true)"
AT = "nullif(current_setting('bednight.at', true), '')::timestamptz"
# Whose record it is stands in the grants too, so nothing here asks a table whose own wall asks back.
SEES = """
CREATE FUNCTION bednight_sees(asker text, moment timestamptz, minor text) RETURNS boolean LANGUAGE sql STABLE AS $$
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
        AND b.valid_from <= moment AND b.valid_until > moment AND (b.ended_at IS NULL OR b.ended_at > moment)
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
OWNS = """
CREATE FUNCTION bednight_owns(asker text, minor text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM grants g WHERE g.minor_id = minor AND g.agency_id = asker AND g.relation = 'owner'
    )
$$
"""
RECORD = f"agency_id = {REACH} OR bednight_owns({REACH}, minor_id)"
SEEN = f"bednight_sees({REACH}, {AT}, {{minor}})"
WALLS = {
    "minors": f"agency_id = {REACH} OR {SEEN.format(minor='id')}",
    "releases": RECORD,
    "legal_bases": RECORD,
} | dict.fromkeys(
    (
        "minor_places", "minor_avoids", "minor_wishes", "minor_keep_apart", "minor_siblings", "minor_identities",
        "interstate_approvals",
    ),
    SEEN.format(minor="minor_id"),
)  # fmt: skip


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(SEES)
    op.execute(OWNS)
    for table, seen in WALLS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY reach ON {table} USING ({REACH} = 'network' OR {seen})")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in WALLS:
        op.execute(f"DROP POLICY reach ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP FUNCTION bednight_owns(text, text)")
    op.execute("DROP FUNCTION bednight_sees(text, timestamptz, text)")
