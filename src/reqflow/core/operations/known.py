"""What is known while deciding: what was recalled, as the decisions of the same commit have changed it since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ..batch import Absorbed, Adopted, ThreadKey
from ..events import Entry
from ..facts import (
    NEIGHBOURS,
    Neighbours,
    Outcome,
    WantConversation,
    WantEntries,
    WantLane,
    WantLastOpen,
    WantMessage,
    WantNeighbours,
    WantOutcome,
    WantPlaced,
    WantProfile,
    WantRecord,
    WantRecords,
    WantRequest,
    WantText,
    WantThread,
)
from ..model import (
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
    TextRef,
)
from ..records.root import Record
from .recalled import Missing, Recalled

__all__ = ["FARTHEST", "Known", "Unsettled"]


FARTHEST = 8
"""How many conversations after one another are followed to the one that goes on, and how many merged requests."""


class Unsettled(Exception):
    """What an operation needs depends on undecided neighbours in the same batch: commit those first."""


class Known(Recalled):
    """Facts as they stand now: every look-up sees what was decided before it. What nobody recalled raises `Missing`."""

    def __init__(self) -> None:
        super().__init__()
        self._current: dict[ConversationId, Conversation] = {}
        self._requests: dict[RequestId, Request] = {}
        self._messages: dict[tuple[ChannelId, NativeId], Message] = {}
        self._revised: dict[tuple[ChannelId, NativeId], Message] = {}
        self._records: dict[tuple[str, str], Record] = {}
        self._tops: dict[tuple[ChannelId, ProfileId], list[tuple[datetime, MessageId, Message]]] = {}
        self._lanes: dict[tuple[ChannelId, ProfileId], Lane] = {}
        self._outcomes: dict[CommandKey, Outcome] = {}
        self.entries: list[Entry] = []
        self.absorbed: list[Absorbed] = []
        self.adopted: list[Adopted] = []
        self.threads: list[ThreadKey] = []
        self.texts: list[Text] = []

    def message(self, channel: ChannelId, native: NativeId) -> Message | None:
        """The message with this native id."""
        found = self._messages.get((channel, native)) if self._messages else None
        if found is None and self._revised:
            found = self._revised.get((channel, native))
        answer: Message | None = found or self._known(WantMessage, channel, native, "message")
        return answer

    def placed(self, id: MessageId) -> tuple[Message | None, Conversation | None]:
        """The message of this id, and the conversation that it is in, as they stand now."""
        for decided in (*self._messages.values(), *self._revised.values()):
            if decided.id == id:
                return self._settled(decided)
        message: Message | None = self._known(WantPlaced, id, "placed")[0]
        return (None, None) if message is None else self._settled(message)

    def written(self, channel: ChannelId, native: NativeId) -> tuple[Message | None, Conversation | None]:
        """The same of the message with this native id."""
        message = self.message(channel, native)
        return (None, None) if message is None else self._settled(message)

    def _settled(self, message: Message) -> tuple[Message, Conversation | None]:
        """The message and its conversation, unless a neighbour in this commit moves it to where it will belong."""
        here = message.conversation_id
        if any(each.other == here for each in self.absorbed):
            raise Unsettled
        if message.request_id is None and any(each.conversation_id == here for each in self.adopted):
            raise Unsettled
        return message, self.conversation(here)

    def profile(self, id: ProfileId) -> Profile | None:
        """The profile of this id, if it is on record."""
        answer: Profile | None = self._known(WantProfile, id, "profile")
        return answer

    def entries_of(self, conversation_id: ConversationId) -> tuple[Entry, ...]:
        """The history of a conversation, with what was decided just now."""
        stream = Code(conversation_id)
        conversation = self.conversation(conversation_id)
        version = conversation.version if conversation is not None else 0
        known: tuple[Entry, ...] = self._known(WantEntries, stream, "entries")
        fresh = [each for each in self.entries if each.stream == stream]
        # later ones that were stored meanwhile make a conflict of this commit anyway
        return (*[each for each in known if each.seq <= version - len(fresh)], *fresh)

    def outcome(self, key: CommandKey) -> Outcome | None:
        """What became of a command with this key."""
        answer: Outcome | None = self._outcomes.get(key) or self._known(WantOutcome, key, "outcome")
        return answer

    def conversation(self, conversation_id: ConversationId) -> Conversation | None:
        """A conversation as it stands now."""
        found = self._current.get(conversation_id) or self._recalled.get(conversation_id)
        answer: Conversation | None = found or self.fact(WantConversation(conversation_id))
        return answer

    def continued(self, conversation: Conversation | None) -> Conversation | None:
        """Follow a closed conversation to the one that goes on for it, at most `FARTHEST` on; None if it was erased."""
        if conversation is None or conversation.is_open:
            return conversation
        seen: set[ConversationId] = set()
        while conversation is not None and not conversation.is_open and conversation.continued_in:
            if conversation.id in seen or len(seen) >= FARTHEST:
                break
            seen.add(conversation.id)
            conversation = self.conversation(conversation.continued_in)
        if conversation is not None and conversation.erased is not None:
            return None  # whoever asked was erased, and begins anew
        return conversation

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
        known = {
            mid for _, mid, _ in decided
        }  # some of them may be rows that were recalled, and revised since
        before = [found.before] if found.before and found.before.id not in known else []
        before += [each for at, mid, each in decided if (at, mid) < place]
        after = [each for each in found.after if each.id not in known]
        after += [each for at, mid, each in decided if (at, mid) > place]
        return Neighbours(
            max(before, key=lambda m: (m.sent_at, m.id), default=None),
            tuple(sorted(after, key=lambda m: (m.sent_at, m.id))[:NEIGHBOURS]),
        )

    def record(self, kind: str, id: str) -> Record | None:
        """The record of this kind and id."""
        found = self._records.get((kind, id)) if self._records else None
        answer: Record | None = found or self._known(WantRecord, kind, id, "record")
        return answer

    def records(
        self, kind: str, name: str, content: str, *, top: int = 100, newest_first: bool = False
    ) -> tuple[Record, ...]:
        """The records that have this key, as they stand now, in its order."""
        want = WantRecords(Code(kind), name, content, top, newest_first)
        found: tuple[Record, ...] = self.fact(want)
        for each in found:  # known by their ids from now on, too
            self._answers.setdefault(WantRecord(Code(kind), each.id), each)
        if not any(tag == kind for tag, _ in self._records):
            return found
        known = {each.id: each for each in found}
        known.update((each.id, each) for each in self._records.values() if each.tag == kind)
        ranked = [
            (key.rank, each.id)
            for each in known.values()
            for key in each.found_by()
            if (key.name, key.content) == (name, content)
        ]
        return tuple([known[Code(id)] for _, id in sorted(ranked, reverse=newest_first)[:top]])

    def text(self, ref: TextRef) -> str:
        """What a text says; empty once it was erased."""
        return self.said((ref,))[0]

    def said(self, refs: Sequence[TextRef]) -> tuple[str, ...]:
        """What texts say, in their order, asked for in one go."""
        decided = {each.ref.id: each.body for each in self.texts}
        self.facts(*[WantText(ref.id) for ref in refs if ref.id not in decided])
        return tuple([decided[r.id] if r.id in decided else self.fact(WantText(r.id)) for r in refs])
