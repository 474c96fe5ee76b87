"""What is known while deciding: the recalled facts, and on top of them what was decided just now.

One overlay serves one commit, whether it holds one operation or a hundred: later operations see what
earlier ones decided. What nobody has recalled yet raises `Missing`, and the flow asks for it.
"""

from __future__ import annotations

from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..batch import Batch, Gone, Hold, HoldKind, Lease, LoadChange, RecordPut, Timer
from ..effects import QueuedEffect
from ..evolution import trim
from ..facts import Outcome, WantRecord
from ..model import (
    AgentId,
    Code,
    CommandKey,
    Conversation,
    ConversationId,
    Lane,
    Message,
    Profile,
    Request,
)
from ..records.root import Record
from ..timers import next_due
from ..values import changed
from .known import Known, Unsettled
from .recalled import Missing

if TYPE_CHECKING:
    from ..asking.signatures import Signature
    from ..notices.words import NoticeRule
    from ..settings import Desk

__all__ = ["Missing", "Overlay", "Unsettled"]


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
    "considered",
    "_moved",
    "_stored",
    "_current",
    "_requests",
    "_messages",
    "_revised",
    "_records",
    "_replaced",
    "_tops",
    "_lanes",
    "_loads",
    "_outcomes",
    "armed",
    "disarmed",
    "holds",
    "gone",
)


class Overlay(Known):
    """Facts, and decisions on top of them; becomes one `Batch`. ``notice_rules`` change who is told of what.

    ``signature`` tells questions apart where the usual one does not.
    """

    def __init__(
        self,
        desk: Desk,
        at: datetime,
        notice_rules: tuple[NoticeRule, ...] = (),
        signature: Signature | None = None,
    ) -> None:
        super().__init__()
        self.signature = signature
        self.desk = desk
        self.at = at
        self.notice_rules = notice_rules
        self._stored: dict[ConversationId, Conversation | None] = {}
        self._replaced: dict[tuple[str, str], int] = {}
        self._moved: dict[ConversationId, None] = {}  # in the order in which they did: sets have none
        self._loads: dict[AgentId, LoadChange] = {}
        self.profiles: list[Profile] = []
        self.effects: list[QueuedEffect] = []
        self.cancelled: list[ConversationId] = []
        self.armed: dict[Code, datetime] = {}
        self.disarmed: list[Code] = []
        self.holds: dict[tuple[HoldKind, str], Hold] = {}
        self.consumed: list[Lease] = []
        self.considered: list[Any] | None = None
        self.gone: Gone | None = None

    def again(self) -> Overlay:
        """The same facts, and nothing decided."""
        fresh = Overlay(self.desk, self.at, self.notice_rules, self.signature)
        fresh.share(self)
        fresh.considered = None if self.considered is None else []
        return fresh

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
            self._moved[key] = None

    def put_request(self, request: Request) -> None:
        """A request's new state."""
        self._requests[request.id] = request

    def put_message(self, message: Message) -> None:
        """A new message row."""
        self._messages[message.channel_id, message.native] = message
        self._list_top(message)

    def _list_top(self, message: Message) -> None:
        """Let grouping see the message as it is now, if it stands by itself in its channel."""
        if not message.top or message.profile_id is None:
            return
        place = (message.channel_id, message.profile_id)
        row = (message.sent_at, message.id, message)
        others = [each for each in self._tops.get(place, ()) if each[1] != message.id]
        self._tops[place] = sorted([*others, row], key=lambda each: each[:2]) if others else [row]

    def put_revised(self, message: Message) -> None:
        """A message row's new content: of one that this commit brings, or of one that is stored."""
        place = (message.channel_id, message.native)
        rows = self._messages if place in self._messages else self._revised
        rows[place] = message
        self._list_top(message)

    def put_record(self, record: Record) -> None:
        """A record's new state, some versions on."""
        place = (record.tag, record.id)
        if place not in self._replaced:
            stored = self._answers.get(WantRecord(Code(record.tag), record.id))
            self._replaced[place] = stored.version if isinstance(stored, Record) else 0
        self._records[place] = record

    def put_lane(self, lane: Lane) -> None:
        """A lane's new state: one version on, however often it is put in one commit."""
        place = (lane.channel_id, lane.profile_id)
        decided = self._lanes.get(place)
        self._lanes[place] = lane if decided is None else changed(lane, version=decided.version)

    def cancel(self, conversations: frozenset[ConversationId]) -> None:
        """Let nothing of these conversations leave that has not left yet, this commit's effects included."""
        self.cancelled += sorted(conversations)
        self.effects = [each for each in self.effects if _about(each) not in conversations]

    def take_away(self, gone: Gone) -> None:
        """Let this go for good."""
        self.gone = gone if self.gone is None else self.gone.and_also(gone)

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

    def rely_on(self, record: Record) -> None:
        """Rely on a record that this commit may not write."""
        if (record.tag, record.id) not in self._records:
            self.hold(HoldKind.RECORD, f"{record.tag} {record.id}", record.version)

    def hold_conversation(self, conversation: Conversation) -> None:
        """Rely on a conversation that this commit may not write."""
        if conversation.id not in self._current:
            self.hold(HoldKind.CONVERSATION, conversation.id, conversation.version)

    def arm(self, key: Code, due_at: datetime) -> None:
        """Ask again at ``due_at``, or earlier if that was armed already."""
        if self.disarmed and key in self.disarmed:
            self.disarmed.remove(key)
        known = self.armed.get(key)
        self.armed[key] = due_at if known is None else min(known, due_at)

    def disarm(self, key: Code) -> None:
        """Ask no more."""
        self.armed.pop(key, None)
        self.disarmed.append(key)

    def due_at(self, conversation: Conversation) -> datetime | None:
        """When the conversation's timer is due."""
        channel = conversation.channel_id
        return next_due(conversation, self.desk.settings(channel), self.desk.waits(channel))

    # --- the commit ---

    @property
    def is_empty(self) -> bool:
        """True while nothing would be written."""
        return not (
            self.entries or self._outcomes or self.consumed or self.armed or self._lanes or self._records
        )

    def batch(self) -> Batch:
        """Everything decided, as one commit."""
        disarmed = list(dict.fromkeys(self.disarmed)) if self.disarmed else []
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
        if self._records:
            parts["records"] = tuple(
                [RecordPut(record, self._replaced[place]) for place, record in self._records.items()]
            )
        if self._revised:
            parts["revised"] = tuple(self._revised.values())
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
        if self.gone is not None:
            parts["gone"] = self.gone
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
        waits = self.desk.waits(after.channel_id)
        due_before = next_due(before, settings, waits) if before is not None else None
        due_after = next_due(after, settings, waits)
        key = Code(after.id)
        fired = bool(self.consumed) and any(lease.id == key for lease in self.consumed)
        if due_after is None:
            # what ends may have a timer of older settings, even where today's would give it none; and one that
            # fired may have been armed again since, by a desk that changed
            ends = before is not None and before.is_open and not after.is_open
            if ends or (due_before is not None and not fired):
                disarmed.append(key)
        elif fired or due_before is None or due_after < due_before:
            self.arm(key, due_after)


def _about(queued: QueuedEffect) -> ConversationId | None:
    return getattr(queued.effect, "conversation_id", None)
