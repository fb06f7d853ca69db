"""Secrets that are random, shown once, and stored only as a hash."""

import hashlib
import hmac
import secrets


def new_token() -> str:
    """160 random bits in letters and digits: nothing to escape, one double-click to copy."""
    return secrets.token_hex(20)


def sha256(token: str) -> str:
    """What is stored in place of a token. A plain hash suffices: 160 random bits cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def form_token(cookie: str) -> str:
    """The token a form must carry: only who holds the session cookie can compute it, so nothing is stored."""
    return hmac.new(cookie.encode(), b"bednight form", hashlib.sha256).hexdigest()
