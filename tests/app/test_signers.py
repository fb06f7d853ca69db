"""Whose signatures make a release: each way to be void on its own, both sides of each age, unknown is no pass."""

import pytest

from app.sharing.signers import Alone, Signer, SignerRelation, Void, void

MINOR, PARENT, GUARDIAN = (Signer(relation, False) for relation in SignerRelation)
ABUSER = Signer(SignerRelation.PARENT, True)
NOT_ASKED = Signer(SignerRelation.PARENT)
V = Void


@pytest.mark.parametrize(
    ("signers", "against"),
    [
        ([MINOR, PARENT], set()),
        ([MINOR, GUARDIAN], set()),
        ([MINOR, PARENT, GUARDIAN], set()),
        ([PARENT], {V.YOUNG_PERSON_MISSING}),
        ([MINOR, MINOR, PARENT], {V.SIGNED_TWICE}),
        ([MINOR, ABUSER], {V.ABUSER}),
        ([MINOR, ABUSER, GUARDIAN], {V.ABUSER}),
        ([MINOR, NOT_ASKED], {V.ABUSE_NOT_ASKED}),
        ([MINOR, PARENT, NOT_ASKED], {V.ABUSE_NOT_ASKED}),
        ([ABUSER], {V.YOUNG_PERSON_MISSING, V.ABUSER}),
        ([MINOR], {V.SECOND_MISSING}),
        ([], {V.YOUNG_PERSON_MISSING, V.SECOND_MISSING}),
    ],
)
def test_who_signs(signers: list[Signer], against: set[Void]) -> None:
    assert void(signers, 15, 15) == against


@pytest.mark.parametrize(
    ("ages", "laws", "against"),
    [
        ((13, 13), [14], {V.ALONE_NOT_LAWFUL}),
        ((14, 14), [14], set()),
        ((15, 15), [14], set()),
        ((13, 14), [14], {V.ALONE_NOT_KNOWN}),
        ((14, 16), [14], set()),
        ((12, 13), [14], {V.ALONE_NOT_LAWFUL}),
        ((None, None), [14], {V.ALONE_NOT_KNOWN}),
        ((None, 13), [14], {V.ALONE_NOT_LAWFUL}),
        ((14, None), [14], set()),
        ((17, 17), [None], {V.ALONE_NOT_KNOWN}),
        ((14, 14), [None, 14], set()),
        ((13, 13), [None, 14], {V.ALONE_NOT_KNOWN}),
        ((13, 13), [14, 13], set()),
        ((17, 17), [], {V.SECOND_MISSING}),
    ],
)
def test_alone_from_the_age_of_the_law_on(
    ages: tuple[int | None, int | None], laws: list[int | None], against: set[Void]
) -> None:
    assert void([MINOR], *ages, [Alone(age) for age in laws]) == against


def test_the_law_stands_beside_an_abuser_for_nobody() -> None:
    assert void([MINOR, ABUSER], 17, 17, [Alone(14)]) == {V.ABUSER}
