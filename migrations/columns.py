"""Column types that migrations share; their values are spelled out there, since code moves on and history does not."""

import sqlalchemy as sa


def choice(*values: str) -> sa.Enum:
    """One of these values, stored as text with a CHECK named after the column."""
    return sa.Enum(*values, native_enum=False, create_constraint=True, length=40)


def instant() -> sa.DateTime:
    """A moment in UTC."""
    return sa.DateTime(timezone=True)
