"""Where it is measured: folders on a disk and in memory, and a PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Ground", "opened"]

SHARED_MEMORY = Path("/dev/shm")


@dataclass
class Ground:
    """The places of one run. ``memory`` is None where there is no tmpfs.

    ``server`` is None where there is no PostgreSQL; then ``no_server`` says why. Its data is where ``server_on`` says.
    """

    disk: Path
    memory: Path | None
    server: Any = None
    no_server: str = "not asked for"
    server_on: str = ""

    @property
    def quickest(self) -> str:
        """The medium with the least to wait for: ``tmpfs`` where there is one, else ``disk``."""
        return "disk" if self.memory is None else "tmpfs"

    def words(self, medium: str) -> str:
        """A medium in words."""
        if medium == "postgres":
            return f"PostgreSQL on {self.server_on}" if self.server else "PostgreSQL"
        return {"memory": "memory", "disk": "SQLite FULL on disk", "tmpfs": "SQLite FULL on tmpfs"}[medium]

    @contextmanager
    def folder(self, medium: str) -> Iterator[Path]:
        """An empty folder, gone afterwards."""
        parent = self.memory if medium == "tmpfs" and self.memory is not None else self.disk
        path = Path(tempfile.mkdtemp(prefix="reqflow-bench-", dir=parent))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def database(self) -> Iterator[str]:
        """An empty database, gone afterwards; its connection string."""
        name = self.server.database()
        try:
            yield self.server.dsn(name)
        finally:
            self.server.drop(name)

    def server_facts(self) -> str:
        """The version of PostgreSQL, where its data is, and whether commits reach it."""
        if self.server is None:
            return f"none ({self.no_server})"
        import psycopg

        with psycopg.connect(self.server.conninfo) as connection:
            version, fsync, commit = (
                str(connection.execute(f"SHOW {name}".encode()).fetchone()[0])  # type: ignore[index]
                for name in ("server_version", "fsync", "synchronous_commit")
            )
        number = version.split()[0]
        return f"{number} on {self.server_on}, fsync {fsync}, synchronous_commit {commit}"


@contextmanager
def opened(tmp: Path | None, *, postgres: str) -> Iterator[Ground]:
    """The places; with a server on ``disk`` or ``tmpfs`` if ``postgres`` says so and one can be had."""
    with ExitStack() as stack:
        disk = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reqflow-bench-", dir=tmp)))
        memory = None
        if SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK):
            memory = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="reqflow-bench-", dir=SHARED_MEMORY))
            )
        ground = Ground(disk, memory)
        if postgres:
            _start_server(ground, postgres, tmp, stack)
        yield ground


def _start_server(ground: Ground, on: str, tmp: Path | None, stack: ExitStack) -> None:
    try:
        from tests.postgres_server import VARIABLE, NoPostgres, running
    except ImportError as problem:
        ground.no_server = str(problem)
        return
    in_memory = on == "tmpfs" and ground.memory is not None
    parent = SHARED_MEMORY if in_memory else tmp  # not our own folder, into which its user may not look
    try:
        ground.server = stack.enter_context(running(None if parent is None else str(parent)))
        ground.server_on = "tmpfs" if in_memory else "disk"
        if os.environ.get(VARIABLE):
            ground.server_on = "its own medium"
    except NoPostgres as reason:
        ground.no_server = str(reason)
        print(f"no PostgreSQL: {reason}", file=sys.stderr)
