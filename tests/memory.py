"""Where a run keeps what does not outlive it: in memory, on a machine that has room there."""

import os
import shutil
from pathlib import Path

_IN_MEMORY, _ON_DISK = Path("/dev/shm"), Path("/tmp")  # noqa: S108
_ENOUGH = 2 * 1024**3


def _has_room(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > _ENOUGH


FOLDER = _IN_MEMORY if _has_room(_IN_MEMORY) else _ON_DISK if _ON_DISK.is_dir() else None
"""A folder with a short path; None leaves the choice to Python. Most containers have little room in memory."""
