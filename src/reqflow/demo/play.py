"""Playing a script: each step through the engine, in a time of its own, and what the desk made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import attrs

from ..core.batch import Batch
from ..core.commands import Inbound
from ..core.explain import Line
from ..core.facts import Outcome
from ..core.model import Actor, ActorKind, ChannelId, Code, NativeId
from ..engine import Engine
from ..hooks import hookimpl
from .script import Did, Passes, Said, Scene, Step

__all__ = ["Beat", "Clock", "Watcher", "play"]


class Clock:
    """A clock that stands where it is put."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Where it stands."""
        return self.now


class Watcher:
    """A plugin that notes which histories grew: an engine tells it of every commit."""

    def __init__(self) -> None:
        self._streams: dict[str, None] = {}

    @hookimpl
    def reqflow_committed(self, batch: Batch) -> None:
        """Note the streams of a commit."""
        self._streams.update(dict.fromkeys(entry.stream for entry in batch.entries))

    def grown(self) -> list[str]:
        """The conversations with something new since the last call."""
        grown = [stream for stream in self._streams if stream.startswith("c_")]
        self._streams.clear()
        return grown


@attrs.frozen(kw_only=True)
class Beat:
    """Something that happened: the step that set it off (None for a timer) and what history says of it.

    ``outcome`` is where a message was placed.
    """

    at: datetime
    step: Step | None
    lines: tuple[Line, ...] = ()
    outcome: Outcome | None = None


class _Player:
    """A script on its way: who is called what, where its messages went, how much of history was told."""

    def __init__(
        self, engine: Engine, clock: Clock, watcher: Watcher, people: Mapping[str, tuple[str, str]]
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.watcher = watcher
        self.people = people
        self.agents = {agent.name: agent.id for agent in engine.desk.agents.values()}
        self.natives: dict[str, str] = {}
        self.placed: dict[str, Outcome] = {}
        self.told: dict[str, int] = {}
        self.count = 0

    def wait(self, until: datetime) -> Iterator[Beat]:
        """Let time pass; every timer that has something to say is a beat."""
        while (due := self.engine.next_due()) is not None and due <= until:
            self.clock.now = max(due, self.clock.now)
            self.engine.work()
            if lines := self.news():
                yield Beat(at=self.clock.now, step=None, lines=lines)
        self.clock.now = max(until, self.clock.now)

    def news(self) -> tuple[Line, ...]:
        """What history says since it was asked last."""
        fresh: list[Line] = []
        for stream in self.watcher.grown():
            lines = self.engine.explain(stream)
            fresh += lines[self.told.get(stream, 0) :]
            self.told[stream] = len(lines)
        return tuple(fresh)

    def hear(self, said: Said) -> Beat:
        """Hand a message to the desk."""
        name, address = self.people[said.who]
        known = self.natives.get(said.name) if said.again else None
        self.count += known is None
        native = known or str(self.count)
        outcome = self.engine.handle(
            Inbound(
                channel=ChannelId(said.channel),
                author=address,
                native=NativeId(native),
                sent_at=said.at - said.late,
                text=said.text,
                replies_to=(NativeId(self.natives[said.answers]),) if said.answers else (),
                name=name,
            )
        )
        if said.name:
            self.natives[said.name] = native
            self.placed[said.name] = outcome
        self.engine.work()
        return Beat(at=said.at, step=said, lines=self.news(), outcome=outcome)

    def obey(self, did: Did) -> Beat:
        """Give an agent's command."""
        name, _ = self.people[did.who]
        by = Actor(ActorKind.AGENT, Code(self.agents[name]))
        placed = self.placed[did.about]
        assert placed.request_id is not None
        assert placed.conversation_id is not None
        self.engine.handle(did.deed(by, placed.request_id, placed.conversation_id))
        self.engine.work()
        return Beat(at=did.at, step=did, lines=self.news())


def play(
    engine: Engine,
    clock: Clock,
    watcher: Watcher,
    people: Mapping[str, tuple[str, str]],
    script: Iterable[Step],
) -> Iterator[Beat]:
    """Play a script; yields a beat for each of its steps, and for each timer that had something to say.

    ``engine`` must read ``clock`` and have ``watcher`` among its plugins.
    """
    player = _Player(engine, clock, watcher, people)
    for step in script:
        match step:
            case Scene():
                yield Beat(at=clock.now, step=step)
            case Passes():
                yield from player.wait(step.until)
            case Said():
                yield from player.wait(step.at)
                yield player.hear(step)
            case Did():
                yield from player.wait(step.at)
                yield player.obey(step)
