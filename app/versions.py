"""Two people on one night shift: who changes something says which version they read, in the body or by If-Match."""

import hashlib
from typing import Annotated, Any, Protocol

from fastapi import Header, Response
from pydantic import BaseModel, Field

from app.errors import Problem, stale_update

IfMatch = Annotated[str | None, Header(max_length=400, description="The ETag of what you read")]
Version = Annotated[int | None, Field(ge=1, le=2_000_000_000, description="The version you read; or send If-Match")]


class _Read(Protocol):
    @property
    def version(self) -> int: ...
    def model_dump(self, *, mode: str) -> dict[str, Any]: ...
    def model_dump_json(self) -> str: ...


def etag(read: BaseModel) -> str:
    """The tag of what this viewer sees, so that it cannot betray a change in what they do not see."""
    return f'"{hashlib.sha256(read.model_dump_json().encode()).hexdigest()[:32]}"'


def tag(response: Response, read: BaseModel) -> None:
    """Send the ETag of what is answered."""
    response.headers["ETag"] = etag(read)


def must_be_current(current: _Read, version: int | None, if_match: str | None) -> None:
    """Refuse a change to what the caller has not read as it stands: 428, 412 or 409 with the current state."""
    if version is None and if_match is None:
        raise Problem("version_required")
    shown = current.model_dump(mode="json")
    if if_match is not None:
        now = f'"{hashlib.sha256(current.model_dump_json().encode()).hexdigest()[:32]}"'
        named = [name.strip().removeprefix("W/") for name in if_match.split(",")]
        if now not in named and named != ["*"]:
            raise Problem("precondition_failed", extra={"current": shown}, headers={"ETag": now})
    if version is not None and version != current.version:
        raise stale_update(shown)
