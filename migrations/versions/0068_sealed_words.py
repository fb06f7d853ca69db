"""Words about young people that stood in clear are sealed: reasons of exceptions, corrections and beds without a payer,
what was said in an emergency, and the number of an order or file.

What stands there is sealed where it stands, for which the keys must be there. Going down it stays sealed: the version
before cannot read it, but in the history of nights, where it takes the words out.
"""

from base64 import b64encode

import sqlalchemy as sa
from alembic import op

from app.config import Settings
from app.sealing.box import Place
from app.sealing.column import sealed_in
from app.sealing.keyring import SYSTEM
from app.sealing.opening import needed

revision: str = "0068"
down_revision: str | None = "0067"
branch_labels: str | None = None
depends_on: str | None = None

COLUMNS = {
    ("exceptions", "reason"): "SELECT exceptions.id, reason, minor_id FROM exceptions"
    " JOIN referrals ON referrals.id = referral_id",
    ("emergency_accesses", "words"): "SELECT emergency_accesses.id, words, minor_id FROM emergency_accesses"
    " JOIN referrals ON referrals.id = referral_id",
    ("offers", "unfunded_reason"): "SELECT id, unfunded_reason, minor_id FROM offers",
    ("legal_bases", "reference"): "SELECT id, reference, minor_id FROM legal_bases",
    ("former_stay_payers", "reason"): "SELECT former_stay_payers.id, reason, minor_id FROM former_stay_payers"
    " JOIN stays ON stays.id = stay_id",
    ("former_bed_nights", "words"): "SELECT id, words, minor_id FROM former_bed_nights",
}
"""Each column, what it says, and of which young person."""
_CODES = (
    "completed", "maximum_time", "young_person_left", "missing", "house_ended", "not_arrived", "other",
)  # fmt: skip
"""Why a stay ended; whatever else the history of nights gives as a reason was said in words."""


def upgrade() -> None:
    op.add_column("former_bed_nights", sa.Column("words", sa.String()))
    connection = op.get_bind()
    nights = sa.table("former_bed_nights", sa.column("reason"), sa.column("words"))
    in_words = nights.update().where(nights.c.reason.not_in(_CODES))
    connection.execute(in_words.values(words=nights.c.reason, reason=None))
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
    gone = ring.destroyed({whose for *_, whose in clear if whose is not None})
    for (table, column), key, text, whose in clear:
        # Of who was expunged no words stay; that there were some, an empty text under the system's key says.
        place, kept = Place(table, column, key), "" if whose in gone else text
        sealed = b64encode(ring.seal(SYSTEM if whose is None or whose in gone else whose, place, kept)).decode()
        found = sa.table(table, sa.column("id"), sa.column(column))
        connection.execute(found.update().where(found.c.id == key).values({column: sealed}))
    ring.close()


def downgrade() -> None:
    """What is sealed stays so."""
    op.drop_column("former_bed_nights", "words")
