"""Seeded draws that give the same answers on every Python: they rest on `Random.random` alone."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


class Draw:
    """One stream of draws. The standard library promises stability for `random()` alone, so nothing else is used."""

    def __init__(self, seed: int, stream: int) -> None:
        self._random = random.Random(seed * 1_000 + stream)  # noqa: S311 - invented data, no secret

    def below(self, n: int) -> int:
        """An integer from 0 to n - 1."""
        return int(self._random.random() * n)

    def between(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """True in `percent` of 100 draws."""
        return self.below(100) < percent

    def jitter(self, width: float) -> float:
        """A number between -width and width."""
        return (self._random.random() * 2 - 1) * width

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, each as likely."""
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[tuple[T, int]]) -> T:
        """One of the items, each as likely as its weight."""
        left = self.below(sum(weight for _, weight in items))
        for item, weight in items:
            left -= weight
            if left < 0:
                return item
        raise ValueError("no item has a weight")

    def ident(self, prefix: str) -> str:
        """An id in the shape the service gives its own: prefix, underscore, twenty base32 letters."""
        return prefix + "_" + "".join(_BASE32[self.below(32)] for _ in range(20))
