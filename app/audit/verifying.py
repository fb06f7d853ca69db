"""Reading the trail back: whether every row is there, in its place and as it was written."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.chain import COVERED, GENESIS, link
from app.audit.checkpoints import Checkpoint, first_line, line_hash
from app.audit.models import AuditEvent, AuditHead
from app.audit.tree import Tree


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many rows hold, and the first that does not; None where all do."""

    rows: int
    broken_at: int | None = None
    why: str | None = None


def verify(session: Session, checkpoints: Sequence[Checkpoint] = (), keys: Sequence[Ed25519PublicKey] = ()) -> Verdict:
    """Walk the chain from its beginning, beside the checkpoints, and name the first broken link.

    The chain alone finds what was changed in it; only checkpoints find that all of it was written anew, or that an
    older copy was put in its place.
    """
    sound, fault = _sound(checkpoints, keys)
    beside, tree, previous = _Beside(sound), Tree(), GENESIS
    walk = select(AuditEvent.__table__).order_by(AuditEvent.seq).execution_options(yield_per=1000)
    with session.execute(walk) as rows:
        for row in rows:
            if (why := beside.fault(tree)) is not None:
                return Verdict(beside.vouched, beside.vouched + 1, why)
            if (why := _fault(row, tree.size + 1, previous)) is not None:
                return Verdict(tree.size, tree.size + 1, why)
            tree.add(row.hash)
            previous = row.hash
    head = session.execute(select(AuditHead.seq, AuditHead.hash)).one_or_none()
    if head is None or (head.seq, head.hash) != (tree.size, previous):
        return Verdict(tree.size, tree.size + 1, "the end of the chain is missing or was changed")
    why = beside.fault(tree) or beside.more_than(tree) or fault
    return Verdict(tree.size) if why is None else Verdict(beside.vouched, beside.vouched + 1, why)


class _Beside:
    """The checkpoints along a walk; `vouched`: how many of the rows they bear out so far."""

    def __init__(self, sound: Iterable[Checkpoint]) -> None:
        self._due = deque(sound)
        self.vouched = 0

    def fault(self, tree: Tree) -> str | None:
        """What is wrong with the rows walked so far, by the checkpoints that are about no more than these."""
        while self._due and self._due[0].size <= tree.size:
            one = self._due.popleft()
            if one.root != tree.root():
                return f"rows {self.vouched + 1} to {one.size} are not those of the checkpoint of {one.at}"
            self.vouched = one.size
        return None

    def more_than(self, tree: Tree) -> str | None:
        """What is wrong where checkpoints count more rows than there are."""
        if not self._due:
            return None
        one = self._due[0]
        return f"the checkpoint of {one.at} counts {one.size} rows: the end was cut off, or this is an older copy"


def _sound(checkpoints: Iterable[Checkpoint], keys: Sequence[Ed25519PublicKey]) -> tuple[list[Checkpoint], str | None]:
    """The checkpoints up to the first that cannot be trusted, and what is wrong with that one."""
    sound: list[Checkpoint] = []
    for one in checkpoints:
        if not one.holds(keys):
            return sound, f"the signature of the checkpoint of {one.at} does not hold"
        last = sound[-1] if sound else None
        if first_line(one) if last is None else one.previous == line_hash(last):
            sound.append(one)
            continue
        return sound, f"a checkpoint before that of {one.at} is missing"
    return sound, None


def _fault(row: Any, expected: int, previous: str) -> str | None:
    if row.seq != expected:
        return "a row is missing"
    if row.previous_hash != previous:
        return "the row does not follow the one before it"
    if row.hash != link(previous, {name: getattr(row, name) for name in COVERED}):
        return "the row was changed"
    return None
