"""Pictures of the compiled tables: Mermaid state diagrams, and Markdown tables for the reference pages.

Everything is drawn from what the engine itself looks up, so a picture cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .core.couplings import Table
from .core.lifecycle import Lifecycle
from .core.model import ConversationState

__all__ = ["couplings_table", "markdown_table", "mermaid", "table"]


def mermaid(lifecycle: Lifecycle) -> str:
    """The machine as a Mermaid ``stateDiagram-v2``.

    Events that lead from one state to the same other one share an arrow; those that leave a state as it is
    share a loop.
    """
    labels: dict[tuple[str, str], list[str]] = {}
    for state in lifecycle.states:
        for event in lifecycle.events():
            target = lifecycle.table.get((state, event))
            if target is not None:
                labels.setdefault((str(state), str(target)), []).append(_short(event))
    lines = ["stateDiagram-v2", f"    [*] --> {lifecycle.initial}: {_short(lifecycle.begins)}"]
    lines += [f"    {source} --> {target}: {', '.join(on)}" for (source, target), on in labels.items()]
    lines += [f"    {state} --> [*]" for state in lifecycle.states if state in lifecycle.final]
    return "\n".join(lines) + "\n"


def table(lifecycle: Lifecycle) -> str:
    """The machine as a Markdown table: one row an event, one column a state, in each cell the next state.

    An empty cell means that the event cannot happen in that state.
    """
    states = lifecycle.states
    rows = [[f"`{lifecycle.begins}`", *("" for _ in states)]]
    rows[0][1 + states.index(lifecycle.initial)] = f"begins as {lifecycle.initial}"
    for event in lifecycle.events():
        targets = (lifecycle.table.get((state, event)) for state in states)
        rows.append([f"`{event}`", *("" if target is None else str(target) for target in targets)])
    return markdown_table(["event", *map(str, states)], rows)


def couplings_table(couplings: Table) -> str:
    """What each event does to something else, by the conversation's state, in Markdown."""
    events = dict.fromkeys(event for event, _ in couplings)
    rows = [
        [f"`{event}`", *(str(couplings[event, state]) for state in ConversationState)] for event in events
    ]
    return markdown_table(["event", *map(str, ConversationState)], rows)


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars inside cells are escaped, line breaks become spaces."""
    lines = [_row(heads), _row(["---"] * len(heads)), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    told = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(told)} |"


def _short(event: str) -> str:
    """The event's word without its kind, which the diagram is about anyway."""
    return event.partition(".")[2]
