"""Is the database's write-ahead log whole? SQLite itself passes silently over whatever follows a damaged frame.

The index beside the log (`-shm`) says how many frames were committed, as long as the machine stayed up. After a power
cut it may say nothing, and then frames that cannot be read are what the cut left, or damage: nobody can tell.

Formats: https://www.sqlite.org/fileformat2.html#walformat and https://www.sqlite.org/walformat.html. Read these files
only in a process that has not opened the database: closing them would end the locks that SQLite holds on them.
"""

import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
INDEX_HEADER_BYTES = 48
_MAGIC = 0x377F0682
_U32 = 0xFFFFFFFF


class Trouble(NamedTuple):
    """What is wrong with the log; `certain`: committed changes are lost, or wrong."""

    said: str
    certain: bool


class _Index(NamedTuple):
    frames: int
    salts: bytes


def trouble(database: Path) -> Trouble | None:
    """Return what is wrong with the log of *database*, or None. Blocks, and reads all of it."""
    for _ in range(3):
        index = _index(Path(f"{database}-shm"))
        found = _compared(Path(f"{database}-wal"), index)
        if found is None or _index(Path(f"{database}-shm")) == index:
            return found
    return None  # a server begins the log anew again and again: it has checked it each time


def _compared(log: Path, index: _Index | None) -> Trouble | None:
    data = log.read_bytes() if log.exists() else b""
    committed = index.frames if index is not None else 0
    if not data and not committed:
        return None
    header = _Header.parse(data)
    if header is None:
        return Trouble("has a damaged header", certain=committed > 0) if committed or len(data) > HEADER_BYTES else None
    if index is not None and committed and header.salts != index.salts:
        return Trouble("is not the one that was written last", certain=True)
    whole = sum(1 for _ in _whole_frames(data, header))
    if whole < committed:
        return Trouble(f"ends at frame {whole} of {committed}: what was committed later is lost", certain=True)
    if index is None and _is_of(header, data, whole):
        return Trouble(f"cannot be read beyond frame {whole}: a power cut, or damage", certain=False)
    return None


class _Header(NamedTuple):
    order: str
    page_bytes: int
    salts: bytes
    sums: tuple[int, int]

    @classmethod
    def parse(cls, data: bytes) -> "_Header | None":
        if len(data) < HEADER_BYTES:
            return None
        magic, _, page_bytes, _ = struct.unpack(">4I", data[:16])
        if magic not in {_MAGIC, _MAGIC | 1}:
            return None
        order = ">" if magic & 1 else "<"
        sums = _sums(data[:24], order, (0, 0))
        if sums != struct.unpack(">2I", data[24:32]):
            return None
        return cls(order, page_bytes, data[16:24], sums)


def _whole_frames(data: bytes, header: _Header) -> Iterator[int]:
    """Yield the offset of each frame from the first, until one is not what was written."""
    size = FRAME_HEADER_BYTES + header.page_bytes
    sums = header.sums
    for at in range(HEADER_BYTES, len(data) - size + 1, size):
        frame = data[at : at + size]
        if frame[8:16] != header.salts:
            return
        sums = _sums(frame[:8] + frame[FRAME_HEADER_BYTES:], header.order, sums)
        if sums != struct.unpack(">2I", frame[16:24]):
            return
        yield at


def _is_of(header: _Header, data: bytes, whole: int) -> bool:
    """Return whether a frame after the last whole one says that it belongs to this log."""
    size = FRAME_HEADER_BYTES + header.page_bytes
    starts = range(HEADER_BYTES + whole * size, len(data), size)
    return any(data[at + 8 : at + 16] == header.salts for at in starts)


def _index(path: Path) -> _Index | None:
    """Return what the index says, when both of its headers say the same and are whole."""
    try:
        with path.open("rb") as file:
            data = file.read(2 * INDEX_HEADER_BYTES)
    except FileNotFoundError:
        return None
    one, two = data[:INDEX_HEADER_BYTES], data[INDEX_HEADER_BYTES:]
    if len(two) < INDEX_HEADER_BYTES or one != two or not one[12]:
        return None
    native = "<" if sys.byteorder == "little" else ">"
    if _sums(one[:40], native, (0, 0)) != struct.unpack("=2I", one[40:48]):
        return None
    (frames,) = struct.unpack("=I", one[16:20])
    return _Index(frames, one[32:40])


def _sums(data: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _U32
        second = (second + odd + first) & _U32
    return first, second
