"""reqflow: an embeddable engine for request management.

Give an `Engine` a store and settings, hand it what comes in (`Inbound`) and what people do (commands), and it keeps
conversations, requests, assignments, timers and a complete history. Start with `Engine.handle`.
"""

from __future__ import annotations

from .core.commands import (
    Accept,
    Assign,
    Close,
    CloseConversation,
    Command,
    Enqueue,
    Hold,
    Inbound,
    Release,
    Reopen,
    Reply,
    Route,
    Take,
    Unassign,
    Wake,
)
from .core.configuration import compile_desk
from .core.facts import Outcome, OutcomeKind
from .core.model import (
    Actor,
    ActorKind,
    Audience,
    CloseReason,
    Conversation,
    ConversationState,
    Detection,
    HoldReason,
    Label,
    Message,
    Request,
    RequestState,
    Resolution,
)
from .core.settings import Desk
from .core.step import Automation
from .engine import AsyncEngine, Engine, Rehearsal
from .errors import ReqflowError
from .hooks import hookimpl
from .ports import Conversations, Effects, Messages, Page, Requests, Streams

__all__ = [
    "Accept",
    "Actor",
    "ActorKind",
    "Assign",
    "AsyncEngine",
    "Audience",
    "Automation",
    "Close",
    "CloseConversation",
    "CloseReason",
    "Command",
    "Conversation",
    "ConversationState",
    "Conversations",
    "Desk",
    "Detection",
    "Effects",
    "Engine",
    "Enqueue",
    "Hold",
    "HoldReason",
    "Inbound",
    "Label",
    "Message",
    "Messages",
    "Outcome",
    "OutcomeKind",
    "Page",
    "Rehearsal",
    "Release",
    "Reopen",
    "Reply",
    "ReqflowError",
    "Request",
    "RequestState",
    "Requests",
    "Resolution",
    "Route",
    "Streams",
    "Take",
    "Unassign",
    "Wake",
    "__version__",
    "agent",
    "compile_desk",
    "hookimpl",
]

__version__ = "0.1.0"


def agent(name: str) -> Actor:
    """The actor that an agent of the roster is: who gives a command."""
    from .core.model import Code

    return Actor(ActorKind.AGENT, Code(name))
