"""What deliveries have to be told, read for many of them in one go and never used when it is old."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from ..core.effects import Effect, QueuedEffect
from ..core.facts import Answer, Want
from ..core.model import Audience, TextId
from ..errors import CorruptRecord
from .asks import Ask, AskRecall, AskTexts, Context
from .delivering import completed, texts_of, wants_of

__all__ = ["Ahead", "Telling"]

FRESH = timedelta(seconds=1)
"""For how long what was read counts: a message taken back, or a text erased, meanwhile may still be shown so long."""

Telling = tuple[Effect | None, Mapping[TextId, str]]
"""An effect as its transport is given it, with its texts; None where there is nothing to deliver any more."""


class Ahead:
    """Answers and texts for the deliveries of one round, in their order."""

    def __init__(self, context: Context, line: Iterable[QueuedEffect]) -> None:
        self._context = context
        self._line: dict[str, Effect] = {queued.id: queued.effect for queued in line}
        self._known: set[str] = set()
        self._answers: dict[Want, Answer] = {}
        self._texts: dict[tuple[TextId, Audience], str] = {}
        self._read_at: datetime | None = None

    def is_ready(self, queued: QueuedEffect) -> bool:
        """Whether what this one's transport is told has been read, and still counts."""
        return queued.id in self._known and not self._is_old()

    def telling(self, queued: QueuedEffect) -> Generator[Ask, Any, Telling]:
        """What this one's transport is told."""
        if self._is_old():
            self._known.clear()
            self._read_at = self._context.clock()
            with suppress(CorruptRecord):  # one of them cannot be read: then each is read for itself
                yield from self._read(self._line)
        if queued.id not in self._known:
            yield from self._read((queued.id,))
        effect = self._line.pop(queued.id)
        shown = {id: self._texts[id, eyes] for id, eyes in texts_of(effect) if (id, eyes) in self._texts}
        return completed(effect, self._answers), shown

    def forget(self, effect: Effect) -> None:
        """What this one needed has changed by its own delivery."""
        wants = frozenset(wants_of(effect))
        if wants:
            self._known -= {id for id, each in self._line.items() if not wants.isdisjoint(wants_of(each))}

    def _is_old(self) -> bool:
        return self._read_at is None or self._context.clock() - self._read_at > FRESH

    def _read(self, ids: Collection[str]) -> Generator[Ask, Any, None]:
        workspace = self._context.desk.workspace
        effects = [self._line[id] for id in ids]
        wants = tuple(dict.fromkeys([want for effect in effects for want in wants_of(effect)]))
        if wants:
            self._answers.update(zip(wants, (yield AskRecall(workspace, wants)), strict=True))
        asked: dict[Audience, dict[TextId, None]] = {}
        for effect in effects:
            for id, eyes in texts_of(effect):
                asked.setdefault(eyes, {})[id] = None
        for eyes, texts in asked.items():
            said = yield AskTexts(workspace, tuple(texts), eyes)
            for id in texts:  # what was erased since it was read last is not said again
                self._texts.pop((id, eyes), None)
            self._texts.update(((id, eyes), body) for id, body in said.items())
        self._known.update(ids)
