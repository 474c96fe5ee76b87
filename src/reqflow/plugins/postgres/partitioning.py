"""Tables in partitions by a hash of the workspace: made once, when the schema is, and kept by every later version.

The numbered files know nothing of it. Whatever table they make is taken down while it is still empty, and made again in
partitions, with the same columns, keys and indexes; functions that speak of its rows are made again as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from ...errors import UsageError

__all__ = ["MOST", "check_count", "partition_tables", "partitions_of"]

MOST = 256
"""Every statement locks all partitions of the tables that it names, so more only cost."""

_Connection = psycopg.Connection[Any]

_COUNT = "SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass('reqflow.conversations')"
# What is not written ahead is worth nothing after a crash, so it is never much.
_WHOLE = (
    "SELECT c.oid, c.relname, array_to_string(c.reloptions, ', ') FROM pg_class c JOIN pg_attribute a"
    " ON a.attrelid = c.oid AND a.attname = 'workspace' WHERE c.relnamespace = 'reqflow'::regnamespace"
    " AND c.relkind = 'r' AND NOT c.relispartition AND c.relpersistence = 'p' ORDER BY c.relname"
)
_FUNCTIONS = (
    "SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_type t"
    " ON t.oid = p.prorettype WHERE p.pronamespace = 'reqflow'::regnamespace AND t.typrelid = ANY (%s)"
)
_KEYS = (
    "SELECT 'ALTER TABLE reqflow.' || quote_ident(%(name)s) || ' ADD CONSTRAINT ' || quote_ident(conname) || ' '"
    " || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %(table)s AND contype IN ('p', 'u')"
    " UNION ALL SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = %(table)s"
    " AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)"
)


def check_count(partitions: int) -> None:
    """Raise `UsageError` for a number of partitions that makes no sense."""
    if not 2 <= partitions <= MOST:
        raise UsageError(f"partitions must be between 2 and {MOST}, not {partitions}")


def partitions_of(connection: _Connection) -> int:
    """How many partitions the tables have; 0 where they are whole."""
    row = connection.execute(_COUNT).fetchone()
    return row[0] if row else 0


def partition_tables(connection: _Connection, partitions: int) -> None:
    """Put every table that is still whole, and empty, in so many partitions."""
    whole = connection.execute(_WHOLE).fetchall()
    functions = connection.execute(_FUNCTIONS, [[oid for oid, _, _ in whole]]).fetchall()
    _run(connection, [f"DROP FUNCTION {signature}" for signature, _ in functions])
    for oid, name, options in whole:
        keys = connection.execute(_KEYS, {"name": name, "table": oid}).fetchall()
        stored = f" WITH ({options})" if options else ""
        digits = len(str(partitions - 1))
        _run(
            connection,
            [
                f"CREATE TABLE reqflow.{name}_parted (LIKE reqflow.{name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS"
                " INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMMENTS) PARTITION BY HASH (workspace)",
                f"DROP TABLE reqflow.{name}",
                f"ALTER TABLE reqflow.{name}_parted RENAME TO {name}",
                *(made for (made,) in keys),
                *(
                    f"CREATE TABLE reqflow.{name}_p{number:0{digits}} PARTITION OF reqflow.{name}"
                    f" FOR VALUES WITH (MODULUS {partitions}, REMAINDER {number}){stored}"
                    for number in range(partitions)
                ),
            ],
        )
    _run(connection, [made for _, made in functions])


def _run(connection: _Connection, commands: Sequence[str]) -> None:
    for command in commands:
        connection.execute(command.encode())
