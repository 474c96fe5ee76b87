"""The schema: numbered SQL files, applied in order, each in a transaction with the row that records it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg

from ...errors import SchemaMismatch, StoreUnavailable, UsageError
from ...ports import Schema
from .partitioning import check_count, partition_tables, partitions_of

__all__ = ["LATEST", "check_schema", "migrate", "schema_of"]

_LOCK = 1919250033
"""Names the advisory lock behind which one process at a time changes the schema."""


@cache
def _steps() -> Mapping[int, str]:
    """The files of this package by their numbers."""
    found = [each for each in files(__package__).iterdir() if each.name.endswith(".sql")]
    return {int(each.name[:3]): each.read_text("utf-8") for each in sorted(found, key=lambda each: each.name)}


LATEST = 7
"""The version of the schema that this reqflow works with."""


def migrate(connection: psycopg.Connection[Any], partitions: int | None = None) -> int:
    """Bring the schema up to date. Safe to run at once with others; a kill leaves whole steps only.

    With ``partitions`` a new schema is made in one step, its tables in so many partitions by workspace.
    """
    if partitions is not None:
        check_count(partitions)
    try:
        while True:
            with connection.transaction():
                _take_turns(connection)
                version = _version(connection)
                _refuse_newer(version)
                count = _partitions(connection, version, partitions)
                if version == LATEST:
                    return version
                last = LATEST if count and not version else version + 1
                for step in range(version + 1, last + 1):
                    connection.execute(_steps()[step].encode())
                    connection.execute("INSERT INTO reqflow.schema_versions (version) VALUES (%s)", (step,))
                if count:
                    partition_tables(connection, count)
    except psycopg.Error as problem:
        told = problem.diag.message_primary or type(problem).__name__
        raise StoreUnavailable(f"the schema could not be changed: {told}") from None


def _take_turns(connection: psycopg.Connection[Any]) -> None:
    """Wait until nobody else changes the schema, however long that takes."""
    connection.execute("SET LOCAL lock_timeout = 0")
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    connection.execute("RESET lock_timeout")


def _partitions(connection: psycopg.Connection[Any], version: int, wanted: int | None) -> int:
    """How many partitions the tables have, or shall have. Raises `UsageError` where they have others already."""
    if not version:
        return wanted or 0
    found = partitions_of(connection)
    if wanted is not None and wanted != found:
        has = f"has {found} partitions" if found else "is not partitioned"
        raise UsageError(
            f"the schema that is there {has}, and that cannot be changed: make a new database with {wanted}"
            " partitions, and move each desk there with `reqflow export` and `reqflow import`"
        )
    return found


def schema_of(connection: psycopg.Connection[Any]) -> Schema:
    """Which version of the schema is there, and which is needed. Raises `SchemaMismatch` for a newer one."""
    try:
        version = _version(connection)
    except psycopg.Error as problem:
        told = problem.diag.message_primary or type(problem).__name__
        raise StoreUnavailable(f"the schema could not be read: {told}") from None
    _refuse_newer(version)
    return Schema(version, LATEST)


def check_schema(connection: psycopg.Connection[Any]) -> None:
    """Raise `SchemaMismatch` unless the schema is the one that this reqflow works with."""
    version = schema_of(connection).found
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
