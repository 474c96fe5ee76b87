"""The one loop: a command's events, what they couple to, what rules make of them, over an overlay of states.

A `Step` is one operation by one actor for one cause. It evolves states event by event, lets the coupling table
add the conversation's events, and when it is done leaves one history entry per stream, the changed rows,
effects and loads in the overlay. Rules (automations) then answer its events with commands of their own, each
a step with the rule as actor; at depth 5 that ends with an entry that says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import attrs

from ..errors import Refused, UnknownId
from . import events as e
from .batch import Absorbed, Adopted, HoldKind, ThreadKey
from .commands import Command
from .couplings import CLOSES_AS, COUPLED, Coupling
from .effects import Effect, QueuedEffect
from .evolution import begin, evolve, find_request
from .model import (
    Actor,
    ActorKind,
    AgentId,
    Code,
    Conversation,
    ConversationId,
    Lane,
    Message,
    Profile,
    Reason,
    Request,
    RequestId,
    RequestState,
    Text,
)
from .overlay import Overlay
from .reactions import REACTIONS, react
from .settings import ChannelSettings
from .timers import drain_key
from .values import changed, finished, value

__all__ = ["MAX_DEPTH", "Automation", "Step", "answer_rules"]

MAX_DEPTH = 5
"""How many rules may answer each other in one operation."""


@value(kw_only=True)
class Automation:
    """A rule as a function: on these events it may answer with commands, given in its own name.

    ``on`` holds event classes; ``then`` sees the event and the conversation after it.
    """

    name: Code
    on: frozenset[type[e.Event]]
    then: Callable[[e.Event, Conversation], Iterable[Command]]


class _Draft:
    """A conversation in the making: what it was, what it is by now, and the events between."""

    __slots__ = ("after", "before", "events", "settings")

    def __init__(self, before: Conversation | None, after: Conversation, settings: ChannelSettings) -> None:
        self.before = before
        self.after = after
        self.settings = settings
        self.events: list[e.Event] = []


class Step:
    """One operation on an overlay. `finish` leaves its result there; before that nothing is touched."""

    def __init__(self, overlay: Overlay, actor: Actor, cause: e.Cause, *, muted: bool = False) -> None:
        self.overlay = overlay
        self.desk = overlay.desk
        self.at: datetime = overlay.at
        self.actor = actor
        self.cause = cause
        self.muted = muted
        self._drafts: dict[ConversationId, _Draft] = {}
        self._effects: list[QueuedEffect] = []
        self._chosen: dict[AgentId, datetime] = {}
        self.message: Message | None = None
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
        draft = self._drafts.get(conversation_id)
        return self.overlay.conversation(conversation_id) if draft is None else draft.after

    def bring_back(self, conversation: Conversation, request: Request) -> None:
        """Let the state hold a closed request for this step that it had let go of."""
        if find_request(conversation, request.id) is None:
            held = changed(conversation, closed=(request, *conversation.closed))
            settings = self.desk.settings(conversation.channel_id)
            self._drafts[conversation.id] = _Draft(held, held, settings)

    def emit(self, conversation_id: ConversationId, *events: e.Event) -> None:
        """Let events happen in a conversation, and whatever they couple to."""
        draft = self._drafts.get(conversation_id)
        for event in events:
            if draft is None:
                draft = self._begin(conversation_id, event)
            else:
                draft.after = evolve(draft.after, event, self.at, self.actor)
            draft.events.append(event)
            after = draft.after
            if event.__class__ in REACTIONS:
                reaction = react(after, event, self.actor, draft.settings)
                if reaction is not None:
                    self._queue(*reaction)
            couplings = COUPLED.get(event.tag)
            if couplings is not None:
                coupling = couplings.get(after.state)  # a request's event leaves this as it was
                if coupling is not None:
                    self._couple(coupling, after, event)

    def _begin(self, conversation_id: ConversationId, event: e.Event) -> _Draft:
        """The draft of a conversation that this step has not touched yet, after its first event."""
        if isinstance(event, e.ConversationOpened):
            before, after = None, begin(event)
        else:
            before = self.overlay.conversation(conversation_id)
            if before is None:
                raise LookupError(f"{event.tag}: no conversation {conversation_id}")
            after = evolve(before, event, self.at, self.actor)
        draft = _Draft(before, after, self.desk.settings(after.channel_id))
        self._drafts[conversation_id] = draft
        return draft

    def _queue(self, destination: Code, effect: Effect) -> None:
        self._effects.append(
            QueuedEffect(
                id=Code(f"{self.key}.{len(self._effects)}"),
                destination=destination,
                effect=effect,
                queued_at=self.at,
                muted=self.muted,
            )
        )

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
            case Coupling.CLOSE_IF_LAST if isinstance(event, e.RequestClosed):
                closes = self.desk.settings(conversation.channel_id).close_with_last_request
                if closes and not conversation.requests:
                    reason = Reason(Code("last_request_closed"))
                    why = CLOSES_AS[event.resolution]
                    closed = e.ConversationClosed(close_reason=why, reason=reason)
                    self.emit(conversation.id, closed)
            case _:
                raise LookupError(f"{event.tag} cannot happen in a {conversation.state} conversation")

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

    def chose(self, agent: AgentId, version: int) -> None:
        """A policy chose this agent, relying on their load as it was at ``version``."""
        self._chosen[agent] = self.at
        self.overlay.hold(HoldKind.AGENT, agent, version)

    # --- the end of the step ---

    def finish(self) -> Mapping[ConversationId, Sequence[e.Event]]:
        """Leave the result in the overlay; returns the events of each stream."""
        overlay = self.overlay
        happened: dict[ConversationId, Sequence[e.Event]] = {}
        for conversation_id, draft in self._drafts.items():
            if not draft.events:
                continue
            before, after = draft.before, draft.after
            version = after.version + 1
            # events that change nothing leave the stored value, which is not ours to finish
            after = (changed if after is before else finished)(after, version=version)
            happened[conversation_id] = draft.events
            overlay.put_conversation(before, after, sooner=_may_hasten(draft))
            overlay.entries.append(
                e.Entry(
                    stream=Code(conversation_id),
                    seq=version,
                    at=self.at,
                    actor=self.actor,
                    cause=self.cause,
                    events=tuple(draft.events),
                )
            )
            if before is None or before.requests is not after.requests or before.closed is not after.closed:
                self._settle_requests(before, after)
        if self.message is not None:
            overlay.put_message(self.message)
        if self.lane is not None:
            overlay.put_lane(self.lane)
        overlay.texts += self.texts
        if self.profiles or self.threads or self.absorbed or self.adopted or self._chosen:
            self._finish_rarer()
        overlay.effects += self._effects
        return happened

    def _finish_rarer(self) -> None:
        overlay = self.overlay
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


def _may_hasten(draft: _Draft) -> bool:
    """Whether a deadline may have come nearer: words alone only move deadlines away, but for one setting."""
    before = draft.before
    if before is None or before.customer_at is None or draft.settings.inactivity_only_when_answered:
        return True
    return not _WORDS.issuperset(map(type, draft.events))


_WORDS = frozenset(e.MESSAGE_EVENTS)
_ASSIGNED = RequestState.ASSIGNED


def _counted(request: Request | None) -> AgentId | None:
    """Whose load a request counts in: its assignee's, while it is worked on."""
    if request is None or request.state is not _ASSIGNED:
        return None
    return request.assignee


