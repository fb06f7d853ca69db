"""What is said to an agency's own sign-in, and whether what it answers is true (OpenID Connect Core 1.0, RFC 7636).

Nothing here knows a database. Its documents and keys are read anew each time: somebody signs in a few times a day, and
a key that it has taken back opens nothing from then on. Only hosts that the operator listed are ever asked.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from app.codes import storable
from app.outbox.channels import Undelivered
from app.outbox.posting import MOST_BYTES, Refused, ask, check_url

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Signatures that its own key alone can make: neither `none`, nor one that our secret makes as well."""
_LEEWAY = 60
"""Seconds by which its clock may be off."""
_SIGNED_OUT = "http://schemas.openid.net/event/backchannel-logout"
_OLD = 300
"""Seconds after which a message that somebody signed out is an old one."""
_MOST = 20
"""Audiences of one token."""
_JSON = {"Accept": "application/json", "User-Agent": "Bednight"}


class Untrue(Exception):
    """It cannot be reached, or what came back proves nothing; `code` says why, for the audit trail alone."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Client:
    """What we are at an issuer."""

    issuer: str
    client_id: str
    secret: str
    acr: str | None
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Journey:
    """What ties an answer to the browser that asked: all of it follows from the random token in its cookie."""

    token: str

    @property
    def state(self) -> str:
        """What comes back beside the code."""
        return self._part("state")

    @property
    def nonce(self) -> str:
        """What must stand in the token."""
        return self._part("nonce")

    @property
    def verifier(self) -> str:
        """What only who asked can send with the code."""
        return self._part("verifier")

    @property
    def challenge(self) -> str:
        """Its hash, sent ahead."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())

    def _part(self, name: str) -> str:
        return _base64url(hmac.digest(self.token.encode(), f"bednight {name}".encode(), "sha256"))


@dataclass(frozen=True, slots=True)
class Subject:
    """Who the issuer says it is, and when they last proved it there, where it says so."""

    name: str
    proved_at: datetime | None


def check_issuer(issuer: str, hosts: Sequence[str]) -> None:
    """Raises posting.Refused where this is no issuer that we would ask."""
    if check_url(issuer, hosts).query:
        raise Refused("malformed")


def way_there(client: Client, journey: Journey, hosts: Sequence[str], *, again: bool) -> str:
    """Where the browser goes. `again`: they are to prove it there now, though they are signed in."""
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": "openid",
        "state": journey.state,
        "nonce": journey.nonce,
        "code_challenge": journey.challenge,
        "code_challenge_method": "S256",
    }
    if again:
        asked |= {"prompt": "login", "max_age": "0"}
    if client.acr is not None:
        asked["acr_values"] = client.acr
    place = _place(_document(client.issuer, hosts), "authorization_endpoint", hosts)
    return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"


def subject_of(
    client: Client, journey: Journey, code: str, hosts: Sequence[str], at: datetime, *, proved_since: datetime | None
) -> Subject:
    """Whose code this is. `proved_since`: they must have proved it there since then. Raises Untrue."""
    document = _document(client.issuer, hosts)
    token = _token(client, journey, code, document, hosts)
    keys = _keys(_place(document, "jwks_uri", hosts), hosts)
    return _read(client, journey, token, keys, at, proved_since)


def gone_of(client: Client, token: str, hosts: Sequence[str], at: datetime) -> str:
    """Who has signed out there, as its message says (OpenID Connect Back-Channel Logout 1.0). Raises Untrue."""
    keys = _keys(_place(_document(client.issuer, hosts), "jwks_uri", hosts), hosts)
    header, claims = _signed(token, keys)
    now = int(at.timestamp())
    _hold(claims, client, now, exp={"essential": True}, jti={"essential": True})
    events = claims.get("events")
    says_so = isinstance(events, dict) and isinstance(events.get(_SIGNED_OUT), dict)
    if not says_so or "nonce" in claims or header.get("typ") != "logout+jwt":
        raise Untrue("no_sign_out")  # a token that lets somebody in ends nothing, and the other way about
    if claims["iat"] < now - _OLD:
        raise Untrue("too_old")
    return _subject(claims)


def said_in(token: str) -> tuple[str, list[str]]:
    """Of which issuer and for whom a token says that it is, before anybody believes it. Raises Untrue."""
    try:
        said = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        issuer, audience = said["iss"], said["aud"]
    except (ValueError, IndexError, KeyError, TypeError, RecursionError):
        raise Untrue("unreadable") from None
    clients = audience if isinstance(audience, list) else [audience]
    if not all(isinstance(one, str) and storable(one) for one in (issuer, *clients)) or len(clients) > _MOST:
        raise Untrue("unreadable")
    return issuer, clients


