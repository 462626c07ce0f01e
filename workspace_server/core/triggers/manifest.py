"""What a manifest says: a file that lists the paths of a join, one on a line."""

from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.errors import InvalidPath

ABSENT = "is not there"
"""Why a manifest that nobody has written yet lists nothing."""
_BULLETS = ("- ", "* ")


def listed(content: bytes) -> tuple[str, ...]:
    """Return the paths that a manifest lists, each once, in its order.

    Empty lines and lines that begin with `#` say nothing; a list's bullet before a path is no part of it.

    Raises:
        ValueError: It is no list of paths, or too long a one; the message says why.
    """
    if len(content) > LIMITS.manifest_bytes_max:
        raise ValueError(f"is {len(content)} bytes long; {LIMITS.manifest_bytes_max} are read")
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise ValueError("is not text in UTF-8") from None
    paths: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        text = text[2:].strip() if text.startswith(_BULLETS) else text
        if not text or text.startswith("#"):
            continue
        try:
            paths[canonical_file(text)] = None
        except InvalidPath as refusal:
            raise ValueError(f"has no path on line {number}: {refusal.facts['reason']}") from None
        if len(paths) > LIMITS.trigger_inputs_max:
            raise ValueError(f"lists more than {LIMITS.trigger_inputs_max} paths")
    if not paths:
        raise ValueError("lists no path")
    return tuple(paths)
