"""Runs by seed: two desks on one store, served by processes that crash, stop and fail; no promise is broken."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from reqflow.plugins.sqlite import SQLiteStore
from reqflow.testing.simulation import Simulation, simulate_many

LIVELY, FILES = 1_000_000, 2_000_000
"""Where the seeds begin of runs that go on until all is done, and of runs on files."""


def test_no_promise_is_broken_whatever_goes_wrong(seeds):
    tally = simulate_many(seeds=seeds)
    print(tally)
    assert tally.missing == []  # what never happened was not tested


def test_once_nothing_goes_wrong_any_more_all_comes_to_its_end(seeds):
    print(simulate_many(seeds=(LIVELY + seed for seed in seeds[::4]), lively=True))


def test_the_same_holds_on_sqlite_with_a_handle_for_each_process(seeds, tmp_path):
    print(simulate_many(on_files(tmp_path), seeds=(FILES + seed for seed in seeds[::8]), lively=True))


def on_files(folder: Path) -> Simulation:
    """A new file for each run. What a crash leaves undone SQLite never has done: no power fails here."""
    names = count()

    def handle(store: SQLiteStore) -> SQLiteStore:
        return SQLiteStore(store.path, synchronous="NORMAL", timeout=0.0)

    def release(store: SQLiteStore) -> None:
        store.close()
        for each in folder.glob("*"):
            each.unlink()

    return Simulation(
        store=lambda: SQLiteStore(folder / f"{next(names)}.db", create=True, synchronous="NORMAL"),
        reopen=handle,
        release=release,
    )
