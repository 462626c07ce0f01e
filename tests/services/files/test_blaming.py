"""Who wrote which line, as the service tells it from the versions that are kept."""

import base64
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL, everywhere
from workspace_server.errors import Forbidden, Gone, InvalidArgument, IsDirectory, NotFound, NotText, TooLarge
from workspace_server.services.engine import Engine
from workspace_server.services.files import blaming

pytestmark = pytest.mark.anyio


async def write(engine: Engine, path: str, content: str | bytes, agent: str = "ann", **given: Any) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    encoded = base64.b64encode(data).decode()
    caller = Caller(agent=agent)
    await engine.files.write_file(caller, path=path, content=encoded, encoding="base64", overwrite=True, **given)


async def blamed(engine: Engine, path: str, **given: Any) -> list[str]:
    found = await engine.blaming.blame(Caller(agent="eve"), path=path, **given)
    return [
        f"{one['start_line']}-{one['end_line']} {one['by']} {one['path']}@{one['version']}"
        + (" or before" if "or_before" in one else "")
        for one in found["stretches"]
    ]


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


def bounded(monkeypatch: pytest.MonkeyPatch, **given: int) -> None:
    monkeypatch.setattr(blaming, "LIMITS", dataclasses.replace(LIMITS, **given))


async def test_each_line_is_of_whoever_brought_it(engine: Engine) -> None:
    await write(engine, "a.md", "one\ntwo\nthree\n", "ann", message="first")
    await write(engine, "a.md", "one\n2\nthree\n", "bob", message="shorter")
    await write(engine, "a.md", "zero\none\n2\nthree\n", "cy")
    found = await engine.blaming.blame(Caller(agent="eve"), path="a.md")

    assert await blamed(engine, "a.md") == ["1-1 cy a.md@3", "2-2 ann a.md@1", "3-3 bob a.md@2", "4-4 ann a.md@1"]
    assert await blamed(engine, "a.md", version=2) == ["1-1 ann a.md@1", "2-2 bob a.md@2", "3-3 ann a.md@1"]
    assert found["stretches"][2] == {
        "start_line": 3,
        "end_line": 3,
        "path": "a.md",
        "version": 2,
        "seq": found["stretches"][2]["seq"],
        "at": "2027-01-15T08:00:00.000Z",
        "by": "bob",
        "op": "write",
        "message": "shorter",
    }
    assert (found["total_lines"], found["more"], "stopped" in found) == (4, False, False)


async def test_a_part_of_the_lines_can_be_asked_for(engine: Engine) -> None:
    await write(engine, "a.md", "1\n2\n3\n4\n")
    await write(engine, "a.md", "1\n2\n3\nfour\n", "bob")
    found = await engine.blaming.blame(Caller(agent="eve"), path="a.md", start_line=2, max_lines=2)

    assert (found["start_line"], found["end_line"], found["more"]) == (2, 3, True)
    assert await blamed(engine, "a.md", start_line=2, max_lines=2) == ["2-3 ann a.md@1"]
    assert await blamed(engine, "a.md", start_line=9) == []


async def test_lines_are_followed_through_moves_copies_and_deletes(engine: Engine) -> None:
    ann, bob = Caller(agent="ann"), Caller(agent="bob")
    await write(engine, "a.md", "one\ntwo\n")
    await engine.files.move_file(bob, path="a.md", to="b.md")
    await write(engine, "b.md", "one\n2\n", "bob")
    await engine.files.move_file(bob, path="b.md", to="c.md", copy=True)
    assert await blamed(engine, "c.md") == ["1-1 ann a.md@1", "2-2 bob b.md@2"]

    await engine.files.delete_file(ann, path="c.md")
    assert await blamed(engine, "c.md", version=1) == ["1-1 ann a.md@1", "2-2 bob b.md@2"]
    await engine.files.restore_file(ann, path="c.md")
    assert await blamed(engine, "c.md") == ["1-1 ann a.md@1", "2-2 bob b.md@2"]


async def test_what_was_merged_is_of_both(engine: Engine) -> None:
    await write(engine, "a.md", "1\n2\n3\n4\n5\n")
    await write(engine, "a.md", "one\n2\n3\n4\n5\n", "bob")
    await engine.files.write_file(
        Caller(agent="cy"), path="a.md", content="1\n2\n3\n4\nfive\n", expect_version=1, on_conflict="merge"
    )

    assert await blamed(engine, "a.md") == ["1-1 bob a.md@2", "2-4 ann a.md@1", "5-5 cy a.md@3"]


async def test_it_says_where_it_stopped_when_versions_are_many_large_or_slow(
    engine: Engine, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        await write(engine, "a.md", f"old\n{number}\n", f"agent-{number}")
    for limit, reason in (("blame_versions_max", "versions"), ("blame_bytes_max", "bytes")):
        bounded(monkeypatch, **{limit: 2 if reason == "versions" else 7})
        found = await engine.blaming.blame(Caller(agent="eve"), path="a.md")
        assert found["stopped"] == {"path": "a.md", "version": 3, "reason": reason}
        assert await blamed(engine, "a.md") == ["1-1 agent-2 a.md@3 or before", "2-2 agent-3 a.md@4"]

    bounded(monkeypatch, blame_s_max=0)
    assert (await engine.blaming.blame(Caller(agent="eve"), path="a.md"))["stopped"]["reason"] == "time"


async def test_it_says_where_content_is_kept_no_longer_or_is_no_text(engine: Engine) -> None:
    owner = Caller(agent="owner", scope=ALL)
    for content in (b"\0", b"one\n", b"one\ntwo\n", b"one\ntwo\nthree\n"):
        await write(engine, "a.md", content)
    found = await engine.blaming.blame(owner, path="a.md")
    assert found["stopped"] == {"path": "a.md", "version": 2, "reason": "not_text"}

    await engine.upkeep.purge(owner, path="a.md", version=3)
    found = await engine.blaming.blame(owner, path="a.md")
    assert found["stopped"] == {"path": "a.md", "version": 4, "reason": "gone"}
    assert await blamed(engine, "a.md") == ["1-3 ann a.md@4 or before"]
    with pytest.raises(Gone):
        await blamed(engine, "a.md", version=3)


async def test_versions_that_differ_in_too_much_end_the_way(engine: Engine) -> None:
    await write(engine, "a.md", "".join(f"{number}\n" for number in range(6_000)))
    await write(engine, "a.md", "".join(f"n{number}\n" for number in range(6_000)), "bob")
    found = await engine.blaming.blame(Caller(agent="eve"), path="a.md", max_lines=1)

    assert found["stopped"] == {"path": "a.md", "version": 2, "reason": "too_different"}


async def test_what_has_no_lines_is_refused(engine: Engine) -> None:
    await write(engine, "a.bin", b"\0\1")
    await engine.files.upload(Caller(agent="ann"), path="large.txt", chunks=chunks(b"x" * (LIMITS.merge_bytes_max + 1)))
    await write(engine, "dir/a.md", b"x")
    for path, refusal in (
        ("a.bin", NotText),
        ("large.txt", TooLarge),
        ("absent.md", NotFound),
        ("dir", IsDirectory),
    ):
        with pytest.raises(refusal):
            await blamed(engine, path)
    for wrong in ({"start_line": 0}, {"max_lines": 0}, {"max_lines": LIMITS.blame_lines_max + 1}):
        with pytest.raises(InvalidArgument):
            await blamed(engine, "dir/a.md", **wrong)
    with pytest.raises(Forbidden):
        await engine.blaming.blame(Caller(agent="eve", scope=everywhere("write")), path="dir/a.md")
