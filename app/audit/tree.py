"""The Merkle tree over the chain's hashes, by RFC 6962, section 2.1, grown one leaf at a time. No database."""

import hashlib
from collections.abc import Sequence


class Tree:
    """The hash tree of all leaves so far, kept as the roots of its full subtrees: as many as its size has ones."""

    def __init__(self, size: int = 0, peaks: Sequence[str] = ()) -> None:
        """Go on from a tree of `size` leaves whose full subtrees, from the left, have these roots (hex).

        Raises ValueError where a tree of that size has another number of them.
        """
        if size < 0 or len(peaks) != size.bit_count():
            raise ValueError("a tree of this size has another number of full subtrees")
        self.size = size
        self._peaks = [bytes.fromhex(peak) for peak in peaks]

    @property
    def peaks(self) -> list[str]:
        """The roots of the full subtrees, from the left (hex): enough to go on from."""
        return [peak.hex() for peak in self._peaks]

    def add(self, row_hash: str) -> None:
        """Append a leaf: the hash of one row of the chain (hex)."""
        node = hashlib.sha256(b"\x00" + bytes.fromhex(row_hash)).digest()
        full = self.size
        while full & 1:  # a subtree of this height stands there already: the two become one
            node = _above(self._peaks.pop(), node)
            full >>= 1
        self._peaks.append(node)
        self.size += 1

    def root(self) -> str:
        """The tree's hash (hex); of no leaves, that of nothing."""
        if not self._peaks:
            return hashlib.sha256().hexdigest()
        *left, node = self._peaks
        for peak in reversed(left):
            node = _above(peak, node)
        return node.hex()


def _above(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
