"""Every text of a page goes through here, so that a second language is a catalogue and not a rebuild."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import NullTranslations

# Set per request once there is more than one language; English stands in the code.
CATALOGUE: ContextVar[NullTranslations] = ContextVar("catalogue", default=NullTranslations())  # noqa: B039


class Catalogue(NullTranslations):
    """The texts of one language by the English ones; what is not in it stays English."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__()
        self._texts = texts

    def gettext(self, message: str) -> str:
        return self._texts.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@contextmanager
def speaking(catalogue: NullTranslations) -> Iterator[None]:
    """Say everything in another language within it."""
    before = CATALOGUE.set(catalogue)
    try:
        yield
    finally:
        CATALOGUE.reset(before)


def gettext(message: str) -> str:
    """The message in the reader's language."""
    return CATALOGUE.get().gettext(message)


def plural(one: str, many: str, n: int) -> str:
    """The form of the message for `n`, with its placeholders as they are: templates fill them in themselves."""
    return CATALOGUE.get().ngettext(one, many, n)


def ngettext(one: str, many: str, n: int) -> str:
    """The message for `n` of something, in the reader's language, with `%(n)s` filled in."""
    return plural(one, many, n) % {"n": n}


def marked(message: str) -> str:
    """Marks a text for the catalogue where it stands in a table; it is translated when it is shown."""
    return message
