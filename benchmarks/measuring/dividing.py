"""How the cost of one operation divides on each store: by stages with timers, by rooms with looks at the stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from measuring.children import Gone, run_case
from measuring.comparing import note, place
from measuring.lines import Division, Line
from measuring.places import Ground
from measuring.turns import turns
from ours.stages import STAGES
from plans import DIVIDED, DIVIDED_REQUESTS, STORES, Extent

__all__ = ["divide"]

SMALL = 0.02
"""Rooms below this share on every store are told together."""
WHOLE, STATEMENTS, REST = "whole operation", "statements to the database", "the rest"

Found = Sequence[tuple[Line, list[dict[str, Any]]]]
"""For each store its line, and what its runs answered."""


@dataclass(frozen=True)
class Column:
    """One store: what the whole operation takes, and what its parts do."""

    name: str
    whole: float
    parts: Mapping[str, float]

    def share(self, part: str) -> float:
        """A part of the whole."""
        return self.parts.get(part, 0) / self.whole

    def cell(self, part: str) -> str:
        """A part and its share in words; nothing if there is no such part."""
        return f"{self.parts[part]:,.1f} ({self.share(part):.0%})" if part in self.parts else ""

    def without(self, told: Sequence[str]) -> Column:
        """All other parts as one, `REST`."""
        rest = sum(taken for part, taken in self.parts.items() if part not in told)
        return Column(self.name, self.whole, {REST: rest})


def divide(ground: Ground, extent: Extent) -> list[Division]:
    """By stages, and by rooms; the stores take turns."""
    media = [ground.quickest if store == "sqlite" else store for store in STORES]
    entries = [(where, medium, Line(ground.words(medium))) for where in DIVIDED for medium in media]
    answers: dict[tuple[str, str], list[dict[str, Any]]] = {
        (where, medium): [] for where, medium, _ in entries
    }
    for where, medium, line in turns(extent.rounds, entries):
        if line.note:
            continue
        try:
            with place(ground, medium) as (folder, dsn):
                requests = extent.requests or DIVIDED_REQUESTS[extent.full]
                found = run_case(where, requests, folder, dsn, medium)
        except Gone as gone:
            note(line, gone)
            continue
        line.add(found)
        answers[where, medium].append(found)
    stages, rooms = (
        [(line, answers[where, medium]) for where, medium, line in entries if where == each]
        for each in DIVIDED
    )
    return [_by_stages(stages), _by_rooms(rooms)]


def _by_stages(found: Found) -> Division:
    columns = [
        Column(
            line.name,
            line.middle,
            {
                name: median(run["stages"][name] / run["operations"] * 1e6 for run in runs)
                for name in runs[0]["stages"]
            },
        )
        for line, runs in found
        if line.runs
    ]
    calls = [sum(runs[0]["statements"].values()) for line, runs in found if line.runs]
    rows = [
        (WHOLE, *(f"{each.whole:,.0f}" for each in columns), "with the timers"),
        *((name, *(each.cell(name) for each in columns), words) for name, words in STAGES.items()),
        (STATEMENTS, *(f"{count:.1f}" for count in calls), "BEGIN and COMMIT among them"),
    ]
    title = "How one operation divides: microseconds by stage"
    return Division(title, [each.name for each in columns], rows, _gone(found))


def _by_rooms(found: Found) -> Division:
    columns = []
    for line, runs in found:
        if line.runs:
            seen: Counter[str] = sum((Counter(run["rooms"]) for run in runs), Counter())
            each_seen = line.middle / seen.total()
            columns.append(
                Column(line.name, line.middle, {room: count * each_seen for room, count in seen.items()})
            )
    shares = {room: max(each.share(room) for each in columns) for each in columns for room in each.parts}
    large = sorted((room for room, share in shares.items() if share >= SMALL), key=lambda room: -shares[room])
    rows = [
        (WHOLE, *(f"{each.whole:,.0f}" for each in columns)),
        *((room, *(each.cell(room) for each in columns)) for room in large),
        (REST, *(each.without(large).cell(REST) for each in columns)),
    ]
    title = "How one operation divides: microseconds by part of the package"
    return Division(title, [each.name for each in columns], rows, _gone(found))


def _gone(found: Found) -> list[Line]:
    return [line for line, _ in found if not line.runs]
