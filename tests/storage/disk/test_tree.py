"""The working tree: nothing outside is reached, nothing is lost in a replacement."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.swapping import Swapper
from workspace_server.errors import InvalidPath, IsDirectory, WorkspaceError
from workspace_server.storage.disk import kernel
from workspace_server.storage.disk.signatures import Signature
from workspace_server.storage.disk.staging import belongs_to
from workspace_server.storage.disk.tree import Displaced, Staged, Tree


@pytest.fixture(params=["openat2", "walk", "no exchange"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tree]:
    """A tree on this kernel, and as it is on a kernel that lacks one of the calls."""
    (tmp_path / "root").mkdir()
    tree = Tree(tmp_path / "root")
    if request.param == "walk":
        tree._open = kernel.walk_beneath
    if request.param == "no exchange":
        tree.exchanges = False
    yield tree
    tree.close()


def put(tree: Tree, data: bytes | Path, path: str) -> Displaced | None:
    return tree.place(tree.stage(data, path), path)


def content(tree: Tree, path: str) -> bytes | None:
    reading = tree.open(path)
    if reading is None:
        return None
    with reading:
        return reading.read_all()


def temporary(tree: Tree, found: Displaced | Staged | None) -> bytes:
    assert found is not None
    reading = tree.open_temporary(found.name)
    assert reading is not None
    with reading:
        return reading.read_all()


def test_this_kernel_has_both_calls(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert tree.exchanges
    tree.close()


def test_a_new_file_appears_whole_with_its_directories(tree: Tree) -> None:
    staged = tree.stage(b"one", "a/b/c.md")
    assert tree.place(staged, "a/b/c.md") is None
    assert content(tree, "a/b/c.md") == b"one"
    assert tree.look("a/b/c.md").signature is not None
    assert staged.signature.same_file(tree.look("a/b/c.md").signature)
    assert tree.temporaries() == []


def test_what_a_replacement_displaces_can_be_read(tree: Tree) -> None:
    put(tree, b"one", "x")
    displaced = put(tree, b"two", "x")
    assert content(tree, "x") == b"two"
    assert temporary(tree, displaced) == b"one"
    assert displaced is not None
    tree.discard(displaced.name)
    tree.discard(displaced.name)
    assert tree.temporaries() == []


def test_a_replacement_keeps_the_permissions(tree: Tree) -> None:
    put(tree, b"#!/bin/sh", "run.sh")
    (tree.root / "run.sh").chmod(0o750)
    put(tree, b"#!/bin/sh\n", "run.sh")
    assert (tree.root / "run.sh").stat().st_mode & 0o777 == 0o750


def test_a_removed_file_can_still_be_read(tree: Tree) -> None:
    put(tree, b"one", "a/b/x")
    gone = tree.remove("a/b/x")
    assert temporary(tree, gone) == b"one"
    assert tree.look("a/b/x").kind == "absent"
    assert tree.remove("a/b/x") is None
    assert tree.remove("no/such/x") is None


def test_directories_go_with_their_last_file(tree: Tree) -> None:
    put(tree, b"", "a/b/x")
    put(tree, b"", "a/y")
    tree.remove("a/b/x")
    tree.prune("a/b/x")
    assert tree.look("a/b").kind == "absent"
    assert tree.look("a").kind == "directory"


def test_a_temporary_file_is_known_to_belong_to_its_path(tree: Tree) -> None:
    put(tree, b"one", "x")
    gone = tree.remove("x")
    assert gone is not None
    assert [belongs_to(gone.name, path) for path in ("x", "y")] == [True, False]
    kept = tree.keep(gone.name)
    assert (tree.root / kept).read_bytes() == b"one"
    assert tree.temporaries() == []


def test_a_large_file_is_staged_from_another_file(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "object").write_bytes(b"x" * 3_000_000)
    put(tree, tmp_path / "object", "big")
    assert content(tree, "big") == b"x" * 3_000_000


def test_a_change_right_after_a_placing_shows_in_the_signature(tree: Tree) -> None:
    staged = tree.stage(b"one", "x")
    tree.place(staged, "x")
    (tree.root / "x").write_bytes(b"two")
    assert not staged.signature.same_file(tree.look("x").signature)


def test_syncing_passes_over_what_is_gone(tree: Tree) -> None:
    put(tree, b"one", "a/b/x")
    (tree.root / "link").symlink_to("a")
    tree.sync(["a/b/x", "gone", "a/b/x/below", "link", "link/x", "a"])
    tree.sync(f"many/{number}" for number in range(100))


def test_the_folder_is_known_to_be_gone(tree: Tree, tmp_path: Path) -> None:
    assert tree.stands()
    tree.root.rename(tmp_path / "elsewhere")
    assert not tree.stands()
    tree.root.mkdir()
    assert not tree.stands()


def odd(root: Path, kind: str) -> str:
    """Put something odd into the folder and return the path that leads to it."""
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "f.md").write_bytes(b"")
    path = kind
    if kind == "link":
        (root / kind).symlink_to(outside / "secret")
    elif kind == "link inside":
        (root / kind).symlink_to("f.md")
    elif kind == "dangling/new.md":
        (root / "dangling").symlink_to(root.parent / "new-outside-dir")
    elif kind == "directory link":
        (root / kind).symlink_to(outside)
        path = f"{kind}/secret"
    elif kind == "root link":
        (root / kind).symlink_to("/")
        path = f"{kind}/etc/passwd"
    elif kind == "fifo":
        os.mkfifo(root / kind)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(root / kind))
    elif kind == "hard link":
        (root / kind).hardlink_to(outside / "secret")
    elif kind == "below a file":
        path = "f.md/child"
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "link",
        "link inside",
        "dangling/new.md",
        "directory link",
        "root link",
        "fifo",
        "socket",
        "hard link",
        "below a file",
    ],
)
def test_what_is_no_file_of_ours_is_refused_and_left_alone(tree: Tree, kind: str) -> None:
    path = odd(tree.root, kind)
    before = sorted(str(found) for found in tree.root.parent.rglob("*") if ".workspace" not in found.parts)
    staged = tree.stage(b"attack", path)
    for attempt in (
        lambda: tree.look(path).refuse(path),
        lambda: tree.open(path),
        lambda: tree.place(staged, path),
        lambda: tree.remove(path),
    ):
        with pytest.raises(InvalidPath) as caught:
            attempt()
        assert str(tree.root) not in str(caught.value.as_dict())
    after = sorted(str(found) for found in tree.root.parent.rglob("*") if ".workspace" not in found.parts)
    assert after == before
    assert (tree.root.parent / "outside" / "secret").read_bytes() == b"secret"
    assert temporary(tree, staged) == b"attack"


def test_a_directory_is_no_file(tree: Tree) -> None:
    (tree.root / "d").mkdir()
    staged = tree.stage(b"", "d")
    for attempt in (lambda: tree.open("d"), lambda: tree.place(staged, "d"), lambda: tree.remove("d")):
        with pytest.raises(IsDirectory):
            attempt()


def test_a_state_directory_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / ".workspace").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="symbolic links"):
        Tree(tmp_path / "root")
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("opener", [kernel.open_beneath, kernel.walk_beneath])
@pytest.mark.parametrize("path", ["..", "../x", "a/../../x", "/etc/passwd", ".", "a/./b", "a//b"])
def test_the_kernel_calls_do_not_leave_even_without_the_rules_of_paths(
    tmp_path: Path, path: str, opener: object
) -> None:
    (tmp_path / "root" / "a").mkdir(parents=True)
    (tmp_path / "x").write_bytes(b"secret")
    root = os.open(tmp_path / "root", os.O_RDONLY)
    with contextlib.suppress(OSError):
        descriptor = opener(root, path, os.O_RDONLY)  # type: ignore[operator]
        found = Path(f"/proc/self/fd/{descriptor}").readlink()
        os.close(descriptor)
        assert found.is_relative_to(tmp_path / "root")
    os.close(root)


def test_a_name_is_not_cut_at_a_null_character(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    root = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(OSError, match="Invalid argument"):
        kernel.open_beneath(root, "x\0.md", os.O_RDONLY)
    os.close(root)


def test_a_stable_read_is_told_from_one_that_was_not(tree: Tree) -> None:
    put(tree, b"one", "x")
    reading = tree.open("x")
    assert reading is not None
    with reading:
        assert reading.read_all() == b"one"
        assert reading.unchanged()
        with (tree.root / "x").open("ab") as file:
            file.write(b"more")
        assert not reading.unchanged()


def test_a_file_that_is_open_for_writing_is_known(tree: Tree) -> None:
    put(tree, b"one", "x")
    reading = tree.open("x")
    assert reading is not None
    with reading:
        assert not reading.has_writer()
        with (tree.root / "x").open("ab"):
            assert reading.has_writer()
        assert not reading.has_writer()


def test_a_fresh_signature_is_not_trusted() -> None:
    signature = Signature(mtime_ns=5_000_000_001, ctime_ns=0, size=1, inode=1)
    assert not signature.trusted(5_050_000_000)
    assert signature.trusted(5_200_000_000)
    whole_seconds = Signature(mtime_ns=5_000_000_000, ctime_ns=0, size=1, inode=1)
    assert not whole_seconds.trusted(6_900_000_000)
    assert whole_seconds.trusted(7_100_000_000)


def test_a_signature_survives_being_written_down() -> None:
    signature = Signature(1, 2, 3, 4)
    assert Signature.parse(str(signature)) == signature
    assert [Signature.parse(text) for text in (None, "", "1:2", "a:b:c:d")] == [None] * 4


# The race: while somebody exchanges a directory with a link to outside, everything goes on. The control is a double
# that checks the real path first, as many servers do; it must leak, else the race was not run.


RACE_S = 2.0


def test_no_path_escapes_while_somebody_swaps_a_directory_for_a_link(tree: Tree) -> None:
    leaks = tries = 0
    with Swapper(tree.root) as swapper:
        end = time.monotonic() + RACE_S
        while time.monotonic() < end:
            tries += 1
            with contextlib.suppress(WorkspaceError, OSError):
                leaks += content(tree, "d/f") == b"secret"
            with contextlib.suppress(WorkspaceError, OSError):
                displaced = put(tree, b"written", "d/f")
                leaks += displaced is not None and temporary(tree, displaced) == b"secret"
            with contextlib.suppress(WorkspaceError, OSError):
                put(tree, b"new", f"d/new/{tries}")
            with contextlib.suppress(WorkspaceError, OSError):
                gone = tree.remove("d/f")
                leaks += gone is not None and temporary(tree, gone) == b"secret"
            for name in tree.temporaries():
                tree.discard(name)
    assert leaks == 0
    assert tries > 0
    assert [path.name for path in swapper.outside.iterdir()] == ["f"]
    assert (swapper.outside / "f").read_bytes() == b"secret"


def test_control_a_check_of_the_real_path_leaks_in_the_same_race(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    leaks = 0
    with Swapper(root):
        end = time.monotonic() + 20
        while not leaks and time.monotonic() < end:
            path = root / "d" / "f"
            with contextlib.suppress(OSError, RuntimeError):
                if Path(os.path.realpath(path)).is_relative_to(root):
                    leaks += path.read_bytes() == b"secret"
    assert leaks
