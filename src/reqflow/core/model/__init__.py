"""The vocabulary: the things a desk is about, as frozen values.

Moments are aware datetimes in UTC and end in ``_at``; spans are timedeltas and end in ``_within`` or
``_after``. Free and personal strings never stand in these values: they are `TextRef`s to text rows,
which can be erased without touching history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rooms import window

if TYPE_CHECKING:
    from .content import FieldValue
    from .conversations import Conversation
    from .ids import (
        AgentId,
        ChannelId,
        Code,
        CommandKey,
        ConversationId,
        CustomerId,
        ExternalId,
        MessageId,
        NativeId,
        ProfileId,
        QueueId,
        RequestId,
        TeamId,
        TextId,
        Workspace,
    )
    from .later import MAX_FOLLOW_UPS, MAX_TIMERS, FollowUp, HostTimer, Waited
    from .messages import Attachment, Message, Pointer
    from .people import AgentLoad, Lane, MovedProfile, Particulars, Profile
    from .requests import Request
    from .values import Actor, Detection, Dropped, Reason, Text, TextRef
    from .words import (
        ActorKind,
        AttachmentKind,
        Audience,
        Badge,
        CloseReason,
        ConversationState,
        Delivery,
        DraftState,
        ErasureScope,
        Escalation,
        HoldReason,
        IdentityLevel,
        Label,
        LinkKind,
        LinkTarget,
        RequestState,
        Resolution,
        Side,
    )
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".content": "FieldValue",
            ".conversations": "Conversation",
            ".ids": (
                "AgentId ChannelId Code CommandKey ConversationId CustomerId ExternalId MessageId NativeId "
                "ProfileId QueueId RequestId TeamId TextId Workspace"
            ),
            ".later": "MAX_FOLLOW_UPS MAX_TIMERS FollowUp HostTimer Waited",
            ".messages": "Attachment Message Pointer",
            ".people": "AgentLoad Lane MovedProfile Particulars Profile",
            ".requests": "Request",
            ".values": "Actor Detection Dropped Reason Text TextRef",
            ".words": (
                "ActorKind AttachmentKind Audience Badge CloseReason ConversationState Delivery DraftState "
                "ErasureScope Escalation HoldReason IdentityLevel Label LinkKind LinkTarget RequestState "
                "Resolution Side"
            ),
        },
    )

__all__ = [
    "MAX_FOLLOW_UPS",
    "MAX_TIMERS",
    "Actor",
    "ActorKind",
    "AgentId",
    "AgentLoad",
    "Attachment",
    "AttachmentKind",
    "Audience",
    "Badge",
    "ChannelId",
    "CloseReason",
    "Code",
    "CommandKey",
    "Conversation",
    "ConversationId",
    "ConversationState",
    "CustomerId",
    "Delivery",
    "Detection",
    "DraftState",
    "Dropped",
    "ErasureScope",
    "Escalation",
    "ExternalId",
    "FieldValue",
    "FollowUp",
    "HoldReason",
    "HostTimer",
    "IdentityLevel",
    "Label",
    "Lane",
    "LinkKind",
    "LinkTarget",
    "Message",
    "MessageId",
    "MovedProfile",
    "NativeId",
    "Particulars",
    "Pointer",
    "Profile",
    "ProfileId",
    "QueueId",
    "Reason",
    "Request",
    "RequestId",
    "RequestState",
    "Resolution",
    "Side",
    "TeamId",
    "Text",
    "TextId",
    "TextRef",
    "Waited",
    "Workspace",
]
