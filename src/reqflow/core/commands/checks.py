"""What the fields of commands and observations are checked and converted by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import attrs

from ...errors import InvalidInput
from ..codes import code_of
from ..model import (
    Actor,
    Audience,
    CloseReason,
    Code,
    ConversationState,
    HoldReason,
    IdentityLevel,
    NativeId,
    RequestState,
    Resolution,
)
from ..values import value

__all__ = [
    "MAX_NATIVE",
    "MAX_REPLIES_TO",
    "MAX_SAID",
    "MAX_TEXT",
    "Checked",
    "Paged",
    "as_audience",
    "as_chain",
    "as_close_reason",
    "as_code",
    "as_conversation_states",
    "as_hold_reason",
    "as_identity_level",
    "as_many",
    "as_request_states",
    "as_resolution",
    "as_utc",
    "as_words",
    "check_actor",
    "check_length",
    "check_moment",
    "check_place",
    "check_said",
    "check_text",
    "check_word",
    "is_moment",
    "is_place",
    "is_text",
    "is_word",
    "member",
]

MAX_NATIVE = 512
MAX_REPLIES_TO = 24
MAX_TEXT = 1_000_000
"""How many characters a text of a command may have."""
MAX_SAID = 25 * 2**20
"""How many characters a text from outside may have: no fewer than the largest mail that is read has bytes."""

_FURTHEST = 2**53

E = TypeVar("E", bound=StrEnum)


def check_text(where: str, content: object) -> None:
    """Refuse what is no text. Raises `InvalidInput` naming the field."""
    if not isinstance(content, str):
        raise _no_text(where, content)


def _no_text(where: str, content: object) -> InvalidInput:
    return InvalidInput(f"{where} must be text, not {type(content).__name__}")


def check_length(where: str, content: str, most: int = MAX_TEXT) -> None:
    """Refuse a text of more than so many characters. Raises `InvalidInput` naming the field."""
    if len(content) > most:
        raise InvalidInput(f"{where} may have {most:,} characters, not {len(content):,}")


def check_said(where: str, content: object, most: int = MAX_SAID) -> None:
    """Refuse what is no text, or too long for one."""
    if not isinstance(content, str) or len(content) > most:
        check_text(where, content)
        check_length(where, str(content), most)


def check_word(where: str, content: object) -> str:
    """Refuse what cannot be an id or a name: empty, very long, or not printable."""
    if not isinstance(content, str):
        raise _no_text(where, content)
    if not 0 < len(content) <= MAX_NATIVE:
        raise InvalidInput(f"{where} must have 1 to {MAX_NATIVE} characters, not {len(content)}")
    if not content.isprintable():
        raise InvalidInput(f"{where} must have printable characters only: {content!a}")
    return content


def check_place(where: str, content: object) -> None:
    """Refuse what is not ``transport:name``."""
    if ":" not in check_word(where, content):
        raise InvalidInput(f"{where} must be 'transport:name', not {content!r}")


def check_moment(where: str, content: object) -> None:
    """Refuse what is no moment, or one whose time zone nobody knows."""
    if not isinstance(content, datetime) or content.tzinfo is None:
        raise InvalidInput(f"{where} must be a datetime with a time zone, not {content!r:.80}")


def check_actor(where: str, content: object) -> None:
    """Refuse what is nobody: a bare name says not whether it is an agent's."""
    if not isinstance(content, Actor):
        raise InvalidInput(f"{where} must be an Actor, such as agent('ana'), not {content!r:.80}")
    named: Any = content.id
    if not (isinstance(named, str) and named.isprintable() and 0 < len(named) <= MAX_NATIVE):
        check_word(f"{where}.id", named)


def _check_number(where: str, content: object) -> None:
    if not isinstance(content, int) or isinstance(content, bool) or abs(content) > _FURTHEST:
        raise InvalidInput(f"{where} must be a whole number up to 2**53, not {content!r:.80}")


def _check_flag(where: str, content: object) -> None:
    if not isinstance(content, bool):
        raise InvalidInput(f"{where} must be True or False, not {content!r:.80}")


# --- the same for whole values, by the types of their fields ----------------------------------------

_CHECKS: Mapping[str, Callable[[str, object], object]] = MappingProxyType(
    {
        "Actor": check_actor,
        "bool": _check_flag,
        "datetime": check_moment,
        "int": _check_number,
        "str": check_text,
        **dict.fromkeys(
            (
                *("AgentId", "ChannelId", "Code", "CommandKey", "ConversationId", "CustomerId", "ExternalId"),
                *("MessageId", "NativeId", "ProfileId", "QueueId", "RequestId", "TeamId"),
            ),
            check_word,
        ),
    }
)
"""By the name of a field's type. What has another type, a validator or a converter is checked by those."""


