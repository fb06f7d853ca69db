"""The arithmetic of the chain: what a row's hash covers, and where the chain begins. No database."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# Domain separation: a hash made here can stand for nothing else.
_DOMAIN = b"bednight.audit.v1\x00"
GENESIS = hashlib.sha256(b"bednight.audit.genesis.v1").hexdigest()
COVERED = (
    "seq",
    "at",
    "actor_kind",
    "actor_id",
    "agency_id",
    "action",
    "subject_kind",
    "subject",
    "outcome",
    "reason",
    "release_id",
    "request_id",
)


def link(previous_hash: str, row: Mapping[str, Any]) -> str:
    """The hash of one row: over the hash before it and every field that says what happened."""
    fields = {name: _plain(row[name]) for name in COVERED}
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(_DOMAIN + bytes.fromhex(previous_hash) + canonical.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value
