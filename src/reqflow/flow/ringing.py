"""Ringing: from a due timer, through what it asks, to one commit; what would be too much for one goes on later."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from ..core.asking import looping
from ..core.batch import HoldKind, Lease, Timer
from ..core.facts import WantDesk, WantRecord
from ..core.model import Code, ConversationId, LinkTarget, ProfileId, QueueId
from ..core.notices.unseen import unseen_of
from ..core.operations import ringing
from ..core.operations.overlay import Overlay
from ..core.placing import barring
from ..core.records import Issue, LinkRecord
from ..core.records.links import target_key
from ..core.timers import (
    bar_key,
    barred_look,
    drained_queue,
    erased_look,
    indexed,
    loop_key,
    looped_after,
    purged_after,
    reindexed_after,
    retained_after,
    sweep_key,
    swept_after,
)
from ..errors import Conflict
from ..ports import Conversations, Page, Records
from . import erasing, forwarding, indexing, purging
from .asks import Ask, AskCommit, AskQuery, Context, Flow
from .handling import ATTEMPTS, decided, learn

__all__ = ["ring"]

SWEPT = 100
"""How many conversations one commit looks at when the desk has changed."""

SECOND_LOOK = timedelta(minutes=10)
"""After this, conversations of a barred profile are looked for again: a message may have been on its way."""


def ring(context: Context, lease: Lease) -> Flow:
    """Answer a due timer, consuming its lease in the same commit. Returns how many questions it answered."""
    assert isinstance(lease.item, Timer)
    key = lease.item.key
    queue, after, barred = drained_queue(key), swept_after(key), barred_look(key)
    conversation, from_there, unseen = indexed(key), reindexed_after(key), unseen_of(key)
    loop, erasure = looped_after(key), erased_look(key)
    purged, retained = purged_after(key), retained_after(key)
    for attempt in range(ATTEMPTS):
        overlay = Overlay(context.desk, context.clock(), context.notice_rules, context.signature)
        try:
            if after is not None:
                answered = yield from _sweep(overlay, lease, after)
            elif barred is not None:
                answered = yield from _shut_out(context, overlay, lease, *barred)
            elif erasure is not None:
                answered = yield from erasing.erase(context, overlay, lease, erasure)
            elif purged is not None:
                answered = yield from purging.purge_channel(context, overlay, lease, *purged)
            elif retained is not None:
                answered = yield from purging.retain(overlay, lease, retained)
            elif loop is not None:
                answered = yield from _close_loop(context, overlay, lease, *loop)
            elif unseen is not None:
                yield from learn(overlay, (WantDesk(context.desk.revision),))
                answered = yield from forwarding.forward(overlay, lease, unseen, muted=context.muted)
            elif conversation is not None:
                yield from learn(overlay, (WantDesk(context.desk.revision),))
                answered = yield from indexing.index(overlay, lease, conversation)
            elif from_there is not None:
                yield from learn(overlay, (WantDesk(context.desk.revision),))
                answered = yield from indexing.reindex(overlay, lease, from_there)
            else:
                answered = yield from _ring(context, overlay, lease, key, queue)
            yield AskCommit(overlay.batch())
            return answered
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _sweep(overlay: Overlay, lease: Lease, after: str) -> Generator[Ask, Any, int]:
    """Arm the timers of the next hundred open conversations under the settings of today, and go on later."""
    yield from learn(overlay, (WantDesk(overlay.desk.revision),))
    view = Conversations(open=True, quiet=False, after=after or None, limit=SWEPT)
    page: Page = yield AskQuery(overlay.desk.workspace, view)
    overlay.consumed.append(lease)
    for conversation in page.items:
        due_at = overlay.due_at(conversation)
        if due_at is not None:
            overlay.hold(HoldKind.CONVERSATION, conversation.id, conversation.version)
            overlay.arm(Code(conversation.id), due_at)
    if page.next is not None:
        overlay.arm(sweep_key(overlay.desk.revision, page.next), overlay.at)
    return len(page.items)


def _shut_out(
    context: Context, overlay: Overlay, lease: Lease, profile: ProfileId, look: int, after: str
) -> Generator[Ask, Any, int]:
    """Close the next hundred conversations that a barred profile asked in, and go on later."""
    yield from learn(overlay, (WantDesk(overlay.desk.revision), barring.bar_want(profile)))
    view = Conversations(open=True, requester=profile, after=after or None, limit=SWEPT)
    page: Page = yield AskQuery(overlay.desk.workspace, view)
    ids = [each.id for each in page.items]

    def decide() -> int:
        closed = ringing.shut_out(overlay, profile, ids, lease, context.rules, muted=context.muted)
        if closed is None:  # they may write again
            return 0
        if page.next is not None:
            overlay.arm(bar_key(profile, look, page.next), overlay.at)
        elif look == 1:
            overlay.arm(bar_key(profile, 2), overlay.at + SECOND_LOOK)
        return closed

    return (yield from decided(overlay, decide))


def _close_loop(
    context: Context, overlay: Overlay, lease: Lease, issue_id: Code, after: str
) -> Generator[Ask, Any, int]:
    """Tell the next hundred who wait for an issue that it is done, and go on later."""
    yield from learn(overlay, (WantDesk(overlay.desk.revision), WantRecord(Code(Issue.tag), issue_id)))
    issue = overlay.record(Issue.tag, issue_id)
    if not isinstance(issue, Issue):
        overlay.consumed.append(lease)
        return 0
    view = Records(
        kind=Code(LinkRecord.tag),
        name="target",
        content=target_key(LinkTarget.ISSUE, issue.issue),
        after=after or None,
        limit=looping.AT_ONCE,
    )
    page: Page = yield AskQuery(overlay.desk.workspace, view)

    def decide() -> int:
        told = looping.tell(overlay, issue, page.items, lease, context.rules, muted=context.muted)
        if page.next is not None:
            overlay.arm(loop_key(issue_id, page.next), overlay.at)
        return told

    return (yield from decided(overlay, decide))


def _ring(
    context: Context, overlay: Overlay, lease: Lease, key: Code, queue: QueueId | None
) -> Generator[Ask, Any, int]:
    yield from learn(overlay, (WantDesk(context.desk.revision),))
    rules, muted = context.rules, context.muted

    def decide() -> int:
        if queue is not None:
            return int(ringing.drain(overlay, queue, lease, context.policies, rules, muted=muted))
        return ringing.answer_timer(overlay, ConversationId(key), lease, rules, muted=muted)

    return (yield from decided(overlay, decide))
