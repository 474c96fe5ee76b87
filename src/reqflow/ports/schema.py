"""The schema of a store."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Schema"]


class Schema(NamedTuple):
    """The version of a store's schema that was found (0: there is none yet), and the one that is needed."""

    found: int
    needed: int
