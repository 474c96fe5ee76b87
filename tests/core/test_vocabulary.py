"""What events may hold, and that their wire form is for ever."""

from __future__ import annotations

import json
import subprocess
import sys
import types
import typing
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import attrs
import pytest

from reqflow import codec
from reqflow.core import events as e
from reqflow.core import model as m
from reqflow.core.effects import EFFECTS, Effect
from reqflow.errors import CorruptRecord

GOLDEN = Path(__file__).parents[1] / "golden" / "events"
AT = datetime.fromisoformat("2026-03-02T09:00:00.000001+00:00")


def plain(kind: Any) -> list[str]:
    """Where a type could hold a free or personal string: paths, empty when it cannot."""
    if kind in (int, float, bool, datetime, timedelta, type(None)):
        return []
    if isinstance(kind, typing.NewType) or (isinstance(kind, type) and issubclass(kind, Enum)):
        return []
    if get_origin(kind) in (tuple, typing.Union, types.UnionType):
        return [path for each in get_args(kind) if each is not Ellipsis for path in plain(each)]
    if isinstance(kind, type) and attrs.has(kind):
        hints = get_type_hints(kind)
        return [
            f"{kind.__name__}.{field.name}: {path}"
            for field in attrs.fields(kind)
            for path in plain(hints[field.name])
        ]
    return [str(kind)]


@pytest.mark.parametrize("cls", [*e.EVENTS, *EFFECTS], ids=lambda cls: cls.tag)
def test_events_and_effects_hold_no_free_text(cls: type) -> None:
    assert plain(cls) == []


def test_the_reader_of_types_would_see_free_text() -> None:
    assert plain(m.Text) == ["Text.body: <class 'str'>"]
    assert plain(e.Opaque) == ["Opaque.content: <class 'str'>"]  # kept for what is not known, never made


def test_an_entry_holds_no_free_text_either() -> None:
    assert plain(e.Cause) == [] and plain(m.Actor) == []


def sample(kind: Any, name: str) -> Any:
    """A value of a type, every field filled, so that a golden file shows all of them."""
    if isinstance(kind, typing.NewType):
        return f"{name}-1"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if kind is datetime:
        return AT
    if kind in (bool, int, float):
        return kind(1)
    if get_origin(kind) is tuple:
        return (sample(get_args(kind)[0], name),)
    if get_origin(kind) in (typing.Union, types.UnionType):
        return sample(next(each for each in get_args(kind) if each is not type(None)), name)
    hints = get_type_hints(kind)
    return kind(**{f.name: sample(hints[f.name], f.name) for f in attrs.fields(kind)})


def golden(cls: type) -> Path:
    return GOLDEN / f"{codec.tag_of(cls).replace('/', '-')}.json"


@pytest.mark.parametrize("cls", [*e.EVENTS, *EFFECTS], ids=lambda cls: cls.tag)
def test_what_was_written_once_is_read_for_ever(cls: type[e.Event]) -> None:
    """To add an event, write its file with ``python -m tests.core.test_vocabulary``; never change one."""
    written = golden(cls).read_text("utf-8").strip()
    (found,) = codec.load_events(f"[{written}]")
    assert found == sample(cls, cls.tag)
    assert json.loads(codec.dump_events((found,))) == [json.loads(written)]
    if issubclass(cls, Effect):
        effect: object = codec.load_effect(written)
        assert effect == found


def test_every_golden_file_belongs_to_a_tag() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {golden(cls).name for cls in (*e.EVENTS, *EFFECTS)}


def test_an_unknown_tag_comes_back_as_it_was() -> None:
    stored = '[["request.teleported/7",{"where":"mars","n":[1,2]}]]'
    (opaque,) = codec.load_events(stored)
    assert isinstance(opaque, e.Opaque) and opaque.name == "request.teleported/7"
    assert json.loads(codec.dump_events((opaque,))) == json.loads(stored)


def test_unknown_keys_of_a_stored_event_are_skipped() -> None:
    (event,) = codec.load_events('[["message.delivered/1",{"message_id":"m_1","colour":"red"}]]')
    assert event == e.MessageDelivered(message_id=m.MessageId("m_1"))


@pytest.mark.parametrize("rubbish", ["", "{", "[[1]]", '[["message.delivered/1",{}]]', b"\x80\x04K\x01."])
def test_rubbish_in_a_row_is_a_corrupt_record(rubbish: str | bytes) -> None:
    with pytest.raises(CorruptRecord, match="history c_1"):
        codec.load_events(rubbish, "history c_1")


def test_a_very_deep_document_is_a_corrupt_record_too() -> None:
    with pytest.raises(CorruptRecord):
        codec.load_events("[" * 10_000 + "]" * 10_000)


def test_both_makers_of_json_write_the_same_documents() -> None:
    """The library writes the same with and without orjson: asked of two processes."""
    pytest.importorskip("orjson", reason="the speed extra is not installed")
    script = (
        "import sys; HIDE and sys.modules.__setitem__('orjson', None)\n"
        "from reqflow import codec\n"
        "from reqflow.core.events import EVENTS\n"
        "from tests.core.test_vocabulary import sample\n"
        "for cls in EVENTS: print(codec.dump_events((sample(cls, cls.tag),)))\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", script.replace("HIDE", hide)],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        ).stdout
        for hide in ("True", "False")
    ]
    assert said[0] == said[1] and said[0].count("\n") == len(e.EVENTS)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each in (*e.EVENTS, *EFFECTS):
        if not golden(each).exists():
            made = sample(each, each.tag)
            body = codec.dump_events((made,))[1:-1]
            golden(each).write_text(body + "\n", "utf-8")
