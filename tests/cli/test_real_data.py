"""Real messages and mails, which nobody here wrote: read, placed, verified, repeated and rebuilt.

They are looked for in ``../shared/data`` from the project's root, or where ``REQFLOW_DATA`` says.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from .conftest import Run
from .test_ingest import dumped

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("REQFLOW_DATA", ROOT.parent / "shared" / "data"))
CONVERTER = ROOT / "examples" / "convert_chat.py"
DESK = """
[agents.ana]
teams = ["support"]
addresses = ["slack:U061F7AUR", "gitter:protometa"]
[agents.bo]
teams = ["support"]
[queues.mail]
teams = ["support"]
policy = "fewest_open"
capacity = 3
[channels."slack:*"]
[channels."gitter:*"]
[channels."mail:*"]
queue = "mail"
"""
MAILS = ("mail-ruby", "mail-chatwoot", "bounces-sisimai", "reply-talon")

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no real data: {DATA} is absent"),
    pytest.mark.slow,
]


@pytest.fixture
def desk_of_all(run: Run, tmp_path: Path) -> Path:
    config, store = tmp_path / "all.toml", tmp_path / "all.db"
    config.write_text(DESK, "utf-8")
    assert run("init", store, "--config", config).code == 0
    return store


def check(run: Run, store: Path, *inputs: object) -> None:
    """Ingest twice, verify, rebuild: the counts add up, and nothing changes after the first time."""
    first = run("ingest", store, *inputs, "--json")
    assert first.code == 0
    counted = first.json
    assert counted["placed"] > 0
    total = sum(counted["ignored"].values()) + sum(counted["refused"].values())
    assert counted["read"] == counted["placed"] + counted["duplicate"] + total
    before = dumped(store)
    again = run("ingest", store, *inputs, "--json").json
    assert again["placed"] == 0
    assert again["read"] == counted["read"]
    assert dumped(store) == before
    assert run("verify", store).code == 0
    assert run("rebuild", store).code == 0
    assert dumped(store) == before


def test_mail_folders(run: Run, desk_of_all: Path):
    check(run, desk_of_all, *(DATA / name for name in MAILS))


def test_slack_event_bodies(run: Run, desk_of_all: Path):
    check(run, desk_of_all, DATA / "slack-bolt" / "events.json", DATA / "slack-events")


@pytest.mark.skipif(not CONVERTER.exists(), reason="examples/convert_chat.py is absent")
def test_chat_through_the_converter(run: Run, desk_of_all: Path, tmp_path: Path):
    spec = importlib.util.spec_from_file_location("convert_chat", CONVERTER)
    assert spec is not None
    assert spec.loader is not None
    converter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(converter)
    lines = tmp_path / "chat.jsonl"
    assert converter.main([str(DATA / "chat-gitter"), "-o", str(lines)]) == 0
    some = tmp_path / "some.jsonl"
    some.write_text("\n".join(lines.read_text("utf-8").splitlines()[:800]), "utf-8")
    check(run, desk_of_all, some)
