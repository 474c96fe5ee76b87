"""The timer of what somebody may not have seen: the messages since, looked at, and sent by mail if they did not."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ..core.batch import Lease, Timer
from ..core.facts import Want, WantConversation, WantRecord
from ..core.model import Code, Conversation, Message
from ..core.notices.forwarding import MOST, fall_back, looked_at_from
from ..core.notices.unseen import Recipient
from ..core.operations.overlay import Overlay
from ..core.records import Attention, Contact, Customer
from ..ports import Messages, Page
from .asks import Ask, AskQuery, AskRecall

__all__ = ["forward"]

LOOKED_AT = 4 * MOST
"""How many messages are looked at at most: a mail holds some of them, and what is more comes the next time."""


def forward(
    overlay: Overlay, lease: Lease, recipient: Recipient, *, muted: bool = False
) -> Generator[Ask, Any, int]:
    """Answer a due timer of this kind; returns how many messages leave by mail."""
    wants: list[Want] = [
        WantConversation(recipient.conversation_id),
        WantRecord(Code(Attention.tag), recipient.attention),
    ]
    if recipient.profile_id is not None:
        wants.append(WantRecord(Code(Contact.tag), Code(recipient.profile_id)))
    answers = yield from _learn(overlay, *wants)
    contact = answers[-1]
    if isinstance(contact, Contact) and contact.customer_id is not None:
        yield from _learn(overlay, WantRecord(Code(Customer.tag), Code(contact.customer_id)))
    conversation = overlay.conversation(recipient.conversation_id)
    since = (yield from _since(overlay, conversation, lease)) if conversation is not None else ()
    return fall_back(overlay, recipient, since, lease, muted=muted)


def _learn(overlay: Overlay, *wants: Want) -> Generator[Ask, Any, tuple[Any, ...]]:
    answers: tuple[Any, ...] = yield AskRecall(overlay.desk.workspace, wants)
    overlay.learn(wants, answers)
    return answers


def _since(
    overlay: Overlay, conversation: Conversation, lease: Lease
) -> Generator[Ask, Any, tuple[Message, ...]]:
    """The messages that the timer asks about, oldest first."""
    assert isinstance(lease.item, Timer)
    view = Messages(
        conversation_id=conversation.id,
        after=looked_at_from(overlay.desk, conversation, lease.item),
        limit=LOOKED_AT,
    )
    page: Page = yield AskQuery(overlay.desk.workspace, view)
    return page.items
