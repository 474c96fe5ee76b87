"""Valid values to test with: small, distinct by a number, the same on every run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ..core.commands import Inbound
from ..core.effects import NotifyAgent, QueuedEffect
from ..core.events import Cause, CauseKind, ConversationOpened, Entry, Event
from ..core.facts import Outcome, OutcomeKind
from ..core.model import (
    Actor,
    ActorKind,
    Audience,
    ChannelId,
    Code,
    CommandKey,
    Conversation,
    ConversationId,
    ConversationState,
    Lane,
    Message,
    MessageId,
    NativeId,
    ProfileId,
    Request,
    RequestId,
    RequestState,
    Side,
    Text,
    TextId,
    TextRef,
    Workspace,
)
from ..core.records import Note
from ..ports import Batch, InboxItem

__all__ = [
    "CHANNEL",
    "PROFILE",
    "START",
    "WORKSPACE",
    "make_batch",
    "make_conversation",
    "make_effect",
    "make_entry",
    "make_item",
    "make_lane",
    "make_message",
    "make_note",
    "make_outcome",
    "make_request",
    "make_text",
    "moment",
]

WORKSPACE = Workspace("desk")
CHANNEL = ChannelId("chat:lobby")
PROFILE = ProfileId("p_ann")
START = datetime(2024, 3, 1, 9, tzinfo=UTC)


def moment(seconds: float) -> datetime:
    """So many seconds after `START`."""
    return START + timedelta(seconds=seconds)


def make_batch(**parts: Any) -> Batch:
    """A commit of these parts, in `WORKSPACE` at `START` where nothing else is said."""
    return Batch(**{"workspace": WORKSPACE, "at": START, **parts})


def make_conversation(number: int, version: int = 1, **fields: Any) -> Conversation:
    """The conversation of that number."""
    return Conversation(
        **{
            "id": ConversationId(f"c_{number:04}"),
            "channel_id": CHANNEL,
            "requester": PROFILE,
            "state": ConversationState.PENDING,
            "audience": Audience.CUSTOMER,
            "version": version,
            "opened_at": moment(number),
            "active_at": moment(number),
            **fields,
        }
    )


def make_request(number: int, conversation: int | None = None, **fields: Any) -> Request:
    """The request of that number, in the conversation of the same number where no other is given."""
    return Request(
        **{
            "id": RequestId(f"r_{number:04}"),
            "conversation_id": ConversationId(f"c_{number if conversation is None else conversation:04}"),
            "channel_id": CHANNEL,
            "requester": PROFILE,
            "state": RequestState.UNASSIGNED,
            "opener": MessageId(f"m_{number:04}"),
            "opened_at": moment(number),
            "active_at": moment(number),
            **fields,
        }
    )


def make_message(number: int, conversation: int | None = None, **fields: Any) -> Message:
    """The message of that number, at the top of the channel, sent that many seconds after `START`."""
    return Message(
        **{
            "id": MessageId(f"m_{number:04}"),
            "native": NativeId(f"n{number}"),
            "conversation_id": ConversationId(f"c_{number if conversation is None else conversation:04}"),
            "request_id": None,
            "channel_id": CHANNEL,
            "author": Actor(ActorKind.CUSTOMER, Code(PROFILE)),
            "profile_id": PROFILE,
            "side": Side.REQUESTER,
            "audience": Audience.CUSTOMER,
            "sent_at": moment(number),
            "received_at": moment(number + 1),
            "text": None,
            "top": True,
            **fields,
        }
    )


def make_note(number: int, conversation: int | None = None, **fields: Any) -> Note:
    """The note of that number, on the conversation of the same number where no other is given."""
    about = number if conversation is None else conversation
    return Note(
        **{
            "id": Code(f"n_{number:04}"),
            "version": 1,
            "conversation_id": ConversationId(f"c_{about:04}"),
            "text": make_text(number, audience=Audience.INTERNAL).ref,
            "author": Actor(ActorKind.AGENT, Code("bob")),
            "added_at": moment(number),
            **fields,
        }
    )


def make_lane(number: int, version: int = 1, conversation: int | None = None) -> Lane:
    """The lane of profile ``p_NUMBER``, which opened the conversation of that number last."""
    opened = None if conversation is None else ConversationId(f"c_{conversation:04}")
    return Lane(CHANNEL, ProfileId(f"p_{number:04}"), version, opened)


def make_text(number: int, body: str = "hello", audience: Audience = Audience.CUSTOMER) -> Text:
    """The text row of that number."""
    return Text(TextRef(TextId(f"t_{number:04}.body"), audience, Code(PROFILE), Code("00ff")), body)


def make_entry(stream: str, seq: int, *events: Event) -> Entry:
    """A history entry of these events, or of an opened conversation."""
    opened = ConversationOpened(
        conversation_id=ConversationId(stream),
        channel_id=CHANNEL,
        requester=PROFILE,
        audience=Audience.CUSTOMER,
        opened_at=START,
    )
    return Entry(
        stream=Code(stream),
        seq=seq,
        at=moment(seq),
        actor=Actor(ActorKind.CUSTOMER, Code(PROFILE)),
        cause=Cause(kind=CauseKind.INBOUND, key=CommandKey(f"in:{stream}/{seq}")),
        events=events or (opened,),
    )


def make_effect(number: int, destination: str = "agent:bob", **fields: Any) -> QueuedEffect:
    """A notice about the request of that number, queued that many seconds after `START`."""
    about = fields.pop("conversation", number)
    return QueuedEffect(
        **{
            "id": Code(f"e_{number:04}"),
            "destination": Code(destination),
            "effect": NotifyAgent(
                agent="bob",  # type: ignore[arg-type]  # an id is a str
                conversation_id=ConversationId(f"c_{about:04}"),
                request_id=RequestId(f"r_{number:04}"),
                code=Code("assigned"),
            ),
            "queued_at": START,
            **fields,
        }
    )


def make_item(number: int, lane: str = "chat:lobby p_ann", **fields: Any) -> InboxItem:
    """An accepted message of that number."""
    return InboxItem(
        key=CommandKey(f"in:{number:04}"),
        lane=Code(lane),
        inbound=Inbound(
            **{
                "channel": CHANNEL,
                "author": "chat:ann",
                "native": NativeId(f"n{number}"),
                "sent_at": moment(number),
                "text": "hello",
                **fields,
            }
        ),
        accepted_at=START,
    )


def make_outcome(number: int) -> tuple[CommandKey, Outcome]:
    """What became of the command of that number."""
    return CommandKey(f"cmd:{number:04}"), Outcome(
        kind=OutcomeKind.DONE, conversation_id=ConversationId(f"c_{number:04}")
    )
