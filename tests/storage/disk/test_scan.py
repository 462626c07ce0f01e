"""The walk over the folder: what belongs to the workspace, and why the rest does not."""

import os
from pathlib import Path

from workspace_server.config import Settings
from workspace_server.storage.disk.ignore import Ignore
from workspace_server.storage.disk.scan import EXAMPLES_MAX, Scan
from workspace_server.storage.disk.tree import Tree


def nothing(path: str) -> None:
    return None


def scanned(root: Path) -> tuple[list[str], dict[str, int]]:
    tree = Tree(root)
    scan = Scan(tree, Ignore(Settings().ignore, nothing))
    found = sorted(seen.path for seen in scan)
    tree.close()
    return found, {str(reason): count for reason, count in scan.left_out.counts.items()}


def test_every_file_is_found_and_the_rest_is_counted_by_reason(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for path in ["a.md", "d/b.md", "d/e/c.md", "node_modules/x.js", ".git/config", "x.pyc", "nul", "cafe\u0301.md"]:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"")
    (root / "link").symlink_to("a.md")
    (root / "dirlink").symlink_to("d")
    os.mkfifo(root / "fifo")
    (root / "hard").hardlink_to(root / "d/e/c.md")
    (root / "README.md").write_bytes(b"")
    (root / "readme.md").write_bytes(b"")
    os.close(os.open(os.fsencode(root) + b"/\xe9.md", os.O_CREAT | os.O_WRONLY))
    found, left_out = scanned(root)
    assert found == ["README.md", "a.md", "d/b.md", "readme.md"]
    assert left_out == {"ignored": 3, "invalid name": 3, "symlink": 2, "special": 1, "hard-linked": 2}


def test_what_is_left_out_is_shown_by_a_few_examples(tmp_path: Path) -> None:
    for number in range(EXAMPLES_MAX + 5):
        (tmp_path / f"{number}.pyc").write_bytes(b"")
    tree = Tree(tmp_path)
    scan = Scan(tree, Ignore(Settings().ignore, nothing))
    assert list(scan) == []
    shown = scan.left_out.as_dict()["ignored"]
    assert isinstance(shown, dict)
    assert shown["count"] == EXAMPLES_MAX + 5
    assert len(shown["examples"]) == EXAMPLES_MAX
    tree.close()


def test_a_signature_is_the_one_that_a_look_finds(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    tree = Tree(tmp_path)
    (seen,) = Scan(tree, Ignore((), nothing))
    assert seen.signature == tree.look("x").signature
    tree.close()


def test_part_of_the_folder_can_be_walked(tmp_path: Path) -> None:
    for path in ["a/x", "a/b/y", "c/z", "no/w"]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    tree = Tree(tmp_path)
    ignore = Ignore(("no/",), nothing)
    assert sorted(seen.path for seen in Scan(tree, ignore, below="a")) == ["a/b/y", "a/x"]
    assert [list(Scan(tree, ignore, below=below)) for below in ("no", "absent")] == [[], []]
    tree.close()
