"""The one loop: a command's events, what they couple to, what rules make of them, over an overlay of states.

A `Step` is one operation by one actor for one cause. It evolves states event by event, lets the coupling table
add the conversation's events, and when it is done leaves one history entry per stream, the changed rows,
effects and loads in the overlay. Rules (automations) then answer its events with commands of their own, each
a step with the rule as actor; at depth 5 that ends with an entry that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import attrs

from ..errors import Refused
from . import events as e
from .batch import Absorbed, Adopted, HoldKind, ThreadKey
from .commands import Command
from .couplings import CLOSES_AS, REQUEST_TO_CONVERSATION, Coupling
from .effects import QueuedEffect
from .evolution import begin, evolve, find_request
from .model import (
    Actor,
    ActorKind,
    AgentId,
    ChannelId,
    Code,
    Conversation,
    ConversationId,
    Message,
    Profile,
    ProfileId,
    Reason,
    Request,
    RequestId,
    RequestState,
    Text,
)
from .overlay import Overlay
from .reactions import react
from .timers import drain_key
from .values import changed, value

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


class Step:
    """One operation on an overlay. `finish` leaves its result there; before that nothing is touched."""

    def __init__(
        self,
        overlay: Overlay,
        actor: Actor,
        cause: e.Cause,
        *,
        muted: bool = False,
    ) -> None:
        self.overlay = overlay
        self.desk = overlay.desk
        self.at: datetime = overlay.at
        self.actor = actor
        self.cause = cause
        self._muted = muted
        self._before: dict[ConversationId, Conversation | None] = {}
        self._after: dict[ConversationId, Conversation] = {}
        self._events: dict[ConversationId, list[e.Event]] = {}
        self._effects: list[QueuedEffect] = []
        self._chosen: dict[AgentId, datetime] = {}
        self.messages: list[Message] = []
        self.texts: list[Text] = []
        self.profiles: list[Profile] = []
        self.threads: list[ThreadKey] = []
        self.absorbed: list[Absorbed] = []
        self.adopted: list[Adopted] = []
        self.lane: tuple[ChannelId, ProfileId, ConversationId | None] | None = None

    def conversation(self, conversation_id: ConversationId) -> Conversation | None:
        """The conversation as this step has made it so far."""
        return self._after.get(conversation_id) or self.overlay.conversation(conversation_id)

    def bring_back(self, conversation: Conversation, request: Request) -> None:
        """Let the state hold a closed request for this step that it had let go of."""
        if find_request(conversation, request.id) is None:
            recalled = changed(conversation, closed=(request, *conversation.closed))
            self._before[conversation.id] = recalled
            self._after[conversation.id] = recalled
            self._events[conversation.id] = []

    def emit(self, conversation_id: ConversationId, *events: e.Event) -> None:
        """Let events happen in a conversation, and whatever they couple to."""
        for event in events:
            self._happen(conversation_id, event)

    def _happen(self, conversation_id: ConversationId, event: e.Event) -> None:
        if isinstance(event, e.ConversationOpened):
            before, after = None, begin(event)
        else:
            before = self.conversation(conversation_id)
            if before is None:
                raise LookupError(f"{event.tag}: no conversation {conversation_id}")
            after = evolve(before, event, self.at, self.actor)
        if conversation_id not in self._before:
            self._before[conversation_id] = before
            self._events[conversation_id] = []
        self._after[conversation_id] = after
        self._events[conversation_id].append(event)
        settings = self.desk.settings(after.channel_id)
        for destination, effect in react(after, event, self.actor, settings):
            self._effects.append(
                QueuedEffect(
                    id=Code(f"{self.cause.key}.{'.'.join((*self.cause.rules, str(len(self._effects))))}"),
                    destination=destination,
                    effect=effect,
                    queued_at=self.at,
                    muted=self._muted,
                )
            )
        if before is not None:
            coupling = REQUEST_TO_CONVERSATION.get((event.tag, before.state))
            if coupling is not None and coupling is not Coupling.NOTHING:
                self._couple(coupling, after, event)

    def _couple(self, coupling: Coupling, conversation: Conversation, event: e.Event) -> None:
        match coupling:
            case Coupling.ACCEPT:
                request = find_request(conversation, event.request_id)  # type: ignore[attr-defined]
                if request is not None and request.assignee and request.state is RequestState.ASSIGNED:
                    reason = Reason(Code("request_assigned"))
                    self.emit(
                        conversation.id,
                        e.ConversationAccepted(holder=request.assignee, reason=reason),
                    )
            case Coupling.FOLLOW:
                self._follow(conversation, event)
            case Coupling.CLOSE_IF_LAST if isinstance(event, e.RequestClosed):
                closes = self.desk.settings(conversation.channel_id).close_with_last_request
                if closes and not conversation.requests:
                    self.emit(
                        conversation.id,
                        e.ConversationClosed(
                            close_reason=CLOSES_AS[event.resolution],
                            reason=Reason(Code("last_request_closed")),
                        ),
                    )
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
            self.emit(
                conversation.id,
                e.ConversationHandedOver(holder=heir, previous=holder, reason=reason),
            )

    def chose(self, agent: AgentId, version: int) -> None:
        """A policy chose this agent, relying on their load as it was at ``version``."""
        self._chosen[agent] = self.at
        self.overlay.hold(HoldKind.AGENT, agent, version)

    # --- the end of the step ---

    def finish(self) -> Mapping[ConversationId, Sequence[e.Event]]:
        """Leave the result in the overlay; returns the events of each stream."""
        for conversation_id, events in self._events.items():
            if not events:
                continue
            before = self._before[conversation_id]
            after = self._after[conversation_id]
            seq = after.version + 1
            after = changed(after, version=seq)
            self.overlay.put_conversation(before, after)
            self.overlay.entries.append(
                e.Entry(
                    stream=Code(conversation_id),
                    seq=seq,
                    at=self.at,
                    actor=self.actor,
                    cause=self.cause,
                    events=tuple(events),
                )
            )
            self._settle_requests(before, after)
        overlay = self.overlay
        for message in self.messages:
            overlay.put_message(message)
        if self.lane is not None:
            overlay.put_lane(*self.lane)
        overlay.texts.extend(self.texts)
        overlay.profiles.extend(self.profiles)
        overlay.threads.extend(self.threads)
        overlay.absorbed.extend(self.absorbed)
        overlay.adopted.extend(self.adopted)
        overlay.cancelled.extend(each.other for each in self.absorbed)
        overlay.effects.extend(self._effects)
        for agent, chosen_at in self._chosen.items():
            self.overlay.add_load(agent, 0, chosen_at)
        return self._events

    def _settle_requests(self, before: Conversation | None, after: Conversation) -> None:
        """Put every request that changed, and count what that means for loads and queues."""
        old: dict[RequestId, Request] = {}
        if before is not None:
            old = {request.id: request for request in (*before.requests, *before.closed)}
        for request in (*after.requests, *after.closed):
            was = old.get(request.id)
            if request is was:
                continue
            self.overlay.put_request(request)
            freed, taken = _counted(was), _counted(request)
            if freed != taken:
                if freed is not None:
                    self.overlay.add_load(freed, -1)
                    for queue in self.desk.queues_of(freed):
                        self.overlay.arm(drain_key(queue), self.at)
                if taken is not None:
                    self.overlay.add_load(taken, 1)
            self._let_wait(was, request)

    def _let_wait(self, was: Request | None, request: Request) -> None:
        """Work that now waits in a queue with a policy asks to be handed out, in the same commit."""
        queue = self.desk.queues.get(request.queue) if request.queue else None
        if queue is None or queue.policy is None or request.state is not RequestState.UNASSIGNED:
            return
        if was is None or was.state is not RequestState.UNASSIGNED or was.queue != request.queue:
            self.overlay.arm(drain_key(queue.id), self.at)


def _counted(request: Request | None) -> AgentId | None:
    """Whose load a request counts in: its assignee's, while it is worked on."""
    if request is None or request.state is not RequestState.ASSIGNED:
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
    for conversation_id, happened in events.items():
        for event in happened:
            for rule in rules:
                if type(event) in rule.on:
                    _answer(step, conversation_id, event, rule, rules, decide)


def _answer(
    step: Step,
    conversation_id: ConversationId,
    event: e.Event,
    rule: Automation,
    rules: Sequence[Automation],
    decide: Decide,
) -> None:
    conversation = step.overlay.conversation(conversation_id)
    if conversation is None:
        return
    chain = (*step.cause.rules, rule.name)
    actor = Actor(ActorKind.AUTOMATION, rule.name)
    for place, command in enumerate(rule.then(event, conversation)):
        cause = e.Cause(
            kind=step.cause.kind,
            key=step.cause.key,
            rules=(*step.cause.rules, Code(f"{rule.name}:{place}") if place else rule.name),
        )
        own = Step(step.overlay, actor, cause, muted=step._muted)
        if len(chain) > MAX_DEPTH:
            own.emit(conversation_id, e.LoopStopped(rule=rule.name, depth=MAX_DEPTH))
            own.finish()
            return
        try:
            decide(own, attrs.evolve(command, by=actor))
        except Refused as refusal:
            refused = Step(step.overlay, actor, cause)
            refused.emit(conversation_id, e.RuleRefused(rule=rule.name, code=Code(refusal.code)))
            refused.finish()
            continue
        answer_rules(own, own.finish(), rules, decide)

