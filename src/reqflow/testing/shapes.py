"""Any value of a type, for hypothesis: read from the annotations of our frozen values."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

import attrs
from hypothesis import strategies as st

from ..core.events import EVENTS, Event

__all__ = ["any_of", "moments", "words"]

moments = st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
_PLAIN: dict[type, st.SearchStrategy[Any]] = {
    datetime: moments,
    str: words,
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    NoneType: st.none(),
}


def any_of(shape: Any, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any value of ``shape``; ``fields`` says how some fields of a value are made."""
    if isinstance(shape, NewType):
        return any_of(shape.__supertype__)
    if shape in _PLAIN:
        return _PLAIN[shape]
    if shape is Event:
        return st.one_of([any_of(cls) for cls in EVENTS])
    if get_origin(shape) in (Union, UnionType):
        return st.one_of([any_of(each) for each in reversed(get_args(shape))])
    if get_origin(shape) is tuple:
        kinds = get_args(shape)
        if kinds[-1] is not Ellipsis:
            return st.tuples(*map(any_of, kinds))
        return st.lists(any_of(kinds[0]), max_size=2).map(tuple)
    if issubclass(shape, Enum):
        return st.sampled_from(list(shape))
    hints = get_type_hints(shape)
    made = {
        field.name: fields[field.name] if field.name in fields else any_of(hints[field.name])
        for field in attrs.fields(shape)
    }
    return st.builds(shape, **made)
