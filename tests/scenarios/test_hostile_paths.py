"""Paths that a shared workspace must survive, through every tool and every route of a real server."""

import contextlib
import http.client
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from mcp import Client

from tests.processes import serving

DATA = Path(__file__).parents[1] / "data" / "hostile_paths.json"
ENTRIES: list[dict[str, Any]] = [
    entry
    for entry in json.loads(DATA.read_text("utf-8"))["paths"]
    if "race" not in entry.get("setup", {})  # those hold only while somebody changes the folder; see test_tree
]
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "hostile", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
REFUSALS = {"invalid_path", "not_found", "is_directory", "invalid_argument", "name_taken", "forbidden"}

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]


def tool_calls(path: str) -> list[tuple[str, dict[str, Any]]]:
    """Return every tool call that takes a path, where a file is meant."""
    return [
        ("read_file", {"path": path}),
        ("write_file", {"path": path, "content": "x", "overwrite": True}),
        ("write_file", {"path": path, "content": "x", "append": True}),
        ("edit_file", {"path": path, "edits": [{"old_text": "x", "new_text": "y"}]}),
        ("move_file", {"path": path, "to": "moved-away.md"}),
        ("move_file", {"path": "seed.md", "to": path, "copy": True, "overwrite": True}),
        ("commit_files", {"changes": [{"op": "write", "path": path, "content": "x", "overwrite": True}]}),
        ("commit_files", {"changes": [{"op": "move", "path": "seed.md", "to": path, "copy": True, "overwrite": True}]}),
        ("file_history", {"path": path}),
        ("restore_file", {"path": path}),
        ("describe_file", {"path": path}),
        ("delete_file", {"path": path}),
    ]


