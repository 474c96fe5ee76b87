"""Who may do what, and who sees what: one table, asked at every entry. Absent and forbidden look alike.

A *principal* is an actor with the rights that their place in the desk gives them now. Customers ask nothing of a
desk: what they do comes in as observations. Plugins, timers and transports act for the desk itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import attrs

from ...errors import Forbidden, UnknownId
from .. import commands as c
from ..evolution import find_request
from ..model import Actor, ActorKind, AgentId, Conversation, ConversationId, ProfileId, Request, RequestId
from ..operations.step import Step
from ..records import RECORDS
from ..settings import Agent, Desk, Right
from ..values import value
from .visibility import Principal, may_accept, sees

__all__ = [
    "PERMISSIONS",
    "Permission",
    "Scope",
    "allowed",
    "check",
    "need_seen",
    "need_view",
    "principal_of",
    "reads",
]


class Scope(StrEnum):
    """On what a right counts."""

    DESK = "desk"
    """Nothing in particular."""
    SEEN = "seen"
    """A conversation that the agent sees."""
    GRANTED = "granted"
    """A conversation that the agent sees and that waits in a queue they serve, or in a channel they were granted."""
    CHANNEL = "channel"
    """A channel that the agent was granted, which the command names."""
    OWN = "own"
    """What the agent sees and works on themselves, or nobody does yet."""


@value
class Permission:
    """What a command needs: a right, on what it counts, and the right that lifts ``own`` to everything seen."""

    right: Right
    scope: Scope = Scope.SEEN
    unless: Right | None = None


_WORK, _ASSIGN = Permission(Right.WORK), Permission(Right.ASSIGN)
_OWN = Permission(Right.WORK, Scope.OWN, unless=Right.ASSIGN)
_REVIEW = Permission(Right.REVIEW)
_DEFINE = Permission(Right.DEFINE, Scope.DESK)
_CONTACTS = Permission(Right.CONTACTS, Scope.DESK)

PERMISSIONS: Mapping[type[c.Command], Permission] = MappingProxyType(
    {
        c.Take: Permission(Right.WORK, Scope.GRANTED),
        c.Assign: _ASSIGN,
        c.Unassign: _OWN,
        c.Route: _ASSIGN,
        c.Hold: _OWN,
        c.Wake: _OWN,
        c.Close: Permission(Right.WORK, Scope.OWN, unless=Right.CLOSE_ANY),
        c.Reopen: _WORK,
        c.Accept: Permission(Right.WORK, Scope.GRANTED),
        c.Release: _OWN,
        c.Enqueue: _ASSIGN,
        c.CloseConversation: _WORK,
        c.Reply: _WORK,
        c.Promote: _ASSIGN,
        c.Merge: _ASSIGN,
        c.Split: _ASSIGN,
        c.Undo: _ASSIGN,
        c.StartConversation: Permission(Right.START, Scope.CHANNEL),
        c.Link: _WORK,
        c.Unlink: _WORK,
        c.CreateTicket: _WORK,
        c.AddNote: _WORK,
        c.DeleteNote: _WORK,
        c.SubmitDraft: _WORK,
        c.ReviseDraft: _WORK,
        c.ApproveDraft: _REVIEW,
        c.RejectDraft: _REVIEW,
        c.WithdrawDraft: _WORK,
        c.AddDraftNote: _WORK,
        c.DeleteDraftNote: _WORK,
        c.AddTag: _WORK,
        c.RemoveTag: _WORK,
        c.DefineTag: _DEFINE,
        c.RetireTag: _DEFINE,
        c.SetSubject: _WORK,
        c.SetStatus: _WORK,
        c.SetField: _WORK,
        c.SetCustomerField: Permission(Right.CONTACTS, Scope.DESK),
        c.DefineAnswer: _DEFINE,
        c.RetireAnswer: _DEFINE,
        c.SendAnswer: _WORK,
        c.CreateCustomer: _CONTACTS,
        c.UpdateCustomer: _CONTACTS,
        c.LinkProfile: _CONTACTS,
        c.UnlinkProfile: _CONTACTS,
        c.MergeCustomers: _CONTACTS,
        c.UndoCustomerMerge: _CONTACTS,
        c.BarProfile: _CONTACTS,
        c.UnbarProfile: _CONTACTS,
        c.BarCustomer: _CONTACTS,
        c.UnbarCustomer: _CONTACTS,
        c.DescribeConversation: _WORK,
        c.RecordEvent: _WORK,
        c.SendEffect: Permission(Right.CONFIGURE),  # it may carry anything anywhere
        c.SetTimer: _WORK,
        c.CancelTimer: _WORK,
        c.Follow: _WORK,
        c.Unfollow: _WORK,
        c.Mention: _WORK,
        c.Notify: _WORK,
        c.ScheduleFollowUp: _WORK,
        c.CancelFollowUp: _WORK,
        c.Escalate: _OWN,
        c.SetSeverity: _WORK,
        c.SetPriority: _ASSIGN,
        c.Touch: _WORK,
        c.FinishIssue: Permission(Right.ASSIGN, Scope.DESK),
    }
)
"""What each command needs. A command that is not here can be given by nobody."""


RECORD_RIGHTS: Mapping[str, Right] = MappingProxyType(
    {
        "tag": Right.WORK,
        "answer": Right.WORK,
        "field_value": Right.CONTACTS,  # of customers: the others hang on conversations
        "contact": Right.CONTACTS,
        "customer": Right.CONTACTS,
        "bar": Right.CONTACTS,
        "bar_count": Right.CONTACTS,
        "trend": Right.ASSIGN,
        "issue": Right.WORK,
        "offer": Right.ASSIGN,
    }
)
"""What agents need to read records that hang on no conversation; of other such kinds, to configure the desk.

