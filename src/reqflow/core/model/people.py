"""What is kept of authors, customers and agents beside conversations."""

from __future__ import annotations

from datetime import datetime

from ..values import value
from .ids import AgentId, ChannelId, Code, ConversationId, ProfileId
from .values import TextRef

__all__ = ["AgentLoad", "Lane", "MovedProfile", "Particulars", "Profile"]


@value
class Lane:
    """One author in one channel. Every inbound message writes it, so one author is serial.

    ``conversation_id`` is the one this author opened last, which a direct channel continues.
    """

    channel_id: ChannelId
    profile_id: ProfileId
    version: int
    conversation_id: ConversationId | None = None


@value
class Profile:
    """An address on a transport, and the name and e-mail address that came with it; all of them are texts."""

    id: ProfileId
    address: TextRef
    name: TextRef | None = None
    email: TextRef | None = None


@value(kw_only=True)
class Particulars:
    """Who a customer is, as texts. ``company`` is a label: an organisation is nobody by itself.

    The keys are keyed digests of what `reqflow.core.identity` makes of the e-mail address, the phone number and the
    company: what a customer is found by without anybody's having to read those.
    """

    first_name: TextRef
    last_name: TextRef
    email: TextRef | None = None
    phone: TextRef | None = None
    company: TextRef | None = None
    address: TextRef | None = None
    email_key: Code | None = None
    phone_key: Code | None = None
    company_key: Code | None = None


@value
class MovedProfile:
    """A profile that came along when its customer was merged; ``entry`` is the move in its own history."""

    profile_id: ProfileId
    entry: int


@value
class AgentLoad:
    """How many assigned requests an agent has now, and when a policy last chose them."""

    agent: AgentId
    version: int = 0
    load: int = 0
    chosen_at: datetime | None = None
