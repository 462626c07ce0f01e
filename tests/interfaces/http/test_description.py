"""The API's description holds every route and nothing else; health and metrics answer."""

import json
import re

import httpx2
import pytest

from tests.interfaces.listening import Listening
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.http.api import Api

pytestmark = pytest.mark.anyio


async def test_every_route_stands_in_the_description_and_the_other_way_round(
    served: Listening, client: httpx2.AsyncClient
) -> None:
    described = (await client.get("/openapi.json")).json()
    table = Api(served.engine, Guard()).table
    routed = {(entry.method.lower(), f"/api/v1{entry.template}") for entry in table.operations}
    named = {(method, path) for path, methods in described["paths"].items() for method in methods}

    assert named == routed
    assert len(routed) > 25


async def test_everything_in_the_description_is_described(client: httpx2.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    operations = [entry for methods in described["paths"].values() for entry in methods.values()]
    names = [entry["operationId"] for entry in operations]
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))

    assert described["openapi"] == "3.1.0"
    assert all(entry["summary"].endswith(".") for entry in operations)
    assert len(set(names)) == len(names)
    assert references <= set(described["components"]["schemas"])
    for path, methods in described["paths"].items():
        for entry in methods.values():
            placed = [one["name"] for one in entry["parameters"] if one["in"] == "path"]
            assert placed == re.findall(r"\{(\w+)\}", path)


async def test_the_server_says_that_it_is_well(served: Listening, client: httpx2.AsyncClient) -> None:
    health = await client.get(f"{served.url}/healthz")
    ready = await client.get(f"{served.url}/readyz")

    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert ready.json()["sandbox"] == list(served.engine.folder.extracting.sandbox())


async def test_a_workspace_that_cannot_be_read_is_not_ready_but_the_process_is_well(
    served: Listening, client: httpx2.AsyncClient
) -> None:
    del served.engine.status
    ready = await client.get(f"{served.url}/readyz")
    health = await client.get(f"{served.url}/healthz")

    assert (ready.status_code, ready.json()["error"]["code"]) == (503, "unavailable")
    assert health.status_code == 200


async def test_the_status_is_told(client: httpx2.AsyncClient) -> None:
    await client.put("/files/a.md", content=b"x")

    assert (await client.get("/status")).json()["files"] == 1


async def test_metrics_count_requests_by_operation_and_not_by_address(
    served: Listening, client: httpx2.AsyncClient
) -> None:
    for number in range(3):
        await client.put(f"/files/f{number}.md", content=b"x")
        await client.get(f"/made-up-{number}")
    text = (await client.get(f"{served.url}/metrics")).text

    assert 'workspace_requests_total{door="http",operation="put_content",outcome="ok"} 3.0' in text
    assert 'workspace_requests_total{door="http",operation="unknown",outcome="not_found"} 3.0' in text
    assert 'workspace_request_duration_seconds_count{door="http",operation="put_content"} 3.0' in text
    assert "\nworkspace_files 3.0\n" in text
    assert "made-up" not in text
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) .*|[a-zA-Z_]\w*(\{[^{}]*\})? [0-9.e+-]+", line), line
