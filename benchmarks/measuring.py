"""Running the cases, interleaved and each in a fresh process, and what came of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import IO, Any

import plans
import startup
from places import Ground
from stages import STAGES

__all__ = ["Compared", "Growing", "Lifecycles", "Line", "Stages", "Starts"]

HERE = Path(__file__).resolve().parent
GROWTH_ROUNDS = 5
"""Blocks of each side of a growth pair in one round."""
PATIENCE = 900
"""Seconds that one run may take."""


@dataclass
class Compared:
    """A figure, and the target it is held against; without one ``met`` is None."""

    figure: str
    target: str = ""
    met: bool | None = None


@dataclass
class Line:
    """A line of a table. ``runs`` are microseconds per operation; without any, ``note`` says why."""

    name: str
    runs: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)
    note: str = ""
    broken: bool = False
    per: str = "operation"

    @property
    def middle(self) -> float:
        """The median of its runs, in microseconds."""
        return median(self.runs)

    def add(self, found: dict[str, Any]) -> None:
        """Add a run."""
        self.runs.append(found["seconds"] / found["operations"] * 1e6)
        self.cpu.append(found["cpu"] / found["operations"] * 1e6)


class _Gone(Exception):
    """A case cannot go on: missing, or (``broken``) wrong."""

    def __init__(self, reason: str, *, broken: bool) -> None:
        self.broken = broken
        super().__init__(reason)


def _read(line: str, errors: str) -> dict[str, Any]:
    """A child's answer."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        last = (errors.strip().splitlines() or ["it said nothing"])[-1]
        raise _Gone(f"crashed: {last}", broken=True) from None
    if "missing" in found:
        raise _Gone(f"missing: {found['missing']}", broken=False)
    if "invalid" in found:
        raise _Gone(f"invalid outcome: {found['invalid']}", broken=True)
    return found


def _run(where: str, requests: int, folder: Path, dsn: str = "") -> dict[str, Any]:
    command = [sys.executable, str(HERE / "case.py"), *where.split()]
    command += ["--requests", str(requests), "--folder", str(folder), "--dsn", dsn]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise _Gone(f"took more than {PATIENCE} seconds", broken=True) from None
    return _read((done.stdout.splitlines() or [""])[-1], done.stderr)


def _note(line: Line, gone: _Gone) -> None:
    line.note, line.broken = str(gone), gone.broken
    line.runs.clear()
    print(f"  {line.name}: {gone}", file=sys.stderr, flush=True)


class Lifecycles:
    """The request lifecycle on everything that keeps requests."""

    def __init__(self, ground: Ground, rounds: int, requests: int | None) -> None:
        self._ground = ground
        self._rounds = rounds
        self._requests = requests

    def measured(self, group: str) -> list[Line]:
        """One line for each case, on each medium where media differ."""
        requests, cases = plans.PLANS[group]
        media = list(self._ground.media()) if group == "sqlite" else [""]
        lines = {(medium, case.name): Line(_named(case.name, medium)) for medium in media for case in cases}
        turns = [(medium, case) for medium in media for case in cases]
        for each in range(self._rounds):
            for medium, case in turns if each % 2 == 0 else reversed(turns):
                line = lines[medium, case.name]
                if not line.note:
                    self._one(group, medium, case, line, self._requests or requests)
        for medium, case in turns:
            by_name = {name: line for (where, name), line in lines.items() if where == medium}
            _compare(by_name, case, in_process=group != "postgres")
        return list(lines.values())

    def _one(self, group: str, medium: str, case: plans.Case, line: Line, requests: int) -> None:
        try:
            with ExitStack() as stack:
                folder = stack.enter_context(self._ground.folder(medium or "tmpfs"))
                dsn = ""
                if group == "postgres":
                    if self._ground.server is None:
                        raise _Gone(f"missing: PostgreSQL: {self._ground.no_server}", broken=False)
                    dsn = stack.enter_context(self._ground.database())
                found = _run(case.where, requests, folder, dsn)
            line.add(found)
        except _Gone as gone:
            _note(line, gone)


def _named(name: str, medium: str) -> str:
    return f"{medium}: {name}" if medium else name


def _compare(lines: dict[str, Line], case: plans.Case, *, in_process: bool) -> None:
    """Hold a line against its targets; with the ratio of processor time, if all work is in one process."""
    line = lines[case.name]
    if not line.runs:
        return
    for target in case.targets:
        if not target.of:
            rate = 1e6 / line.middle
            line.compared.append(
                Compared(f"{rate:,.0f}/s", f">= {target.least:,.0f}/s", rate >= target.least)
            )
            continue
        other = lines[target.of]
        if not other.runs:
            line.compared.append(Compared(f"no {target.of}"))
            continue
        ratio = other.middle / line.middle
        figure = f"{ratio:.2f} x {target.of.partition(':')[0].partition(',')[0]}"
        if in_process:
            figure += f" (cpu {median(other.cpu) / median(line.cpu):.2f})"
        if target.least:
            line.compared.append(Compared(figure, f">= {target.least:g} x", ratio >= target.least))
        else:
            line.compared.append(Compared(figure))


