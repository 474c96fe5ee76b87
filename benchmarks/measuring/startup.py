"""What starting costs, each time in a fresh interpreter with its bytecode cached.

An import is timed inside the process. The first operation is the wall time of the whole process (imports,
store, desk, one durable message) less that of an interpreter which does nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from measuring.children import Gone

__all__ = ["CASES", "run"]

BARE = 3
"""How often the interpreter that does nothing is started for each first operation; the quickest counts."""
_TIMED = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
_FIRST = """
import sys
from datetime import UTC, datetime
from reqflow import Engine, Inbound, OutcomeKind
from reqflow.plugins.sqlite import SQLiteStore
settings = {"channels": {"slack:*": {"kind": "chat", "detection": "always"}}}
store = SQLiteStore(sys.argv[1], create=True)
now = datetime.now(UTC)
inbound = Inbound(channel="slack:C1", author="slack:U1", native=sys.argv[2], sent_at=now, text="Hello")
outcome = Engine(store, settings).handle(inbound)
assert outcome.kind is OutcomeKind.PLACED and not outcome.duplicate
store.close()
"""
_PEER = """
import sys
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
class Ticket(Aggregate):
    @event("Opened")
    def __init__(self, text: str) -> None:
        self.text = text
app = Application({"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": sys.argv[1]})
ticket = Ticket("Hello")
saved = app.save(ticket)
assert len(saved) == 1
app.close()
"""
_FLOOR = """
import sqlite3
import sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("PRAGMA synchronous=FULL")
connection.execute("CREATE TABLE IF NOT EXISTS note (number INTEGER PRIMARY KEY, text TEXT)")
connection.execute("BEGIN IMMEDIATE")
connection.execute("INSERT INTO note (text) VALUES (?)", ("Hello",))
connection.execute("COMMIT")
assert connection.total_changes == 1
connection.close()
"""

CASES = {
    "import_dependencies": _TIMED.format("attrs, cattrs, pluggy, dateutil, transitions"),
    "import_reqflow": _TIMED.format("reqflow"),
    "import_engine": _TIMED.replace("import {}", "from reqflow import {}").format(
        "Engine, Inbound, Reply, Close"
    ),
    "first_floor": _FLOOR,
    "first_peer": _PEER,
    "first_existing": _FIRST,
    "first_new": _FIRST,
}


def run(case: str, folder: Path) -> float:
    """The seconds of one run. Its file stands there from the run before, but for ``first_new``. Raises `Gone`."""
    number = str(time.time_ns())
    path = folder / f"{case}{number if case == 'first_new' else ''}.db"
    if case.startswith("import"):
        return float(_python(CASES[case], folder))
    bare = min(_wall("pass", folder) for _ in range(BARE))
    return _wall(CASES[case], folder, str(path), number) - bare


def _wall(code: str, folder: Path, *arguments: str) -> float:
    start = time.perf_counter()
    _python(code, folder, *arguments)
    return time.perf_counter() - start


def _python(code: str, folder: Path, *arguments: str) -> str:
    """Run it, with its bytecode kept in the folder."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONDEVMODE"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        told = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        if "No module named 'eventsourcing" in told:
            raise Gone("missing: eventsourcing is not installed (dependency group 'peers')", broken=False)
        raise Gone(f"failed: {told}", broken=True)
    return done.stdout
