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


def _customer(who: str) -> Callable[[Story], c.Command]:
    return lambda story: c.CreateCustomer(
        by=_HOST,
        key=CommandKey(f"begin:{who}"),
        first_name=f"{SECRET}{who}",
        last_name=f"{SECRET}Smith",
        email=f"{who}@mail.example",
    )


def _tag(story: Story) -> c.Command:
    return c.DefineTag(by=_HOST, key=CommandKey("begin:tag"), tag=Code("own"), label=f"{SECRET}our own")


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


def _note(story: Story) -> c.Command:
    about = next((x.conversation_id for x in story.requests()), "c_none")
    key, text = CommandKey("begin:note"), f"{SECRET}he called twice"
    return c.AddNote(by=_HOST, key=key, conversation_id=about, text=text)  # type: ignore[arg-type]


OPENINGS: tuple[Callable[[Story], Any], ...] = (
    _customer("cara"),
    _customer("dan"),
    _tag,
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
    _note,
)
"""Things that have happened already, most of them in any one run."""
