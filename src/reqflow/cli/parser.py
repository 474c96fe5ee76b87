"""The command line: every command with its arguments, and what is said about them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .. import __version__
from ..core.model import RequestState
from .words import without_password

__all__ = ["make_parser"]

EPILOG = """\
STORE is a path (SQLite), sqlite:PATH, or postgresql://...

exit codes:
  0    done
  1    the command found problems (verify, migrate --check), or cannot write its output
  2    wrong usage: an option, an id, a moment, settings, a plugin
  3    input could not be read
  4    the store is missing, locked, unreachable, damaged, or of another version
  130  stopped by hand; what was done is stored

environment:
  REQFLOW_LOAD_PLUGINS=a,b      load these plugins only (empty: none)
  REQFLOW_DISABLED_PLUGINS=a,b  load all but these
  NO_COLOR=1                    no colour
"""

STORE = "a path (SQLite), sqlite:PATH or postgresql://..."
LISTS = ("answers", "customers", "drafts", "fired", "notes", "outbox", "rules", "tags", "trends")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(without_password(message))  # it quotes what stands in the wrong place


if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[_Parser]


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command line; ``command`` in its result names the command."""
    parser = _Parser(
        prog="reqflow",
        description="Requests and conversations, routed to the right person.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"reqflow {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _setting_up(commands)
    _reading(commands)
    _time(commands)
    _keeping(commands)
    return parser


def _command(commands: Commands, name: str, told: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=told,
        description=f"{told[0].upper()}{told[1:]}.",
        epilog="exit codes and the environment: reqflow --help",
    )


def _on_store(commands: Commands, name: str, told: str) -> argparse.ArgumentParser:
    parser = _command(commands, name, told)
    parser.add_argument("store", metavar="STORE", help=STORE)
    _add_workspace(parser)
    return parser


def _add_workspace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workspace", metavar="NAME", help="which desk of the store (default: main)")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


def _add_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=_count, default=50, metavar="N", help="at most so many (default: 50)")


def _add_classifier(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--classifier", metavar="NAME", help="which classifier judges messages, of several")


def _setting_up(commands: Commands) -> None:
    demo = _command(commands, "demo", "a day at a support desk, played before your eyes")
    demo.add_argument("--keep", type=Path, metavar="PATH", help="keep the SQLite file of the day here")
    demo.add_argument("--fast", action="store_true", help="do not pause between events")

    init = _command(commands, "init", "make a store and set up its desk, or change the desk")
    init.add_argument("store", metavar="STORE", nargs="?", help="a path (SQLite) or postgresql://...")
    _add_workspace(init)
    init.add_argument("--config", type=Path, metavar="FILE", help="the desk: roster, queues, channels (TOML)")
    init.add_argument("--sample", type=Path, metavar="FILE", help="write a commented sample here, and stop")

    ingest = _on_store(commands, "ingest", "place messages from files; may be stopped and repeated")
    ingest.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="a file or folder of messages")
    ingest.add_argument("--kind", metavar="K", help="what the files are, where that cannot be told from them")
    ingest.add_argument("--channel", metavar="C", help="which desk mails came to: mail:support@desk.example")
    ingest.add_argument("--live", action="store_true", help="let a worker send what the desk says on the way")
    ingest.add_argument(
        "--unsorted", action="store_true", help="take messages as files have them, not by time (less memory)"
    )
    _add_classifier(ingest)
    _add_json(ingest)


def _reading(commands: Commands) -> None:
    board = _on_store(commands, "board", "open requests by state")
    _add_json(board)

    requests = _on_store(commands, "requests", "requests, newest first")
    requests.add_argument(
        "--state", action="append", choices=[str(state) for state in RequestState], help="may be repeated"
    )
    requests.add_argument("--channel", metavar="C", help="such as slack:C024BE91L")
    requests.add_argument("--assignee", metavar="AGENT", help="by id in the roster")
    requests.add_argument("--queue", metavar="Q")
    _add_limit(requests)
    _add_json(requests)

    for name, told in (
        ("history", "who did what when, in a request or conversation"),
        ("explain", "the history of a request or conversation, with the reasons of every choice"),
    ):
        parser = _on_store(commands, name, told)
        parser.add_argument("id", metavar="ID", help="an id, or its last 6 or more digits")
        _add_json(parser)

    lists = _on_store(commands, "list", "what the desk keeps beside its requests")
    lists.add_argument(
        "what",
        choices=LISTS,
        help="drafts under review, notes, tags, answers, customers, trends, rules, what fired, the outbox",
    )
    _add_limit(lists)
    _add_json(lists)

    settings = _on_store(
        commands, "settings", "the configuration as given, or which layer decides a channel's"
    )
    settings.add_argument(
        "--channel", metavar="C", help="all settings of this channel, and where each comes from"
    )
    settings.add_argument("--setting", metavar="NAME", help="only this one, with what it overrides")
    _add_json(settings)


def _time(commands: Commands) -> None:
    tick = _on_store(commands, "tick", "answer the timers that are due")
    tick.add_argument(
        "--now", default="now", metavar="MOMENT", help="'now' (the default), or such as 2026-03-02T09:00:00Z"
    )

    worker = _on_store(commands, "worker", "serve inbox, timers and outbox until stopped")
    worker.add_argument("--once", action="store_true", help="stop when nothing is due")
    worker.add_argument(
        "--console", action="store_true", help="show here what no transport delivers, as delivered"
    )
    worker.add_argument(
        "--poll", type=_seconds, default=1.0, metavar="S", help="seconds between looks (default: 1)"
    )
    worker.add_argument(
        "--concurrency", type=_hands, default=4, metavar="N", help="how many items at a time (default: 4)"
    )
    worker.add_argument(
        "--telemetry", action="store_true", help="measure the queues with OpenTelemetry (extra 'telemetry')"
    )
    _add_classifier(worker)

    queues = ("inbox", "outbox", "agenda")
    backlog = _on_store(commands, "backlog", "how much inbox, outbox and agenda have to do")
    _add_json(backlog)
    parked = _on_store(commands, "parked", "what was put aside since it failed too often, and why")
    parked.add_argument("--queue", choices=queues, help="only of this one")
    _add_limit(parked)
    _add_json(parked)
    requeue = _on_store(commands, "requeue", "let parked items be tried again, as if for the first time")
    requeue.add_argument("queue", choices=queues)
    requeue.add_argument("ids", metavar="ID", nargs="*", help="as `reqflow parked` shows them; or say --all")
    requeue.add_argument("--all", action="store_true", help="all that is parked in this queue")


def _keeping(commands: Commands) -> None:
    verify = _on_store(
        commands, "verify", "check history's chain, and compare what is stored with what history says"
    )
    verify.add_argument(
        "--heads", type=Path, metavar="FILE", help="what `reqflow heads` printed earlier must still hold"
    )
    _add_json(verify)
    _on_store(
        commands,
        "heads",
        "the last entry of every history stream with its digest, as JSON to be kept elsewhere",
    )
    erase = _on_store(commands, "erase", "erase a person: all that they said, and what is on record of them")
    erase.add_argument(
        "person",
        metavar="PERSON",
        help="a customer (k_…), a profile (p_…) or an address (mail:ana@x.example)",
    )
    erase.add_argument(
        "--own-words", action="store_true", help="keep what colleagues wrote in the person's conversations"
    )
    _on_store(commands, "rebuild", "write conversations, requests, messages and lanes anew from history")
    export = _on_store(commands, "export", "write a whole desk to a file: to move it, or as a backup")
    export.add_argument("file", metavar="FILE", type=Path, help="where to; - for standard output")
    brought = _command(commands, "import", "store the desk of an exported file, under its own name")
    brought.add_argument("store", metavar="STORE", help=STORE)
    brought.add_argument("file", metavar="FILE", type=Path, help="what was exported; - for standard input")
    migrate = _on_store(commands, "migrate", "bring the store's schema up to date")
    migrate.add_argument("--check", action="store_true", help="change nothing; exit with 1 if it is not")
    migrate.add_argument(
        "--partitions",
        type=_count,
        metavar="N",
        help="PostgreSQL: make every table in N partitions by workspace; only for a new schema",
    )
    diagram = _command(commands, "diagram", "a lifecycle as a Mermaid diagram")
    machines = ("request", "conversation", "draft")
    diagram.add_argument("lifecycle", nargs="?", choices=machines, default="request")
    plugins = _command(commands, "plugins", "the plugins that are loaded, and what they bring")
    _add_json(plugins)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"must be a whole number between 1 and 1,000,000, not {text!r}")
    return int(text)


def _hands(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"must be between 1 and 64, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.01 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"must be between 0.01 and 3600 seconds, not {text!r}")
    return seconds
