"""Measure reqflow beside hand-written floors and peers, in one interleaved run.

    python benchmarks/run.py                        # every line, some three minutes
    python benchmarks/run.py --full                 # more rounds, longer runs: the figures of the documentation
    python benchmarks/run.py --only growth --stored 1000000

Every run of a case is a process of its own; the cases take turns, round after round and every other round
backwards, and each table shows medians. A missed target is said and no error; a wrong outcome or a crash ends with
exit code 1. See ``plans.py`` for what is compared with what, ``workload.py`` for the workload.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from measuring import machine, places
from measuring.comparing import compare
from measuring.dividing import divide
from measuring.growing import grow
from measuring.page import markdown
from measuring.report import Group, Report
from measuring.starting import start
from plans import FEW, GROUPS, PLANS, Extent

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, FULL_ROUNDS = 3, 7
STORED, FULL_STORED = 10_000, 100_000
ON_SERVER = frozenset({"postgres", "effects", "timers", "growth", "stages"})
"""The groups that have lines on PostgreSQL."""


def _number(given: str) -> int:
    number = int(given)
    if number < 1:
        raise argparse.ArgumentTypeError("must be above 0")
    return number


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="all lines, more rounds, longer runs")
    parser.add_argument("--rounds", type=_number, help=f"runs of each case ({ROUNDS}; full {FULL_ROUNDS})")
    parser.add_argument("--requests", type=_number, help="requests in each run, where plans would say")
    parser.add_argument(
        "--stored", type=_number, help=f"the far end of growth ({STORED:,}; full {FULL_STORED:,})"
    )
    parser.add_argument("--only", default=",".join(GROUPS), help=f"some of {','.join(GROUPS)}")
    parser.add_argument(
        "--postgres", choices=("tmpfs", "disk"), default="tmpfs", help="where its data is (tmpfs)"
    )
    parser.add_argument("--tmp", type=Path, help="a folder on the disk to measure")
    parser.add_argument("--json", type=Path, help="write every single run to this file, too")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file, as a part of a page")
    given = parser.parse_args()
    given.only = given.only.split(",")
    unknown = sorted(set(given.only) - set(GROUPS))
    if unknown:
        parser.error(f"no such group: {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    if given.stored is not None and given.stored <= FEW:
        parser.error(f"--stored is the far end of growth from {FEW:,} on")
    return given


def _command(given: argparse.Namespace) -> str:
    """The command as it can be given anywhere: without paths of this machine."""
    words = ["python benchmarks/run.py"]
    words += ["--full"] if given.full else []
    words += [] if given.only == list(GROUPS) else [f"--only {','.join(given.only)}"]
    words += [
        f"--{name} {number}" for name in ("rounds", "requests", "stored") if (number := getattr(given, name))
    ]
    words += [] if given.postgres == "tmpfs" else [f"--postgres {given.postgres}"]
    return " ".join(words)


def main() -> int:
    given = _arguments()
    extent = Extent(
        rounds=given.rounds or (FULL_ROUNDS if given.full else ROUNDS),
        full=given.full,
        stored=given.stored or (FULL_STORED if given.full else STORED),
        requests=given.requests,
    )
    with places.opened(given.tmp, postgres=given.postgres if ON_SERVER & set(given.only) else "") as ground:
        facts = machine.facts() | {"PostgreSQL": ground.server_facts()}
        report = Report(facts, _command(given))
        report.print_head()
        measures: Mapping[str, Callable[[], Group]] = {
            **{name: partial(compare, ground, extent, each) for name, each in PLANS.items()},
            "growth": partial(grow, ground, extent),
            "start": partial(start, ground, extent),
            "stages": partial(divide, ground, extent),
        }
        for group in given.only:
            began = time.perf_counter()
            found = measures[group]()
            report.add(group, found, time.perf_counter() - began)
    if given.json is not None:
        given.json.write_text(json.dumps(report.as_data(), indent=2) + "\n", "utf-8")
    if given.markdown is not None:
        given.markdown.write_text(markdown(report), "utf-8")
    return report.print_end()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # the server for tests lives beside the tests
    sys.exit(main())
