"""An order of terms as JSON: its document, and an order read back from one."""

from typing import Any

from matching.codec import Problem, SnapshotError
from matching.value import DEFAULT_POLICY, WORTH_WEIGHT, Policy, Weight

Document = dict[str, Any]

_UNITS = {row.code: row.unit for row in (*DEFAULT_POLICY.weights, WORTH_WEIGHT)}
_KEYS = {"id": str, "version": int, "terms": list}
_KINDS = {str: "a text", int: "a whole number", list: "a list"}
_TERM_KEYS = {"code": str, "unit": str, "weight": int, "most": int}


def policy_document(policy: Policy) -> Document:
    """Give the JSON of an order of terms: what each counts, in which unit, what one costs, and at most how many."""
    terms = [{"code": row.code, "unit": row.unit, "weight": row.weight, "most": row.most} for row in policy.weights]
    return {"id": policy.id, "version": policy.version, "terms": terms}


def policy_of(document: Any) -> Policy:
    """Read an order of terms.

    Raises
    ------
    SnapshotError
        With a JSON pointer and what was expected there: the first thing that is wrong.
    """
    _has(document, _KEYS, "")
    if not document["id"]:
        raise _wrong("/id", "expected a text")
    if document["version"] < 1:
        raise _wrong("/version", "expected a whole number above 0")
    rows = document["terms"]
    for at, row in enumerate(rows):
        _has(row, _TERM_KEYS, f"/terms/{at}")
        if row["code"] not in _UNITS:
            raise _wrong(f"/terms/{at}/code", f"expected one of {', '.join(sorted(_UNITS))}")
        if row["code"] in [other["code"] for other in rows[:at]]:
            raise _wrong(f"/terms/{at}/code", "this term stands twice")
        if row["unit"] != _UNITS[row["code"]]:
            raise _wrong(f"/terms/{at}/unit", f"this term counts by the {_UNITS[row['code']]}")
    try:
        return Policy(document["id"], document["version"], tuple(Weight(**row) for row in rows))
    except ValueError as error:
        raise _wrong("/terms", str(error)) from None


def _has(document: Any, keys: dict[str, type], at: str) -> None:
    """Whether a document has these keys and no other, each of its type."""
    if not isinstance(document, dict):
        raise _wrong(at, "expected an object")
    for key, kind in keys.items():
        # A truth value is a whole number to Python, and none here.
        if not isinstance(document.get(key), kind) or isinstance(document[key], bool):
            raise _wrong(f"{at}/{key}", f"expected {_KINDS[kind]}")
    if unknown := sorted(set(document) - set(keys)):
        raise _wrong(f"{at}/{unknown[0]}", "this key is not known; check its spelling or leave it out")


def _wrong(pointer: str, message: str) -> SnapshotError:
    return SnapshotError([Problem(pointer, message)])
