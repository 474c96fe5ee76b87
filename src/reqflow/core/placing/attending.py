"""What somebody has seen: the one observation that leaves no history, for it happens all the time and moves nothing."""

from __future__ import annotations

from .. import commands as c
from ..facts import Outcome, OutcomeKind, Want, WantConversation, WantRecord
from ..ids import after_moment
from ..model import ActorKind, AgentId, Code, Conversation, ProfileId
from ..operations.overlay import Overlay
from ..records import Attention, attention_id
from ..rights.visibility import Principal, sees
from ..settings import Desk

__all__ = ["attend", "seen_wants"]


def seen_wants(seen: c.MarkSeen) -> tuple[Want, ...]:
    """What noting it asks first."""
    is_customer = seen.by.kind is ActorKind.CUSTOMER
    agent = None if is_customer else AgentId(seen.by.id)
    id = attention_id(seen.conversation_id, agent, ProfileId(seen.by.id) if is_customer else None)
    return WantConversation(seen.conversation_id), WantRecord(Code(Attention.tag), id)


def attend(overlay: Overlay, seen: c.MarkSeen) -> Outcome:
    """Note how far somebody got. What is no news, or not theirs to see, is ignored with a reason."""
    conversation = overlay.conversation(seen.conversation_id)
    principal = _principal(seen, overlay.desk)
    if conversation is None or principal is None or not sees(overlay.desk, principal, conversation):
        return Outcome(kind=OutcomeKind.IGNORED, code=Code("unknown_conversation"))
    agent = principal.agent.id if principal.agent is not None else None
    id = attention_id(conversation.id, agent, principal.customer)
    known = overlay.record(Attention.tag, id)
    attention = (
        known
        if isinstance(known, Attention)
        else Attention(id=id, conversation_id=conversation.id, agent=agent, profile_id=principal.customer)
    )
    at = overlay.at if seen.at is None else min(seen.at, overlay.at)
    after = attention.after_seeing(seen.up_to or after_moment(at), at)
    if after.seen != attention.seen:
        overlay.put_record(after)
    return _done(conversation)


def _done(conversation: Conversation) -> Outcome:
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id)


def _principal(seen: c.MarkSeen, desk: Desk) -> Principal | None:
    if seen.by.kind is ActorKind.CUSTOMER:
        return Principal(customer=ProfileId(seen.by.id))
    agent = desk.agents.get(AgentId(seen.by.id))
    return None if agent is None else Principal(agent)
