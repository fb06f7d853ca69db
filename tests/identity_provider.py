"""An agency's own sign-in for tests: a small, real identity service on a free port of this computer.

It keeps codes with their challenges, signs with keys that can be changed, and lies on demand: `claims` are put over
those of every token, `sign` replaces how it signs.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from app.clock import machine_time

CLIENT, SECRET = "bednight at harbor", "s3cret/with:signs"
Claims = dict[str, Any]


def new_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


@dataclass
class Provider:
    """What it knows, and how it lies."""

    port: int = 0
    keys: list[ECKey] = field(default_factory=lambda: [new_key("first")])
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    """By code: what was asked for when it was given out."""
    claims: Claims = field(default_factory=dict)
    without: set[str] = field(default_factory=set)
    document: Claims = field(default_factory=dict)
    sign: Callable[[Claims], str] | None = None
    subject: str = ""
    """Who sits before a browser that comes by itself."""
    seen: list[str] = field(default_factory=list)
    """What was asked of it, path by path."""

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}/of-agency"

    def agree(self, place: str, subject: str) -> dict[str, str]:
        """Somebody signs in at `place`, where they were sent; what their browser brings back."""
        parts = urlsplit(place)
        assert parts.path == "/authorize"
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert (asked["response_type"], asked["scope"], asked["code_challenge_method"]) == ("code", "openid", "S256")
        code = f"code-{len(self.asked)}"
        self.asked[code] = asked | {"sub": subject, "at": str(int(machine_time().timestamp()))}
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def token(self, sent: dict[str, str]) -> Claims | None:
        """What the code is worth, once, to who sends what its challenge was made of."""
        asked = self.asked.pop(sent.get("code", ""), None)
        if asked is None or sent["redirect_uri"] != asked["redirect_uri"]:
            return None
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return None
        at = int(machine_time().timestamp())
        claims: Claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": asked["sub"], "nonce": asked["nonce"], "iat": at, "exp": at + 300,
            "auth_time": int(asked["at"]),
        }  # fmt: skip
        claims = {name: value for name, value in (claims | self.claims).items() if name not in self.without}
        return {"id_token": (self.sign or self.signed)(claims), "token_type": "Bearer", "access_token": "unused"}

    def signed(self, claims: Claims, **header: str) -> str:
        key = self.keys[-1]
        return jwt.encode({"alg": "ES256", "kid": key.kid or "", **header}, claims, key)


def _answer(provider: Provider, path: str, sent: dict[str, str], basic: str) -> Claims | None:
    at = f"http://127.0.0.1:{provider.port}"
    if path == "/of-agency/.well-known/openid-configuration":
        return {
            "issuer": provider.issuer, "authorization_endpoint": f"{at}/authorize", "token_endpoint": f"{at}/token",
            "jwks_uri": f"{at}/keys", **provider.document,
        }  # fmt: skip
    if path == "/keys":
        return {"keys": [{"kty": "new"}, *(key.as_dict(private=False) for key in provider.keys)]}
    pair = urlencode({"": CLIENT})[1:] + ":" + urlencode({"": SECRET})[1:]
    if path == "/token" and basic == f"Basic {base64.b64encode(pair.encode()).decode()}":
        return provider.token(sent)
    if path == "/token" and (sent.get("client_id"), sent.get("client_secret")) == (CLIENT, SECRET):
        return provider.token(sent)
    return None


@contextmanager
def providing() -> Iterator[Provider]:
    """A sign-in that answers until the end of the block."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith("/authorize"):
                self._say({})
                return
            back = provider.agree(self.path, provider.subject)
            self.send_response(302)
            self.send_header("Location", provider.asked[back["code"]]["redirect_uri"] + "?" + urlencode(back))
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._say({name: values[0] for name, values in parse_qs(body).items()})

        def _say(self, sent: dict[str, str]) -> None:
            provider.seen.append(self.path)
            found = _answer(provider, self.path, sent, self.headers.get("authorization", ""))
            self.send_response(400 if found is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
