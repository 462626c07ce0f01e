"""Many processes on one folder, in any order, killed at any time: one owner, and nothing acknowledged is lost."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.subscriptions import ResourceUpdated

from tests.agents import HANDSHAKE, Agent
from tests.processes import PROGRAM, Serving, clean_environment, run, serving
from workspace_server.app import owner
from workspace_server.storage.upkeep.integrity import find_damage

pytestmark = pytest.mark.unmeasured
AGENTS = 4
SWARM = 20
GONE_S = 30.0


@pytest.fixture
def folder(folder: Path) -> Iterator[Path]:
    """A folder whose background owner is ended after the test."""
    yield folder
    end_owner(folder)


def end_owner(folder: Path) -> None:
    record = owner.current(folder)
    if record is None:
        return
    os.kill(record.pid, signal.SIGTERM)
    until_gone(folder, record.pid)


def until_gone(folder: Path, pid: int) -> None:
    deadline = time.monotonic() + GONE_S
    while (record := owner.current(folder)) is not None and record.pid == pid:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def owner_pid(folder: Path) -> int:
    record = owner.current(folder)
    assert record is not None
    return record.pid


def test_many_started_at_once_on_a_fresh_folder_share_one_owner(folder: Path) -> None:
    agents = [Agent(folder) for _ in range(AGENTS)]
    with ExitStack() as stack:
        for agent in agents:
            stack.enter_context(agent)
        for number, agent in enumerate(agents):
            assert agent.call("write_file", path=f"{number}.md", content="x")["version"] == 1
        assert all(str(number) in agents[0].call("list_files")["tree"] for number in range(AGENTS))
        owners = (folder / ".workspace/server.log").read_text().count("Started server process")
        assert owners == 1


def test_twenty_started_at_once_lose_nothing_when_some_of_them_and_their_owner_are_killed(folder: Path) -> None:
    """One server at a time, nothing acknowledged lost, and no process left once the last one has gone."""
    swarm(folder, SWARM)


def swarm(folder: Path, count: int, kills: int = 1) -> dict[str, str]:
    """Start *count* processes on a fresh folder at once, kill every fourth and the owner; return what was acknowledged.

    Args:
        kills: How often the owner is killed, each time while all that are left write.
    """
    (folder / ".workspace").mkdir(mode=0o700)
    (folder / ".workspace" / "config.toml").write_text("idle_seconds = 1\n")
    agents = [Agent(folder) for _ in range(count)]  # none is spoken to before the last one is started
    for agent in agents:
        agent.__enter__()
    acknowledged: dict[str, str] = {}
    owners = {owner_pid(folder)}
    for number, agent in enumerate(agents):
        path = f"{number}/first.md"
        assert agent.call("write_file", path=path, content=path)["version"] == 1
        acknowledged[path] = path
    for doomed in agents[::4]:
        doomed.begin("write_file", path="doomed.md", content="x", append=True)
        doomed.process.kill()
    left = [agent for number, agent in enumerate(agents) if number % 4]
    for time_ in range(kills):
        calls = {f"{number}/{time_}.md": agent for number, agent in enumerate(left)}
        begun = {path: agent.begin("write_file", path=path, content=path) for path, agent in calls.items()}
        os.kill(owner_pid(folder), signal.SIGKILL)
        for path, agent in calls.items():
            assert agent.finish(begun[path])["version"] == 1
            acknowledged[path] = path
        owners.add(owner_pid(folder))
    assert len(owners) == kills + 1
    for agent in agents:
        agent.end()
    # The owner ends by itself: it was told to be idle for a second only, and nothing is due.
    until(lambda: owner.current(folder) is None)
    until(lambda: not any(map(is_alive, owners)))
    assert {path: (folder / path).read_text() for path in acknowledged} == acknowledged
    assert not [str(one) for one in find_damage(folder)]
    return acknowledged


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_agents_that_give_no_name_get_one_each(folder: Path) -> None:
    with Agent(folder) as first, Agent(folder) as second, Agent(folder, "--agent", "crew/alice") as third:
        for number, agent in enumerate((first, second, third)):
            agent.call("write_file", path=f"{number}.md", content="x")
        rows = first.call("list_files", detail="full")["files"]
    assert {row["modified_by"] for row in rows} == {"test-client-1", "test-client-2", "crew/alice"}


def test_a_reserved_name_is_refused_at_the_start(folder: Path) -> None:
    agent = Agent(folder, "--agent", "server")
    agent.ask("initialize", {})
    assert agent.process.wait(timeout=GONE_S) == 1
    agent.end()


def test_no_acknowledged_write_is_lost_and_none_is_made_twice_when_the_owner_is_killed(folder: Path) -> None:
    acknowledged: dict[int, list[str]] = {number: [] for number in range(AGENTS)}
    enough = threading.Event()

    def append(number: int, agent: Agent) -> None:
        count = 0
        while not enough.is_set():
            line = f"{number}:{count}\n"
            assert "version" in agent.call("write_file", path="log.md", content=line, append=True)
            acknowledged[number].append(line)
            count += 1

    with ExitStack() as stack:
        agents = [stack.enter_context(Agent(folder)) for _ in range(AGENTS)]
        threads = [threading.Thread(target=append, args=pair) for pair in enumerate(agents)]
        for thread in threads:
            thread.start()
        killed = []
        for _ in range(3):
            before = sum(map(len, acknowledged.values()))
            until(lambda before=before: sum(map(len, acknowledged.values())) > before + 20)
            killed.append(owner_pid(folder))
            os.kill(killed[-1], signal.SIGKILL)
            until(lambda: (record := owner.current(folder)) is not None and record.pid not in killed)
        enough.set()
        for thread in threads:
            thread.join()
        lines = agents[0].read("log.md").splitlines(keepends=True)
        versions = agents[0].call("list_files", detail="full")["files"][0]["version"]
    assert sorted(lines) == sorted(line for said in acknowledged.values() for line in said)
    assert versions == len(lines)
    assert (folder / "log.md").read_text() == "".join(lines)
    assert len(set(killed)) == 3


def until(holds) -> None:
    deadline = time.monotonic() + GONE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_agent_keeps_its_name_and_its_lock_under_the_next_owner(folder: Path) -> None:
    with Agent(folder) as agent, Agent(folder) as other:
        lock = agent.call("lock_files", paths=["plan.md"])["lock"]
        os.kill(owner_pid(folder), signal.SIGKILL)
        assert other.call("write_file", path="plan.md", content="theirs")["code"] == "locked"
        assert agent.call("write_file", path="plan.md", content="mine", lock=lock)["version"] == 1


def test_a_living_process_keeps_its_lock_and_a_stopped_one_loses_it(folder: Path) -> None:
    with Agent(folder) as agent, Agent(folder) as other:

        def left() -> int:
            return max([row["expires_in_seconds"] for row in other.call("list_locks")["locks"]], default=0)

        lock = agent.call("lock_files", paths=["plan.md"], ttl_seconds=5)["lock"]
        for _ in range(2):  # it runs down, and the process keeps it, without a call
            until(lambda: left() <= 3)
            until(lambda: left() >= 4)
        agent.process.send_signal(signal.SIGSTOP)
        until(lambda: left() == 0)
        taken = other.call("lock_files", paths=["plan.md"], wait_seconds=50)
        agent.process.send_signal(signal.SIGCONT)
        refusal = agent.call("write_file", path="plan.md", content="late", lock=lock, overwrite=True)
        assert (refusal["code"], refusal["reason"], taken["fence"]) == ("lock_lost", "expired", 2)


def test_who_waits_for_a_lock_goes_on_waiting_under_the_next_owner(folder: Path) -> None:
    with Agent(folder) as holder, Agent(folder) as waiting:
        lock = holder.call("lock_files", paths=["plan.md"])["lock"]
        call = waiting.begin("lock_files", paths=["plan.md"], wait_seconds=50)
        until(lambda: len(holder.call("list_locks")["waiting"]) == 1)
        os.kill(owner_pid(folder), signal.SIGKILL)
        until(lambda: len(holder.call("list_locks")["waiting"]) == 1)
        holder.call("unlock_files", lock=lock)
        assert waiting.finish(call)["fence"] == 2


def test_a_killed_process_leaves_the_line(folder: Path) -> None:
    with Agent(folder) as holder, Agent(folder) as next_one:
        lock = holder.call("lock_files", paths=["a.md"])["lock"]
        doomed = Agent(folder).__enter__()
        doomed.begin("lock_files", paths=["a.md", "b.md"], wait_seconds=50)
        until(lambda: len(holder.call("list_locks")["waiting"]) == 1)
        assert next_one.call("lock_files", paths=["b.md"])["code"] == "locked"
        doomed.process.kill()
        doomed.end()
        assert next_one.call("lock_files", paths=["b.md"], wait_seconds=50)["paths"] == ["b.md"]
        holder.call("unlock_files", lock=lock)


def test_a_client_that_uses_a_number_twice_gets_two_answers(folder: Path) -> None:
    with Agent(folder) as agent:
        for name in ("one.md", "two.md"):
            call = {"name": "write_file", "arguments": {"path": name, "content": name}}
            assert agent.finish(agent.ask("tools/call", call, number=7))["path"] == name
        assert agent.read("two.md") == "two.md"


def test_a_killed_process_hurts_nobody_else(folder: Path) -> None:
    with Agent(folder) as staying:
        doomed = Agent(folder).__enter__()
        doomed.begin("wait_for", files=["never.md"], timeout_seconds=50)
        doomed.process.kill()
        doomed.end()
        assert staying.call("write_file", path="a.md", content="x")["version"] == 1


def test_a_call_in_flight_is_answered_by_the_next_owner(folder: Path) -> None:
    with Agent(folder) as waiting, Agent(folder) as writing:
        call = waiting.begin("wait_for", files=["late.md"], timeout_seconds=50)
        assert writing.call("list_files")["seq"] == 0
        os.kill(owner_pid(folder), signal.SIGKILL)
        writing.call("write_file", path="late.md", content="x")
        assert waiting.finish(call)["status"] == "ready"


def test_a_handshake_that_came_too_late_is_not_repeated_to_the_next_owner(folder: Path) -> None:
    """It would make that owner take the client for one of the older protocol."""
    modern = {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "modern", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    }
    agent = Agent(folder)
    assert agent.answer(agent.ask("tools/list", modern))["result"]["tools"]
    agent.answer(agent.ask("initialize", HANDSHAKE))
    os.kill(owner_pid(folder), signal.SIGKILL)

    assert agent.answer(agent.ask("tools/list", modern))["result"]["tools"]
    assert agent.end() == 0


def test_a_subscription_outlives_its_owner(folder: Path) -> None:
    with Agent(folder) as watching, Agent(folder) as writing:
        watching.answer(watching.ask("resources/subscribe", {"uri": "workspace:///plan.md"}))
        os.kill(owner_pid(folder), signal.SIGKILL)
        until(lambda: owner.current(folder) is not None)
        watching.call("list_files")
        writing.call("write_file", path="plan.md", content="x")
        until(lambda: "notifications/resources/updated" in [notice["method"] for notice in watching.notices])


@pytest.mark.anyio
@pytest.mark.blocking  # it kills a process
async def test_who_listens_is_told_to_listen_anew_when_its_owner_dies(folder: Path) -> None:
    stdio = StdioServerParameters(
        command=PROGRAM[0], args=[*PROGRAM[1:], "stdio", str(folder)], env=clean_environment()
    )
    watched = ["workspace:///plan.md"]
    async with Client(stdio_client(stdio)) as client:
        async with client.listen(resource_subscriptions=watched) as heard:
            os.kill(owner_pid(folder), signal.SIGKILL)
            with anyio.fail_after(GONE_S):
                assert [event async for event in heard] == []
        async with client.listen(resource_subscriptions=watched) as heard:
            await client.call_tool("write_file", {"path": "plan.md", "content": "x"})
            with anyio.fail_after(GONE_S):
                assert await anext(heard) == ResourceUpdated(uri="workspace:///plan.md")


def test_a_stream_of_events_ends_with_its_owner_and_goes_on_from_its_cursor(folder: Path) -> None:
    with Agent(folder) as reading, Agent(folder) as writing:
        stream = reading.ask("events/stream", {"name": "file.created"})
        until(lambda: "notifications/events/active" in [notice["method"] for notice in reading.notices])
        cursor = reading.notices[-1]["params"]["cursor"]
        os.kill(owner_pid(folder), signal.SIGKILL)
        reading.answer(stream)
        writing.call("write_file", path="meanwhile.md", content="x")
        reading.ask("events/stream", {"name": "file.created", "cursor": cursor})
        until(lambda: "notifications/events/event" in [notice["method"] for notice in reading.notices])
        assert reading.notices[-1]["params"]["data"]["path"] == "meanwhile.md"


def test_serve_takes_over_from_a_background_owner_and_agents_go_on(folder: Path) -> None:
    with Agent(folder) as agent:
        agent.call("write_file", path="a.md", content="x")
        background = owner_pid(folder)
        with serving(folder) as server:
            assert server.pid != background
            assert owner_pid(folder) == server.pid
            assert agent.call("write_file", path="b.md", content="x")["url"].startswith(server.url)


def test_a_second_serve_is_refused_and_names_the_first(folder: Path) -> None:
    with serving(folder) as first:
        second = run("serve", folder, "--port", "0")
        assert second.returncode == 1
        assert str(first.pid) in second.stderr
        assert first.url in second.stderr


def test_serve_drains_and_exits_cleanly_though_clients_listen(folder: Path) -> None:
    server = Serving(folder)
    server.start()
    with Agent(folder) as agent:
        agent.answer(agent.ask("resources/subscribe", {"uri": "workspace:///plan.md"}))
        assert server.stop() == 0


def test_idle_clients_let_their_owner_be_stopped(folder: Path) -> None:
    with Agent(folder) as agent:
        agent.call("list_files")
        assert run("stop", "--dir", folder).returncode == 0
        assert owner.current(folder) is None
        assert agent.call("list_files")["seq"] == 0
        assert owner.current(folder) is not None


def test_what_is_too_long_for_a_line_is_refused_where_the_model_sees_it(folder: Path) -> None:
    with Agent(folder) as agent:
        refusal = agent.call("write_file", path="big.txt", content="x" * (17 << 20))
        assert refusal["code"] == "too_large"
        record = owner.current(folder)
        assert record is not None
        assert f"PUT {record.url}/api/v1/files/" in refusal["hint"]
        assert agent.call("list_files")["seq"] == 0


def test_a_deep_folder_has_a_socket_too(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    try:
        with Agent(deep) as agent:
            assert agent.call("list_files")["seq"] == 0
    finally:
        end_owner(deep)


def test_lines_that_are_no_messages_are_answered_and_harm_nothing(folder: Path) -> None:
    with Agent(folder) as agent:
        assert agent.process.stdin is not None
        number = agent.ask("tools/call", {"name": "read_file", "arguments": ["a.md"]})
        assert json.loads(agent.answer(number)["result"]["content"][0]["text"])["argument"] == "arguments"
        number = agent.ask("no/such/method", {})
        assert agent.answer(number)["error"]["code"] == -32601
