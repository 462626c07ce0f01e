"""Commands: programs of the operator's settings, run once per firing by the server itself."""

import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.errors import Forbidden, InvalidArgument, NotFound
from workspace_server.services.automation import commands
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
OPERATOR = Caller(agent="op", scope=ALL)


def table(code: str, **fields: Any) -> dict[str, Any]:
    """Return an entry that runs a Python program."""
    return {"argv": [sys.executable, "-c", code], **fields}


@asynccontextmanager
async def serving(folder: Path, code: str, **fields: Any) -> AsyncIterator[Engine]:
    """Serve a workspace whose trigger `edit` starts the command `editor` when a draft is saved."""
    async with Engine.open(folder, settings=Settings(commands={"editor": table(code, **fields)})) as engine:
        await engine.triggers.create_trigger(
            OPERATOR,
            name="edit",
            files=["drafts/*.md"],
            command="editor",
            instructions="Shorten it.",
            options={"settle": "immediate"},
        )
        yield engine


async def save(engine: Engine, path: str = "drafts/a.md", content: str = "x") -> None:
    await engine.files.write_file(ANN, path=path, content=content, overwrite=True)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    while True:
        if await holds():
            return
        await anyio.sleep(0.01)


async def state(engine: Engine, job: str = "J1") -> str:
    return str((await engine.queues.show_job(ANN, job=job))["state"])


async def settled(engine: Engine, job: str = "J1") -> dict[str, Any]:
    """Return a job once it is neither waiting nor being done."""

    async def holds() -> bool:
        return await state(engine, job) not in {"queued", "claimed"}

    await until(holds)
    return await engine.queues.show_job(ANN, job=job)


async def claimed(engine: Engine) -> None:
    async def holds() -> bool:
        return bool((await engine.queues.list_jobs(ANN, state="claimed"))["jobs"])

    await until(holds)


async def printed(engine: Engine, log: str) -> None:
    """Return once the log of the first job is *log*."""

    async def holds() -> bool:
        with suppress(NotFound):
            return bool((await engine.queues.read_log(OPERATOR, job="J1"))["log"] == log)
        return False

    await until(holds)


async def needs(engine: Engine) -> list[tuple[str, str]]:
    rows = await engine.db.read(lambda tx: tx.all("SELECT kind, key FROM attention WHERE ended_at IS NULL"))
    return [(str(kind), str(key)) for kind, key in rows]


