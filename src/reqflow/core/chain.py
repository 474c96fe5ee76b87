"""The chain of a history: every entry carries a digest over what it says and over the digest before it.

What an entry says is taken as it is stored, not as some version of reqflow reads it: a row that was changed, moved,
dropped or put in behind the store's back no longer fits, while decoding it otherwise one day changes nothing.
Digests are made alike for every store, so that a history may be carried from one to another as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256

from .model import Code
from .values import value

__all__ = [
    "BEGINNING",
    "Head",
    "StoredEntry",
    "first_break",
    "linked",
    "own_digest",
    "purged_before",
]

BEGINNING = b""
"""What stands in for the digest before the first entry."""


def own_digest(
    stream: str,
    seq: int,
    at: int,
    actor_kind: str,
    actor_id: str,
    cause_kind: str,
    cause_key: str,
    rules: str | None,
    events: str,
) -> bytes:
    """The digest of what one entry says by itself: its stored columns, each with its length, in one line."""
    how = "-" if rules is None else f"{len(rules)}:{rules}"
    told = (
        f"{len(stream)}:{stream}{seq}:{at}:{len(actor_kind)}:{actor_kind}{len(actor_id)}:{actor_id}"
        f"{len(cause_kind)}:{cause_kind}{len(cause_key)}:{cause_key}{how}{len(events)}:{events}"
    )
    return sha256(told.encode("utf-8", "surrogatepass")).digest()


def linked(previous: bytes, own: bytes) -> bytes:
    """The digest of an entry, made of that of the entry before it and its own."""
    return sha256(previous + own).digest()


@value(kw_only=True)
class StoredEntry:
    """One row of history as it is stored, not decoded.

    ``at`` is in microseconds since 1970, ``rules`` and ``events`` are JSON.
    """

    stream: Code
    seq: int
    at: int
    actor_kind: str
    actor_id: str
    cause_kind: str
    cause_key: str
    rules: str | None
    events: str
    digest: bytes

    def follows(self, previous: bytes) -> bool:
        """Whether it is what was written behind an entry with this digest."""
        own = own_digest(
            self.stream,
            self.seq,
            self.at,
            self.actor_kind,
            self.actor_id,
            self.cause_kind,
            self.cause_key,
            self.rules,
            self.events,
        )
        return self.digest == linked(previous, own)


@value(kw_only=True)
class Head:
    """The last entry of a stream at some moment, with its digest (64 hexadecimal digits).

    Kept elsewhere it proves later that nothing up to there was cut off or written anew.
    """

    stream: Code
    seq: int
    digest: Code


def purged_before(entry: StoredEntry) -> tuple[int, bytes] | None:
    """How many entries the first one of a history stands for, and the digest of the last of them; None for others."""
    try:
        (tag, said), *_ = json.loads(entry.events)
        if tag.partition("/")[0] != "conversation.purged" or said["entries"] != entry.seq - 1:
            return None
        return said["entries"], bytes.fromhex(said["head"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):  # somebody else wrote it
        return None


def first_break(stream: str, entries: Iterable[StoredEntry], after: int, digest: bytes) -> str | None:
    """What is wrong with the first bad one of the entries that come behind number ``after``; None if all is well.

    ``digest`` is that of entry number ``after``, or `BEGINNING`.
    """
    expected = after
    for entry in entries:
        expected += 1
        if entry.seq != expected:
            return f"history {stream}/{expected}: is missing; {entry.seq} stands in its place"
        if not entry.follows(digest):
            return f"history {stream}/{expected}: is not what was written there; its digest does not fit"
        digest = entry.digest
    return None
