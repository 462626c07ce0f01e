"""Files that are written over instead of being made anew."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from workspace_server.storage.disk import spares
from workspace_server.storage.disk.leases import is_open_elsewhere
from workspace_server.storage.disk.spares import Spares
from workspace_server.storage.disk.tree import Tree


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_spare_file_comes_back_to_be_written_over(tmp_path: Path, directory: int) -> None:
    found = Spares(directory)
    (tmp_path / "copy-1").write_bytes(b"old content")
    inode = (tmp_path / "copy-1").stat().st_ino
    assert found.add("copy-1")
    taken = found.take(0o640)
    assert taken is not None
    name, descriptor, size = taken
    os.close(descriptor)
    assert size == len(b"old content")
    assert names(tmp_path) == [name]
    assert name.startswith(spares.PREFIX)  # until it is written: what a crash leaves half-written is no content
    assert ((tmp_path / name).stat().st_ino, (tmp_path / name).stat().st_mode & 0o777) == (inode, 0o640)
    assert found.take(0o640) is None


def test_a_file_that_somebody_reads_is_never_written_over(tmp_path: Path, directory: int) -> None:
    found = Spares(directory)
    (tmp_path / "copy-1").write_bytes(b"old content")
    with (tmp_path / "copy-1").open("rb") as reader:
        assert found.add("copy-1")
        assert found.take(0o644) is None
        assert names(tmp_path) == []
        assert reader.read() == b"old content"


def test_links_and_large_files_are_no_spares(tmp_path: Path, directory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Spares(directory)
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    (tmp_path / "large").write_bytes(b"x" * (spares.SPARE_BYTES_MAX + 1))
    assert not found.add("a")
    assert not found.add("large")
    assert not found.add("absent")
    (tmp_path / "b").unlink()
    monkeypatch.setattr(spares, "SPARES_MAX", 0)
    assert not found.add("a")


def test_what_an_earlier_process_left_is_cleared(tmp_path: Path, directory: int) -> None:
    first = Spares(directory)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"x")
        assert first.add(name)
    (tmp_path / "copy-1").write_bytes(b"not a spare")
    Spares(directory)
    assert names(tmp_path) == ["copy-1"]


def test_a_shorter_content_leaves_nothing_of_the_longer_one(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert tree.place(tree.stage(b"a long first content", "a.md"), "a.md") is None
    displaced = tree.place(tree.stage(b"second", "a.md"), "a.md")
    assert displaced is not None
    tree.discard(displaced.name, reuse=True)
    third = tree.place(tree.stage(b"3", "a.md"), "a.md")
    assert third is not None
    assert (tmp_path / "a.md").read_bytes() == b"3"
    tree.discard(third.name, reuse=True)
    tree.close()
    assert names(tmp_path / ".workspace" / "tmp") == []


def test_the_system_tells_who_else_has_a_file_open(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    descriptor = os.open(path, os.O_RDONLY)
    assert is_open_elsewhere(descriptor, for_writing=True) is False
    with path.open("ab"):
        assert is_open_elsewhere(descriptor, for_writing=True) is True
    os.close(descriptor)
    reader, writer = os.pipe()
    assert is_open_elsewhere(writer, for_writing=False) is None
    os.close(reader)
    os.close(writer)
