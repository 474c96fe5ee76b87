"""What erasing a person does to a conversation: it ends, if it has not, and what was said in it goes."""

from __future__ import annotations

from collections.abc import Sequence

from .. import events as e
from ..batch import Gone
from ..decisions.conversations import closing
from ..model import Actor, ActorKind, CloseReason, Code, CommandKey, Conversation, Reason, TextId
from ..records import Erasure, SearchCard
from ..timers import index_key
from .overlay import Overlay
from .step import Step

__all__ = ["advance", "empty", "end"]

_TIMER = Actor(ActorKind.TIMER, Code("erase"))


def end(
    overlay: Overlay, erasure: Erasure, conversation: Conversation, texts: Sequence[TextId], *, muted: bool
) -> None:
    """Let nothing go on in a conversation of the person's, nothing about it leave, and these texts say nothing.

    No rule answers this. Raises `Missing` for what it turns out to need.
    """
    key = CommandKey(f"erase:{conversation.id}.{conversation.version}")
    step = Step(overlay, _TIMER, e.Cause(kind=e.CauseKind.TIMER, key=key), muted=muted)
    if conversation.is_open:
        step.emit(conversation.id, *closing(conversation, CloseReason.IGNORED, Reason(Code("erased"))))
    step.emit(conversation.id, e.ConversationErased(erasure_id=erasure.id, scope=erasure.scope))
    step.finish()
    overlay.cancel(frozenset((conversation.id,)))
    empty(overlay, conversation, texts)


def empty(overlay: Overlay, conversation: Conversation, texts: Sequence[TextId] = ()) -> None:
    """Let these texts say nothing, and the conversation be found by none of their words."""
    card = (Code(SearchCard.tag), Code(conversation.id))
    overlay.take_away(Gone(erased=tuple(texts), records=(card,)))
    if overlay.desk.settings(conversation.channel_id).searchable:
        overlay.arm(index_key(conversation.id), overlay.at)


def advance(overlay: Overlay, erasure: Erasure, conversations: int, texts: int, *, finished: bool) -> None:
    """Put on record how far the erasure went."""
    key = CommandKey(f"erase:{erasure.id}.{erasure.version}")
    step = Step(overlay, _TIMER, e.Cause(kind=e.CauseKind.TIMER, key=key))
    step.change(
        e.ErasureAdvanced(erasure_id=erasure.id, conversations=conversations, texts=texts, finished=finished)
    )
    step.finish()
