"""``reqflow list``: what a desk keeps beside its requests: drafts that wait, notes, tags, what is to be sent."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain, islice
from types import MappingProxyType
from typing import Any

from ..core.model import Actor, ActorKind, Code, DraftState, TextRef
from ..core.records import Answer, Customer, Draft, Note, Tag, Trend
from ..core.settings import Since
from ..engine import Engine
from ..ports import Conversations, Effects, EffectState, Records
from .opening import open_engine
from .printing import print_json
from .screen import Cell, Screen, Table
from .viewing import everything
from .words import clean, excerpt, moment, plural, shorten_ids, span

__all__ = ["LISTS", "show_list"]

UNFINISHED = (DraftState.WAITING, DraftState.REJECTED)
WORDS = 60
"""How many cells a text may take."""

Row = dict[str, Any]
"""What a column is called, and what stands in it: text, a number, a moment, or None."""


def show_list(asked: Namespace, screen: Screen) -> int:
    """One of the lists, the newest or most pressing first."""
    with open_engine(asked) as engine:
        found = list(islice(LISTS[asked.what](engine), asked.limit + 1))
    rows = found[: asked.limit]
    if asked.json:
        print_json([{name: _plain(content) for name, content in row.items()} for row in rows])
        return 0
    if not rows:
        screen.line(Cell(f"Nothing to list in {asked.what}."))
        return 0
    heads = tuple(rows[0])
    cells = [tuple(Cell(_told(content)) for content in row.values()) for row in rows]
    screen.table(Table(heads=heads, rows=cells, flexible="text" if "text" in heads else heads[-1]))
    more = f" (there are more: --limit {asked.limit * 2})" if len(found) > len(rows) else ""
    screen.line(Cell(""))
    screen.line(Cell(f"{plural(len(rows), 'row')}{more}", "dim"))
    return 0


def _plain(content: Any) -> Any:
    return content.isoformat() if isinstance(content, datetime) else content


def _told(content: Any) -> str:
    if isinstance(content, datetime):
        return moment(content)
    return "" if content is None else excerpt(shorten_ids(clean(str(content))), WORDS)


def _records(engine: Engine, kind: type[Any]) -> Iterator[tuple[Any, Callable[[TextRef | None], str]]]:
    """All records of a kind, newest first, each with what says its texts."""
    records = everything(engine, Records(kind=Code(kind.tag), newest_first=True))
    while page := list(islice(records, 100)):
        texts = engine.texts(*page)

        def words(ref: TextRef | None, texts: Mapping[Any, str] = texts) -> str:
            return "" if ref is None else texts.get(ref.id, "")

        for record in page:
            yield record, words


def _name(engine: Engine, who: Actor | str | None) -> str:
    """What an agent is called, or whoever else it is by kind and id."""
    id = who.id if isinstance(who, Actor) else who
    agent = engine.desk.agents.get(id) if id else None  # type: ignore[call-overload]
    if agent is not None:
        return str(agent.name)
    return f"{who.kind} {who.id}" if isinstance(who, Actor) else who or ""


# --- the lists --------------------------------------------------------------------------------------


def _drafts(engine: Engine) -> Iterator[Row]:
    """Drafts that wait for a review first, longest waiting first; then those that were given back."""
    open_ones = [(draft, words) for draft, words in _records(engine, Draft) if draft.state in UNFINISHED]
    open_ones.sort(key=lambda each: (each[0].waiting_at is None, each[0].waiting_at or each[0].submitted_at))
    for draft, words in open_ones:
        yield {
            "id": draft.id,
            "state": str(draft.state),
            "author": _name(engine, draft.author),
            "since": draft.waiting_at or draft.reviewed_at,
            "conversation": draft.conversation_id,
            "channel": draft.channel_id,
            "text": words(draft.text),
            "reviewer": _name(engine, draft.reviewer),
            "reason": words(draft.reason),
        }


def _notes(engine: Engine) -> Iterator[Row]:
    for note, words in _records(engine, Note):
        if note.deleted_at is None:
            yield {
                "id": note.id,
                "at": note.added_at,
                "author": _name(engine, note.author),
                "conversation": note.conversation_id,
                "text": words(note.text),
            }


def _tags(engine: Engine) -> Iterator[Row]:
    desk = engine.desk
    for name, label in sorted(desk.tags.items()):
        yield _tag(engine, name, label, "settings")
    for tag, words in _records(engine, Tag):
        if tag.retired_at is None and tag.id not in desk.tags:
            yield _tag(engine, tag.id, words(tag.label), "colleagues")


def _tag(engine: Engine, name: str, label: str, defined: str) -> Row:
    carried = everything(engine, Records(kind=Code("tagged"), name="tag", content=name))
    return {"tag": name, "label": label, "defined by": defined, "conversations": sum(1 for _ in carried)}


def _answers(engine: Engine) -> Iterator[Row]:
    for answer, words in _records(engine, Answer):
        if answer.retired_at is None:
            yield {
                "answer": answer.id,
                "category": answer.category,
                "title": words(answer.title),
                "text": words(answer.text),
            }


def _customers(engine: Engine) -> Iterator[Row]:
    for customer, _ in _records(engine, Customer):
        if customer.merged_into is None:
            card = engine.customer(customer.id)
            yield {
                "id": customer.id,
                "name": card.name,
                "email": card.email,
                "phone": card.phone,
                "company": card.company,
                "profiles": len(card.profiles),
                "barred": "barred" if card.barred else None,
                "since": customer.created_at,
            }


def _trends(engine: Engine) -> Iterator[Row]:
    view = Records(kind=Code(Trend.tag), name="all", newest_first=True)
    for trend in everything(engine, view):
        yield {
            "id": trend.id,
            "theme": trend.theme,
            "times": trend.count,
            "first": trend.first_at,
            "last": trend.last_at,
            "latest request": trend.requests[-1] if trend.requests else None,
        }


def _rules(engine: Engine) -> Iterator[Row]:
    for rule in engine.desk.rules.values():
        waits = f"{span(rule.after)} since {Since(rule.since)}" if rule.after else ""
        yield {
            "rule": rule.name,
            "mode": str(rule.mode),
            "author": _name(engine, rule.author),
            "set off by": waits or ", ".join(sorted(rule.on)),
            "conditions": sum(map(len, rule.conditions)),
            "actions": len(rule.then),
        }


def _fired(engine: Engine) -> Iterator[Row]:
    """What rules did, and what those that only watch would have done: the conversations that began last come first."""
    for conversation in everything(engine, Conversations(newest_first=True)):
        entries = engine.history(conversation.id)
        acted = {entry.at for entry in entries if entry.actor.kind is ActorKind.AUTOMATION}
        if not acted:
            continue
        for line in reversed(engine.explain(conversation.id)):
            if line.at in acted and line.who.startswith("rule "):
                yield {"at": line.at, "who": line.who, "conversation": conversation.id, "text": line.what}


def _outbox(engine: Engine) -> Iterator[Row]:
    """What was not delivered: parked first, which waits for somebody to look at it, then what waits for a worker."""
    states = (EffectState.PARKED, EffectState.READY)
    stored: Iterable[Any] = chain.from_iterable(everything(engine, Effects(state=each)) for each in states)
    for effect in stored:
        queued = effect.queued
        yield {
            "id": queued.id,
            "state": str(effect.state),
            "what": queued.effect.tag,
            "to": queued.destination,
            "since": queued.queued_at,
            "attempts": effect.attempts,
            "note": effect.note,
        }


LISTS: Mapping[str, Callable[[Engine], Iterator[Row]]] = MappingProxyType(
    {
        "answers": _answers,
        "customers": _customers,
        "drafts": _drafts,
        "fired": _fired,
        "notes": _notes,
        "outbox": _outbox,
        "rules": _rules,
        "tags": _tags,
        "trends": _trends,
    }
)
