"""Commands of hosts and their plugins: own events, own effects, own timers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any

import attrs

from ...errors import InvalidInput
from ..codes import code_of
from ..events import TAGS
from ..model import Code, ConversationId, RequestId
from ..values import value
from .checks import as_utc, check_length, check_moment, check_text, is_moment, is_place
from .root import Command

__all__ = ["MAX_DATA", "CancelTimer", "HostData", "RecordEvent", "SendEffect", "SetTimer", "own_name"]

MAX_DATA = 32
"""How many pieces of data one event or effect of a host may carry, its texts included."""

HostData = Mapping[str, str | int | float | bool | datetime]
"""A host's own data by name: codes (words without blanks), finite numbers, flags, aware moments."""

_OURS = frozenset(tag.partition(".")[0] for tags in TAGS.values() for tag in tags.split())
_NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+")


def own_name(given: object) -> Code:
    """A host's own word with its namespace, such as ``acme.shipped``. Raises ValueError saying what it must be."""
    if not isinstance(given, str) or not _NAME.fullmatch(given) or len(given) > 64:
        raise ValueError(f"must be a name with a namespace such as 'acme.shipped', not {given!r}")
    if given.partition(".")[0] in _OURS:
        raise ValueError(f"must have a namespace of the host's: {given!r} is in one of reqflow's own")
    return Code(given)


def _as_name(given: object) -> Code:
    try:
        return own_name(given)
    except ValueError as problem:
        raise InvalidInput(str(problem)) from None


def _as_data(given: Any) -> Any:
    """Sorted pairs: values of the core are never changed, and a mapping could be."""
    return tuple(sorted((_key(name), _datum(name, content)) for name, content in _named("data", given)))


def _as_texts(given: Any) -> Any:
    pairs = _named("texts", given)
    for name, content in pairs:
        check_text(f"texts[{name!r}]", content)
        check_length(f"texts[{name!r}]", content)
    return tuple(sorted((_key(name), content) for name, content in pairs))


def _named(what: str, given: Any) -> list[tuple[Any, Any]]:
    """What is given by name; as pairs, too, for so a command that is made anew hands it over."""
    try:
        return list(dict(given).items())
    except (TypeError, ValueError):
        raise InvalidInput(f"{what} must be a mapping of names to values, not {given!r:.80}") from None


def _key(name: object) -> Code:
    try:
        return code_of(name)
    except ValueError as problem:
        raise InvalidInput(f"a piece of data {problem}") from None


def _datum(name: object, content: object) -> object:
    if isinstance(content, datetime):
        check_moment(f"data[{name!r}]", content)
        return as_utc(content)
    if isinstance(content, str):
        try:
            return code_of(content)
        except ValueError as problem:
            raise InvalidInput(f"data[{name!r}] {problem}; what people wrote goes into texts") from None
    if isinstance(content, int | float):
        if not isfinite(content) or abs(content) > 2**53:
            raise InvalidInput(f"data[{name!r}] must be a finite number up to 2**53, not {content}")
        return content
    raise InvalidInput(f"data[{name!r}] must be a code, a number, a flag or a moment, not {content!r}")


def _bounded(instance: Any, attribute: Any, texts: tuple[Any, ...]) -> None:
    if len(instance.data) + len(texts) > MAX_DATA:
        raise InvalidInput(f"an event or effect carries up to {MAX_DATA} pieces of data and texts")
    twice = {name for name, _ in instance.data} & {name for name, _ in texts}
    if twice:
        raise InvalidInput(f"both data and texts hold {', '.join(sorted(twice))}")


@value(kw_only=True)
class RecordEvent(Command):
    """Put an event of the host's own on record in a conversation; nothing moves by it, but rules may answer it.

    ``name`` has a namespace of the host's (``acme.shipped``). ``data`` holds codes, numbers, flags and moments by
    name; ``texts`` holds what people wrote, which can be erased later and which customers never see.
    """

    conversation_id: ConversationId
    name: Code = attrs.field(converter=_as_name)
    data: HostData = attrs.field(factory=tuple, converter=_as_data)
    texts: Mapping[str, str] = attrs.field(factory=tuple, converter=_as_texts, validator=_bounded)
    request_id: RequestId | None = None


@value(kw_only=True)
class SendEffect(Command):
    """Have something done outside after the commit, by the transport that declares its ``kind``.

    ``kind`` has a namespace of the host's (``acme.webhook``); ``destination`` is ``transport:place`` and keeps the
    order of effects. ``data`` and ``texts`` are as in `RecordEvent`; what goes to customers is a `Reply`.
    """

    conversation_id: ConversationId
    kind: Code = attrs.field(converter=_as_name)
    destination: Code = attrs.field(validator=is_place)
    data: HostData = attrs.field(factory=tuple, converter=_as_data)
    texts: Mapping[str, str] = attrs.field(factory=tuple, converter=_as_texts, validator=_bounded)
    request_id: RequestId | None = None


@value(kw_only=True)
class SetTimer(Command):
    """Have ``host.timer_fired`` happen once at ``due_at`` (aware; kept in UTC), for rules to answer.

    A timer with the same ``name`` on this conversation is moved. Closing the conversation ends its timers.
    """

    conversation_id: ConversationId
    name: Code = attrs.field(converter=_as_name)
    due_at: datetime = attrs.field(converter=as_utc, validator=is_moment)
    request_id: RequestId | None = None


@value(kw_only=True)
class CancelTimer(Command):
    """Take a timer of the host's back. One that is not there, or that has fired, is no reason to refuse."""

    conversation_id: ConversationId
    name: Code = attrs.field(converter=_as_name)
