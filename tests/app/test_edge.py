"""What a request says of where it comes from, and which pages of other sites may ask."""

from collections.abc import Sequence
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from workspace_server.app.edge import EdgeMiddleware
from workspace_server.core.peers import Peers
from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.cors import cors
from workspace_server.interfaces.doorway import GuardMiddleware
from workspace_server.interfaces.guard import Guard

pytestmark = pytest.mark.anyio

PROXY = "10.0.0.1"
TOOL = "https://tool.example"


async def mirror(request: Request) -> JSONResponse:
    """Say what arrived."""
    kept = [name for name in request.headers if name.startswith("x-forwarded") or name in ("cookie", "origin")]
    client = request.client.host if request.client else None
    return JSONResponse({"client": client, "url": str(request.url), "kept": kept}, headers={"etag": '"1"'})


async def ask(
    *,
    peer: str = PROXY,
    origins: Sequence[str] = (),
    strict: bool = False,
    method: str = "GET",
    path: str = "/api/v1/files",
    **headers: Any,
) -> httpx2.Response:
    app = Starlette(
        routes=[Route("/{path:path}", mirror, methods=["GET", "POST"])],
        middleware=[
            Middleware(EdgeMiddleware, peers=Peers([PROXY]), strict=strict),
            *cors(origins),
            Middleware(GuardMiddleware, guard=Guard(public_url="https://files.example")),
        ],
    )
    transport = httpx2.ASGITransport(app=app, client=(peer, 4711))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.request(method, path, headers=sent)


FORWARDED: dict[str, Any] = {
    "x_forwarded_for": "192.0.2.9",
    "x_forwarded_proto": "https",
    "x_forwarded_host": "files.example",
}


async def test_a_trusted_proxy_says_where_a_request_comes_from() -> None:
    seen = (await ask(**FORWARDED)).json()
    assert seen == {"client": "192.0.2.9", "url": "https://files.example/api/v1/files", "kept": []}


async def test_nobody_else_does() -> None:
    seen = (await ask(peer="10.0.0.2", **FORWARDED)).json()
    assert seen == {"client": "10.0.0.2", "url": "http://127.0.0.1:8765/api/v1/files", "kept": []}


async def test_a_name_that_a_proxy_passes_on_is_checked_like_any_other() -> None:
    assert (await ask(x_forwarded_host="evil.example")).status_code == 403
    assert (await ask(host="evil.example", x_forwarded_host="files.example")).status_code == 200


async def test_browsers_are_told_to_keep_to_https_once_they_came_by_it() -> None:
    name = "strict-transport-security"
    assert name in (await ask(strict=True, **FORWARDED)).headers
    assert name not in (await ask(strict=True)).headers
    assert name not in (await ask(**FORWARDED)).headers


async def test_no_page_of_another_site_may_ask_unless_it_is_named() -> None:
    for origins in ((), (TOOL,)):
        refused = await ask(origin="https://evil.example", origins=origins)
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers


async def test_a_named_page_may_ask_and_read_the_answer_but_never_as_its_browser() -> None:
    answer = await ask(origin=TOOL, origins=[TOOL], cookie="workspace-login=1")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == TOOL
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["vary"] == "Origin"
    assert "etag" in answer.headers["access-control-expose-headers"]
    assert answer.json()["kept"] == []


@pytest.mark.parametrize("path", ["/", "/login", "/files/a.md", "/admission", "/s/abc", "/metrics"])
async def test_a_named_page_reaches_the_api_and_mcp_alone(path: str) -> None:
    refused = await ask(origin=TOOL, origins=[TOOL], path=path)
    assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "origin")


async def test_browsers_learn_beforehand_what_a_page_may_send() -> None:
    asked: dict[str, Any] = {
        "access_control_request_method": "PUT",
        "access_control_request_headers": "authorization,if-match",
    }
    told = await ask(method="OPTIONS", origin=TOOL, origins=[TOOL], **asked)
    assert told.status_code == 200
    assert "PUT" in told.headers["access-control-allow-methods"]
    foreign: dict[str, Any] = {**asked, "origin": "https://evil.example"}
    assert (await ask(method="OPTIONS", origins=[TOOL], **foreign)).status_code == 400
    keys = {**asked, "access_control_request_headers": "x-admin-key"}
    assert (await ask(method="OPTIONS", origin=TOOL, origins=[TOOL], **keys)).status_code == 400


@pytest.mark.parametrize(
    "origin",
    ["*", "https://*.example", "tool.example", "https://tool.example/", "null", "https://a@b", "ftp://x"],
)
async def test_an_origin_is_spelled_out(origin: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        cors([origin])
    assert refusal.value.facts["argument"] == "cors_origins"
