"""One Slack message object to one `Inbound`. Shared by exports, event bodies and the Slack adapter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ...core.commands import Inbound
from ...core.model import ChannelId, Code, IdentityLevel, NativeId
from .reads import Ignored, Read, Rejected
from .texts import shown, storable

__all__ = ["code_of", "moment_of", "name_of", "parse_message"]

WRITTEN = frozenset({"", "thread_broadcast", "reply_broadcast", "file_share", "me_message"})
"""Subtypes of what people write. All others report a change, a join, a bot."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TS = re.compile(r"([0-9]{1,11})\.([0-9]{1,6})", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


def code_of(given: object, otherwise: str) -> Code:
    """A type or subtype from outside as a code; what is no plain word becomes ``otherwise``."""
    return Code(given if isinstance(given, str) and _WORD.fullmatch(given) else otherwise)


def moment_of(ts: str) -> datetime | None:
    """The moment that a Slack ``ts`` says, to the microsecond; None if it says none."""
    found = _TS.fullmatch(ts)
    if found is None:
        return None
    # Integers only: a float of today's seconds is off by up to a microsecond.
    return _EPOCH + timedelta(seconds=int(found[1]), microseconds=int(found[2].ljust(6, "0")))


def name_of(user: object) -> str | None:
    """The name that people know a user by, from a user object or a profile; None if there is none."""
    if not isinstance(user, Mapping):
        return None
    profile = user.get("profile")
    for source in (profile, user):
        if isinstance(source, Mapping):
            for key in ("display_name", "real_name", "name"):
                given = source.get(key)
                if isinstance(given, str) and (name := shown(given)):
                    return name
    return None


def parse_message(
    message: Mapping[str, Any], channel: object, where: str, names: Mapping[str, str] | None = None
) -> Read:
    """Read one message object that was said in a channel; never raises.

    ``names`` are known users' names by user id; else the message's own ``user_profile`` is taken.
    """
    subtype = message.get("subtype") or ""
    if subtype == "bot_message" or message.get("bot_id") or message.get("user") == "USLACKBOT":
        return Ignored(where, Code("bot"))
    if not isinstance(subtype, str) or subtype not in WRITTEN:
        return Ignored(where, code_of(subtype, "unknown_subtype"))
    user, ts = message.get("user"), message.get("ts")
    given = {"channel": channel, "user": user, "ts": ts}
    missing = [key for key, content in given.items() if not content]
    if missing:
        return Rejected(where, Code("missing_keys"), ", ".join(missing))
    if not (isinstance(channel, str) and isinstance(user, str) and isinstance(ts, str)):
        return Rejected(where, Code("wrong_types"), "channel, user and ts must be texts")
    sent_at = moment_of(ts)
    if sent_at is None:
        return Rejected(where, Code("bad_ts"), f"ts is {shown(ts, 40)!r}")
    if not (_ID.fullmatch(channel) and _ID.fullmatch(user)):
        return Rejected(where, Code("bad_id"), f"{shown(channel, 40)!r}, {shown(user, 40)!r}")
    return Inbound(
        channel=ChannelId(f"slack:{channel}"),
        author=f"slack:{user}",
        native=NativeId(ts),
        sent_at=sent_at,
        text=_plain(message.get("text")),
        replies_to=_thread(message.get("thread_ts"), ts),
        level=IdentityLevel.SIGNED_IN,  # Slack lets nobody write as somebody else
        name=(names or {}).get(user) or name_of(message.get("user_profile")),
    )


def _plain(text: object) -> str:
    """Slack escapes three characters; undone once, the ampersand last, so that nothing is undone twice."""
    if not isinstance(text, str):
        return ""
    return storable(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def _thread(thread: object, ts: str) -> tuple[NativeId, ...]:
    if not isinstance(thread, str) or thread == ts or moment_of(thread) is None:
        return ()
    return (NativeId(thread),)
