"""What all laws of stores share: the store under test, and ways to look at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ...core.facts import Want, WantDesk
from ...core.model import Code, Workspace
from ...core.records import RECORDS
from ...ports import (
    Conversations,
    Effects,
    Entries,
    Lease,
    LeaseQueue,
    Messages,
    Records,
    Requests,
    Store,
    Streams,
    View,
)
from ..samples import WORKSPACE, moment

__all__ = ["StoreLaws", "ask", "items", "lease", "pages", "picture"]


class StoreLaws:
    """The store under test, and what it declares about itself."""

    persistent: bool = True
    concurrent: bool = True

    def make_store(self, tmp_path: Path) -> Store:
        """An empty store, ready to be used; ``tmp_path`` is an empty folder of this test."""
        raise NotImplementedError("say how a store is made: def make_store(self, tmp_path)")

    def reopen(self, store: Store) -> Store:
        """A second handle on the data of ``store``, which may still be open."""
        raise NotImplementedError("say how a store is opened again, or declare `persistent = False`")

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        made = self.make_store(tmp_path)
        yield made
        made.close()

    @pytest.fixture
    def other(self, store: Store) -> Iterator[Store]:
        """A second handle on the same data."""
        if not self.persistent:
            pytest.skip("declared: not persistent")
        made = self.reopen(store)
        yield made
        made.close()


def ask(store: Store, want: Want, workspace: Workspace = WORKSPACE) -> Any:
    """The answer to one want."""
    (answer,) = store.recall(workspace, [want])
    return answer


def items(store: Store, view: View, workspace: Workspace = WORKSPACE) -> list[Any]:
    """The items of a view that fits on one page."""
    return list(store.query(workspace, view).items)


def pages(store: Store, view_of: Any, workspace: Workspace = WORKSPACE) -> list[list[Any]]:
    """All pages of a view; ``view_of(after)`` makes the view of the next one."""
    found = []
    after = None
    while True:
        page = store.query(workspace, view_of(after))
        found.append(list(page.items))
        if page.next is None:
            return found
        after = page.next


def lease(
    store: Store,
    queue: LeaseQueue,
    *,
    at: float = 0,
    until: float = 60,
    limit: int = 10,
    workspace: Workspace = WORKSPACE,
) -> Sequence[Lease]:
    """Claim items, with moments in seconds after the start."""
    return store.lease(workspace, queue, now=moment(at), until=moment(until), limit=limit)


def picture(store: Store, workspace: Workspace = WORKSPACE) -> dict[str, Any]:
    """Everything about a workspace that can be seen without changing it."""
    streams = items(store, Streams(limit=10_000), workspace)
    return {
        "conversations": items(store, Conversations(limit=10_000), workspace),
        "requests": items(store, Requests(limit=10_000), workspace),
        "messages": items(store, Messages(limit=10_000), workspace),
        "records": [
            record
            for kind in RECORDS
            for record in items(store, Records(kind=Code(kind.tag), limit=10_000), workspace)
        ],
        "effects": items(store, Effects(limit=10_000), workspace),
        "history": {stream: list(store.history(workspace, stream)) for stream in streams},
        "chain": {
            stream: items(store, Entries(stream=stream, limit=10_000), workspace) for stream in streams
        },
        "next_due": store.next_due(workspace),
        "desk": ask(store, WantDesk(-1), workspace),
    }
