"""Scripts: days at a desk that go the same way each time, so that they can be broken off anywhere and gone on with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs

from ...core.commands import Command, Inbound
from ...core.facts import Outcome
from ...core.ids import conversation_id, inbound_key, message_id, request_id
from ...core.model import Actor, ActorKind, ChannelId, Code, CommandKey, NativeId
from ..desks import START

__all__ = ["Act", "Script"]

Seen = Mapping[str, Outcome]
"""What became of earlier acts, by their names."""


@attrs.frozen
class Act:
    """Something that is done at a moment: ``how`` names the engine's method.

    ``item`` is what it is given, or makes that of what became of earlier acts; None for a method without an argument.
    """

    at: datetime
    how: str
    item: Any = None
    name: str = ""

    def given(self, seen: Seen) -> Any:
        """What the method is given."""
        return self.item(seen) if callable(self.item) else self.item


class Script:
    """Acts, each at its own moment and with a key of its own, so that any of them may be done again."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.opened: dict[str, str] = {}
        self.at = START
        self._keys = 0

    def say(
        self,
        native: str,
        who: str,
        text: str,
        *,
        by: str = "handle",
        after: float = 10,
        ago: float = 0,
        channel: str = "chat:lobby",
        to: str | None = None,
        **fields: Any,
    ) -> Inbound:
        """Let ``who`` write: after so many seconds, sent so many seconds ``ago``, taken in ``by`` that method."""
        self.at += timedelta(seconds=after)
        inbound = Inbound(
            channel=ChannelId(channel),
            author=f"{channel.partition(':')[0]}:{who}",
            native=NativeId(native),
            sent_at=self.at - timedelta(seconds=ago),
            text=text,
            replies_to=() if to is None else (NativeId(to),),
            **fields,
        )
        key = inbound_key(inbound.channel, inbound.native)
        self.opened[native] = message_id(key, inbound.sent_at)
        self.acts.append(Act(self.at, by, inbound, native))
        return inbound

    def tell(self, item: Any, *, by: str = "handle", after: float = 10, named: str = "") -> None:
        """Let something else be told, or what a function makes of what became of earlier acts."""
        self.at += timedelta(seconds=after)
        self.acts.append(Act(self.at, by, item, named))

    def do(
        self,
        command: type[Command],
        who: str | Actor,
        about: str = "",
        *,
        after: float = 10,
        named: str = "",
        **fields: Any,
    ) -> None:
        """Let a colleague give a command about the conversation, or the request, that a message opened.

        A field may be a function of what became of earlier acts; ``named`` is what this one is called for later ones.
        """
        self._keys += 1
        known = {field.name for field in attrs.fields(command)}
        if about and "conversation_id" in known:
            fields["conversation_id"] = self.conversation(about)
        elif about and "request_id" in known:
            fields["request_id"] = self.request(about)
        fields["by"] = who if isinstance(who, Actor) else Actor(ActorKind.AGENT, Code(who))
        fields["key"] = CommandKey(f"cmd:{self._keys}")
        made: Callable[[Seen], Command] = lambda seen: command(  # noqa: E731  (typed, and named once)
            **{field: given(seen) if callable(given) else given for field, given in fields.items()}
        )
        self.tell(made, after=after, named=named)

    def wait(self, how: str = "work", **span: float) -> None:
        """Let time pass, and something be done that takes no argument: queues be served, most often."""
        self.at += timedelta(**span)
        self.acts.append(Act(self.at, how))

    def conversation(self, native: str) -> Any:
        """The id of the conversation that a message opens, if it opens one."""
        return conversation_id(self.opened[native])  # type: ignore[arg-type]  # an id is a str

    def request(self, native: str) -> Any:
        """The id of the request that a message opens, if it opens one."""
        return request_id(self.opened[native])  # type: ignore[arg-type]
