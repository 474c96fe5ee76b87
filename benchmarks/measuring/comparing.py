"""Cases side by side: in turns, round after round, each run in a fresh process."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from measuring.children import Gone, run_case
from measuring.lines import Line, Table
from measuring.places import Ground
from measuring.targets import held
from measuring.turns import turns
from plans import Case, Comparison, Extent

__all__ = ["compare", "note", "place"]


@contextmanager
def place(ground: Ground, medium: str) -> Iterator[tuple[Path, str]]:
    """An empty folder, and the connection string of an empty database if the medium is one. Raises `Gone`."""
    with ExitStack() as stack:
        if medium == "tmpfs" and ground.memory is None:
            raise Gone("missing: there is no tmpfs here", broken=False)
        folder = stack.enter_context(ground.folder("disk" if medium == "disk" else "tmpfs"))
        dsn = ""
        if medium == "postgres":
            if ground.server is None:
                raise Gone(f"missing: PostgreSQL: {ground.no_server}", broken=False)
            dsn = stack.enter_context(ground.database())
        yield folder, dsn


def note(line: Line, gone: Gone) -> None:
    """Have the line say why there is no figure; and say it now."""
    line.give_up(str(gone), broken=gone.broken)
    print(f"  {line.name}: {gone}", file=sys.stderr, flush=True)


def compare(ground: Ground, extent: Extent, comparison: Comparison) -> list[Table]:
    """A table for each medium, all measured in the same rounds."""
    entries = [
        (medium, case, Line(case.name, comparison.unit))
        for medium in comparison.on
        for case in comparison.cases
        if (not case.on or medium in case.on) and (extent.full or not case.full)
    ]
    requests = extent.requests or comparison.requests[extent.full]
    for medium, case, line in turns(extent.rounds, entries):
        if line.note:
            continue
        try:
            with place(ground, medium) as (folder, dsn):
                line.add(run_case(case.where, max(1, round(requests * case.share)), folder, dsn, medium))
        except Gone as gone:
            note(line, gone)
    tables = []
    for medium in comparison.on:
        of_medium = [(case, line) for where, case, line in entries if where == medium]
        lines = {line.name: line for _, line in of_medium}
        for case, line in of_medium:
            _hold(case, line, lines, medium)
        tables.append(Table(f"{comparison.title} ({ground.words(medium)})", list(lines.values())))
    return tables


def _hold(case: Case, line: Line, lines: Mapping[str, Line], medium: str) -> None:
    """Hold a line against its targets for this medium. Comparisons with what was left out are left out, too."""
    for target in case.targets:
        if target.on in ("", medium):
            if target.of and target.of not in lines:
                assert target.must is None, f"nothing to hold {line.name} against"
                continue
            line.held.append(held(line, target, lines, cpu=bool(line.cpu) and medium != "postgres"))
