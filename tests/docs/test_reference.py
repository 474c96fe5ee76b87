"""The reference is complete, its generated parts are up to date, and links lead somewhere."""

from __future__ import annotations

import ast
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from reqflow import errors, hooks
from reqflow.core import commands, configuration, couplings, effects, events, settings

from .pages import PAGES, ROOT, anchors, headings, name_of, prose

_spec = spec_from_file_location("generate", ROOT / "docs" / "generate.py")
assert _spec is not None
assert _spec.loader is not None
generate = module_from_spec(_spec)
_spec.loader.exec_module(generate)

REFERENCE = ROOT / "docs" / "reference"
LINKED = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_generated_regions_are_up_to_date(page: Path):
    text = page.read_text("utf-8")
    assert text == generate.render(text), "run: python docs/generate.py"


def test_every_region_stands_in_some_page():
    used = {found[1] for page in PAGES for found in generate.REGION.findall(page.read_text("utf-8"))}
    assert used == set(generate.REGIONS)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("events.md", {cls.tag for cls in events.EVENTS} | {cls.tag for cls in effects.EFFECTS}),
        ("commands.md", {cls.__name__ for cls in commands.COMMANDS} | {"Inbound", "Delivered"}),
        ("hooks.md", {name for name in hooks.__all__ if name.startswith("reqflow_")}),
        ("errors.md", set(errors.__all__)),
    ],
)
def test_everything_has_a_heading(page: str, names: set[str]):
    assert names - set(headings(REFERENCE / page)) == set()


def test_every_setting_and_coupling_is_described():
    text = (REFERENCE / "settings.md").read_text("utf-8")
    described = generate.attributes(settings.ChannelSettings)
    assert set(configuration.CHANNEL) == set(described)
    assert [name for name in described if f"| `{name}` | {described[name]}" not in text] == []
    told = generate.constant_docs(couplings)
    assert [each for each in couplings.Coupling if not told.get(each.name)] == []


def codes(*names: str) -> set[str]:
    """The first argument of every call of these names in the core."""
    return {
        str(node.args[0].value)
        for path in (ROOT / "src" / "reqflow" / "core").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in names
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def test_every_refusal_has_a_row_and_every_row_a_refusal():
    refusals = prose(REFERENCE / "commands.md").partition("## Refusals")[2]
    told = set(re.findall(r"^\| `(\w+)` \|", refusals, re.MULTILINE))
    assert told == codes("Refused", "Forbidden")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path):
    broken = []
    for link in LINKED.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(link)
    assert broken == []


def test_every_page_is_listed_in_the_index():
    index = ROOT / "docs" / "index.md"
    listed = {(index.parent / link).resolve() for link in LINKED.findall(index.read_text("utf-8"))}
    assert [
        name_of(page) for page in PAGES if page.parent.parent == index.parent and page not in listed
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_distribution_is_called_by_its_own_name(page: Path):
    """``reqflow`` on the package index belongs to a stranger."""
    text = page.read_text("utf-8")
    assert not re.search(r"(?:pip|uv|pipx|poetry) +(?:\w+ +)*(?:-\S+ +)*[\"']?reqflow(?!-)", text)
    assert not re.search(r"index-url|pypi\.org|://[\w.-]*(?:pypi|simple)\b", text)
