"""OpenTelemetry sees what workers measure: numbers, queues and workspaces, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from reqflow.errors import UsageError
from reqflow.plugins.telemetry import GAUGES, Telemetry
from reqflow.testing.desks import Story
from reqflow.worker import Worker

metrics = pytest.importorskip("opentelemetry.sdk.metrics", reason="opentelemetry-sdk is not installed")
export = pytest.importorskip("opentelemetry.sdk.metrics.export")


def read(reader: Any) -> dict[tuple[str, str], float]:
    """What the gauges show, by name and queue."""
    data = reader.get_metrics_data()
    return {
        (metric.name, point.attributes["reqflow.queue"]): point.value
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }


@pytest.fixture
def reader() -> Any:
    return export.InMemoryMetricReader()


def test_gauges_show_what_a_worker_measured_last(reader: Any) -> None:
    meter = metrics.MeterProvider(metric_readers=[reader]).get_meter("test")
    story = Story(plugins=[Telemetry(meter)])
    assert read(reader) == {}
    for number in range(3):
        story.engine.accept(story.letter(f"writer{number}", "very private words?"))
    story.now += timedelta(seconds=12)
    stop = Event()
    story.store.lease = lambda *asked, **how: ()  # nobody serves
    Worker(story.engine, concurrency=1, sleep=lambda seconds: stop.set()).run(stop)
    shown = read(reader)
    assert {name for name, _ in shown} == {f"reqflow.queue.{name}" for name, _, _ in GAUGES}
    assert {queue for _, queue in shown} == {"inbox", "outbox", "agenda"}
    assert shown["reqflow.queue.waiting", "inbox"] == 3
    assert shown["reqflow.queue.age", "inbox"] == 12.0
    assert shown["reqflow.queue.age", "agenda"] == 0
    assert "private" not in str(reader.get_metrics_data())


def test_nothing_of_it_is_loaded_unless_it_is_asked_for() -> None:
    told = "import sys, reqflow, reqflow.worker, reqflow.plugins.telemetry; print('opentelemetry' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", told], text=True).strip() == "False"


def test_without_opentelemetry_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", None)
    with pytest.raises(UsageError, match=r"reqflow-sdk\[telemetry\]"):
        Telemetry()
