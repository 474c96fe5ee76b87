"""How a run of `DeskMachine` begins: with some of what most things that may happen need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core import commands as c
from ...core.model import Actor, ActorKind, Code, CommandKey, IdentityLevel
from ..desks import Story
from .draws import DRAFT, SECRET

__all__ = ["OPENINGS"]

_HOST = Actor(ActorKind.PLUGIN, Code("acme"))


def _asks(who: str, text: str, channel: str, **fields: Any) -> Callable[[Story], Any]:
    return lambda story: story.letter(who, text, channel=channel, **fields)


def _customer(story: Story) -> c.Command:
    return c.CreateCustomer(
        by=_HOST,
        key=CommandKey("begin:customer"),
        first_name=f"{SECRET}Cara",
        last_name=f"{SECRET}Smith",
        email="cara@mail.example",
    )


def _answer(story: Story) -> c.Command:
    return c.DefineAnswer(
        by=_HOST,
        key=CommandKey("begin:answer"),
        answer="hello",
        category="all",
        title=f"{SECRET}for those who ask",
        text="Hello {{name}}.",
    )


def _draft(story: Story) -> c.Command:
    about = next((x.conversation_id for x in story.requests(channel_id="chat:lobby")), "c_none")
    by = Actor(ActorKind.AGENT, Code("rae"))
    key = CommandKey("begin:draft")
    return c.SubmitDraft(by=by, key=key, conversation_id=about, text=f"{DRAFT}soon")  # type: ignore[arg-type]


OPENINGS: tuple[Callable[[Story], Any], ...] = (
    _customer,
    _answer,
    _asks("cara", "Where is my parcel?", "chat:lobby"),
    _asks(
        "cara",
        "Is it lost?",
        "mail:desk",
        level=IdentityLevel.SIGNED_IN,
        email="cara@mail.example",
        subject="About a parcel",
    ),
    _asks("dan", "Where is mine?", "both:x"),
    _asks("dan", "Is anybody there?", "dm:cara"),
    _draft,
)
"""Things that have happened already, most of them in any one run."""