def lenient_calls(path: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the calls that take patterns and directories as well: they may find nothing, and must not fail."""
    return [
        ("list_files", {"path": path}),
        ("lock_files", {"paths": [path], "ttl_seconds": 5}),
        ("unlock_files", {"paths": [path]}),
        ("list_locks", {"path": path}),
        ("search", {"query": "x", "path": path}),
        ("query_facts", {"query": "x", "path": path}),
        ("wait_for", {"files": [path], "timeout_seconds": 0}),
        ("list_events", {"path": path}),
        ("add_job", {"queue": "hostile", "instructions": "look", "inputs": [path]}),
        ("create_trigger", {"name": "hostile", "files": [path], "queue": "hostile"}),
        (
            "write_file",
            {"path": "seed.md", "content": "x", "overwrite": True, "sources": [{"path": path, "version": 1}]},
        ),
    ]


def requests(path: str) -> list[tuple[str, str, bytes | None]]:
    """Return every HTTP request that names a file in its path."""
    try:
        raw = quote(path, safe="/")
    except UnicodeEncodeError:
        raw = quote(path.encode("utf-8", "surrogatepass"), safe="/")
    body = json.dumps({"edits": [{"old_text": "x", "new_text": "y"}]}).encode()
    return [
        ("PUT", f"/api/v1/files/{raw}?overwrite=true", b"x"),
        ("GET", f"/api/v1/files/{raw}", None),
        ("HEAD", f"/api/v1/files/{raw}", None),
        ("PATCH", f"/api/v1/files/{raw}", body),
        ("GET", f"/api/v1/files/{raw}:history", None),
        ("GET", f"/api/v1/files/{raw}:describe", None),
        ("POST", f"/api/v1/files/{raw}:copy", json.dumps({"to": "copied.md", "overwrite": True}).encode()),
        ("GET", f"/files/{raw}", None),
        ("GET", f"/files/{raw}?view=history", None),
        ("DELETE", f"/api/v1/files/{raw}", None),
        ("GET", f"/api/v1/files?path={quote(path.encode('utf-8', 'surrogatepass'), safe='')}", None),
    ]


def encodable(arguments: dict[str, Any]) -> bool:
    try:
        json.dumps(arguments, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


class Doors:
    """A server, an MCP client and an HTTP connection, with a look at what must stay untouched."""

    def __init__(self, url: str, outside: Path, client: Client) -> None:
        self._client = client
        self._address = urlsplit(url)
        self._outside = outside
        self._before = self._seen()

    async def call(self, tool: str, arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Call a tool; return whether it was accepted, and its answer."""
        if not encodable(arguments):
            return self._call_raw(tool, arguments)
        result = await self._client.call_tool(tool, arguments)
        block = result.content[0]
        text = getattr(block, "text", "{}")
        return not result.is_error, json.loads(text)

    def _call_raw(self, tool: str, arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Send what no client can: text that is not valid Unicode, escaped as JSON allows."""
        params = {"name": tool, "arguments": arguments, "_meta": META}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
        status, answer = self.send("POST", "/mcp?agent=hostile", body)
        assert status < 500, (tool, arguments, answer)
        if status >= 400:
            return False, {"code": "invalid_argument"}
        result = json.loads(answer)["result"]
        return not result.get("isError"), json.loads(result["content"][0]["text"])

    def send(self, method: str, target: str, body: bytes | None) -> tuple[int, bytes]:
        """Send one request; return status and body."""
        connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=30)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Accept", "application/json, text/event-stream")
            if target.startswith("/mcp"):
                connection.putheader("MCP-Protocol-Version", META["io.modelcontextprotocol/protocolVersion"])
                connection.putheader("MCP-Method", "tools/call")
                connection.putheader("MCP-Name", json.loads(body or b"{}")["params"]["name"])
            connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def check_outside(self, entry: dict[str, Any]) -> None:
        """Fail when anything outside the workspace was touched."""
        assert self._seen() == self._before, entry

    def _seen(self) -> dict[str, bytes]:
        files = [path for path in self._outside.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files} | {str(p): b"" for p in self._outside.iterdir()}


@contextlib.asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[Doors]:
    outside = tmp_path / "outside"
    (outside / "root-evil").mkdir(parents=True)
    (outside / "secret").write_text("secret")
    folder = outside / "root"
    folder.mkdir()
    for entry in ENTRIES:
        set_up(folder, entry.get("setup", {}))
    # The workspace itself lies in the folder that must stay as it is, so it is served from beside it.
    served = tmp_path / "outside-link"
    folder.rename(served)
    with serving(served) as server:
        async with Client(server.url + "/mcp?agent=hostile") as client:
            found = Doors(server.url, outside, client)
            assert (await found.call("write_file", {"path": "seed.md", "content": "seed"}))[0]
            assert (await found.call("write_file", {"path": "a/b/f", "content": "f"}))[0]
            yield found


def set_up(folder: Path, setup: dict[str, Any]) -> None:
    for name, target in setup.get("symlink", {}).items():
        (folder / name).symlink_to(target)
    if "fifo" in setup:
        os.mkfifo(folder / setup["fifo"])
    if "mknod" in setup:
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as special, _inside(folder):
            special.bind(setup["mknod"])
    if "file" in setup:
        (folder / setup["file"]).write_text("file")


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    here = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)


async def test_every_tool_treats_every_path_as_it_should(tmp_path: Path) -> None:
    async with opened(tmp_path) as doors:
        for entry in ENTRIES:
            path, expect = entry["path"], entry["expect"]
            for tool, arguments in tool_calls(path):
                accepted, answer = await doors.call(tool, arguments)
                if expect == "reject":
                    assert not accepted, (entry, tool)
                    assert answer["code"] in REFUSALS, (entry, tool, answer)
                if expect.startswith("accept") and tool in {"write_file", "read_file"} and tool != "read_file":
                    assert accepted, (entry, tool, answer)
                assert accepted or answer["code"] != "internal", (entry, tool, answer)
            for tool, arguments in lenient_calls(path):
                accepted, answer = await doors.call(tool, arguments)
                assert accepted or answer["code"] not in {"internal", "unavailable"}, (entry, tool, answer)
                await doors.call("delete_trigger", {"name": "hostile"})
            doors.check_outside(entry)


async def test_every_route_treats_every_path_as_it_should(tmp_path: Path) -> None:
    async with opened(tmp_path) as doors:
        for entry in ENTRIES:
            path, expect = entry["path"], entry["expect"]
            for method, target, body in requests(path):
                status, answer = doors.send(method, target, body)
                assert status < 500, (entry, method, target, answer)
                if expect == "reject" and not target.startswith("/api/v1/files?"):
                    assert status in {400, 403, 404, 405, 409}, (entry, method, target, status, answer)
                if expect.startswith("accept") and method in {"PUT", "GET"} and "?path=" not in target:
                    assert status in {200, 201}, (entry, method, target, status, answer)
                if target.startswith("/files/"):
                    assert b"<img src=x onerror" not in answer, entry
                    assert b"<svg onload=alert" not in answer, entry
            doors.check_outside(entry)


async def test_both_doors_decide_alike(tmp_path: Path) -> None:
    async with opened(tmp_path) as doors:
        for entry in ENTRIES:
            if entry["class"] == "encoding" or "setup" in entry:
                continue  # HTTP decodes once, so the same string is another path there
            path = entry["path"]
            accepted, answer = await doors.call("write_file", {"path": path, "content": "x", "overwrite": True})
            status, body = doors.send(*requests(path)[0])
            assert accepted == (status in {200, 201}), (entry, answer, status, body)
            await doors.call("delete_file", {"path": path})
