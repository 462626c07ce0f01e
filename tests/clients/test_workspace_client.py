"""The client library against a real server, which is killed while it is used."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from mcp import StdioServerParameters
from workspace_client import Workspace, WorkspaceError

from tests.processes import PROGRAM, Serving, run, serving

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]  # these tests wait for processes


@pytest.fixture
def server(folder: Path) -> Iterator[Serving]:
    with serving(folder) as running:
        yield running


async def test_a_file_is_written_read_edited_and_listed(server: Serving) -> None:
    async with Workspace(server.url, agent="ada") as workspace:
        written = await workspace.write_file("notes/a.md", "one\n", message="first")
        read = await workspace.read_file("notes/a.md")
        assert (read.text, read.version, read.header["modified_by"]) == ("one\n", written["version"], "ada")
        edited = await workspace.edit_file("notes/a.md", [{"old_text": "one", "new_text": "two"}])
        assert edited["version"] == 2
        assert [row["path"] for row in await workspace.list_files()] == ["notes/a.md"]
    assert (server.folder / "notes/a.md").read_text() == "two\n"


async def test_bytes_come_back_as_bytes(server: Serving) -> None:
    async with Workspace(server.url, agent="ada") as workspace:
        await workspace.call("write_file", path="x.bin", content="AP8=", encoding="base64")
        read = await workspace.read_file("x.bin", format="base64")
    assert (read.text, read.data) == (None, b"\x00\xff")


async def test_a_refusal_has_code_hint_and_facts(server: Serving) -> None:
    async with Workspace(server.url, agent="ada") as workspace:
        await workspace.write_file("a.md", "one\n")
        with pytest.raises(WorkspaceError) as refused:
            await workspace.write_file("a.md", "two\n")
    assert refused.value.code == "version_required"
    assert refused.value.facts["version"] == 1
    assert refused.value.hint


async def test_an_unknown_tool_is_refused_and_not_repeated(server: Serving) -> None:
    async with Workspace(server.url, agent="ada") as workspace:
        with pytest.raises(WorkspaceError) as refused:
            await workspace.call("frobnicate")
    assert (refused.value.code, refused.value.facts["argument"]) == ("invalid_argument", "name")


async def test_a_lock_is_held_inside_the_block_only(server: Serving) -> None:
    async with Workspace(server.url, agent="ada") as ada, Workspace(server.url, agent="bob") as bob:
        async with ada.locked("a.md", purpose="writing") as lock:
            with pytest.raises(WorkspaceError) as refused:
                await bob.write_file("a.md", "bob\n")
            assert (refused.value.code, refused.value.facts["agent"]) == ("locked", "ada")
            await ada.write_file("a.md", "ada\n", lock=lock)
        await bob.write_file("a.md", "bob\n", expect_version=1)


async def test_a_lock_that_somebody_holds_is_waited_for(server: Serving) -> None:
    async with Workspace(server.url, agent="ada") as ada, Workspace(server.url, agent="bob") as bob:
        with pytest.raises(WorkspaceError) as refused:
            async with ada.locked("a.md"), bob.locked("a.md", wait_seconds=2):
                raise AssertionError("both hold it")
        assert (refused.value.code, refused.value.facts["queue_position"]) == ("locked", 1)
        async with anyio.create_task_group() as tasks:
            held = await ada.call("lock_files", paths=["a.md"])

            async def unlock() -> None:
                while not (await ada.call("list_locks"))["waiting"]:  # noqa: ASYNC110 - nobody tells who waits
                    await anyio.sleep(0.01)
                await ada.call("unlock_files", lock=held["lock"])

            tasks.start_soon(unlock)
            async with bob.locked("a.md", wait_seconds=30) as lock:
                await bob.write_file("a.md", "bob\n", lock=lock)


async def test_a_lock_that_is_gone_already_ends_the_block_quietly(server: Serving) -> None:
    async with Workspace(server.url, agent="ada") as workspace, workspace.locked("a.md") as lock:
        await workspace.call("unlock_files", lock=lock.handle)


async def test_jobs_are_added_claimed_and_finished(server: Serving) -> None:
    async with Workspace(server.url, agent="ada") as workspace:
        assert await workspace.claim_job("queue") is None
        added = await workspace.add_job("queue", "do it")
        job = await workspace.claim_job("queue")
        assert job is not None
        assert (job["job"], job["instructions"]) == (added, "do it")
        assert (await workspace.finish_job(added))["state"] == "done"


async def test_a_wait_over_several_calls_ends_when_the_file_is_in(server: Serving) -> None:
    async with Workspace(server.url, agent="ada") as workspace, anyio.create_task_group() as tasks:

        async def write() -> None:
            await workspace.write_file("late.md", "here\n")

        tasks.start_soon(write)
        answer = await workspace.wait_for(["late.md"])
        assert answer["files"][0]["path"] == "late.md"


async def test_a_wait_that_is_over_says_what_is_missing(server: Serving) -> None:
    async with Workspace(server.url, agent="ada") as workspace:
        with pytest.raises(WorkspaceError) as over:
            await workspace.wait_for(["never.md"], timeout_s=1)
    assert over.value.code == "timeout"
    assert over.value.facts["missing"][0]["path"] == "never.md"


async def test_calls_survive_a_killed_server_and_take_effect_once(server: Serving) -> None:
    lines = [f"line {number}\n" for number in range(40)]
    async with Workspace(server.url, agent="ada") as workspace:
        await workspace.append("log.md", "begin\n")

        async def append_all() -> None:
            for line in lines:
                await workspace.append("log.md", line)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(append_all)
            await workspace.wait_for(["log.md"], since_seq=5)
            await anyio.to_thread.run_sync(server.kill)
            await anyio.to_thread.run_sync(server.start)
        assert (await workspace.read_file("log.md")).text == "begin\n" + "".join(lines)


async def test_a_server_that_stays_away_is_unavailable(server: Serving) -> None:
    async with Workspace(server.url, agent="ada", patience_s=0.5) as workspace:
        server.kill()
        with pytest.raises(WorkspaceError) as gone:
            await workspace.read_file("a.md")
    assert gone.value.code == "unavailable"
    assert gone.value.retryable


async def test_a_server_that_is_not_there_is_unavailable_at_once(unused_port: int) -> None:
    with pytest.raises(WorkspaceError) as gone:
        async with Workspace(f"http://127.0.0.1:{unused_port}", patience_s=0):
            raise AssertionError("unreachable")
    assert gone.value.code == "unavailable"


async def test_an_error_of_the_callers_own_comes_out_as_it_is(server: Serving) -> None:
    with pytest.raises(KeyError):
        async with Workspace(server.url, agent="ada"):
            raise KeyError("mine")


async def test_the_environment_says_where_and_who(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSPACE_URL", server.url + "/mcp")
    monkeypatch.setenv("WORKSPACE_AGENT", "carol")
    async with Workspace() as workspace:
        await workspace.write_file("a.md", "x\n")
        assert (await workspace.read_file("a.md")).header["modified_by"] == "carol"


async def test_without_an_address_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKSPACE_URL", raising=False)
    with pytest.raises(WorkspaceError, match="WORKSPACE_URL"):
        Workspace()


async def test_it_speaks_stdio_as_well(folder: Path) -> None:
    command = StdioServerParameters(command=PROGRAM[0], args=[*PROGRAM[1:], "stdio", str(folder), "--agent", "dora"])
    async with Workspace(command) as workspace:
        written = await workspace.write_file("a.md", "over stdio\n")
        assert (await workspace.read_file("a.md", version=written["version"])).text == "over stdio\n"


async def test_a_token_is_sent_over_http_and_stdio_and_a_refusal_says_why(
    server: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(token: str | None = None, agent: str | None = None) -> str:
        with pytest.raises(WorkspaceError) as refusal:
            async with Workspace(server.url, token=token, agent=agent) as stranger:
                await stranger.list_files()
        assert refusal.value.hint is not None
        return refusal.value.code

    made = run("token", "create", "--agent", "ada", "--allow", "read,write:open/**", "--dir", server.folder).stdout
    token = made.strip()
    async with Workspace(server.url, token=token) as workspace:
        assert (await workspace.write_file("open/a.md", "one\n"))["version"] == 1
        with pytest.raises(WorkspaceError, match="forbidden: ada needs the verb read"):
            await workspace.read_file("other.md")
        assert await refused() == "unauthenticated"
        assert await refused(token=token, agent="bob") == "forbidden"

        monkeypatch.setenv("WORKSPACE_TOKEN", token)
        command = StdioServerParameters(command=PROGRAM[0], args=[*PROGRAM[1:], "stdio", str(server.folder)])
        async with Workspace(command) as beside:
            assert (await beside.read_file("open/a.md")).header["modified_by"] == "ada"
        async with Workspace(server.url) as beside:
            assert (await beside.read_file("open/a.md")).text == "one\n"

        run("token", "revoke", token.split("_")[1], "--dir", server.folder)
        with pytest.raises(WorkspaceError, match=r"unauthenticated: .*revoked"):
            await workspace.list_files()


def test_a_refusal_that_is_no_json_is_internal() -> None:
    assert WorkspaceError.from_text("Traceback …").code == "internal"
    assert WorkspaceError.from_text('{"code": "gone", "message": "m", "hint": null, "retryable": false}').code == "gone"


async def test_a_draft_is_sent_again_the_lock_given_back_and_only_the_change_read(server: Serving) -> None:
    async with Workspace(server.url, agent="ada") as ada:
        lines = "".join(f"line {number}\n" for number in range(200))
        await ada.write_file("draft.md", lines)
        with pytest.raises(WorkspaceError) as refused:
            await ada.write_file("draft.md", lines + "more\n")
        lock = await ada.call("lock_files", paths=["draft.md"])
        draft = str(refused.value.facts["draft"])
        saved = await ada.write_file("draft.md", draft=draft, expect_version=1, lock=lock["lock"], unlock=True)
        read = await ada.read_file("draft.md", since_version=1)
        assert (saved["version"], read.header["diff"], "+more" in str(read.text)) == (2, True, True)
        assert (await ada.call("list_locks"))["locks"] == []
