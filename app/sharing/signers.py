"""Whose signatures make a release: true of any young person, with no database and no web in it.

The young person signs, and beside one parent or guardian who is no abuser of the young person or of the other parent.
Where a law gives the service to the young person alone, that signature is enough. Whatever is not known is no pass: not
whether a signer is an abuser, not the age, not from which age a State lets young people decide. Sources: 28 CFR 94.115
(VOCA); VAWA and FVPSA; the Runaway and Homeless Youth Act, § 312(b)(7); 42 CFR Part 2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class SignerRelation(StrEnum):
    """Who signs, as seen from the young person."""

    MINOR = "minor"
    PARENT = "parent"
    GUARDIAN = "guardian"


class Void(StrEnum):
    """Why signatures make no release."""

    YOUNG_PERSON_MISSING = "young_person_missing"
    SIGNED_TWICE = "signed_twice"
    ABUSER = "abuser"
    ABUSE_NOT_ASKED = "abuse_not_asked"
    SECOND_MISSING = "second_missing"
    ALONE_NOT_LAWFUL = "alone_not_lawful"
    ALONE_NOT_KNOWN = "alone_not_known"


@dataclass(frozen=True, slots=True)
class Signer:
    """One signature. `abuser`: known or alleged, of the young person or of the other parent; None was not asked."""

    relation: SignerRelation
    abuser: bool | None = None


@dataclass(frozen=True, slots=True)
class Alone:
    """From which age a State lets somebody have a service alone; None where a law says so, and the age is not known."""

    from_age: int | None


def void(signers: Sequence[Signer], youngest: int | None, oldest: int | None, alone: Iterable[Alone] = ()) -> set[Void]:
    """Everything that stands against a release with these signatures; nothing stands against one that holds.

    `youngest` and `oldest` are the ages that the young person may have, in completed years, on the day of signing;
    `alone` are the laws on the service by which she or he signs without anybody else, and empty where none is named.
    """
    found: set[Void] = set()
    others = [signer for signer in signers if signer.relation is not SignerRelation.MINOR]
    own = len(signers) - len(others)
    if own == 0:
        found.add(Void.YOUNG_PERSON_MISSING)
    if own > 1:
        found.add(Void.SIGNED_TWICE)
    # One abuser among those who sign is one too many, whoever else signs: nobody decides freely beside them.
    found |= {Void.ABUSER for signer in others if signer.abuser is True}
    found |= {Void.ABUSE_NOT_ASKED for signer in others if signer.abuser is None}
    if not others:
        found |= _alone(youngest, oldest, list(alone))
    return found


def _alone(youngest: int | None, oldest: int | None, laws: list[Alone]) -> set[Void]:
    """What stands against her signing with nobody else."""
    if not laws:
        return {Void.SECOND_MISSING}
    if any(law.from_age is not None and youngest is not None and law.from_age <= youngest for law in laws):
        return set()
    open_question = any(law.from_age is None or oldest is None or law.from_age <= oldest for law in laws)
    return {Void.ALONE_NOT_KNOWN if open_question else Void.ALONE_NOT_LAWFUL}
