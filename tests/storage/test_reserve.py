"""Room is kept back on the disk, given up when that is full, and kept again when it has room."""

from pathlib import Path

import pytest

from workspace_server.storage.reserve import MARGIN_BYTES, Reserve

SIZE = 64 * 1024


class Disk:
    """How much room the disk says it has."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free = 1 << 30
        monkeypatch.setattr(Reserve, "free_bytes", lambda _self: self.free)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def reserve(tmp_path: Path, disk: Disk) -> Reserve:
    opened = Reserve(tmp_path, SIZE)
    opened.open()
    return opened


def test_a_reserve_takes_real_room(reserve: Reserve, tmp_path: Path) -> None:
    found = (tmp_path / "reserve").stat()
    assert (reserve.state, reserve.short, found.st_size) == ("kept", False, SIZE)
    assert found.st_blocks * 512 >= SIZE
    assert found.st_mode & 0o777 == 0o600


def test_a_reserve_that_is_spent_leaves_its_room_and_the_workspace_short(reserve: Reserve, tmp_path: Path) -> None:
    reserve.spend()
    assert (reserve.state, reserve.short) == ("spent", True)
    assert list(tmp_path.iterdir()) == []
    reserve.spend()
    assert reserve.short


def test_it_is_made_again_only_when_more_than_its_size_is_free(reserve: Reserve, disk: Disk, tmp_path: Path) -> None:
    reserve.spend()
    disk.free = SIZE + MARGIN_BYTES - 1
    reserve.fill()
    assert reserve.short
    disk.free += 1
    reserve.fill()
    assert (reserve.state, (tmp_path / "reserve").stat().st_size) == ("kept", SIZE)


def test_a_disk_that_breaks_its_word_leaves_no_half_reserve(
    reserve: Reserve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve.spend()

    def full(descriptor: int, start: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    reserve.fill()
    assert reserve.short
    assert list(tmp_path.iterdir()) == []


def test_the_next_server_takes_the_reserve_over(reserve: Reserve, tmp_path: Path) -> None:
    before = (tmp_path / "reserve").stat().st_ino
    following = Reserve(tmp_path, SIZE)
    following.open()
    assert (following.state, (tmp_path / "reserve").stat().st_ino) == ("kept", before)


def test_a_server_that_starts_on_a_full_disk_spends_it_at_once(reserve: Reserve, disk: Disk, tmp_path: Path) -> None:
    disk.free = MARGIN_BYTES - 1
    following = Reserve(tmp_path, SIZE)
    following.open()
    assert following.short
    assert list(tmp_path.iterdir()) == []


def test_a_disk_too_small_for_a_reserve_takes_writes_all_the_same(tmp_path: Path, disk: Disk) -> None:
    disk.free = MARGIN_BYTES + SIZE - 1
    small = Reserve(tmp_path, SIZE)
    small.open()
    assert (small.state, small.short) == ("none", False)


def test_a_disk_that_does_not_answer_has_no_room(tmp_path: Path) -> None:
    assert Reserve(tmp_path / "gone" / "below", SIZE).free_bytes() == 0
