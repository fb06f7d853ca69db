"""PostgreSQL holds by itself to whose referrals, questions, stays and nights a request changes, too.

Who may see a young person may change what is about her or him, and whoever runs a house what is of that house. A night
hangs on a hold or a stay, whose own beginning has a wall; what has run out anybody clears, as each claim does. What two
records are said to be, and who asks to be in contact, is written by the agency whose word it is; whoever expunges a
record of its own takes away what others said of it.

A change that is refused is an error, not a row left out: what a request locks it locks of everybody.
"""

from alembic import op

revision: str = "0073"
down_revision: str | None = "0072"
branch_labels: str | None = None
depends_on: str | None = None

REACH = "current_setting('bednight.reach', true)"
WRITER = f"coalesce(nullif(current_setting('bednight.writes', true), ''), {REACH})"
AT = "nullif(current_setting('bednight.at', true), '')::timestamptz"
OF_HOUSE = f"EXISTS (SELECT 1 FROM facilities h WHERE h.id = facility_id AND h.agency_id = {WRITER})"  # noqa: S608
ABOUT = "bednight_writes(minor_id)"
OWN = f"coalesce({WRITER} IN ('network', agency_id), false)"
NETWORK = f"coalesce({WRITER} = 'network', false)"
NEW = ("holds", "bed_nights")
BEGIN = {"holds": ABOUT, "record_links": OWN, "contact_asks": OWN, "contacts": NETWORK}
CHANGE = {
    "referrals": f"agency_id = {WRITER} OR {ABOUT}",
    "record_links": OWN,
    "contact_asks": OWN,
    "contacts": OWN,
} | dict.fromkeys(("offers", "stays", "holds", "bed_nights"), f"{OF_HOUSE} OR {ABOUT}")
REMOVE = {
    "bed_nights": f"expires_at <= {AT} OR {OF_HOUSE} OR {ABOUT}",
    "record_links": f"{OWN} OR bednight_owns({WRITER}, minor_id) OR bednight_owns({WRITER}, other_id)",
    "contact_asks": OWN,
    "contacts": f"{OWN} OR asker_id = {WRITER}",
} | dict.fromkeys(("referrals", "offers", "stays", "holds"), NETWORK)


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in NEW:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY reach ON {table} USING (true)")
    for table, who in BEGIN.items():
        op.execute(f"CREATE POLICY begin ON {table} AS RESTRICTIVE FOR INSERT WITH CHECK ({who})")
    for table, who in CHANGE.items():
        op.execute(f"CREATE POLICY change ON {table} AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK ({who})")
    for table, who in REMOVE.items():
        op.execute(f"CREATE POLICY remove ON {table} AS RESTRICTIVE FOR DELETE USING ({who})")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, tables in (("begin", BEGIN), ("change", CHANGE), ("remove", REMOVE)):
        for table in tables:
            op.execute(f"DROP POLICY {name} ON {table}")
    for table in NEW:
        op.execute(f"DROP POLICY reach ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
