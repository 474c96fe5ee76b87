"""The roster: colleagues, what their roles let them do, and who writes from an address."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from ..model import Actor, AgentId, Code, ProfileId, QueueId, TeamId
from ..values import value
from .notices import NoticePreferences

__all__ = ["AGENT_RIGHTS", "ROLES", "Agent", "Author", "Right"]


class Right(StrEnum):
    """What a role may let its people do. `reqflow.core.rights.permissions` says which command and view needs which."""

    WORK = "work"
    """Take, answer, hold and close what one works on; accept and release; leave notes and tags."""
    PUBLISH = "publish"
    """Write to customers without a review. (SentiOne's restricted agents lack it)"""
    ASSIGN = "assign"
    """Give work to others, route it, and take it from whoever has it."""
    CLOSE_ANY = "close_any"
    """Close what other agents work on."""
    REVIEW = "review"
    """Approve and reject drafts."""
    START = "start"
    """Begin a conversation."""
    CONTACTS = "contacts"
    """Link, create and merge customers; bar and unbar."""
    ERASE = "erase"
    """Erase a person."""
    DEFINE = "define"
    """Tags and quick answers: Audite's Administration access."""
    SEE_ALL = "see_all"
    """See every conversation, whatever the grants. (OneDesk; supervisors)"""
    CONFIGURE = "configure"
    """Everything else about the desk."""


AGENT_RIGHTS = frozenset({Right.WORK, Right.PUBLISH, Right.ASSIGN, Right.START, Right.CONTACTS})
ROLES: Mapping[str, frozenset[Right]] = MappingProxyType(
    {
        "restricted": frozenset({Right.WORK}),
        "agent": AGENT_RIGHTS,
        "reviewer": AGENT_RIGHTS | {Right.REVIEW},
        "supervisor": AGENT_RIGHTS | {Right.REVIEW, Right.CLOSE_ANY, Right.SEE_ALL},
        "admin": frozenset(Right),
    }
)
"""The roles that every desk has; settings may add roles and replace these."""


@value
class Agent:
    """A colleague in the roster.

    ``role`` names what they may do (see `ROLES`; a desk may define its own), ``grants`` are further rights by name.
    ``channels`` are those whose conversations they may see and take, by id or pattern; ``queues`` those that they may
    accept from, besides the queues that their teams serve. ``addresses`` are theirs on transports.
    ``capacity`` is the number of assigned requests, of all queues, up to which a policy still gives them more.
    ``rights`` is what all of it comes to. ``notices`` are what they want to be told, and how.
    """

    id: AgentId
    name: str
    teams: frozenset[TeamId] = frozenset()
    addresses: tuple[str, ...] = ()
    grants: frozenset[Code] = frozenset()
    role: Code = Code("agent")
    channels: tuple[str, ...] = ("*",)
    queues: frozenset[QueueId] = frozenset()
    capacity: int | None = None
    rights: frozenset[Right] = AGENT_RIGHTS
    notices: NoticePreferences = NoticePreferences()


@value
class Author:
    """Who writes from an address: the profile, the colleague whose address it is, and the actor they are."""

    profile: ProfileId
    agent: Agent | None
    actor: Actor
