"""What is found out about a conversation: how its customer feels, what they speak. (Audite)"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind
from ..model import ConversationId, Detection
from ..operations.step import Step
from .finding import conversation_of

__all__ = ["DECISIONS", "describe"]


def describe(step: Step, conversation_id: ConversationId, found: Detection | c.DescribeConversation) -> None:
    """Say what is new of a conversation by a classifier or a person; nothing where nothing is."""
    conversation = conversation_of(step, conversation_id)
    if found.sentiment is found.language is None:
        return
    mood = found.sentiment if found.sentiment != conversation.sentiment else None
    tongue = found.language if found.language != conversation.language else None
    if mood is not None or tongue is not None:
        step.emit(conversation_id, e.ConversationDescribed(sentiment=mood, language=tongue))


def _describe(step: Step, command: c.DescribeConversation) -> Outcome:
    describe(step, command.conversation_id, command)
    return Outcome(kind=OutcomeKind.DONE, conversation_id=command.conversation_id)


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType({c.DescribeConversation: _describe})
