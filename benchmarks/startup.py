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

__all__ = ["CASES", "run"]

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
app.save(Ticket("Hello"))
app.close()
"""

CASES = {
    "import_dependencies": _TIMED.format("attrs, cattrs, pluggy, dateutil, transitions"),
    "import_reqflow": _TIMED.format("reqflow"),
    "first_new": _FIRST,
    "first_existing": _FIRST,
    "first_peer": _PEER,
}


def run(case: str, folder: Path) -> float:
    """The seconds of one run."""
    number = str(time.time_ns())
    path = folder / ("standing.db" if case == "first_existing" else f"{case}{number}.db")
    if case.startswith("import"):
        return float(_python(CASES[case]))
    start = time.perf_counter()
    _python("pass")
    bare = time.perf_counter() - start
    start = time.perf_counter()
    _python(CASES[case], str(path), number)
    return time.perf_counter() - start - bare


def _python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ}
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONDEVMODE"):
        environment.pop(name, None)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return done.stdout
