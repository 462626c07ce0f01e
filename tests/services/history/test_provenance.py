"""What a version was written from, and what was written from it."""

from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.errors import InvalidArgument
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")


async def write(engine: Engine, path: str, content: str, *sources: tuple[str, int]) -> None:
    named = [{"path": used, "version": version} for used, version in sources]
    await engine.files.write_file(ANN, path=path, content=content, sources=named, overwrite=True)


async def related(engine: Engine, path: str, version: int | None = None) -> tuple[list[Any], list[Any]]:
    """Return sources and uses as `path@version`."""
    found = await engine.search.describe_file(ANN, path=path, version=version)

    def short(name: str) -> list[str]:
        return [f"{one['path']}@{one['version']}" for one in found[name]]

    return short("sources"), sorted(short("used_by"))


async def test_provenance_is_followed_in_both_directions(engine: Engine) -> None:
    await write(engine, "one.md", "1\n")
    await write(engine, "two.md", "2\n")
    await write(engine, "report.md", "both\n", ("one.md", 1), ("two.md", 1))
    await write(engine, "summary.md", "short\n", ("report.md", 1))
    await write(engine, "one.md", "1 again\n")
    await write(engine, "report.md", "both again\n", ("one.md", 2))

    assert await related(engine, "one.md") == ([], ["report.md@2"])
    assert await related(engine, "one.md", 1) == ([], ["report.md@1"])
    assert await related(engine, "two.md") == ([], ["report.md@1"])
    assert await related(engine, "report.md") == (["one.md@2"], ["summary.md@1"])
    assert await related(engine, "report.md", 1) == (["one.md@1", "two.md@1"], ["summary.md@1"])
    assert await related(engine, "summary.md") == (["report.md@1"], [])


async def test_history_and_events_name_the_sources_too(engine: Engine) -> None:
    await write(engine, "one.md", "1\n")
    await write(engine, "report.md", "r\n", ("one.md", 1))
    await engine.files.move_file(ANN, path="report.md", to="moved.md")
    await engine.files.move_file(ANN, path="moved.md", to="copied.md", copy=True)

    [version, _] = (await engine.files.file_history(ANN, path="report.md"))["versions"][::-1]
    events = (await engine.events.feed(ANN, since_seq=0, path="report.md"))["events"]
    [moved] = (await engine.files.file_history(ANN, path="moved.md"))["versions"]
    assert version["sources"] == [{"path": "one.md", "version": 1}]
    assert [event["sources"] for event in events if event["type"] == "file.created"] == [version["sources"]]
    assert moved["moved_from"] == {"path": "report.md", "version": 1}
    assert await related(engine, "copied.md") == (["moved.md@1"], [])
    assert await related(engine, "moved.md") == ([], ["copied.md@1"])


async def test_uses_outlive_deletes_and_restores_of_both_sides(engine: Engine) -> None:
    await write(engine, "one.md", "1\n")
    await engine.files.commit_files(
        ANN,
        changes=[
            {"op": "write", "path": "a.md", "content": "a\n", "sources": [{"path": "one.md", "version": 1}]},
            {"op": "write", "path": "b.md", "content": "b\n", "sources": [{"path": "a.md", "version": 1}]},
        ],
    )
    await engine.files.delete_file(ANN, path="one.md")
    await engine.files.restore_file(ANN, path="one.md")
    await engine.files.delete_file(ANN, path="b.md")

    assert await related(engine, "one.md") == ([], ["a.md@1"])
    assert await related(engine, "a.md") == (["one.md@1"], ["b.md@1"])


async def test_sources_that_never_were_are_named(engine: Engine) -> None:
    await engine.files.write_file(ANN, path="a.md", content="x")
    given = [{"path": "nope.md", "version": 1}, {"path": "a.md", "version": 9}, {"path": "a.md", "version": 1}]
    told = await engine.files.write_file(ANN, path="x.md", content="x", sources=given)
    assert told["warnings"] == [{"unknown_sources": given[:2]}]


@pytest.mark.parametrize(
    "sources", [[{"path": "a.md"}], [{"path": "a.md", "version": 0}], [{"path": "a.md", "version": "1"}], ["a.md"]]
)
async def test_sources_that_name_no_version_are_refused(engine: Engine, sources: list[Any]) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        await engine.files.write_file(ANN, path="x.md", content="x", sources=sources)

    assert refusal.value.facts["argument"] == "sources"