Decide = Callable[[Step, Command], None]


def answer_rules(
    step: Step,
    events: Mapping[ConversationId, Sequence[e.Event]],
    rules: Sequence[Automation],
    decide: Decide,
) -> None:
    """Let the rules answer a finished step's events, and each other, down to the fifth."""
    given: Counter[Code] = Counter()
    for conversation_id, happened in events.items():
        for event in happened:
            for rule in rules:
                if type(event) in rule.on:
                    _answer(step, conversation_id, event, rule, rules, decide, given)


def _answer(
    step: Step,
    conversation_id: ConversationId,
    event: e.Event,
    rule: Automation,
    rules: Sequence[Automation],
    decide: Decide,
    given: Counter[Code],
) -> None:
    conversation = step.overlay.conversation(conversation_id)
    if conversation is None:
        return
    actor = Actor(ActorKind.AUTOMATION, rule.name)

    def begin_own() -> Step:
        place = given[rule.name]  # which of the rule's answers to this step: ids are made of it
        given[rule.name] += 1
        name = Code(f"{rule.name}:{place}") if place else rule.name
        cause = attrs.evolve(step.cause, rules=(*step.cause.rules, name))
        return Step(step.overlay, actor, cause, muted=step.muted)

    def refuse(code: str) -> None:
        refused = Step(step.overlay, actor, attrs.evolve(step.cause, rules=(*step.cause.rules, rule.name)))
        refused.emit(conversation_id, e.RuleRefused(rule=rule.name, code=Code(code)))
        refused.finish()

    try:
        commands = tuple(rule.then(event, conversation))
    except Exception as failure:  # noqa: BLE001  (what set the rule off has happened, and its fault does not undo that)
        refuse(type(failure).__name__)
        return
    for command in commands:
        own = begin_own()
        if len(own.cause.rules) > MAX_DEPTH:
            own.emit(conversation_id, e.LoopStopped(rule=rule.name, depth=MAX_DEPTH))
            own.finish()
            return
        try:
            decide(own, attrs.evolve(command, by=actor))
        except (Refused, UnknownId) as refusal:
            refuse(refusal.code if isinstance(refusal, Refused) else "unknown_id")
            continue
        answer_rules(own, own.finish(), rules, decide)
