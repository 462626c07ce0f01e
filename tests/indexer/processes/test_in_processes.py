"""Extraction in children: whatever a file does to its child, it alone fails, and says why."""

import dataclasses
import fcntl
import functools
import gc
import hashlib
import os
import platform
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from indexer.collector import Collector
from indexer.extracting import InThread
from indexer.extractors import Registry
from indexer.extractors.plain import OTHER
from indexer.follower import FactFollower
from indexer.limits import CHILD_MEMORY_BYTES, CHILD_OPEN_FILES, LARGE_TEXT_BYTES
from indexer.memory import MemoryFactStore
from indexer.model import Change, Extraction
from indexer.ports import Content
from indexer.processes import in_processes
from indexer.processes.confining import Bounds, layers_here
from indexer.processes.in_processes import InProcesses
from indexer.processes.surroundings import surroundings
from indexer.processes.worker import started
from tests.indexer import files
from tests.indexer.following import Log

pytestmark = pytest.mark.anyio
HOSTILE = "tests.indexer.processes.hostile:REGISTRY"


def content(path: str, data: bytes | str, *, size_bytes: int | None = None) -> Content:
    data = data.encode() if isinstance(data, str) else data
    size_bytes = len(data) if size_bytes is None else size_bytes
    sha256 = hashlib.sha256(data).hexdigest()
    return Content(Change(seq=1, path=path, version=1, sha256=sha256, size_bytes=size_bytes), data)


@asynccontextmanager
async def children(registry: str = HOSTILE, **bounds: Any) -> AsyncIterator[InProcesses]:
    extracting = InProcesses(registry, **bounds)
    try:
        yield extracting
    finally:
        await extracting.aclose()


def told(extraction: Extraction) -> list[tuple[str, str]]:
    return [(fact.key, fact.value) for fact in extraction.facts if fact.kind == "field"]


async def test_what_a_killed_server_left_of_its_parsers_is_cleared(tmp_path: Path) -> None:
    place = tmp_path / "state" / "extracting"
    place.mkdir(parents=True)
    (place / "left").write_text("by a killed process")
    async with children(scratch=place) as extracting:
        [found] = await extracting.extract([content("a.md", "Owner: Ada\n")])
        assert told(found) == [("Owner", "Ada")]
        assert not (place / "left").exists()
    assert not place.exists()


async def test_parsers_of_a_folder_that_was_moved_away_make_none_in_its_place(tmp_path: Path) -> None:
    async with children(scratch=tmp_path / "moved" / "extracting") as extracting:
        with pytest.RaisesGroup(FileNotFoundError, flatten_subgroups=True):
            await extracting.extract([content("a.md", "Owner: Ada\n")])
    assert list(tmp_path.iterdir()) == []


