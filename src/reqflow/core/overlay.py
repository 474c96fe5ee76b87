"""What is known while deciding: the recalled facts, and on top of them what was decided just now.

One overlay serves one commit, whether it holds one operation or a hundred: later operations see what
earlier ones decided. What nobody has recalled yet raises `Missing`, and the flow asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from datetime import datetime
from typing import Any

from .batch import Absorbed, Adopted, Batch, Hold, HoldKind, Lease, LoadChange, ThreadKey, Timer
from .effects import QueuedEffect
from .events import Entry
from .evolution import trim
from .facts import (
    NEIGHBOURS,
    Answer,
    Neighbours,
    Outcome,
    Want,
    WantConversation,
    WantLane,
    WantLastOpen,
    WantMessage,
    WantNeighbours,
    WantOutcome,
    WantRequest,
    WantThread,
)
from .model import (
    AgentId,
    ChannelId,
    Code,
    CommandKey,
    Conversation,
    ConversationId,
    Lane,
    Message,
    MessageId,
    NativeId,
    Profile,
    ProfileId,
    Request,
    RequestId,
    Text,
)
from .settings import Desk
from .timers import next_due
from .values import changed

__all__ = ["Missing", "Overlay", "Unsettled"]


class Missing(Exception):
    """A decision needs these facts too. Caught by the flow, never seen by users."""

    def __init__(self, *wants: Want) -> None:
        self.wants = wants
        super().__init__(*wants)


class Unsettled(Exception):
    """What an operation needs depends on undecided neighbours in the same batch: commit those first."""


_DECISIONS = (
    "entries",
    "texts",
    "profiles",
    "absorbed",
    "adopted",
    "threads",
    "effects",
    "cancelled",
    "consumed",
    "_moved",
    "_stored",
    "_current",
    "_requests",
    "_messages",
    "_tops",
    "_lanes",
    "_loads",
    "_outcomes",
    "armed",
    "holds",
)


class Overlay:
    """Facts, and decisions on top of them; becomes one `Batch`."""

    def __init__(self, desk: Desk, at: datetime) -> None:
        self.desk = desk
        self.at = at
        self._answers: dict[tuple[Any, ...], Answer] = {}
        self._recalled: dict[ConversationId, Conversation] = {}
        self._stored: dict[ConversationId, Conversation | None] = {}
        self._current: dict[ConversationId, Conversation] = {}
        self._requests: dict[RequestId, Request] = {}
        self._messages: dict[tuple[ChannelId, NativeId], Message] = {}
        self._tops: dict[tuple[ChannelId, ProfileId], list[tuple[datetime, MessageId, Message]]] = {}
        self._lanes: dict[tuple[ChannelId, ProfileId], Lane] = {}
        self._moved: set[ConversationId] = set()
        self._loads: dict[AgentId, LoadChange] = {}
        self._outcomes: dict[CommandKey, Outcome] = {}
        self.entries: list[Entry] = []
        self.absorbed: list[Absorbed] = []
        self.adopted: list[Adopted] = []
        self.threads: list[ThreadKey] = []
        self.texts: list[Text] = []
        self.profiles: list[Profile] = []
        self.effects: list[QueuedEffect] = []
        self.cancelled: list[ConversationId] = []
        self.armed: dict[Code, datetime] = {}
        self.holds: dict[tuple[HoldKind, str], Hold] = {}
        self.consumed: list[Lease] = []

    def again(self) -> Overlay:
        """The same facts, and nothing decided."""
        fresh = Overlay(self.desk, self.at)
        fresh._answers = self._answers
        fresh._recalled = self._recalled
        return fresh

    # --- facts ---

    def learn(self, wants: Sequence[Want], answers: Sequence[Answer]) -> None:
        """Take in what was recalled."""
        self._answers.update(zip(wants, answers, strict=True))
        for answer in answers:
            if answer is None:
                continue
            found = answer[1] if isinstance(answer, tuple) and len(answer) == 2 else answer
            if isinstance(found, Conversation):  # as first recalled: if it changed since, that is a conflict
                self._recalled.setdefault(found.id, found)

    def fact(self, want: Want) -> Any:
        """The answer to a want, as it was recalled. Raises `Missing`."""
        try:
            return self._answers[want]
        except KeyError:
            raise Missing(want) from None

    def facts(self, *wants: Want) -> tuple[Any, ...]:
        """The answers to several wants. Raises `Missing` for all that are unknown, to be asked in one go."""
        unknown = [want for want in wants if want not in self._answers]
        if unknown:
            raise Missing(*unknown)
        return tuple(self._answers[want] for want in wants)

    def _known(self, kind: Callable[..., Want], *content: Any) -> Any:
        """The answer to a want of this content, its word at the end. Raises `Missing`.

        A want is a tuple, and found by any equal one: most need not be made again to be looked up.
        """
        try:
            return self._answers[content]
        except KeyError:
            raise Missing(kind(*content)) from None

    def message(self, channel: ChannelId, native: NativeId) -> Message | None:
        """The message with this native id."""
        found = self._messages.get((channel, native)) if self._messages else None
        answer: Message | None = found or self._known(WantMessage, channel, native, "message")
        return answer

    def outcome(self, key: CommandKey) -> Outcome | None:
        """What became of a command with this key."""
        answer: Outcome | None = self._outcomes.get(key) or self._known(WantOutcome, key, "outcome")
        return answer

    def conversation(self, conversation_id: ConversationId) -> Conversation | None:
        """A conversation as it stands now."""
        found = self._current.get(conversation_id) or self._recalled.get(conversation_id)
        answer: Conversation | None = found or self.fact(WantConversation(conversation_id))
        return answer

    def recall(self, conversations: Iterable[ConversationId]) -> None:
        """Make sure that these are known, all in one go. Raises `Missing`."""
        unknown = tuple(
            want
            for each in conversations
            if (want := WantConversation(each)) not in self._answers
            and each not in self._current
            and each not in self._recalled
        )
        if unknown:
            raise Missing(*unknown)

    def _now(self, recalled: Conversation | None) -> Conversation | None:
        if recalled is None or not self._current:
            return recalled
        return self._current.get(recalled.id, recalled)

    def lane(
        self, channel: ChannelId, profile: ProfileId
    ) -> tuple[int, ConversationId | None, Conversation | None]:
        """A lane's version, and the conversation that it opened last, by id and as it stands now.

        The version counts this commit once, however many messages it brings.
        """
        decided = self._lanes.get((channel, profile)) if self._lanes else None
        if decided is not None:
            opened = decided.conversation_id
            return decided.version, opened, self.conversation(opened) if opened else None
        lane, conversation = self._known(WantLane, channel, profile, "lane")
        if lane is None:
            return 0, None, None
        return lane.version, lane.conversation_id, self._now(conversation)

    def lane_place(self, channel: ChannelId, profile: ProfileId) -> int:
        """The lane's version after this commit, by which a conversation that it opens is known as the latest."""
        lane = self.fact(WantLane(channel, profile))[0]
        decided = self._lanes.get((channel, profile))
        if decided is not None and decided.conversation_id != (lane and lane.conversation_id):
            raise Unsettled  # one commit opens one: or nobody could tell which was the latest
        return (lane.version if lane else 0) + 1

    def thread(self, channel: ChannelId, natives: tuple[NativeId, ...]) -> Conversation | None:
        """The conversation that the last known of these messages belongs to."""
        if self._messages:
            for native in reversed(natives):
                message = self._messages.get((channel, native))
                if message is not None:
                    return self.conversation(message.conversation_id)
        for key in self.threads:
            if key.channel_id == channel and key.native in natives:
                return self.conversation(key.conversation_id)
        return self._now(self._known(WantThread, channel, natives, "thread"))

    def replied_request(self, channel: ChannelId, natives: Sequence[NativeId]) -> RequestId | None:
        """The request of the last known of these messages that has one."""
        if self.absorbed or self.adopted:
            raise Unsettled  # which request a message belongs to is changing
        for native in reversed(natives):
            message = self.message(channel, native)
            if message is not None and message.request_id is not None:
                return message.request_id
        return None

    def request(self, request_id: RequestId) -> tuple[Request | None, Conversation | None]:
        """A request and its conversation as they stand now."""
        known = self._requests.get(request_id)
        if known is not None:
            return known, self.conversation(known.conversation_id)
        request, conversation = self._known(WantRequest, request_id, "request")
        return request, self._now(conversation)

    def last_open(self, channel: ChannelId) -> Conversation | None:
        """The conversation of the channel's open request that was opened last."""
        if any(request.channel_id == channel for request in self._requests.values()):
            raise Unsettled
        return self._now(self.fact(WantLastOpen(channel)))

    def neighbours(
        self, channel: ChannelId, profile: ProfileId, sent_at: datetime, message_id: MessageId
    ) -> Neighbours:
        """The author's top messages around a moment."""
        found: Neighbours = self.fact(WantNeighbours(channel, profile, sent_at, message_id))
        decided = self._tops.get((channel, profile))
        if not decided:
            return found
        if self.absorbed or self.adopted:
            raise Unsettled  # rows that were recalled have moved since
        place = (sent_at, message_id)
        before = [found.before] if found.before else []
        before += [each for at, mid, each in decided if (at, mid) < place]
        after = [*found.after, *(each for at, mid, each in decided if (at, mid) > place)]
        return Neighbours(
            max(before, key=lambda m: (m.sent_at, m.id), default=None),
            tuple(sorted(after, key=lambda m: (m.sent_at, m.id))[:NEIGHBOURS]),
        )

    # --- decisions ---

    def save(self) -> dict[str, Any]:
        """What was decided so far, to go back to when an operation turns out not to be decidable yet."""
        return {name: copy(getattr(self, name)) for name in _DECISIONS}

    def restore(self, saved: dict[str, Any]) -> None:
        """Forget what was decided since `save`."""
        for name, content in saved.items():
            setattr(self, name, content)

    def put_conversation(self, before: Conversation | None, after: Conversation, *, sooner: bool) -> None:
        """The conversation's new state; ``before`` is what the operation started from.

        ``sooner`` says that a deadline may have come nearer: then its timer is looked at.
        """
        key = after.id
        if key not in self._stored:
            self._stored[key] = before
        self._current[key] = after if len(after.closed) <= 1 else trim(after)
        if sooner:
            self._moved.add(key)

    def put_request(self, request: Request) -> None:
        """A request's new state."""
        self._requests[request.id] = request

    def put_message(self, message: Message) -> None:
        """A new message row."""
        self._messages[message.channel_id, message.native] = message
        if message.top and message.profile_id is not None:
            place = (message.channel_id, message.profile_id)
            row = (message.sent_at, message.id, message)
            others = self._tops.get(place)
            self._tops[place] = sorted([*others, row], key=lambda each: each[:2]) if others else [row]

    def put_lane(self, lane: Lane) -> None:
        """A lane's new state: one version on, however often it is put in one commit."""
        place = (lane.channel_id, lane.profile_id)
        decided = self._lanes.get(place)
        self._lanes[place] = lane if decided is None else changed(lane, version=decided.version)

    def cancel(self, conversations: frozenset[ConversationId]) -> None:
        """Let nothing of these conversations leave that has not left yet, this commit's effects included."""
        self.cancelled += sorted(conversations)
        self.effects = [each for each in self.effects if _about(each) not in conversations]

    def put_outcome(self, key: CommandKey, outcome: Outcome) -> None:
        """What became of a command."""
        self._outcomes[key] = outcome

    def add_load(self, agent: AgentId, delta: int, chosen_at: datetime | None = None) -> None:
        """Count an assigned request more or fewer for an agent."""
        known = self._loads.get(agent, LoadChange(agent, 0))
        self._loads[agent] = LoadChange(agent, known.delta + delta, chosen_at or known.chosen_at)

    def hold(self, kind: HoldKind, key: str, version: int) -> None:
        """Rely on a row that is not written."""
        self.holds[kind, key] = Hold(kind, key, version)

    def arm(self, key: Code, due_at: datetime) -> None:
        """Ask again at ``due_at``, or earlier if that was armed already."""
        known = self.armed.get(key)
        self.armed[key] = due_at if known is None else min(known, due_at)

    def due_at(self, conversation: Conversation) -> datetime | None:
        """When the conversation's timer is due."""
        return next_due(conversation, self.desk.settings(conversation.channel_id))

    # --- the commit ---

    @property
    def is_empty(self) -> bool:
        """True while nothing would be written."""
        return not (self.entries or self._outcomes or self.consumed or self.armed or self._lanes)

    def batch(self) -> Batch:
        """Everything decided, as one commit."""
        disarmed: list[Code] = []
        for conversation_id in self._moved:
            before, after = self._stored[conversation_id], self._current[conversation_id]
            self._schedule(before, after, disarmed)
        parts: dict[str, Any] = {}  # only what there is: most kinds of parts are empty in most commits
        if self._lanes:
            parts["lanes"] = tuple(self._lanes.values())
        if self._outcomes:
            parts["outcomes"] = tuple(self._outcomes.items())
        if self._loads:
            parts["loads"] = tuple([each for each in self._loads.values() if each.delta or each.chosen_at])
        if self.armed:
            parts["armed"] = tuple([Timer(key, due_at) for key, due_at in self.armed.items()])
        if disarmed:
            parts["disarmed"] = tuple(disarmed)
        if self.profiles or self.threads or self.consumed:
            parts["profiles"] = tuple(self.profiles)
            parts["threads"] = tuple(self.threads)
            parts["consumed"] = tuple(self.consumed)
        if self.absorbed or self.adopted or self.cancelled or self.holds:
            parts["absorbed"] = tuple(self.absorbed)
            parts["adopted"] = tuple(self.adopted)
            parts["cancelled"] = tuple(self.cancelled)
            parts["holds"] = tuple(self.holds.values())
        return Batch(
            workspace=self.desk.workspace,
            at=self.at,
            entries=tuple(self.entries),
            conversations=tuple(self._current.values()),
            requests=tuple(self._requests.values()),
            messages=tuple(self._messages.values()),
            texts=tuple(self.texts),
            effects=tuple(self.effects),
            **parts,
        )

    def _schedule(self, before: Conversation | None, after: Conversation, disarmed: list[Code]) -> None:
        """Arm the conversation's timer if it is due earlier than before, disarm it if nothing is."""
        settings = self.desk.settings(after.channel_id)
        due_before = next_due(before, settings) if before is not None else None
        due_after = next_due(after, settings)
        key = Code(after.id)
        fired = bool(self.consumed) and any(lease.id == key for lease in self.consumed)
        if due_after is None:
            # what ends may have a timer of older settings, even where today's would give it none
            ends = before is not None and before.is_open and not after.is_open
            if (due_before is not None or ends) and not fired:
                disarmed.append(key)
        elif fired or due_before is None or due_after < due_before:
            self.arm(key, due_after)


def _about(queued: QueuedEffect) -> ConversationId | None:
    return getattr(queued.effect, "conversation_id", None)
