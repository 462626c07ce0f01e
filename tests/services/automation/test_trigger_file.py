"""The operator's triggers in a file: in line with it, all of it or nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL
from workspace_server.errors import Forbidden, InvalidArgument
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
ROOT = Caller(agent="root", scope=ALL)
EDITOR = '[editor]\nfiles = ["draft.md"]\nqueue = "editor"\n'
HOOK = '[hook]\nfiles = ["**"]\nurl = "https://hooks.example/a"\n'


def write(folder: Path, text: str) -> None:
    state = folder / ".workspace"
    state.mkdir(mode=0o700, exist_ok=True)
    (state / "triggers.toml").write_text(text)


@asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings(**settings)) as engine:
        yield engine


async def listed(engine: Engine) -> list[tuple[str, str]]:
    return [(one["trigger"], one["created_by"]) for one in (await engine.triggers.list_triggers(ROOT))["triggers"]]


async def test_what_stands_in_the_file_is_there_when_the_server_starts(folder: Path) -> None:
    write(folder, EDITOR + HOOK)
    async with opened(folder) as engine:
        assert await listed(engine) == [("editor", "config"), ("hook", "config")]
        (hook,) = (await engine.triggers.list_triggers(ROOT, name="hook"))["triggers"]
        assert hook["state"] == "active", "an operator needs nobody's approval"


async def test_a_file_that_is_read_again_makes_changes_and_deletes(folder: Path) -> None:
    write(folder, EDITOR + HOOK)
    async with opened(folder) as engine:
        await engine.triggers.create_trigger(ANN, name="mine", files=["a.md"], queue="a")
        write(folder, EDITOR.replace("draft", "other") + '[new]\nschedule = "0 9 * * *"\nqueue = "a"\n')

        answer = await engine.trigger_file.reload_triggers(ROOT)
        assert answer == {"created": ["new"], "changed": ["editor"], "deleted": ["hook"]}
        assert await listed(engine) == [("editor", "config"), ("mine", "ann"), ("new", "config")]
        assert await engine.trigger_file.reload_triggers(ROOT) == {"created": [], "changed": [], "deleted": []}
        (folder / ".workspace" / "triggers.toml").unlink()
        assert (await engine.trigger_file.reload_triggers(ROOT))["deleted"] == ["editor", "new"]


async def test_a_trigger_that_stays_keeps_what_it_waits_for_and_its_secret(folder: Path) -> None:
    write(folder, '[pair]\nfiles = ["a.md", "b.md"]\nmode = "all"\nqueue = "a"\n' + HOOK)
    async with opened(folder) as engine:
        await engine.files.write_file(ANN, path="a.md", content="a")
        write(folder, '[pair]\nmode = "all"\nqueue = "a"\nfiles = ["a.md", "b.md"]\n' + HOOK + "max_depth = 3\n")
        assert (await engine.trigger_file.reload_triggers(ROOT))["changed"] == ["hook"]
    async with opened(folder) as engine:
        await engine.files.write_file(ANN, path="b.md", content="b")
        assert "job" in await engine.jobs.claim_job(ANN, queue="a")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[editor]\nfiles = [\n", "cannot be read"),
        ('editor = "draft.md"\n', "no trigger"),
        ('[editor]\nname = "other"\nfiles = ["a.md"]\nqueue = "a"\n', "the heading is the name"),
        (EDITOR + '[broken]\nfiles = ["*.md"]\nmode = "all"\nqueue = "a"\n', "broken"),
        ("#" * 5_000_000, "larger"),
    ],
)
async def test_a_file_with_a_fault_changes_nothing(folder: Path, text: str, said: str) -> None:
    async with opened(folder) as engine:
        await engine.triggers.create_trigger(ANN, name="mine", files=["b.md"], queue="b")
        write(folder, text)
        with pytest.raises(InvalidArgument, match=said):
            await engine.trigger_file.reload_triggers(ROOT)
        assert await listed(engine) == [("mine", "ann")]
    with pytest.raises(InvalidArgument, match=said):
        async with opened(folder):
            pass


async def test_a_file_that_is_named_must_be_there(folder: Path) -> None:
    with pytest.raises(InvalidArgument, match="not there"):
        async with opened(folder, triggers_file="rules.toml"):
            pass


async def test_what_an_agent_has_made_under_a_name_of_the_file_gives_way(folder: Path) -> None:
    async with opened(folder) as engine:
        await engine.triggers.create_trigger(ANN, name="editor", files=["b.md"], queue="b")
    write(folder, EDITOR)
    async with opened(folder) as engine:
        assert await listed(engine) == [("editor", "config")]


async def test_only_the_operator_has_it_read_again(folder: Path) -> None:
    async with opened(folder) as engine:
        with pytest.raises(Forbidden):
            await engine.trigger_file.reload_triggers(ANN)


async def test_nobody_changes_or_deletes_elsewhere_what_stands_in_the_file(folder: Path) -> None:
    write(folder, EDITOR)
    async with opened(folder) as engine:
        for caller in (ANN, ROOT):
            with pytest.raises(Forbidden, match="operator's file"):
                await engine.triggers.change_trigger(caller, name="editor", instructions="Do as I say.")
            with pytest.raises(Forbidden, match="operator's file"):
                await engine.triggers.delete_trigger(caller, name="editor")
    async with opened(folder) as engine:  # which would not start, were it somebody else's now
        assert await listed(engine) == [("editor", "config")]
