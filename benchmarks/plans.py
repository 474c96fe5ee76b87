"""What is measured beside what, and which targets it is held against."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GROUPS", "GROWTH", "IMPORTS", "PLANS", "Case", "Target"]

GROUPS = ("memory", "sqlite", "postgres", "growth", "import", "stages")


@dataclass(frozen=True)
class Target:
    """At least so many times the operations per second of another case; without one, so many at all."""

    least: float
    of: str = ""


@dataclass(frozen=True)
class Case:
    """One line of a table: its name, where it is (``module case``), its targets, and where they hold.

    A target with ``least`` 0 only shows the ratio.
    """

    name: str
    where: str
    targets: tuple[Target, ...] = ()


ONE, MANY = "reqflow, one by one", "reqflow, handle_many of 100"
COLD = "reqflow, one by one, none cached"
FLOOR, FLOOR_100 = "floor, by hand", "floor by hand, 100 at once"
OWN, OWN_100 = "own floor: our rows by hand", "own floor, 100 at once"
PEER = "eventsourcing, load and save"

PLANS: dict[str, tuple[int, tuple[Case, ...]]] = {
    "memory": (
        2000,
        (
            Case(FLOOR, "floor_memory floor"),
            Case(PEER, "peer_eventsourcing memory"),
            Case(ONE, "ours memory", (Target(20_000), Target(0, PEER))),
            Case(MANY, "ours memory_batch", (Target(35_000), Target(0, PEER))),
        ),
    ),
    "sqlite": (
        500,
        (
            Case(FLOOR, "floor_sqlite floor"),
            Case(FLOOR_100, "floor_sqlite floor_batch"),
            Case(OWN, "floor_same_rows own_floor"),
            Case(OWN_100, "floor_same_rows own_floor_batch"),
            Case(PEER, "peer_eventsourcing sqlite"),
            Case(ONE, "ours sqlite", (Target(0.5, OWN), Target(0, FLOOR), Target(1.4, PEER))),
            Case(COLD, "ours sqlite_turns", (Target(0, OWN), Target(0, PEER))),
            Case(MANY, "ours sqlite_batch", (Target(0.5, OWN_100), Target(0, FLOOR_100))),
        ),
    ),
    "postgres": (
        400,
        (
            Case(FLOOR, "floor_postgres floor"),
            Case(FLOOR_100, "floor_postgres floor_batch"),
            Case(PEER, "peer_eventsourcing postgres"),
            Case(ONE, "ours postgres", (Target(0.5, FLOOR), Target(2.0, PEER))),
            Case(MANY, "ours postgres_batch", (Target(10_000), Target(0.5, FLOOR_100))),
        ),
    ),
}
"""The requests of a run, and its cases, by group. In PostgreSQL the floor is a read and one statement."""

GROWTH: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "memory": ((1_000, 10_000, 100_000), (10, 1_000)),
    "sqlite": ((1_000, 10_000, 100_000), (10, 1_000)),
    "postgres": ((1_000, 20_000), (10, 1_000)),
}
"""By store: beside how many closed requests, and after how many messages of a conversation."""
FULL = (1_000, 10_000, 100_000)
MOST_GROWTH = 1.2
"""Times the cost of an operation beside the smallest."""
ODD_GROWTH = 0.9
"""Below this something is wrong with the measurement, or slow when there is little."""

IMPORTS = {
    "import_dependencies": "import the five dependencies",
    "import_reqflow": "import reqflow",
    "first_peer": "first event, eventsourcing, new file",
    "first_new": "first message, new file",
    "first_existing": "first message, existing file",
}
MOST_IMPORT = 1.5
"""Times the import of the five dependencies."""
MOST_FIRST = 0.120
"""Seconds to the first durable operation, beyond those of a bare interpreter."""
