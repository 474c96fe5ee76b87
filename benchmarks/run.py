"""Measure reqflow beside hand-written floors and a peer, in one interleaved run.

    python benchmarks/run.py [--rounds N] [--requests N] [--only memory,sqlite,...] [--full]
                             [--json FILE] [--tmp DIR]

Every run of a case is a process of its own; the cases take turns, round after round, and each table shows
medians. A missed target is said and no error; a wrong outcome or a crash ends with exit code 1. See
``plans.py`` for what is compared with what, ``workload.py`` for the workload.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path

import places
from measuring import Growing, Lifecycles, Stages, Starts
from plans import GROUPS, PLANS
from report import Report

ROOT = Path(__file__).resolve().parent.parent


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="runs of each case (default 5)")
    parser.add_argument("--requests", type=int, help="requests in each run, five operations each")
    parser.add_argument("--only", default=",".join(GROUPS), help=f"some of {','.join(GROUPS)}")
    parser.add_argument("--full", action="store_true", help="fill PostgreSQL as far as the other stores")
    parser.add_argument("--json", type=Path, help="write every single run to this file, too")
    parser.add_argument("--tmp", type=Path, help="a folder on the disk to measure")
    given = parser.parse_args()
    given.only = given.only.split(",")
    unknown = sorted(set(given.only) - set(GROUPS))
    if unknown:
        parser.error(f"no such group: {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    if given.rounds < 1 or (given.requests is not None and given.requests < 1):
        parser.error("rounds and requests are numbers above 0")
    return given


def main() -> int:
    given = _arguments()
    with places.opened(given.tmp, postgres=bool({"postgres", "growth"} & set(given.only))) as ground:
        report = Report(ground.machine())
        report.print_head()
        lifecycles = Lifecycles(ground, given.rounds, given.requests)
        measured = {group: partial(lifecycles.measured, group) for group in PLANS} | {
            "growth": Growing(ground, given.rounds, full=given.full).measured,
            "import": Starts(ground, given.rounds).measured,
            "stages": Stages(ground, given.rounds, given.requests).measured,
        }
        for group in given.only:
            start = time.perf_counter()
            lines = measured[group]()
            report.add(group, lines, time.perf_counter() - start)
    if given.json is not None:
        given.json.write_text(json.dumps(report.as_data(), indent=2) + "\n", "utf-8")
    return report.print_end()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # the server for tests lives beside the tests
    sys.exit(main())
