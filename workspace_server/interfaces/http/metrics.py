"""What the server counts, in the text format of Prometheus."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_UNFIT = re.compile(r"[^a-zA-Z0-9_]")


class Metrics:
    """Requests by operation and status, and how long they took; bounded by the table of operations."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, int], int] = {}
        self._buckets: dict[str, list[int]] = {}
        self._sums_s: dict[str, float] = {}

    def observe(self, operation: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = (operation, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        buckets = self._buckets.setdefault(operation, [0] * (len(BUCKETS_S) + 1))
        place = next((index for index, bound in enumerate(BUCKETS_S) if seconds <= bound), len(BUCKETS_S))
        buckets[place] += 1
        self._sums_s[operation] = self._sums_s.get(operation, 0.0) + seconds

    def text(self, status: Mapping[str, Any]) -> str:
        """Return everything counted, and every number of the engine's *status* as a gauge."""
        return "\n".join([*self._request_lines(), *_gauges(status), ""])

    def _request_lines(self) -> Iterator[str]:
        yield "# HELP workspace_http_requests_total Requests to the HTTP API."
        yield "# TYPE workspace_http_requests_total counter"
        for (operation, status), count in sorted(self._requests.items()):
            yield f'workspace_http_requests_total{{operation="{operation}",status="{status}"}} {count}'
        name = "workspace_http_request_duration_seconds"
        yield f"# HELP {name} Time until a request was answered; long polls and streams until they began."
        yield f"# TYPE {name} histogram"
        for operation, buckets in sorted(self._buckets.items()):
            total = 0
            for bound, count in zip((*map(str, BUCKETS_S), "+Inf"), buckets, strict=True):
                total += count
                yield f'{name}_bucket{{operation="{operation}",le="{bound}"}} {total}'
            yield f'{name}_sum{{operation="{operation}"}} {self._sums_s[operation]:.6f}'
            yield f'{name}_count{{operation="{operation}"}} {total}'


def _gauges(status: Mapping[str, Any], prefix: str = "workspace") -> Iterator[str]:
    for key, value in status.items():
        name = f"{prefix}_{_UNFIT.sub('_', str(key))}"
        if isinstance(value, Mapping):
            yield from _gauges(value, name)
        elif isinstance(value, int | float):
            yield f"# TYPE {name} gauge"
            yield f"{name} {float(value) if isinstance(value, float) else int(value)}"
