"""Values to columns and back."""

from __future__ import annotations

import json
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

from ...codec import dump, load, load_events
from ...core.events import Cause, CauseKind, Entry
from ...core.facts import Outcome, OutcomeKind
from ...core.model import (
    Actor,
    ActorKind,
    Attachment,
    Audience,
    Code,
    Conversation,
    Delivery,
    Message,
    Request,
    Side,
    TextRef,
)
from ...core.values import value
from ...errors import CorruptRecord
from ..storable import micros

__all__ = [
    "MESSAGE_COLUMNS",
    "as_conversation",
    "as_entry",
    "as_message",
    "as_moment",
    "as_outcome",
    "as_request",
    "conversation_document",
    "message_row",
    "micros",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_TEXT = (None,) * 4


def as_moment(stored: int) -> datetime:
    """The moment that `micros` counted."""
    return _EPOCH + timedelta(microseconds=stored)


class _Recent:
    """Conversations by their documents: what was written or read lately is not decoded again.

    A document says all of a conversation, so this can never be out of date, whoever wrote it.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[str, Conversation] = OrderedDict()

    def get(self, document: str) -> Conversation | None:
        return self._known.get(document)

    def keep(self, document: str, conversation: Conversation) -> None:
        self._known[document] = conversation
        if len(self._known) > self._size:
            self._known.popitem(last=False)


_recent = _Recent(1024)


def as_conversation(document: str | None) -> Conversation | None:
    """A stored conversation."""
    if document is None:
        return None
    known = _recent.get(document)
    if known is None:
        known = load(document, Conversation, "a conversation")
        _recent.keep(document, known)
    return known


def conversation_document(conversation: Conversation) -> str:
    """What is stored of a conversation."""
    document = dump(conversation)
    _recent.keep(document, conversation)
    return document


def as_request(document: str) -> Request:
    """A stored request."""
    return load(document, Request, "a request")


MESSAGE_COLUMNS = (
    "id, channel_id, native, conversation_id, request_id, author_kind, author_id, profile_id, side, audience,"
    " sent_at, received_at, text_id, text_audience, text_owner, text_digest, thread, detected, top, group_at,"
    " more"
)


@value
class _More:
    """What most messages have nothing of: the last fields of `Message`, in their order there."""

    attachments: tuple[Attachment, ...] = ()
    unreviewed: bool = False
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    delivery: Delivery | None = None
    delivery_code: Code | None = None


_more = attrgetter("attachments", "unreviewed", "edited_at", "deleted_at", "delivery", "delivery_code")
_NO_MORE = _more(_More())


def message_row(message: Message) -> tuple[Any, ...]:
    """What is stored of a message: `MESSAGE_COLUMNS`."""
    author, text, group_at = message.author, message.text, message.group_at
    more = _more(message)
    return (
        message.id,
        message.channel_id,
        message.native,
        message.conversation_id,
        message.request_id,
        author.kind.value,
        author.id,
        message.profile_id,
        message.side.value,
        message.audience.value,
        micros(message.sent_at),
        micros(message.received_at),
        *(_NO_TEXT if text is None else (text.id, text.audience.value, text.owner, text.digest)),
        message.thread,
        message.detected,
        message.top,
        None if group_at is None else micros(group_at),
        None if more == _NO_MORE else dump(_More(*more)),
    )


def as_message(row: tuple[Any, ...]) -> Message:
    """A stored message."""
    id, channel_id, native, conversation_id, request_id, kind, author_id, profile_id, side = row[:9]
    audience, sent_at, received_at, text_id, text_audience, owner, digest = row[9:16]
    thread, detected, top, group_at, more = row[16:]
    try:
        return Message(
            id,
            native,
            conversation_id,
            request_id,
            channel_id,
            Actor(ActorKind(kind), author_id),
            profile_id,
            Side(side),
            Audience(audience),
            as_moment(sent_at),
            as_moment(received_at),
            None if text_id is None else TextRef(text_id, Audience(text_audience), owner, digest),
            thread,
            bool(detected),
            bool(top),
            None if group_at is None else as_moment(group_at),
            *(() if more is None else _more_of(more)),
        )
    except (ValueError, TypeError, OverflowError) as problem:
        raise CorruptRecord(f"message {id}: {problem}") from problem


def _more_of(document: str) -> tuple[Any, ...]:
    if not document.startswith("{"):  # where no field is required, any list would do
        raise ValueError("its last fields are no JSON object")
    more: tuple[Any, ...] = _more(load(document, _More, "the last fields of a message"))
    return more


def as_outcome(row: tuple[Any, ...]) -> Outcome:
    """A stored outcome."""
    kind, code, conversation_id, request_id, message_id, duplicate, record_id = row
    try:
        return Outcome(
            kind=OutcomeKind(kind),
            code=code,
            conversation_id=conversation_id,
            request_id=request_id,
            message_id=message_id,
            record_id=record_id,
            duplicate=bool(duplicate),
        )
    except ValueError as problem:
        raise CorruptRecord(f"an outcome: {problem}") from problem


def as_entry(stream: str, row: tuple[Any, ...]) -> Entry:
    """A stored history entry."""
    seq, at, actor_kind, actor_id, cause_kind, cause_key, rules, events = row
    where = f"history {stream}/{seq}"
    try:
        return Entry(
            stream=stream,  # type: ignore[arg-type]  # a code is a str
            seq=seq,
            at=as_moment(at),
            actor=Actor(ActorKind(actor_kind), actor_id),
            cause=Cause(
                kind=CauseKind(cause_kind), key=cause_key, rules=tuple(json.loads(rules)) if rules else ()
            ),
            events=load_events(events, where),
        )
    except (ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise CorruptRecord(f"{where}: {problem}") from problem
