"""Files change by the rules of the contract: who may replace what, in which order of checks, with which answer."""

import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL, everywhere
from workspace_server.errors import (
    Conflict,
    EditFailed,
    Forbidden,
    InvalidArgument,
    InvalidPath,
    IsDirectory,
    Locked,
    LockLost,
    NameTaken,
    NotFound,
    NotText,
    TooLarge,
    VersionRequired,
    WorkspaceError,
)
from workspace_server.services.engine import Engine
from workspace_server.services.files.merging import merged

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")
READER = Caller(agent="rea", scope=everywhere("read"))
ROOT = Caller(agent="root", scope=ALL)


async def write(engine: Engine, path: str, content: str, caller: Caller = ANN, **given: Any) -> dict[str, Any]:
    return await engine.files.write_file(caller, path=path, content=content, **given)


async def text(engine: Engine, path: str, **given: Any) -> str:
    found = await engine.files.read_file(ANN, path=path, **given)
    assert found.text is not None
    return found.text


async def lock(engine: Engine, *paths: str, caller: Caller = ANN, **given: Any) -> str:
    granted = await engine.locks.lock_files(caller, paths=paths, **given)
    return str(granted["lock"])


async def events(engine: Engine, since_seq: int = 0) -> list[dict[str, Any]]:
    found = await engine.events.feed(ANN, since_seq=since_seq, limit=1_000)
    return [event for event in found["events"] if event["type"] != "file.indexed"]


async def listing(engine: Engine, **given: Any) -> dict[str, int]:
    found = await engine.listing.list_files(ANN, recursive=True, detail="full", max_tokens=100_000, **given)
    return {row["path"]: row["version"] for row in found["files"]}


# What a write answers


async def test_a_new_file_is_version_1_and_the_answer_says_all_there_is(engine: Engine) -> None:
    answer = await write(engine, "notes/a.md", "hello\n")
    assert answer == {
        "path": "notes/a.md",
        "version": 1,
        "seq": 1,
        "sha256": hashlib.sha256(b"hello\n").hexdigest(),
        "size_bytes": 6,
        "created": True,
        "merged": False,
        "unchanged": False,
        "url": engine.folder.url("notes/a.md"),
    }
    assert (engine.root / "notes/a.md").read_text() == "hello\n"


async def test_a_change_has_one_event_with_the_facts_of_the_contract(engine: Engine) -> None:
    await write(engine, "a.md", "one")
    await write(engine, "a.md", "two", expect_version=1, message="why", sources=[{"path": "b.md", "version": 4}])
    created, updated = await events(engine)
    assert (created["type"], created["version"], "previous_version" in created) == ("file.created", 1, False)
    assert {key: updated[key] for key in sorted(updated) if key not in {"seq", "at", "url"}} == {
        "agent": "ann",
        "media_type": "text/markdown",
        "message": "why",
        "op": "write",
        "path": "a.md",
        "previous_version": 1,
        "sha256": hashlib.sha256(b"two").hexdigest(),
        "size_bytes": 3,
        "sources": [{"path": "b.md", "version": 4}],
        "type": "file.updated",
        "version": 2,
    }
    assert updated["seq"] > created["seq"]


async def test_the_same_content_is_no_version_and_no_event_whatever_version_is_expected(engine: Engine) -> None:
    await write(engine, "a.md", "one")
    for said in ({}, {"expect_version": 7}, {"expect_version": 0}, {"overwrite": True}):
        answer = await write(engine, "a.md", "one", BOB, **said)
        assert (answer["unchanged"], answer["created"], answer["version"], answer["seq"]) == (True, False, 1, 1)
    assert len(await events(engine)) == 1


async def test_content_may_be_empty_binary_or_large(engine: Engine) -> None:
    await write(engine, "empty.md", "")
    assert await text(engine, "empty.md") == ""
    data = bytes(range(256)) * 1_000
    await write(engine, "x.bin", base64.b64encode(data).decode(), encoding="base64")
    found = await engine.files.read_file(ANN, path="x.bin", format="base64")
    assert found.data == data
    await write(engine, "one-line.txt", "é" * 2_500_000)
    assert (await engine.files.stat(ANN, path="one-line.txt"))["size_bytes"] == 5_000_000


