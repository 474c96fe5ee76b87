"""The one loop: a command's events, what they couple to, what rules make of them, over an overlay of states.

A `Step` is one operation by one actor for one cause. It evolves states event by event, lets the coupling table
add the conversation's events, and when it is done leaves one history entry per stream, the changed rows,
effects and loads in the overlay. Rules then answer its events with steps of their own (`reqflow.core.automations`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from .. import events as e
from .. import notices, placing, records
from ..batch import Absorbed, Adopted, HoldKind, ThreadKey
from ..couplings import CLOSES_AS, COUPLED, Coupling
from ..effects import Effect, QueuedEffect
from ..evolution import begin, evolve, find_request
from ..facts import WantRecord
from ..ids import make_text, message_id
from ..model import (
    Actor,
    AgentId,
    Audience,
    Code,
    CommandKey,
    Conversation,
    ConversationId,
    Lane,
    Message,
    Profile,
    Reason,
    Request,
    RequestId,
    RequestState,
    Resolution,
    Text,
    TextRef,
)
from ..notices.reacting import Hearing, hearing
from ..records import projection_of, stream_of
from ..records.projection import Projection
from ..records.root import Record
from ..settings import ChannelSettings
from ..timers import drain_key, index_key, purge_key
from ..values import changed, finished
from .overlay import Overlay

if TYPE_CHECKING:
    from ..notices.asides import Aside

__all__ = ["Step"]

R = TypeVar("R", bound=Record)


class _Making:
    """A conversation in the making: what it was, what it is by now, and the events between."""

    __slots__ = ("after", "before", "events", "heard", "settings")

    def __init__(self, before: Conversation | None, after: Conversation, heard: Hearing) -> None:
        self.before = before
        self.after = after
        self.heard = heard
        self.settings = heard.settings
        self.events: list[e.Event] = []


class Step:
    """One operation on an overlay. `finish` leaves its result there; before that nothing is touched.

    ``author`` is the agent whose rights an automation's commands need; without one it acts for the host.
    """

    def __init__(
        self,
        overlay: Overlay,
        actor: Actor,
        cause: e.Cause,
        *,
        muted: bool = False,
        author: AgentId | None = None,
    ) -> None:
        self.overlay = overlay
        self.desk = overlay.desk
        self.at: datetime = overlay.at
        self.actor = actor
        self.cause = cause
        self.muted = muted
        self.author = author
        self._making: dict[ConversationId, _Making] = {}
        self._records: dict[tuple[str, str], Record] = {}
        self._own: list[e.Entry] = []
        self._effects: list[QueuedEffect] = []
        self._asides: list[Aside] = []
        self._chosen: dict[AgentId, datetime] = {}
        self.message: Message | None = None
        self._revised: list[Message] = []
        self.texts: list[Text] = []
        self.profiles: list[Profile] = []
        self.threads: list[ThreadKey] = []
        self.absorbed: list[Absorbed] = []
        self.adopted: list[Adopted] = []
        self.lane: Lane | None = None

    @property
    def key(self) -> str:
        """Names this step among all: its cause, and the rules on the way from there."""
        rules = self.cause.rules
        return ".".join((self.cause.key, *rules)) if rules else self.cause.key

    def conversation(self, conversation_id: ConversationId) -> Conversation | None:
        """The conversation as this step has made it so far."""
        making = self._making.get(conversation_id)
        return self.overlay.conversation(conversation_id) if making is None else making.after

    def before(self, conversation_id: ConversationId) -> Conversation | None:
        """The conversation as this step found it; None if it began here, or was not touched."""
        making = self._making.get(conversation_id)
        return making.before if making is not None else None

    def bring_back(self, conversation: Conversation, request: Request) -> None:
        """Let the state hold a closed request for this step that it had let go of."""
        if find_request(conversation, request.id) is None:
            held = changed(conversation, closed=(request, *conversation.closed))
            self._making[conversation.id] = _Making(held, held, self._heard_in(held))

    def emit(self, conversation_id: ConversationId, *events: e.Event) -> None:
        """Let events happen in a conversation, and whatever they couple to."""
        making = self._making.get(conversation_id)
        for event in events:
            if making is None:
                making = self._begin(conversation_id, event)
            else:
                making.after = evolve(making.after, event, self.at, self.actor)
            making.events.append(event)
            projection = projection_of(event.__class__)
            if projection is not None:
                self._project(projection, event, conversation_id)
            after = making.after
            for reaction in making.heard[event.__class__]:
                reaction(self, after, event, making.settings)
            couplings = COUPLED.get(event.tag)
            if couplings is not None:
                coupling = couplings.get(after.state)  # a request's event leaves this as it was
                if coupling is not None:
                    self._couple(coupling, after, event)

    def revise(self, message: Message, event: e.Event) -> Message:
        """Let an event happen to a message that was placed before; returns its row after it."""
        after = placing.revised(message, event)
        self._revised.append(after)
        self.emit(message.conversation_id, event)
        return after

    def _begin(self, conversation_id: ConversationId, event: e.Event) -> _Making:
        """The making of a conversation that this step has not touched yet, after its first event."""
        if isinstance(event, e.ConversationOpened):
            before, after = None, begin(event)
        else:
            before = self.overlay.conversation(conversation_id)
            if before is None:
                raise LookupError(f"{event.tag}: no conversation {conversation_id}")
            after = evolve(before, event, self.at, self.actor)
        making = self._making[conversation_id] = _Making(before, after, self._heard_in(after))
        return making

    def _heard_in(self, conversation: Conversation) -> Hearing:
        return hearing(self.desk, conversation.channel_id, ruled=bool(self.overlay.notice_rules))

    # --- records ---

    def new_id(self, letter: str) -> Code:
        """A fresh id of a record: it begins with this letter and sorts by the moment; a retry makes it again."""
        place = len(self._records) + len(self.texts)
        return Code(letter + message_id(CommandKey(f"{letter}:{self.key}:{place}"), self.at)[1:])

    def record(self, kind: type[R], id: str) -> R | None:
        """A record as this step has made it so far."""
        found: Any = self._records.get((kind.tag, id)) or self.overlay.record(kind.tag, id)
        return found  # type: ignore[no-any-return]  # the kind goes with the tag

    def change(self, event: e.Event) -> Record:
        """Let an event happen to a record that has a history of its own; returns the record after it."""
        projection = projection_of(event.__class__)
        if projection is None:
            raise LookupError(f"{event.tag} bears on no record")
        record = self._project(projection, event, None)
        self._own.append(
            e.Entry(
                stream=Code(stream_of(record.tag, record.id)),
                seq=record.version,
                at=self.at,
                actor=self.actor,
                cause=self.cause,
                events=(event,),
            )
        )
        return record

    def put(self, record: Record) -> None:
        """The new state of a record without history, one version on."""
        self._records[record.tag, record.id] = record

    def rely_on(self, record: Record) -> None:
        """Rely on a record that this step only reads."""
        if (record.tag, record.id) not in self._records:
            self.overlay.rely_on(record)

    def _project(
        self, projection: Projection, event: e.Event, conversation_id: ConversationId | None
    ) -> Record:
        kind, id = projection.kind, projection.place(event, conversation_id)
        old = None if projection.begins else self.record(kind, id)
        stream = conversation_id or stream_of(kind.tag, id)
        record = projection.after(old, event, stream, self.at, self.actor)
        self._records[kind.tag, id] = record
        return record

    def queue(self, destination: Code, effect: Effect, collapse: Code | None = None) -> None:
        """Have something done outside after the commit, in the order of the destination."""
        self._effects.append(
            QueuedEffect(
                id=Code(f"{self.key}.{len(self._effects)}"),
                destination=destination,
                effect=effect,
                queued_at=self.at,
                muted=self.muted,
                collapse=collapse,
            )
        )

    def say_after(self, conversation_id: ConversationId, bot: Code, body: str) -> None:
        """Let a bot of the desk say something to the customer, in a step of its own after this one."""
        self._asides.append((conversation_id, bot, body))

    def _couple(self, coupling: Coupling, conversation: Conversation, event: e.Event) -> None:
        match coupling:
            case Coupling.ACCEPT:
                request = find_request(conversation, event.request_id)  # type: ignore[attr-defined]
                if request is not None and request.assignee and request.state is RequestState.ASSIGNED:
                    reason = Reason(Code("request_assigned"))
                    accepted = e.ConversationAccepted(holder=request.assignee, reason=reason)
                    self.emit(conversation.id, accepted)
            case Coupling.FOLLOW:
                self._follow(conversation, event)
            case Coupling.BEGIN_REVIEW:
                self.emit(conversation.id, e.ConversationReviewStarted())
            case Coupling.END_REVIEW_IF_LAST:
                if not conversation.drafts:
                    self.emit(conversation.id, e.ConversationReviewEnded())
            case Coupling.WITHDRAW_DRAFTS:
                if conversation.drafts:
                    self._withdraw_drafts(conversation, Code(event.tag.replace(".", "_")))
            case Coupling.CLOSE_IF_LAST if isinstance(event, e.RequestClosed):
                if not conversation.requests:
                    self._end(conversation, event)
            case _:
                raise LookupError(f"{event.tag} cannot happen in a {conversation.state} conversation")

    def _end(self, conversation: Conversation, event: e.RequestClosed) -> None:
        """The last open request is closed: the conversation closes too, or goes on as talk if it was none."""
        holder, settings = conversation.holder, self.desk.settings(conversation.channel_id)
        if event.resolution is Resolution.NOT_A_REQUEST:
            if holder is not None:
                reason = Reason(Code("not_a_request"))
                self.emit(conversation.id, e.ConversationReleased(previous=holder, reason=reason))
        elif settings.close_with_last_request:
            reason, why = Reason(Code("last_request_closed")), CLOSES_AS[event.resolution]
            self.emit(conversation.id, e.ConversationClosed(close_reason=why, reason=reason))

    def _follow(self, conversation: Conversation, event: e.Event) -> None:
        holder = conversation.holder
        previous = getattr(event, "previous", None)
        if holder is None or previous != holder:
            return
        if any(request.assignee == holder for request in conversation.requests):
            return
        heir = next((r.assignee for r in conversation.requests if r.assignee is not None), None)
        reason = Reason(Code("request_moved"))
        if heir is None:
            self.emit(conversation.id, e.ConversationReleased(previous=holder, reason=reason))
        else:
            handed = e.ConversationHandedOver(holder=heir, previous=holder, reason=reason)
            self.emit(conversation.id, handed)

    def _withdraw_drafts(self, conversation: Conversation, why: Code) -> None:
        waiting = conversation.drafts
        self.overlay.facts(*[WantRecord(Code(records.Draft.tag), each) for each in waiting])  # all in one go
        for each in waiting:
            found = self.record(records.Draft, each)
            if found is None:
                raise LookupError(f"{conversation.id} waits for {each}, which is no draft")
            self.emit(
                conversation.id,
                e.DraftWithdrawn(draft_id=each, author=found.author, reason=Reason(why)),
            )

    def write(self, body: str, source: str, part: str, audience: Audience = Audience.INTERNAL) -> TextRef:
        """Put a text of the actor on record; ``source`` and ``part`` name it (see `make_text`)."""
        text = make_text(body, source, part, audience, self.actor.id, self.desk.salt)
        self.texts.append(text)
        return text.ref

    def chose(self, agent: AgentId, version: int) -> None:
        """A policy chose this agent, relying on their load as it was at ``version``."""
        self._chosen[agent] = self.at
        self.overlay.hold(HoldKind.AGENT, agent, version)

    # --- the end of the step ---

    def finish(self) -> Mapping[ConversationId, Sequence[e.Event]]:
        """Leave the result in the overlay; returns the events of each stream."""
        overlay = self.overlay
        happened: dict[ConversationId, Sequence[e.Event]] = {}
        for conversation_id, making in self._making.items():
            if not making.events:
                continue
            before, after = making.before, making.after
            version = after.version + 1
            # events that change nothing leave the stored value, which is not ours to finish
            after = (changed if after is before else finished)(after, version=version)
            happened[conversation_id] = making.events
            overlay.put_conversation(before, after, sooner=self._may_hasten(making))
            if not after.is_open and before is not None and before.is_open:
                self._arm_closed(after, making.settings)
            overlay.entries.append(
                e.Entry(
                    stream=Code(conversation_id),
                    seq=version,
                    at=self.at,
                    actor=self.actor,
                    cause=self.cause,
                    events=tuple(making.events),
                )
            )
            if before is None or before.requests is not after.requests or before.closed is not after.closed:
                self._settle_requests(before, after)
        if self.message is not None:
            overlay.put_message(self.message)
        if self.lane is not None:
            overlay.put_lane(self.lane)
        overlay.texts += self.texts
        if self.profiles or self.threads or self.absorbed or self.adopted or self._chosen or self._revised:
            self._finish_rarer()
        if self._records:
            for record in self._records.values():
                overlay.put_record(record)
            overlay.entries += self._own
        overlay.effects += self._effects
        if self._asides:
            notices.say(self, self._asides)
        return happened

    def _arm_closed(self, conversation: Conversation, settings: ChannelSettings) -> None:
        """What is to be done with a conversation once it is closed."""
        if settings.searchable:
            self.overlay.arm(index_key(conversation.id), self.at)
        if settings.purge_closed_after:
            self.overlay.arm(purge_key(conversation.channel_id), self.at + settings.purge_closed_after)

    def _may_hasten(self, making: _Making) -> bool:
        """Whether a deadline may have come nearer: words alone move deadlines away, but for settings and rules."""
        before = making.before
        if before is None or before.customer_at is None or making.settings.inactivity_only_when_answered:
            return True
        return not _WORDS.issuperset(map(type, making.events)) or bool(self.desk.waits(before.channel_id))

    def _finish_rarer(self) -> None:
        overlay = self.overlay
        for message in self._revised:
            overlay.put_revised(message)
        overlay.profiles += self.profiles
        overlay.threads += self.threads
        overlay.absorbed += self.absorbed
        overlay.adopted += self.adopted
        if self.absorbed:
            overlay.cancel(frozenset(each.other for each in self.absorbed))
        for agent, chosen_at in self._chosen.items():
            overlay.add_load(agent, 0, chosen_at)

    def _settle_requests(self, before: Conversation | None, after: Conversation) -> None:
        """Put every request that changed, and count what that means for loads and queues."""
        old: dict[RequestId, Request] = {}
        if before is not None:
            for request in before.requests:
                old[request.id] = request
            for request in before.closed:
                old[request.id] = request
        for requests in (after.requests, after.closed):
            for request in requests:
                was = old.get(request.id)
                if request is not was:
                    self._settle_request(was, request)

    def _settle_request(self, was: Request | None, request: Request) -> None:
        self.overlay.put_request(request)
        freed, taken = _counted(was), _counted(request)
        if freed != taken:
            if freed is not None:
                self.overlay.add_load(freed, -1)
                for queue in self.desk.queues_of(freed):
                    self.overlay.arm(drain_key(queue), self.at)
            if taken is not None:
                self.overlay.add_load(taken, 1)
        if request.queue is not None:
            self._let_wait(was, request)

    def _let_wait(self, was: Request | None, request: Request) -> None:
        """Work that now waits in a queue with a policy asks to be handed out, in the same commit."""
        queue = self.desk.queues.get(request.queue) if request.queue else None
        if queue is None or queue.policy is None or request.state is not RequestState.UNASSIGNED:
            return
        if was is None or was.state is not RequestState.UNASSIGNED or was.queue != request.queue:
            self.overlay.arm(drain_key(queue.id), self.at)


_WORDS = frozenset(e.MESSAGE_EVENTS)
_ASSIGNED = RequestState.ASSIGNED


def _counted(request: Request | None) -> AgentId | None:
    """Whose load a request counts in: its assignee's, while it is worked on."""
    if request is None or request.state is not _ASSIGNED:
        return None
    return request.assignee
