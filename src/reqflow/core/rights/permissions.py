"""Who may do what, and who sees what: one table, asked at every entry. Absent and forbidden look alike.

A *principal* is an actor with the rights that their place in the desk gives them now. Customers ask nothing of a
desk: what they do comes in as observations. Plugins, timers and transports act for the desk itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

import attrs

from ...errors import Forbidden, UnknownId
from .. import commands as c
from ..evolution import find_request
from ..model import Actor, ActorKind, AgentId, Conversation, ConversationId, ProfileId, Request, RequestId
from ..operations.step import Step
from ..records import kind_of
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

PERMISSIONS: Mapping[str, Permission] = MappingProxyType(
    {
        "Take": Permission(Right.WORK, Scope.GRANTED),
        "Assign": _ASSIGN,
        "Unassign": _OWN,
        "Route": _ASSIGN,
        "Hold": _OWN,
        "Wake": _OWN,
        "Close": Permission(Right.WORK, Scope.OWN, unless=Right.CLOSE_ANY),
        "Reopen": _WORK,
        "Accept": Permission(Right.WORK, Scope.GRANTED),
        "Release": _OWN,
        "Enqueue": _ASSIGN,
        "CloseConversation": _WORK,
        "Reply": _WORK,
        "Promote": _ASSIGN,
        "Merge": _ASSIGN,
        "Split": _ASSIGN,
        "Undo": _ASSIGN,
        "StartConversation": Permission(Right.START, Scope.CHANNEL),
        "Link": _WORK,
        "Unlink": _WORK,
        "CreateTicket": _WORK,
        "AddNote": _WORK,
        "DeleteNote": _WORK,
        "SubmitDraft": _WORK,
        "ReviseDraft": _WORK,
        "ApproveDraft": _REVIEW,
        "RejectDraft": _REVIEW,
        "WithdrawDraft": _WORK,
        "AddDraftNote": _WORK,
        "DeleteDraftNote": _WORK,
        "AddTag": _WORK,
        "RemoveTag": _WORK,
        "DefineTag": _DEFINE,
        "RetireTag": _DEFINE,
        "SetSubject": _WORK,
        "SetStatus": _WORK,
        "SetField": _WORK,
        "SetCustomerField": Permission(Right.CONTACTS, Scope.DESK),
        "DefineAnswer": _DEFINE,
        "RetireAnswer": _DEFINE,
        "SendAnswer": _WORK,
        "CreateCustomer": _CONTACTS,
        "UpdateCustomer": _CONTACTS,
        "LinkProfile": _CONTACTS,
        "UnlinkProfile": _CONTACTS,
        "MergeCustomers": _CONTACTS,
        "UndoCustomerMerge": _CONTACTS,
        "BarProfile": _CONTACTS,
        "UnbarProfile": _CONTACTS,
        "BarCustomer": _CONTACTS,
        "UnbarCustomer": _CONTACTS,
        "Erase": Permission(Right.ERASE, Scope.DESK),
        "DescribeConversation": _WORK,
        "RecordEvent": _WORK,
        "SendEffect": Permission(Right.CONFIGURE),  # it may carry anything anywhere
        "SetTimer": _WORK,
        "CancelTimer": _WORK,
        "Follow": _WORK,
        "Unfollow": _WORK,
        "Mention": _WORK,
        "Notify": _WORK,
        "ScheduleFollowUp": _WORK,
        "CancelFollowUp": _WORK,
        "Escalate": _OWN,
        "SetSeverity": _WORK,
        "SetPriority": _ASSIGN,
        "Touch": _WORK,
        "FinishIssue": Permission(Right.ASSIGN, Scope.DESK),
    }
)
"""What each command needs, by the name of its class. A command that is not here can be given by nobody."""


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
        "erasure": Right.ERASE,
        "past_request": Right.ASSIGN,
    }
)
"""What agents need to read records that hang on no conversation; of other such kinds, to configure the desk.

Records that hang on a conversation are seen with it.
"""

VIEW_RIGHTS: Mapping[str, Right] = MappingProxyType(
    {
        "Effects": Right.CONFIGURE,
        "Entries": Right.CONFIGURE,
        "Parked": Right.CONFIGURE,
        "Streams": Right.CONFIGURE,
        "Texts": Right.CONFIGURE,
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
    permission = PERMISSIONS.get(command.__class__.__name__)
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
    permission = PERMISSIONS.get(command.__name__)
    if permission is None or not sees(desk, principal, conversation):
        return False
    agent = principal.agent
    if agent is None:
        return principal.is_desk
    if permission.right not in agent.rights:
        return False
    names = _names_of(command)
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
    if kind is not None and not _hangs(kind):
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
    for name, kind in _names_of(command.__class__):
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


def _hangs(tag: str) -> bool:
    """True of a kind of records that hang on a conversation."""
    kind = kind_of(tag)
    return kind is not None and any(field.name == "conversation_id" for field in attrs.fields(kind))


def _read_names(command: type) -> tuple[tuple[str, str], ...]:
    """The fields of a command that name a conversation or a request, else the record that leads to one."""
    fields = {field.name: str(field.type) for field in attrs.fields(command)}
    found = [(name, "conversation") for name, type in fields.items() if type.startswith("ConversationId")]
    found += [(name, "request") for name, type in fields.items() if type.startswith("RequestId")]
    if found:
        return tuple(found)
    led_by = (name for name in fields if _hangs(name.removesuffix("_id")))
    return tuple([(name, name.removesuffix("_id")) for name in led_by][:1])


_names_of: Callable[[type], tuple[tuple[str, str], ...]] = cache(_read_names)