@pytest.mark.parametrize(
    "given",
    [
        {"content": "?", "encoding": "base64"},
        {"content": "\ud800"},
        {"content": "x", "append": True, "overwrite": True},
        {"content": "x", "message": "m" * (LIMITS.message_chars_max + 1)},
        {"content": "x", "message": "\udfff"},
        {"content": "x", "sources": [{"path": "a.md"}]},
        {"content": "x", "sources": [{"path": "a.md", "version": 0}]},
        {"content": "x", "sources": ["a.md"]},
        {"content": "x", "sources": [{"path": "a.md", "version": 1}] * (LIMITS.sources_max + 1)},
        {"content": "x", "lock": "\ud800"},
        {"content": "x", "lock": ["L" * 500]},
    ],
)
async def test_wrong_arguments_are_refused_and_change_nothing(engine: Engine, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        await engine.files.write_file(ANN, path="a.md", **given)
    assert await events(engine) == []


async def test_content_beyond_one_call_is_sent_on_to_put(engine: Engine) -> None:
    with pytest.raises(TooLarge) as refusal:
        await write(engine, "a b.md", "x" * (LIMITS.tool_content_bytes_max + 1))
    assert refusal.value.facts == {
        "limit": LIMITS.tool_content_bytes_max,
        "actual": LIMITS.tool_content_bytes_max + 1,
    }
    assert "/api/v1/files/a%20b.md" in str(refusal.value.hint)


async def test_a_stream_is_written_as_a_call_is(engine: Engine) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 10_000

    answer = await engine.files.upload(ANN, path="big.txt", chunks=chunks())
    assert (answer["version"], answer["size_bytes"], answer["created"]) == (1, 300_000, True)
    with pytest.raises(VersionRequired):
        await write(engine, "big.txt", "small")


# Preconditions


async def test_replacing_a_file_takes_its_version_its_lock_or_insistence(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    with pytest.raises(VersionRequired) as refusal:
        await write(engine, "a.md", "2", BOB)
    told = {"path": "a.md", "version": 1, "modified_by": "ann", "yours": False, "draft": "D1"}
    assert refusal.value.facts == told
    assert (await write(engine, "a.md", "2", BOB, expect_version=1))["version"] == 2
    assert (await write(engine, "a.md", "3", BOB, overwrite=True))["version"] == 3
    handle = await lock(engine, "a.md")
    assert (await write(engine, "a.md", "4", lock=handle))["version"] == 4


async def test_a_shared_lock_is_no_word_for_replacing(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    handle = await lock(engine, "a.md", mode="shared")
    with pytest.raises(VersionRequired):
        await write(engine, "a.md", "2", lock=handle)


@pytest.mark.parametrize("given", [{}, {"overwrite": True}])
async def test_a_given_version_is_honoured_even_by_who_insists(engine: Engine, given: dict[str, Any]) -> None:
    await write(engine, "a.md", "one\n")
    await write(engine, "a.md", "two\n", BOB, expect_version=1)
    with pytest.raises(Conflict) as refusal:
        await write(engine, "a.md", "three\n", expect_version=1, **given)
    facts = refusal.value.facts
    assert (facts["expected"], facts["version"], facts["modified_by"]) == (1, 2, "bob")
    assert "-one" in str(facts["diff"])
    assert "+two" in str(facts["diff"])


async def test_what_only_its_holder_has_written_did_not_move_on(engine: Engine, clock: ManualClock) -> None:
    handle = await lock(engine, "a.md", ttl_seconds=60)
    await write(engine, "a.md", "one\n", lock=handle)
    clock.advance(61)
    with pytest.raises(LockLost) as refusal:
        await write(engine, "a.md", "two\n", lock=handle)
    assert (refusal.value.facts["version"], refusal.value.facts["changed_since_lock"]) == (1, False)
    await engine.files.delete_file(BOB, path="a.md")
    with pytest.raises(LockLost) as refusal:
        await write(engine, "a.md", "two\n", lock=handle)
    assert (refusal.value.facts["version"], refusal.value.facts["changed_since_lock"]) == (0, True)


async def test_a_lock_does_not_spare_its_holder_the_version_it_named(engine: Engine) -> None:
    await write(engine, "a.md", "one")
    handle = await lock(engine, "a.md")
    with pytest.raises(Conflict):
        await write(engine, "a.md", "two", lock=handle, expect_version=5)


async def test_expecting_version_0_means_that_nothing_may_be_there(engine: Engine) -> None:
    assert (await write(engine, "a.md", "1", expect_version=0))["created"]
    with pytest.raises(Conflict) as refusal:
        await write(engine, "a.md", "2", expect_version=0)
    assert refusal.value.facts["version"] == 1
    await engine.files.delete_file(ANN, path="a.md")
    answer = await write(engine, "a.md", "2", expect_version=0)
    assert (answer["version"], answer["created"]) == (2, True)


async def test_a_version_that_never_was_is_a_conflict_without_a_diff(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    with pytest.raises(Conflict) as refusal:
        await write(engine, "a.md", "2", expect_version=9)
    assert refusal.value.facts["diff"] is None
    with pytest.raises(Conflict) as refusal:
        await write(engine, "new.md", "2", expect_version=1)
    assert (refusal.value.facts["version"], refusal.value.facts["diff"]) == (0, None)


async def test_numbers_go_on_after_a_delete(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    await engine.files.delete_file(ANN, path="a.md")
    assert (await write(engine, "a.md", "1"))["version"] == 2
    history = await engine.files.file_history(ANN, path="a.md")
    assert [(row["op"], row["version"]) for row in history["versions"]] == [("write", 2), ("delete", 1), ("write", 1)]


Refused = Callable[[Engine], Awaitable[Any]]


@pytest.mark.parametrize(
    ("call", "refusal"),
    [
        (lambda e: write(e, "../a.md", "?", READER, encoding="base64"), InvalidArgument),
        (lambda e: write(e, "../a.md", "x", READER), InvalidPath),
        (lambda e: write(e, "locked.md", "x", READER), Forbidden),
        (lambda e: write(e, "locked.md", "same", BOB, expect_version=9), Locked),
        (lambda e: write(e, "free.md", "other", BOB, expect_version=9), Conflict),
        (lambda e: write(e, "free.md", "other", BOB), VersionRequired),
        (lambda e: e.files.edit_file(BOB, path="locked.md", edits=[{"old_text": "no", "new_text": ""}]), Locked),
        (
            lambda e: e.files.edit_file(
                BOB, path="free.md", edits=[{"old_text": "no", "new_text": ""}], expect_version=9
            ),
            Conflict,
        ),
        (lambda e: e.files.edit_file(BOB, path="free.md", edits=[{"old_text": "no", "new_text": ""}]), EditFailed),
        (lambda e: e.files.delete_file(BOB, path="locked.md", expect_version=9), Locked),
        (lambda e: e.files.move_file(BOB, path="locked.md", to="free.md"), Locked),
        (lambda e: e.files.move_file(BOB, path="free.md", to="locked.md"), Locked),
    ],
    ids="arguments path scope lock version word edit-lock edit-version edit delete-lock from-lock to-lock".split(),
)
async def test_checks_come_in_the_order_of_the_contract(
    engine: Engine, call: Refused, refusal: type[WorkspaceError]
) -> None:
    for path in ("locked.md", "free.md"):
        await write(engine, path, "same")
    await lock(engine, "locked.md")
    with pytest.raises(refusal):
        await call(engine)


async def test_the_same_content_under_a_foreign_lock_is_locked_and_free_of_it_is_fine(engine: Engine) -> None:
    await write(engine, "a.md", "same")
    handle = await lock(engine, "a.md")
    with pytest.raises(Locked):
        await write(engine, "a.md", "same", BOB)
    assert (await write(engine, "a.md", "same", lock=handle))["unchanged"]


# Names


async def test_names_that_differ_only_by_case_do_not_coexist(engine: Engine) -> None:
    await write(engine, "docs/Plan.md", "x")
    for path in ("docs/plan.md", "Docs/other.md", "DOCS", "docs/PLAN.md/x"):
        with pytest.raises(NameTaken) as refusal:
            await write(engine, path, "y")
        assert refusal.value.facts["existing"] in {"docs/Plan.md", "docs"}
    await engine.files.delete_file(ANN, path="docs/Plan.md")
    await write(engine, "Docs/plan.md", "y")


async def test_a_directory_is_no_file_and_a_file_no_directory(engine: Engine) -> None:
    await write(engine, "docs/a.md", "x")
    with pytest.raises(IsDirectory):
        await write(engine, "docs", "x")
    with pytest.raises(InvalidPath):
        await write(engine, "docs/a.md/b.md", "x")
    for call in (
        engine.files.edit_file(ANN, path="docs", edits=[{"old_text": "a", "new_text": "b"}]),
        engine.files.edit_file(ANN, path="docs", edits=[{"old_text": "a", "new_text": "b"}], dry_run=True),
        engine.files.delete_file(ANN, path="docs"),
        engine.files.restore_file(ANN, path="docs"),
        engine.files.commit_files(ANN, changes=[{"op": "delete", "path": "docs"}]),
        engine.files.commit_files(ANN, changes=[{"op": "move", "path": "docs", "to": "b"}]),
    ):
        with pytest.raises((IsDirectory, NotFound)) as refusal:
            await call
        assert refusal.value.code == "is_directory"


async def test_a_move_onto_a_directory_hints_the_move_into_it(engine: Engine) -> None:
    await write(engine, "docs/a.md", "x")
    await write(engine, "t.txt", "t")
    with pytest.raises(IsDirectory) as refusal:
        await engine.files.move_file(ANN, path="t.txt", to="docs/")
    assert (refusal.value.hint or "").startswith("move_file(path='t.txt', to='docs/t.txt')")


@pytest.mark.parametrize("path", ["CLAUDE.md", "a/agents.MD", ".vscode/tasks.json", "x/.claude/settings.json"])
async def test_what_coding_agents_obey_unasked_needs_admin_to_change(engine: Engine, path: str) -> None:
    await write(engine, path, "rules", ROOT)
    await write(engine, "mine.md", "obey me")
    for call in (
        write(engine, path, "x", overwrite=True),
        engine.files.delete_file(ANN, path=path),
        engine.files.move_file(ANN, path=path, to="b.md"),
        engine.files.move_file(ANN, path="mine.md", to=path, overwrite=True),
        engine.files.edit_file(ANN, path=path, edits=[{"old_text": "rules", "new_text": "x"}]),
        engine.files.commit_files(ANN, changes=[{"op": "delete", "path": path}]),
    ):
        with pytest.raises(Forbidden) as refusal:
            await call
        assert refusal.value.facts["verb"] == "admin"


async def test_a_guarded_file_does_not_go_or_come_with_its_directory(engine: Engine) -> None:
    await write(engine, "d/CLAUDE.md", "rules", ROOT)
    await write(engine, "d/a.md", "x")
    await write(engine, "p/vscode/a.json", "x")
    for call in (
        engine.files.delete_file(ANN, path="d", recursive=True),
        engine.files.move_file(ANN, path="d", to="e"),
        engine.files.move_file(ANN, path="d", to="e", copy=True),
        engine.files.move_file(ANN, path="p/vscode", to="p/.vscode"),
    ):
        with pytest.raises(Forbidden):
            await call
    assert set(await listing(engine)) == {"d/CLAUDE.md", "d/a.md", "p/vscode/a.json"}


async def test_a_guarded_file_may_be_copied_to_another_name_also_within_a_commit(engine: Engine) -> None:
    await write(engine, "CLAUDE.md", "rules", ROOT)
    await engine.files.move_file(ANN, path="CLAUDE.md", to="one.md", copy=True)
    copy = {"op": "move", "path": "./CLAUDE.md", "to": "two.md", "copy": True}
    await engine.files.commit_files(ANN, changes=[copy])
    assert set(await listing(engine)) == {"CLAUDE.md", "one.md", "two.md"}
    for path, to in (("CLAUDE.md", "AGENTS.md"), ("one.md", "AGENTS.md")):
        with pytest.raises(Forbidden):
            await engine.files.commit_files(ANN, changes=[{**copy, "path": path, "to": to}])
    blind = Caller(agent="ann", scope=everywhere("write", "lock"))
    with pytest.raises(Forbidden) as refusal:
        await engine.files.commit_files(blind, changes=[{**copy, "to": "three.md"}])
    assert refusal.value.facts == {"verb": "read", "path": "CLAUDE.md", "change": 0}


# Append


async def test_an_append_needs_no_version_and_makes_the_file(engine: Engine) -> None:
    for number in range(3):
        answer = await write(engine, "log.md", f"{number}\n", append=True)
        assert (answer["version"], answer["created"]) == (number + 1, number == 0)
    assert await text(engine, "log.md") == "0\n1\n2\n"
    assert (await write(engine, "log.md", "", append=True))["unchanged"]
    with pytest.raises(Conflict):
        await write(engine, "log.md", "3\n", append=True, expect_version=1)


async def test_many_appends_to_a_large_log_cost_little_and_stay_readable(engine: Engine, folder: Path) -> None:
    base = "0123456789abcde\n" * 20_000
    await write(engine, "log.md", base)
    for number in range(300):
        await write(engine, "log.md", f"line {number}\n", append=True)
    whole = await engine.db.read(lambda tx: tx.one("SELECT sum(size_bytes) FROM contents WHERE form = 'object'"))
    assert whole is not None
    assert whole[0] < 4 * len(base)  # a file that is read while it is appended to may leave one more, until clean-up
    for version in (1, 2, 256, 257, 258, 259, 301):
        found = await engine.files.open_content(ANN, path="log.md", version=version)
        expected = (base + "".join(f"line {number}\n" for number in range(version - 1))).encode()
        assert await found.read() == expected
        assert hashlib.sha256(expected).hexdigest() == found.sha256
        parts = [part async for part in found.chunks(len(base) - 5, len(base) + 3)]
        assert b"".join(parts) == expected[len(base) - 5 : len(base) + 3]
    assert (folder / "log.md").read_bytes() == expected
    edits = [{"old_text": "line 299\n", "new_text": "the end\n"}]
    await engine.files.edit_file(ANN, path="log.md", edits=edits)
    await engine.files.restore_file(ANN, path="log.md", version=200, overwrite=True)
    assert (folder / "log.md").read_text().endswith("line 198\n")


async def test_what_is_appended_takes_on_the_encoding_before_it(engine: Engine) -> None:
    data = "höher\n".encode("utf-16")
    await write(engine, "u.txt", base64.b64encode(data).decode(), encoding="base64")
    await write(engine, "u.txt", "weiter\n", append=True)
    assert await text(engine, "u.txt") == "höher\nweiter\n"


# Edit


async def test_an_edit_answers_with_its_diff(engine: Engine) -> None:
    await write(engine, "a.md", "one\ntwo\n")
    answer = await engine.files.edit_file(BOB, path="a.md", edits=[{"old_text": "two", "new_text": "2"}])
    assert answer == {
        "path": "a.md",
        "version": 2,
        "seq": 2,
        "diff": "--- a.md@1\n+++ a.md@2\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n",
    } | {"seq": answer["seq"]}


async def test_an_edit_keeps_encoding_mark_and_line_ends(engine: Engine) -> None:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xef\xbb\xbf", "utf-8")):
        data = mark + "a\r\nb\r\n".encode(encoding)
        path = f"{encoding}.txt"
        await write(engine, path, base64.b64encode(data).decode(), encoding="base64")
        await engine.files.edit_file(ANN, path=path, edits=[{"old_text": "a\nb", "new_text": "ä\nc"}])
        found = await engine.files.read_file(ANN, path=path, format="base64")
        assert found.data == mark + "ä\r\nc\r\n".encode(encoding)


async def test_latin_1_is_edited_and_appended_to_in_its_encoding(engine: Engine) -> None:
    await write(engine, "a.txt", base64.b64encode(b"caf\xe9\n").decode(), encoding="base64")
    await engine.files.edit_file(ANN, path="a.txt", edits=[{"old_text": "café", "new_text": "thé"}])
    await write(engine, "a.txt", "lait chaud, crème\n", append=True)

    found = await engine.files.read_file(ANN, path="a.txt")
    assert (found.text, found.header["encoding"]) == ("thé\nlait chaud, crème\n", "latin-1")
    stored = await engine.files.read_file(ANN, path="a.txt", format="base64")
    assert stored.data == b"th\xe9\nlait chaud, cr\xe8me\n"


async def test_a_letter_that_latin_1_lacks_is_refused_before_it_spoils_the_file(engine: Engine) -> None:
    await write(engine, "a.txt", base64.b64encode(b"caf\xe9\n").decode(), encoding="base64")

    with pytest.raises(InvalidArgument, match="Latin-1") as refusal:
        await engine.files.edit_file(ANN, path="a.txt", edits=[{"old_text": "café", "new_text": "5 €"}])
    assert refusal.value.facts["argument"] == "edits"
    with pytest.raises(InvalidArgument, match="Latin-1"):
        await write(engine, "a.txt", "5 €\n", append=True)


async def test_an_edit_that_is_only_tried_changes_nothing(engine: Engine) -> None:
    await write(engine, "a.md", "one\n")
    edits = [{"old_text": "one", "new_text": "two"}]
    tried = await engine.files.edit_file(ANN, path="a.md", edits=edits, dry_run=True)
    assert (tried["version"], tried["dry_run"]) == (1, True)
    assert "+two" in tried["diff"]
    assert await text(engine, "a.md") == "one\n"
    with pytest.raises(Conflict) as refusal:
        await engine.files.edit_file(ANN, path="a.md", edits=edits, dry_run=True, expect_version=7)
    assert refusal.value.facts["version"] == 1


async def test_an_edit_that_misquotes_is_shown_the_nearest_text(engine: Engine) -> None:
    await write(engine, "a.md", "The price is 12 euros.\n")
    with pytest.raises(EditFailed) as refusal:
        await engine.files.edit_file(ANN, path="a.md", edits=[{"old_text": "The price is 13 euros.", "new_text": "x"}])
    assert refusal.value.facts == {
        "edit": 0,
        "matches": 0,
        "nearest": "The price is 12 euros.",
        "version": 1,
        "modified_by": "ann",
    }


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [{"old_text": "", "new_text": "x"}],
        [{"old_text": "a"}],
        [{"old_text": "a", "new_text": "b", "more": 1}],
        [{"old_text": 1, "new_text": "b"}],
        [{"old_text": "a", "new_text": "\ud800"}],
        ["a"],
        [{"old_text": "a", "new_text": "b"}] * (LIMITS.edits_max + 1),
    ],
)
async def test_wrong_edits_are_refused(engine: Engine, edits: list[Any]) -> None:
    await write(engine, "a.md", "a")
    with pytest.raises(InvalidArgument):
        await engine.files.edit_file(ANN, path="a.md", edits=edits)


async def test_bytes_that_are_no_text_cannot_be_edited(engine: Engine) -> None:
    await write(engine, "x.bin", "/wA=", encoding="base64")
    with pytest.raises(NotText):
        await engine.files.edit_file(ANN, path="x.bin", edits=[{"old_text": "a", "new_text": "b"}])
    with pytest.raises(NotFound):
        await engine.files.edit_file(ANN, path="none.md", edits=[{"old_text": "a", "new_text": "b"}])


# Move and copy


async def test_a_move_is_the_next_version_there_a_delete_here_and_one_event(engine: Engine) -> None:
    await write(engine, "a.md", "x")
    await write(engine, "b/c.md", "old")
    seq = engine.head_seq
    answer = await engine.files.move_file(BOB, path="a.md", to="b/c.md", expect_version=1, message="tidy")
    moved = await events(engine, seq)
    assert answer == {"path": "a.md", "to": "b/c.md", "version": 2, "seq": moved[-1]["seq"], "files": 1}
    assert [(event["type"], event["path"], event["version"]) for event in moved] == [("file.moved", "b/c.md", 2)]
    assert moved[0]["moved_from"] == {"path": "a.md", "version": 1}
    assert await listing(engine) == {"b/c.md": 2}
    assert await text(engine, "a.md", version=1) == "x"
    assert not (engine.root / "a.md").exists()
    assert (engine.root / "b/c.md").read_text() == "x"
    there = (await engine.files.file_history(ANN, path="b/c.md"))["versions"][0]
    assert (there["op"], there["moved_from"]) == ("move", {"path": "a.md", "version": 1})
    here = (await engine.files.file_history(ANN, path="a.md"))["versions"][0]
    assert (here["op"], here["moved_to"], here["seq"]) == ("delete", "b/c.md", answer["seq"])


async def test_the_destination_of_a_move_is_replaced_only_by_word(engine: Engine) -> None:
    await write(engine, "b.md", "one")
    await write(engine, "b.md", "two", overwrite=True)
    for number in range(3):
        await write(engine, f"a{number}.md", f"{number}")
    with pytest.raises(VersionRequired) as refusal:
        await engine.files.move_file(ANN, path="a0.md", to="b.md")
    assert "move_file(path='a0.md', to='b.md', expect_version=2)" in str(refusal.value.hint)
    for wrong in (0, 1, 3):
        with pytest.raises(Conflict):
            await engine.files.move_file(ANN, path="a0.md", to="b.md", expect_version=wrong)
    assert (await engine.files.move_file(ANN, path="a0.md", to="b.md", expect_version=2))["version"] == 3
    assert (await engine.files.move_file(ANN, path="a1.md", to="b.md", overwrite=True))["version"] == 4
    handle = await lock(engine, "b.md")
    assert (await engine.files.move_file(ANN, path="a2.md", to="b.md", lock=handle))["version"] == 5


async def test_where_nothing_is_replaced_the_version_is_that_of_the_source(engine: Engine) -> None:
    await write(engine, "a.md", "one")
    await write(engine, "a.md", "two", overwrite=True)
    with pytest.raises(Conflict):
        await engine.files.move_file(ANN, path="a.md", to="b.md", expect_version=1)
    assert (await engine.files.move_file(ANN, path="a.md", to="b.md", expect_version=2))["version"] == 1
    assert (await engine.files.move_file(ANN, path="b.md", to="c.md", expect_version=0))["version"] == 1


async def test_a_copy_leaves_its_source_and_names_it(engine: Engine) -> None:
    await write(engine, "a.md", "x")
    await lock(engine, "a.md", caller=BOB)
    answer = await engine.files.move_file(ANN, path="a.md", to="b.md", copy=True)
    assert answer["version"] == 1
    assert await listing(engine) == {"a.md": 1, "b.md": 1}
    history = await engine.files.file_history(ANN, path="b.md")
    assert history["versions"][0]["sources"] == [{"path": "a.md", "version": 1}]
    with pytest.raises(Locked):
        await engine.files.move_file(ANN, path="a.md", to="c.md")


async def test_a_move_onto_the_same_bytes_still_takes_the_source_away(engine: Engine) -> None:
    await write(engine, "a.md", "x")
    await write(engine, "b.md", "x")
    seq = engine.head_seq
    answer = await engine.files.move_file(ANN, path="a.md", to="b.md")
    [moved] = await events(engine, seq)
    assert (answer["version"], answer["seq"]) == (1, moved["seq"])
    assert (moved["type"], moved["moved_from"], moved["size_bytes"]) == (
        "file.moved",
        {"path": "a.md", "version": 1},
        1,
    )
    assert await listing(engine) == {"b.md": 1}


async def test_a_directory_moves_as_one_commit(engine: Engine) -> None:
    for name in ("a.md", "b/c.md", "b/d.md"):
        await write(engine, f"old/{name}", name)
    seq = engine.head_seq
    answer = await engine.files.move_file(ANN, path="old", to="new/place")
    told = await events(engine, seq)
    assert [event["type"] for event in told] == ["file.moved"] * 3 + ["files.committed"]
    assert len({event["commit"] for event in told}) == 1
    assert answer == {"path": "old", "to": "new/place", "seq": told[-1]["seq"], "files": 3}
    assert set(await listing(engine)) == {"new/place/a.md", "new/place/b/c.md", "new/place/b/d.md"}
    assert not (engine.root / "old").exists()
    assert (engine.root / "new/place/b/d.md").read_text() == "b/d.md"
    with pytest.raises(InvalidArgument):
        await engine.files.move_file(ANN, path="new", to="newer", expect_version=1)


async def test_a_directory_moves_wholly_or_not_at_all(engine: Engine) -> None:
    for path in ("old/a.md", "old/b.md", "new/b.md"):
        await write(engine, path, path)
    with pytest.raises(VersionRequired):
        await engine.files.move_file(ANN, path="old", to="new")
    assert set(await listing(engine)) == {"old/a.md", "old/b.md", "new/b.md"}


@pytest.mark.parametrize("paths", [["Notes/a.md"], ["Notes/a.md", "Notes/b.md", "Notes/c/d.md"]])
async def test_a_directory_may_change_the_case_of_its_name(engine: Engine, paths: list[str]) -> None:
    for path in paths:
        await write(engine, path, path)
    await engine.files.move_file(ANN, path="Notes", to="notes")
    assert set(await listing(engine)) == {path.replace("Notes", "notes") for path in paths}
    assert {path.name for path in engine.root.iterdir()} == {".workspace", "notes"}


async def test_a_file_may_change_the_case_of_its_name(engine: Engine) -> None:
    await write(engine, "Readme.md", "x")
    await engine.files.move_file(ANN, path="Readme.md", to="README.md")
    assert await listing(engine) == {"README.md": 1}
    assert {path.name for path in engine.root.iterdir()} == {".workspace", "README.md"}


async def test_a_directory_may_move_up_past_itself(engine: Engine) -> None:
    for path in ("a/a/x.md", "a/x.md"):
        await write(engine, path, path)
    await engine.files.move_file(ANN, path="a/a/x.md", to="b/x.md")
    await engine.files.move_file(ANN, path="b", to="c")
    for path in ("d/a/a/x.md", "d/a/x.md"):
        await write(engine, path, path)
    changes = [{"op": "move", "path": "d/a/x.md", "to": "d/x.md"}, {"op": "move", "path": "d/a/a/x.md", "to": "d/y.md"}]
    await engine.files.commit_files(ANN, changes=changes)
    assert set(await listing(engine)) == {"a/x.md", "c/x.md", "d/x.md", "d/y.md"}


@pytest.mark.parametrize("to", ["a", "a/b", "a/b/c"])
async def test_nothing_moves_into_itself(engine: Engine, to: str) -> None:
    await write(engine, "a/x.md", "x")
    with pytest.raises(InvalidArgument):
        await engine.files.move_file(ANN, path="a", to=to)


async def test_a_move_of_nothing_finds_nothing(engine: Engine) -> None:
    with pytest.raises(NotFound):
        await engine.files.move_file(ANN, path="a.md", to="b.md")
    with pytest.raises(NotFound):
        await engine.files.commit_files(ANN, changes=[{"op": "move", "path": "a.md", "to": "b.md"}])


# Delete and restore


async def test_a_delete_is_an_event_and_keeps_the_history(engine: Engine) -> None:
    await write(engine, "a.md", "x")
    answer = await engine.files.delete_file(BOB, path="a.md", message="gone")
    deleted = (await events(engine))[-1]
    assert answer == {"path": "a.md", "seq": deleted["seq"], "files": 1}
    assert (deleted["type"], deleted["version"], deleted["message"]) == ("file.deleted", 1, "gone")
    assert await text(engine, "a.md", version=1) == "x"
    assert not (engine.root / "a.md").exists()
    for call in (
        engine.files.delete_file(ANN, path="a.md"),
        engine.files.read_file(ANN, path="a.md"),
        engine.files.edit_file(ANN, path="a.md", edits=[{"old_text": "x", "new_text": "y"}]),
    ):
        with pytest.raises(NotFound) as refusal:
            await call
        assert refusal.value.facts["version"] == 1


async def test_a_directory_is_deleted_only_when_that_is_said(engine: Engine) -> None:
    for path in ("d/a.md", "d/e/b.md"):
        await write(engine, path, "x")
    with pytest.raises(IsDirectory):
        await engine.files.delete_file(ANN, path="d")
    with pytest.raises(InvalidArgument):
        await engine.files.delete_file(ANN, path="d", recursive=True, expect_version=1)
    handle = await lock(engine, "d/e/", caller=BOB)
    with pytest.raises(Locked):
        await engine.files.delete_file(ANN, path="d", recursive=True)
    answer = await engine.files.delete_file(BOB, path="d", recursive=True, lock=handle)
    assert answer["files"] == 2
    assert await listing(engine) == {}
    assert not (engine.root / "d").exists()


async def test_a_restore_brings_a_deleted_file_back_as_its_next_version(engine: Engine) -> None:
    await write(engine, "a.md", "one")
    await write(engine, "a.md", "two", overwrite=True)
    await engine.files.delete_file(ANN, path="a.md")
    answer = await engine.files.restore_file(BOB, path="a.md")
    assert (answer["version"], answer["created"], await text(engine, "a.md")) == (3, True, "two")
    restored = (await events(engine))[-1]
    assert (restored["type"], restored["restored_version"]) == ("file.restored", 2)


async def test_a_restore_over_a_live_file_needs_a_word(engine: Engine) -> None:
    await write(engine, "a.md", "one")
    await write(engine, "a.md", "two", overwrite=True)
    with pytest.raises(VersionRequired) as refusal:
        await engine.files.restore_file(ANN, path="a.md", version=1)
    assert "restore_file(path='a.md', version=1, expect_version=2)" in str(refusal.value.hint)
    assert (await engine.files.restore_file(ANN, path="a.md"))["unchanged"]
    assert (await engine.files.restore_file(ANN, path="a.md", version=1, expect_version=2))["version"] == 3
    for path, version in (("a.md", 9), ("a.md", 0), ("none.md", None)):
        with pytest.raises(NotFound):
            await engine.files.restore_file(ANN, path=path, version=version)


# Merge


async def test_changes_in_different_places_are_merged(engine: Engine) -> None:
    await write(engine, "a.md", "1\n2\n3\n4\n5\n")
    await write(engine, "a.md", "one\n2\n3\n4\n5\n", BOB, expect_version=1)
    answer = await write(engine, "a.md", "1\n2\n3\n4\nfive\n", expect_version=1, on_conflict="merge")
    assert (answer["merged"], answer["version"], await text(engine, "a.md")) == (True, 3, "one\n2\n3\n4\nfive\n")
    merge = (await events(engine))[-1]
    assert (merge["type"], merge["op"], merge["merged_from"]) == ("file.updated", "merge", 1)


async def test_changes_in_one_place_are_a_conflict_with_a_diff(engine: Engine) -> None:
    await write(engine, "a.md", "1\n2\n3\n")
    await write(engine, "a.md", "1\ntwo\n3\n", BOB, expect_version=1)
    with pytest.raises(Conflict) as refusal:
        await write(engine, "a.md", "1\nZWEI\n3\n", expect_version=1, on_conflict="merge")
    assert "+two" in str(refusal.value.facts["diff"])
    assert await text(engine, "a.md") == "1\ntwo\n3\n"


@pytest.mark.parametrize("given", [{"expect_version": 0}, {"expect_version": 9}])
async def test_what_has_no_common_base_is_not_merged(engine: Engine, given: dict[str, Any]) -> None:
    await write(engine, "a.md", "1\n")
    with pytest.raises(Conflict):
        await write(engine, "a.md", "2\n", on_conflict="merge", **given)


async def test_what_was_deleted_or_is_no_text_is_not_merged(engine: Engine) -> None:
    await write(engine, "a.md", "1\n")
    await engine.files.delete_file(BOB, path="a.md")
    with pytest.raises(Conflict):
        await write(engine, "a.md", "2\n", on_conflict="merge", expect_version=1)
    await write(engine, "x.bin", "/w==", encoding="base64")
    await write(engine, "x.bin", "/v8=", encoding="base64", expect_version=1)
    with pytest.raises(Conflict):
        await write(engine, "x.bin", "text", on_conflict="merge", expect_version=1)


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n"]), max_size=8).map("".join)


@given(LINES, LINES)
def test_who_alone_changed_the_text_wins_the_merge(base: str, mine: str) -> None:
    assert merged(base, mine, base) == mine
    assert merged(base, base, mine) == mine
    assert merged(base, mine, mine) == mine


def test_texts_that_differ_in_too_many_lines_are_not_merged() -> None:
    many = "".join(f"{number}\n" for number in range(6_000))
    assert merged(many, "a\n" + many, many + "b\n") is None
    around = "same\n" * 50_000
    assert merged(around + "1\n" + around, around + "2\n" + around, around + "1\n" + around) == around + "2\n" + around


# Locks in writes


async def test_a_lock_that_covers_nothing_of_the_write_is_a_mistake(engine: Engine) -> None:
    handle = await lock(engine, "b.md")
    with pytest.raises(InvalidArgument) as refusal:
        await write(engine, "a.md", "x", lock=handle)
    assert refusal.value.facts["argument"] == "lock"


async def test_a_write_names_its_lock_in_the_event_without_the_handle(engine: Engine) -> None:
    handle = await lock(engine, "a.md")
    await write(engine, "a.md", "x", lock=handle)
    assert (await events(engine))[-1]["lock"] == handle.partition("-")[0]
    assert handle not in str(await events(engine))


async def test_a_lost_lock_says_whether_the_file_moved_on(engine: Engine, clock: ManualClock) -> None:
    await write(engine, "a.md", "one\n")
    handle = await lock(engine, "a.md", ttl_seconds=60)
    clock.advance(61)
    with pytest.raises(LockLost) as refusal:
        await write(engine, "a.md", "mine\n", lock=handle)
    facts = refusal.value.facts
    assert (facts["reason"], facts["version"], facts["changed_since_lock"]) == ("expired", 1, False)
    assert "diff" not in facts
    await write(engine, "a.md", "two\n", BOB, expect_version=1)
    with pytest.raises(LockLost) as refusal:
        await write(engine, "a.md", "mine\n", lock=handle)
    facts = refusal.value.facts
    assert (facts["version"], facts["changed_since_lock"]) == (2, True)
    assert "+two" in str(facts["diff"])


async def test_every_call_that_gives_the_handle_renews_the_lock_also_a_refused_one(
    engine: Engine, clock: ManualClock
) -> None:
    await write(engine, "a.md", "one")
    handle = await lock(engine, "a.md", ttl_seconds=60)
    steps: list[tuple[str, dict[str, Any]]] = [("two", {}), ("two", {}), ("three", {"expect_version": 9}), ("four", {})]
    for content, said in steps:
        clock.advance(50)
        try:
            await write(engine, "a.md", content, lock=handle, **said)
        except Conflict:
            assert content == "three"
    assert await text(engine, "a.md") == "four"
    clock.advance(60)
    with pytest.raises(LockLost):
        await write(engine, "a.md", "five", lock=handle)


async def test_who_may_not_read_is_not_told_what_a_lock_is_for(engine: Engine) -> None:
    await lock(engine, "a.md", purpose="secret plan")
    with pytest.raises(Locked) as refusal:
        await write(engine, "a.md", "x", BOB)
    assert refusal.value.facts["purpose"] == "secret plan"
    blind = Caller(agent="b", scope=everywhere("write", "lock"))
    for call in (write(engine, "a.md", "x", blind), engine.locks.lock_files(blind, paths=["a.md"])):
        with pytest.raises(Locked) as refusal:
            await call
        assert refusal.value.facts["purpose"] is None
