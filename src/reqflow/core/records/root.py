"""The root of all records, and what one is found by."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, NamedTuple

from ..model import Code
from ..values import value

__all__ = ["Record", "RecordKey", "rank_of"]


class RecordKey(NamedTuple):
    """What a record is found by: all records of one kind with this ``name`` and ``content``, in the order of ``rank``.

    A name is a word of ours (``conversation``, ``email``); contents and ranks are ids, codes, digests, moments: never
    a free or personal string. Ranks compare byte by byte; equal ones are told apart by the records' ids.
    """

    name: str
    content: str
    rank: str = ""


@value(kw_only=True)
class Record:
    """Root of the smaller kinds of rows, which hang on a conversation or stand by themselves.

    ``tag`` is the kind. ``version`` counts the changes, from 1. A kind that ``folds`` is what its events make of it
    (`reqflow.core.records.projection_of`), so history can write it anew; the others are state without history.
    """

    tag: ClassVar[str]
    folds: ClassVar[bool] = True
    id: Code
    version: int = 0

    def found_by(self) -> tuple[RecordKey, ...]:
        """What it is found by, besides its kind and id."""
        return ()


def rank_of(moment: datetime) -> str:
    """A moment as a rank: the order of such words is the order in time."""
    return f"{int(moment.timestamp() * 1_000_000):020d}"