class Checked:
    """Root of values that programs of hosts fill in: each field that has no check of its own gets that of its type.

    So a wrong type is named where the value is made, and not met somewhere inside. Raises `InvalidInput`.
    """

    __slots__ = ()
    __checks__: ClassVar[tuple[tuple[str, str, Callable[[str, object], object], bool], ...]] = ()

    def __init_subclass__(cls) -> None:
        checks = []
        for field in cls.__dict__.get("__attrs_attrs__", ()):
            kind = str(field.type)  # modules of the core have their annotations as text
            check = _CHECKS.get(kind.removesuffix(" | None"))
            if check is not None and field.validator is None and field.converter is None:
                where = f"{cls.__name__}.{field.name}"
                checks.append((field.name, where, check, kind.endswith(" | None")))
        cls.__checks__ = tuple(checks)

    def __attrs_post_init__(self) -> None:
        for name, where, check, optional in self.__checks__:
            content = getattr(self, name)
            if content is None and optional:
                continue
            fine = check is check_word and isinstance(content, str) and content.isprintable()
            if not fine or not 0 < len(content) <= MAX_NATIVE:  # nearly all are: no call for them
                check(where, content)


@value(kw_only=True)
class Paged(Checked):
    """Root of views: ``limit`` items from after ``after``, which is the ``next`` of the page before."""

    after: str | None = None
    limit: int = 100

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        where = type(self).__name__
        if self.limit < 1:
            raise InvalidInput(f"{where}.limit must be at least 1, not {self.limit}")
        if self.after is not None:
            check_word(f"{where}.after, the next of a page,", self.after)


# --- the same as validators and converters of attrs -------------------------------------------------


def is_text(instance: object, attribute: attrs.Attribute[Any], content: object) -> None:
    """`check_said` for a field of a command."""
    check_said(f"{type(instance).__name__}.{attribute.name}", content, MAX_TEXT)


def is_word(instance: object, attribute: attrs.Attribute[Any], content: object) -> None:
    """`check_word` for a field."""
    check_word(f"{type(instance).__name__}.{attribute.name}", content)


def is_place(instance: object, attribute: attrs.Attribute[Any], content: object) -> None:
    """`check_place` for a field."""
    check_place(f"{type(instance).__name__}.{attribute.name}", content)


def is_moment(instance: object, attribute: attrs.Attribute[datetime], content: object) -> None:
    """`check_moment` for a field."""
    check_moment(f"{type(instance).__name__}.{attribute.name}", content)


def member(kind: type[E], given: E | str) -> E:
    """Takes a word of a closed vocabulary as a member or as plain text, and refuses any other."""
    if isinstance(given, kind):
        return given
    try:
        return kind(given)
    except ValueError:
        allowed = ", ".join(kind)
        raise InvalidInput(f"{kind.__name__} must be one of {allowed}, not {given!r:.80}") from None


def as_audience(given: Audience | str) -> Audience:
    """`member` for a field, as are the next ones: attrs and mypy want functions with names."""
    return member(Audience, given)


def as_identity_level(given: IdentityLevel | str) -> IdentityLevel:
    """How sure a transport is of who writes."""
    return member(IdentityLevel, given)


def as_hold_reason(given: HoldReason | str) -> HoldReason:
    """What work waits for."""
    return member(HoldReason, given)


def as_resolution(given: Resolution | str) -> Resolution:
    """How a request ended."""
    return member(Resolution, given)


def as_close_reason(given: CloseReason | str) -> CloseReason:
    """Why a conversation was closed."""
    return member(CloseReason, given)


def as_many(given: Iterable[Any]) -> tuple[Any, ...]:
    """Several things as a tuple. One word is refused: it would count as several, letter by letter."""
    if given.__class__ is tuple:
        return given
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise InvalidInput(f"several are taken as a tuple or list, not as {given!r:.80}")
    return tuple(given)


def as_words(where: str, given: Iterable[Any]) -> tuple[Any, ...]:
    """Several ids or names, each of them checked."""
    words = as_many(given)
    for each in words:
        check_word(where, each)
    return words


def as_request_states(given: Iterable[RequestState | str]) -> tuple[RequestState, ...]:
    """In which states requests are looked for."""
    return tuple([member(RequestState, each) for each in as_many(given)])


def as_conversation_states(given: Iterable[ConversationState | str]) -> tuple[ConversationState, ...]:
    """In which states conversations are looked for."""
    return tuple([member(ConversationState, each) for each in as_many(given)])


def as_chain(given: Iterable[NativeId]) -> tuple[NativeId, ...]:
    """The ids that a message answers: of a very long chain its beginning and its end."""
    natives = as_many(given)
    if len(natives) > MAX_REPLIES_TO:
        natives = (natives[0], *natives[1 - MAX_REPLIES_TO :])
    return natives


def as_code(given: str) -> Code:
    """A word of the desk's own (see `reqflow.core.codes`)."""
    try:
        return code_of(given)
    except ValueError as problem:
        raise InvalidInput(f"a tag, status, field or answer {problem}") from None


def as_utc(content: Any) -> Any:
    """Other zones become UTC; what is no moment at all is left for the check to name."""
    if isinstance(content, datetime) and content.tzinfo is not None and content.tzinfo is not UTC:
        try:
            return content.astimezone(UTC)
        except OverflowError:
            raise InvalidInput(f"{content.isoformat()} is no moment in UTC") from None
    return content
