"""A column that takes nothing but what is sealed: a text in clear that is put there by mistake is refused."""

from sqlalchemy import Dialect, LargeBinary, TypeDecorator

from app.sealing.box import is_sealed


class Sealed(TypeDecorator[bytes]):
    """Bytes as `Keyring.seal` gives them."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        if value is not None and not is_sealed(value):
            raise ValueError("this column takes what is sealed alone")
        return value
