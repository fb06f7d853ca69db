"""One plausible row for every table of the models, parents first, so that migrations are tried with data in the way."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Enum,
    Float,
    Integer,
    LargeBinary,
    Table,
    TypeDecorator,
)

from app.audit.chain import GENESIS
from app.models import Base
from app.sealing.box import DataKey, Place, seal
from app.sealing.column import SealedText

SEALED = seal(DataKey("dk_1", bytes(32)), Place("a", "b", "c"), b"sealed")
CODES = {"state": "GA", "from_state": "NV", "to_state": "CA", "county": "13121", "place": "1304000"}
# Rows whose own conditions no rule of thumb meets, and rows that a migration itself puts in (None).
SPECIAL: dict[str, dict[str, Any] | None] = {
    "audit_head": None,
    "audit_events": {"previous_hash": GENESIS},
    "minor_avoids": {"kind": "county", "county": "13121"},
    "legal_bases": {"law": "court_order", "agreement_id": None, "sharer_id": None},
    "bed_nights": {"hold_id": None, "stay_id": None},
    "referrals": {"urgency": 1},
    "flags": {"level": "at_risk", "basis": "disclosure"},
    "reporting_lines": {"state": "TX"},
    "passkeys": {"public_key": b"key"},
    "report_floors": {"most_small": 10},
    "sharing_policy": None,
}


def fill(connection: Connection) -> dict[str, dict[str, Any]]:
    """Put a row into every table and give them back by table."""
    rows: dict[str, dict[str, Any]] = {}
    for table in Base.metadata.sorted_tables:
        own = SPECIAL.get(table.name, {})
        if own is None:
            continue
        rows[table.name] = {**_row(table, rows), **own}
        connection.execute(table.insert().values(rows[table.name]))
    return rows


def _row(table: Table, rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for position, column in enumerate(table.columns):
        parent = next(iter(column.foreign_keys), None)
        if parent is not None:
            # A row that may point at its own table points nowhere.
            row[column.name] = rows.get(parent.column.table.name, {}).get(parent.column.name)
        elif not column.nullable:
            row[column.name] = _value(column, position)
    return row


def _value(column: Column[Any], position: int) -> Any:
    """A value of the column's type; later columns get later dates, so that a pair of dates is in order."""
    kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    day = date(2026, 11, 1) + timedelta(days=position)
    if isinstance(column.type, SealedText) or isinstance(kind, LargeBinary):
        return SEALED
    if isinstance(kind, Enum):
        return column.type.python_type(kind.enums[0]) if kind.enum_class else kind.enums[0]
    for type_, value in (
        (DateTime, datetime(day.year, day.month, day.day, tzinfo=UTC)),
        (Date, day),
        (Boolean, True),
        (Integer, 1 + position),
        (Float, 1.5),
        (JSON, []),
    ):
        if isinstance(kind, type_):
            return value
    return CODES.get(column.name) or f"{column.table.name[:8]}_{column.name[:8]}_{position}"
