"""Answers to wants, all from one statement and so from one moment.

Each want is a query of its own; a recall is their union, whose rows begin with the want's place. A few
wants make a statement of their own composition. Many make one with an arm for each kind of want, which runs
the query of that kind once for each row of its arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from ...core.facts import Answer, Want
from .columns import MARKS, columns_of, unnested
from .documents import Documents
from .failures import Failed, as_error
from .wants import KINDS
from .wire import Rows, Runs, Statement, Value

__all__ = ["Recalls"]

FEW = 12
"""Up to so many wants are asked one by one; beyond that by kind."""

Kinds = tuple[type, ...]


class Recalls:
    """Answers wants over a wire."""

    def __init__(self, wire: Runs, documents: Documents) -> None:
        self._wire = wire
        self._documents = documents
        self._apart: dict[Kinds, Statement] = {}
        self._by_kind: dict[Kinds, Statement] = {}

    def over(self, wire: Runs) -> Recalls:
        """The same over another wire; what was composed once serves both."""
        twin = copy(self)
        twin._wire = wire
        return twin

    def recall(self, workspace: str, wants: Sequence[Want]) -> tuple[Answer, ...]:
        """The answers, in the order of the wants."""
        if not wants:
            return ()
        kinds = tuple([want.__class__ for want in wants])
        statement, values = (self._few if len(wants) <= FEW else self._many)(kinds, wants)
        told: list[Rows] = [[] for _ in wants]
        try:
            rows = self._wire.run(statement, [workspace, *values])
        except Failed as failed:
            raise as_error(failed) from None
        for row in rows:
            told[int(row[0] or 0)].append(row)
        return tuple(
            [
                KINDS[kind].answer(self._documents, want, rows)
                for kind, want, rows in zip(kinds, wants, told, strict=True)
            ]
        )

    def _few(self, kinds: Kinds, wants: Sequence[Want]) -> tuple[Statement, Sequence[Value]]:
        statement = self._apart.get(kinds)
        if statement is None:
            statement = self._apart[kinds] = Statement(_apart(kinds))
        values: list[Value] = []
        for kind, want in zip(kinds, wants, strict=True):
            values.extend(KINDS[kind].values(want))
        return statement, values

    def _many(self, kinds: Kinds, wants: Sequence[Want]) -> tuple[Statement, Sequence[Value]]:
        rows: dict[type, list[tuple[str | None, ...]]] = {}
        for place, (kind, want) in enumerate(zip(kinds, wants, strict=True)):
            rows.setdefault(kind, []).append((str(place), *KINDS[kind].values(want)))
        present = tuple([kind for kind in KINDS if kind in rows])
        statement = self._by_kind.get(present)
        if statement is None:
            statement = self._by_kind[present] = Statement(_by_kind(present))
        return statement, columns_of(rows[kind] for kind in present)


def _apart(kinds: Kinds) -> str:
    """One arm for each want."""
    arms = []
    first = 2
    for place, kind in enumerate(kinds):
        known = KINDS[kind]
        sql = known.sql.format(*[f"${first + at}" for at in range(known.width)])
        arms.append(f"SELECT {place}, x.a, x.b, x.c, x.d FROM ({sql}) x")
        first += known.width
    return " UNION ALL ".join(arms)


def _by_kind(kinds: Kinds) -> str:
    """One arm for each kind. ``OFFSET 0`` keeps its query as it is alone, run for each row."""
    arms = []
    mark = 2
    first = mark + MARKS
    for kind in kinds:
        known = KINDS[kind]
        names = ["place", *(f"p{at}" for at in range(known.width))]
        sql = known.sql.format(*[f"asked.{name}" for name in names[1:]])
        arms.append(
            "SELECT asked.place::integer, x.a, x.b, x.c, x.d"
            f" FROM (SELECT * FROM {unnested(first, names, mark)}) asked"
            f" CROSS JOIN LATERAL ({sql} OFFSET 0) x"
        )
        first += len(names)
    return " UNION ALL ".join(arms)
