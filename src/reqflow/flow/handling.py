"""Handling: from a message, a command or a due timer, through recall and decision, to one commit."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import attrs

from ..core.asking import looping
from ..core.batch import Batch, HoldKind, Lease, Timer
from ..core.codes import code_of
from ..core.commands import (
    Command,
    Delivered,
    Inbound,
    MarkSeen,
    MenuChoice,
    MessageDeletion,
    MessageEdit,
    Observation,
    Reacted,
    TicketReported,
)
from ..core.facts import (
    Answer,
    DeskDocument,
    Need,
    Outcome,
    Want,
    WantDesk,
    WantEntries,
    WantRecord,
    WantText,
)
from ..core.model import (
    Audience,
    Code,
    CommandKey,
    ConversationId,
    Detection,
    Label,
    LinkTarget,
    ProfileId,
    QueueId,
)
from ..core.notices.unseen import unseen_of
from ..core.operations import performing, ringing
from ..core.operations.overlay import Missing, Overlay, Unsettled
from ..core.placing import barring
from ..core.placing.amending import amend
from ..core.placing.attending import attend
from ..core.placing.intake import NeedsDetection
from ..core.records import Issue, LinkRecord
from ..core.records.links import target_key
from ..core.timers import (
    bar_key,
    barred_look,
    drained_queue,
    indexed,
    loop_key,
    looped_after,
    reindexed_after,
    sweep_key,
    swept_after,
)
from ..errors import Conflict, Duplicate, Refused, ReqflowError, StoreUnavailable, UnknownId
from ..ports import Conversations, Page, Records
from . import forwarding, indexing
from .asks import (
    Ask,
    AskCommit,
    AskConsult,
    AskHistory,
    AskQuery,
    AskRecall,
    AskTexts,
    Context,
    DeskMoved,
    Flow,
)

__all__ = ["ATTEMPTS", "decided", "handle", "handle_many", "learn", "report_delivery", "ring", "tried"]

T = TypeVar("T")

ATTEMPTS = 50
"""How often a decision is made anew after a conflict before the conflict is the answer."""

ROUNDS = 32
"""How often one decision may find that it needs to know more; the longest ways are those through many merges."""

SWEPT = 100
"""How many conversations one commit looks at when the desk has changed."""

SECOND_LOOK = timedelta(minutes=10)
"""After this, conversations of a barred profile are looked for again: a message may have been on its way."""

_UNSETTLED = "the answers to recalls do not settle; is the store's recall complete?"

Item = Observation | MarkSeen | Command


def handle(context: Context, item: Item, key: CommandKey, lease: Lease | None = None) -> Flow:
    """One message or command, from recall to commit. Returns ``(Outcome, Batch | None)``.

    ``lease`` is that of the inbox item the message came from; it is consumed in the same commit. Raises
    `Refused` or `UnknownId` for a command, and `Conflict` when others kept changing what it relied on.
    """
    consulted: dict[CommandKey, Detection] = {}
    desk = context.desk
    wants = performing.wants_of(item, key, desk)
    for attempt in range(ATTEMPTS):
        try:
            overlay = Overlay(desk, context.clock(), context.notice_rules, context.signature)
            _take_in(overlay, wants, (yield AskRecall(desk.workspace, wants)))
            try:
                outcome = _try(context, overlay, item, key, consulted)
            except (Missing, NeedsDetection):  # seldom: most decisions know at once all they need
                overlay = overlay.again()
                outcome = yield from tried(context, overlay, item, key, consulted)
            batch = _with_lease(overlay, lease)
            if batch is not None:
                yield AskCommit(batch)
            return outcome, batch
        except (Conflict, Duplicate):
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _with_lease(overlay: Overlay, lease: Lease | None) -> Batch | None:
    if lease is not None:
        overlay.consumed.append(lease)
    return None if overlay.is_empty else overlay.batch()


def handle_many(context: Context, items: Sequence[tuple[Item, CommandKey]]) -> Flow:
    """Many messages and commands over one recall, one overlay, one commit, in their order.

    Returns a list with an `Outcome` or a `ReqflowError` for each. A refused item changes nothing, and the rest
    goes on. What cannot be decided beside its neighbours is committed after them.
    """
    results: list[Outcome | ReqflowError] = []
    consulted: dict[CommandKey, Detection] = {}
    conflicts = 0
    while len(results) < len(items):
        overlay = Overlay(context.desk, context.clock(), context.notice_rules, context.signature)
        rest = items[len(results) :]
        done: list[Outcome | ReqflowError] = []
        wants = dict.fromkeys(
            want for item, key in rest for want in performing.wants_of(item, key, context.desk)
        )
        try:
            yield from learn(overlay, tuple(wants))
            for item, key in rest:
                try:
                    done.append((yield from tried(context, overlay, item, key, consulted)))
                except (Refused, UnknownId) as refusal:
                    done.append(refusal)
                except Unsettled:
                    if not done:
                        raise
                    break
            if not overlay.is_empty:
                yield AskCommit(overlay.batch())
        except (Conflict, Duplicate):
            conflicts += 1
            if conflicts == ATTEMPTS:
                raise
            continue
        results += done
    return results


def learn(overlay: Overlay, needs: tuple[Need, ...]) -> Generator[Ask, Any, None]:
    """Ask for facts, for what texts say, and for what happened before."""
    workspace = overlay.desk.workspace
    texts = tuple([each for each in needs if isinstance(each, WantText)])
    if texts:
        ids = tuple([each.id for each in texts])
        bodies = yield AskTexts(workspace, ids, Audience.INTERNAL)
        overlay.learn(texts, [bodies.get(each, "") for each in ids])
    for each in needs:
        if isinstance(each, WantEntries):
            overlay.learn((each,), (tuple((yield AskHistory(workspace, each.stream))),))
    wants = tuple([each for each in needs if not isinstance(each, WantText | WantEntries)])
    if wants:
        _take_in(overlay, wants, (yield AskRecall(workspace, wants)))


def _take_in(overlay: Overlay, wants: tuple[Want, ...], answers: tuple[Answer, ...]) -> None:
    overlay.learn(wants, answers)
    if isinstance(answers[0], DeskDocument):  # operations ask for it first, and it is told if it moved
        raise DeskMoved(answers[0])


def tried(
    context: Context,
    overlay: Overlay,
    item: Item,
    key: CommandKey,
    consulted: dict[CommandKey, Detection],
) -> Generator[Ask, Any, Outcome]:
    """Decide one item, asking for what turns out to be missing."""
    for _ in range(ROUNDS):
        # rules decide on top of what is decided, and so does what comes in parts
        saved = overlay.save() if context.rules or performing.in_parts(item) else None
        try:
            return _try(context, overlay, item, key, consulted)
        except (Missing, NeedsDetection, ReqflowError, Unsettled) as short:
            if saved is not None:
                overlay.restore(saved)
            if isinstance(short, ReqflowError | Unsettled):
                raise
            if isinstance(short, Missing):
                yield from learn(overlay, short.wants)
                continue
            consulted[key] = yield from _consult(item)  # type: ignore[arg-type]  # only inbounds need it
    raise StoreUnavailable(_UNSETTLED)


def _try(
    context: Context,
    overlay: Overlay,
    item: Item,
    key: CommandKey,
    consulted: dict[CommandKey, Detection],
) -> Outcome:
    if isinstance(item, Inbound):
        detection = consulted.get(key)
        return performing.observe(overlay, item, key, detection, context.rules, muted=context.muted)
    if isinstance(item, Command):
        return performing.execute(overlay, item, key, context.rules, muted=context.muted)
    if isinstance(item, MessageEdit | MessageDeletion):
        return amend(overlay, item, key, context.rules, muted=context.muted)
    if isinstance(item, Reacted):
        return performing.react(overlay, item, key, context.rules, muted=context.muted)
    if isinstance(item, MenuChoice):
        return performing.take_choice(overlay, item, key, context.rules, muted=context.muted)
    return attend(overlay, item)


def _consult(inbound: Inbound) -> Generator[Ask, Any, Detection]:
    """A classifier's failure is an answer too: ``unknown``, with its name. No message is lost to it."""
    try:
        verdict = yield AskConsult(inbound)
    except Exception as failure:  # noqa: BLE001  (whatever a host's classifier raises)
        return _unknown(type(failure).__name__)
    if not isinstance(verdict, Detection) or not isinstance(verdict.label, Label):
        return _unknown(f"returned_{type(verdict).__name__}")
    if not 0.0 <= verdict.confidence <= 1.0:  # not a number is neither
        return _unknown("confidence_out_of_range")
    if verdict.sentiment is verdict.language is None:
        return verdict
    return attrs.evolve(verdict, sentiment=_word(verdict.sentiment), language=_word(verdict.language))


