"""What may happen in a run, step by step: people write and work, time passes, machines fail, somebody changes the desk.

Each step is drawn: what happens, to whom, and how far everybody gets before the next one. Moments are drawn where
something changes: a tick before it, at it, a tick after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

import attrs

from ...core import commands as c
from ...core.model import CommandKey, NativeId
from ...core.timers import next_due
from ...errors import StoreError
from ..machines.commands import SUBJECTS
from ..machines.desk import CHANNELS, COLLEAGUES, VARIANTS, WRITERS, desk_of
from ..machines.draws import Draws
from ..machines.observations import OBSERVATIONS
from .books import Mirror
from .choices import Draw
from .clocks import TICK
from .ports import POISON
from .processes import Crashed
from .senders import Told, Way
from .world import MOST, SimWorld

__all__ = ["DEEDS", "Walk"]

DELAYS = (0.0, 0.0, 1.0, 61.0, 3600.0)
"""Seconds until a copy of something is told for the first time."""
PIECES = (MOST, MOST, MOST, 0, 1, 2, 5, 12, 30)
"""How many pieces everybody may do before the next step: most often all that can be done."""
JUMPS = (1.0, -1.0, 61.0, -61.0, 3600.0, -3600.0, 7200.0, -7200.0)

_MORE_OF = ("requests", "requests", "later")
"""What brings the clock in, more often than the rest."""


class _Drawn(Draws):
    """What may be named, with messages numbered by their channels."""

    def __init__(self, *args: Any, number: Callable[[str], int], **how: Any) -> None:
        super().__init__(*args, **how)
        self._number = number

    def letter(self) -> c.Inbound:
        letter = super().letter()
        return attrs.evolve(letter, native=NativeId(str(self._number(letter.channel))))


class Walk:
    """One run, step by step. ``weights`` says how often each deed is done."""

    def __init__(self, world: SimWorld) -> None:
        self.world = world
        self.chance = world.chance
        self.weights = {deed: self.chance.choice(often) for deed, often in _OFTEN.items()}
        self._own = world.simulation.desk is None
        self._channels, self._people, self._writers = self._who()
        self._numbers: dict[tuple[str, str], int] = {}
        self._commands = 0

    def _who(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Three channels, the colleagues, and those who write: customers, and colleagues in their channels."""
        desk = next(iter(self.world.ledger.desks.values()))
        known = CHANNELS if self._own else tuple(sorted(each.replace("*", "one") for each in desk.channels))
        first = self.chance.below(len(known))
        channels = tuple(known[(first + step * 2) % len(known)] for step in range(min(3, len(known))))
        people = COLLEAGUES if self._own else tuple(desk.agents)
        return tuple(dict.fromkeys(channels)), people, WRITERS if self._own else ("cara", "dan", *people)

    def step(self, number: int) -> None:
        """Let the next thing happen."""
        self.world.choices.begin(number)
        self.do(self.chance.weighed(self.weights), number)

    def do(self, deed: str, number: int) -> None:
        """Let one thing happen, and everybody do something about it."""
        self.note(f"step {number}", deed)
        DEEDS[deed](self)
        self.world.run(self.chance.choice(PIECES, Draw.ORDER))

    def note(self, who: str, what: str) -> None:
        """Write what happens into the trace."""
        self.world.trace.note(self.world.loop.now, who, what)

    # --- what is told ---

    def _workspace(self) -> str:
        one, two = self.world.stories
        return self.chance.choice((one, one, one, two))  # more happens where there is more already

    def draws(self, workspace: str) -> Draws:
        """What may be named now in a workspace."""
        story, ledger = self.world.stories[workspace], self.world.ledger
        story.now = self.world.now
        book = ledger.books[workspace]
        posted = [f"posted:{key}" for key in list(book.effects)[-12:]]
        return _Drawn(
            story,
            Mirror(book),
            self.chance,
            posted,
            channels=self._channels,
            colleagues=self._people,
            writers=self._writers,
            number=partial(self._number, workspace),
        )

    def _number(self, workspace: str, channel: str) -> int:
        """Each channel numbers its own messages, so that one number comes in many places."""
        place = (workspace, channel)
        number = self._numbers[place] = self._numbers.get(place, 0) + 1
        return number

    def letter(self, draws: Draws, workspace: str, prefix: str = "") -> c.Inbound:
        """What somebody writes; it says in which workspace."""
        letter = draws.letter()
        self._note_edge(workspace, letter)
        return attrs.evolve(
            letter, native=NativeId(f"{prefix}{letter.native}"), text=f"{letter.text} [{workspace}]"
        )

    def _note_edge(self, workspace: str, letter: c.Inbound) -> None:
        within = self.world.ledger.desks[workspace].settings(letter.channel).grouping_within
        for told in self.world.sender.told:
            known = told.item
            if (
                isinstance(known, c.Inbound)
                and (told.workspace, known.channel, known.author)
                == (workspace, letter.channel, letter.author)
                and letter.sent_at - known.sent_at == within
            ):
                self.world.trace.met("window edge")
                return

    def command(self, draws: Draws) -> c.Command:
        """What somebody wants done."""
        of = SUBJECTS[draws.one(*SUBJECTS, *_MORE_OF)]
        make = draws.one(*of)
        self._commands += 1
        fields = {"by": draws.by(), "key": CommandKey(f"cmd:{self._commands}")}
        return make(**{**fields, **of[make](draws)})

    def tell(self, workspace: str, items: list[Any], ways: tuple[Way, ...]) -> None:
        """Let things be told, each in some copies."""
        many = Way.MANY in ways and len(items) > 1
        told = [Told(workspace, item, Way.MANY if many else self.chance.choice(ways)) for item in items]
        self.world.sender.told += told
        for each in told:
            self.note("told", f"{workspace}: {each.way} {_in_words(each.item)}")
        if many:
            self.world.begin(self.world.sender.send(list(told), 0.0))
        for each in told:
            copies = self.chance.choice((1, 1, 1, 2, 3, 6)) - many
            for _ in range(copies):
                copy = attrs.evolve(each, way=self._way_of_copy(each)) if each.way is Way.MANY else each
                if copy is not each:
                    self.world.sender.told.append(copy)
                self.world.begin(self.world.sender.send([copy], self.chance.choice(DELAYS)))

    def _way_of_copy(self, told: Told) -> Way:
        return (
            Way.HANDLE if isinstance(told.item, c.Command) else self.chance.choice((Way.HANDLE, Way.ACCEPT))
        )

    def people_write(self) -> None:
        """Somebody writes, perhaps more than once."""
        workspace = self._workspace()
        draws = self.draws(workspace)
        letters = [self.letter(draws, workspace) for _ in range(self.chance.choice((1, 1, 2, 3)))]
        self.tell(
            workspace, letters, self.chance.choice(((Way.ACCEPT,), (Way.HANDLE,), (Way.MANY, Way.HANDLE)))
        )

    def somebody_works(self) -> None:
        """A colleague, a customer or a machine gives commands."""
        workspace = self._workspace()
        draws = self.draws(workspace)
        commands = [self.command(draws) for _ in range(self.chance.choice((1, 2, 3, 5)))]
        self.tell(workspace, commands, self.chance.choice(((Way.HANDLE,), (Way.MANY, Way.HANDLE))))

    def something_is_observed(self) -> None:
        """A message changes, an emoji comes, something is chosen or seen."""
        workspace = self._workspace()
        draws = self.draws(workspace)
        item = OBSERVATIONS[draws.one(*(each for each in OBSERVATIONS if each is not c.Inbound))](draws)
        ways = (Way.HANDLE,) if isinstance(item, c.MarkSeen) else (Way.ACCEPT, Way.HANDLE)
        self.tell(workspace, [item], ways)

    def it_is_told_again(self) -> None:
        """What was told long ago is told again."""
        told = [each for each in self.world.sender.told[-20:] if isinstance(each.item, c.Inbound | c.Command)]
        if not told:
            return
        first = self.chance.choice(told)
        if str(getattr(first.item, "native", "")).startswith(POISON):
            return
        again = Told(first.workspace, first.item, self._way_of_copy(first))
        self.world.sender.told.append(again)
        self.note("told", f"{again.workspace}: {again.way} {_in_words(again.item)} again")
        self.world.begin(self.world.sender.send([again], 0.0))

    def poison_comes(self) -> None:
        """Something is accepted that can never be handled."""
        workspace = self._workspace()
        letter = self.letter(self.draws(workspace), workspace, f"{POISON}-")
        self.tell(workspace, [letter], (Way.ACCEPT,))

    # --- time ---

    def time_passes(self) -> None:
        """Time passes: to a moment at which something changes, a tick before it, or a tick after it."""
        world = self.world
        spans = (
            timedelta(seconds=1),
            timedelta(seconds=30),
            timedelta(seconds=120),
            timedelta(seconds=60),
            timedelta(hours=1),
            timedelta(days=1),
            timedelta(days=8),
        )
        moments = [moment - world.now for moment in self._moments() if moment > world.now]
        if moments and self.chance.happens(600, Draw.DEED):
            span = self.chance.choice(moments) + self.chance.choice((timedelta(0), -TICK, TICK))
            if span > timedelta(0) and any(span + TICK == each for each in moments):
                world.trace.met("one tick early")
        else:
            span = self.chance.choice(spans)
        self.note("time", f"passes: {span}")
        world.advance(max(span, timedelta(0)))

    def _moments(self) -> list[datetime]:
        """When something changes: timers, leases, what was put off, the edges of windows."""
        found: list[datetime] = []
        for workspace, book in self.world.ledger.books.items():
            desk = self.world.ledger.desks[workspace]
            upcoming = self.world.ledger.next_moment(workspace, self.world.now)
            found += [upcoming] if upcoming is not None else []
            for conversation in list(book.conversations.values())[-4:]:
                settings = desk.settings(conversation.channel_id)
                due = next_due(conversation, settings, desk.waits(conversation.channel_id))
                found += [due] if due is not None else []
            if book.messages:
                last = list(book.messages.values())[-1]
                found.append(last.sent_at + desk.settings(last.channel_id).grouping_within)
        return found

    # --- what goes wrong ---

    def _some(self) -> str | None:
        """The place of a process that runs."""
        places = [place for place, each in self.world.processes.items() if each.is_alive]
        return self.chance.choice(places) if places else None

    def one_crashes(self) -> None:
        """A process ends, in the middle of what it does."""
        place = self._some()
        if place is not None:
            self.world.crash(place)

    def all_crash(self) -> None:
        """Everything ends at once: the machine lost power."""
        self.world.trace.met("everything crashed at once")
        for place, process in list(self.world.processes.items()):
            if process.is_alive:
                self.world.crash(place)

    def one_stops(self) -> None:
        """A process stands still, longer than its leases, and goes on then as if nothing had been."""
        place = self._some()
        if place is not None:
            self.world.processes[place].stop()

    def a_clock_jumps(self) -> None:
        """Somebody sets a clock, forwards or back."""
        place = self._some()
        if place is None or not self.world.skews:
            return
        jump = timedelta(seconds=self.chance.choice(JUMPS, Draw.FAULT))
        clock = self.world.processes[place].clock
        if abs(clock.offset + jump) > timedelta(hours=1):
            jump = -clock.offset
        clock.jump(jump)
        for workspace in self.world.stories:
            self.world.processes[place].wake(workspace)
        self.note("time", f"the clock of {place} jumps by {jump}")
        if jump < timedelta(0):
            self.world.trace.met("clock back")
        self.world.note_skew()

    def the_desk_changes(self) -> None:
        """Somebody changes the settings."""
        workspace = self._workspace()
        variant = self.chance.choice(VARIANTS)
        base = self.world.desk
        desk = (
            desk_of(variant) if self._own else {**base, "settings": {**base.get("settings", {}), **variant}}
        )
        process = self.world.some_web()
        if process is None:
            return
        self.note("told", f"{workspace}: other settings")
        self.world.begin(_changed(process, workspace, {**desk, "workspace": workspace}))


