"""Commands about where a desk is kept: the schema of its store, a file of it, another store."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import IO

from ..archive import LONGEST, desk_of, export_desk, import_desk
from ..errors import UnreadableInput, UsageError
from ..ports import Store
from .opening import find_plugins, open_store
from .screen import Cell, Screen
from .words import clean, plural

__all__ = ["export", "import_", "migrate"]

OFTEN = 1000
"""The bar moves every so many rows."""
STANDARD = Path("-")


# --- the schema -------------------------------------------------------------------------------------


def migrate(asked: Namespace, screen: Screen) -> int:
    """Bring a store's schema up to date; with ``--check`` only say whether it is, 1 if not."""
    with _store(asked.store) as store:
        found, needed = store.schema()
        if asked.check:
            behind = found != needed
            has = f"has version {found}" if found else "is not there yet"
            screen.line(
                Cell(f"The schema {has}; this reqflow needs {needed}.", "red")
                if behind
                else Cell(f"The schema is up to date: version {found}.", "green")
            )
            return int(behind)
        version = store.migrate() if asked.partitions is None else _in_partitions(store, asked.partitions)
    was = "" if found == version else f" (it was {found})" if found else " (it is new)"
    screen.line(Cell(f"The schema is up to date: version {version}{was}."))
    return 0


def _in_partitions(store: Store, partitions: int) -> int:
    from ..plugins.postgres import PostgresStore  # seldom asked for

    if not isinstance(store, PostgresStore):
        raise UsageError("only PostgreSQL keeps tables in partitions: postgresql://...")
    return store.migrate(partitions=partitions)


@contextmanager
def _store(address: str, *, make: bool = False) -> Iterator[Store]:
    store = open_store(address, find_plugins(), make=make)
    try:
        yield store
    finally:
        store.close()


# --- a desk as a file -------------------------------------------------------------------------------


def export(asked: Namespace, screen: Screen) -> int:
    """Write a desk to a file, which is there when all of it is written."""
    workspace = asked.workspace or "main"
    with _store(asked.store) as store:
        if asked.file == STANDARD:
            _write(export_desk(store, workspace), sys.stdout.buffer, screen)
            return 0
        with _whole(asked.file) as file:
            lines = _write(export_desk(store, workspace), file, screen)
    screen.line(
        Cell(f"Exported {clean(workspace)} to {clean(str(asked.file))}: {plural(lines - 2, 'row')}."),
        Cell(" It holds people's words and addresses: keep it as safe as the store."),
    )
    return 0


def _write(lines: Iterable[bytes], file: IO[bytes], screen: Screen) -> int:
    count = 0
    with screen.progress("exporting", None) as bar:
        for line in lines:
            file.write(line)
            count += 1
            if not count % OFTEN:
                bar(count)
    file.flush()
    return count


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """A new file, readable for its owner only, that takes its name when it is whole."""
    part = path.with_name(f"{path.name}.part")
    try:
        number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as problem:
        raise UsageError(f"{clean(str(path))} cannot be written: {problem.strerror}") from problem
    try:
        with open(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(number)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def import_(asked: Namespace, screen: Screen) -> int:
    """Store the desk of a file, all of it or nothing."""
    with _opened(asked.file) as (file, size):
        first = file.readline(LONGEST + 1)
        desk_of(first)  # before a store is made for what is no desk
        with _store(asked.store, make=True) as store, screen.progress("importing", size) as bar:
            if not store.schema().found:
                store.migrate()
            done = import_desk(store, chain((first,), _read(file, bar)))
    screen.line(Cell(f"Imported {clean(done.workspace)}: {_counted(done.rows)}.", "green"))
    screen.line(
        Cell(
            f"`reqflow verify {clean(asked.store)} --workspace {clean(done.workspace)}` compares it with its history."
        )
    )
    return 0


def _counted(rows: Mapping[str, int]) -> str:
    named = ("conversation", "request", "message")
    told = [plural(rows.get(name, 0), name) for name in named if rows.get(name)]
    return ", ".join([plural(sum(rows.values()), "row"), *told])


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], int | None]]:
    if path == STANDARD:
        yield sys.stdin.buffer, None
        return
    try:
        with path.open("rb") as file:
            yield file, os.fstat(file.fileno()).st_size
    except OSError as problem:
        raise UnreadableInput(f"{clean(str(path))}: {problem.strerror or problem}") from problem


def _read(file: IO[bytes], bar: Callable[[int], None]) -> Iterator[bytes]:
    done = count = 0
    while line := file.readline(LONGEST + 1):
        yield line
        done += len(line)
        count += 1
        if not count % OFTEN:
            bar(done)
