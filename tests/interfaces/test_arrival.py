"""What is said and counted of each request, by whichever door it comes."""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.interfaces.listening import ADMIN_KEY, Listening, listening
from tests.project.tree import ROOT
from workspace_server.app.logs import JsonLines, TextLines
from workspace_server.interfaces.arrival import ArrivalMiddleware
from workspace_server.interfaces.metrics import Metrics

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """All cases share a server, and so its event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Listening]:
    async with listening(tmp_path_factory.mktemp("arrivals")) as served:
        yield served


@pytest.fixture(scope="module")
async def http(served: Listening) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=served.url, headers={"X-Agent": "ada"}) as client:
        yield client


async def samples(http: httpx2.AsyncClient) -> dict[tuple[str, str, str], float]:
    """Return how many requests were counted, as Prometheus itself reads the page."""
    page = (await http.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(page)}
    assert {"workspace_requests", "workspace_request_duration_seconds", "workspace_seq", "workspace_index_lag"} <= {
        *families
    }
    return {
        (one.labels["door"], one.labels["operation"], one.labels["outcome"]): one.value
        for one in families["workspace_requests"].samples
        if one.name == "workspace_requests_total"
    }


async def test_requests_are_counted_by_door_operation_and_outcome(served: Listening, http: httpx2.AsyncClient) -> None:
    before = await samples(http)
    await http.get("/api/v1/files/nothing.md")
    await http.get("/api/v1/made/up/by/a/caller")
    await http.get("/files/", headers={"Accept": "text/html"})
    async with Client(f"{served.url}/mcp?agent=ada") as client:
        await client.call_tool("list_files", {})
        await client.call_tool("read_file", {"path": "nothing.md"})
        await client.call_tool("made_up", {})
    after = await samples(http)
    grown = {key for key, count in after.items() if count > before.get(key, 0)}
    assert {
        ("http", "read_content", "not_found"),
        ("http", "unknown", "not_found"),
        ("mcp", "list_files", "ok"),
        ("mcp", "read_file", "not_found"),
        ("mcp", "unknown", "invalid_argument"),
    } <= grown
    assert any(door == "web" for door, _, _ in grown)


async def test_methods_of_mcp_are_counted_by_their_names_unless_made_up(http: httpx2.AsyncClient) -> None:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "c", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    listing = ("tools/list", "resources/list", "prompts/list", "events/list")
    for method in ("made/up", *listing):
        headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": method, "accept": "application/json"}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": meta}}
        answer = await http.post("/mcp", json=body, headers=headers)
        assert ("result" in answer.json()) is (method in listing), answer.text
    with anyio.fail_after(20):  # the last one is counted once its answer is out
        counted: set[tuple[str, ...]] = set()
        while not {("mcp", method, "ok") for method in listing} <= counted:
            await anyio.sleep(0.01)
            counted = {*await samples(http)}
    assert not any(operation == "made/up" for _, operation, _ in counted)


async def test_callers_make_no_series(http: httpx2.AsyncClient) -> None:
    await http.get("/api/v1/files/first.md")
    await http.get("/api/v1/x")
    await http.get("/x")
    before = await samples(http)
    for number in range(20):
        await http.get(f"/api/v1/files/{number}.md", headers={"X-Agent": f"agent-{number}"})
        await http.get(f"/api/v1/x{number}")
        await http.get(f"/x{number}")
    assert {*await samples(http)} == {*before}


async def test_a_request_carries_an_id_from_end_to_end(
    served: Listening, http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "workspace_server.interfaces.arrival"):
        put = await http.put("/api/v1/files/a.md?overwrite=true", content=b"a", headers={"X-Request-Id": "of-ada-7"})
        refused = await http.get("/api/v1/files/nothing.md")
    assert put.headers["x-request-id"] == "of-ada-7"
    first, second = (record.__dict__["facts"] for record in caplog.records)
    assert first | {"duration_ms": 0} == {
        "request_id": "of-ada-7",
        "door": "http",
        "operation": "put_content",
        "outcome": "ok",
        "status": put.status_code,
        "duration_ms": 0,
        "agent": "ada",
        "token": None,
        "address": "127.0.0.1",
    }
    assert (second["outcome"], second["status"], second["request_id"]) == (
        "not_found",
        404,
        refused.headers["x-request-id"],
    )
    assert [record.levelname for record in caplog.records] == ["DEBUG", "INFO"]
    rows = await served.engine.db.read(lambda tx: tx.all("SELECT address, call_id FROM audit WHERE agent = 'ada'"))
    assert tuple(rows[-1]) == ("127.0.0.1", "of-ada-7")


async def test_what_no_door_is_asked_has_an_id_and_is_counted_and_logged_too(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tool = "https://tool.example"
    async with (
        listening(folder, cors_origins=(tool,), trusted_proxies=("127.0.0.1",)) as served,
        httpx2.AsyncClient(base_url=served.url, headers={"X-Forwarded-For": "192.0.2.9"}) as http,
    ):
        before = await samples(http)
        with caplog.at_level(logging.DEBUG, "workspace_server.interfaces.arrival"):
            asked = {"Origin": tool, "Access-Control-Request-Method": "GET", "X-Request-Id": "of-a-page"}
            told = await http.options("/api/v1/files", headers=asked)
            refused = await http.get("/", headers={"Origin": tool})
        after = await samples(http)
    assert told.headers["x-request-id"] == "of-a-page"
    assert "x-request-id" in refused.headers["access-control-expose-headers"]
    said = [record.__dict__["facts"] for record in caplog.records]
    assert [(one["request_id"], one["outcome"], one["address"]) for one in said] == [
        ("of-a-page", "ok", "192.0.2.9"),
        (refused.headers["x-request-id"], "forbidden", "192.0.2.9"),
    ]
    grown = {key for key, count in after.items() if count > before.get(key, 0)}
    assert {("http", "unknown", "ok"), ("web", "unknown", "forbidden")} <= grown


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, "a\tb", "§"])
async def test_an_id_that_cannot_stand_in_a_log_gives_way_to_one_of_ours(http: httpx2.AsyncClient, given: str) -> None:
    answer = await http.get("/healthz", headers={b"x-request-id": given.encode()})
    assert len(answer.headers["x-request-id"]) == 16


async def test_a_refused_token_is_in_the_audit_log_by_its_public_id(
    served: Listening, http: httpx2.AsyncClient
) -> None:
    token = f"wst_{'ab' * 6}_{'s' * 43}"
    assert (await http.get("/api/v1/files", headers={"Authorization": f"Bearer {token}"})).status_code == 401
    assert (await http.get("/api/v1/files", headers={"X-Admin-Key": "wrong"})).status_code == 401
    assert (await http.get("/api/v1/files", headers={"Origin": "https://evil.example"})).status_code == 403
    await served.engine.auditing.flush()
    rows = await served.engine.db.read(lambda tx: tx.all("SELECT action, subject, address FROM audit"))
    assert [tuple(row) for row in rows if row[0].startswith("refused")] == [
        ("refused: unauthenticated", "ab" * 6, "127.0.0.1"),
        ("refused: unauthenticated", None, "127.0.0.1"),
        ("refused: origin", None, "127.0.0.1"),
    ]


def record(message: str, **facts: object) -> logging.LogRecord:
    made = logging.LogRecord("workspace_server.x", logging.WARNING, __file__, 1, message, None, None)
    made.facts = facts
    return made


NASTY = "a\n2026-12-01T00:00:00.000Z error   forged\r\x1b[2J\u202e\u2028.md"


def test_no_name_makes_a_line_of_its_own() -> None:
    text = TextLines().format(record(f"cannot read {NASTY}", path=NASTY))
    assert text.isprintable()
    said = JsonLines().format(record(f"cannot read {NASTY}", path=NASTY))
    assert said.isprintable()
    assert json.loads(said)["path"] == NASTY
    assert json.loads(said).keys() == {"time", "level", "logger", "message", "path"}


def test_a_traceback_cannot_be_taken_for_lines_of_the_log() -> None:
    made = record("failed")
    try:
        raise ValueError(NASTY)
    except ValueError as error:
        made.exc_info = (type(error), error, error.__traceback__)
    first, *rest = TextLines().format(made).split("\n")
    assert first.endswith("warning failed")
    assert all(line.startswith("  | ") and line.isprintable() for line in rest)
    assert "ValueError" in json.loads(JsonLines().format(made))["error"]


async def test_a_login_and_a_logout_stand_in_the_audit_log(folder: Path) -> None:
    async with listening(folder) as served, httpx2.AsyncClient(base_url=served.url) as browser:
        made = await browser.post("/api/v1/tokens", json={"agent": "ada"}, headers={"X-Admin-Key": ADMIN_KEY})
        origin = {"Origin": served.url}
        fields = {"token": served.guard.login_form_token}
        await browser.post("/login", data=fields | {"bearer": "wrong"}, headers=origin)
        await browser.post("/login", data=fields | {"bearer": made.json()["token"]}, headers=origin)
        ticket = served.guard.new_ticket()
        await browser.get("/admission", params={"ticket": ticket})
        await browser.get("/admission", params={"ticket": ticket})
        await served.engine.auditing.flush()
        rows = await served.engine.db.read(lambda tx: tx.all("SELECT action, agent, door, token, address FROM audit"))
    assert {tuple(row) for row in rows if row[0] == "log_in" or row[0].startswith("refused")} == {
        ("log_in", "ada", "web", made.json()["id"], "127.0.0.1"),
        ("log_in", "owner", "web", None, "127.0.0.1"),
        ("refused: unauthenticated", "anonymous", "web", None, "127.0.0.1"),
        ("refused: forbidden", "anonymous", "web", None, "127.0.0.1"),
    }


async def test_the_page_on_metrics_names_those_that_there_are(http: httpx2.AsyncClient) -> None:
    page = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8").split("## Metrics")[1].split("\n## ")[0]
    await http.get("/metrics")  # requests have labels once there was one
    families = list(text_string_to_metric_families((await http.get("/metrics")).text))
    for family in families:
        if family.name.startswith("workspace_request"):
            labels = ", ".join(f"`{name}`" for name in sorted({*family.samples[0].labels} - {"le"}))
            assert f"| `{family.name}` | {family.type} | {labels} | {family.documentation} |" in page
    there = {family.name for family in families} | {"workspace_requests_total"}
    named: set[str] = set()
    for row in re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE):
        first, *rest = re.findall(r"`([a-z_…]+)`", row)
        named |= {first, *(one.replace("…", first.rpartition("_")[0]) for one in rest)} - {"process_…"}
    assert named - there == set()
    assert len(named) > 20


@pytest.mark.parametrize(("fails", "outcome"), [(False, "499"), (True, "500")])
async def test_a_client_that_went_away_unanswered_is_no_fault_of_ours(fails: bool, outcome: str) -> None:
    async def app(*_: object) -> None:
        if fails:
            raise RuntimeError

    async def never() -> dict[str, Any]:
        return {}

    async def nowhere(_: object) -> None:
        return

    metrics = Metrics()
    scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": [], "client": ("127.0.0.1", 9)}
    with contextlib.suppress(RuntimeError):
        await ArrivalMiddleware(app, metrics)(scope, never, nowhere)
    assert f'outcome="{outcome}"' in await asyncio.to_thread(metrics.text, {})
