"""What is measured beside what, how much of it, and which targets it is held against."""

from __future__ import annotations

from dataclasses import dataclass

from measuring.lines import KILOBYTES, MICROSECONDS, Unit
from measuring.targets import Target

__all__ = [
    "DIVIDED",
    "DIVIDED_REQUESTS",
    "FEW",
    "GROUPS",
    "GROWTH",
    "IMPORTS",
    "LONG",
    "MEMORY_HOLDS",
    "PLANS",
    "STARTS",
    "STORES",
    "Case",
    "Comparison",
    "Extent",
    "Start",
]


@dataclass(frozen=True)
class Extent:
    """How much is measured. ``requests`` overrides what comparisons say; ``stored`` is the far end of growth."""

    rounds: int
    full: bool
    stored: int
    requests: int | None = None


@dataclass(frozen=True)
class Case:
    """One line of a table: its name, where it is (``module case``), its targets.

    ``on`` are the media that it runs on, if not all of its comparison; ``share`` is its part of the requests, for
    what is slow; ``full`` leaves it out of the short form.
    """

    name: str
    where: str
    targets: tuple[Target, ...] = ()
    on: tuple[str, ...] = ()
    share: float = 1.0
    full: bool = False


@dataclass(frozen=True)
class Comparison:
    """Cases that take turns, on one medium or several; how many requests a run leads through, short and full."""

    title: str
    on: tuple[str, ...]
    requests: tuple[int, int]
    cases: tuple[Case, ...]
    unit: Unit = MICROSECONDS


ONE, MANY = "reqflow, one by one", "reqflow, handle_many of 100"
COLD = "reqflow, one by one, none cached"
FLOOR, FLOOR_100 = "floor by hand", "floor by hand, 100 at once"
READ_WRITE, JSON = "floor: one read, one write", "floor: 100 as one JSON"
OWN, OWN_100 = "own floor: our rows by hand", "own floor, 100 at once"
SENT, SENT_100 = "own floor: our statements", "own floor, 100 at once"
EVENTS = "eventsourcing"
DESK, DESK_QUIET = "django-helpdesk", "django-helpdesk, no mail made"
SLOW = 0.05

MEMORY = Comparison(
    "Operations",
    ("memory",),
    (1000, 4000),
    (
        Case(FLOOR, "floors.memory one_by_one"),
        Case(EVENTS, "peers.event_store lifecycle"),
        Case(ONE, "ours.lifecycle one_by_one", (Target(25_000, 40_000), Target(of=EVENTS))),
        Case(MANY, "ours.lifecycle in_batches", (Target(35_000, 60_000), Target(of=EVENTS))),
    ),
)
SQLITE = Comparison(
    "Operations",
    ("disk", "tmpfs"),
    (250, 1000),
    (
        Case(FLOOR, "floors.sqlite one_by_one"),
        Case(FLOOR_100, "floors.sqlite in_batches", full=True),
        Case(OWN, "floors.same_rows one_by_one"),
        Case(OWN_100, "floors.same_rows in_batches"),
        Case(EVENTS, "peers.event_store lifecycle"),
        Case(DESK, "peers.helpdesk lifecycle", on=("disk",), share=SLOW),
        Case(DESK_QUIET, "peers.helpdesk quiet", on=("disk",), share=SLOW, full=True),
        Case(
            ONE,
            "ours.lifecycle one_by_one",
            (
                Target(0.5, 0.65, of=FLOOR, on="disk"),
                Target(1.4, of=EVENTS, on="disk"),
                Target(20, of=DESK, on="disk"),
                Target(of=DESK_QUIET, on="disk"),
                Target(of=OWN, on="disk"),
                Target(0.6, 0.75, of=OWN, on="tmpfs"),
                Target(of=FLOOR, on="tmpfs"),
                Target(of=EVENTS, on="tmpfs"),
            ),
        ),
        Case(COLD, "ours.lifecycle in_turns", (Target(of=OWN),), on=("tmpfs",), full=True),
        Case(
            MANY,
            "ours.lifecycle in_batches",
            (Target(0.5, 0.65, of=OWN_100, on="tmpfs"), Target(of=OWN_100, on="disk"), Target(of=FLOOR_100)),
        ),
    ),
)
POSTGRES = Comparison(
    "Operations",
    ("postgres",),
    (200, 1000),
    (
        Case(READ_WRITE, "floors.postgres one_by_one"),
        Case(JSON, "floors.postgres in_batches"),
        Case(SENT, "floors.same_statements one_by_one"),
        Case(SENT_100, "floors.same_statements in_batches"),
        Case(EVENTS, "peers.event_store lifecycle"),
        Case(DESK, "peers.helpdesk lifecycle", share=SLOW),
        Case(DESK_QUIET, "peers.helpdesk quiet", share=SLOW, full=True),
        Case(
            ONE,
            "ours.lifecycle one_by_one",
            (
                Target(0.55, 0.7, of=READ_WRITE),
                Target(2, of=EVENTS),
                Target(15, of=DESK),
                Target(of=DESK_QUIET),
                Target(of=SENT),
            ),
        ),
        Case(
            MANY,
            "ours.lifecycle in_batches",
            (Target(0.5, 0.65, of=JSON), Target(10_000), Target(of=SENT_100)),
        ),
    ),
)
"""The floor that operations one by one are held against is a read and one statement, both by hand."""