Records that hang on a conversation are seen with it.
"""

VIEW_RIGHTS: Mapping[str, Right] = MappingProxyType(
    {
        "Effects": Right.CONFIGURE,
        "Streams": Right.CONFIGURE,
        "Loads": Right.ASSIGN,
        "Trends": Right.ASSIGN,
        "Shares": Right.ASSIGN,
    }
)
"""Views of the machinery, by name, and the right that agents need for them. The others show what an agent sees."""

_FOR_CUSTOMERS = frozenset({"Requests", "Conversations", "Messages"})


# --- who asks ---

_DESK = Principal()

# Asked with every command; CPython 3.11 finds a name of its own five times sooner than a member.
_CUSTOMER, _AGENT = ActorKind.CUSTOMER, ActorKind.AGENT
_CHANNEL, _GRANTED, _OWNED = Scope.CHANNEL, Scope.GRANTED, Scope.OWN


def principal_of(actor: Actor, desk: Desk, author: AgentId | None = None) -> Principal:
    """On whose behalf an actor asks. ``author`` is that of the rule, where a rule acts; without one it is the desk's.

    A rule acts with what its author may do now, not with what they could when they wrote it. Plugins, timers, bots and
    transports act for the desk itself. Raises `Forbidden` for an agent who is not in the roster (any more).
    """
    kind = actor.kind
    if kind is _CUSTOMER:
        return Principal(customer=ProfileId(actor.id))
    if kind is _AGENT:
        author = AgentId(actor.id)
    elif author is None:
        return _DESK
    agent = desk.agents.get(author)
    if agent is None:
        by_rule = kind is not _AGENT
        who = f"{author}, author of rule {actor.id}," if by_rule else f"{actor.kind} {actor.id}"
        raise Forbidden("unknown_agent", f"{who} is no agent in the roster")
    return Principal(agent)


# --- the guard ---


def check(step: Step, command: c.Command) -> None:
    """Let a command through, or say why not, before anything of it is decided.

    Raises `UnknownId` for what the actor may not see, in the words for what is not there, and `Forbidden` for what
    they see and may not do.
    """
    permission = PERMISSIONS.get(command.__class__)
    if permission is None:
        raise Forbidden("unknown_command", f"{type(command).__name__} may be given by nobody")
    principal = principal_of(step.actor, step.desk, step.author)
    agent = principal.agent
    if agent is None:
        if principal.is_desk:
            return
        raise Forbidden("customer", "customers give no commands; what they write is handed over as a message")
    conversation, request = _subject(step, principal, command)
    if permission.right not in agent.rights:
        raise Forbidden(
            "no_right", f"{type(command).__name__} needs the right {permission.right}: {_has(agent)}"
        )
    if permission.scope is _CHANNEL and not step.desk.granted(agent, command.channel):  # type: ignore[attr-defined]
        raise Forbidden("no_grant", f"{agent.id} was not granted {command.channel}")  # type: ignore[attr-defined]
    if conversation is None or _in_scope(step.desk, agent, permission, conversation, request):
        return
    about = (request or conversation).id
    if permission.scope is _GRANTED:
        raise Forbidden("no_grant", f"{agent.id} was not granted {_place(conversation, request)} of {about}")
    whose = conversation.holder if request is None else request.assignee
    raise Forbidden(
        "not_yours", f"{about} is {whose}'s; that needs the right {permission.unless}: {_has(agent)}"
    )


def _place(conversation: Conversation, request: Request | None) -> str:
    """Where work waits, which is what its taker must have been granted: its queue, else its channel."""
    named = (request.queue if request is not None else None, conversation.queue)
    queue = next((each for each in (*named, *[r.queue for r in conversation.requests]) if each), None)
    return f"channel {conversation.channel_id}" if queue is None else f"queue {queue}"


def _has(agent: Agent) -> str:
    return f"{agent.id} ({agent.role}) has {', '.join(sorted(agent.rights)) or 'none'}"


def _in_scope(
    desk: Desk, agent: Agent, permission: Permission, conversation: Conversation, request: Request | None
) -> bool:
    """Whether what the agent sees is also what the right counts on."""
    if permission.scope is _GRANTED:
        return may_accept(desk, agent, conversation, request)
    if permission.scope is _OWNED and permission.unless not in agent.rights:
        return (conversation.holder if request is None else request.assignee) in (None, agent.id)
    return True


def allowed(
    desk: Desk,
    principal: Principal,
    command: type[c.Command],
    conversation: Conversation,
    request: Request | None = None,
) -> bool:
    """Whether the guard would let the principal give such a command on a conversation, or on a request of it."""
    permission = PERMISSIONS.get(command)
    if permission is None or not sees(desk, principal, conversation):
        return False
    agent = principal.agent
    if agent is None:
        return principal.is_desk
    if permission.right not in agent.rights:
        return False
    names = _NAMES[command]
    about = request if names and names[0][1] == "request" else None
    return _in_scope(desk, agent, permission, conversation, about)


def need_seen(step: Step, conversation: Conversation | None, absent: str) -> Conversation:
    """The conversation, for a decision that found it by something else than an id of its command.

    Raises `UnknownId` with the words ``absent`` where there is none, and where the actor may not see it.
    """
    principal = principal_of(step.actor, step.desk, step.author)
    if conversation is None or not sees(step.desk, principal, conversation):
        raise UnknownId(absent)
    return conversation


def reads(principal: Principal, kind: str) -> bool:
    """Whether the principal may read records of a kind that hang on no conversation."""
    return principal.has(RECORD_RIGHTS.get(kind, Right.CONFIGURE))


def need_view(principal: Principal, view: str, kind: str | None = None) -> None:
    """Let a view through that the principal may look at, whatever it then shows; ``kind`` is that of `Records`.

    Raises `Forbidden`.
    """
    if principal.customer is not None and view not in _FOR_CUSTOMERS:
        raise Forbidden(
            "customer", f"customers see {', '.join(sorted(_FOR_CUSTOMERS))} of their own, not {view}"
        )
    needed = VIEW_RIGHTS.get(view)
    if kind is not None and kind not in _HANGING:
        needed = RECORD_RIGHTS.get(kind, Right.CONFIGURE)
    if needed is not None and not principal.has(needed):
        shown = view if kind is None else f"{view} of the kind {kind}"
        raise Forbidden("no_right", f"reading {shown} needs the right {needed}")


# --- what a command is about ---


def _subject(
    step: Step, principal: Principal, command: c.Command
) -> tuple[Conversation | None, Request | None]:
    """The conversation and request that a command is about. All that it names must be there to be seen."""
    main: Conversation | None = None
    about: Request | None = None
    for name, kind in _NAMES[command.__class__]:
        id = getattr(command, name)
        if id is None or (main is not None and kind == "request" and find_request(main, id)):
            continue
        conversation, request = _found(step, kind, id)
        if conversation is None or not sees(step.desk, principal, conversation):
            raise UnknownId(f"no {kind} {id}")
        if main is None:
            main, about = conversation, request
    return main, about


def _found(step: Step, kind: str, id: Any) -> tuple[Conversation | None, Request | None]:
    if kind == "conversation":
        return step.conversation(ConversationId(id)), None
    if kind == "request":
        request, conversation = step.overlay.request(RequestId(id))
        return conversation, request
    record: Any = step.overlay.record(kind, id)
    return (None if record is None else step.conversation(record.conversation_id)), None


_HANGING = frozenset(
    kind.tag for kind in RECORDS if any(field.name == "conversation_id" for field in attrs.fields(kind))
)
"""The kinds of records that hang on a conversation."""


def _names_of(command: type[c.Command]) -> tuple[tuple[str, str], ...]:
    """The fields of a command that name a conversation or a request, else the record that leads to one."""
    fields = {field.name: str(field.type) for field in attrs.fields(command)}
    found = [(name, "conversation") for name, type in fields.items() if type.startswith("ConversationId")]
    found += [(name, "request") for name, type in fields.items() if type.startswith("RequestId")]
    led_by = [(name, name.removesuffix("_id")) for name in fields if name.removesuffix("_id") in _HANGING]
    return tuple(found or led_by[:1])


_NAMES: Mapping[type[c.Command], tuple[tuple[str, str], ...]] = MappingProxyType(
    {command: _names_of(command) for command in PERMISSIONS}
)
