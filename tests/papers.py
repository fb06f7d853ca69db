"""What a PDF says, and what it tells programs about itself."""

import io
from typing import Any

from pypdf import PdfReader


def said_in(pdf: bytes) -> str:
    """Every word on its pages, and what stands about it beside them."""
    found = PdfReader(io.BytesIO(pdf))
    return "\n".join([*(page.extract_text() for page in found.pages), str(dict(found.metadata or {}))])


def pages_of(pdf: bytes) -> int:
    """How many pages it has."""
    return len(PdfReader(io.BytesIO(pdf)).pages)


def is_tagged(pdf: bytes, language: str) -> bool:
    """Whether programs that read aloud find its structure, its language and its title."""
    found = PdfReader(io.BytesIO(pdf))
    root: Any = found.root_object
    marked = root["/MarkInfo"]["/Marked"].value and "/StructTreeRoot" in root
    return bool(marked and str(root["/Lang"]) == language and found.metadata and found.metadata.title)
