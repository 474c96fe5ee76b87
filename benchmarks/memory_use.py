"""How much memory this process holds."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from workload import Missing

__all__ = ["resident"]

STATUS = Path("/proc/self/statm")


def resident() -> int:
    """Bytes that are resident now, after a collection."""
    gc.collect()
    if not STATUS.exists():
        raise Missing(f"what a process holds is read from {STATUS}, which is not here")
    return int(STATUS.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
