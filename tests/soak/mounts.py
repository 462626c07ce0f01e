"""File systems of our own: a loop image of ext4, and a tmpfs. Need root."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

IMAGE_BYTES = 256 * 1024 * 1024
QUIET_S = 0.02
COPY_TRIES = 200


class CannotMount(Exception):
    """This machine does not let us."""


def _do(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CannotMount(f"{command[0]} is not installed") from None
    if done.returncode:
        raise CannotMount(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def make_image(path: Path) -> None:
    """Make an image with an empty ext4, all of it written, so that nothing is left to the kernel to do later."""
    with path.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    _do("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(path))


@contextlib.contextmanager
def mounted(image: Path, at: Path) -> Iterator[str]:
    """Mount an image; yield the name of its loop device."""
    at.mkdir(exist_ok=True)
    device = _do("losetup", "--find", "--show", str(image))
    try:
        _do("mount", "-o", "noatime", device, str(at))
        try:
            yield Path(device).name
        finally:
            _unmount(at)
    finally:
        _do("losetup", "--detach", device)


@contextlib.contextmanager
def tmpfs(at: Path, options: str) -> Iterator[Path]:
    """Mount an empty tmpfs."""
    at.mkdir(exist_ok=True)
    _do("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(at))
    try:
        yield at
    finally:
        _unmount(at)


def _unmount(at: Path) -> None:
    """Unmount, also what a server that failed has left open: it goes once that is closed."""
    _do("umount", "--lazy", str(at))


def copy_at_one_moment(image: Path, device: str, to: Path) -> None:
    """Copy what the device holds now, while it is mounted: its writes are counted, so that none fell in between.

    What the file system has in memory and has not written is not in the copy: that is the power cut.

    Raises:
        CannotMount: The device does not come to rest.
    """
    for _ in range(COPY_TRIES):
        before = _written(device)
        _do("cp", "--sparse=always", str(image), str(to))
        if before is not None and _written(device) == before:
            return
        time.sleep(QUIET_S)  # for the kernel's own writing to end
    raise CannotMount(f"{device} never came to rest")


def _written(device: str) -> str | None:
    """Return how much was written to the device; None while something is."""
    fields = Path(f"/sys/block/{device}/stat").read_text("ascii").split()
    return None if fields[8] != "0" else f"{fields[4]} {fields[6]} {fields[15:17]}"
