"""The kind of file system is read from the kernel's table of mounts."""

import logging
import sys
from pathlib import Path

import pytest

from workspace_server.errors import Unavailable
from workspace_server.storage.disk import filesystem

ROW = "36 27 0:31 / {at} rw,relatime shared:1 - {kind} source rw\n"


def table(tmp_path: Path, *mounts: tuple[str, str]) -> Path:
    file = tmp_path / "mountinfo"
    file.write_text("".join(ROW.format(at=at, kind=kind) for at, kind in mounts), "utf-8")
    return file


def test_the_deepest_and_then_the_last_mount_counts(tmp_path: Path) -> None:
    mounts = table(tmp_path, ("/", "ext4"), ("/srv", "nfs4"), ("/srv/disk", "nfs"), ("/srv/disk", "xfs"))
    kinds = {
        place: filesystem.type_at(Path(place), mounts=mounts) for place in ("/x", "/srv/a", "/srv/disk/b", "/srvx")
    }
    assert kinds == {"/x": "ext4", "/srv/a": "nfs4", "/srv/disk/b": "xfs", "/srvx": "ext4"}


def test_names_in_the_table_are_unescaped(tmp_path: Path) -> None:
    assert (
        filesystem.type_at(Path("/a b\\c/d"), mounts=table(tmp_path, ("/", "ext4"), ("/a\\040b\\134c", "cifs")))
        == "cifs"
    )


def test_a_folder_on_a_network_file_system_is_refused_with_its_kind(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refusal:
        filesystem.check(Path("/srv/project"), mounts=table(tmp_path, ("/", "ext4"), ("/srv", "nfs4")))
    assert refusal.value.facts["reason"] == "network file system: nfs4"
    assert "disk of this machine" in (refusal.value.hint or "")


def test_a_folder_that_a_host_shares_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        filesystem.check(Path("/srv/project"), mounts=table(tmp_path, ("/", "virtiofs")))
    assert "virtiofs" in caplog.text


def test_where_the_system_does_not_tell_nothing_is_refused(tmp_path: Path) -> None:
    assert filesystem.type_at(tmp_path, mounts=tmp_path / "absent") is None
    filesystem.check(tmp_path, mounts=tmp_path / "absent")


@pytest.mark.skipif(sys.platform != "linux", reason="the table is Linux's")
def test_the_kernels_own_table_is_understood() -> None:
    assert filesystem.type_at(Path("/proc/self")) == "proc"
