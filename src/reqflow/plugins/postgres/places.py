"""Where rows stand: statements look rows up one by one, and then go straight to where they found them (``ctid``).

Tables may be partitioned by the workspace, and each partition counts its places anew: so a place is told with its
workspace, by which the server goes to one partition. Joined, and never compared with a parameter: for that the
planner would rather read all that the workspace has by an index, and look at the places afterwards.
"""

from __future__ import annotations

__all__ = ["place_of_row", "stands_at"]


def place_of_row(row: str) -> str:
    """The columns that tell where a row of a table stands."""
    return f"{row}.ctid AS place, {row}.workspace AS home"


def stands_at(row: str, found: str) -> str:
    """The condition that a row of a table is one that was found there."""
    return f"{row}.ctid = {found}.place AND {row}.workspace = {found}.home"
