"""One server process: where it listens, whom it lets in, how it ends."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from mcp import Client

from tests.agents import Agent
from tests.processes import Serving, run, serving
from workspace_server import config
from workspace_server.app import owner
from workspace_server.app.listening import PORTS_TRIED, address, listening
from workspace_server.app.server import SWITCH_S
from workspace_server.app.server import run as serve
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument, Unavailable
from workspace_server.storage.disk import filesystem

DOORS = ["/", "/mcp", "/files/a.md", "/api/v1/files", "/api/v1/events", "/healthz", "/readyz", "/metrics", "/admission"]
ENDED_S = 30.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


def test_the_default_port_when_taken_becomes_the_next_free_one() -> None:
    with listening(config.Settings(), "serve") as first, listening(config.Settings(), "serve") as second:
        ports = [listener.getsockname()[1] for listener in (first, second)]
    assert 8765 <= ports[0] < ports[1] <= 8765 + PORTS_TRIED


def test_a_background_owner_listens_where_the_last_owner_did_when_that_is_free() -> None:
    with listening(config.Settings(), "background") as first:
        port = first.getsockname()[1]
        with listening(config.Settings(), "background", last=port) as second:
            assert second.getsockname()[1] != port
    with listening(config.Settings(), "background", last=port) as again:
        assert again.getsockname()[1] == port


def test_a_port_that_was_asked_for_and_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = config.load(None, env={}, flags={"port": taken.getsockname()[1]})
        with pytest.raises(Unavailable), listening(settings, "serve"):
            pass


def test_addresses_are_written_as_people_call_them() -> None:
    assert address("127.0.0.1", 1) == "http://127.0.0.1:1"
    assert address("::1", 1) == "http://[::1]:1"
    assert address("localhost", 1) == "http://localhost:1"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "files.example"])  # noqa: S104 - refused here
def test_without_tokens_only_this_machine_is_listened_to(folder: Path, host: str) -> None:
    ended = run("serve", folder, "--host", host, "--port", "0")
    assert ended.returncode == 2
    assert "other machines" in ended.stderr


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("door", DOORS)
def test_no_door_opens_to_a_foreign_name_or_page(server: Serving, door: str, method: str) -> None:
    for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}):
        answer = httpx2.request(method, server.url + door, headers=headers)
        assert answer.status_code == 403, headers
        assert answer.json()["error"]["code"] == "forbidden"


@pytest.mark.anyio
@pytest.mark.blocking  # it reads what the server wrote
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_both_eras_are_served_on_one_address(server: Serving, mode: str) -> None:
    async with Client(f"{server.url}/mcp?agent={mode}-agent", mode=mode) as client:
        written = await client.call_tool("write_file", {"path": f"{mode}.md", "content": "x"})
        listed = await client.call_tool("list_files", {"pattern": f"{mode}.md", "detail": "full"})
    content: Any = written.structured_content
    assert content["url"] == f"{server.url}/files/{mode}.md"
    rows: Any = listed.structured_content
    assert rows["files"][0]["modified_by"] == f"{mode}-agent"
    assert (server.folder / f"{mode}.md").read_text() == "x"


@pytest.mark.anyio
@pytest.mark.blocking
async def test_addresses_in_answers_are_those_at_which_people_reach_the_server(folder: Path) -> None:
    (folder / ".workspace").mkdir(parents=True)
    (folder / ".workspace" / "config.toml").write_text('public_url = "https://files.example/"\n')
    with serving(folder) as server:
        async with Client(f"{server.url}/mcp?agent=ada") as client:
            written = await client.call_tool("write_file", {"path": "a b.md", "content": "x"})
            restored = await client.call_tool("restore_file", {"path": "a b.md", "version": 1, "overwrite": True})
        put = httpx2.put(f"{server.url}/api/v1/files/c.md", content=b"x").json()
    contents: list[Any] = [written.structured_content, restored.structured_content]
    assert [one["url"] for one in contents] == ["https://files.example/files/a%20b.md"] * 2
    assert put["url"] == "https://files.example/files/c.md"


def test_a_ticket_lets_a_browser_in_once(server: Serving) -> None:
    printed = run("open", "--dir", server.folder, "--print").stdout.strip()
    with httpx2.Client() as browser:
        entered = browser.get(printed)
        assert entered.status_code == 303
        assert entered.headers["location"] == "/"
        cookie = entered.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        again = browser.get(printed)
    assert again.status_code == 403
    record = owner.current(server.folder)
    assert record is not None
    assert record.admin_key not in printed + cookie


def test_only_the_key_gives_a_ticket(server: Serving) -> None:
    url = server.url + "/admission"
    assert httpx2.post(url).json()["error"]["code"] == "forbidden"
    assert httpx2.post(url, headers={"x-admin-key": "guess"}).json()["error"]["code"] == "unauthenticated"


@pytest.mark.anyio
@pytest.mark.blocking  # it starts and ends a process
async def test_streams_are_ended_when_the_server_ends(folder: Path) -> None:
    server = Serving(folder)
    server.start()
    async with Client(server.url + "/mcp") as client, client.listen(resource_subscriptions=["workspace:///a.md"]):
        assert server.stop() == 0


def test_an_event_feed_is_closed_in_order_when_the_server_ends(folder: Path) -> None:
    server = Serving(folder)
    server.start()
    feed = f"{server.url}/api/v1/events"
    with httpx2.stream("GET", feed, headers={"accept": "text/event-stream"}, timeout=ENDED_S) as answer:
        assert answer.status_code == 200
        assert server.stop() == 0
        for _ in answer.iter_raw():  # raises when the stream is cut instead of closed
            pass


def test_a_background_owner_ends_when_nobody_needs_it(folder: Path) -> None:
    state = owner.state_directory(folder)
    (state / "config.toml").write_text("idle_seconds = 1\n")
    with Agent(folder) as agent:
        agent.call("write_file", path="a.md", content="x")
        status = json.loads(run("status", "--dir", folder, "--json").stdout)
        assert status["background"]["stays"]
    deadline = time.monotonic() + ENDED_S
    while owner.current(folder) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not (state / "owner.sock").exists()
    assert not (state / "owner.json").exists()


def test_the_socket_and_the_key_are_for_this_user_only(server: Serving) -> None:
    state = server.folder / ".workspace"
    assert state.stat().st_mode & 0o077 == 0
    assert (state / "owner.sock").stat().st_mode & 0o077 == 0
    assert (state / "owner.json").stat().st_mode & 0o077 == 0
    assert urlsplit(server.url).hostname == "127.0.0.1"


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(folder: Path, by: signal.Signals) -> None:
    server = Serving(folder)
    server.start()
    assert server._process is not None
    server._process.send_signal(by)
    assert server._process.wait(ENDED_S) == 0


def test_a_folder_on_a_network_file_system_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("36 27 0:31 / / rw,relatime shared:1 - nfs4 files:/export rw\n", "utf-8")
    monkeypatch.setattr(filesystem, "MOUNTS", mounts)
    with pytest.raises(Unavailable) as refusal:
        serve(tmp_path / "new", config.Settings())
    assert "nfs4" in str(refusal.value)
    assert not (tmp_path / "new").exists()


def test_a_folder_inside_a_workspace_is_no_workspace_of_its_own(server: Serving) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        serve(server.folder / "deep" / "inside", config.Settings())
    assert str(server.folder.resolve()) in refusal.value.message
    assert not (server.folder / "deep").exists()


def test_no_thread_keeps_the_interpreter_from_a_save_for_long(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, signal, sys\n"
        "from workspace_server.app.server import run\n"
        "from workspace_server.config import load\n"
        "def announce(*_):\n"
        "    print(sys.getswitchinterval())\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "run(folder, load(folder, flags={'port': 0}), announce=announce)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=ENDED_S, check=True
    )

    assert float(done.stdout) == pytest.approx(SWITCH_S)


def test_the_system_keeps_so_much_of_an_answer_that_nobody_takes_and_no_more() -> None:
    with listening(config.Settings(), "serve") as listener, socket.create_connection(listener.getsockname()) as reader:
        connection, _ = listener.accept()
        with connection:
            kept = connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            assert LIMITS.unsent_bytes_max <= kept <= 2 * LIMITS.unsent_bytes_max
            assert reader.getpeername() == listener.getsockname()


def test_the_system_ends_a_connection_whose_other_end_takes_nothing() -> None:
    with listening(config.Settings(), "serve") as listener, socket.create_connection(listener.getsockname()) as reader:
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == LIMITS.unread_s * 1000
            assert reader.getpeername() == listener.getsockname()
