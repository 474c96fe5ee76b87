"""Fresh processes, one for each run of a case, and what they answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

__all__ = ["Gone", "Side", "run_case", "side"]

HERE = Path(__file__).resolve().parent.parent
PATIENCE = 900
"""Seconds that one run may take."""


class Gone(Exception):
    """A case cannot go on: missing, or (``broken``) wrong."""

    def __init__(self, reason: str, *, broken: bool) -> None:
        self.broken = broken
        super().__init__(reason)


def run_case(where: str, requests: int, folder: Path, dsn: str, medium: str) -> dict[str, Any]:
    """Run ``module case`` in a process of its own. Raises `Gone`."""
    command = [sys.executable, str(HERE / "case.py"), *where.split()]
    command += ["--requests", str(requests), "--folder", str(folder), "--dsn", dsn]
    command += ["--medium", medium]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise Gone(f"took more than {PATIENCE} seconds", broken=True) from None
    return _answer((done.stdout.splitlines() or [""])[-1], done.stderr)


def _answer(line: str, errors: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        last = (errors.strip().splitlines() or ["it said nothing"])[-1]
        raise Gone(f"crashed: {last}", broken=True) from None
    if "missing" in found:
        raise Gone(f"missing: {found['missing']}", broken=False)
    if "invalid" in found:
        raise Gone(f"invalid outcome: {found['invalid']}", broken=True)
    return found


class Side:
    """A process that stands ready and runs a block of operations whenever it is told to."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out, self._errors = process.stdin, process.stdout, errors

    def answer(self) -> dict[str, Any]:
        """Its next line. Raises `Gone`."""
        line = self._out.readline()
        if not line:
            self._errors.seek(0)
        return _answer(line, "" if line else self._errors.read())

    def block(self) -> dict[str, Any]:
        """Have it run one block."""
        self._in.write("block\n")
        self._in.flush()
        return self.answer()

    def end(self) -> None:
        """Have it look at what it holds."""
        self._in.close()
        self.answer()


@contextmanager
def side(arguments: list[str], folder: Path, dsn: str = "") -> Iterator[Side]:
    """A side of a growth pair for as long as the block lasts."""
    command = [sys.executable, str(HERE / "growth.py"), *arguments, "--folder", str(folder), "--dsn", dsn]
    pipe = subprocess.PIPE
    with (
        (folder / "errors").open("w+", encoding="utf-8") as errors,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, text=True) as process,
    ):
        try:
            yield Side(process, errors)
        finally:
            process.kill()
