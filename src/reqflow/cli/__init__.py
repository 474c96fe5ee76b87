"""The command ``reqflow``: thin over the public API, for people in a terminal and programs in a pipe.

Errors are one clear line on stderr that says what to do; the exit codes are in ``reqflow --help``.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from ..errors import InvalidSettings, ReqflowError, StoreError, UnreadableInput
from . import (
    erasing,
    ingesting,
    keeping,
    listing,
    moving,
    reading,
    serving,
    setting_up,
    settling,
    showing,
    tending,
)
from .parser import make_parser
from .printing import complain
from .screen import Screen, open_screen

__all__ = ["main"]

PROBLEMS, WRONG_USAGE, UNREADABLE, NO_STORE, INTERRUPTED = 1, 2, 3, 4, 130

COMMANDS: Mapping[str, Callable[[Namespace, Screen], int]] = MappingProxyType(
    {
        "backlog": tending.show_backlog,
        "board": reading.show_board,
        "demo": showing.demo,
        "diagram": keeping.draw,
        "erase": erasing.erase,
        "explain": reading.show_explanation,
        "export": moving.export,
        "heads": keeping.print_heads,
        "history": reading.show_history,
        "import": moving.import_,
        "ingest": ingesting.ingest,
        "init": setting_up.init,
        "list": listing.show_list,
        "migrate": moving.migrate,
        "parked": tending.show_parked,
        "plugins": keeping.list_plugins,
        "rebuild": keeping.rebuild,
        "requests": reading.show_requests,
        "requeue": tending.requeue,
        "settings": settling.show_settings,
        "tick": serving.tick,
        "verify": keeping.verify,
        "worker": serving.work,
    }
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (by default those of the process); returns the exit code."""
    _take_any_character()
    try:
        asked = make_parser().parse_args(argv)
        status = COMMANDS[asked.command](asked, open_screen())
        sys.stdout.flush()
    except SystemExit as end:  # argparse has said what is wrong, or has helped
        return end.code if isinstance(end.code, int) else WRONG_USAGE
    except InvalidSettings as problem:
        complain(f"the desk's settings have {len(problem.problems)} problem(s):")
        for each in problem.problems:
            complain(f"- {each}")
        return WRONG_USAGE
    except UnreadableInput as problem:
        complain(str(problem))
        return UNREADABLE
    except StoreError as problem:
        hint = " (on the command line: reqflow migrate STORE)" if "migrate()" in str(problem) else ""
        complain(f"{problem}{hint}")
        return NO_STORE
    except ReqflowError as problem:
        complain(str(problem))
        return WRONG_USAGE
    except KeyboardInterrupt:
        complain("stopped by hand")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read has seen enough (| head)
        _let_go_of_stdout()
        return 0
    except OSError as problem:  # the ports keep theirs to themselves: this is what the output is written to
        complain(f"cannot write the output: {problem.strerror or problem}")
        _let_go_of_stdout()
        return PROBLEMS
    return status


def _take_any_character() -> None:
    """Where the encoding is not UTF-8, what it lacks is shown as ``?`` and ends nothing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _let_go_of_stdout() -> None:
    """Nobody reads any more: what is still buffered goes nowhere, without a complaint at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