def _document(issuer: str, hosts: Sequence[str]) -> Mapping[str, Any]:
    """Its description of itself, which must be of the very issuer that was set."""
    document = _json(*_asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration", None, _JSON, hosts))
    if document.get("issuer") != issuer:
        raise Untrue("other_issuer")
    return document


def _place(document: Mapping[str, Any], name: str, hosts: Sequence[str]) -> str:
    place = document.get(name)
    try:
        check_url(place if isinstance(place, str) else "", hosts)
    except Refused as refused:
        raise Untrue(refused.code) from None
    return str(place)


def _token(client: Client, journey: Journey, code: str, document: Mapping[str, Any], hosts: Sequence[str]) -> str:
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": journey.verifier,
    }
    about = _JSON | {"Content-Type": "application/x-www-form-urlencoded"}
    ways = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if isinstance(ways, list) and "client_secret_basic" not in ways:
        sent |= {"client_id": client.client_id, "client_secret": client.secret}
    else:
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret)}"  # RFC 6749, 2.3.1
        about["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    place = _place(document, "token_endpoint", hosts)
    token = _json(*_asked("POST", place, urlencode(sent).encode(), about, hosts)).get("id_token")
    if not isinstance(token, str):
        raise Untrue("no_token")
    return token


def _keys(place: str, hosts: Sequence[str]) -> KeySet:
    """Its public keys; of kinds that we do not know, none."""
    listed = _json(*_asked("GET", place, None, _JSON, hosts)).get("keys")
    keys: list[Key] = []
    for one in listed if isinstance(listed, list) else []:
        if not isinstance(one, dict) or one.get("kty") not in {"RSA", "EC", "OKP"}:
            continue
        try:
            keys.append(JWKRegistry.import_key(one))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return KeySet(keys)


def _read(
    client: Client, journey: Journey, token: str, keys: KeySet, at: datetime, proved_since: datetime | None
) -> Subject:
    _, claims = _signed(token, keys)
    nonce = {"essential": True, "value": journey.nonce}
    _hold(claims, client, int(at.timestamp()), exp={"essential": True}, nonce=nonce)
    _check_further(client, claims)
    return Subject(_subject(claims), _proved_at(claims, at, proved_since))


def _signed(token: str, keys: KeySet) -> tuple[dict[str, Any], dict[str, Any]]:
    """What it says, of itself and otherwise, where one of these keys signed it."""
    try:
        found = jwt.decode(token, keys, algorithms=ALGORITHMS)
        return dict(found.header), dict(found.claims)
    except (JoseError, ValueError, TypeError):
        raise Untrue("bad_signature") from None


def _hold(claims: dict[str, Any], client: Client, now: int, **more: Any) -> None:
    """It is of that issuer, for us, about somebody, and of its time; and whatever else is asked of it."""
    ours = {"iss": {"essential": True, "value": client.issuer}, "aud": {"essential": True, "value": client.client_id}}
    asked = ours | {"sub": {"essential": True}, "iat": {"essential": True}} | more
    try:
        jwt.JWTClaimsRegistry(now=now, leeway=_LEEWAY, **asked).validate(claims)
    except (JoseError, OverflowError) as error:
        raise Untrue(f"token_{getattr(error, 'error', 'time')}") from None


def _subject(claims: Mapping[str, Any]) -> str:
    subject: str = claims["sub"]
    if not 0 < len(subject) <= 255 or not subject.isascii() or not subject.isprintable():
        raise Untrue("bad_subject")
    return subject


def _check_further(client: Client, claims: Mapping[str, Any]) -> None:
    """What is asked of some tokens alone: several audiences name the one that asked; how it was proved is as set."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client.client_id) != client.client_id:
        raise Untrue("other_party")
    if client.acr is not None and claims.get("acr") != client.acr:
        raise Untrue("weak_proof")


def _proved_at(claims: Mapping[str, Any], at: datetime, since: datetime | None) -> datetime | None:
    said = claims.get("auth_time")
    if not isinstance(said, int | float) or isinstance(said, bool) or not 0 <= said <= at.timestamp() + _LEEWAY:
        proved = None
    else:
        proved = min(datetime.fromtimestamp(said, UTC), at)
    if since is not None and (proved is None or proved < since - timedelta(seconds=_LEEWAY)):
        raise Untrue("proof_too_old")
    return proved


def _asked(
    method: str, url: str, body: bytes | None, about: Mapping[str, str], hosts: Sequence[str]
) -> tuple[int, bytes]:
    try:
        return ask(method, url, body, about, hosts, most=MOST_BYTES)
    except Undelivered as undelivered:
        raise Untrue(undelivered.code) from None


def _json(status: int, body: bytes) -> Mapping[str, Any]:
    if status != 200:
        raise Untrue("refused_there")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Untrue("unreadable") from None
    if not isinstance(document, dict):
        raise Untrue("unreadable")
    return document


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
