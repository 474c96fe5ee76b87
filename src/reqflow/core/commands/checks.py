"""What the fields of commands and observations are checked and converted by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import attrs

from ...errors import InvalidInput
from ..codes import code_of
from ..model import (
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

__all__ = [
    "MAX_NATIVE",
    "MAX_REPLIES_TO",
    "as_audience",
    "as_chain",
    "as_close_reason",
    "as_code",
    "as_conversation_states",
    "as_hold_reason",
    "as_identity_level",
    "as_request_states",
    "as_resolution",
    "as_utc",
    "check_moment",
    "check_place",
    "check_text",
    "check_word",
    "is_moment",
    "is_text",
    "is_word",
    "member",
]

MAX_NATIVE = 512
MAX_REPLIES_TO = 24

E = TypeVar("E", bound=StrEnum)


def check_text(where: str, content: object) -> None:
    """Refuse what is no text. Raises `InvalidInput` naming the field."""
    if not isinstance(content, str):
        raise _no_text(where, content)


def _no_text(where: str, content: object) -> InvalidInput:
    return InvalidInput(f"{where} must be text, not {type(content).__name__}")


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
        raise InvalidInput(f"{where} must be a datetime with a time zone, not {content!r}")


# --- the same as validators and converters of attrs -------------------------------------------------


def is_text(instance: object, attribute: attrs.Attribute[Any], content: object) -> None:
    """`check_text` for a field."""
    check_text(f"{type(instance).__name__}.{attribute.name}", content)


def is_word(instance: object, attribute: attrs.Attribute[Any], content: object) -> None:
    """`check_word` for a field."""
    check_word(f"{type(instance).__name__}.{attribute.name}", content)


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
        raise InvalidInput(f"{kind.__name__} must be one of {allowed}, not {given!r}") from None


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


def as_request_states(given: Iterable[RequestState | str]) -> tuple[RequestState, ...]:
    """In which states requests are looked for."""
    return tuple([member(RequestState, each) for each in given])


def as_conversation_states(given: Iterable[ConversationState | str]) -> tuple[ConversationState, ...]:
    """In which states conversations are looked for."""
    return tuple([member(ConversationState, each) for each in given])


def as_chain(given: Iterable[NativeId]) -> tuple[NativeId, ...]:
    """The ids that a message answers: of a very long chain its beginning and its end."""
    natives = tuple(given)
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
        return content.astimezone(UTC)
    return content
