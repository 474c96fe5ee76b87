"""Taking in what was observed: into the inbox, durably, under the key that it is recognised by."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, assert_never

import attrs

from ..core import commands as c
from ..core.batch import Batch, InboxItem
from ..core.commands import (
    Command,
    Inbound,
    MenuChoice,
    MessageDeletion,
    MessageEdit,
    Observation,
    Reacted,
)
from ..core.ids import change_key, choice_key, digest_of, inbound_key, reaction_key
from ..core.model import Code, CommandKey
from ..core.operations.overlay import Overlay
from ..core.placing import barring
from ..errors import Conflict, Duplicate, InvalidInput
from .asks import AskCommit
from .handling import ATTEMPTS, decided

if TYPE_CHECKING:
    from ..core.settings import Author
    from .asks import Ask, Context, Flow

__all__ = ["accept", "key_of"]


def accept(context: Context, observed: Observation) -> Flow:
    """Put what was observed in the inbox. Returns True, or False when there is nothing to be handled.

    That is: it was there, or handled, before; or its author is barred, and nothing of it was stored. Raises
    `Overloaded` where too many wait already.
    """
    if not isinstance(observed, Observation):
        raise InvalidInput(
            f"what is accepted must be an Inbound or another observation, not {observed!r:.80}"
        )
    at, author = context.clock(), context.desk.author(observed.author)
    if isinstance(observed, Inbound) and observed.received_at is None:
        observed = attrs.evolve(observed, received_at=at)
    item = InboxItem(
        key=_accepted_key(observed, context.desk.salt),
        lane=Code(f"{observed.channel} {author.profile}"),
        inbound=observed,
        accepted_at=at,
    )
    relied: int | None = 0  # hardly anybody was ever barred: it is asked only where that turns out wrong
    for attempt in range(ATTEMPTS):
        holds = () if author.agent is not None else (barring.bar_hold(author.profile, relied or 0),)
        try:
            yield AskCommit(
                Batch(
                    workspace=context.desk.workspace,
                    at=at,
                    inbox=(item,),
                    inbox_limit=context.inbox_limit,
                    holds=holds,
                )
            )
            return True
        except Duplicate:
            return False
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
        relied = yield from _turned_away(context, author, item.key)
        if relied is None:
            return False
    raise AssertionError("unreachable")


def _turned_away(context: Context, author: Author, key: CommandKey) -> Generator[Ask, Any, int | None]:
    """None for a barred author, whose message is counted; else what there is about a bar, as a version."""
    for attempt in range(ATTEMPTS):
        overlay = Overlay(context.desk, context.clock(), context.notice_rules)
        version: int | None = yield from decided(overlay, partial(barring.turn_away, overlay, author, key))
        try:
            if version is None:
                yield AskCommit(overlay.batch())
            return version
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _accepted_key(observed: Observation, salt: bytes) -> CommandKey:
    """What is recognised as accepted before; of two edits at one moment, which transports may tell, neither is lost."""
    key = _observed_key(observed)
    if not isinstance(observed, MessageEdit):
        return key
    return CommandKey(f"{key}.{digest_of(observed.text.encode('utf-8', 'surrogatepass'), key=salt).hex()}")


def _observed_key(observed: Observation) -> CommandKey:
    match observed:
        case Inbound():
            return inbound_key(observed.channel, observed.native)
        case MessageEdit():
            return change_key("edit", observed.channel, observed.native, observed.edited_at)
        case MessageDeletion():
            return change_key("delete", observed.channel, observed.native, observed.deleted_at)
        case Reacted():
            return reaction_key(observed.channel, observed.native, observed.emoji)
        case MenuChoice():
            return choice_key(observed.channel, observed.native)
        case _:
            assert_never(observed)


def key_of(item: c.Item, fresh: Callable[[], str]) -> CommandKey:
    """What an item is recognised by: its native id, its own key, or a fresh one."""
    if isinstance(item, Inbound):
        return inbound_key(item.channel, item.native)
    if isinstance(item, Command):
        return item.key or CommandKey(f"cmd:{fresh()}")
    if isinstance(item, c.MarkSeen):
        return CommandKey(f"seen:{item.conversation_id}")  # told twice it changes nothing
    if not isinstance(item, Observation):
        raise InvalidInput(f"what is handled must be an observation or a command, not {item!r:.80}")
    return _observed_key(item)
