"""Replay: messages from files through an engine, in a time of their own.

The clock follows the messages: it stands at the latest moment that one of them was sent, and never goes back.
Before a message is placed, every timer that is due by then is answered, at its own moment. So a desk that has
read a year of mail looks as if it had lived that year. Make the engine with ``muted=True``, or what the
desk would have said then is delivered today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from threading import Event
from typing import Protocol

import attrs

from .core.commands import Inbound
from .core.facts import Outcome, OutcomeKind
from .core.ids import request_id
from .engine import Engine
from .errors import Conflict, CorruptRecord, Refused, ReqflowError, StoreError, StoreUnavailable, UsageError

__all__ = ["Read", "Report", "Told", "Unread", "in_order", "replay"]

TOLD = 20
"""How many refusals a report keeps in full."""
STRANGE = 1000
"""Up to how many unknown channels are counted by name: a stranger may name channels without end."""


class Unread(Protocol):
    """What is no message: something that a reader passed over, or that cannot be read."""

    @property
    def where(self) -> str:
        """Where it stood."""

    @property
    def code(self) -> str:
        """A stable word for what it was."""

    @property
    def detail(self) -> str:
        """Words for people."""


Read = Inbound | Unread
"""One thing that a reader yields (`reqflow.plugins.readers`)."""


@attrs.frozen
class Told:
    """One thing that was refused: where it stood, a stable code, and words for people."""

    where: str
    code: str
    detail: str


@attrs.define
class Report:
    """What became of everything that was read: ``read`` is the sum of the four kinds.

    ``ignored`` and ``refused`` count by reason, ``strange`` by channels that the desk does not know.
    ``opened`` counts the requests that new messages opened, ``timers`` the timers that were answered on the
    way. ``details`` tells the first refusals in full. ``first_at`` and ``last_at`` are the clock's first and
    last moment. ``interrupted`` says that somebody stopped the run, ``failure`` that the store did; what was
    counted until then is stored.
    """

    placed: int = 0
    duplicate: int = 0
    opened: int = 0
    timers: int = 0
    ignored: Counter[str] = attrs.field(factory=Counter)
    refused: Counter[str] = attrs.field(factory=Counter)
    strange: Counter[str] = attrs.field(factory=Counter)
    details: list[Told] = attrs.field(factory=list)
    first_at: datetime | None = None
    last_at: datetime | None = None
    interrupted: bool = False
    failure: StoreError | None = None

    @property
    def read(self) -> int:
        """How many things were read."""
        return self.placed + self.duplicate + self.ignored.total() + self.refused.total()

    def refuse(self, where: str, code: str, detail: str) -> None:
        """Count something that could not be used."""
        self.refused[code] += 1
        if len(self.details) < TOLD:
            self.details.append(Told(where, code, detail))

    def count(self, inbound: Inbound, outcome: Outcome) -> None:
        """Count what became of a message."""
        if outcome.kind is OutcomeKind.IGNORED:
            self.ignored[outcome.code or "unknown"] += 1
            if outcome.code == "unknown_channel" and len(self.strange) < STRANGE:
                self.strange[inbound.channel] += 1
        elif outcome.duplicate:
            self.duplicate += 1
        else:
            self.placed += 1
            opener = outcome.message_id
            self.opened += opener is not None and outcome.request_id == request_id(opener)


def in_order(reads: Iterable[Read]) -> list[Read]:
    """Everything that was read, messages by the time they were sent; what is no message comes first."""
    everything = list(reads)
    rest = [each for each in everything if not isinstance(each, Inbound)]
    return rest + sorted((each for each in everything if isinstance(each, Inbound)), key=_moment)


def replay(
    engine: Engine,
    reads: Iterable[Read],
    *,
    stop: Event | None = None,
    progress: Callable[[Report], None] | None = None,
) -> Report:
    """Place everything that readers found, one commit each; returns what became of it.

    It may be repeated, which changes nothing, and stopped or killed at any moment: the next run goes on where
    it was. One bad message never ends it; a store that fails does. A message that claims to come from the
    future does not move the clock.

    Args:
        engine: the desk; see the module for ``muted``.
        reads: what readers yield.
        stop: once set, the run ends after the current commit.
        progress: called after each item with the report so far.

    Raises `UsageError` when the store holds no desk.
    """
    return _Run(engine).through(reads, stop or Event(), progress or (lambda report: None))


def _moment(inbound: Inbound) -> datetime:
    """When it was sent, as far as that can be believed."""
    return min(inbound.sent_at, inbound.received_at or inbound.sent_at)


class _Run:
    """One replay on its way: the report so far, and the clock."""

    def __init__(self, engine: Engine) -> None:
        _ = engine.desk  # without one nothing can be placed: say so before anything is read
        self.engine = engine
        self.report = Report()
        self.present = engine.clock()
        self.now: datetime | None = None

    def through(self, reads: Iterable[Read], stop: Event, progress: Callable[[Report], None]) -> Report:
        report = self.report
        try:
            for read in reads:
                if stop.is_set():
                    report.interrupted = True
                    return report
                if isinstance(read, Inbound):
                    self._place(read)
                else:
                    self._pass_over(read)
                progress(report)
            if self.now is not None:
                self._answer_timers(self.now)
        except KeyboardInterrupt:
            report.interrupted = True
        except StoreError as failure:
            report.failure = failure
        return report

    def _pass_over(self, read: Unread) -> None:
        from .plugins.readers import Ignored

        if isinstance(read, Ignored):
            self.report.ignored[read.code] += 1
        else:
            self.report.refuse(read.where, read.code, read.detail)

    def _place(self, inbound: Inbound) -> None:
        at = self._clock_at(inbound)
        try:
            if self._something_due(at) and self._is_new(inbound, at):
                self._answer_timers(at)
            outcome = self.engine.handle(inbound, at=at)
        except (Refused, UsageError, Conflict, CorruptRecord) as problem:
            self.report.refuse(f"{inbound.channel} {inbound.native}", _code(problem), str(problem))
            return
        self.report.count(inbound, outcome)
        if outcome.kind is not OutcomeKind.IGNORED and at <= self.present:
            self.now = at
            self.report.first_at = self.report.first_at or at
            self.report.last_at = at

    def _clock_at(self, inbound: Inbound) -> datetime:
        """Where the clock stands for a message: never back, and never ahead of the real one."""
        at = max(inbound.sent_at, inbound.received_at or inbound.sent_at)
        if at > self.present:
            return self.now or self.present
        return at if self.now is None else max(at, self.now)

    def _something_due(self, at: datetime) -> bool:
        due = self.engine.next_due()
        return due is not None and due <= at

    def _is_new(self, inbound: Inbound, at: datetime) -> bool:
        """Whether the message will be placed.

        Timers wait for such a one: a repeated run meets known messages first, and must not answer at an
        earlier moment what the first run answered later.
        """
        outcome = self.engine.dry_run(inbound, at=at).outcome
        return outcome.kind is OutcomeKind.PLACED and not outcome.duplicate

    def _answer_timers(self, until: datetime) -> None:
        """Answer every timer that is due by then at its own moment, or now if that has passed."""
        before: datetime | None = None
        while (due := self.engine.next_due()) is not None and due <= until:
            if before is not None and due <= before:
                raise StoreUnavailable(f"timers due at {due:%Y-%m-%d %H:%M:%S} UTC stay due when answered")
            before = due if self.now is None else max(due, self.now)
            self.report.timers += self.engine.tick(at=before, leased_for=timedelta(0))


def _code(problem: ReqflowError) -> str:
    """A stable word for a problem: its own code, or what kind of error it is."""
    return problem.code if isinstance(problem, Refused) else type(problem).__name__
