"""A workspace lies on a disk of its machine."""

import pytest

from workspace_server.core.file_systems import NETWORK, SHARED, standing


@pytest.mark.parametrize("kind", sorted(NETWORK))
def test_network_file_systems_are_known(kind: str) -> None:
    assert standing(kind) == "network"


@pytest.mark.parametrize("kind", [*sorted(SHARED), "fuse.something"])
def test_what_is_shared_with_a_host_or_made_by_a_program_is_doubtful(kind: str) -> None:
    assert standing(kind) == "shared"


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "xfs", "zfs", "tmpfs", "overlay", "apfs", "fuseblk", None])
def test_disks_of_the_machine_are_local(kind: str | None) -> None:
    assert standing(kind) == "local"
