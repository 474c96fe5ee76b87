"""One commit as one statement, composed from the parts of the batch that are not empty.

Each composition is prepared once on a connection. The statement fails as a whole as soon as one thing is not
as the batch took it to be; a second look (`refusals`) then says which.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import Conflict, StaleLease, StoreError, UsageError
from ...ports import Batch, Lease
from .columns import columns_of
from .documents import Documents
from .failures import Failed, as_error
from .parts import PARTS, compose
from .refusals import refusal
from .rows import Changes, changes_of, finished
from .wire import TEXT, TIMESTAMPTZ, Statement, Value, Wire, array_literal

__all__ = ["Commits"]

Shape = tuple[tuple[str, bool], ...]

_CLEAR = (
    Statement(
        "DELETE FROM reqflow.messages t WHERE t.workspace = $1 AND t.conversation_id = ANY ($2::text[])"
    ),
    Statement(
        "DELETE FROM reqflow.requests t WHERE t.workspace = $1 AND t.conversation_id = ANY ($2::text[])"
    ),
)
_CLEAR_MESSAGES = Statement(
    "DELETE FROM reqflow.messages t WHERE t.workspace = $1 AND t.id = ANY ($2::text[] || ARRAY("
    "SELECT m.id FROM unnest($3::text[], $4::text[]) d (channel_id, native) CROSS JOIN LATERAL"
    " (SELECT n.id FROM reqflow.messages n WHERE n.workspace = $1 AND n.channel_id = d.channel_id"
    " AND n.native = d.native OFFSET 0) m))"
)


class Commits:
    """Writes batches over a wire."""

    def __init__(self, wire: Wire, documents: Documents) -> None:
        self._wire = wire
        self._documents = documents
        self._statements: dict[Shape, Statement] = {}

    def commit(self, batch: Batch) -> None:
        """Store all of a batch or nothing."""
        try:
            changes = changes_of(batch, self._documents)
        except (Conflict, StaleLease) as problem:
            raise self._explained(batch) or problem from None
        if not changes:
            return
        step = self._step(batch.workspace, batch.at.isoformat(), changes)
        try:
            if batch.restoring:
                self._wire.run_together([*_cleared(batch), step])
            else:
                self._wire.run(*step)
        except Failed as failed:
            reason = self._explained(batch, failed) if failed.lost_race else None
            raise reason or as_error(failed, writing=True) from None

    def settle(self, workspace: str, leases: Sequence[Lease]) -> None:
        """End leased items; all of them or, with `StaleLease`, none."""
        if not leases:
            return
        try:
            changes = finished(leases, {}, set())
            self._wire.run(*self._step(workspace, "epoch", changes))
        except Failed as failed:
            if failed.lost_race:
                raise StaleLease("a lease was lost: its item is done, or somebody else has it now") from None
            raise as_error(failed, writing=True) from None

    def _explained(self, batch: Batch, failed: Failed | None = None) -> StoreError | UsageError | None:
        try:
            return refusal(self._wire, batch, failed)
        except Failed as problem:
            return as_error(problem)

    def _step(self, workspace: str, at: str, changes: Changes) -> tuple[Statement, list[Value]]:
        """The statement for these changes, and its values."""
        shape: Shape = tuple([(name, len(changes[name]) > 1) for name in PARTS if name in changes])
        values: list[Value] = [workspace, at]
        for name, many in shape:
            if not many:
                values.extend(changes[name][0])
        tables = [changes[name] for name, many in shape if many]
        if tables:
            values.extend(columns_of(tables))
        statement = self._statements.get(shape)
        if statement is None:
            statement = self._statements[shape] = Statement(compose(shape), (TEXT, TIMESTAMPTZ))
        return statement, values


def _cleared(batch: Batch) -> list[tuple[Statement, list[Value]]]:
    """What makes room for state that is put as it is."""
    ids = array_literal([each.id for each in batch.conversations])
    steps: list[tuple[Statement, list[Value]]] = [(each, [batch.workspace, ids]) for each in _CLEAR]
    keys: list[Value] = [
        array_literal([each.id for each in batch.messages]),
        array_literal([each.channel_id for each in batch.messages]),
        array_literal([each.native for each in batch.messages]),
    ]
    return [*steps, (_CLEAR_MESSAGES, [batch.workspace, *keys])]
