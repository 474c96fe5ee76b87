"""The schema: numbered SQL files, applied in order, each in a transaction with the row that records it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg

from ...errors import SchemaMismatch, StoreUnavailable

__all__ = ["LATEST", "check_schema", "migrate"]

_LOCK = 1919250033
"""Names the advisory lock behind which one process at a time changes the schema."""


@cache
def _steps() -> Mapping[int, str]:
    """The files of this package by their numbers."""
    found = [each for each in files(__package__).iterdir() if each.name.endswith(".sql")]
    return {int(each.name[:3]): each.read_text("utf-8") for each in sorted(found, key=lambda each: each.name)}


LATEST = 4
"""The version of the schema that this reqflow works with."""


def migrate(connection: psycopg.Connection[Any]) -> int:
    """Bring the schema up to date. Safe to run at once with others; a kill leaves whole steps only."""
    try:
        while True:
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                version = _version(connection)
                _refuse_newer(version)
                if version == LATEST:
                    return version
                connection.execute(_steps()[version + 1].encode())
                connection.execute(
                    "INSERT INTO reqflow.schema_versions (version) VALUES (%s)", (version + 1,)
                )
    except psycopg.Error as problem:
        told = problem.diag.message_primary or type(problem).__name__
        raise StoreUnavailable(f"the schema could not be changed: {told}") from None


def check_schema(connection: psycopg.Connection[Any]) -> None:
    """Raise `SchemaMismatch` unless the schema is the one that this reqflow works with."""
    try:
        version = _version(connection)
    except psycopg.Error as problem:
        told = problem.diag.message_primary or type(problem).__name__
        raise StoreUnavailable(f"the schema could not be read: {told}") from None
    _refuse_newer(version)
    if version == 0:
        raise SchemaMismatch("this database holds no reqflow schema: run migrate() once")
    if version < LATEST:
        raise SchemaMismatch(f"the schema has version {version}, this reqflow needs {LATEST}: run migrate()")


def _version(connection: psycopg.Connection[Any]) -> int:
    found = connection.execute("SELECT to_regclass('reqflow.schema_versions') IS NOT NULL").fetchone()
    if not found or not found[0]:
        return 0
    row = connection.execute("SELECT max(version) FROM reqflow.schema_versions").fetchone()
    return (row and row[0]) or 0


def _refuse_newer(version: int) -> None:
    if version > LATEST:
        raise SchemaMismatch(
            f"the schema has version {version}, newer than this reqflow ({LATEST}): upgrade reqflow"
        )
