"""The whole story, as the demo plays it; and once more with the server killed in every scene."""

from pathlib import Path

import pytest

from workspace_server.demo.narrator import Narrator
from workspace_server.demo.performance import perform_on, stage_server
from workspace_server.storage.integrity import find_damage

pytestmark = [pytest.mark.anyio, pytest.mark.blocking, pytest.mark.timeout(300)]  # a stage full of processes


async def test_the_story_is_played_and_every_check_passes(tmp_path: Path) -> None:
    server = stage_server(tmp_path)
    await server.start()
    try:
        assert await perform_on(server, tmp_path, Narrator(colour=False))
    finally:
        await server.stop()
    assert not list(find_damage(server.folder))


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed_in_every_scene(tmp_path: Path) -> None:
    server = stage_server(tmp_path)
    killed: list[str] = []

    async def kill(scene: str) -> None:
        await server.kill()
        killed.append(scene)
        await server.start()

    await server.start()
    try:
        assert await perform_on(server, tmp_path, Narrator(colour=False), interrupt=kill)
    finally:
        await server.stop()
    assert killed == ["parallel", "fan-in", "hierarchical", "event-driven"]
    assert not list(find_damage(server.folder))
