"""A folder that is renamed under the server is noticed by whoever asks how it is."""

from pathlib import Path

import pytest

from tests.services.tree.folders import opened, write
from workspace_server.services.tree.vanishing import AWAY

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("the folder is renamed from outside")]


async def test_the_status_says_at_once_that_the_folder_is_away(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "a.md", "a\n")
        assert "deletions_stopped" not in await engine.tree.status()

        folder.rename(folder.with_name("renamed"))
        assert (await engine.tree.status())["deletions_stopped"] == AWAY

        folder.with_name("renamed").rename(folder)
        assert "deletions_stopped" not in await engine.tree.status()
