"""What nobody saw leaves by mail when its timer is due, and what comes of that mail. (OneDesk)

The messages since the timer was armed, and of some minutes before, are looked at: if all were seen nothing happens; if
the oldest that was not is not old enough, it is asked again then; else all of them leave, as one mail for each
audience. Whoever writes in a conversation has seen what was there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from .. import events as e
from ..batch import Lease, Timer
from ..effects import MailAgent, MailCustomer
from ..model import (
    Actor,
    ActorKind,
    Audience,
    Code,
    CommandKey,
    Conversation,
    Message,
    MessageId,
    Reason,
    TextRef,
)
from ..operations.overlay import Overlay
from ..operations.step import Step
from ..records import Attention, Contact, Customer
from ..rights.visibility import Principal, sees
from ..settings import ChannelSettings, Desk, UnseenBy
from .means import address_of
from .people import listeners
from .unseen import UNASKED, UNSEEN, Recipient, concerns, unseen_key

__all__ = ["MOST", "fall_back", "looked_at_from"]

MOST = 50
"""How many messages one mail holds; what is more follows in the next."""

LATE = timedelta(minutes=10)
"""How much older than its arrival a message may claim to be and still be found when the timer is due."""

_AUDIENCES = (Audience.CUSTOMER, Audience.INTERNAL)


def looked_at_from(desk: Desk, conversation: Conversation, timer: Timer) -> MessageId:
    """The id after which the messages that a due timer asks about come."""
    armed_at = timer.due_at - desk.settings(conversation.channel_id).unseen_after
    moment = max(int((armed_at - LATE).timestamp() * 1000), 0)
    return MessageId(f"m_{moment:012x}")


def fall_back(
    overlay: Overlay,
    recipient: Recipient,
    messages: Sequence[Message],
    lease: Lease,
    *,
    muted: bool = False,
) -> int:
    """Answer a due timer with the messages since it was armed; returns how many leave by mail.

    Raises `Missing` for what it turns out to need.
    """
    overlay.consumed.append(lease)
    conversation = overlay.conversation(recipient.conversation_id)
    if conversation is None or not _still_concerned(overlay.desk, conversation, recipient):
        return 0
    settings = overlay.desk.settings(conversation.channel_id)
    known = overlay.record(Attention.tag, recipient.attention)
    assert known is None or isinstance(known, Attention)
    spoke_at = _spoke_at(recipient, messages)
    unseen = [
        message
        for message in messages
        if message.text is not None  # else it was deleted since
        and concerns(overlay.desk, recipient, message)
        and not (known is not None and known.has(message))
        and not (spoke_at is not None and message.received_at < spoke_at)
    ]
    if not unseen:
        return 0
    due_at = min(message.received_at for message in unseen) + settings.unseen_after
    if due_at > overlay.at:
        overlay.arm(unseen_key(recipient), due_at)
        return 0
    if len(unseen) > MOST:
        overlay.arm(unseen_key(recipient), overlay.at)
    key = CommandKey(f"unseen:{recipient.attention}.{conversation.version}")
    cause = e.Cause(kind=e.CauseKind.TIMER, key=key)
    step = Step(overlay, Actor(ActorKind.TIMER, UNSEEN), cause, muted=muted)
    sent = _send(step, conversation, settings, recipient, known, unseen[:MOST])
    step.finish()
    return sent


def _spoke_at(recipient: Recipient, messages: Sequence[Message]) -> datetime | None:
    """When they last wrote in it themselves: whoever answers has seen what was there."""
    if recipient.agent is not None:
        own = [each for each in messages if each.author == Actor(ActorKind.AGENT, Code(recipient.agent))]
    else:
        own = [each for each in messages if each.profile_id == recipient.profile_id]
    return max((each.received_at for each in own), default=None)


def _still_concerned(desk: Desk, conversation: Conversation, recipient: Recipient) -> bool:
    settings = desk.settings(conversation.channel_id)
    if not settings.forwards:
        return False
    if recipient.agent is None:
        unasked = not conversation.is_open and conversation.reason in UNASKED
        wanted = UnseenBy.CUSTOMERS in settings.unseen_by
        return wanted and not unasked and recipient.profile_id == conversation.requester
    agent = desk.agents.get(recipient.agent)
    return (
        UnseenBy.AGENTS in settings.unseen_by
        and conversation.is_open
        and agent is not None
        and recipient.agent in listeners(conversation)
        and sees(desk, Principal(agent), conversation)
    )


def _send(
    step: Step,
    conversation: Conversation,
    settings: ChannelSettings,
    recipient: Recipient,
    known: Attention | None,
    unseen: Sequence[Message],
) -> int:
    """One mail for each audience, so that an answer to it can only be meant for that. Returns how many leave."""
    attention = known or Attention(
        id=recipient.attention,
        conversation_id=conversation.id,
        agent=recipient.agent,
        profile_id=recipient.profile_id,
    )
    to = _address(step, settings, recipient)
    if to is None or settings.unseen_through is None:
        return 0
    for audience in _AUDIENCES:
        of_it = [message for message in unseen if message.audience is audience]
        if of_it:
            texts = tuple([message.text for message in of_it if message.text is not None])
            _mail(step, conversation, settings, recipient, attention, audience, to, of_it, texts)
    last = max(unseen, key=lambda message: message.id)
    step.put(attention.after_sending(last.id, step.at))
    step.emit(
        conversation.id,
        e.MessageForwarded(
            messages=tuple([message.id for message in unseen]),
            agent=recipient.agent,
            profile_id=recipient.profile_id,
            reason=Reason(UNSEEN),
        ),
    )
    return len(unseen)


def _mail(
    step: Step,
    conversation: Conversation,
    settings: ChannelSettings,
    recipient: Recipient,
    attention: Attention,
    audience: Audience,
    to: TextRef,
    messages: Sequence[Message],
    texts: tuple[TextRef, ...],
) -> None:
    assert settings.unseen_through is not None
    common: dict[str, Any] = {
        "channel_id": settings.unseen_through,
        "conversation_id": conversation.id,
        "to": to,
        "messages": tuple([message.id for message in messages]),
        "texts": texts,
        "subject": conversation.subject,
        "answers": attention.thread(audience),
    }
    if recipient.agent is not None:
        step.queue(
            Code(settings.unseen_through), MailAgent(agent=recipient.agent, audience=audience, **common)
        )
    elif recipient.profile_id is not None and audience is Audience.CUSTOMER:
        step.queue(Code(settings.unseen_through), MailCustomer(profile_id=recipient.profile_id, **common))


def _address(step: Step, settings: ChannelSettings, recipient: Recipient) -> TextRef | None:
    """Where their mail goes; None for a customer nobody knows, or an agent without an address."""
    if recipient.agent is not None:
        scheme = (settings.unseen_through or "").partition(":")[0]
        return address_of(step, recipient.agent, scheme)
    contact = step.record(Contact, recipient.profile_id or "")
    if contact is None or contact.customer_id is None:
        return None
    customer = step.record(Customer, contact.customer_id)
    if customer is None or customer.barred_at is not None:
        return None
    return customer.particulars.email
