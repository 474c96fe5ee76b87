"""What may be done now: which commands a principal may give on a conversation or request as it stands.

One answer for every surface, whether it is a notice with buttons, a home page or a board: a command is offered if the
guard would let it through and the tables of the lifecycle have an arrow for what it does. What depends on its own
fields (to whom, into which queue, with which words) is judged when it is given. (Thena)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from .. import commands as c
from ..lifecycle import CONVERSATION, REQUEST
from ..model import Audience, Conversation, Request
from ..settings import ChannelSettings, Desk, FieldOn, Right
from .permissions import allowed
from .visibility import Principal, may_accept

__all__ = ["OFFERED", "Offer", "available_actions"]


class Offer(NamedTuple):
    """On what a command would be given, and by whom."""

    desk: Desk
    principal: Principal
    conversation: Conversation
    settings: ChannelSettings
    request: Request | None

    @property
    def others(self) -> bool:
        """Whether somebody other than the holder has an open request in it."""
        holder = self.conversation.holder
        return any(each.assignee not in (None, holder) for each in self.conversation.requests)


Applies = Callable[[Offer], bool]


def _arrow(event: str) -> Applies:
    """Of a request: the event leads somewhere from its state."""
    return lambda at: at.request is not None and (at.request.state, event) in REQUEST.table


def _step(event: str) -> Applies:
    """Of the conversation: the same."""
    return lambda at: (at.conversation.state, event) in CONVERSATION.table


def _open(at: Offer) -> bool:
    return at.conversation.is_open


def _always(at: Offer) -> bool:
    return True


def _take(at: Offer) -> bool:
    """Only agents take, and only what nobody has."""
    free = at.request is not None and at.request.assignee is None
    return free and at.principal.agent is not None and _arrow("request.assigned")(at)


def _unassign(at: Offer) -> bool:
    taken = at.request is not None and at.request.assignee is not None
    return taken and _arrow("request.unassigned")(at)


def _create_ticket(at: Offer) -> bool:
    """Nowhere without a ticket tool. (Thena)"""
    return at.settings.tickets is not None and _arrow("request.closed")(at)


def _set_status(at: Offer) -> bool:
    return at.request is not None and at.request.state in at.desk.statuses.values()


def _escalate(at: Offer) -> bool:
    return bool(at.desk.themes) and _arrow("request.closed")(at)


def _set_severity(at: Offer) -> bool:
    return bool(at.desk.severities) and _arrow("request.closed")(at)


def _accept(at: Offer) -> bool:
    return at.principal.agent is not None and _step("conversation.accepted")(at)


def _release(at: Offer) -> bool:
    return _step("conversation.released")(at) and not at.others


def _enqueue(at: Offer) -> bool:
    return bool(at.desk.queues) and _open(at) and not (at.conversation.holder and at.others)


def _close_conversation(at: Offer) -> bool:
    agent = at.principal.agent
    hindered = (
        agent is not None
        and Right.CLOSE_ANY not in agent.rights
        and any(each.assignee not in (None, agent.id) for each in at.conversation.requests)
    )
    return _step("conversation.closed")(at) and not hindered


def _to_customer(at: Offer) -> bool:
    return _open(at) and at.conversation.audience is Audience.CUSTOMER


def _publish(at: Offer) -> bool:
    return _to_customer(at) and at.principal.has(Right.PUBLISH)


def _submit(at: Offer) -> bool:
    """Handing in a draft accepts what waits."""
    agent, conversation = at.principal.agent, at.conversation
    if agent is None or not _to_customer(at):
        return False
    return conversation.holder is not None or may_accept(at.desk, agent, conversation)


def _set_field(at: Offer) -> bool:
    return any(field.on is not FieldOn.CUSTOMER for field in at.desk.fields.values())


def _follow(at: Offer) -> bool:
    return at.principal.agent is not None and at.principal.agent.id not in at.conversation.followers


def _unfollow(at: Offer) -> bool:
    return at.principal.agent is not None and at.principal.agent.id in at.conversation.followers


OFFERED: Mapping[type[c.Command], Applies] = MappingProxyType(
    {
        c.Take: _take,
        c.Assign: _arrow("request.assigned"),
        c.Unassign: _unassign,
        c.Route: _arrow("request.routed"),
        c.Hold: _arrow("request.held"),
        c.Wake: _arrow("request.woken"),
        c.Close: _arrow("request.closed"),
        c.Reopen: _arrow("request.reopened"),
        c.Merge: _arrow("request.closed"),
        c.Split: _arrow("request.closed"),
        c.SetStatus: _set_status,
        c.SetPriority: _arrow("request.closed"),
        c.SetSeverity: _set_severity,
        c.Escalate: _escalate,
        c.CreateTicket: _create_ticket,
        c.Accept: _accept,
        c.Release: _release,
        c.Enqueue: _enqueue,
        c.CloseConversation: _close_conversation,
        c.Reply: _open,
        c.SendAnswer: _publish,
        c.SubmitDraft: _submit,
        c.ScheduleFollowUp: _to_customer,
        c.AddNote: _always,
        c.AddTag: _always,
        c.RemoveTag: lambda at: bool(at.conversation.tags),
        c.SetSubject: _always,
        c.SetField: _set_field,
        c.DescribeConversation: _always,
        c.Link: _always,
        c.Follow: _follow,
        c.Unfollow: _unfollow,
        c.Mention: _always,
    }
)
"""When each command that people give on a conversation or a request as a whole is offered.

Commands about something smaller (a message, a note, a draft, an entry of the history) belong beside that, and those
about the desk itself, or of hosts and rules, to no surface.
"""


def available_actions(
    desk: Desk, principal: Principal, conversation: Conversation, request: Request | None = None
) -> tuple[type[c.Command], ...]:
    """The commands that the principal may give now, in the order of `COMMANDS`.

    With a request, those on the request and on its conversation; without, those on the conversation alone.
    """
    at = Offer(desk, principal, conversation, desk.settings(conversation.channel_id), request)
    return tuple(
        command
        for command in c.COMMANDS
        if command in OFFERED
        and OFFERED[command](at)
        and allowed(desk, principal, command, conversation, request)
    )
