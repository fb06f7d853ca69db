"""The short code by which people speak of a referral: random, easy to say, and without any letter that is misheard."""

import hashlib
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.referrals.models import Referral

_LETTERS = "234679CDFGHJKMNPQRTVWXYZ"
_LENGTH = 5


def codes_for(session: Session, referral_ids: Iterable[str]) -> dict[str, str]:
    """A free code for each referral. It follows from the id, so the same rows always get the same codes."""
    waiting, attempt = sorted(set(referral_ids)), 0
    codes: dict[str, str] = {}
    while waiting:
        tried = {referral_id: _code(referral_id, attempt) for referral_id in waiting}
        taken = set(session.scalars(select(Referral.code).where(Referral.code.in_(tried.values()))))
        taken |= set(codes.values())
        for referral_id, code in tried.items():
            if code not in taken:
                codes[referral_id] = code
                taken.add(code)
        waiting = [referral_id for referral_id in waiting if referral_id not in codes]
        attempt += 1
    return codes


def _code(referral_id: str, attempt: int) -> str:
    number = int.from_bytes(hashlib.sha256(f"{referral_id}/{attempt}".encode()).digest())
    letters = []
    for _ in range(_LENGTH):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return f"R-{''.join(letters)}"
