"""Metrics by OpenTelemetry: how much the queues have to do, as gauges. Needs the extra ``telemetry``.

Only the API is used: which SDK exports the metrics, and where to, is the host's to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..hooks import hookimpl
from ..ports import Backlog

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation

__all__ = ["Telemetry"]

GAUGES = (
    ("waiting", "{item}", "Items that are neither done nor parked; of timers those that are due."),
    ("leased", "{item}", "Items that a worker has now."),
    ("retried", "{item}", "Waiting items that were tried before, without success."),
    ("parked", "{item}", "Items put aside, until somebody requeues them."),
    ("age", "s", "For how long the oldest waiting item does so; 0 if none waits."),
)


class Telemetry:
    """A plugin: gauges ``reqflow.queue.waiting``, ``.leased``, ``.retried``, ``.parked`` and ``.age``.

    They have the attributes ``reqflow.queue`` (``inbox``, ``outbox`` or ``agenda``) and ``reqflow.workspace``, and show
    what a worker measured last. ``meter`` is by default the global meter provider's. Raises `UsageError` where
    OpenTelemetry is not installed.
    """

    def __init__(self, meter: Meter | None = None) -> None:
        try:
            from opentelemetry.metrics import Observation, get_meter
        except ImportError as problem:
            raise UsageError(
                f"Telemetry needs OpenTelemetry ({problem}): pip install 'reqflow-sdk[telemetry]'"
            ) from problem
        self._observation: type[Observation] = Observation
        self._latest: dict[str, Sequence[Backlog]] = {}
        meter = get_meter("reqflow") if meter is None else meter
        for name, unit, told in GAUGES:
            meter.create_observable_gauge(
                f"reqflow.queue.{name}", [self._reading(name)], unit=unit, description=told
            )

    @hookimpl
    def reqflow_measured(self, workspace: str, backlogs: Sequence[Backlog]) -> None:
        """Keep what was measured until somebody reads it."""
        self._latest[workspace] = backlogs

    def _reading(self, name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def read(options: Any) -> Iterable[Observation]:
            return [
                self._observation(
                    getattr(backlog, name) or 0,
                    {"reqflow.workspace": workspace, "reqflow.queue": backlog.queue.value},
                )
                for workspace, backlogs in list(self._latest.items())
                for backlog in backlogs
            ]

        return read
