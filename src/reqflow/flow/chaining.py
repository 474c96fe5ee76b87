"""Whether history is what was written: every chain from its beginning, and heads that were published."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Any

from ..core.chain import BEGINNING, Head, StoredEntry, first_break, purged_before
from ..core.model import Code, Workspace
from ..ports import Entries, Page, Streams
from .asks import Ask, AskQuery, Flow
from .paging import everything

__all__ = ["broken_chains", "heads"]

ENTRIES = 500
"""How many entries are looked at in one go."""


def heads(workspace: Workspace) -> Flow:
    """The last entry of every stream. Returns a tuple of `Head`."""
    found: list[Head] = []
    for stream in (yield from everything(workspace, Streams())):
        page: Page = yield AskQuery(workspace, Entries(stream=stream, newest_first=True, limit=1))
        found += [Head(stream=stream, seq=each.seq, digest=Code(each.digest.hex())) for each in page.items]
    return tuple(found)


def broken_chains(
    workspace: Workspace, streams: Sequence[str], published: Iterable[Head] = ()
) -> Generator[Ask, Any, dict[str, str]]:
    """The first bad entry of every stream that has one, and where the streams are not what was published of them."""
    known: dict[str, dict[int, str]] = {stream: {} for stream in streams}
    for head in published:
        known.setdefault(head.stream, {})[head.seq] = head.digest
    broken: dict[str, str] = {}
    for stream, digests in known.items():
        problem = yield from _broken(workspace, Code(stream), digests)
        if problem is not None:
            broken[stream] = problem
    return broken


def _broken(workspace: Workspace, stream: Code, published: dict[int, str]) -> Generator[Ask, Any, str | None]:
    seq, digest = 0, BEGINNING
    after: str | None = None
    waiting = dict(published)
    while True:
        page: Page = yield AskQuery(workspace, Entries(stream=stream, after=after, limit=ENTRIES))
        entries: Sequence[StoredEntry] = page.items
        if not seq and entries and (purged := purged_before(entries[0])) is not None:
            seq, digest = purged
            if waiting.get(seq, digest.hex()) != digest.hex():
                return f"history {stream}/{seq}: was purged, and is not the entry whose digest was published"
            waiting = {number: said for number, said in waiting.items() if number > seq}
        problem = first_break(stream, entries, seq, digest)
        if problem is not None:
            return problem
        for entry in entries:
            said = waiting.pop(entry.seq, None)
            if said is not None and said != entry.digest.hex():
                return f"history {stream}/{entry.seq}: is not the entry whose digest was published"
        if entries:
            seq, digest = entries[-1].seq, entries[-1].digest
        if page.next is None:
            break
        after = page.next
    if waiting:
        return f"history {stream}/{seq + 1}: is missing; entry {max(waiting)} was published"
    return None