async def _changed(process: Any, workspace: str, desk: Mapping[str, Any]) -> None:
    """Whoever changes settings looks whether it went well; if not, they may try again another day."""
    try:
        await process.ask(workspace, lambda engine: engine.configure(desk))
    except (Crashed, StoreError):
        return


def _in_words(item: Any) -> str:
    name = type(item).__name__
    if isinstance(item, c.Inbound):
        return f"{item.author} in {item.channel} ({item.native}): {item.text}"
    about = [
        f"{field}={getattr(item, field)}"
        for field in (
            "key",
            "by",
            "request_id",
            "conversation_id",
            "into",
            "native",
            "channel",
            "emoji",
            "assignee",
        )
        if getattr(item, field, None) is not None
    ]
    return f"{name} {', '.join(map(str, about))}"


DEEDS: Mapping[str, Callable[[Walk], None]] = MappingProxyType(
    {
        "people write": Walk.people_write,
        "time passes": Walk.time_passes,
        "somebody works": Walk.somebody_works,
        "something is observed": Walk.something_is_observed,
        "it is told again": Walk.it_is_told_again,
        "poison comes": Walk.poison_comes,
        "one crashes": Walk.one_crashes,
        "all crash": Walk.all_crash,
        "one stops": Walk.one_stops,
        "a clock jumps": Walk.a_clock_jumps,
        "the desk changes": Walk.the_desk_changes,
    }
)
"""What may happen."""
_OFTEN: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "people write": (8, 4, 12),
        "time passes": (6, 3, 10),
        "somebody works": (8, 2, 16),
        "something is observed": (2, 0, 4),
        "it is told again": (1, 0, 3),
        "poison comes": (0, 0, 1),
        "one crashes": (0, 1, 3),
        "all crash": (0, 0, 1),
        "one stops": (0, 1, 2),
        "a clock jumps": (0, 1, 2),
        "the desk changes": (0, 0, 1),
    }
)
"""How often each of them happens: one of these, redrawn in each run."""
