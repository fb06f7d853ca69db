"""What is told apart by several keys at once, however many there are."""

import numpy as np

from matching.alike import together


def test_rows_are_one_where_every_key_is() -> None:
    """Four keys below 2**20 have no room in one number as they stand."""
    random = np.random.default_rng(4)
    for size in (3, 2**20):
        keys = random.integers(0, size, (4, 300))
        keys[:, 200:] = keys[:, :100]
        found = together(list(keys)).tolist()
        rows = [tuple(row) for row in keys.T.tolist()]
        assert len(set(found)) == len(set(rows)) == len(set(zip(found, rows, strict=True)))
    assert not len(together([np.zeros(0, np.int64)] * 2))