class Growing:
    """Whether an operation costs the same beside much as beside little. Sides of a pair take turns."""

    def __init__(self, ground: Ground, rounds: int, *, full: bool) -> None:
        self._ground = ground
        self._blocks = rounds * GROWTH_ROUNDS
        self._full = full

    def measured(self) -> list[Line]:
        """For each store and kind a line per size, held against the smallest."""
        lines: list[Line] = []
        for store, (stored, messages) in plans.GROWTH.items():
            if store == "postgres" and self._full:
                stored = plans.FULL
            lines += self._pair(store, "stored", stored)
            lines += self._pair(store, "messages", messages)
        return lines

    def _pair(self, store: str, kind: str, sizes: tuple[int, ...]) -> list[Line]:
        what = "closed requests stored" if kind == "stored" else "messages in the conversation"
        lines = [Line(f"{store}: {size:,} {what}") for size in sizes]
        try:
            if store == "postgres" and self._ground.server is None:
                raise _Gone(f"missing: PostgreSQL: {self._ground.no_server}", broken=False)
            with ExitStack() as stack:
                sides = [stack.enter_context(self._side(store, kind, size)) for size in sizes]
                for side in sides:
                    side.answer()
                for block in range(self._blocks):
                    order = list(zip(lines, sides, strict=True))
                    for line, side in order if block % 2 == 0 else reversed(order):
                        found = side.block()
                        line.add(found)
                for side in sides:
                    side.end()
        except _Gone as gone:
            for line in lines:
                _note(line, gone)
            return lines
        for line in lines[1:]:
            ratio = line.middle / lines[0].middle
            figure = f"{ratio:.2f} x smallest (cpu {median(line.cpu) / median(lines[0].cpu):.2f})"
            if ratio < plans.ODD_GROWTH:
                figure += " odd: cheaper?"
            target = f"<= {plans.MOST_GROWTH:g} x"
            line.compared.append(Compared(figure, target, ratio <= plans.MOST_GROWTH))
        return lines

    @contextmanager
    def _side(self, store: str, kind: str, size: int) -> Iterator[_Side]:
        with ExitStack() as stack:
            folder = stack.enter_context(self._ground.folder("tmpfs"))
            dsn = stack.enter_context(self._ground.database()) if store == "postgres" else ""
            command = [sys.executable, str(HERE / "growth.py"), store, kind, str(size)]
            command += ["--folder", str(folder), "--dsn", dsn]
            errors = stack.enter_context((folder / "errors").open("w+", encoding="utf-8"))
            pipe = subprocess.PIPE
            with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, text=True) as process:
                try:
                    yield _Side(process, errors)
                finally:
                    process.kill()


class _Side:
    """A process that runs blocks."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out, self._errors = process.stdin, process.stdout, errors

    def answer(self) -> dict[str, Any]:
        """Its next line."""
        line = self._out.readline()
        if not line:
            self._errors.seek(0)
        return _read(line, "" if line else self._errors.read())

    def block(self) -> dict[str, Any]:
        """Have it run one block."""
        self._in.write("block\n")
        self._in.flush()
        return self.answer()

    def end(self) -> None:
        """Have it look at what it holds."""
        self._in.close()
        self.answer()


class Starts:
    """Imports and first operations."""

    def __init__(self, ground: Ground, rounds: int) -> None:
        self._ground = ground
        self._rounds = 3 * rounds

    def measured(self) -> list[Line]:
        """One line for each start; their unit is one start."""
        lines = {case: Line(name, per="start") for case, name in plans.IMPORTS.items()}
        with self._ground.folder("tmpfs") as folder:
            for each in range(self._rounds + 1):
                for case, line in lines.items():
                    if line.note:
                        continue
                    try:
                        seconds = startup.run(case, folder)
                    except RuntimeError as problem:
                        absent = case == "first_peer" and "No module" in str(problem)
                        _note(line, _Gone(f"failed: {problem}", broken=not absent))
                        continue
                    if each:  # the first compiles bytecode
                        line.runs.append(seconds * 1e6)
        ours, theirs = lines["import_reqflow"], lines["import_dependencies"]
        if ours.runs and theirs.runs:
            ratio = ours.middle / theirs.middle
            target = f"<= {plans.MOST_IMPORT:g} x"
            ours.compared.append(Compared(f"{ratio:.2f} x dependencies", target, ratio <= plans.MOST_IMPORT))
        for case in ("first_new", "first_existing"):
            if lines[case].runs:
                seconds = lines[case].middle / 1e6
                target = f"<= {plans.MOST_FIRST * 1e3:.0f} ms"
                found = Compared(f"{seconds * 1e3:.0f} ms", target, seconds <= plans.MOST_FIRST)
                lines[case].compared.append(found)
        return list(lines.values())


class Stages:
    """How the time of an operation on SQLite divides."""

    def __init__(self, ground: Ground, rounds: int, requests: int | None) -> None:
        self._ground = ground
        self._rounds = rounds
        self._requests = requests or plans.PLANS["sqlite"][0]

    def measured(self) -> list[Line]:
        """One line for each stage."""
        medium = "tmpfs" if self._ground.memory else "disk"
        lines = {stage: Line(stage) for stage in STAGES}
        whole = Line(f"sqlite on {medium}, with timers")
        for _ in range(self._rounds):
            try:
                with self._ground.folder(medium) as folder:
                    found = _run("stages sqlite", self._requests, folder)
            except _Gone as gone:
                _note(whole, gone)
                return [whole]
            whole.add(found)
            for stage, seconds in found["stages"].items():
                lines[stage].runs.append(seconds / found["operations"] * 1e6)
        for stage, line in lines.items():
            line.compared.append(Compared(f"{line.middle / whole.middle:4.0%}  {STAGES[stage]}"))
        told = ", ".join(f"{count:.1f} {name}" for name, count in found["statements"].items())
        whole.compared.append(Compared(f"statements: {told}"))
        return [whole, *lines.values()]