async def test_files_of_every_kind_give_what_they_give_in_a_thread() -> None:
    contents = [
        content("notes.md", "# Falcon\n\nOwner: Ada\n"),
        content("plan.pdf", files.pdf([["Owner: Ada"], ["Cost: 3 EUR"]])),
        content("plan.docx", files.docx([("Heading1", "Plan"), ("", "Owner: Ada")])),
        content("books.xlsx", files.xlsx({"Costs": [["Item", "Cost"], ["Rack", 12]]})),
        content("m.eml", files.mail(subject="Plan", text="Owner: Ada\n")),
        content("a.png", files.png(3, 3)),
        content("a.bin", b"\0\1\2"),
        content("a.zip", files.zipped({"a": "b"})),
        content("broken.pdf", b"%PDF-1.4 nothing"),
        content("umlauts.txt", "Größe: 3 µm\n".encode("latin-1")),
        content("empty.md", b""),
        content("long.md", "Owner: Ada\n\n" + "word " * (LARGE_TEXT_BYTES // 4)),
        content("gone.md", b"", size_bytes=3),
    ]
    async with children(in_processes.OWN) as extracting:
        found = await extracting.extract(contents)

    assert list(found) == list(await InThread().extract(contents))
    assert [each.state for each in found] == [
        *("ok", "ok", "ok", "ok", "ok", "limited", "limited", "limited", "failed", "limited", "empty", "ok", "failed")
    ]


@pytest.mark.parametrize(
    ("deed", "bounds", "reason"),
    [
        ("sleep", {"document_s": 0.3}, "its parser took longer than 0.3 s"),
        ("abort", {}, "its parser crashed (SIGABRT)"),
        ("exit", {}, "its parser ended without an answer"),
        ("spin", {"cpu_s": 1}, "its parser used too much processor time"),
        ("boast", {}, "its parser gave an answer without end"),
        ("lie", {}, "its parser gave an answer that makes no sense"),
    ],
)
async def test_a_file_that_costs_two_children_their_lives_is_not_tried_again(
    deed: str, bounds: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = count_starts(monkeypatch)
    harmful = content("a.hostile", f"HOSTILE {deed}")
    async with children(**bounds) as extracting:
        harmed, fine = await extracting.extract([harmful, content("a.md", "Owner: Ada")])
        assert (harmed.state, harmed.reason) == ("failed", f"{reason}; it is not tried again")
        assert told(fine) == [("Owner", "Ada")]

        before = len(starts)
        (again,) = await extracting.extract([harmful])
        assert (again.state, len(starts)) == ("failed", before)
        assert told((await extracting.extract([content("b.hostile", "HOSTILE not")]))[0]) == [("Deed", "not")]


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("eat", "reading it takes more memory than it may have"),
        ("raise", "the extractor failed: LookupError"),
    ],
)
async def test_a_parser_that_fails_in_good_order_costs_no_child(deed: str, reason: str) -> None:
    async with children() as extracting:
        (found,) = await extracting.extract([content("a.hostile", f"HOSTILE {deed}")])

    assert (found.state, found.reason) == ("failed", reason)


async def test_what_a_parser_prints_is_no_answer() -> None:
    async with children() as extracting:
        (found,) = await extracting.extract([content("a.hostile", "HOSTILE shout")])

    assert told(found) == [("Deed", "shout")]


@pytest.mark.skipif("landlock" not in layers_here(), reason="without Landlock, files stay within reach")
async def test_a_parser_that_is_taken_over_reaches_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    attempts = {
        "read": f"Path({str(secret)!r}).read_text()",
        "list": "os.listdir('/proc')",
        "make": f"Path({str(tmp_path / 'new')!r}).write_text('x')",
        "connect": "socket.create_connection(('127.0.0.1', 1))",
        "fork": "os.fork()",
        "run": "subprocess.run(['/bin/true'])",
        "kill": f"os.kill({os.getpid()}, 0)",
        "slow": f"os.setpriority(0, {os.getpid()}, 19)",
        "settings": "Path('/etc/passwd').read_text()",
        "parent": f"Path('/proc/{os.getpid()}/environ').read_bytes()",
        "shared": f"Path({tempfile.gettempdir() + '/new-by-a-parser'!r}).write_text('x')",
        "datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "socket file": "socket.socket(socket.AF_UNIX)",
        "raw": "socket.socket(socket.AF_INET6, socket.SOCK_RAW)",
    }
    script = "\n".join(f"{name}|{attempt}" for name, attempt in attempts.items())
    async with children() as extracting:
        (found,) = await extracting.extract([content("a.hostile", f"HOSTILE look {script}")])

    assert found.text.split("\n")[:-1] == [f"{name}: PermissionError" for name in attempts]
    assert not (tmp_path / "new").exists()


async def test_a_child_inherits_no_open_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    with (tmp_path / "secret").open("rb") as secret:
        number = fcntl.fcntl(secret.fileno(), fcntl.F_DUPFD, 50)  # beyond those that the child opens itself
    os.set_inheritable(number, True)
    try:
        async with children() as extracting:
            script = f"file|os.fstat({number})\nanswer|os.fstat(1)"
            (found,) = await extracting.extract([content("a.hostile", f"HOSTILE look {script}")])
    finally:
        os.close(number)

    assert found.text == "file: OSError\nanswer: allowed\n"


async def test_a_child_inherits_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSPACE_SECRET", "x")
    script = "home|os.stat(os.environ['HOME'])\nsecret|os.stat(os.environ.get('WORKSPACE_SECRET', '/nowhere'))"
    async with children() as extracting:
        (found,) = await extracting.extract([content("a.hostile", f"HOSTILE look {script}")])

    assert told(found) == [("home", "allowed"), ("secret", "FileNotFoundError")]


async def test_text_that_hangs_fails_and_the_texts_behind_it_are_read() -> None:
    texts = [content(f"{n}.txt", "hang" if n == 1 else f"Owner: Ada {n}") for n in range(4)]
    async with children(text_s=0.3, document_s=0.3) as extracting:
        found = await extracting.extract(texts)

    assert [each.state for each in found] == ["ok", "failed", "ok", "ok"]
    assert found[1].reason == "its parser took longer than 0.3 s; it is not tried again"
    assert told(found[3]) == [("Owner", "Ada 3")]


async def test_small_texts_are_read_by_one_child_that_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = count_starts(monkeypatch)
    async with children() as extracting:
        for number in range(3):
            await extracting.extract([content("a.md", f"Size: {number}"), content("b.md", f"Size: {number}")])

    assert starts == [False]


async def test_a_child_that_is_killed_from_outside_is_replaced() -> None:
    async with children() as extracting:
        await extracting.extract([content("a.md", "Size: 1")])
        assert extracting._staying is not None
        os.killpg(extracting._staying._process.pid, signal.SIGKILL)
        (found,) = await extracting.extract([content("a.md", "Size: 2")])

    assert told(found) == [("Size", "2")]


async def test_extraction_that_nobody_waits_for_any_more_leaves_no_child_behind() -> None:
    async with children() as extracting:
        await extracting.extract([content("a.md", "Size: 1")])
        with anyio.move_on_after(0.3):
            await extracting.extract([content("a.txt", "hang"), content("a.hostile", "HOSTILE sleep")])
        assert extracting._staying is None
        (found,) = await extracting.extract([content("a.md", "Size: 2")])

    assert told(found) == [("Size", "2")]


async def test_a_server_that_read_nothing_has_nothing_to_end() -> None:
    async with children() as extracting:
        assert list(await extracting.extract([])) == []
    assert extracting._scratch is None


async def test_the_memory_of_who_did_harm_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_processes, "QUARANTINED_MAX", 1)
    async with children() as extracting:
        await extracting.extract([content(f"{name}.hostile", f"HOSTILE exit {name}") for name in "ab"])

    assert len(extracting._kills) == 1


