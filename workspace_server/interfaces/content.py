"""The bytes of a file for a browser: ranges, conditions, and headers under which no content acts as our own page."""

import re
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from workspace_server.core.media import is_image
from workspace_server.services.files.opened import OpenContent

SAFE_HEADERS = {
    "content-security-policy": "sandbox; default-src 'none'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-dns-prefetch-control": "off",
}
"""Whatever a file holds, a browser that opens it runs no script of it and tells nobody where it came from."""

# What a browser may show in place. All else is saved: an HTML page or an SVG image is a program.
_SHOWN_IN_PLACE = frozenset(
    {"text/plain", "text/markdown", "text/csv", "text/tab-separated-values", "application/json"}
)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def content_response(
    request: Request, content: OpenContent, *, pinned: bool, beyond: Callable[[int], Response]
) -> Response:
    """Return the bytes of one version, or the part of them that was asked for.

    Args:
        pinned: The request names the version, so that the answer never changes.
        beyond: Returns the refusal when the part lies beyond the end, given the size in bytes.
    """
    etag = f'"{content.version}"'
    headers = {
        **SAFE_HEADERS,
        "accept-ranges": "bytes",
        "cache-control": "private, max-age=31536000, immutable" if pinned else "no-store",
        "content-disposition": _disposition(content.path, content.media_type),
        "etag": etag,
    }
    if _matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    wanted = _range(request, etag, content.size_bytes)
    if wanted is None:
        return beyond(content.size_bytes)
    start, end, partial = wanted
    headers["content-length"] = str(end - start)
    if partial:
        headers["content-range"] = f"bytes {start}-{end - 1}/{content.size_bytes}"
    status = 206 if partial else 200
    media_type = _with_charset(content.media_type)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(_chunks(content, start, end), status, headers, media_type=media_type)


async def _chunks(content: OpenContent, start: int, end: int) -> AsyncIterator[bytes]:
    if start < end:
        async for chunk in content.chunks(start, end):
            yield chunk


def _matches(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    return any(part.strip().removeprefix("W/") in {etag, "*"} for part in header.split(","))


def _range(request: Request, etag: str, size: int) -> tuple[int, int, bool] | None:
    """Return (start, end, partial), or None when nothing of the content lies in the range."""
    header = request.headers.get("range", "")
    found = _RANGE.fullmatch(header.strip())
    unless = request.headers.get("if-range")
    # A range that is none, several at once, or of another version: HTTP lets a server send the whole.
    if found is None or header.strip() == "bytes=-" or (unless is not None and unless.strip() != etag):
        return 0, size, False
    first, last = found.groups()
    if first and last and int(first) > int(last):
        return 0, size, False
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    return (start, end, True) if start < end else None


def _disposition(path: str, media_type: str) -> str:
    kind = "inline" if media_type in _SHOWN_IN_PLACE or is_image(media_type) else "attachment"
    name = path.rpartition("/")[2]
    return f"{kind}; filename*=UTF-8''{quote(name, safe='')}"


def _with_charset(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
