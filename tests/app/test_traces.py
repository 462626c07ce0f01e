"""A started server, and the collector of traces that its environment names."""

from pathlib import Path
from urllib.request import Request, urlopen

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.collector import receiver
from tests.processes import serving

GIVEN = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_server_tells_the_collector_that_its_environment_names_and_of_all_until_its_end(folder: Path) -> None:
    with receiver() as (url, got):
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_SERVICE_NAME": "papers"}
        with serving(folder, env=env) as server:
            for path, headers in (("a.md", {"traceparent": f"00-{GIVEN}-00f067aa0ba902b7-01"}), ("b.md", {})):
                request = Request(f"{server.url}/api/v1/files/{path}", b"x", headers, method="PUT")
                with urlopen(request) as answer:
                    assert answer.status in {200, 201}
            assert server.stop() == 0
    sent = [ExportTraceServiceRequest.FromString(body) for _, _, body in got]
    spans = [span for one in sent for of_server in one.resource_spans for span in of_server.scope_spans[0].spans]
    assert sorted(span.name for span in spans) == ["commit", "commit", "write_file", "write_file"]
    assert sum(span.trace_id.hex() == GIVEN for span in spans) == 2
    named = [fact.value.string_value for fact in sent[0].resource_spans[0].resource.attributes]
    assert "papers" in named
