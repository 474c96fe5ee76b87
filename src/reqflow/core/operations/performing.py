"""The operations of a desk, each in one `Step`: observe a message, execute a command, report a delivery.

Each comes with the wants that it starts from. What else it turns out to need it asks for with `Missing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from .. import asking, decisions, placing
from .. import commands as c
from .. import events as e
from ..batch import Lease, ThreadKey
from ..decisions import conclude, decide
from ..facts import (
    Outcome,
    OutcomeKind,
    Want,
    WantConversation,
    WantDesk,
    WantLane,
    WantLastOpen,
    WantMessage,
    WantNeighbours,
    WantOutcome,
    WantPlaced,
    WantRecord,
    WantRequest,
    WantThread,
)
from ..ids import inbound_key
from ..model import (
    Actor,
    ActorKind,
    ChannelId,
    Code,
    CommandKey,
    Detection,
    IdentityLevel,
    NativeId,
)
from ..placing.barring import bar_want
from ..placing.intake import FIRST, Intake
from ..placing.recognition import recognition_wants
from ..placing.routing import responds_in
from .overlay import Overlay
from .step import Step

if TYPE_CHECKING:
    from ..automations import Automation
    from ..settings import Desk

__all__ = ["execute", "in_parts", "observe", "react", "report", "take_choice", "wants_of"]

# What every operation names; CPython 3.11 finds a name of its own five times sooner than a member.
_INBOUND, _COMMAND = e.CauseKind.INBOUND, e.CauseKind.COMMAND
_SIGNED_IN = IdentityLevel.SIGNED_IN


def wants_of(item: c.Observation | c.MarkSeen | c.Command, key: CommandKey, desk: Desk) -> tuple[Want, ...]:
    """What an operation asks first, in one recall."""
    return _WANTS.get(item.__class__.__name__, _command_wants)(item, key, desk)


def _command_wants(command: c.Command, key: CommandKey, desk: Desk) -> tuple[Want, ...]:
    first = (WantDesk(desk.revision), WantOutcome(key))
    about = getattr(command, "conversation_id", None)
    if about is not None:
        return (*first, WantConversation(about))
    about = getattr(command, "request_id", None)
    if about is not None:
        return (*first, WantRequest(about))
    about = getattr(command, "draft_id", None)
    return first if about is None else (*first, WantRecord(Code("draft"), about))


def _changed_wants(
    change: c.MessageEdit | c.MessageDeletion, key: CommandKey, desk: Desk
) -> tuple[Want, ...]:
    return (
        WantDesk(desk.revision),
        *_message_wants(change.channel, change.native),
        bar_want(desk.author(change.author).profile),
    )


def _chosen_wants(chosen: c.MenuChoice, key: CommandKey, desk: Desk) -> tuple[Want, ...]:
    return (WantDesk(desk.revision), WantMessage(chosen.channel, chosen.native))


def _seen_wants(seen: c.MarkSeen, key: CommandKey, desk: Desk) -> tuple[Want, ...]:
    return (WantDesk(desk.revision), *placing.seen_wants(seen))


def _reacted_wants(reacted: c.Reacted, _: CommandKey, desk: Desk) -> tuple[Want, ...]:
    if reacted.inbound is not None:
        key = inbound_key(reacted.channel, reacted.native)
        return (*_inbound_wants(reacted.inbound, key, desk), asking.flag_want(reacted))
    return (
        WantDesk(desk.revision),
        *_message_wants(reacted.channel, reacted.native),
        asking.flag_want(reacted),
    )


def _message_wants(channel: ChannelId, native: NativeId) -> tuple[Want, ...]:
    """A message by its native id, and the conversation that it was in at the same moment."""
    return WantMessage(channel, native), WantThread(channel, (native,))


def _promote_wants(command: c.Promote, key: CommandKey, desk: Desk) -> tuple[Want, ...]:
    first = (WantDesk(desk.revision), WantOutcome(key))
    if command.inbound is not None:
        return (*first, *_inbound_wants(command.inbound, key, desk)[1:])
    if command.message_id is not None:
        return (*first, WantPlaced(command.message_id))
    if command.channel is None or command.native is None:
        return first
    return (*first, *_message_wants(command.channel, command.native))


def _inbound_wants(inbound: c.Inbound, key: CommandKey, desk: Desk) -> tuple[Want, ...]:
    channel = inbound.channel
    settings = desk.channel(channel)
    first: tuple[Want, ...] = (WantDesk(desk.revision), WantMessage(channel, inbound.native))
    if settings is None:
        return first
    author = desk.author(inbound.author)
    profile = author.profile
    thread = WantThread(channel, (inbound.native, *inbound.replies_to))
    if author.agent is None:
        first = (*first, thread, WantLane(channel, profile), bar_want(profile))
    else:
        first = (*first, thread, WantLane(channel, profile))
    if inbound.request_id is not None:
        return (*first, WantRequest(inbound.request_id))
    if inbound.replies_to:
        return first
    if responds_in(author.agent, settings):
        return (*first, WantLastOpen(channel))
    if inbound.level is _SIGNED_IN and not settings.by_profile:  # there most of these begin a conversation
        first = (*first, *recognition_wants(inbound, profile, desk.salt))
    if settings.groups:
        sent_at = min(inbound.sent_at, inbound.received_at or inbound.sent_at)
        return (*first, WantNeighbours(channel, profile, sent_at, FIRST))
    return first


_WANTS: Mapping[str, Callable[[Any, CommandKey, Desk], tuple[Want, ...]]] = MappingProxyType(
    {
        "Inbound": _inbound_wants,
        "MessageEdit": _changed_wants,
        "MessageDeletion": _changed_wants,
        "Reacted": _reacted_wants,
        "MenuChoice": _chosen_wants,
        "MarkSeen": _seen_wants,
        "Promote": _promote_wants,
    }
)
"""What each kind of item asks, by the name of its class; whatever is not here is a command like most."""


def observe(
    overlay: Overlay,
    inbound: c.Inbound,
    key: CommandKey,
    detection: Detection | None,
    rules: Sequence[Automation],
    *,
    muted: bool = False,
    judged: bool = True,
) -> Outcome:
    """Place an inbound message. A message seen before gets its first outcome again.

    Of one that is not ``judged`` no classifier is asked whether it is a request.
    """
    seen = overlay.message(inbound.channel, inbound.native)
    if seen is not None:
        return Outcome(
            kind=OutcomeKind.PLACED,
            conversation_id=seen.conversation_id,
            request_id=seen.request_id,
            message_id=seen.id,
            duplicate=True,
        )
    cause = e.Cause(kind=_INBOUND, key=key)
    author = overlay.desk.author(inbound.author)
    actor = Actor(ActorKind.BOT, Code(author.profile)) if inbound.bot else author.actor
    step = Step(overlay, actor, cause, muted=muted)
    outcome = Intake(step, inbound, author, detection, judged=judged).place()
    conclude(step, rules)
    return outcome


def react(
    overlay: Overlay, reacted: c.Reacted, key: CommandKey, rules: Sequence[Automation], *, muted: bool = False
) -> Outcome:
    """Heed an emoji on a message. One that was never seen is placed first, if the transport brought it along."""
    if reacted.inbound is not None:
        came = inbound_key(reacted.channel, reacted.native)
        observe(overlay, reacted.inbound, came, None, rules, muted=muted, judged=False)
    return asking.heed(overlay, reacted, key, rules, muted=muted)


def take_choice(
    overlay: Overlay,
    chosen: c.MenuChoice,
    key: CommandKey,
    rules: Sequence[Automation],
    *,
    muted: bool = False,
) -> Outcome:
    """Let an option of a menu run its own flow: what it opens comes in as a message, and the rest is done to that."""
    asked = asking.asked_by(overlay, chosen)
    if asked is None:
        return asking.answer_choice(overlay, chosen, key, muted=muted)
    came = observe(
        overlay, asked, inbound_key(asked.channel, asked.native), asking.by_menu(chosen), rules, muted=muted
    )
    if came.duplicate or came.conversation_id is None:
        return came
    return asking.carry_out(overlay, chosen, key, rules, muted=muted)


def execute(
    overlay: Overlay,
    command: c.Command,
    key: CommandKey,
    rules: Sequence[Automation],
    *,
    muted: bool = False,
) -> Outcome:
    """Carry out a command. Raises `Refused` or `UnknownId`; then nothing has changed."""
    seen = overlay.outcome(key)
    if seen is not None:
        return attrs.evolve(seen, duplicate=True)
    if isinstance(command, c.Promote) and command.inbound is not None:
        inbound = command.inbound
        came = inbound_key(inbound.channel, inbound.native)
        observe(overlay, inbound, came, None, rules, muted=muted, judged=False)
    step = Step(overlay, command.by, e.Cause(kind=_COMMAND, key=key), muted=muted)
    outcome = decide(step, command)
    conclude(step, rules)
    overlay.put_outcome(key, outcome)
    return outcome


def in_parts(item: c.Observation | c.MarkSeen | c.Command) -> bool:
    """True of what is decided in several steps: one that fails must leave nothing of those before it."""
    return isinstance(item, c.MenuChoice) or (
        isinstance(item, c.Promote | c.Reacted) and item.inbound is not None
    )


def report(overlay: Overlay, reported: c.Delivered | c.TicketReported, lease: Lease) -> None:
    """Record what a transport said of a posted message, or of a ticket, and consume the effect's lease."""
    overlay.consumed.append(lease)
    cause = e.Cause(kind=e.CauseKind.RECEIPT, key=CommandKey(f"receipt:{lease.id}"))
    by = reported.kind if isinstance(reported, c.TicketReported) else "transport"
    step = Step(overlay, Actor(ActorKind.EXTERNAL, Code(by)), cause)
    if isinstance(reported, c.TicketReported):
        decisions.ticket_reported(step, reported)
    else:
        _message_reported(step, reported)
    step.finish()


def _message_reported(step: Step, delivered: c.Delivered) -> None:
    message, conversation = step.overlay.placed(delivered.message_id)
    if message is None or conversation is None:
        return
    if delivered.code is not None:
        event: e.Event = e.MessageUndelivered(message_id=message.id, code=delivered.code)
    else:
        event = e.MessageDelivered(message_id=message.id, native=delivered.native)
    if delivered.native is not None:
        step.threads.append(ThreadKey(conversation.channel_id, delivered.native, conversation.id))
    step.revise(message, event)
