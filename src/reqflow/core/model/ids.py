"""What things are named by."""

from __future__ import annotations

from typing import NewType

__all__ = [
    "AgentId",
    "ChannelId",
    "Code",
    "CommandKey",
    "ConversationId",
    "CustomerId",
    "ExternalId",
    "MessageId",
    "NativeId",
    "ProfileId",
    "QueueId",
    "RequestId",
    "TeamId",
    "TextId",
    "Workspace",
]


Workspace = NewType("Workspace", str)
"""One desk's world; leads every key in every store (others say tenant)."""
ConversationId = NewType("ConversationId", str)
RequestId = NewType("RequestId", str)
MessageId = NewType("MessageId", str)
NativeId = NewType("NativeId", str)
"""The transport's own id of a message; with the channel it is what redelivery is recognised by."""
CommandKey = NewType("CommandKey", str)
"""Names one command or observation; what a retry is recognised by and what history calls cause."""
ProfileId = NewType("ProfileId", str)
"""Keyed digest of an address on a transport; the address itself is a text."""
CustomerId = NewType("CustomerId", str)
"""Names a customer: a person, who may have several profiles."""
ExternalId = NewType("ExternalId", str)
"""What another system calls a thing of its own: a ticket's number, an issue's key."""
AgentId = NewType("AgentId", str)
TeamId = NewType("TeamId", str)
QueueId = NewType("QueueId", str)
ChannelId = NewType("ChannelId", str)
"""``transport:place``, such as ``slack:C024BE91L`` or ``mail:support@desk.example``."""
TextId = NewType("TextId", str)
Code = NewType("Code", str)
"""A short stable word of a closed or configured vocabulary; never free text."""
