"""A column that takes nothing but what is sealed: a text in clear that is put there by mistake is refused."""

import binascii
from base64 import b64decode, b64encode

from sqlalchemy import Dialect, LargeBinary, String, TypeDecorator

from app.sealing.box import is_sealed


class Sealed(TypeDecorator[bytes]):
    """Bytes as `Keyring.seal` gives them."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        if value is not None and not is_sealed(value):
            raise ValueError("this column takes what is sealed alone")
        return value


class SealedText(TypeDecorator[bytes]):
    """The same in a column of text, in base64: what was kept in clear before stands in such columns."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not is_sealed(value):
            raise ValueError("this column takes what is sealed alone")
        return b64encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else b64decode(value)


def sealed_in(text: str) -> bytes | None:
    """The sealed value that a text is in base64; None where it is none."""
    try:
        value = b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return value if is_sealed(value) else None
