"""One scripted day that touches everything once, for whoever wants to run it on anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import attrs

from reqflow import (
    Actor,
    ActorKind,
    AsyncEngine,
    Close,
    Engine,
    Hold,
    HoldReason,
    Inbound,
    Reply,
    Take,
    flow,
)
from reqflow.core.ids import conversation_id, inbound_key, message_id, request_id
from reqflow.core.model import Message
from reqflow.drivers import Ports, run
from reqflow.engine import SETUP
from reqflow.ports import Conversations, Messages, Requests, Streams
from reqflow.registry import Registry
from reqflow.testing.desks import START, QuestionMark, desk_with
from reqflow.testing.machines import Post

AT_ONCE = timedelta(0)
"""Leases that end at once: who resumes is alone, and must not wait for who died."""
SETTINGS = desk_with({"close_with_last_request": True})


class Script:
    """The steps of the day, each at its own moment, with keys, so that it may be given again."""

    def __init__(self) -> None:
        self.steps: list[tuple[datetime, str, Any]] = []
        self.opened: dict[str, str] = {}
        self.at = START
        self.keys = 0

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
    ) -> None:
        self.at += timedelta(seconds=after)
        inbound = Inbound(
            channel=channel,
            author=f"{channel.partition(':')[0]}:{who}",
            native=native,
            sent_at=self.at - timedelta(seconds=ago),
            text=text,
            replies_to=() if to is None else (to,),
        )
        self.opened[native] = message_id(inbound_key(channel, native), inbound.sent_at)
        self.steps.append((self.at, by, inbound))

    def do(self, command: type, who: str, about: str, after: float = 10, **fields: Any) -> None:
        self.at += timedelta(seconds=after)
        self.keys += 1
        names = {field.name for field in attrs.fields(command)}
        if "conversation_id" in names:
            fields["conversation_id"] = conversation_id(self.opened[about])
        else:
            fields["request_id"] = request_id(self.opened[about])
        made = command(by=Actor(ActorKind.AGENT, who), key=f"cmd:{self.keys}", **fields)
        self.steps.append((self.at, "handle", made))

    def wait(self, step: str, **span: float) -> None:
        self.at += timedelta(**span)
        self.steps.append((self.at, step, None))


def the_day() -> Script:
    day = Script()
    day.say("1", "cara", "Where is it?")
    day.say("2", "cara", "the blue one")
    day.say("3", "dan", "so it goes")
    day.say("4", "dan", "And mine?", ago=60)  # late: pulls the one before it in
    day.say("5", "ana", "on it", to="1")
    day.say("6", "erin", "help me", channel="line:one", by="accept")
    day.say("7", "finn", "me too", channel="line:one", by="accept")
    day.say("8", "erin", "please", channel="line:one", by="accept")
    day.wait("work", seconds=1)
    day.do(Reply, "ana", "1", text="Look behind the door.")
    day.do(Hold, "ana", "1", reason=HoldReason.SNOOZED, until_at=START + timedelta(hours=2))
    day.wait("work", hours=3)
    day.do(Take, "bo", "4")
    day.do(Close, "bo", "4", note="told on the phone")
    day.say("9", "dan", "it is gone again", to="4")
    day.do(Close, "ana", "1")
    day.wait("work", days=2)
    return day


def prepared(store: Any) -> Any:
    """The store with the desk in it, and always the same salt: so that ids and digests are the same."""
    ports = Ports(store=store, registry=Registry())
    run(flow.configure("desk", SETTINGS, SETUP, "5a" * 16, START), ports)
    return store


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def engine_on(store: Any, clock: Clock, make: Any = Engine) -> Any:
    return make(store, workspace="desk", clock=clock, classifier=QuestionMark(), plugins=[Post()])


def play(engine: Engine, clock: Clock, script: Script) -> None:
    for at, step, item in script.steps:
        clock.now = at
        one_step(engine, step, item)


def one_step(engine: Engine, step: str, item: Any) -> None:
    if step == "work":
        engine.work(leased_for=AT_ONCE)
    else:
        getattr(engine, step)(item)


async def aplay(engine: AsyncEngine, clock: Clock, script: Script) -> None:
    for at, step, item in script.steps:
        clock.now = at
        if step == "work":
            await engine.work(leased_for=AT_ONCE)
        else:
            await getattr(engine, step)(item)


def everything(store: Any, view: Any) -> Iterator[Any]:
    after = None
    while True:
        page = store.query("desk", attrs.evolve(view, after=after))
        yield from page.items
        after = page.next
        if after is None:
            return


def histories(store: Any) -> dict[str, list[Any]]:
    return {name: list(store.history("desk", name)) for name in everything(store, Streams())}


def picture(store: Any) -> dict[str, Any]:
    """What a desk holds, without the moments and versions in which two runs may differ."""
    messages: list[Message] = list(everything(store, Messages()))
    return {
        "messages": {
            (m.native if not m.native.startswith("out:") else m.author.id): (m.conversation_id, m.request_id)
            for m in messages
        },
        "requests": {
            r.id: (r.state, r.assignee, r.queue, r.resolution, r.hold_reason)
            for r in everything(store, Requests())
        },
        "conversations": {
            c.id: (c.state, c.holder, c.reason, c.messages, c.continued_in)
            for c in everything(store, Conversations())
        },
        "events": {
            name: sorted(event.tag for entry in entries for event in entry.events)
            for name, entries in histories(store).items()
        },
    }
