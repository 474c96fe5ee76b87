"""Every example in the documentation runs, and prints what the page says it prints.

The Python blocks of a page run in their order, in one namespace, in a folder of their own. A ``text`` block
that follows one shows its output. A block below ``<!-- file: NAME -->`` is written to that file; a
``console`` block holds commands, which run there too. A page that asks for ``DATABASE_URL`` gets an empty database.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from .pages import PAGES, ROOT, Block, blocks, name_of

EXECUTED = [page for page in PAGES if any(block.language == "python" for block in blocks(page))]
NOT_HERE = ("-m pip", "-m nox", "git ")
"""Commands that set a machine up are shown by other means."""
HOSTS = ("django", "sqlalchemy")
"""What hosts may bring along; pages about them need it."""
DATABASE = "DATABASE_URL"
"""The variable in which a page finds its PostgreSQL database."""


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a short example leaves closing to the end
@pytest.mark.parametrize("page", EXECUTED, ids=name_of)
def test_the_examples_of_a_page_run_and_print_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
):
    shown = list(blocks(page))
    code = "".join(block.text for block in shown)
    for package in HOSTS:
        if re.search(rf"^(import|from) {package}\b", code, re.MULTILINE):
            pytest.importorskip(package)
    if DATABASE in code:
        monkeypatch.setenv(DATABASE, request.getfixturevalue("database_url"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    namespace: dict[str, object] = {"__name__": "example"}
    for block, following in zip(shown, [*shown[1:], None], strict=True):
        where = f"{name_of(page)}, line {block.line}"
        told = following.text if following is not None and following.language == "text" else ""
        if block.file is not None:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(block.text, "utf-8")
        elif block.language == "python":
            assert run_python(block, page, namespace) == told, where
        elif block.language == "console":
            printed = run_commands(block)
            assert not told or printed == told, where
    namespace.clear()
    gc.collect()


def run_python(block: Block, page: Path, namespace: dict[str, object]) -> str:
    code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")  # annotations stay texts, as here
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(code, namespace)
    return output.getvalue()


def run_commands(block: Block) -> str:
    output = ""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100", "NO_COLOR": "1"}
    for line in block.text.splitlines():
        command = os.path.expandvars(line.removeprefix("$ "))
        if any(each in command for each in NOT_HERE):
            continue
        words = shlex.split(command)
        words[:1] = [sys.executable] if words[0] == "python" else words[:1]
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        output += done.stdout
    return output


def test_the_readme_shows_the_two_commands():
    shown = [block.text for block in blocks(ROOT / "README.md") if block.language == "console"]
    assert shown == [
        'python -m pip install -e ".[cli]" && python -m reqflow demo\n',
        "python -m pip install nox && python -m nox\n",
    ]


def test_the_embedding_example_of_the_readme_stays_short():
    first = next(block for block in blocks(ROOT / "README.md") if block.language == "python")
    assert len(first.text.splitlines()) <= 20
