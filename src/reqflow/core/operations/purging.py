"""What retention does to a closed conversation: it goes but for the keys of its messages and figures of its requests.

One entry of history stays in place of all the others: it carries the digest of the last of them, so that the chain goes
on, and the figures, which are records from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from .. import events as e
from ..asking.effort import effort
from ..batch import Gone
from ..chain import StoredEntry
from ..explain import said_in
from ..history import Folded
from ..model import (
    Actor,
    ActorKind,
    Audience,
    Code,
    CommandKey,
    Conversation,
    Message,
    Request,
    RequestId,
    Side,
)
from ..records import Card, SearchCard, projection_of
from ..settings import ChannelSettings
from ..timers import index_key
from ..values import value
from .overlay import Overlay

__all__ = ["Whole", "due_at", "is_emptied", "purge"]

_PURGED = Code("purged")
_TIMER = Actor(ActorKind.TIMER, Code("purge"))


def due_at(conversation: Conversation, settings: ChannelSettings) -> datetime | None:
    """From when on a conversation may be purged; None while it is open, and where nothing ever is."""
    if conversation.closed_at is None or not settings.purge_closed_after:
        return None
    return max(conversation.closed_at, conversation.active_at) + settings.purge_closed_after


@value(kw_only=True)
class Whole:
    """A conversation, and all that hangs on it.

    ``last`` is its last entry as it is stored, ``messages`` are its rows, those that it absorbed included.
    ``consulted`` are the histories of what specialists were asked about its requests, ``seen`` records that hang on it
    by nothing but their ids.
    """

    folded: Folded
    last: StoredEntry
    entries: Sequence[e.Entry]
    consulted: Mapping[RequestId, Sequence[e.Entry]]
    messages: Sequence[Message]
    seen: Sequence[tuple[Code, Code]]


def purge(overlay: Overlay, whole: Whole) -> None:
    """Let all of a closed conversation go."""
    folded, last = whole.folded, whole.last
    conversation = folded.conversation
    overlay.hold_conversation(conversation)
    closed = [request for request in folded.requests if request.resolution is not None]
    events: tuple[e.Event, ...] = (
        e.ConversationPurged(
            channel_id=conversation.channel_id,
            entries=last.seq,
            head=Code(last.digest.hex()),
            messages=len(whole.messages),
        ),
        *[_figures(whole, request) for request in closed],
    )
    entry = e.Entry(
        stream=Code(conversation.id),
        seq=last.seq + 1,
        at=overlay.at,
        actor=_TIMER,
        cause=e.Cause(kind=e.CauseKind.TIMER, key=CommandKey(f"purge:{conversation.id}.{last.seq}")),
        events=events,
    )
    overlay.entries.append(entry)
    for event in events[1:]:
        projection = projection_of(event.__class__)
        assert projection is not None
        overlay.put_record(projection.after(None, event, conversation.id, entry.at, entry.actor))
    for message in whole.messages:
        overlay.put_revised(_emptied(message))
    overlay.disarm(Code(conversation.id))
    overlay.disarm(index_key(conversation.id))
    records = [(Code(each.tag), each.id) for each in folded.records]
    records += [(Code(Card.tag), Code(request.id)) for request in folded.requests]
    records.append((Code(SearchCard.tag), Code(conversation.id)))
    overlay.take_away(
        Gone(
            texts=said_in(whole.entries),
            records=(*records, *whole.seen),
            conversations=((conversation.id, last.seq),),
        )
    )


def _emptied(message: Message) -> Message:
    """What stays of a message: its native id, so that it is known when it comes again."""
    return Message(
        message.id,
        message.native,
        message.conversation_id,
        None,
        message.channel_id,
        Actor(message.author.kind, _PURGED),
        None,
        message.side,
        message.audience,
        message.sent_at,
        message.received_at,
        None,
    )


def is_emptied(message: Message) -> bool:
    """Whether this is all that stays of a purged message."""
    return message == _emptied(message)


def _figures(whole: Whole, request: Request) -> e.RequestPurged:
    conversation = whole.folded.conversation
    assert request.resolution is not None  # only closed ones are asked about
    closed_at = request.closed_at or conversation.active_at
    took = effort(whole.entries, request.id, closed_at, whole.consulted.get(request.id, ()))
    return e.RequestPurged(
        request_id=request.id,
        channel_id=request.channel_id,
        resolution=request.resolution,
        opened_at=request.opened_at,
        closed_at=closed_at,
        answered_at=_answered_at(whole.messages, request),
        assignee=request.assignee,
        team=request.team,
        queue=request.queue,
        theme=request.theme,
        level=request.level,
        severity=request.severity,
        status=request.status,
        parent=request.parent,
        tags=conversation.tags,
        sentiment=conversation.sentiment,
        language=conversation.language,
        held_seconds=took.held.total_seconds(),
        contacted=took.contacted,
        tools=took.tools,
        escalations=took.escalations,
    )


def _answered_at(messages: Iterable[Message], request: Request) -> datetime | None:
    """When a colleague first wrote to the customer after the request was opened; what bots say does not count."""
    answers = [
        each.sent_at
        for each in messages
        if each.side is Side.TEAM
        and each.author.kind is ActorKind.AGENT
        and each.audience is Audience.CUSTOMER
        and each.request_id in (None, request.id)
        and each.sent_at >= request.opened_at
    ]
    return min(answers, default=None)
