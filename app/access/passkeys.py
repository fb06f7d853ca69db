"""Passkeys: a key that never leaves its device, which asks its holder for a finger, a face or a PIN before it signs.

Nothing can be guessed here, and no account is named: whose passkey it is, the signature says. A challenge is kept until
its answer comes, once, for five minutes by the clocks of machines, wherever the answer arrives.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import webauthn
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.access.factor_models import Challenge, Passkey
from app.access.models import Person
from app.access.tokens import sha256
from app.clock import machine_time
from app.db import new_id

LASTS = timedelta(minutes=5)
_VERIFIED = UserVerificationRequirement.REQUIRED
_MOST = 20_000
"""Characters of an answer: those of a phone have some 2,000."""


@dataclass(frozen=True, slots=True)
class Site:
    """What a passkey is bound to: a host, and where its pages come from."""

    host: str
    origin: str


def register_options(session: Session, site: Site, person: Person) -> str:
    """What a browser is asked to make a passkey for this person with, as JSON."""
    known = session.scalars(select(Passkey.credential_id).where(Passkey.person_id == person.id))
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name="Bednight",
        user_id=person.id.encode(),
        user_name=person.email,
        user_display_name=person.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known],
    )
    _keep(session, options.challenge, person.id)
    return webauthn.options_to_json(options)


def proof_options(session: Session, site: Site) -> str:
    """What a browser is asked to sign, with whichever passkey of this site its holder chooses, as JSON."""
    options = webauthn.generate_authentication_options(rp_id=site.host, user_verification=_VERIFIED)
    _keep(session, options.challenge, None)
    return webauthn.options_to_json(options)


def register(session: Session, site: Site, person_id: str, answer: str, name: str, now: datetime) -> Passkey | None:
    """Keep the passkey that this answer brings; None where it is no answer to what this person was asked."""
    sent = _read(answer)
    challenge = _spend(session, sent, person_id)
    if challenge is None:
        return None
    try:
        made = webauthn.verify_registration_response(
            credential=sent,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except Exception:  # what cannot be read in any way is no passkey
        return None
    credential_id = bytes_to_base64url(made.credential_id)
    if session.scalar(select(Passkey.id).where(Passkey.credential_id == credential_id)) is not None:
        return None
    row = Passkey(
        id=new_id("passkey"),
        person_id=person_id,
        credential_id=credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=name,
        added_at=now,
        last_used_at=None,
    )
    session.add(row)
    return row


def prove(session: Session, site: Site, answer: str, now: datetime) -> str | None:
    """Whose passkey signed what was asked; None where none did, or its count says that it was copied."""
    sent = _read(answer)
    challenge = _spend(session, sent, None)
    if challenge is None:
        return None
    found = session.scalar(select(Passkey).where(Passkey.credential_id == str(sent.get("id"))))
    if found is None:
        return None
    try:
        proved = webauthn.verify_authentication_response(
            credential=sent,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=found.public_key,
            credential_current_sign_count=found.sign_count,
            require_user_verification=True,
        )
    except Exception:  # what cannot be read in any way proves nothing
        return None
    used = update(Passkey).where(Passkey.id == found.id, Passkey.sign_count == found.sign_count)
    counted = session.execute(used.values(sign_count=proved.new_sign_count, last_used_at=now).returning(Passkey.id))
    return found.person_id if counted.first() is not None else None


def _read(answer: str) -> dict[str, Any]:
    """What a browser sent; nothing where it is no JSON object."""
    try:
        sent = json.loads(answer) if len(answer) <= _MOST else None
    except (ValueError, RecursionError):
        return {}
    return sent if isinstance(sent, dict) else {}


def _keep(session: Session, challenge: bytes, person_id: str | None) -> None:
    at = machine_time()
    session.execute(delete(Challenge).where(Challenge.expires_at <= at))
    row = Challenge(sha256=sha256(bytes_to_base64url(challenge)), person_id=person_id, expires_at=at + LASTS)
    session.add(row)


def _spend(session: Session, sent: dict[str, Any], person_id: str | None) -> bytes | None:
    """The challenge that was answered, which answers nothing again; None of one that was not asked here."""
    try:
        client = json.loads(base64url_to_bytes(sent["response"]["clientDataJSON"]))
        challenge = str(client["challenge"])
        asked = base64url_to_bytes(challenge)
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError):
        return None
    mine = Challenge.person_id.is_(None) if person_id is None else Challenge.person_id == person_id
    kept = delete(Challenge).where(
        Challenge.sha256 == sha256(bytes_to_base64url(asked)), mine, Challenge.expires_at > machine_time()
    )
    return asked if session.execute(kept.returning(Challenge.sha256)).first() is not None else None
