"""Counting jobs as they are done, with the clock between the end of the warm-up and the last one.

A worker of a queue takes a while to begin and to end; what counts is how fast it works in between.
"""

from __future__ import annotations

import time

from workload import check

__all__ = ["Tally"]


class Tally:
    """Notes each job by its number. ``warm_up`` of them come before the clock starts."""

    def __init__(self, warm_up: int, jobs: int) -> None:
        self._warm_up = warm_up
        self._jobs = jobs
        self._seen: set[int] = set()
        self._twice = 0
        self._marks: list[tuple[float, float]] = []

    def __len__(self) -> int:
        return self._warm_up + self._jobs

    def done(self, number: int) -> None:
        """Note that a job was done."""
        self._twice += number in self._seen
        self._seen.add(number)
        if len(self._seen) in (self._warm_up, len(self)):
            self._marks.append((time.perf_counter(), time.process_time()))

    def found(self) -> dict[str, float]:
        """What a run answers, once every job was done, and none twice."""
        check(self._seen == set(range(len(self))), f"{len(self._seen)} jobs done, not {len(self)}")
        check(self._twice == 0, f"{self._twice} jobs done twice")
        (start, cpu), (end, spent) = self._marks
        return {"operations": self._jobs, "seconds": end - start, "cpu": spent - cpu}
