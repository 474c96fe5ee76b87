"""Values to JSON and back. Wire tags are our own words with a number, never import paths.

Stored documents are read tolerantly: unknown keys are skipped, an event or effect with an unknown tag comes
back as `Opaque`. What comes from outside is checked strictly where it enters (`load_strict`).
JSON is made by orjson where it is installed (the ``speed`` extra), else by the standard library.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, NewType, TypeVar, Union, get_args, get_origin

import attrs
import cattrs
from cattrs.fns import identity
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from .core.commands import Enclosure, Inbound
from .core.effects import Effect, effect_of
from .core.events import Event, Opaque, event_of
from .core.model import AttachmentKind, Audience, IdentityLevel
from .core.records import Record, kind_of
from .errors import CorruptRecord, InvalidInput

__all__ = [
    "dump",
    "dump_events",
    "dump_record",
    "load",
    "load_effect",
    "load_entry",
    "load_events",
    "load_record",
    "load_strict",
    "tag_of",
]

if TYPE_CHECKING:
    from .core.chain import StoredEntry
    from .core.events import Entry

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

VERSIONS: Mapping[type, int] = {}
"""Wire versions above 1, by class."""


def tag_of(cls: type[Event] | type[Effect] | type[Record]) -> str:
    """The wire tag of an event, effect or record class: its word and its version, ``request.assigned/1``."""
    return f"{cls.tag}/{VERSIONS.get(cls, 1)}"


@cache
def _class_of(tag: str) -> type | None:
    """The class of a wire tag; None for a word or a version that we do not know."""
    word = tag.rpartition("/")[0]
    cls = event_of(word) or effect_of(word) or kind_of(word)
    return cls if cls is not None and tag_of(cls) == tag else None


@cache
def _backend() -> tuple[Callable[[Any], str], Callable[[str | bytes], Any]]:
    """The one place that chooses who makes JSON. Both write the same documents."""
    try:
        import orjson
    except ImportError:
        encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=datetime.isoformat)
        return encoder.encode, json.loads
    dumps = orjson.dumps
    return (lambda data: dumps(data).decode()), orjson.loads


def _as_moment(given: Any, _: Any) -> datetime:
    return datetime.fromisoformat(given)


@cache
def _converter() -> cattrs.Converter:
    made = cattrs.Converter(omit_if_default=True, detailed_validation=False)
    made.register_unstructure_hook_func(_is_plain, identity)
    made.register_unstructure_hook_factory(attrs.has, _plain_of)
    made.register_unstructure_hook_factory(_may_be_none, _when_there)
    made.register_structure_hook(datetime, _as_moment)
    made.register_unstructure_hook_func(lambda cls: cls is Effect, _tagged)
    made.register_structure_hook_func(lambda cls: cls is Effect, lambda given, _: _untagged(made, given))
    return made


def _is_plain(cls: Any) -> bool:
    """True of types whose values both makers of JSON take as they are; cattrs then calls nothing for them."""
    if isinstance(cls, NewType):
        cls = cls.__supertype__
    if isinstance(cls, type) and get_origin(cls) is None:
        return issubclass(cls, (str, int, float, datetime, NoneType))
    parts = [each for each in get_args(cls) if each is not Ellipsis]
    return get_origin(cls) in (tuple, Union, UnionType) and all(map(_is_plain, parts))


@cache
def _plain_of(cls: Any) -> Callable[[Any], Any]:
    """What turns a value of a class into what JSON is made of; making it takes a while, so once, and when needed."""
    if attrs.has(cls):
        return make_dict_unstructure_fn(cls, _converter(), _cattrs_omit_if_default=True)
    return _converter().get_unstructure_hook(cls)


def _may_be_none(cls: Any) -> bool:
    """True of several values, and of one or None: most of these fields are empty in most values, and then left out."""
    parts = [each for each in get_args(cls) if each is not Ellipsis and each is not NoneType]
    return get_origin(cls) in (tuple, Union, UnionType) and len(parts) == 1 and attrs.has(parts[0])


def _when_there(cls: Any) -> Callable[[Any], Any]:
    """What turns such a field into what JSON is made of, found when something stands in it for the first time."""
    (part,) = [each for each in get_args(cls) if each is not Ellipsis and each is not NoneType]
    if get_origin(cls) is tuple:
        return lambda items: [_plain_of(part)(each) for each in items]
    return lambda item: None if item is None else _plain_of(part)(item)


@cache
def _writer_of(cls: type) -> Callable[[Any], str]:
    encode, plain = _backend()[0], _plain_of(cls)
    return lambda content: encode(plain(content))


@cache
def _tagged_of(cls: Any) -> Callable[[Any], list[Any]]:
    """What turns an event or effect of a class into its tag and its content."""
    if cls is Opaque:
        return lambda item: [item.name, json.loads(item.content)]
    tag, plain = tag_of(cls), _plain_of(cls)
    return lambda item: [tag, plain(item)]


def _tagged(item: Any) -> list[Any]:
    return _tagged_of(item.__class__)(item)


def _untagged(made: cattrs.Converter, given: Any) -> Any:
    tag, content = given
    cls = _class_of(tag)
    if cls is None:
        return Opaque(name=tag, content=json.dumps(content))
    return made.structure(content, cls)


def dump(content: Any) -> str:
    """A value, or a tuple of values, as JSON."""
    return _writer_of(content.__class__)(content)


def load(text: str | bytes | Any, cls: type[T], where: str = "a stored document") -> T:
    """A value of ``cls`` from JSON (or from data already parsed); raises `CorruptRecord`."""
    try:
        data = _backend()[1](text) if isinstance(text, str | bytes) else text
        return _converter().structure(data, cls)
    except Exception as problem:  # cattrs and validators raise whatever the content provokes
        raise CorruptRecord(f"{where} is no {cls.__name__}: {_told(problem)}") from problem


def dump_events(events: Iterable[Event]) -> str:
    """The events of a history entry as JSON: a list of ``[tag, content]``."""
    return _backend()[0](list(map(_tagged, events)))


def load_events(text: str | bytes | Any, where: str = "a history entry") -> tuple[Event, ...]:
    """The events of a history entry; raises `CorruptRecord` naming it."""
    made = _converter()
    try:
        data = _backend()[1](text) if isinstance(text, str | bytes) else text
        return tuple(_untagged(made, each) for each in data)
    except Exception as problem:  # as above
        raise CorruptRecord(f"{where} cannot be decoded: {_told(problem)}") from problem


def load_entry(stored: StoredEntry) -> Entry:
    """The history entry of a stored row; raises `CorruptRecord` naming it."""
    from .core.events import Cause, CauseKind, Entry
    from .core.model import Actor, ActorKind, Code, CommandKey

    where = f"history {stored.stream}/{stored.seq}"
    try:
        actor = Actor(ActorKind(stored.actor_kind), Code(stored.actor_id))
        kind, key = CauseKind(stored.cause_kind), CommandKey(stored.cause_key)
        rules = () if stored.rules is None else tuple(map(Code, json.loads(stored.rules)))
        at = _EPOCH + timedelta(microseconds=stored.at)
    except (ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise CorruptRecord(f"{where} cannot be decoded: {problem}") from problem
    events = load_events(stored.events, where)
    return Entry(
        stream=stored.stream,
        seq=stored.seq,
        at=at,
        actor=actor,
        cause=Cause(kind=kind, key=key, rules=rules),
        events=events,
    )


def dump_record(record: Record) -> str:
    """A record as JSON: ``[tag, content]``."""
    return _backend()[0](_tagged(record))


def load_record(text: str | bytes | Any, where: str = "a record") -> Record:
    """A record; raises `CorruptRecord` naming it, also for a kind that this version does not know."""
    try:
        data = _backend()[1](text) if isinstance(text, str | bytes) else text
        found = _untagged(_converter(), data)
    except Exception as problem:  # as in `load`
        raise CorruptRecord(f"{where} cannot be decoded: {_told(problem)}") from problem
    if not isinstance(found, Record):
        raise CorruptRecord(f"{where} is of a kind that this version does not know: {data[0]}")
    return found


def load_effect(text: str | bytes | Any, where: str = "an effect") -> Effect:
    """An effect from its ``[tag, content]``."""
    try:
        data = _backend()[1](text) if isinstance(text, str | bytes) else text
        found: Effect = _untagged(_converter(), data)
        return found
    except Exception as problem:  # as above
        raise CorruptRecord(f"{where} cannot be decoded: {_told(problem)}") from problem


def load_strict(data: Any, where: str) -> Inbound:
    """An `Inbound` from outside: unknown keys, missing keys and wrong types are all `InvalidInput`."""
    strict = _strict()
    try:
        return strict.structure(data, Inbound)
    except Exception as problem:  # cattrs and validators raise whatever the content provokes
        raise InvalidInput(f"{where}: {_told(problem)}") from problem


@cache
def _strict() -> cattrs.Converter:
    made = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    made.register_structure_hook(datetime, _as_moment)
    for cls in (str, bool, int):
        made.register_structure_hook(cls, _exact)
    for words in (Audience, IdentityLevel, AttachmentKind):  # an enum of str is none
        made.register_structure_hook(words, lambda given, cls: cls(given))
    made.register_structure_hook_func(_holds_texts, _exact_texts)
    for whole in (Enclosure, Inbound):  # what is a part of another comes first
        hook = make_dict_structure_fn(whole, made, _cattrs_forbid_extra_keys=True)
        made.register_structure_hook(whole, hook)
    return made


def _holds_texts(cls: Any) -> bool:
    return get_origin(cls) is tuple and get_args(cls)[0] is not Enclosure


def _exact(given: Any, cls: type[Any]) -> Any:
    """Nothing but a ``cls``: by itself cattrs makes ``"5"`` of 5, and True of ``"false"``."""
    if type(given) is not cls:
        raise ValueError(f"must be {cls.__name__}, not {type(given).__name__}")
    return given


def _exact_texts(given: Any, _: Any) -> tuple[str, ...]:
    if not isinstance(given, list | tuple):
        raise ValueError(f"must be a list, not {type(given).__name__}")
    return tuple(_exact(each, str) for each in given)


def _told(problem: Exception) -> str:
    """All that went wrong, in one line, with the paths that cattrs collected."""
    if isinstance(problem, ExceptionGroup):
        from cattrs import transform_error

        return "; ".join(transform_error(problem))
    if isinstance(problem, KeyError):
        return f"{problem.args[0]!r} is missing"
    return str(problem) or type(problem).__name__