async def test_a_save_starts_the_program_with_the_firing_on_its_standard_input(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "seen.json"
    seen = "[json.load(sys.stdin), dict(os.environ), os.getcwd()]"
    code = f"import json, os, sys; json.dump({seen}, open({str(out)!r}, 'w'))"
    (folder / "here").mkdir(parents=True)
    async with serving(folder, code, env={"MODE": "short"}, cwd="here", agent="ed") as engine:
        engine.folder.local_url = "http://127.0.0.1:1234"
        await save(engine)
        job = await settled(engine)
        assert (job["state"], job["queue"], job["agent"], job["trigger"]) == ("done", "command:editor", "ed", "edit")
        told, environment, cwd = json.loads(out.read_text())
        assert (told["trigger"], told["firing"], told["job"], told["attempt"]) == ("edit", "F1", "J1", 1)
        assert (told["mode"], told["instructions"]) == ("each", "Shorten it.")
        assert {**told["inputs"][0], "sha256": ""} == {
            "path": "drafts/a.md",
            "version": 1,
            "sha256": "",
            "agent": "ann",
            "seq": 1,
            "url": engine.folder.url("drafts/a.md"),
        }
        assert (environment["MODE"], environment["WORKSPACE_JOB"]) == ("short", "J1")
        assert environment["WORKSPACE_URL"] == "http://127.0.0.1:1234"
        assert environment["WORKSPACE_AGENT"] == "ed"
        assert cwd == str(folder / "here")


async def test_a_program_finds_none_of_the_servers_keys(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSPACE_SERVER_MODELS_API_KEY", "secret")
    monkeypatch.setenv("EDITOR_API_KEY", "its own")
    async with serving(folder, "import os; print(sorted(os.environ), os.environ['EDITOR_API_KEY'])") as engine:
        await save(engine)
        assert (await settled(engine))["state"] == "done"
        log = (await engine.queues.read_log(OPERATOR, job="J1"))["log"]
        assert "WORKSPACE_SERVER_" not in log
        assert log.endswith("its own\n")


async def test_what_its_program_printed_is_the_operators_to_read(folder: Path) -> None:
    async with serving(folder, "print('token 123')") as engine:
        await save(engine)
        await settled(engine)
        assert (await engine.queues.read_log(OPERATOR, job="J1"))["log"] == "token 123\n"
        with pytest.raises(Forbidden):
            await engine.queues.read_log(ANN, job="J1")


async def test_a_program_that_fails_needs_a_person_and_can_be_run_again(folder: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    code = f"import os, sys; print('why'); sys.exit(0 if os.path.exists({str(go)!r}) else 3)"
    async with serving(folder, code) as engine:
        await save(engine)
        job = await settled(engine)
        assert (job["state"], job["note"]) == ("failed", "exit code 3\nwhy")
        assert await needs(engine) == [("failed_command", "J1")]
        go.touch()
        await engine.queues.revive_job(ANN, job="J1")
        assert await needs(engine) == []
        assert (await settled(engine))["state"] == "done"


async def test_a_program_that_asks_for_it_is_tried_again_later(folder: Path) -> None:
    async with serving(folder, "import sys; sys.exit(75)") as engine:
        await save(engine)

        async def put_off() -> bool:
            return "not_before" in await engine.queues.show_job(ANN, job="J1")

        await until(put_off)
        job = await engine.queues.show_job(ANN, job="J1")
        assert (job["state"], job["failures"], job["note"]) == ("queued", 1, "exit code 75")


async def test_a_program_that_takes_too_long_is_ended(folder: Path) -> None:
    async with serving(folder, "import time; time.sleep(600)", timeout_seconds=1) as engine:
        await save(engine)
        job = await settled(engine)
        assert (job["state"], job["note"]) == ("failed", "ended after 1 s")


@pytest.mark.parametrize("argv", [["no-such-program"], ["./drafts"]])
async def test_a_program_that_cannot_be_run_needs_a_person(folder: Path, argv: list[str]) -> None:
    async with serving(folder, "pass") as engine:
        await save(engine)
        await settled(engine)
    async with Engine.open(folder, settings=Settings(commands={"editor": {"argv": argv}})) as engine:
        await save(engine, content="y")
        job = await settled(engine, "J2")
        assert job["state"] == "failed"
        assert job["note"].startswith(f"{argv[0]} cannot be run: ")
        assert await needs(engine) == [("failed_command", "J2")]


async def test_its_output_can_be_read_while_it_runs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "LOG_EVERY_S", 0.01)
    go = tmp_path / "go"
    code = f"import os, time; print('so far', flush=True)\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)"
    async with serving(folder, code) as engine:
        await save(engine)
        await printed(engine, "so far\n")
        assert await state(engine) == "claimed"
        go.touch()
        assert (await settled(engine))["state"] == "done"


async def test_what_it_saves_itself_does_not_start_it_again(folder: Path) -> None:
    code = "import os, time\nwhile not os.path.exists('drafts/b.md'): time.sleep(0.01)"
    async with serving(folder, code) as engine:
        await save(engine)
        await claimed(engine)
        await engine.files.write_file(Caller(agent="editor"), path="drafts/b.md", content="x")
        await settled(engine)
        assert [job["job"] for job in (await engine.queues.list_jobs(ANN))["jobs"]] == ["J1"]


async def test_a_program_that_has_finished_its_job_itself_has_had_its_say(folder: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    code = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nprint('bye')"
    async with serving(folder, code) as engine:
        await save(engine)
        await claimed(engine)
        editor = Caller(agent="editor")
        await engine.jobs.finish_job(editor, job="J1", outcome="blocked", note="Which of the two?")
        go.touch()
        await printed(engine, "bye\n")
        assert await state(engine) == "blocked"
        assert await needs(engine) == [("blocked_job", "J1")]


async def test_as_many_run_at_once_as_it_says_each_under_a_name_of_its_own(folder: Path, tmp_path: Path) -> None:
    # Each waits until another one runs beside it.
    code = (
        "import os, pathlib, time\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "(here / os.environ['WORKSPACE_AGENT']).touch()\n"
        "while len(list(here.glob('editor-*'))) < 2: time.sleep(0.01)\n"
    )
    async with serving(folder, code, concurrency=2) as engine:
        await save(engine, "drafts/a.md")
        await save(engine, "drafts/b.md")
        for job in ("J1", "J2"):
            assert (await settled(engine, job))["state"] == "done"
        assert {path.name for path in tmp_path.glob("editor-*")} == {"editor-1", "editor-2"}


def sleeper(pids: Path) -> str:
    """Return a program that writes down its process and waits."""
    return f"import os, time\nopen({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n')\ntime.sleep(600)"


async def start_of(pids: Path, count: int) -> list[int]:
    """Return the processes once there were *count*."""

    async def holds() -> bool:
        return len(_started(pids)) == count

    await until(holds)
    return _started(pids)


def _started(pids: Path) -> list[int]:
    return [*map(int, pids.read_text().split())] if pids.exists() and pids.read_text().endswith("\n") else []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_the_servers_end_ends_the_program_and_the_next_server_runs_it_again(folder: Path, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    async with serving(folder, sleeper(pids)) as engine:
        await save(engine)
        [first] = await start_of(pids, 1)
    assert not is_alive(first)
    async with serving(folder, sleeper(pids)) as engine:
        await start_of(pids, 2)
        job = await engine.queues.show_job(ANN, job="J1")
        assert (job["state"], job["attempt"], job["failures"]) == ("claimed", 2, 0), "it counts as no failure"
        assert "1 commands run or wait for their turn" in await engine.due()


async def test_a_server_that_is_killed_in_mid_command_counts_so_that_this_ends_too(folder: Path) -> None:
    async with serving(folder, "import time; time.sleep(600)") as engine:
        await save(engine)
        await claimed(engine)
        # What a killed server leaves behind is what stands in the database now.
        await engine.automation.commands.begin()
        assert (await engine.queues.show_job(ANN, job="J1"))["failures"] == 1
        for _ in range(LIMITS.job_attempts_max - 1):
            await engine.db.write(lambda tx: tx.run("UPDATE jobs SET state = 'claimed', agent = 'editor'"))
            await engine.automation.commands.begin()
        job = await engine.queues.show_job(ANN, job="J1")
        assert (job["state"], job["note"]) == ("dead", "The server was killed while it ran.")
        assert await needs(engine) == [("failed_command", "J1")]


async def test_no_agent_can_make_a_trigger_that_starts_a_command_nor_claim_its_jobs(folder: Path) -> None:
    async with serving(folder, "import time; time.sleep(600)") as engine:
        for caller in (
            ANN,
            Caller(agent="ann", door="http"),
            Caller(agent="ann", scope=ALL, door="mcp"),
            Caller(agent="ann", scope=ALL, door="stdio"),
        ):
            with pytest.raises(Forbidden) as caught:
                await engine.triggers.create_trigger(caller, name="t", files=["a.md"], command="editor")
            assert "operator" in caught.value.message
            assert "triggers.toml" in str(caught.value.hint)
        with pytest.raises(InvalidArgument):
            await engine.jobs.claim_job(ANN, queue="command:editor")
        with pytest.raises(InvalidArgument) as unknown:
            await engine.triggers.create_trigger(OPERATOR, name="t", files=["a.md"], command="nope")
        assert unknown.value.facts["argument"] == "command"


async def test_runs_of_a_command_that_the_settings_lost_wait_until_it_is_back(folder: Path) -> None:
    async with serving(folder, "pass") as engine:
        await save(engine)
        await settled(engine)
    async with Engine.open(folder, settings=Settings()) as engine:
        await save(engine, content="y")
        assert await state(engine, "J2") == "queued"
        assert await engine.automation.due() == []
    async with Engine.open(folder, settings=Settings()) as engine:
        assert await needs(engine) == [("failed_command", "editor")]
    async with serving(folder, "pass") as engine:
        assert await needs(engine) == []
        assert (await settled(engine, "J2"))["state"] == "done"


async def test_a_database_that_refuses_for_a_moment_does_not_end_the_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "AFTER_FAILURE_S", 0)
    async with serving(folder, "pass") as engine:
        claiming = engine.automation.commands._claiming
        take, refused = claiming.take, iter([True])

        async def once(*arguments: Any, **more: Any) -> Any:
            if next(refused, False):
                raise OSError("disk")
            return await take(*arguments, **more)

        monkeypatch.setattr(claiming, "take", once)
        for content in ("x", "y"):
            await save(engine, content=content)
        for job in ("J1", "J2"):
            assert (await settled(engine, job))["state"] == "done"
