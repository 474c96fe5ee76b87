"""The law of audiences: what colleagues say among themselves reaches no customer, by any way out of a desk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from ...core import events as e
from ...core.effects import Effect
from ...core.explain import refs_in
from ...core.model import Actor, ActorKind, Audience, Code, ConversationId, ProfileId, TextId
from ...errors import ReqflowError
from ...ports import Conversations, Messages, Requests
from ..desks import Story
from .draws import DRAFT, LATER, SECRET
from .world import World

__all__ = ["leaks", "seen_by"]


def leaks(
    story: Story, world: World, delivered: Iterable[tuple[Effect, Mapping[TextId, str]]]
) -> Iterator[str]:
    """Where internal words are in what a transport got for customers, or in what customers' eyes may read."""
    released = _released(world)
    for effect, texts in delivered:
        if effect.eyes() is Audience.CUSTOMER:
            for id, body in texts.items():
                if not _is_fit(id, body, released):
                    yield f"{effect.tag} of {getattr(effect, 'conversation_id', '')} shows a customer: {body}"
    ids = [TextId(each) for each in world.refs]
    for id, body in story.store.texts(story.engine.workspace, ids, Audience.CUSTOMER).items():
        if not _is_fit(id, body, released):
            yield f"text {id} is for customers: {body}"
        if world.refs[id].audience is not Audience.CUSTOMER:
            yield f"text {id} is internal by its reference, and for customers by its row"


def seen_by(story: Story, profile: ProfileId) -> Iterator[str]:
    """What a customer gets to see through the engine that is none of theirs."""
    by = Actor(ActorKind.CUSTOMER, Code(profile))
    engine, theirs = story.engine, set[ConversationId]()
    for view in (Conversations(limit=1000), Requests(limit=1000), Messages(limit=1000)):
        items = engine.read(view, by).items
        for item in items:
            if isinstance(view, Conversations):
                theirs.add(item.id)
                if item.requester != profile or item.audience is not Audience.CUSTOMER:
                    yield f"{profile} sees {item.id}"
            elif item.conversation_id not in theirs:
                yield f"{profile} sees {item.id} of {item.conversation_id}"
            elif isinstance(view, Messages) and item.audience is not Audience.CUSTOMER:
                yield f"{profile} sees the internal message {item.id}"
        for audience in Audience:
            for id, body in engine.texts(*items, by=by, audience=audience).items():
                if SECRET in body:
                    yield f"{profile} reads {id}: {body}"
    for conversation in theirs:
        asked: list[Any] = []
        for ask in (engine.history, engine.explain, engine.actions, engine.facts):
            with suppress(ReqflowError):
                asked.append(ask(conversation, by=by))
        if SECRET in repr(asked):
            yield f"{profile} is told internal words about {conversation}"
    with suppress(ReqflowError):
        if SECRET in repr(engine.customer(profile, by=by)):
            yield f"{profile} is told what is noted about them"


def _released(world: World) -> frozenset[str]:
    """The texts of messages that were drafts or follow-ups before they were sent."""
    events = [event for entries in world.history.values() for entry in entries for event in entry.events]
    sent = {event.message_id for event in events if isinstance(event, e.DraftApproved | e.FollowUpSent)}
    posted = [x.message for x in events if isinstance(x, e.MessagePosted) and x.message.id in sent]
    return frozenset(ref.id for message in posted for ref in refs_in(message))


def _is_fit(id: str, body: str, released: frozenset[str]) -> bool:
    """Whether a text is fit for customers: nothing of colleagues, and of what waits only what was sent."""
    return SECRET not in body and (id in released or (DRAFT not in body and LATER not in body))
