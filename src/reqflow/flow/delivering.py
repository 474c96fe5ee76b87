"""What an effect is given before it leaves, and what is remembered of it afterwards."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import attrs

from ..core.batch import Lease, ThreadKey
from ..core.effects import AnnounceRequest, Effect, MailAgent, MailCustomer, React
from ..core.facts import Answer, Want, WantPlaced, WantRecord
from ..core.ids import inbound_key
from ..core.model import Audience, Code, NativeId, Resolution, TextId
from ..core.operations.overlay import Overlay
from ..core.records import Attention, Card, Forwarded, Record, attention_id
from ..core.records.attention import card_id
from ..errors import Conflict
from .asks import Ask, AskCommit, AskRecall, Context

__all__ = ["REMEMBERED", "completed", "remember", "texts_of", "wants_of"]

REMEMBERED = (AnnounceRequest, MailAgent, MailCustomer)
"""The effects whose transport's own id is kept: others change them, or answer them."""

ATTEMPTS = 50
"""How often a receipt is taken in anew after a conflict."""


def wants_of(effect: Effect) -> tuple[Want, ...]:
    """What is to be known before the effect leaves."""
    if isinstance(effect, React):
        return (WantPlaced(effect.message_id),)
    if isinstance(effect, AnnounceRequest):
        return (WantRecord(Code(Card.tag), card_id(effect.request_id, effect.room)),)
    return ()


def completed(effect: Effect, answers: Mapping[Want, Answer]) -> Effect | None:
    """The effect with what is only known when it leaves; None if there is nothing to deliver any more."""
    known: Any = [answers[want] for want in wants_of(effect)]
    if isinstance(effect, React):
        ((message, _),) = known
        if message is None or message.deleted_at is not None or message.profile_id is None:
            return None  # taken back, or the desk's own, which nobody has to be shown the state of
        if message.channel_id != effect.channel_id:
            return None
        return attrs.evolve(effect, native=message.native)
    if isinstance(effect, AnnounceRequest):
        (card,) = known
        if isinstance(card, Card):
            return attrs.evolve(effect, card=card.native)
        return None if effect.resolution is Resolution.MERGED else effect  # nobody saw that it was one
    return effect


def texts_of(effect: Effect) -> tuple[tuple[TextId, Audience], ...]:
    """The texts that the effect shows, each with the eyes that it is read with, and the address that it goes to.

    A customer's effect is read with a customer's eyes, whatever it refers to: internal text never leaves the desk.
    """
    eyes, address = effect.eyes(), effect.address()
    shown = tuple([(id, eyes) for id in effect.shown()])
    # it is not shown to whom it belongs, so it is no text for their eyes
    return shown if address is None else (*shown, (address.id, Audience.INTERNAL))


def remember(context: Context, effect: Effect, native: NativeId, lease: Lease) -> Generator[Ask, Any, None]:
    """Keep the transport's own id of what was delivered, consuming the effect's lease in the same commit."""
    by_thread = True
    for attempt in range(ATTEMPTS):
        overlay = Overlay(context.desk, context.clock())
        overlay.consumed.append(lease)
        if isinstance(effect, AnnounceRequest):
            yield from _remember_card(overlay, effect, native)
        elif isinstance(effect, MailAgent | MailCustomer):
            yield from _remember_mail(overlay, effect, native, by_thread)
        try:
            yield AskCommit(overlay.batch())
            return
        except Conflict as conflict:
            if attempt == ATTEMPTS - 1:
                raise
            # somebody answered it before its receipt came: the thread stays where that answer went
            by_thread = by_thread and not any(kind == "thread" for kind, _ in conflict.rows)


def _recall(overlay: Overlay, *wants: Want) -> Generator[Ask, Any, tuple[Any, ...]]:
    answers: tuple[Any, ...] = yield AskRecall(overlay.desk.workspace, wants)
    overlay.learn(wants, answers)
    return answers


def _put(overlay: Overlay, known: Record | None, record: Record) -> None:
    overlay.put_record(attrs.evolve(record, version=known.version + 1 if known is not None else 1))


def _remember_card(overlay: Overlay, effect: AnnounceRequest, native: NativeId) -> Generator[Ask, Any, None]:
    id = card_id(effect.request_id, effect.room)
    (known,) = yield from _recall(overlay, WantRecord(Code(Card.tag), id))
    if not isinstance(known, Card) or known.native != native:
        _put(overlay, known, Card(id=id, native=native))


def _remember_mail(
    overlay: Overlay, effect: MailAgent | MailCustomer, native: NativeId, by_thread: bool
) -> Generator[Ask, Any, None]:
    to_agent = effect.agent if isinstance(effect, MailAgent) else None
    to_customer = effect.profile_id if isinstance(effect, MailCustomer) else None
    audience = effect.audience if isinstance(effect, MailAgent) else Audience.CUSTOMER
    key = Code(inbound_key(effect.channel_id, native))
    attention, forwarded = yield from _recall(
        overlay,
        WantRecord(Code(Attention.tag), attention_id(effect.conversation_id, to_agent, to_customer)),
        WantRecord(Code(Forwarded.tag), key),
    )
    if by_thread:
        overlay.threads.append(ThreadKey(effect.channel_id, native, effect.conversation_id))
    if forwarded is None:
        mail = Forwarded(id=key, conversation_id=effect.conversation_id, audience=audience)
        _put(overlay, None, mail)
    if isinstance(attention, Attention) and attention.thread(audience) is None:
        _put(overlay, attention, attention.in_thread(audience, native))
