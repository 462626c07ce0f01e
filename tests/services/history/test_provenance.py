"""What a version was written from, and what was written from it."""

from collections.abc import Sequence
from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.errors import InvalidArgument, NotFound
from workspace_server.services.engine import Engine
from workspace_server.services.files.provenance import FAR_MAX, NEAR_MAX, Related

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


def told(related: Sequence[Related]) -> list[str]:
    """Return related files as `path@version state (beyond)`."""
    return [
        f"{one.path}@{one.version} {one.state}" + (f" ({', '.join(told(one.beyond))})" if one.beyond else "")
        for one in related
    ]


async def test_what_surrounds_a_file_is_told_two_steps_each_way(engine: Engine) -> None:
    await write(engine, "raw.csv", "1\n")
    await write(engine, "one.md", "1\n", ("raw.csv", 1))
    await write(engine, "gone.md", "2\n")
    await write(engine, "report.md", "both\n", ("one.md", 1), ("gone.md", 1), ("never.md", 3))
    await write(engine, "summary.md", "short\n", ("report.md", 1))
    await write(engine, "mail.md", "shorter\n", ("summary.md", 1))
    await write(engine, "raw.csv", "1 again\n")
    await engine.files.delete_file(ANN, path="gone.md")
    await write(engine, "report.md", "all\n", ("one.md", 1), ("gone.md", 1), ("never.md", 3))

    found = await engine.provenances.provenance(ANN, path="report.md")
    assert (found.path, found.version, found.more_sources, found.more_uses) == ("report.md", 2, False, False)
    assert told(found.sources) == ["one.md@1 current (raw.csv@1 stale)", "gone.md@1 deleted", "never.md@3 unknown"]
    assert told(found.uses) == ["summary.md@1 stale (mail.md@1 current)"]
    assert (found.sources[0].beyond[0].newest, found.uses[0].newest) == (2, 2)

    await engine.files.delete_file(ANN, path="summary.md")
    assert told((await engine.provenances.provenance(ANN, path="report.md")).uses)[0].startswith("summary.md@1 deleted")
    with pytest.raises(NotFound):
        await engine.provenances.provenance(ANN, path="summary.md")
    assert told((await engine.provenances.provenance(ANN, path="summary.md", version=1)).sources)[0].startswith(
        "report"
    )


async def test_of_many_sources_and_uses_the_first_are_told(engine: Engine) -> None:
    await write(engine, "one.md", "1\n")
    for number in range(NEAR_MAX + 1):
        await write(engine, f"use-{number}.md", "x\n", ("one.md", 1))
    await write(engine, "all.md", "x\n", *((f"use-{number}.md", 1) for number in range(NEAR_MAX + 1)))
    await write(engine, "end.md", "x\n", ("all.md", 1))

    assert (await engine.provenances.provenance(ANN, path="one.md")).more_uses
    found = await engine.provenances.provenance(ANN, path="all.md")
    assert (len(found.sources), found.more_sources, found.more_uses) == (NEAR_MAX, True, False)
    [last] = (await engine.provenances.provenance(ANN, path="end.md")).sources
    assert (len(last.beyond), last.more) == (FAR_MAX, True)


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
