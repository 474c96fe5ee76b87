"""Reads what a rule does: a closed list of actions, each of which gives one command about its occasion.

No action names whom it writes to: answers go where the conversation is, and effects of a host's own need its author's
right to configure the desk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import attrs

from ...errors import InvalidInput
from .. import commands as c
from ..codes import code_of
from ..commands.host import own_name
from ..model import (
    Actor,
    ActorKind,
    Audience,
    CloseReason,
    Code,
    ConversationId,
    HoldReason,
    RequestId,
    Resolution,
)
from ..settings import NOTICE_CODES, Action, Desk
from ..values import value
from .parsers import name, names, one_of, span

__all__ = ["ACTIONS", "ActionForm", "read_action"]

Read = Callable[[object, Desk], Mapping[str, object]]
"""The fields of a command, from what was given; spans stand for moments so far ahead. Raises ValueError."""


@value
class _Read:
    """Stands for whatever a fact holds when the rule acts."""

    fact: Code


@value
class ActionForm:
    """The command that an action gives, and how it is read."""

    command: type[c.Command]
    read: Read


def _table(given: object, *known: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping) or not set(given) <= set(known):
        raise ValueError(f"must be a table with {', '.join(known)}, not {given!r}")
    return given


def _known(given: object, among: Any, kind: str) -> str:
    word = name(given)
    if word not in among:
        raise ValueError(f"no such {kind}: {word}")
    return word


def _just(given: object, desk: Desk) -> Mapping[str, object]:
    if given is not True:
        raise ValueError(f"must be true, not {given!r}")
    return {}


def _requeue(given: object, desk: Desk) -> Mapping[str, object]:
    return {**_just(given, desk), "requeue": True}


def _assign(given: object, desk: Desk) -> Mapping[str, object]:
    return {"assignee": _known(given, desk.agents, "agent")}


def _route(given: object, desk: Desk) -> Mapping[str, object]:
    given = {"queue": given} if isinstance(given, str) else given
    table = _table(given, "queue", "team")
    read = {}
    if "queue" in table:
        read["queue"] = _known(table["queue"], desk.queues, "queue")
    if "team" in table:
        read["team"] = _known(table["team"], desk.teams, "team")
    if not read:
        raise ValueError("needs a queue or a team")
    return read


def _enqueue(given: object, desk: Desk) -> Mapping[str, object]:
    return {"queue": _known(given, desk.queues, "queue")}


_HOLD, _RESOLUTION, _REASON = one_of(HoldReason), one_of(Resolution), one_of(CloseReason)


def _hold(given: object, desk: Desk) -> Mapping[str, object]:
    given = {"reason": given} if isinstance(given, str) else given
    table = _table(given, "reason", "for")
    read: dict[str, object] = {"reason": _HOLD(table.get("reason"))}
    if "for" in table:
        read["until_at"] = _ahead(table["for"])
    elif read["reason"] is HoldReason.SNOOZED:
        raise ValueError("a snooze needs 'for', the span that it lasts")
    return read


def _ahead(given: object) -> timedelta:
    read: timedelta = span(given)
    if not read:
        raise ValueError("must be a span of more than 0")
    return read


def _close(given: object, desk: Desk) -> Mapping[str, object]:
    read = _RESOLUTION(given)
    if read in (Resolution.MERGED, Resolution.DUPLICATE):
        raise ValueError(f"{read} needs a request to point at, which a rule cannot know")
    return {"resolution": read}


def _close_conversation(given: object, desk: Desk) -> Mapping[str, object]:
    read = _REASON(given)
    if read is CloseReason.MERGED:
        raise ValueError("conversations are merged by reqflow, not closed as merged")
    return {"reason": read}


def _text(given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ValueError(f"must be a text, not {given!r}")
    return given


def _reply(given: object, desk: Desk) -> Mapping[str, object]:
    return {"text": _text(given)}


def _reply_internally(given: object, desk: Desk) -> Mapping[str, object]:
    return {"text": _text(given), "audience": Audience.INTERNAL}


def _tag(given: object, desk: Desk) -> Mapping[str, object]:
    return {"tag": code_of(given)}


def _status(given: object, desk: Desk) -> Mapping[str, object]:
    if given is False:
        return {"status": None}
    return {"status": _known(given, desk.statuses, "status")}


def _field(given: object, desk: Desk) -> Mapping[str, object]:
    table = _table(given, "field", "content")
    return {"field": _known(table.get("field"), desk.fields, "field"), "content": table.get("content")}


def _record(given: object, desk: Desk) -> Mapping[str, object]:
    given = {"name": given} if isinstance(given, str) else given
    return {"name": None, **_table(given, "name", "data", "texts")}


def _effect(given: object, desk: Desk) -> Mapping[str, object]:
    return {"kind": None, "destination": None, **_table(given, "kind", "destination", "data", "texts")}


def _timer(given: object, desk: Desk) -> Mapping[str, object]:
    table = _table(given, "name", "after")
    return {"name": table.get("name"), "due_at": _ahead(table.get("after"))}


def _cancel(given: object, desk: Desk) -> Mapping[str, object]:
    return {"name": given}


def _follow_up(given: object, desk: Desk) -> Mapping[str, object]:
    table = _table(given, "text", "after")
    return {"text": _text(table.get("text")), "due_at": _ahead(table.get("after"))}


def _notify(given: object, desk: Desk) -> Mapping[str, object]:
    table = _table(given, "agent", "code")
    code = table.get("code")
    return {"agent": _who(table.get("agent"), desk), "code": code if code in NOTICE_CODES else own_name(code)}


def _who(given: object, desk: Desk) -> object:
    """An agent, or whoever has the request or holds the conversation when the rule acts."""
    return _Read(Code(str(given))) if given in ("assignee", "holder") else _known(given, desk.agents, "agent")


def _mention(given: object, desk: Desk) -> Mapping[str, object]:
    return {"agents": tuple(_known(each, desk.agents, "agent") for each in names(given))}


def _escalate(given: object, desk: Desk) -> Mapping[str, object]:
    given = {"theme": given} if isinstance(given, str) else given
    table = _table(given, "theme", "how", "hold")
    return {**table, "theme": _known(table.get("theme"), desk.themes, "theme")}


def _severity(given: object, desk: Desk) -> Mapping[str, object]:
    return {"severity": _known(given, desk.severities, "severity")}


def _priority(given: object, desk: Desk) -> Mapping[str, object]:
    return {"priority": given}


def _answer(given: object, desk: Desk) -> Mapping[str, object]:
    return {"answer": code_of(given)}


ACTIONS: Mapping[str, ActionForm] = MappingProxyType(
    {
        "assign": ActionForm(c.Assign, _assign),
        "unassign": ActionForm(c.Unassign, _just),
        "route": ActionForm(c.Route, _route),
        "enqueue": ActionForm(c.Enqueue, _enqueue),
        "release": ActionForm(c.Release, _just),
        "hold": ActionForm(c.Hold, _hold),
        "wake": ActionForm(c.Wake, _just),
        "requeue": ActionForm(c.Wake, _requeue),
        "close": ActionForm(c.Close, _close),
        "reopen": ActionForm(c.Reopen, _just),
        "close_conversation": ActionForm(c.CloseConversation, _close_conversation),
        "reply": ActionForm(c.Reply, _reply),
        "reply_internally": ActionForm(c.Reply, _reply_internally),
        "answer": ActionForm(c.SendAnswer, _answer),
        "note": ActionForm(c.AddNote, _reply),
        "notify": ActionForm(c.Notify, _notify),
        "mention": ActionForm(c.Mention, _mention),
        "create_ticket": ActionForm(c.CreateTicket, _just),
        "add_tag": ActionForm(c.AddTag, _tag),
        "remove_tag": ActionForm(c.RemoveTag, _tag),
        "set_status": ActionForm(c.SetStatus, _status),
        "set_field": ActionForm(c.SetField, _field),
        "set_priority": ActionForm(c.SetPriority, _priority),
        "set_severity": ActionForm(c.SetSeverity, _severity),
        "escalate": ActionForm(c.Escalate, _escalate),
        "record": ActionForm(c.RecordEvent, _record),
        "effect": ActionForm(c.SendEffect, _effect),
        "timer": ActionForm(c.SetTimer, _timer),
        "cancel_timer": ActionForm(c.CancelTimer, _cancel),
        "follow_up": ActionForm(c.ScheduleFollowUp, _follow_up),
    }
)
"""Everything that a rule can do."""

_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_ANYBODY = Actor(ActorKind.AUTOMATION, Code("rule"))


def read_action(given: object, desk: Desk) -> Action:
    """One action: a table with one word, and what goes with it. Raises ValueError saying what it must be."""
    if not isinstance(given, Mapping) or len(given) != 1:
        raise ValueError(f"must be a table with one action, such as {{assign = 'ana'}}, not {given!r}")
    ((word, content),) = given.items()
    form = ACTIONS.get(word)
    if form is None:
        raise ValueError(f"no such action: {word}; known are {', '.join(ACTIONS)}")
    try:
        read = form.read(content, desk)
    except ValueError as problem:
        raise ValueError(f"{word}: {problem}") from None
    fields = {key: each for key, each in read.items() if not isinstance(each, timedelta | _Read)}
    ahead = {key: each for key, each in read.items() if isinstance(each, timedelta)}
    facts = {key: each.fact for key, each in read.items() if isinstance(each, _Read)}
    return Action(
        word=Code(word),
        command=form.command,
        fields=_checked(word, form.command, fields, {**dict.fromkeys(ahead, _SOME_TIME), **facts}),
        ahead=tuple(ahead.items()),
        read=tuple(facts.items()),
    )


def _checked(
    word: str, command: type[c.Command], fields: Mapping[str, object], later: Mapping[str, object]
) -> tuple[tuple[str, object], ...]:
    """The fields as the command itself has them, once it has been made of them."""
    about = {"conversation_id": ConversationId("c_"), "request_id": RequestId("r_")}
    given: dict[str, Any] = {
        field.name: about[field.name] for field in attrs.fields(command) if field.name in about
    }
    given.update(later)
    given.update(fields)
    try:
        made = command(by=_ANYBODY, **given)
    except InvalidInput as problem:
        raise ValueError(f"{word}: {problem}") from None
    return tuple((field, getattr(made, field)) for field in fields)
