"""Commands about where a desk is kept: the schema of its store, a file of it, another store."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import chain
from pathlib import Path
from threading import current_thread, main_thread
from typing import IO

from ..archive import LONGEST, desk_of, export_desk, import_desk
from ..errors import StoreUnavailable, UnreadableInput, UsageError
from ..ports import Store
from .opening import file_of, find_plugins, open_store
from .screen import Cell, Screen
from .words import argument, clean, plural

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
    if asked.file != STANDARD and _is_of_store(asked.file, asked.store):
        raise UsageError(f"{clean(str(asked.file))} is the store itself: name another file")
    with _store(asked.store) as store, _ended_by_sigterm():
        if asked.file == STANDARD:
            _write(export_desk(store, workspace), sys.stdout.buffer, screen)
            return 0
        with _written(asked.file) as file:
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


def _is_of_store(path: Path, address: str) -> bool:
    """Whether a path is the store's file, or one of those that SQLite keeps beside it."""
    kept = file_of(address, find_plugins())
    if kept is None:
        return False
    files = [Path(f"{kept}{suffix}") for suffix in ("", "-wal", "-shm", "-journal")]
    with suppress(OSError):  # one of the two is not there
        if path.samefile(kept):  # by a hard link too
            return True
    return Path(os.path.realpath(path)) in files


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends what goes on as Ctrl-C does, so that nothing half is left behind."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _written(path: Path) -> AbstractContextManager[IO[bytes]]:
    """What to write to: a new file that takes this name when it is whole, or the pipe or device that has it."""
    try:
        if os.path.isdir(path):
            raise UsageError(f"{clean(str(path))} cannot be written: it is a folder")
        if os.path.exists(path) and not os.path.isfile(path):
            return path.open("wb")
        path = Path(os.path.realpath(path))
        return _whole(path, *tempfile.mkstemp(dir=path.parent, prefix=f"{path.name[:50]}.", suffix=".part"))
    except OSError as problem:
        raise UsageError(f"{clean(str(path))} cannot be written: {problem.strerror}") from problem


@contextmanager
def _whole(path: Path, number: int, part: str) -> Iterator[IO[bytes]]:
    """The new file ``part``, readable for its owner only, which takes the name ``path`` when it is whole."""
    try:
        with open(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(number)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise


def import_(asked: Namespace, screen: Screen) -> int:
    """Store the desk of a file, all of it or nothing."""
    with _opened(asked.file) as (file, size):
        first = file.readline(LONGEST + 1)
        desk_of(first)  # before a store is made for what is no desk
        with (
            _ended_by_sigterm(),
            _kept_when_whole(asked.store) as address,
            _store(address, make=True) as store,
            screen.progress("importing", size) as bar,
        ):
            if not store.schema().found:
                store.migrate()
            done = import_desk(store, chain((first,), _read(file, bar)))
    screen.line(Cell(f"Imported {clean(done.workspace)}: {_counted(done.rows)}.", "green"))
    named = f"{argument(asked.store)} --workspace {argument(done.workspace)}"
    screen.line(Cell(f"`reqflow verify {named}` compares it with its history."))
    return 0


@contextmanager
def _kept_when_whole(address: str) -> Iterator[str]:
    """Where to make the store of an address: a new file takes its name when all is in it, and is gone if that fails.

    So nobody can find it half, and nothing of anybody else's is ever removed.
    """
    path = file_of(address, find_plugins())
    folder = None
    if path is not None and not path.exists():
        with suppress(OSError):  # the store says by itself why it cannot be made there
            folder = tempfile.TemporaryDirectory(prefix=f"{path.name[:50]}.", dir=path.parent)
    if path is None or folder is None:
        yield address
        return
    with folder as name:
        made = Path(name, path.name)
        yield f"sqlite:{made}"
        if Path(f"{made}-wal").exists():
            raise StoreUnavailable(f"{clean(str(path))} could not be written whole: is the disk full?")
        _name(made, path)


def _name(made: Path, path: Path) -> None:
    """Give a new store its name, unless something else has taken it."""
    try:
        os.link(made, path)
    except FileExistsError:
        raise StoreUnavailable(
            f"{clean(str(path))} was made by somebody else meanwhile, and nothing was stored: import it again"
        ) from None
    except OSError:  # a file system without links
        os.rename(made, path)


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
