"""The two screens: plain text for pipes, rich for terminals; what fits, and what must not be interpreted."""

from __future__ import annotations

import io

import pytest

from reqflow.cli import screen as screens
from reqflow.cli.words import clean, ending, excerpt, short_id, shorten_ids, width

from .conftest import Terminal


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("rich")
    from reqflow.cli.rich_screen import RichScreen

    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Terminal()
    RichScreen(out, lambda seconds: None).line(
        screens.Cell("red", "red"), screens.Cell("[bold]as it is[/bold]")
    )
    assert "\x1b[31" not in out.getvalue()
    assert "[bold]as it is[/bold]" in out.getvalue()


def test_without_rich_a_terminal_gets_plain_text(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "rich.console", None)
    monkeypatch.setitem(__import__("sys").modules, "rich", None)
    assert isinstance(screens.open_screen(Terminal()), screens.PlainScreen)


def test_a_pipe_gets_plain_text_though_rich_is_there():
    assert isinstance(screens.open_screen(io.StringIO()), screens.PlainScreen)


def test_wide_characters_keep_columns_aligned():
    out = io.StringIO()
    rows = [(screens.Cell("日本"), screens.Cell("x")), (screens.Cell("abcd"), screens.Cell("y"))]
    screens.PlainScreen(out).table(screens.Table(heads=("a", "b"), rows=rows))
    assert out.getvalue().splitlines() == ["a     b", "日本  x", "abcd  y"]


TABLE = screens.Table(
    heads=("id", "words", "from", "age"),
    rows=[tuple(screens.Cell(each) for each in ("12345678", "w" * 40, "somebody", "3 h ago"))],
    flexible="words",
    optional=("age", "from"),
)


@pytest.mark.parametrize(
    ("cells", "heads"),
    [(120, ["id", "words", "from", "age"]), (48, ["id", "words", "from"]), (36, ["id", "words"])],
)
def test_a_narrow_terminal_gets_fewer_columns(cells: int, heads: list[str]):
    fitted = TABLE.fitting(cells)
    assert list(fitted.heads) == heads
    assert all(len(row) == len(heads) for row in fitted.rows)


@pytest.mark.parametrize("columns", ["36", "60", "200"])
def test_a_table_never_wraps(columns: str, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("rich")
    from reqflow.cli.rich_screen import RichScreen

    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Terminal()
    RichScreen(out, lambda seconds: None).table(TABLE)
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert "12345678" in lines[2]


def test_bars_and_waiting_are_for_those_who_watch():
    out = io.StringIO()
    screen = screens.PlainScreen(out)
    with screen.progress("placing", 3) as bar, screen.board() as board:
        bar(1)
        board(TABLE)
        screen.wait(3600)
    assert out.getvalue() == ""


def test_texts_are_cut_by_the_cells_they_take():
    assert excerpt("short", 10) == "short"
    assert excerpt("abcdefghij", 5) == "abcd…"
    assert width(excerpt("日本語日本語", 5)) <= 5
    assert ending("/a/long/path/to/file.eml", 10) == "…/file.eml"


def test_nothing_that_a_terminal_obeys_is_left():
    assert clean("a\x1b[31mb\u202ec\r\nd\x07\x9b0m") == "a [31mbc d 0m"


def test_ids_are_shortened_wherever_they_stand():
    key = "r_019cadc69a80ce37dfdc6aa69a780806"
    assert short_id(key) == "9a780806"
    assert shorten_ids(f"merged into {key}-1, see c{key[1:]}") == "merged into 9a780806-1, see 9a780806"
