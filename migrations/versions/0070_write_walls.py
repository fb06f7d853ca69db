"""PostgreSQL holds by itself to about whom a request writes, once its transaction says for which agency.

The program's own work says nothing, and may write about everybody whom it reaches. Nobody begins a referral, a question
to a house or a stay of somebody whom their agency may not see; changing one is left to the application, since a claim
clears what has run out of whomever.
"""

from alembic import op

revision: str = "0070"
down_revision: str | None = "0069"
branch_labels: str | None = None
depends_on: str | None = None

REACH = "current_setting('bednight.reach', true)"
WRITER = f"coalesce(nullif(current_setting('bednight.writes', true), ''), {REACH})"
AT = "nullif(current_setting('bednight.at', true), '')::timestamptz"
# Who has just been entered has no grant yet: whose record it is stands in the row as well.
WRITES = """
CREATE FUNCTION bednight_writes(minor text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce({writer} = 'network', false)
    OR bednight_sees({writer}, {at}, minor)
    OR EXISTS (SELECT 1 FROM minors m WHERE m.id = minor AND m.agency_id = {writer})
$$
"""
WALLED = (
    "activities", "flags", "interstate_approvals", "legal_bases", "minor_avoids", "minor_identities",
    "minor_keep_apart", "minor_places", "minor_siblings", "minor_wishes", "releases",
)  # fmt: skip
BEGUN = ("offers", "referrals", "stays")
ABOUT = "bednight_writes(minor_id)"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(WRITES.format(writer=WRITER, at=AT))
    for table in WALLED:
        _wall(table, ABOUT, ABOUT)
    _wall("minors", f"coalesce({WRITER} IN ('network', agency_id), false)", "bednight_writes(id)")
    for table in BEGUN:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY reach ON {table} USING (true)")
        op.execute(f"CREATE POLICY begin ON {table} AS RESTRICTIVE FOR INSERT WITH CHECK ({ABOUT})")


def _wall(table: str, entered: str, changed: str) -> None:
    op.execute(f"CREATE POLICY begin ON {table} AS RESTRICTIVE FOR INSERT WITH CHECK ({entered})")
    op.execute(f"CREATE POLICY change ON {table} AS RESTRICTIVE FOR UPDATE USING ({changed})")
    op.execute(f"CREATE POLICY remove ON {table} AS RESTRICTIVE FOR DELETE USING ({changed})")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in BEGUN:
        for name in ("reach", "begin"):
            op.execute(f"DROP POLICY {name} ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for table in (*WALLED, "minors"):
        for name in ("begin", "change", "remove"):
            op.execute(f"DROP POLICY {name} ON {table}")
    op.execute("DROP FUNCTION bednight_writes(text)")
