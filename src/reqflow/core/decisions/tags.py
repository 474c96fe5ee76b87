"""Tags: the desk's catalogue, and what conversations carry."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind, WantRecord
from ..ids import make_text
from ..model import Audience, Code, ConversationId
from ..operations.step import Step
from ..records import Tag, Tagged
from ..records.tags import tagged_id
from ..rights.permissions import principal_of
from ..settings import Right
from .finding import conversation_of

__all__ = ["DECISIONS", "MAX_TAGS"]

MAX_TAGS = 32
"""How many tags a conversation may carry: its state names them all."""


def _add(step: Step, command: c.AddTag) -> Outcome:
    conversation, name = conversation_of(step, command.conversation_id), command.tag
    if name in conversation.tags:
        return _done(conversation.id, name)
    if len(conversation.tags) >= MAX_TAGS:
        raise Refused("too_many_tags", f"{conversation.id} carries {MAX_TAGS} tags: remove one first")
    if name not in step.desk.tags:  # what the catalogue says, and whether it was here before, in one go
        row = WantRecord(Code(Tagged.tag), tagged_id(conversation.id, name))
        step.overlay.facts(WantRecord(Code(Tag.tag), name), row)
        _need_defined(step, name)
    step.emit(conversation.id, e.TagAdded(name=name))
    return _done(conversation.id, name)


def _need_defined(step: Step, name: Code) -> None:
    """Make sure that the desk has the tag: whoever may define tags does so by using one. (Audite)"""
    known = step.record(Tag, name)
    if known is not None and known.retired_at is None:
        step.rely_on(known)
        return
    if known is not None:
        raise Refused("unknown_tag", f"tag {name!r} was retired: it would have to be defined again first")
    if not principal_of(step.actor, step.desk, step.author).has(Right.DEFINE):
        raise Refused(
            "unknown_tag",
            f"no tag {name!r} on this desk: somebody with the right {Right.DEFINE} must define it first",
        )
    step.change(e.TagDefined(name=name))


def _remove(step: Step, command: c.RemoveTag) -> Outcome:
    conversation = conversation_of(step, command.conversation_id)
    if command.tag in conversation.tags:
        step.emit(conversation.id, e.TagRemoved(name=command.tag))
    return _done(conversation.id, command.tag)


def _define(step: Step, command: c.DefineTag) -> Outcome:
    _refuse_fixed(step, command.tag)
    wording = " ".join(command.label.split())
    if not wording:
        raise Refused("empty", "a tag needs a wording")
    label = make_text(wording, step.new_id("t"), "label", Audience.INTERNAL, step.actor.id, step.desk.salt)
    known = step.record(Tag, command.tag)
    worded = known is not None and known.label is not None and known.label.digest == label.ref.digest
    if known is None or known.retired_at is not None or not worded:
        step.texts.append(label)
        step.change(e.TagDefined(name=command.tag, label=label.ref))
    return _done(None, command.tag)


def _retire(step: Step, command: c.RetireTag) -> Outcome:
    _refuse_fixed(step, command.tag)
    known = step.record(Tag, command.tag)
    if known is None or known.retired_at is not None:
        raise UnknownId(f"no tag {command.tag!r} on this desk")
    step.change(e.TagRetired(name=command.tag))
    return _done(None, command.tag)


def _refuse_fixed(step: Step, name: Code) -> None:
    if name in step.desk.tags:
        raise Refused("in_settings", f"tag {name!r} stands in the desk's settings: change it there")


def _done(conversation: ConversationId | None, name: Code) -> Outcome:
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation, record_id=name)


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {c.AddTag: _add, c.RemoveTag: _remove, c.DefineTag: _define, c.RetireTag: _retire}
)
