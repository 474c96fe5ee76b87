"""What closed conversations are searched by. (Audite)"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..model import Code, ConversationId
from ..values import value
from .root import Record, RecordKey, rank_of

__all__ = ["SearchCard"]


@value(kw_only=True)
class SearchCard(Record):
    """The words of a closed conversation, as digests. State without history: it can be made again from the texts.

    Its id is the conversation's. ``words`` are in the order of their digests.
    """

    tag: ClassVar[str] = "search_card"
    folds: ClassVar[bool] = False
    conversation_id: ConversationId
    closed_at: datetime
    words: tuple[Code, ...]

    def found_by(self) -> tuple[RecordKey, ...]:
        """By each word, in the order of closing."""
        rank = rank_of(self.closed_at)
        return tuple([RecordKey("word", word, rank) for word in self.words])
