"""Where it is measured: folders on a disk and in memory, a PostgreSQL server, and what the machine is."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["Ground", "opened"]

SHARED_MEMORY = Path("/dev/shm")
PACKAGES = ("attrs", "cattrs", "orjson", "psycopg", "eventsourcing")


@dataclass
class Ground:
    """The places of one run. ``server`` is None where there is no PostgreSQL; then ``no_server`` says why."""

    disk: Path
    memory: Path | None
    server: Any = None
    no_server: str = "not asked for"
    notes: list[str] = field(default_factory=list)

    def media(self) -> dict[str, Path]:
        """Folders by the name of their medium."""
        found = {"disk": self.disk}
        if self.memory is not None:
            found["tmpfs"] = self.memory
        return found

    @contextmanager
    def folder(self, medium: str) -> Iterator[Path]:
        """An empty folder, gone afterwards."""
        parent = self.media().get(medium, self.disk)
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

    def machine(self) -> dict[str, str]:
        """Processor and versions; nothing that names this machine."""
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        cores = os.cpu_count() or 1
        found = {
            "processor": f"{cores} x {_processor()}",
            "load before": f"{load:.1f}",
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "postgresql": self._server_version(),
        }
        for name in PACKAGES:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                found[name] = "not installed"
        if load > 0.5:
            self.notes.append("other work is on this machine: trust no absolute figure")
        return found

    def _server_version(self) -> str:
        if self.server is None:
            return f"none ({self.no_server})"
        import psycopg

        with psycopg.connect(self.server.conninfo) as connection:
            version = connection.execute("SHOW server_version").fetchone()
            flushed = connection.execute("SHOW fsync").fetchone()
        assert version is not None
        assert flushed is not None
        where = "tmpfs" if self.memory else "disk"
        return f"{version[0].split()[0]} on {where}, fsync {flushed[0]}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


@contextmanager
def opened(tmp: Path | None, *, postgres: bool) -> Iterator[Ground]:
    """The places, with a server if it is asked for and can be had."""
    with ExitStack() as stack:
        disk = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reqflow-bench-", dir=tmp)))
        memory = None
        if SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK):
            memory = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="reqflow-bench-", dir=SHARED_MEMORY))
            )
        ground = Ground(disk, memory)
        if postgres:
            _start_server(ground, stack)
        yield ground


def _start_server(ground: Ground, stack: ExitStack) -> None:
    try:
        from tests.postgres_server import NoPostgres, running
    except ImportError as problem:
        ground.no_server = str(problem)
        return
    try:
        parent = str(SHARED_MEMORY) if ground.memory else None
        ground.server = stack.enter_context(running(parent))
    except NoPostgres as reason:
        ground.no_server = str(reason)
        print(f"no PostgreSQL: {reason}", file=sys.stderr)
