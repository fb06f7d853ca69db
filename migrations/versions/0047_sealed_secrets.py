"""What opens doors, and words about a young person, are sealed: factors, receivers' secrets, notes, reasons for a view.

What stands there is sealed where it stands, for which the keys must be there. Going down it stays sealed: the version
before cannot read it, and second factors and receivers are then set up anew.
"""

from base64 import b64encode

import sqlalchemy as sa
from alembic import op

from app.config import Settings
from app.sealing.box import Place
from app.sealing.column import sealed_in
from app.sealing.keyring import SYSTEM
from app.sealing.opening import needed

revision: str = "0047"
down_revision: str | None = "0046"
branch_labels: str | None = None
depends_on: str | None = None

COLUMNS = {
    ("authenticators", "secret", "person_id"): "SELECT person_id, secret, NULL FROM authenticators",
    ("enrolments", "totp_secret", "id"): "SELECT id, totp_secret, NULL FROM enrolments",
    ("webhook_endpoints", "secret", "id"): "SELECT id, secret, NULL FROM webhook_endpoints",
    ("webhook_endpoints", "previous_secret", "id"): "SELECT id, previous_secret, NULL FROM webhook_endpoints",
    ("stay_absences", "note", "id"): "SELECT stay_absences.id, note, minor_id FROM stay_absences"
    " JOIN stays ON stays.id = stay_id",
    ("whole_views", "words", "id"): "SELECT whole_views.id, words, minor_id FROM whole_views"
    " JOIN ranking_runs ON ranking_runs.id = run_id JOIN referrals ON referrals.id = referral_id",
}
"""Each column with the key of its table; what it says, and of which young person, if any."""


def upgrade() -> None:
    connection = op.get_bind()
    said = {column: connection.execute(sa.text(query)).all() for column, query in COLUMNS.items()}
    clear = [
        (column, key, text, whose)
        for column, rows in said.items()
        for key, text, whose in rows
        if text is not None and sealed_in(text) is None
    ]
    if not clear:
        return
    ring = needed(Settings.from_env())
    for (table, column, key_name), key, text, whose in clear:
        sealed = b64encode(ring.seal(whose or SYSTEM, Place(table, column, key), text)).decode()
        found = sa.table(table, sa.column(key_name), sa.column(column))
        connection.execute(found.update().where(found.c[key_name] == key).values({column: sealed}))
    ring.close()


def downgrade() -> None:
    """What is sealed stays so."""
