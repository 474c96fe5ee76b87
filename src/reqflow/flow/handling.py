"""Handling: from a message, a command or a due timer, through recall and decision, to one commit."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, TypeVar

import attrs

from ..core import operations
from ..core.batch import Batch, HoldKind, InboxItem, Lease, Timer
from ..core.commands import Command, Delivered, Inbound
from ..core.facts import Answer, DeskDocument, Outcome, Want, WantDesk
from ..core.ids import inbound_key
from ..core.intake import NeedsDetection
from ..core.model import Code, CommandKey, ConversationId, Detection, Label, QueueId
from ..core.overlay import Missing, Overlay, Unsettled
from ..core.timers import drained_queue, sweep_key, swept_after
from ..errors import Conflict, Duplicate, Refused, ReqflowError, StoreUnavailable, UnknownId
from ..ports import Conversations, Page
from .asks import Ask, AskCommit, AskConsult, AskQuery, AskRecall, Context, DeskMoved, Flow

__all__ = ["accept", "handle", "handle_many", "key_of", "report_delivery", "ring"]

T = TypeVar("T")

ATTEMPTS = 50
"""How often a decision is made anew after a conflict before the conflict is the answer."""

ROUNDS = 12
"""How often one decision may find that it needs to know more."""

SWEPT = 100
"""How many conversations one commit looks at when the desk has changed."""

_UNSETTLED = "the answers to recalls do not settle; is the store's recall complete?"

Item = Inbound | Command


def handle(context: Context, item: Item, key: CommandKey, lease: Lease | None = None) -> Flow:
    """One message or command, from recall to commit. Returns ``(Outcome, Batch | None)``.

    ``lease`` is that of the inbox item the message came from; it is consumed in the same commit. Raises
    `Refused` or `UnknownId` for a command, and `Conflict` when others kept changing what it relied on.
    """
    consulted: dict[CommandKey, Detection] = {}
    desk = context.desk
    wants = operations.wants_of(item, key, desk)
    for attempt in range(ATTEMPTS):
        try:
            overlay = Overlay(desk, context.clock())
            _take_in(overlay, wants, (yield AskRecall(desk.workspace, wants)))
            try:
                outcome = _try(context, overlay, item, key, consulted)
            except (Missing, NeedsDetection):  # seldom: most decisions know at once all they need
                overlay = overlay.again()
                outcome = yield from _decide(context, overlay, item, key, consulted)
            batch = _with_lease(overlay, lease)
            if batch is not None and not context.dry_run:
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
        overlay = Overlay(context.desk, context.clock())
        rest = items[len(results) :]
        done: list[Outcome | ReqflowError] = []
        wants = dict.fromkeys(
            want for item, key in rest for want in operations.wants_of(item, key, context.desk)
        )
        try:
            yield from _learn(overlay, tuple(wants))
            for item, key in rest:
                try:
                    done.append((yield from _decide(context, overlay, item, key, consulted)))
                except (Refused, UnknownId) as refusal:
                    done.append(refusal)
                except Unsettled:
                    if not done:
                        raise
                    break
            if not overlay.is_empty and not context.dry_run:
                yield AskCommit(overlay.batch())
        except (Conflict, Duplicate):
            conflicts += 1
            if conflicts == ATTEMPTS:
                raise
            continue
        results += done
    return results


def _learn(overlay: Overlay, wants: tuple[Want, ...]) -> Generator[Ask, Any, None]:
    _take_in(overlay, wants, (yield AskRecall(overlay.desk.workspace, wants)))


def _take_in(overlay: Overlay, wants: tuple[Want, ...], answers: tuple[Answer, ...]) -> None:
    overlay.learn(wants, answers)
    if isinstance(answers[0], DeskDocument):  # operations ask for it first, and it is told if it moved
        raise DeskMoved(answers[0])


def _decide(
    context: Context,
    overlay: Overlay,
    item: Item,
    key: CommandKey,
    consulted: dict[CommandKey, Detection],
) -> Generator[Ask, Any, Outcome]:
    """Decide one item, asking for what turns out to be missing."""
    for _ in range(ROUNDS):
        saved = overlay.save() if context.rules else None  # rules decide on top of what is decided
        try:
            return _try(context, overlay, item, key, consulted)
        except (Missing, NeedsDetection, ReqflowError, Unsettled) as short:
            if saved is not None:
                overlay.restore(saved)
            if isinstance(short, ReqflowError | Unsettled):
                raise
            if isinstance(short, Missing):
                yield from _learn(overlay, short.wants)
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
        return operations.observe(overlay, item, key, detection, context.rules, muted=context.muted)
    return operations.execute(overlay, item, key, context.rules, muted=context.muted)


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
    return verdict


def _unknown(reason: str) -> Detection:
    return Detection(Label.UNKNOWN, Code("failed"), 0.0, (Code(reason),))


def accept(context: Context, inbound: Inbound) -> Flow:
    """Put a message in the inbox. Returns True, or False when it was there, or handled, before."""
    channel, at = inbound.channel, context.clock()
    item = InboxItem(
        key=inbound_key(channel, inbound.native),
        lane=Code(f"{channel} {context.desk.author(inbound.author).profile}"),
        inbound=inbound if inbound.received_at else attrs.evolve(inbound, received_at=at),
        accepted_at=at,
    )
    try:
        yield AskCommit(Batch(workspace=context.desk.workspace, at=at, inbox=(item,)))
    except Duplicate:
        return False
    return True


def ring(context: Context, lease: Lease) -> Flow:
    """Answer a due timer, consuming its lease in the same commit. Returns how many questions it answered."""
    assert isinstance(lease.item, Timer)
    key = lease.item.key
    queue, after = drained_queue(key), swept_after(key)
    for attempt in range(ATTEMPTS):
        overlay = Overlay(context.desk, context.clock())
        try:
            if after is not None:
                answered = yield from _sweep(overlay, lease, after)
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
    yield from _learn(overlay, (WantDesk(overlay.desk.revision),))
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


def _ring(
    context: Context, overlay: Overlay, lease: Lease, key: Code, queue: QueueId | None
) -> Generator[Ask, Any, int]:
    yield from _learn(overlay, (WantDesk(context.desk.revision),))
    rules, muted = context.rules, context.muted

    def decide() -> int:
        if queue is not None:
            return int(operations.drain(overlay, queue, lease, context.policies, rules, muted=muted))
        return operations.answer_timer(overlay, ConversationId(key), lease, rules, muted=muted)

    return (yield from _known(overlay, decide))


def _known(overlay: Overlay, decide: Callable[[], T]) -> Generator[Ask, Any, T]:
    """What ``decide`` decides, once everything that it turns out to need is known."""
    for _ in range(ROUNDS):
        saved = overlay.save()
        try:
            return decide()
        except Missing as missing:
            overlay.restore(saved)
            yield from _learn(overlay, missing.wants)
    raise StoreUnavailable(_UNSETTLED)


def report_delivery(context: Context, delivered: Delivered, lease: Lease) -> Flow:
    """Record how the delivery of a posted message went, consuming the effect's lease."""
    for attempt in range(ATTEMPTS):
        overlay = Overlay(context.desk, context.clock())
        try:
            yield from _known(overlay, partial(operations.report, overlay, delivered, lease))
            yield AskCommit(overlay.batch())
            return
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise


def key_of(item: Item, fresh: Callable[[], str]) -> CommandKey:
    """What an item is recognised by: its native id, its own key, or a fresh one."""
    if isinstance(item, Inbound):
        return inbound_key(item.channel, item.native)
    return item.key or CommandKey(f"cmd:{fresh()}")
