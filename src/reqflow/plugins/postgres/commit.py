"""One commit as one statement, composed from the parts of the batch that are not empty.

Each composition is prepared once on a connection. The statement fails as a whole as soon as one thing is not
as the batch took it to be; a second look (`refusals`) then says which. If nothing shows, a row was changed in
a way that does not matter (a lease was kept longer, a timer armed again) just between looking and locking,
and it is tried once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from ...errors import Conflict, StaleLease, StoreError, UsageError
from ...ports import Batch, Lease
from .columns import columns_of
from .documents import Documents
from .failures import REFUSED, Failed, as_error
from .parts import PARTS, compose
from .places import place_of_row, stands_at
from .refusals import refusal
from .rows import Changes, changes_of, finished
from .wire import TEXT, TIMESTAMPTZ, Runs, Statement, Value, array_literal

__all__ = ["Commits"]

Shape = tuple[tuple[str, bool], ...]

_CLEAR = tuple(
    Statement(
        f"WITH found AS MATERIALIZED (SELECT l.* FROM unnest($2::text[]) d (id) CROSS JOIN LATERAL"
        f" (SELECT {place_of_row('o')} FROM reqflow.{table} o WHERE o.workspace = $1"
        " AND o.conversation_id = d.id FOR UPDATE) l)"
        f" DELETE FROM reqflow.{table} t USING found f WHERE {stands_at('t', 'f')}"
    )
    for table in ("messages", "requests")
)
_CLEAR_MESSAGES = Statement(
    "WITH found AS MATERIALIZED (SELECT l.* FROM unnest($2::text[], $3::text[], $4::text[]) d (id, channel_id, native)"
    f" CROSS JOIN LATERAL (SELECT {place_of_row('o')} FROM reqflow.messages o WHERE o.workspace = $1"
    f" AND o.id = d.id UNION ALL SELECT {place_of_row('o')} FROM reqflow.messages o WHERE o.workspace = $1"
    " AND o.channel_id = d.channel_id AND o.native = d.native OFFSET 0) l)"
    f" DELETE FROM reqflow.messages t USING found f WHERE {stands_at('t', 'f')}"
)


class Commits:
    """Writes batches over a wire."""

    def __init__(self, wire: Runs, documents: Documents) -> None:
        self._wire = wire
        self._documents = documents
        self._statements: dict[Shape, Statement] = {}

    def over(self, wire: Runs) -> Commits:
        """The same over another wire; what was composed once serves both."""
        twin = copy(self)
        twin._wire = wire
        return twin

    def commit(self, batch: Batch) -> None:
        """Store all of a batch or nothing."""
        try:
            changes = changes_of(batch, self._documents)
        except (Conflict, StaleLease) as problem:
            raise self._explained(batch) or problem from None
        if not changes:
            return
        step = self.step(batch.workspace, batch.at.isoformat(), changes)
        for last in (False, True):
            try:
                if batch.restoring:
                    self._wire.run_together([*_cleared(batch), step])
                else:
                    self._wire.run(*step)
            except Failed as failed:
                reason = self._explained(batch, failed) if failed.lost_race else None
                if last or reason or failed.code != REFUSED:
                    raise reason or as_error(failed, writing=True) from None
            else:
                return

    def settle(self, workspace: str, leases: Sequence[Lease]) -> None:
        """End leased items; all of them or, with `StaleLease`, none."""
        if not leases:
            return
        step = self.step(workspace, "epoch", finished(leases, {}, set()))
        for last in (False, True):
            try:
                self._wire.run(*step)
            except Failed as failed:
                if not failed.lost_race:
                    raise as_error(failed, writing=True) from None
                if last:
                    raise StaleLease(
                        "a lease was lost: its item is done, or somebody else has it now"
                    ) from None
            else:
                return

    def _explained(self, batch: Batch, failed: Failed | None = None) -> StoreError | UsageError | None:
        try:
            return refusal(self._wire, batch, failed)
        except Failed as problem:
            return as_error(problem)

    def step(self, workspace: str, at: str, changes: Changes) -> tuple[Statement, list[Value]]:
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
