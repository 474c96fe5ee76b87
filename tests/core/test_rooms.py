"""Rooms are entered when they are first needed, and nothing is missing in them."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import pytest

import reqflow
from reqflow.core import commands as c
from reqflow.core import decisions, effects, events, evolution, notices, records
from reqflow.core.automations.of_desk import ANSWERABLE
from reqflow.core.commands import COMMANDS
from reqflow.core.effects import EFFECTS, effect_of
from reqflow.core.events import EVENTS, event_of
from reqflow.core.notices import reacting
from reqflow.core.operations import performing
from reqflow.core.records import RECORDS, kind_of
from reqflow.rooms import window

TAGS = {cls.tag for cls in EVENTS}


def modules_of(package: ModuleType) -> list[ModuleType]:
    return [import_module(f"{package.__name__}.{each.name}") for each in iter_modules(package.__path__)]


def made_in(package: ModuleType) -> list[type]:
    """The classes that the modules of a package define."""
    return [
        each
        for module in modules_of(package)
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == module.__name__
    ]


# --- windows ----------------------------------------------------------------------------------------


def windows() -> list[str]:
    found = [
        "reqflow",
        "reqflow.vocabulary",
        "reqflow.ports",
        "reqflow.flow",
        "reqflow.flow.asks",
        "reqflow.engine",
    ]
    core = import_module("reqflow.core")
    return found + [f"reqflow.core.{each.name}" for each in iter_modules(core.__path__) if each.ispkg]


@pytest.mark.parametrize("name", windows())
def test_what_a_window_lists_is_there(name: str) -> None:
    shown = import_module(name)
    for each in shown.__all__:
        assert getattr(shown, each) is getattr(shown, each)
        assert each in dir(shown) and each in vars(shown)  # found once, it stays
    with pytest.raises(AttributeError, match=f"{name}.*no_such_thing"):
        shown.no_such_thing  # noqa: B018  (looking for it is what is tried)


def test_a_window_shows_no_more_of_another_than_both_list() -> None:
    assert "EVENTS" in events.__all__ and not hasattr(import_module("reqflow.vocabulary"), "EVENTS")
    look, names = window("reqflow.vocabulary", {".core.events": "*", ".core.records": "Note"}, rooms="errors")
    assert look("TagAdded") is events.TagAdded and look("Note") is records.Note
    assert look("errors") is import_module("reqflow.errors")
    assert "TagAdded" in names()
    with pytest.raises(AttributeError):
        look("EVENTS")


def test_everything_can_be_imported_at_once() -> None:
    program = "from reqflow import *; from reqflow.vocabulary import *; print(Engine, Take, TagAdded, agent)"
    assert (
        "TagAdded"
        in subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    )


# --- tables in parts --------------------------------------------------------------------------------

PARTED = {
    "DECISIONS": (decisions, decisions.decision_on),
    "RULES": (evolution, evolution._rule_on),
    "PROJECTIONS": (records, records.projection_of),
}


@pytest.mark.parametrize("table", PARTED)
def test_what_stands_in_a_part_of_a_table_is_found_there(table: str) -> None:
    package, find = PARTED[table]
    parts = [module for module in modules_of(package) if hasattr(module, table)]
    assert len(parts) > 5
    for part in parts:
        for cls, said in getattr(part, table).items():
            assert find(cls) is said, f"{cls.__name__} stands in {part.__name__}, and is not looked for there"


def test_every_command_has_a_decision() -> None:
    assert [cls.__name__ for cls in COMMANDS if decisions.decision_on(cls) is None] == []


def test_what_a_table_does_not_know_it_has_nothing_on() -> None:
    class Take(c.Command):
        """Of a host, by the name of one of ours."""

    assert decisions.decision_on(Take) is None
    assert evolution._rule_on(events.Opaque) is None and records.projection_of(events.Opaque) is None


# --- catalogues -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("package", "listed", "find"),
    [(events, EVENTS, event_of), (effects, EFFECTS, effect_of), (records, RECORDS, kind_of)],
    ids=["events", "effects", "records"],
)
def test_every_class_with_a_tag_is_found_by_it(
    package: ModuleType, listed: tuple[Any, ...], find: Any
) -> None:
    tagged = {cls for cls in made_in(package) if "tag" in vars(cls) and isinstance(vars(cls)["tag"], str)}
    assert tagged - {events.Opaque} == set(listed) and len({cls.tag for cls in listed}) == len(listed)
    assert all(find(cls.tag) is cls for cls in listed)
    assert find("no.such_thing") is None


def test_every_command_is_in_the_catalogue() -> None:
    made = {cls for cls in made_in(c) if issubclass(cls, c.Command) and cls is not c.Command}
    assert made == set(COMMANDS)


def test_tables_that_are_keyed_by_words_know_every_word() -> None:
    told = {*notices.TABLE, *reacting._BEFORE, *reacting._AFTER, *reacting._WORDS}
    assert told | set(ANSWERABLE) <= TAGS
    assert all(issubclass(getattr(c, name), c.Item) for name in performing._WANTS)


# --- and most of it is not loaded -------------------------------------------------------------------


def loaded(program: str) -> set[str]:
    """The modules of ours that a fresh interpreter has loaded after this."""
    program += "\nimport sys\nprint(*[name for name in sys.modules if name.partition('.')[0] == 'reqflow'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_reqflow_loads_nothing_of_it() -> None:
    assert loaded("import reqflow") == {"reqflow", "reqflow.rooms"}


def test_naming_what_an_embedding_needs_loads_no_seldom_subjects() -> None:
    found = loaded("from reqflow import Engine, Inbound, Close, Reply")
    assert not {name for name in found if name.startswith(("reqflow.codec", "reqflow.core.decisions."))}
    assert not found & {f"reqflow.core.{room}.tags" for room in ("commands", "events", "records")}


FIRST = """
from datetime import UTC, datetime
from reqflow import Engine, Inbound
from reqflow.plugins.sqlite import SQLiteStore
at = datetime(2025, 1, 1, tzinfo=UTC)
store = SQLiteStore(":memory:", create=True)
engine = Engine(store, {"channels": {"slack:*": {"kind": "chat", "detection": "always"}}}, clock=lambda: at)
engine.handle(Inbound(channel="slack:C1", author="slack:U1", native="n1", sent_at=at, text="Hello"))
"""


def test_a_first_message_loads_only_what_it_needs() -> None:
    found = {name.removeprefix("reqflow.core.") for name in loaded(FIRST)}
    subjects = {
        name.partition(".")[2] for name in found if name.startswith(("events.", "decisions.", "records."))
    }
    assert subjects <= {
        "conversations",
        "requests",
        "messages",
        "desk",
        "entry",
        "root",
        "bars",
        "projection",
    }
    assert not found & {"automations.loop", "explain", "history", "views", "configuration.rules"}


def test_public_modules_are_there_without_an_import_of_their_own() -> None:
    assert reqflow.errors.Refused.__module__ == "reqflow.errors"
    assert reqflow.ports.Receipt is import_module("reqflow.ports").Receipt
