"""Traces follow a cause: from a write to its webhook, and on to what the webhook's receiver writes."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.interfaces.listening import Listening, listening
from tests.services.receiver import Receiver, receiving
from tests.services.webhooks import ANN
from workspace_server.core.firings import trace_of
from workspace_server.core.spans import Span
from workspace_server.delivery.collector import batching

pytestmark = pytest.mark.anyio

OWN = "4bf92f3577b34da6a3ce929d0e0e4736"
PLANTED = "the-words-of-the-file"


def exported(told: Sequence[Span]) -> list[ReadableSpan]:
    """Return spans as the exporter of a collector gets them."""
    exporter = InMemorySpanExporter()
    with batching(exporter) as tell:
        for span in told:
            tell(span)
    return list(exporter.get_finished_spans())


def trace(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def id_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.span_id:016x}"


def parent(span: ReadableSpan, spans: Sequence[ReadableSpan]) -> ReadableSpan | None:
    """Return the span that is the parent of another."""
    if span.parent is None:
        return None
    (found,) = [one for one in spans if one.context is not None and one.context.span_id == span.parent.span_id]
    return found


def line(span: ReadableSpan, spans: Sequence[ReadableSpan]) -> list[str]:
    """Return the names of a span and of all above it."""
    above = parent(span, spans)
    return [span.name, *([] if above is None else line(above, spans))]


def below(span: ReadableSpan, spans: Sequence[ReadableSpan]) -> list[ReadableSpan]:
    """Return the spans whose parent another one is."""
    return [one for one in spans if parent(one, spans) is span]


async def watch(served: Listening, receiver: Receiver, name: str, file: str) -> None:
    url = f"{receiver.url}/{PLANTED}?key={PLANTED}"
    await served.engine.triggers.create_trigger(ANN, name=name, files=[file], url=url, settle="immediate")


async def put(http: httpx2.AsyncClient, path: str, **headers: str) -> None:
    answer = await http.put(f"/api/v1/files/{path}", content=PLANTED, headers={"X-Agent": "ada", **headers})
    assert answer.status_code < 300, answer.text


async def test_one_trace_leads_from_a_write_to_what_the_receiver_of_its_webhook_writes(folder: Path) -> None:
    told: list[Span] = []
    async with (
        receiving() as receiver,
        listening(folder, name="papers", webhooks_allow_loopback=True) as served,
        served.engine.traced(told.append),
        httpx2.AsyncClient(base_url=served.url) as http,
    ):
        await watch(served, receiver, "one", "draft.md")
        await watch(served, receiver, "two", "review.md")
        await put(http, "draft.md", **{"X-Request-Id": "of-ada-7"})
        (first,) = await receiver.next()
        await put(http, "review.md", traceparent=first.headers["traceparent"])
        (second,) = await receiver.next()
        async with Client(f"{served.url}/mcp?agent=bob") as client:
            meta = {"traceparent": second.headers["traceparent"]}
            await client.call_tool("write_file", {"path": "final.md", "content": "x"}, meta=meta)  # type: ignore[arg-type]
        while sum(span.name == "attempt" for span in told) < 2:
            await served.engine.events.wait(served.engine.head_seq, 0.01)
        source = served.engine.folder.source
    spans = await asyncio.to_thread(exported, told)
    of_chain = [span for span in spans if trace(span) == trace_of(source, "F1")]
    (last,) = [span for span in of_chain if span.name == "commit" and not below(span, of_chain)]
    hop = ["webhook", "fire", "commit"]
    assert line(last, spans) == ["commit", "write_file", *hop, "write_file", *hop, "write_file"]
    assert [span.name for span in of_chain].count("attempt") == 2
    webhooks = {id_of(span) for span in of_chain if span.name == "webhook"}
    assert webhooks == {one.headers["traceparent"].split("-")[2] for one in (first, second)}
    written = [span.attributes for span in of_chain if span.name == "write_file"]
    assert [(one["workspace.agent"], one["workspace.door"]) for one in written if one] == [
        ("ada", "http"),
        ("ada", "http"),
        ("bob", "mcp"),
    ]
    assert written[0] is not None
    assert (written[0]["workspace.request_id"], written[0]["workspace.outcome"]) == ("of-ada-7", "ok")
    (attempt, _) = [span.attributes for span in of_chain if span.name == "attempt"]
    assert attempt is not None
    assert (attempt["server.address"], attempt["http.response.status_code"], attempt["workspace.attempt"]) == (
        "127.0.0.1",
        204,
        1,
    )
    assert PLANTED not in "".join(span.to_json() for span in spans)


async def test_a_trace_of_the_callers_own_holds_its_write_and_is_linked_with_what_follows(folder: Path) -> None:
    told: list[Span] = []
    async with (
        receiving() as receiver,
        listening(folder, name="papers", webhooks_allow_loopback=True) as served,
        served.engine.traced(told.append),
        httpx2.AsyncClient(base_url=served.url) as http,
    ):
        await watch(served, receiver, "one", "draft.md")
        await put(http, "draft.md", traceparent=f"00-{OWN}-00f067aa0ba902b7-01")
        await put(http, "other.md", traceparent=f"00-{'0' * 32}-00f067aa0ba902b7-01")
        await receiver.next()
        refused = await http.put("/api/v1/files/draft.md", content="y", headers={"If-Match": '"9"'})
        assert refused.status_code >= 400
    write, commit, fire = (
        next(span for span in told if span.name == name) for name in ("write_file", "commit", "fire")
    )
    assert write.parent is not None
    assert (write.place.trace, write.parent.span) == (OWN, "00f067aa0ba902b7")
    assert (commit.place.trace, commit.parent) == (OWN, write.place)
    assert (fire.place.trace, fire.parent, fire.links) == (
        trace_of("workspace://papers", "F1"),
        None,
        (commit.place,),
    )
    (failed,) = [span for span in told if span.error is not None]
    assert (failed.name, failed.error) == ("write_file", refused.json()["error"]["code"])
    (other,) = [span for span in told if span.name == "write_file" and span not in (write, failed)]
    assert other.parent is None
    assert other.place.trace not in {OWN, "0" * 32}
