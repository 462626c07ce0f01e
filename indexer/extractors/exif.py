"""The metadata that cameras write into images (EXIF, which is a TIFF without its picture)."""

import struct
from collections.abc import Iterator
from typing import Final

from indexer.limits import IMAGE_ENTRIES_MAX, VALUE_CHARS_MAX

_NAMES: Final = {
    0x010E: "Description",
    0x010F: "Camera maker",
    0x0110: "Camera model",
    0x0131: "Software",
    0x0132: "Changed at",
    0x013B: "Artist",
    0x8298: "Copyright",
    0x9003: "Taken at",
}
_WIDTH, _HEIGHT, _MORE = 0x0100, 0x0101, 0x8769
_DIRECTORIES_MAX: Final = 2
_SIZES: Final = {2: 1, 3: 2, 4: 4}
"""Bytes of the types that are read: text, short, long."""


class Exif:
    """The entries of a TIFF's first directory, and of the one that cameras add to it.

    Attributes:
        texts: By their name.
        width, height: In pixels; 0 when they are not there.
    """

    def __init__(self, data: bytes) -> None:
        self.texts: dict[str, str] = {}
        self.width = self.height = 0
        order = {b"II": "<", b"MM": ">"}.get(data[:2])
        if order is not None and len(data) >= 8:
            waiting = [_number(order, data[4:8])]
            for _ in range(_DIRECTORIES_MAX):
                waiting = [at for start in waiting for at in self._directory(data, order, start)]

    def _directory(self, data: bytes, order: str, start: int) -> Iterator[int]:
        """Take in the directory at *start*, and yield where another begins."""
        count = min(_number(order, data[start : start + 2]), IMAGE_ENTRIES_MAX)
        for at in range(start + 2, start + 2 + 12 * count, 12):
            entry = data[at : at + 12]
            if len(entry) < 12:
                return
            tag, kind, size = struct.unpack(order + "HHI", entry[:8])
            size *= _SIZES.get(kind, 0)
            where = _number(order, entry[8:12])
            value = entry[8 : 8 + size] if size <= 4 else data[where : where + size]
            if tag == _MORE:
                yield where
            elif tag in {_WIDTH, _HEIGHT}:
                self.width, self.height = (
                    (_number(order, value), self.height) if tag == _WIDTH else (self.width, _number(order, value))
                )
            elif tag in _NAMES and kind == 2:
                self.texts[_NAMES[tag]] = value[:VALUE_CHARS_MAX].split(b"\0")[0].decode("utf-8", "replace")


def _number(order: str, data: bytes) -> int:
    """Return an unsigned number of any length; 0 for no bytes."""
    return int.from_bytes(data, "little" if order == "<" else "big")
