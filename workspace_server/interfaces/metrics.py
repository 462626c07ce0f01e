"""What the server counts, in the text format of Prometheus.

Labels are names of ours only: of doors, operations, outcomes. No path, agent or address ever is one, so that no caller
makes new series.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
# A series more for each one, which no dashboard reads.
disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
_UNFIT = re.compile(r"[^a-zA-Z0-9_]")


class Metrics:
    """Requests by door, operation and outcome, and how long they took; and how the workspace is."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "workspace_requests",
            "Requests by door, operation and outcome: ok, or the code of the refusal.",
            ("door", "operation", "outcome"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "workspace_request_duration_seconds",
            "Time until a request was answered; long polls and streams until they began.",
            ("door", "operation"),
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)

    def observe(self, door: str, operation: str, outcome: str, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(door, operation, outcome).inc()
        self._seconds.labels(door, operation).observe(seconds)

    def text(self, status: Mapping[str, Any]) -> str:
        """Return everything counted, and every number of the engine's *status* as a gauge."""
        gauges = CollectorRegistry()
        gauges.register(_Status(status))
        return (generate_latest(self.registry) + generate_latest(gauges)).decode()


class _Status(Collector):
    """Every number of a status; what it is called comes from where it stands there."""

    def __init__(self, status: Mapping[str, Any]) -> None:
        self._status = status

    def collect(self) -> Iterable[Metric]:
        """Yield them."""
        return _gauges(self._status, "workspace", "status")


def _gauges(status: Mapping[str, Any], prefix: str, where: str) -> Iterator[Metric]:
    for key, value in status.items():
        name, place = f"{prefix}_{_UNFIT.sub('_', str(key))}", f"{where}.{key}"
        if isinstance(value, Mapping):
            yield from _gauges(value, name, place)
        elif isinstance(value, int | float):
            yield GaugeMetricFamily(name, f"{place}, as GET /api/v1/status says it.", value=float(value))
