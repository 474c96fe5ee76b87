"""The house keeps its rules, and the rules catch those who break them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from .rules import RULES, breaches, check
from .source import Breach, read


def installed() -> Path:
    """The folder of the package that the tests run against: the sources, or an installed wheel."""
    spec = find_spec("reqflow")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, to be mutated and put right again."""
    tree = tmp_path_factory.mktemp("house") / "reqflow"
    return Path(shutil.copytree(installed(), tree, ignore=shutil.ignore_patterns("__pycache__")))


def broken(copy: Path, name: str, text: str) -> set[str]:
    """The rules broken after ``text`` is appended to a module (made where it is missing), and not before."""
    path = copy / name
    before = path.read_text("utf-8") if path.exists() else None
    known = {str(breach) for breach in breaches_in(copy, name)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{before or ''}\n{text}\n", "utf-8")
    try:
        return {breach.rule for breach in breaches_in(copy, name) if str(breach) not in known}
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, "utf-8")


def breaches_in(copy: Path, name: str) -> list[Breach]:
    return [breach for module in read(copy) if module.path == name for breach in breaches(module)]


def test_the_house_keeps_its_rules():
    assert [str(breach) for breach in check(installed())] == []


WINDOW = """
if TYPE_CHECKING:
    from . import ink
    from .model import Jot, Note
    from .pens import Quill
else:
    __getattr__, __dir__ = window(__name__, {".model": "Note Jot", ".pens": "*"}, rooms="ink")
__all__ = ["Jot", "Note", "Quill"]
"""

