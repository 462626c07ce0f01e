"""Sends spans to a collector of OpenTelemetry traces, in batches and by a thread of its own.

What happens here never reaches what is told of: the queue is bounded and the oldest spans give way, a collector that
takes nothing is logged once, and the end of the server waits for it for a moment only. Where it lies, its headers and
its certificates come from the variables that every program with OpenTelemetry knows.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from workspace_server import __version__
from workspace_server.config import Settings
from workspace_server.core.spans import Place, Span
from workspace_server.delivery.named import check_url, of_setting
from workspace_server.errors import InvalidArgument

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from opentelemetry.trace import SpanContext

log = logging.getLogger(__name__)

NAMED: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""The variables that say where a collector is."""
NAME: Final = "workspace-server"
ANSWER_S: Final = 5.0
"""How long a collector may take for one batch."""
DRAIN_S: Final = 2.0
"""How long the end of the server waits for a collector that does not answer, beside an attempt that has begun."""
_NANOS: Final = 1_000_000_000


@contextmanager
def collecting(settings: Settings, env: Mapping[str, str]) -> Iterator[Callable[[Span], None] | None]:
    """Yield what takes spans to the collector that is named, or None where none is.

    Args:
        env: The environment, which names one for every program that is started in it: nothing fails for that.

    Raises:
        InvalidArgument: The setting makes no sense, or what it takes is not installed.
    """
    url = settings.otlp_url
    if url is None and (_is_off(env) or not any(env.get(name) for name in NAMED)):
        yield None
        return
    if url is not None:
        with of_setting("otlp_url", hint="It is what stands before /v1/traces: http://127.0.0.1:4318."):
            check_url(url)
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        _lack(url)
        yield None
        return
    endpoint = None if url is None else f"{url.rstrip('/')}/v1/traces"
    timeout = None if env.get("OTEL_EXPORTER_OTLP_TIMEOUT") else ANSWER_S
    with batching(OTLPSpanExporter(endpoint=endpoint, timeout=timeout)) as tell:
        yield tell


@contextmanager
def batching(exporter: "SpanExporter") -> Iterator[Callable[[Span], None]]:
    """Yield what takes spans to *exporter* in batches; what is left is sent at the end."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it would warn of every batch
    resource = Resource.create({"service.version": __version__})
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": NAME}))
    batches = BatchSpanProcessor(cast("SpanExporter", _Watched(exporter)))
    try:
        yield lambda span: batches.on_end(_readable(span, resource))
    finally:
        late = threading.Timer(DRAIN_S, exporter.shutdown)
        late.daemon = True
        late.start()
        batches.shutdown()  # type: ignore[no-untyped-call]
        late.cancel()


class _Watched:
    """An exporter that says when its collector begins to refuse, and when that is over."""

    def __init__(self, exporter: "SpanExporter") -> None:
        self._exporter = exporter
        self._failing = False
        self.shutdown = exporter.shutdown
        self.force_flush = exporter.force_flush

    def export(self, spans: "Sequence[ReadableSpan]") -> "SpanExportResult":
        """Send a batch."""
        result = self._exporter.export(spans)
        failed = result.name != "SUCCESS"
        if failed and not self._failing:
            log.warning("the collector of traces takes nothing; spans are dropped until it does")
        elif self._failing and not failed:
            log.info("the collector of traces takes spans again")
        self._failing = failed
        return result


def _is_off(env: Mapping[str, str]) -> bool:
    return env.get("OTEL_SDK_DISABLED", "").lower() == "true" or env.get("OTEL_TRACES_EXPORTER", "otlp") == "none"


def _lack(url: str | None) -> None:
    """Refuse the setting, or say that the environment asks for what is not installed."""
    install = "pip install 'workspace-server[otel]'"
    if url is not None:
        raise InvalidArgument(
            "The setting otlp_url takes packages that are not installed.",
            hint=f"Run {install}, or leave the setting out.",
            argument="otlp_url",
            reason="not installed",
        )
    log.warning("the environment names a collector of traces, and none are sent: that takes %s", install)


def _readable(span: Span, resource: Any) -> "ReadableSpan":
    """Return a span as OpenTelemetry has it."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import Link, SpanKind, Status, StatusCode

    failed = {} if span.error is None else {"error.type": span.error}
    return ReadableSpan(
        name=span.name,
        context=_context(span.place),
        parent=None if span.parent is None else _context(span.parent),
        resource=resource,
        attributes={**span.attributes, **failed},
        links=[Link(_context(place)) for place in span.links],
        kind=SpanKind[span.kind.upper()],
        status=Status(StatusCode.UNSET if span.error is None else StatusCode.ERROR),
        start_time=int(span.began_s * _NANOS),
        end_time=int(max(span.began_s, span.ended_s) * _NANOS),
        instrumentation_scope=InstrumentationScope(NAME, __version__),
    )


def _context(place: Place) -> "SpanContext":
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(int(place.trace, 16), int(place.span, 16), is_remote=False, trace_flags=TraceFlags(1))
