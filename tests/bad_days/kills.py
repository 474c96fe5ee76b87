"""Real kills, many of them: ``python -m tests.bad_days.kills sqlite|postgres PLACE --kills N``; answers in JSON.

On SQLite processes get SIGKILL; on PostgreSQL their server processes are terminated, so that they see it and try again.
The processes are forks of this one, which has loaded everything and opened nothing: so one lives for milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import runpy
import signal
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from reqflow import Engine, hookimpl
from reqflow.errors import StoreError
from reqflow.plugins.sqlite import SQLiteStore
from reqflow.ports import Receipt, ReceiptKind

DEMONSTRATION = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "survive_kills.py"))
"""The same desk, the same letters and the same proof as in the example."""
CUSTOMERS, LETTERS = DEMONSTRATION["CUSTOMERS"], DEMONSTRATION["LETTERS"]
LATER, SETTINGS = DEMONSTRATION["LATER"], DEMONSTRATION["SETTINGS"]
bring, prove = DEMONSTRATION["bring"], DEMONSTRATION["prove"]

HANDS = 2
"""How many processes live at a time; each writes and serves in turns."""
LEASED_FOR = timedelta(milliseconds=250)
LIVES = (0.002, 0.03)
"""Seconds from a process's first word to its death."""


class Receiver:
    """The outside: a line for every copy, written at once."""

    scheme = "shop"

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def deliver(self, key: str, effect: Any, texts: Mapping[str, str]) -> Receipt:
        note(self._file, key, effect.channel_id)
        return Receipt(kind=ReceiptKind.DELIVERED, native=key)


WHOLE = "\t."
"""Ends a line: a kill may tear one, where it crosses a page of the file."""


def note(file: int, *words: str) -> None:
    os.write(file, ("\n" + "\t".join(words) + WHOLE).encode())


def lines(path: Path) -> list[list[str]]:
    """What was noted, without what was not noted to the end."""
    noted = path.read_text().splitlines() if path.exists() else []
    return [line.removesuffix(WHOLE).split("\t") for line in noted if line.endswith(WHOLE)]


class Trial:
    """One desk, the writers' own records of what was acknowledged, and what arrived outside."""

    def __init__(self, store: str, place: str, folder: Path) -> None:
        self.store = store
        self.place = place
        self.folder = folder

    def engine(self, workspace: str | None = None) -> Engine:
        receiver = Receiver(self.folder / "received")
        plugin = SimpleNamespace(reqflow_transports=hookimpl(lambda: [receiver]))
        return Engine(self.opened(), SETTINGS, workspace=workspace, plugins=[plugin])

    def opened(self) -> Any:
        if self.store == "sqlite":
            return SQLiteStore(self.place, create=True)
        from reqflow.plugins.postgres import PostgresStore

        return PostgresStore(self.place)

    def warm_up(self) -> None:
        """Make the desk, and load in this process all that its forks will use: they live for work, not for imports."""
        self.engine().store.close()
        place = str(self.folder / "other.db") if self.store == "sqlite" else self.place
        other = Trial(self.store, place, self.folder / "other")
        other.folder.mkdir()
        engine = other.engine("other")
        for letter in range(LETTERS):
            for customer in ("0-0", "0-1"):
                bring(engine, customer, letter)
        engine.work()
        engine.store.close()

    def sent(self, hand: int) -> Path:
        return self.folder / f"sent.{hand}"

    def live(self, hand: int, alive: int) -> None:
        """Write the next message, serve a round, and so on, until killed or told to stop by SIGTERM."""
        over: list[int] = []
        signal.signal(signal.SIGTERM, lambda *_: over.append(1))
        engine = self.engine()
        sent = os.open(self.sent(hand), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        place = len(lines(self.sent(hand)))
        os.write(alive, b".")
        while not over:
            native = bring(engine, f"{hand}-{place % CUSTOMERS}", place // CUSTOMERS)
            note(sent, native)
            place += 1
            try:
                engine.serve(leased_for=LEASED_FOR)
            except StoreError:
                continue  # as a worker does

    def claims(self) -> list[tuple[str, int, int]]:
        engine = self.engine()
        while engine.work(
            at=datetime.now(UTC) + LATER
        ):  # leases of the dead have ended, and waits before retries
            pass
        acknowledged = {native for hand in range(HANDS) for (native,) in lines(self.sent(hand))}
        received = [(key, channel) for key, channel in lines(self.folder / "received")]
        proven: list[tuple[str, int, int]] = prove(engine, acknowledged, received)
        return proven


def born(trial: Trial, hand: int) -> tuple[int, int]:
    """A process at work; returns once it has said its first word."""
    told, tells = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(told)
            trial.live(hand, tells)
        except BaseException:  # noqa: BLE001  (whatever it is, it is not this process's to go on with)
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    os.close(tells)
    return pid, told


def waited_for(told: int) -> None:
    if os.read(told, 1) != b".":
        raise RuntimeError("a process died before anybody killed it")
    os.close(told)


def kill_processes(trial: Trial, kills: int, chance: random.Random) -> int:
    """SIGKILL one of the processes at a moment by chance, again and again."""
    hands = []
    for hand in range(HANDS):
        pid, told = born(trial, hand)
        waited_for(told)
        hands.append(pid)
    for _ in range(kills):
        time.sleep(chance.uniform(*LIVES))
        hand = chance.randrange(HANDS)
        os.kill(hands[hand], signal.SIGKILL)
        if not os.WIFSIGNALED(os.waitpid(hands[hand], 0)[1]):
            raise RuntimeError("a process had ended before it was killed")
        hands[hand], told = born(trial, hand)
        waited_for(told)
    ended(hands)
    return kills


def terminate_backends(trial: Trial, kills: int, chance: random.Random) -> int:
    """End the server processes of those at work, one by chance, again and again."""
    import psycopg

    hands = []
    for hand in range(HANDS):
        pid, told = born(trial, hand)
        waited_for(told)
        hands.append(pid)
    done = 0
    find = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'reqflow' ORDER BY pid"
    )
    with psycopg.connect(trial.place, autocommit=True, application_name="killer") as killer:
        while done < kills:
            time.sleep(chance.uniform(0.002, 0.03))
            found = killer.execute(find).fetchall()
            if found:
                (pid,) = chance.choice(found)
                done += killer.execute("SELECT pg_terminate_backend(%s)", [pid]).fetchone() == (True,)
    ended(hands)
    return done


def ended(hands: list[int]) -> None:
    """Let them finish what they are at. Raises when one ended by itself, or with an error."""
    for pid in hands:
        os.kill(pid, signal.SIGTERM)
    codes = [os.waitpid(pid, 0)[1] for pid in hands]
    if any(codes):
        raise RuntimeError("a process ended with an error")


WAYS: Mapping[str, Callable[[Trial, int, random.Random], int]] = {
    "sqlite": kill_processes,
    "postgres": terminate_backends,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("store", choices=WAYS)
    parser.add_argument("place", help="a new file, or the connection string of a migrated database")
    parser.add_argument(
        "--folder", type=Path, required=True, help="an empty folder for what the writers note"
    )
    parser.add_argument("--kills", type=int, default=250)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    trial = Trial(given.store, given.place, given.folder)
    trial.warm_up()
    start = time.monotonic()
    killed = WAYS[given.store](trial, given.kills, random.Random(given.seed))
    seconds = time.monotonic() - start
    claims = trial.claims()
    print(json.dumps({"kills": killed, "seconds": round(seconds, 1), "claims": claims}))


if __name__ == "__main__":
    main()
