"""Small content in the form that takes less room."""

import threading
from typing import Literal

import zstandard

COMPRESS_FROM_BYTES = 512
"""Below this, compression saves less than it costs."""
ZSTD_LEVEL = 1


class _Zstd(threading.local):
    """One of each for a thread: to make one took 10 µs, and to compress 4 KiB 1.5 µs (2026-11-21)."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_zstd = _Zstd()


def packed(data: bytes) -> tuple[Literal["raw", "zstd"], bytes]:
    """Return the form in which *data* is stored inline, and the bytes to store."""
    if len(data) >= COMPRESS_FROM_BYTES:
        less = _zstd.compressor.compress(data)
        if len(less) < len(data):
            return "zstd", less
    return "raw", data


def unpacked(data: bytes) -> bytes:
    """Return what was compressed.

    Raises:
        zstandard.ZstdError: It is damaged.
    """
    return _zstd.decompressor.decompress(data)