LEASES = "floor: lease 100, delete 100"
PROCRASTINATE, PGQUEUER = "procrastinate", "pgqueuer"
_DISPATCHED = (
    Target(10_000, 15_000),
    Target(of=LEASES),
    Target(of=PGQUEUER),
    Target(of=PROCRASTINATE),
)
EFFECTS = Comparison(
    "Effects dispatched, in leases of 100, by a transport that does nothing",
    ("postgres",),
    (1500, 5000),
    (
        Case(LEASES, "floors.leases drained"),
        Case(PROCRASTINATE, "peers.procrastinate_jobs process", share=0.5),
        Case(PGQUEUER, "peers.pgqueuer_jobs process"),
        Case("reqflow, notices", "ours.queues notices", _DISPATCHED),
        Case("reqflow, replies, told in history", "ours.queues replies", _DISPATCHED),
    ),
)
CLOSED = "floor: lease 100, close each"
TIMERS = Comparison(
    "Timers drained, each of which closes a request",
    ("memory", "tmpfs", "postgres"),
    (1000, 4000),
    (
        Case(CLOSED, "floors.timers drained", on=("tmpfs", "postgres")),
        Case("reqflow", "ours.queues timers", (Target(of=CLOSED),)),
    ),
)
SHELF = "floor: frozen attrs"
HELD = Comparison(
    "An open request held, with four messages, four history entries and own texts",
    ("memory",),
    (3000, 20_000),
    (
        Case(SHELF, "floors.held held"),
        Case("reqflow", "ours.held held", (Target(5, 3.5, most=True), Target(of=SHELF, most=True))),
    ),
    KILOBYTES,
)
PLANS = {
    "memory": MEMORY,
    "sqlite": SQLITE,
    "postgres": POSTGRES,
    "effects": EFFECTS,
    "timers": TIMERS,
    "held": HELD,
}

STORES = ("memory", "sqlite", "postgres")
FEW, LONG = 1_000, (10, 1_000)
"""The near end of stored requests; messages of short and long conversations."""
MEMORY_HOLDS = 100_000
"""A desk with more than so many closed requests is not kept in memory."""
GROWTH = Target(1.2, 1.05, most=True, odd=0.9)
"""Of each size but the smallest, against that."""


@dataclass(frozen=True)
class Start:
    """A start of a new process, by its name in ``startup.py``."""

    name: str
    case: str
    targets: tuple[Target, ...] = ()


FIVE, BARE_FIRST, EVENTS_FIRST = "its five dependencies", "floor: sqlite3 alone", "eventsourcing"
_FIRST = (Target(120, 75, most=True), Target(of=EVENTS_FIRST), Target(of=BARE_FIRST))
_IMPORTED = (Target(1.5, 1.2, of=FIVE, most=True),)
IMPORTS = (
    Start(FIVE, "import_dependencies"),
    Start("reqflow", "import_reqflow", _IMPORTED),
    Start("reqflow, with an engine to use", "import_engine", _IMPORTED),
)
STARTS = (
    Start(BARE_FIRST, "first_floor"),
    Start(EVENTS_FIRST, "first_peer"),
    Start("reqflow, existing file", "first_existing", _FIRST),
    Start("reqflow, new file", "first_new", _FIRST),
)

GROUPS = (*PLANS, "growth", "start", "stages")

DIVIDED = ("ours.stages divided", "ours.rooms seen")
DIVIDED_REQUESTS = (400, 1000)