async def test_a_child_that_cannot_start_is_no_fault_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    async with children(memory_bytes=1 << 20) as extracting:
        with pytest.RaisesGroup(ChildProcessError):
            await extracting.extract([content("a.md", "Size: 1")])
    assert extracting._kills == {}


@pytest.mark.parametrize("turns", range(1, 9))
def test_a_start_that_is_given_up_leaves_no_child_behind(turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever turn of the loop the start has got to: what it left open is told of when it is collected."""
    around = surroundings(tempfile.gettempdir(), registry=HOSTILE)
    bounds = Bounds(memory_bytes=CHILD_MEMORY_BYTES, cpu_s=None, file_bytes=0, open_files=CHILD_OPEN_FILES)

    async def give_up() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(functools.partial(started, around, bounds, registry=HOSTILE))
            for _ in range(turns):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()

    lost: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)
    anyio.run(give_up)
    gc.collect()
    assert lost == []


async def test_the_index_follows_while_a_file_does_its_worst() -> None:
    log, store = Log(), MemoryFactStore()
    for path, text in (("a.hostile", "HOSTILE abort"), ("b.md", "Owner: Ada"), ("c.hostile", "HOSTILE exit")):
        log.save(path, text)
    async with children() as extracting, anyio.create_task_group() as tasks:
        follower = FactFollower(log, store, registry=extracting._registry, extracting=extracting)
        tasks.start_soon(follower.run)
        assert await follower.progress.reach(3, timeout_s=30)
        tasks.cancel_scope.cancel()

    states = {path: indexed.extraction.state for path, indexed in store.indexed.items() if indexed.extraction}
    assert states == {"a.hostile": "failed", "b.md": "ok", "c.hostile": "failed"}


async def test_what_did_harm_is_not_tried_again_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    log, store = Log(), MemoryFactStore()
    for path in ("a.hostile", "moved/a.hostile"):
        seq = log.save(path, "HOSTILE exit")
        starts = count_starts(monkeypatch)
        async with children() as extracting, anyio.create_task_group() as tasks:
            follower = FactFollower(log, store, registry=extracting._registry, extracting=extracting)
            tasks.start_soon(follower.run)
            assert await follower.progress.reach(seq, timeout_s=30)
            tasks.cancel_scope.cancel()

    assert starts == []
    assert {path: each.extraction.state for path, each in store.indexed.items() if each.extraction} == {
        "a.hostile": "failed",
        "moved/a.hostile": "failed",
    }


async def test_memory_that_is_not_there_fails_one_file() -> None:
    def eat(out: Collector) -> None:
        raise MemoryError

    registry = Registry((), fallback=dataclasses.replace(OTHER, extract=eat))
    (found,) = await InThread(registry).extract([content("a.md", "x")])

    assert (found.state, found.reason) == ("failed", "reading it takes more memory than it may have")


def test_the_sandbox_names_its_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (InProcesses().sandbox(), InThread().sandbox()) == (layers_here(), ())
    assert layers_here()[0] == "limits"
    monkeypatch.setattr("sys.platform", "darwin")
    assert layers_here() == ("limits",)
    monkeypatch.undo()
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert "seccomp" not in layers_here()


def count_starts(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return a list that grows with each child: whether it prepares."""
    begun: list[bool] = []

    async def counted(*args: Any, **how: Any) -> Any:
        begun.append(how.get("prepares", False))
        return await started(*args, **how)

    monkeypatch.setattr(in_processes, "started", counted)
    return begun
