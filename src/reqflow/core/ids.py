"""Where ids come from: never from chance or a clock, always from what they name.

An id is the moment of the thing's first message and a digest of its key, in 32 hexadecimal digits.
So ids sort by time, which keeps indexes narrow, and a retry makes the same ids again.
"""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import blake2b

from .model import (
    Audience,
    ChannelId,
    Code,
    CommandKey,
    ConversationId,
    MessageId,
    NativeId,
    ProfileId,
    RequestId,
    Text,
    TextId,
    TextRef,
)

__all__ = [
    "after_moment",
    "body_of",
    "change_key",
    "choice_key",
    "command_key",
    "conversation_id",
    "digest_of",
    "inbound_key",
    "is_profile_id",
    "make_text",
    "message_id",
    "profile_id",
    "profile_texts",
    "reaction_key",
    "request_id",
]

_LAST = 2**48 - 1
_PROFILE = re.compile(r"p_[0-9a-f]{32}")


def digest_of(content: bytes, *, key: bytes = b"") -> bytes:
    """A 16-byte keyed digest."""
    return blake2b(content, digest_size=16, key=key[:64]).digest()


def inbound_key(channel: ChannelId, native: NativeId) -> CommandKey:
    """The key of an inbound message: what its history entry calls its cause."""
    named = f"{channel}\0{native}"
    return CommandKey(f"in:{digest_of(named.encode('utf-8', 'surrogatepass')).hex()}")


def change_key(word: str, channel: ChannelId, native: NativeId, at: datetime) -> CommandKey:
    """The key of a change of a message, by the moment at which it was made; ``word`` says what was done to it."""
    named = f"{channel}\0{native}\0{at.isoformat()}"
    return CommandKey(f"{word}:{digest_of(named.encode('utf-8', 'surrogatepass')).hex()}")


def choice_key(channel: ChannelId, native: NativeId) -> CommandKey:
    """The key of a choice in a menu, apart from that of the message that may come of it."""
    return CommandKey(f"menu:{inbound_key(channel, native).partition(':')[2]}")


def reaction_key(channel: ChannelId, native: NativeId, emoji: str) -> CommandKey:
    """The key of an emoji on a message, whoever put it there, and however often."""
    named = f"{channel}\0{native}\0{emoji}"
    return CommandKey(f"react:{digest_of(named.encode('utf-8', 'surrogatepass')).hex()}")


def command_key(text: str) -> CommandKey:
    """A host's own key for a command, kept apart from the keys that reqflow makes."""
    return CommandKey(f"cmd:{text}")


def message_id(key: CommandKey, sent_at: datetime) -> MessageId:
    """An id that sorts by ``sent_at`` (to the millisecond) and ends in a digest of what brought it.

    The key of an inbound message is a digest already, of which 80 bits are enough here.
    """
    moment = int(sent_at.timestamp() * 1000)
    if not 0 <= moment <= _LAST:
        moment = 0 if moment < 0 else _LAST
    if key.startswith("in:"):
        return MessageId(f"m_{moment:012x}{key[3:23]}")
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
    return MessageId(f"m_{moment:012x}{digest}")


def conversation_id(opener: MessageId) -> ConversationId:
    """The conversation that a message began."""
    return ConversationId("c" + opener[1:])


def request_id(opener: MessageId, ordinal: int = 0) -> RequestId:
    """The request that a message opened; ``ordinal`` tells apart several that cite one opener."""
    return RequestId(f"r{opener[1:]}" + (f"-{ordinal}" if ordinal else ""))


def profile_id(address: str, salt: bytes) -> ProfileId:
    """The profile behind ``transport:name``; nobody without the salt can tell it from the address."""
    return ProfileId("p_" + digest_of(address.encode("utf-8", "surrogatepass"), key=salt).hex())


def is_profile_id(given: str) -> bool:
    """Whether `profile_id` makes such ids: nothing else may stand where texts are named by a profile."""
    return _PROFILE.fullmatch(given) is not None


def after_moment(moment: datetime) -> MessageId:
    """What sorts after the ids of all messages that were sent up to a moment."""
    return MessageId(f"m_{int(moment.timestamp() * 1000):012x}~")


def profile_texts(profile: ProfileId) -> tuple[TextId, ...]:
    """The text rows that hold what is on record of a profile: its address, name and e-mail address."""
    return tuple([TextId(f"t{profile[1:]}.{part}") for part in ("address", "name", "email")])


def body_of(message: MessageId) -> TextId:
    """The text row that holds a message as it was first said."""
    return TextId(f"t{message[1:]}.body")


def make_text(body: str, source: str, part: str, audience: Audience, owner: str, salt: bytes) -> Text:
    """A text row and its reference. ``source`` and ``part`` name it: a message's id, ``body``.

    NUL and lone surrogates, which databases refuse, become U+FFFD.
    """
    try:
        content = body.encode()
    except UnicodeEncodeError:
        body = body.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        content = body.encode()
    if "\0" in body:
        body = body.replace("\0", "\ufffd")
        content = body.encode()
    return Text(
        TextRef(
            TextId(f"t{source[1:]}.{part}"),
            audience,
            Code(owner),
            Code(digest_of(content, key=salt).hex()),
        ),
        body,
    )
