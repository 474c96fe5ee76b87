"""Closing the loop: whoever waits for an issue of a tracker is told that it is done, once, where they asked. (Slack)

They are told in closed conversations, too: what they asked about has come only now. Where specialists alone hang on the
issue, the customer is told about whose question they were consulted.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import events as e
from ..automations import Automation
from ..batch import Lease
from ..decisions import conclude
from ..decisions.links import link_id
from ..facts import WantRecord, WantRequest
from ..model import (
    Actor,
    ActorKind,
    Audience,
    CloseReason,
    Code,
    CommandKey,
    Conversation,
    ConversationId,
    LinkTarget,
)
from ..operations.overlay import Overlay
from ..operations.step import Step
from ..records import Issue, LinkRecord

__all__ = ["AT_ONCE", "tell"]

AT_ONCE = 100
"""How many conversations one commit tells."""

_LOOP = Actor(ActorKind.TIMER, Code("loop"))


def tell(
    overlay: Overlay,
    issue: Issue,
    waiting: Sequence[LinkRecord],
    lease: Lease,
    rules: Sequence[Automation],
    *,
    muted: bool = False,
) -> int:
    """Tell everybody who hangs on the issue and was not told yet; returns how many were. Raises `Missing`."""
    overlay.consumed.append(lease)
    overlay.facts(*[WantRecord(Code(LinkRecord.tag), each.id) for each in waiting])  # all in one go
    overlay.recall([each.conversation_id for each in waiting])
    told: set[ConversationId] = set()
    for each in waiting:
        link = overlay.record(LinkRecord.tag, each.id)
        conversation = overlay.conversation(each.conversation_id)
        if not isinstance(link, LinkRecord) or link.told_at or link.removed_at or conversation is None:
            continue
        where = _customers(overlay, conversation, issue)
        text = "" if where is None else overlay.desk.settings(where.channel_id).shipped_text
        if where is None or not text:
            continue
        key = CommandKey(f"loop:{link.id}.{conversation.version}")
        step = Step(overlay, _LOOP, e.Cause(kind=e.CauseKind.TIMER, key=key), muted=muted)
        step.emit(conversation.id, e.IssueTold(link_id=link.id, issue=issue.issue))
        if where.id not in told:
            step.say_after(where.id, Code("shipped"), text)
            told.add(where.id)
        conclude(step, rules)
    return len(told)


def _customers(overlay: Overlay, conversation: Conversation, issue: Issue) -> Conversation | None:
    """Where the customer is told; None where there is none, or where their own link to the issue sees to it."""
    where: Conversation | None = conversation
    while where is not None and where.audience is Audience.INTERNAL:
        about = next((each.parent for each in (*where.requests, *where.closed) if each.parent), None)
        where = None if about is None else overlay.fact(WantRequest(about))[1]
    where = overlay.continued(where)
    if where is None or where.reason is CloseReason.BARRED:
        return None
    if conversation.audience is Audience.INTERNAL:
        own = overlay.record(LinkRecord.tag, link_id(where.id, LinkTarget.ISSUE, issue.issue))
        if isinstance(own, LinkRecord) and own.removed_at is None:
            return None
    return where
