"""The command, run in process: its exit code and what it wrote."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from reqflow.cli import main

DESK = """
[agents.ana]
name = "Ana Ruiz"
teams = ["support"]
addresses = ["slack:UANA"]

[queues.mail]
teams = ["support"]

[channels."slack:*"]
[channels."mail:*"]
kind = "mail"
queue = "mail"
"""
MESSAGES: Sequence[dict[str, Any]] = (
    {
        "channel": "slack:C1",
        "author": "slack:U1",
        "native": "1",
        "sent_at": "2026-03-02T09:00:00Z",
        "text": "How do I reset my password?",
        "name": "Mia Torres",
    },
    {
        "channel": "slack:C1",
        "author": "slack:UANA",
        "native": "2",
        "sent_at": "2026-03-02T09:05:00Z",
        "text": "I am looking into it",
        "replies_to": ["1"],
    },
    {
        "channel": "mail:help@x.test",
        "author": "mail:tom@y.test",
        "native": "3",
        "sent_at": "2026-03-02T10:00:00Z",
        "text": "The invoice is wrong",
        "name": "Tom Hale",
    },
)


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


class Terminal(io.StringIO):
    """Where somebody watches."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command; any traceback fails the test."""
    for name in ("REQFLOW_LOAD_PLUGINS", "REQFLOW_DISABLED_PLUGINS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Ran(code, out, err)

    return run


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A desk's configuration."""
    path = tmp_path / "desk.toml"
    path.write_text(DESK, "utf-8")
    return path


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    """A file of a few messages."""
    path = tmp_path / "messages.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in MESSAGES), "utf-8")
    return path


@pytest.fixture
def store(tmp_path: Path, run: Run, desk: Path) -> Path:
    """A store with a desk, and nothing in it yet."""
    path = tmp_path / "desk.db"
    assert run("init", path, "--config", desk).code == 0
    return path


@pytest.fixture
def filled(store: Path, run: Run, messages: Path) -> Path:
    """A store with a desk that has read the messages."""
    assert run("ingest", store, messages).code == 0
    return store
