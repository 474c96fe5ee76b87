"""A colleague's emoji on a message sends what was asked to specialists. (Slack)

A reaction is an observation: it is heeded or ignored with a reason, never refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import Forbidden, Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..automations import Automation
from ..decisions import conclude
from ..decisions.escalation import transfer
from ..decisions.requests import led_on, reopen
from ..decisions.structure import promoted
from ..evolution import find_request
from ..facts import Outcome, OutcomeKind, Want, WantRecord
from ..ids import reaction_key
from ..model import Code, CommandKey, Conversation, Message, Reason, Request, Side
from ..operations.overlay import Overlay
from ..operations.step import Step
from ..placing.routing import meant_request, responds_in
from ..records import Flag
from ..rights.permissions import allowed
from ..rights.visibility import Principal, sees
from ..settings import Agent, Theme

__all__ = ["flag_want", "heed"]

_REQUESTER = Side.REQUESTER


def flag_want(reacted: c.Reacted) -> Want:
    """Whether the emoji on the message has counted already."""
    return WantRecord(Code(Flag.tag), _flag_id(reacted))


def _flag_id(reacted: c.Reacted) -> Code:
    """One emoji on one message, whoever put it there."""
    return Code("v_" + reaction_key(reacted.channel, reacted.native, reacted.emoji).partition(":")[2])


def heed(
    overlay: Overlay,
    reacted: c.Reacted,
    key: CommandKey,
    rules: Sequence[Automation],
    *,
    muted: bool = False,
) -> Outcome:
    """Send the request of the message to the specialists whom the emoji stands for, once."""
    desk = overlay.desk
    settings, author = desk.channel(reacted.channel), desk.author(reacted.author)
    if settings is None:
        return _ignored("unknown_channel")
    theme = desk.themes.get(settings.escalate_emoji.get(reacted.emoji, Code("")))
    if theme is None:
        return _ignored("no_theme")
    if reacted.removed:
        return _ignored("removed")  # what was asked for is not taken back by that
    if reacted.bot:
        return _ignored("bot")  # our own emoji of status come back, too
    if author.agent is None or not responds_in(author.agent, settings):
        return _ignored("not_team")
    message = overlay.message(reacted.channel, reacted.native)
    conversation = None if message is None else overlay.conversation(message.conversation_id)
    if message is None or conversation is None:
        return _ignored("unknown_message")
    if message.deleted_at is not None:
        return _ignored("deleted")
    if not sees(desk, Principal(author.agent), conversation):
        return _ignored("no_grant")
    if overlay.record(Flag.tag, _flag_id(reacted)) is not None:
        return _ignored("escalated")
    step = Step(overlay, author.actor, e.Cause(kind=e.CauseKind.INBOUND, key=key), muted=muted)
    try:
        outcome = _escalate(step, reacted, theme, author.agent, message, conversation)
    except (Refused, UnknownId) as refusal:  # it has happened, and nobody waits to be told
        return _ignored(refusal.code if isinstance(refusal, Refused) else "unknown_message")
    conclude(step, rules)
    return outcome


def _ignored(code: str) -> Outcome:
    return Outcome(kind=OutcomeKind.IGNORED, code=Code(code))


def _escalate(
    step: Step,
    reacted: c.Reacted,
    theme: Theme,
    agent: Agent,
    message: Message,
    conversation: Conversation,
) -> Outcome:
    request = _asked(step, reacted, message, conversation)
    conversation = step.conversation(request.conversation_id) or conversation
    if not allowed(step.desk, Principal(agent), c.Escalate, conversation, request):
        raise Forbidden("no_right", f"{agent.id} may not escalate {request.id}")
    flagged = e.MessageFlagged(flag_id=_flag_id(reacted), message_id=message.id, theme=theme.name)
    step.emit(conversation.id, flagged)
    transfer(step, conversation, request, theme, Reason(Code("emoji"), message_id=message.id))
    return Outcome(
        kind=OutcomeKind.DONE,
        conversation_id=conversation.id,
        request_id=request.id,
        message_id=message.id,
    )


def _asked(step: Step, reacted: c.Reacted, message: Message, conversation: Conversation) -> Request:
    """What is asked where the emoji was put: the message's own request, its thread's, or a new one.

    Raises `Refused`.
    """
    if message.request_id is not None:
        request, home = step.overlay.request(message.request_id)
        if request is not None and home is not None:
            return _open(step, *led_on(step.overlay, request, home))
    latest = meant_request(conversation, None) or (conversation.closed or (None,))[-1]
    if latest is not None:
        return _open(step, latest, conversation)
    if (
        message.side is not _REQUESTER and conversation.thread is not None
    ):  # a reply: its root is what was asked
        message = step.overlay.message(reacted.channel, conversation.thread) or message
    return promoted(step, conversation, message)


def _open(step: Step, request: Request, home: Conversation) -> Request:
    """The request, open again if it was closed."""
    if not request.is_open:
        reopen(step, home, request, Reason(Code("emoji")))
    return find_request(step.conversation(home.id) or home, request.id) or request
