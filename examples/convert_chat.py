"""Turn chat logs (IRC, Gitter) into lines of JSON that reqflow reads.

    python examples/convert_chat.py log.txt folder-of-logs -o messages.jsonl

Understood are lines such as ``[09:19] <nick> text``, dated by the file's name (``2011-05-29_19.ascii.txt``)
or in front (``#room 2011-05-29 [09:19] <nick> text``), and ``[2017-06-23 11:08:13] <nick> text``. Such logs
know no zone: their times are taken as UTC. What cannot be read is reported on stderr and passed over.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

LINE = re.compile(
    r"(?:\d+ )?(?:\S+ (?P<day>\d{4}-\d\d-\d\d) )?"
    r"\[(?:(?P<date>\d{4}-\d\d-\d\d)[ T])?(?P<time>\d\d:\d\d(?::\d\d)?)\]"
    r"\s+<(?P<nick>[^>\s]+)>\s?(?P<text>.*)"
)
NOTICE = re.compile(r"(?:\S+ \d{4}-\d\d-\d\d )?(?:===|\[[\d:]+\]\s+(?:\*|-\S+- ))")  # joins, deeds, bots
FILE_DATE = re.compile(r"\d{4}-\d\d-\d\d")
UNDATED = "2000-01-01"  # the day of a log without any
LATE = timedelta(hours=12)
TICK = timedelta(microseconds=1)


def convert(path: Path, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    """One record for each message of a log. ``native`` is the number of its line, from 1.

    Messages of one minute (or second) are a microsecond apart, so that sorting by time keeps their order.
    """
    found = FILE_DATE.search(path.name)
    last = None
    transport = ""
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\r\n")
            message = LINE.match(line)
            if message is None:
                kind = _kind(line)
                counts[kind] += 1
                if kind == "bad":
                    print(f"{path}:{number}: not understood: {line[:60]!r}", file=sys.stderr)
                continue
            try:
                day = message["date"] or message["day"]
                if last is None:
                    last = _moment(day or (found[0] if found else UNDATED), message["time"])
                else:
                    last = _follow(last, day, message["time"])
            except ValueError as problem:
                counts["bad"] += 1
                print(f"{path}:{number}: {problem}", file=sys.stderr)
                continue
            transport = transport or ("gitter" if message["date"] else "irc")
            counts["messages"] += 1
            yield {
                "channel": f"{transport}:{path.name.removesuffix('.txt').removesuffix('.ascii')}",
                "author": f"{transport}:{message['nick']}",
                "native": str(number),
                "sent_at": last.isoformat(),
                "text": message["text"],
                "name": message["nick"],
            }


def _follow(last: datetime, day: str | None, clock: str) -> datetime:
    """The moment of the message after ``last``: a tick later if the log shows the same time."""
    moment = _moment(day or last.date().isoformat(), clock)
    if day is None and last - moment > LATE:  # midnight has passed
        moment += timedelta(days=1)
    return last + TICK if timedelta(0) <= last - moment <= LATE else moment


def _moment(day: str, clock: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(day), time.fromisoformat(clock), UTC)


def _kind(line: str) -> str:
    if not line.strip("-= \t"):
        return "blank"
    return "notices" if NOTICE.match(line) else "bad"


def _logs(inputs: Iterable[Path]) -> Iterator[Path]:
    """The logs named, and those in the folders named; what goes beside logs in a corpus is left out."""
    for each in inputs:
        for log in sorted(each.rglob("*.txt")) if each.is_dir() else [each]:
            if not log.name.endswith(".annotation.txt") and log.name != "SOURCE.txt":
                yield log


def main(given: Iterable[str] | None = None) -> int:
    """Convert the logs named on the command line; 0 if any message was read."""
    parser = argparse.ArgumentParser(description="Turn chat logs into lines of JSON.")
    parser.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="a log, or a folder of *.txt")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write here instead of to stdout")
    asked = parser.parse_args(None if given is None else list(given))
    counts: Counter[str] = Counter()
    target = asked.output.open("w", encoding="utf-8") if asked.output else sys.stdout
    try:
        for log in _logs(asked.inputs):
            try:
                for record in convert(log, counts):
                    print(json.dumps(record, ensure_ascii=False), file=target)
            except (OSError, ValueError) as problem:  # no such file, no such day in its name
                counts["unreadable"] += 1
                print(f"{log}: {problem}", file=sys.stderr)
    finally:
        if asked.output:
            target.close()
    told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    print(told or "nothing", file=sys.stderr)
    return 0 if counts["messages"] else 1


if __name__ == "__main__":
    sys.exit(main())
