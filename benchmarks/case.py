"""One run of one case in a process of its own: ``case.py MODULE CASE``; answers with one line of JSON."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path

from workload import Invalid, Missing, Plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module")
    parser.add_argument("case")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--dsn", default="")
    parser.add_argument("--medium", default="memory")
    given = parser.parse_args()
    plan = Plan(requests=given.requests, folder=given.folder, dsn=given.dsn, medium=given.medium)
    try:
        found = importlib.import_module(given.module).CASES[given.case](plan)
    except Missing as reason:
        found = {"missing": str(reason)}
    except Invalid as reason:
        found = {"invalid": str(reason)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
