"""What cannot be shown: its first bytes, and the way to all of them."""

from workspace_server.interfaces.web.files.forms.look import Look, Shown, shown

GLANCE_BYTES = 1024
ROW_BYTES = 16


async def show(look: Look, why: str | None = None) -> Shown:
    """Show the first bytes of a file, and why there is nothing better to see."""
    return shown("binary", rows=hex_rows(await head_of(look, GLANCE_BYTES)), why=why)


async def head_of(look: Look, bytes_max: int) -> bytes:
    """Return the first bytes of a version."""
    end = min(bytes_max, look.content.size_bytes)
    return b"".join([chunk async for chunk in look.content.chunks(0, end)]) if end else b""


def hex_rows(data: bytes) -> list[tuple[str, str, str]]:
    """Return (place, bytes as numbers, bytes as letters) of each sixteen bytes."""
    rows = []
    for at in range(0, len(data), ROW_BYTES):
        row = data[at : at + ROW_BYTES]
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in row)
        rows.append((f"{at:04x}", row.hex(" "), letters))
    return rows