MUTANTS = {
    # imports that point up
    "core_imports_codec": ("down", "core/request.py", "from ..codec import dump"),
    "core_imports_ports_absolutely": ("down", "core/request.py", "import reqflow.ports"),
    "core_imports_engine_from_the_package": ("down", "core/request.py", "from .. import engine"),
    "core_imports_the_shop_window": ("down", "core/request.py", "import reqflow"),
    "core_imports_a_name_of_the_shop_window": ("down", "core/request.py", "from .. import Engine"),
    "errors_import_core": ("down", "errors.py", "from .core.model import Code"),
    "ports_import_flow": ("down", "ports.py", "from reqflow.flow import deliver"),
    "flow_imports_drivers": ("down", "flow.py", "from .drivers import run"),
    "upward_for_type_checking": (
        "down",
        "core/model.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..flow import deliver",
    ),
    "upward_in_a_function": ("down", "core/model.py", "def f():\n    from .. import flow\n    return flow"),
    "upward_in_a_method": (
        "down",
        "core/model.py",
        "class A:\n    def f(self):\n        from ..registry import Registry",
    ),
    "upward_in_a_core_package": ("down", "core/rooms/__init__.py", "from ...flow import deliver"),
    "upward_under_another_name": ("down", "codec.py", "from . import flow as vocabulary"),
    # guests
    "core_imports_a_plugin": ("guests", "core/request.py", "import reqflow.plugins.memory"),
    "core_imports_a_plugin_relatively": ("guests", "core/request.py", "from ..plugins.memory import x"),
    "core_imports_a_plugin_in_a_function": (
        "guests",
        "core/request.py",
        "def f():\n    from ..plugins import memory\n    return memory",
    ),
    "core_imports_all_plugins": ("guests", "core/request.py", "from .. import plugins"),
    "codec_imports_testing": ("guests", "codec.py", "from .testing import strategies"),
    "engine_loads_a_plugin_at_once": ("guests", "engine.py", "from .plugins import memory"),
    "window_loads_testing_at_once": ("guests", "__init__.py", "from .testing import StoreContract"),
    "plugin_imports_flow": ("plugins", "plugins/sqlite/__init__.py", "from ...flow import deliver"),
    "plugin_imports_engine": ("plugins", "plugins/slack/__init__.py", "from reqflow import engine"),
    "plugin_imports_the_window": ("plugins", "plugins/slack/__init__.py", "import reqflow"),
    "plugin_imports_another": ("plugins", "plugins/sqlite/__init__.py", "from ..memory import ordered"),
    "plugin_imports_testing": ("plugins", "plugins/sqlite/__init__.py", "from ...testing import laws"),
    "plugin_imports_upward_in_a_function": (
        "plugins",
        "plugins/slack/__init__.py",
        "def f():\n    from ...worker import Worker",
    ),
    "kit_loads_a_plugin_at_once": ("kit", "testing/__init__.py", "from ..plugins import memory"),
    "module_without_a_floor": ("placed", "helpers.py", "X = 1"),
    # what comes from outside
    "core_imports_warnings": ("values", "core/request.py", "import warnings"),
    "errors_import_traceback": ("values", "errors.py", "from traceback import format_exc"),
    "transitions_in_request": ("homes", "core/request.py", "from transitions import Machine"),
    "dateutil_in_routing": ("homes", "core/placing/routing.py", "import dateutil.rrule"),
    "cattrs_in_core": ("homes", "core/values.py", "import cattrs"),
    "cattrs_gen_in_ports": ("homes", "ports.py", "from cattrs.gen import override"),
    "pluggy_in_engine": ("homes", "engine.py", "def f():\n    import pluggy"),
    "pytest_in_policies": ("homes", "policies.py", "import pytest"),
    "hypothesis_in_plugins": ("homes", "plugins/memory/extra.py", "from hypothesis import given"),
    "psycopg_in_sqlite": ("homes", "plugins/sqlite/__init__.py", "import psycopg"),
    "unknown_package": ("homes", "engine.py", "import requests"),
    "rich_for_everybody": ("homes", "cli/tables.py", "from rich.table import Table"),
    "orjson_for_everybody": ("homes", "codec.py", "import orjson"),
    "pickle": ("safety", "plugins/memory/extra.py", "import pickle"),
    "marshal_in_a_function": ("safety", "engine.py", "def f():\n    from marshal import loads"),
    "shelve": ("safety", "plugins/memory/extra.py", "from shelve import open"),
    "eval_in_a_plugin": ("safety", "plugins/memory/extra.py", "def f(x):\n    return eval(x)"),
    "exec_handed_on": ("safety", "engine.py", "def f(run=exec):\n    return run"),
    # what the lower floors may not touch
    "codec_imports_time": ("purity", "codec.py", "import time"),
    "codec_imports_os_path": ("purity", "codec.py", "import os.path"),
    "flow_imports_asyncio": ("purity", "flow.py", "import asyncio"),
    "flow_imports_logging_in_a_function": ("purity", "flow.py", "def f():\n    import logging"),
    "ports_import_uuid": ("purity", "ports.py", "from uuid import uuid4"),
    "hooks_import_by_name": ("purity", "hooks.py", "from importlib import import_module"),
    "core_asks_the_clock": (
        "purity",
        "core/request.py",
        "from datetime import UTC, datetime\ndef f():\n    return datetime.now(UTC)",
    ),
    "clock_as_a_default": (
        "purity",
        "core/request.py",
        "import datetime\ndef f(clock=datetime.datetime.utcnow):\n    return clock()",
    ),
    "clock_under_another_name": (
        "purity",
        "flow.py",
        "from datetime import date as d\ndef f():\n    return d.today()",
    ),
    "clock_by_getattr": (
        "purity",
        "flow.py",
        "from datetime import datetime\nf = getattr(datetime, 'now')",
    ),
    "zone_of_the_machine": ("purity", "core/request.py", "def f(at):\n    return at.astimezone()"),
    "open_file": ("purity", "core/request.py", "def f(path):\n    return open(path)"),
    "open_file_beside_a_field_of_that_name": ("purity", "ports.py", "def f(p):\n    return open(p)"),
    "open_handed_on": ("purity", "flow.py", "def f(read=open):\n    return read"),
    "print": ("purity", "core/request.py", "def f(x):\n    print(x)"),
    "import_by_builtin": ("purity", "flow.py", "def f():\n    return __import__('x' + 'y')"),
    "hash_differs_by_process": ("purity", "core/ids.py", "def f(x):\n    return hash(x)"),
    # what is kept between calls
    "module_level_list": ("state", "core/request.py", "SEEN = []"),
    "module_level_dict_annotated_mutable": ("state", "codec.py", "CACHE: dict[str, int] = {}"),
    "module_level_set_call": ("state", "flow.py", "_seen = set()"),
    "module_level_counter": ("state", "flow.py", "import itertools\n_next = itertools.count()"),
    "class_level_dict": ("state", "core/request.py", "class A:\n    found = {}"),
    "final_list": ("state", "core/request.py", "from typing import Final\nX: Final = [1]"),
    "module_level_merge": ("state", "core/request.py", "X = {1: 2} | {3: 4}"),
    "global_name": ("state", "flow.py", "_n = 0\ndef f():\n    global _n\n    _n += 1"),
    # what is loaded when it is first needed
    "window_shows_what_nobody_is_told_of": (
        "windows",
        "core/notes/__init__.py",
        WINDOW.replace("Note Jot", "Note Jot Scrap"),
    ),
    "window_hides_what_it_tells_of": (
        "windows",
        "core/notes/__init__.py",
        WINDOW.replace("Note Jot", "Note"),
    ),
    "window_names_another_module": (
        "windows",
        "core/notes/__init__.py",
        WINDOW.replace('".model":', '".models":'),
    ),
    "window_hides_a_room": ("windows", "core/notes/__init__.py", WINDOW.replace('rooms="ink"', 'rooms=""')),
    "window_lists_too_little": ("windows", "core/notes/__init__.py", WINDOW.replace('"Jot", ', "")),
    # size
    "long_function": ("giants", "engine.py", "def f():\n" + "    x = 1\n" * 60),
    "long_module": ("giants", "engine.py", "X = 1\n" * 401),
}
SEVERAL = {
    "core_imports_time": ({"values", "purity"}, "core/request.py", "import time"),
    "core_imports_sys": ({"values", "purity"}, "core/request.py", "from sys import argv"),
    "import_by_literal_name": (
        {"values", "purity", "guests"},
        "core/request.py",
        "import importlib\nimportlib.import_module('reqflow.plugins.memory')",
    ),
    "import_by_relative_literal": (
        {"purity", "down"},
        "codec.py",
        "def f():\n    return __import__('reqflow.flow')",
    ),
    "eval_in_core": ({"safety"}, "core/request.py", "def f(x):\n    return eval(x)"),
    "yaml": ({"homes", "safety"}, "cli/extra.py", "def f(x):\n    import yaml\n    return yaml.load(x)"),
}
HARMLESS = {
    "vocabulary": ("core/request.py", "from .model import Request\nfrom ..errors import Refused"),
    "values_of_the_library": ("core/request.py", "from datetime import datetime\nimport re, enum, itertools"),
    "attrs_anywhere": ("flow.py", "import attrs"),
    "same_floor": ("hooks.py", "from .ports import Store"),
    "at_home": ("core/lifecycle.py", "from transitions import Machine"),
    "hours_at_home": ("core/hours.py", "from dateutil.rrule import rrule"),
    "orjson_when_asked": ("codec.py", "def f():\n    import orjson"),
    "plugin_when_asked": ("engine.py", "def f():\n    from .plugins import memory"),
    "plugin_by_name_when_asked": (
        "registry.py",
        "import importlib\ndef f():\n    return importlib.import_module('reqflow.plugins.memory')",
    ),
    "plugin_of_two_rooms": ("plugins/slack/parse.py", "from .words import WORDS\nfrom ...core import model"),
    "plugin_with_files": ("plugins/sqlite/files.py", "import os, sqlite3, threading, logging"),
    "kit_of_the_engine": ("testing/desk.py", "import pytest\nfrom ..engine import Engine"),
    "engine_with_a_clock": ("engine.py", "import time\nNOW = time.time"),
    "constant_mapping": (
        "core/request.py",
        "from collections.abc import Mapping\nfrom typing import Final\n"
        "A: Mapping[str, int] = {'a': 1}\nB: Final[Mapping[str, int]] = {}\nC = frozenset({1})",
    ),
    "read_only_mapping": (
        "core/request.py",
        "from types import MappingProxyType\nX = MappingProxyType({1: 2})",
    ),
    "public_names": ("core/request.py", "__all__ = ['Request']"),
    "field_named_like_a_builtin": ("core/request.py", "def f(id, open=None):\n    return id, open"),
    "clock_that_is_given": ("flow.py", "def f(facts):\n    return facts.now, facts.clock.now()"),
    "zone_that_is_given": ("core/request.py", "def f(at, zone):\n    return at.astimezone(zone)"),
    "window": ("core/notes/__init__.py", WINDOW),
    "function_on_a_screen": ("engine.py", "def f():\n" + "    x = 1\n\n" * 59),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_breach_is_caught_by_its_rule(copy: Path, mutant: str):
    rule, name, text = MUTANTS[mutant]
    assert broken(copy, name, text) == {rule}


@pytest.mark.parametrize("mutant", SEVERAL)
def test_a_breach_of_several_rules_is_caught_by_each(copy: Path, mutant: str):
    rules, name, text = SEVERAL[mutant]
    assert broken(copy, name, text) == rules


@pytest.mark.parametrize("change", HARMLESS)
def test_what_is_allowed_is_not_reported(copy: Path, change: str):
    assert broken(copy, *HARMLESS[change]) == set()


def test_every_rule_has_a_mutant():
    assert {rule.__name__ for rule in RULES} == {rule for rule, _, _ in MUTANTS.values()}


def test_importing_reqflow_loads_nothing_that_is_optional():
    program = "import sys; from reqflow import AsyncEngine, Engine, Inbound, hookimpl; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    optional = {"pytest", "hypothesis", "slack_sdk", "slack_bolt", "psycopg", "rich", "orjson", "sqlite3"}
    assert loaded & optional == set()
    assert not [
        name for name in done.stdout.split() if name.startswith(("reqflow.plugins", "reqflow.testing"))
    ]
