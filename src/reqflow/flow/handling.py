"""Handling: from a message or a command, through recall and decision, to one commit. Due timers: see `ringing`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ..core import placing
from ..core.batch import Batch, Lease
from ..core.codes import code_of
from ..core.commands import Command, Inbound, MenuChoice, MessageDeletion, MessageEdit, Reacted
from ..core.facts import (
    Answer,
    DeskDocument,
    Need,
    Outcome,
    Want,
    WantEntries,
    WantText,
)
from ..core.model import (
    Audience,
    Code,
    CommandKey,
    Detection,
    Label,
)
from ..core.operations import performing
from ..core.operations.overlay import Missing, Overlay, Unsettled
from ..core.placing.intake import NeedsDetection
from ..errors import Conflict, Duplicate, Refused, ReqflowError, StoreUnavailable, UnknownId
from . import asks
from .asks import AskCommit, AskConsult, AskRecall, DeskMoved

if TYPE_CHECKING:
    from ..core.commands import Item
    from .asks import Ask, Context, Flow

__all__ = ["ATTEMPTS", "decided", "handle", "handle_many", "learn", "tried"]

T = TypeVar("T")

ATTEMPTS = 50
"""How often a decision is made anew after a conflict before the conflict is the answer."""

ROUNDS = 32
"""How often one decision may find that it needs to know more; the longest ways are those through many merges."""

_UNSETTLED = "the answers to recalls do not settle; is the store's recall complete?"


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
        except (Conflict, Duplicate) as met:
            if attempt == ATTEMPTS - 1 or (isinstance(met, Conflict) and met.final):
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
        bodies = yield asks.AskTexts(workspace, ids, Audience.INTERNAL)
        overlay.learn(texts, [bodies.get(each, "") for each in ids])
    for each in needs:
        if isinstance(each, WantEntries):
            overlay.learn((each,), (tuple((yield asks.AskHistory(workspace, each.stream))),))
    wants = tuple([each for each in needs if not isinstance(each, WantText | WantEntries)])
    if wants:
        wants += overlay.known_again(wants)
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
        return placing.amend(overlay, item, key, context.rules, muted=context.muted)
    if isinstance(item, Reacted):
        return performing.react(overlay, item, key, context.rules, muted=context.muted)
    if isinstance(item, MenuChoice):
        return performing.take_choice(overlay, item, key, context.rules, muted=context.muted)
    return placing.attend(overlay, item)


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
