"""API keys: made once, shown once, stored as a hash, ended after 90 days at the latest."""

from collections.abc import Iterable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.models import Agency, ApiKey
from app.access.policy import CLOSED_TO_KEYS, POLICY, Permission, Role
from app.access.service import named
from app.access.tokens import new_token, sha256
from app.audit.service import record
from app.db import Database, new_id
from app.errors import FieldError, invalid, not_found

LONGEST = timedelta(days=90)
TOUCH_EVERY = timedelta(minutes=1)
# Asked with every request: the columns alone, and built once.
_PROOF = (
    select(
        ApiKey.id, ApiKey.agency_id, ApiKey.role, ApiKey.permissions, ApiKey.revoked_at, ApiKey.expires_at,
        ApiKey.last_used_at, Agency.kind, Agency.closed_at,
    )
    .join(Agency, Agency.id == ApiKey.agency_id)
    .where(ApiKey.key_sha256 == bindparam("sha256"))
)  # fmt: skip


def issue(
    session: Session,
    by: Actor | None,
    *,
    agency_id: str,
    name: str,
    role: Role,
    now: datetime,
    live: bool,
    lasts: timedelta = LONGEST,
    permissions: Iterable[Permission] | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and give it back once, in clear. `by` is None for the operator at the command line."""
    name = named(name)
    if session.get(Agency, agency_id) is None:
        raise not_found()
    if not timedelta(0) < lasts <= LONGEST:
        raise invalid([FieldError("/lasts", "out_of_range", "A key lasts between 1 and 90 days.")])
    scope = None if permissions is None else sorted(set(permissions))
    if scope is not None and not set(scope) <= POLICY[role] - CLOSED_TO_KEYS:
        raise invalid([FieldError("/permissions", "beyond_role", "A key may hold no more than its role.")])
    secret = f"bn_{'live' if live else 'test'}_{new_token()}"
    key = ApiKey(
        id=new_id("key"),
        agency_id=agency_id,
        name=name,
        role=role,
        permissions=None if scope is None else [permission.value for permission in scope],
        hint=secret[:12],
        key_sha256=sha256(secret),
        created_at=now,
        expires_at=now + lasts,
    )
    session.add(key)
    record(session, by, "key.issue", "api_key", key.id)
    return key, secret


def revoke(session: Session, by: Actor | None, key_id: str, now: datetime) -> ApiKey:
    """End a key. It is refused from the next request on."""
    key = session.get(ApiKey, key_id)
    if key is None:
        raise not_found()
    if key.revoked_at is None:
        key.revoked_at = now
        record(session, by, "key.revoke", "api_key", key.id)
    return key


def listed(agency_id: str | None = None) -> Select[ApiKey]:
    """All keys, the newest first; of one agency where one is named."""
    query = select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id)
    return query if agency_id is None else query.where(ApiKey.agency_id == agency_id)


def authenticate(
    database: Database, secret: str, now: datetime, *, live: bool, within: Session | None = None
) -> Actor | None:
    """Whose key this is; None where there is no such key. A key that has ended is refused, and the refusal audited.

    Looked up `within` the request's own session, where that reads.
    """
    if not secret.startswith("bn_live_" if live else "bn_test_"):
        return None
    with database.reading() if within is None else nullcontext(within) as session:
        key: Any = session.execute(_PROOF, {"sha256": sha256(secret)}).one_or_none()
    if key is None:
        return None
    actor = Actor(
        agency_id=key.agency_id,
        kind=key.kind,
        role=key.role,
        api_key_id=key.id,
        scope=None if key.permissions is None else frozenset(map(Permission, key.permissions)),
    )
    for reason, ended_at in (
        ("key_revoked", key.revoked_at),
        ("key_expired", key.expires_at),
        ("agency_closed", key.closed_at),
    ):
        if ended_at is not None and ended_at <= now:
            raise Denied(actor, "sign_in", reason, code="not_signed_in")
    if key.last_used_at is None or now - key.last_used_at >= TOUCH_EVERY:
        with database.writing() as session:
            session.execute(update(ApiKey).where(ApiKey.id == key.id).values(last_used_at=now))
    return actor