def _word(given: object) -> Code | None:
    """A code of a classifier's; None in place of what could be somebody's words."""
    try:
        return None if given is None else code_of(given)
    except ValueError:
        return None


def _unknown(reason: str) -> Detection:
    return Detection(Label.UNKNOWN, Code("failed"), 0.0, (Code(reason),))


def ring(context: Context, lease: Lease) -> Flow:
    """Answer a due timer, consuming its lease in the same commit. Returns how many questions it answered."""
    assert isinstance(lease.item, Timer)
    key = lease.item.key
    queue, after, barred = drained_queue(key), swept_after(key), barred_look(key)
    conversation, from_there, unseen = indexed(key), reindexed_after(key), unseen_of(key)
    loop = looped_after(key)
    for attempt in range(ATTEMPTS):
        overlay = Overlay(context.desk, context.clock(), context.notice_rules, context.signature)
        try:
            if after is not None:
                answered = yield from _sweep(overlay, lease, after)
            elif barred is not None:
                answered = yield from _shut_out(context, overlay, lease, *barred)
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


def decided(overlay: Overlay, decide: Callable[[], T]) -> Generator[Ask, Any, T]:
    """What ``decide`` decides, once everything that it turns out to need is known."""
    for _ in range(ROUNDS):
        saved = overlay.save()
        try:
            return decide()
        except Missing as missing:
            overlay.restore(saved)
            yield from learn(overlay, missing.wants)
    raise StoreUnavailable(_UNSETTLED)


def report_delivery(context: Context, reported: Delivered | TicketReported, lease: Lease) -> Flow:
    """Record how the delivery of a posted message, or of a ticket, went, consuming the effect's lease."""
    for attempt in range(ATTEMPTS):
        overlay = Overlay(context.desk, context.clock(), context.notice_rules)
        try:
            yield from decided(overlay, partial(performing.report, overlay, reported, lease))
            yield AskCommit(overlay.batch())
            return
        except Conflict as conflict:
            if attempt == ATTEMPTS - 1:
                raise
            if any(kind == "thread" for kind, _ in conflict.rows):
                # somebody answered it before its receipt came: the thread stays where that answer went
                reported = attrs.evolve(reported, native=None)
