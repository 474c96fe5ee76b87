"""What a flow may ask of the outside: a closed union, answered by the two drivers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import datetime, timedelta
from typing import Any

from ..core.asking.signatures import Signature
from ..core.assignment import Policy
from ..core.automations import Automation
from ..core.batch import Batch, Lease, LeaseQueue
from ..core.commands import Inbound
from ..core.effects import QueuedEffect
from ..core.facts import DeskDocument, Want
from ..core.model import Audience, Code, TextId, Workspace
from ..core.notices import NoticeRule
from ..core.settings import Desk, Theme
from ..core.values import value
from ..ports import View

__all__ = [
    "NO_TRANSPORT",
    "Ask",
    "AskCommit",
    "AskConsult",
    "AskDeliver",
    "AskHistory",
    "AskLease",
    "AskNextDue",
    "AskQuery",
    "AskRecall",
    "AskRelease",
    "AskSettle",
    "AskSuggest",
    "AskTexts",
    "Context",
    "DeskMoved",
    "Flow",
]


@value
class AskRecall:
    """Answer these wants, in order."""

    workspace: Workspace
    wants: tuple[Want, ...]


@value
class AskConsult:
    """Let the classifier judge this message, outside any transaction. Answer: `Detection`."""

    inbound: Inbound


@value
class AskSuggest:
    """Let a suggester say what may help, outside any transaction. Answer: a sequence of `Suggestion`."""

    name: str
    text: str
    theme: Theme


@value
class AskCommit:
    """Store this batch. No answer; a failure is thrown in."""

    batch: Batch


@value
class AskQuery:
    """One page of a view. Answer: `Page`."""

    workspace: Workspace
    view: View


@value
class AskHistory:
    """Entries of a stream. Answer: a sequence of `Entry`."""

    workspace: Workspace
    stream: str
    after: int = 0
    limit: int | None = None


@value
class AskTexts:
    """Bodies of texts, as far as this audience may read them. Answer: a mapping."""

    workspace: Workspace
    ids: tuple[TextId, ...]
    audience: Audience


@value
class AskLease:
    """Lease queued items. Answer: a sequence of `Lease`."""

    workspace: Workspace
    queue: LeaseQueue
    now: datetime
    until: datetime
    limit: int


@value
class AskSettle:
    """These leased items are done."""

    workspace: Workspace
    leases: tuple[Lease, ...]


@value
class AskRelease:
    """Give this item back until a moment, or park it."""

    workspace: Workspace
    lease: Lease
    ready_at: datetime
    note: str | None = None
    park: bool = False


@value
class AskNextDue:
    """The earliest moment on the agenda. Answer: a moment or None."""

    workspace: Workspace


NO_TRANSPORT = Code("no_transport")
"""The code of a receipt that says to try again because nothing here delivers to that destination."""


@value
class AskDeliver:
    """Deliver an effect through the transport of its destination. Answer: `Receipt`."""

    queued: QueuedEffect
    texts: Mapping[TextId, str]


Ask = (
    AskRecall
    | AskConsult
    | AskSuggest
    | AskCommit
    | AskQuery
    | AskHistory
    | AskTexts
    | AskLease
    | AskSettle
    | AskRelease
    | AskNextDue
    | AskDeliver
)
Flow = Generator[Ask, Any, Any]


class DeskMoved(Exception):
    """The stored desk is not the one that this flow was given. Caught by the engine, which reloads once."""

    def __init__(self, document: DeskDocument) -> None:
        self.document = document
        super().__init__(document.revision)


@value(kw_only=True)
class Context:
    """What flows know without asking: the desk, the rules and policies that plugins brought, the moment.

    ``muted`` records effects without ever delivering them. ``clock`` is for flows that outlast a moment.
    ``leased_for`` is how long a leased item is ours; zero suits a replay, which is alone and must be able to go on at
    once where a killed one stopped. ``schemes`` are those that a transport delivers to.
    ``suggesters`` are the names of those who may know an answer, ``signature`` tells questions apart.
    """

    desk: Desk
    clock: Callable[[], datetime]
    rules: tuple[Automation, ...] = ()
    policies: Mapping[str, Policy]
    notice_rules: tuple[NoticeRule, ...] = ()
    signature: Signature | None = None
    suggesters: tuple[str, ...] = ()
    muted: bool = False
    leased_for: timedelta = timedelta(seconds=60)
    schemes: frozenset[str] = frozenset()
