"""What a conversation is after something happened to its drafts: which of them wait for review."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation
from ..values import changed

__all__ = ["RULES"]


def _waits(
    conversation: Conversation, event: e.DraftSubmitted | e.DraftRevised, at: datetime, actor: Actor
) -> Conversation:
    if event.draft_id in conversation.drafts:
        return conversation
    return changed(conversation, drafts=(*conversation.drafts, event.draft_id), marked=True)


def _ended(
    conversation: Conversation,
    event: e.DraftApproved | e.DraftRejected | e.DraftWithdrawn,
    at: datetime,
    actor: Actor,
) -> Conversation:
    if event.draft_id not in conversation.drafts:
        return conversation
    drafts = tuple([each for each in conversation.drafts if each != event.draft_id])
    return changed(conversation, drafts=drafts)


RULES: Mapping[type[e.Event], Any] = MappingProxyType(
    {
        e.DraftSubmitted: _waits,
        e.DraftRevised: _waits,
        e.DraftApproved: _ended,
        e.DraftRejected: _ended,
        e.DraftWithdrawn: _ended,
    }
)
