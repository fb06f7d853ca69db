"""Secrets that are random, shown once, and stored only as a hash."""

import hashlib
import hmac
import secrets


def new_token() -> str:
    """160 random bits in letters and digits: nothing to escape, one double-click to copy."""
    return secrets.token_hex(20)


def session_token() -> str:
    """What a session's cookie holds: a part that every proof makes anew, and one that lasts for the forms."""
    return f"{new_token()}.{new_token()}"


def renewed(cookie: str) -> str:
    """The cookie after a proof: another token, while a form in an open page still fits."""
    return f"{new_token()}.{cookie.rpartition('.')[2]}"


def sha256(token: str) -> str:
    """What is stored in place of a token. A plain hash suffices: 160 random bits cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def form_token(cookie: str) -> str:
    """The token a form must carry: only who holds the session cookie can compute it, so nothing is stored."""
    return hmac.new(cookie.rpartition(".")[2].encode(), b"bednight form", hashlib.sha256).hexdigest()
