"""Spans on their way to a collector, and one that does not take them."""

import logging
import sys
import threading
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.collector import receiver
from workspace_server import __version__
from workspace_server.config import Settings
from workspace_server.core.spans import Place, Span
from workspace_server.delivery import collector
from workspace_server.delivery.collector import batching, collecting
from workspace_server.errors import InvalidArgument

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def span(number: int = 1, **more: Any) -> Span:
    place, parent = Place(TRACE, f"{number:016x}"), Place(TRACE, "00f067aa0ba902b7")
    facts: dict[str, Any] = {"attributes": {"workspace.seq": number}, "began_s": 1.5, "ended_s": 2.0}
    return Span(name="commit", place=place, parent=parent, **facts | more)


def test_a_collector_reads_what_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=of-the-operator")
    with receiver() as (url, got), collecting(Settings(otlp_url=f"{url}/"), {}) as tell:
        assert tell is not None
        tell(span(error="locked", kind="server", links=(Place("ab" * 16, "cd" * 8),)))
    ((path, headers, body),) = got
    assert (path, headers["content-type"], headers["x-key"]) == (
        "/v1/traces",
        "application/x-protobuf",
        "of-the-operator",
    )
    (of_server,) = ExportTraceServiceRequest.FromString(body).resource_spans
    resource = {one.key: one.value.string_value for one in of_server.resource.attributes}
    assert (resource["service.name"], resource["service.version"]) == ("workspace-server", __version__)
    (read,) = of_server.scope_spans[0].spans
    assert (read.name, read.trace_id.hex(), read.span_id.hex(), read.parent_span_id.hex()) == (
        "commit",
        TRACE,
        "0000000000000001",
        "00f067aa0ba902b7",
    )
    assert (read.start_time_unix_nano, read.end_time_unix_nano) == (1_500_000_000, 2_000_000_000)
    assert {one.key: one.value.int_value or one.value.string_value for one in read.attributes} == {
        "workspace.seq": 1,
        "error.type": "locked",
    }
    assert (read.kind, read.status.code, read.links[0].trace_id.hex()) == (2, 2, "ab" * 16)


@pytest.mark.parametrize("more", [None, {"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_without_a_collector_nothing_is_made_ready(more: dict[str, str] | None) -> None:
    env = {} if more is None else {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", **more}
    with collecting(Settings(), env) as tell:
        assert tell is None


def test_what_is_not_installed_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with (
        pytest.raises(InvalidArgument, match="not installed") as refused,
        collecting(Settings(otlp_url="http://127.0.0.1:1"), {}),
    ):
        pass
    assert "workspace-server[otel]" in str(refused.value.hint)
    with collecting(Settings(), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}) as tell:
        assert tell is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("url", ["collector:4318", "http://me:s3cr3t@collector:4318", "http://collector/?key=1"])
def test_a_setting_that_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidArgument, match="otlp_url") as refused, collecting(Settings(otlp_url=url), {}):
        pass
    assert "s3cr3t" not in str(refused.value)


class Failing(InMemorySpanExporter):
    """Fails, then takes."""

    def __init__(self, fails: int) -> None:
        super().__init__()
        self.fails = fails

    def export(self, spans: Any) -> SpanExportResult:
        self.fails -= 1
        return SpanExportResult.FAILURE if self.fails >= 0 else super().export(spans)


def test_a_collector_that_takes_nothing_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    watched = collector._Watched(Failing(3))
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            watched.export([])
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


class Hanging(InMemorySpanExporter):
    """Takes nothing before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def export(self, spans: Any) -> SpanExportResult:
        self.go.wait()
        return super().export(spans)


def test_a_collector_that_hangs_keeps_nobody_waiting_and_the_oldest_spans_give_way() -> None:
    exporter = Hanging()
    with batching(exporter) as tell:
        for number in range(1, 3_001):
            tell(span(number))
        exporter.go.set()
    kept = [one.context.span_id for one in exporter.get_finished_spans() if one.context is not None]
    assert len(kept) < 3_000
    assert kept[-1] == 3_000


def test_the_end_does_not_wait_long_for_a_collector_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(collector, "DRAIN_S", 0.05)
    with receiver() as (url, _):
        pass  # and nobody listens there any more
    with collecting(Settings(otlp_url=url), {}) as tell:
        assert tell is not None
        tell(span())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
