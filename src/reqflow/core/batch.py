"""One commit as a value: everything that one operation changes, with what it relied on.

A store applies all of a `Batch` or nothing. It is the only way anything is written.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from .commands import Observation
from .effects import QueuedEffect
from .events import Entry
from .facts import DeskDocument, Outcome
from .model import (
    AgentId,
    AgentLoad,
    ChannelId,
    Code,
    CommandKey,
    Conversation,
    ConversationId,
    Lane,
    Message,
    NativeId,
    Profile,
    ProfileId,
    Request,
    RequestId,
    Text,
    TextId,
    Workspace,
)
from .records.root import Record
from .values import value

__all__ = [
    "Absorbed",
    "Adopted",
    "Batch",
    "Gone",
    "Hold",
    "HoldKind",
    "InboxItem",
    "Lease",
    "LeaseQueue",
    "LoadChange",
    "RecordPut",
    "ThreadKey",
    "Timer",
]


class HoldKind(StrEnum):
    """What kind of row a batch relies on without writing it."""

    CONVERSATION = "conversation"
    AGENT = "agent"
    LANE = "lane"
    RECORD = "record"
    """Its id is ``kind id``, with a space between."""


@value
class Hold:
    """A guard: this row must still have this version (0: must not exist). Else `Conflict`."""

    kind: HoldKind
    id: str
    version: int


@value
class ThreadKey:
    """A native id of a channel that leads to a conversation though no message row has it.

    Either others answered that message before it arrived, or it is the transport's id of what the desk posted.
    """

    channel_id: ChannelId
    native: NativeId
    conversation_id: ConversationId


@value
class Absorbed:
    """All messages and thread keys of ``other`` move to ``into``.

    The messages get ``request_id``, those with ``top`` also ``group_at``.
    """

    other: ConversationId
    into: ConversationId
    request_id: RequestId
    group_at: datetime


@value
class Adopted:
    """Messages of the conversation without a request, sent at or after ``since_at``, get ``request_id``."""

    conversation_id: ConversationId
    request_id: RequestId
    since_at: datetime


@value
class LoadChange:
    """Adds ``delta`` to an agent's load and one to its version; a later ``chosen_at`` replaces the known one."""

    agent: AgentId
    delta: int
    chosen_at: datetime | None = None


@value
class RecordPut:
    """A record's new state; it replaces version ``replaces`` (0: there must not be one yet)."""

    record: Record
    replaces: int = 0


@value(kw_only=True)
class Gone:
    """What is taken away for good, by an erasure or a purge. What is not there any more does not matter.

    Attributes:
        erased: texts that are emptied; their rows stay.
        texts: texts whose rows go.
        profiles: their rows go, their lanes, and all that waits of them in the inbox, leased and parked items too.
        records: kind and id of records that go, with what they are found by.
        conversations: their rows go, with all requests, thread keys and effects, and their history up to the entry of
            the number given. Of messages nothing goes. A `Hold` guards the version.
    """

    erased: tuple[TextId, ...] = ()
    texts: tuple[TextId, ...] = ()
    profiles: tuple[ProfileId, ...] = ()
    records: tuple[tuple[Code, Code], ...] = ()
    conversations: tuple[tuple[ConversationId, int], ...] = ()

    def and_also(self, more: Gone) -> Gone:
        """Both of what is named."""
        return Gone(
            erased=self.erased + more.erased,
            texts=self.texts + more.texts,
            profiles=self.profiles + more.profiles,
            records=self.records + more.records,
            conversations=self.conversations + more.conversations,
        )


@value
class Timer:
    """Something to ask later. ``key`` is a conversation's id or ``drain:QUEUE``; one timer per key."""

    key: Code
    due_at: datetime


@value(kw_only=True)
class InboxItem:
    """An accepted message, or change of one, that waits to be handled. Items of one ``lane`` are handled in order."""

    key: CommandKey
    lane: Code
    inbound: Observation
    accepted_at: datetime


class LeaseQueue(StrEnum):
    """The three leased queues; they have one shape."""

    INBOX = "inbox"
    OUTBOX = "outbox"
    AGENDA = "agenda"


@value(kw_only=True)
class Lease:
    """The right to work on one queued item until it expires. ``fence`` rises with every lease of it.

    ``attempts`` counts the leases of this item so far, this one included; ``lost`` those that ended without a word
    since it was last given back as tried: their owner died, or took longer.
    """

    queue: LeaseQueue
    id: str
    fence: int
    attempts: int
    item: InboxItem | QueuedEffect | Timer
    lost: int = 0


@value(kw_only=True)
class Batch:
    """One commit. All of it is stored, or a `StoreError` is raised and nothing is.

    Attributes:
        workspace: leads every key.
        at: when it was decided.
        holds: rows relied on and not written.
        entries: history; each ``seq`` must be the next of its stream.
        conversations: new states; version n replaces n - k, where k is the number of its entries in this batch
            (version k must not exist yet).
        requests: new states of requests; protected by their conversation's version.
        lanes: new states; version n replaces n - 1, version 1 must not exist yet.
        records: new states of the smaller kinds of rows, each record once, with the version that it replaces. Its
            keys take the place of those that it was found by before.
        messages: new rows; a known (channel, native) is a `Duplicate`.
        revised: rows as they are now, with the same ids and native ids; protected by their conversation's version.
            One that is not there is a `Conflict`.
        absorbed, adopted: set-wise changes of message rows, made in this order after the inserts and revisions.
        threads: thread keys; one that exists with another target is a `Conflict`.
        texts, profiles: rows that are written if they are absent.
        loads: changes of agents' loads.
        effects: go to the outbox. cancelled: conversations whose undelivered effects are cancelled.
        armed: timers; an armed one keeps the earlier due. disarmed: keys of timers that go.
        inbox: accepted messages; a known key is a `Duplicate`. inbox_limit: so many may wait there and no more, or it
            is `Overloaded`; those parked do not count, and writers at the same moment may not see each other's.
        outcomes: what became of which command; a known key is a `Duplicate`.
        consumed: leases whose items are done; one that was lost is a `StaleLease`.
        gone: what is taken away; nothing of it is written by the same batch, but for the history that goes on.
        desk: the next revision of the desk document.
        restoring: state rows are put as they are, whatever was there, and ``agents`` with them; the requests and
            messages of the conversations named are replaced. For `rebuild` only.
    """

    workspace: Workspace
    at: datetime
    holds: tuple[Hold, ...] = ()
    entries: tuple[Entry, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    requests: tuple[Request, ...] = ()
    lanes: tuple[Lane, ...] = ()
    records: tuple[RecordPut, ...] = ()
    messages: tuple[Message, ...] = ()
    revised: tuple[Message, ...] = ()
    absorbed: tuple[Absorbed, ...] = ()
    adopted: tuple[Adopted, ...] = ()
    threads: tuple[ThreadKey, ...] = ()
    texts: tuple[Text, ...] = ()
    profiles: tuple[Profile, ...] = ()
    loads: tuple[LoadChange, ...] = ()
    effects: tuple[QueuedEffect, ...] = ()
    cancelled: tuple[ConversationId, ...] = ()
    armed: tuple[Timer, ...] = ()
    disarmed: tuple[Code, ...] = ()
    inbox: tuple[InboxItem, ...] = ()
    inbox_limit: int | None = None
    outcomes: tuple[tuple[CommandKey, Outcome], ...] = ()
    consumed: tuple[Lease, ...] = ()
    gone: Gone | None = None
    desk: DeskDocument | None = None
    restoring: bool = False
    agents: tuple[AgentLoad, ...] = ()
