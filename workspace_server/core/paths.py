"""Which strings name a file of a workspace, in their one canonical spelling.

Locks, versions and preconditions key on a path, so that two spellings of one file would be two locks on it. All rules
are on the string alone: a path that passes may still be a link or a directory on disk, which `storage.tree` finds out.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NewType
from urllib.parse import unquote

from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidPath

FilePath = NewType("FilePath", str)
"""A canonical path: NFC, relative, `/`-separated, at least one component."""

ROOT_SPELLINGS = frozenset({"", ".", "./", "/"})
"""What names the root where a directory is meant."""

STATE_DIRECTORY = ".workspace"
"""The server's own directory in the root; never reachable through a path."""
UNFINISHED = STATE_DIRECTORY + ".part"
"""What it is called until a restore or a fork has filled it; never reachable either."""
STATE_DIRECTORIES = frozenset({STATE_DIRECTORY, UNFINISHED})

# What nearly every path looks like. It is an allow-list: everything else takes the long way round.
_PLAIN = re.compile(
    r"(?!(?:.*/)?(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$|clock\$)(?:[./]|\Z))"
    r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_-])?(?:/[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_-])?)*",
    re.IGNORECASE | re.ASCII,
)
_PLAIN_CHARS_MAX = 200  # below every limit in bytes, and (with at most 31 slashes) in depth

_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$|clock\$)\s*(?:\..*)?")
_RESERVED = STATE_DIRECTORIES | {".git"}
# Windows gives `.git` and `.workspace` a second, short name: the first six letters and a number, or, after four of
# those are taken, two letters and a hash.
_RESERVED_SHORT = re.compile(r"(?:git|worksp|gi[0-9a-f]{4}|wo[0-9a-f]{4})~[0-9]+(?:\..*)?")

_CATEGORIES = {
    "Cc": "contains a control character",
    "Cf": "contains an invisible or direction-changing character",
    "Cs": "contains a lone surrogate: it is not valid Unicode",
    "Zl": "contains a line separator",
    "Zp": "contains a paragraph separator",
}
# Letters that show nothing, by no category of their own: Hangul fillers, Khmer inherent vowels, the blank Braille cell.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800")
# They look like a slash, and the code pages of older Windows programs make one of them; NFKC leaves them alone.
_SLASH_LOOKALIKES = frozenset("\u2044\u2215\u29f8")
# Marks that choose a glyph and show nothing themselves. Emoji need them, so they are allowed, but make no other name.
_SELECTORS = re.compile("[\u034f\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


@lru_cache(maxsize=16_384)
def canonical_file(raw: str) -> FilePath:
    """Return the canonical spelling of a path where a file is meant.

    Leading `./`, doubled and trailing `/` go away, and the string becomes NFC. Nothing else is repaired: what could be
    read in two ways is refused. Percent-encoding is not decoded, but must be harmless to whoever decodes it later.

    Raises:
        InvalidPath: The string cannot name a file of a workspace; `reason` says why.
    """
    if len(raw) <= _PLAIN_CHARS_MAX and _PLAIN.fullmatch(raw) and raw.count("/") < LIMITS.path_depth_max:
        return FilePath(raw)
    # NFC at most halves the bytes of a name that is within the limit, thrice over for the odd script.
    if len(raw) > 4 * LIMITS.path_bytes_max:
        raise _refused(raw, f"is longer than {LIMITS.path_bytes_max} bytes")
    path = _tidied(raw)
    reason = _why_not(path) or _why_not_when_decoded(path)
    if reason is not None:
        raise _refused(raw, reason)
    return FilePath(path)


def canonical_directory(raw: str) -> str:
    """Return the canonical spelling of a path where a directory is meant; the root is the empty string.

    Raises:
        InvalidPath: The string cannot name a directory of a workspace; `reason` says why.
    """
    return "" if raw in ROOT_SPELLINGS else canonical_file(raw)


@lru_cache(maxsize=16_384)
def fold(path: str) -> str:
    """Return the key that two paths share when they differ only by case or normal form.

    Two such names are one file on some file systems and look alike to people on all, so a workspace holds one of them
    at most. The key is Unicode's NFKC_Casefold without the characters that paths refuse anyway.
    """
    if path.isascii():
        return path.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", path).casefold())
    return _SELECTORS.sub("", unicodedata.normalize("NFKC", folded.casefold()))


def parents(path: str) -> list[str]:
    """Return the directories above a canonical path, nearest first, without the root."""
    found = []
    while "/" in path:
        path = path.rpartition("/")[0]
        found.append(path)
    return found


def _tidied(raw: str) -> str:
    path = raw
    while path.startswith("./"):
        path = path[2:].lstrip("/") if path != "./" else ""
    if not path.startswith("/"):
        path = re.sub("/{2,}", "/", path).rstrip("/")
    # A lone surrogate survives normalisation and is refused with its own reason.
    return unicodedata.normalize("NFC", path)


def _why_not(path: str) -> str | None:
    """Return why a tidied path is refused, or None."""
    if path in ROOT_SPELLINGS:
        return "names the root directory, where a file is meant" if path != "/" else "is absolute"
    if path.startswith("/"):
        return "is absolute; paths are relative to the workspace"
    reason = _why_not_characters(path)
    if reason is not None:
        return reason
    if len(path.encode()) > LIMITS.path_bytes_max:
        return f"is longer than {LIMITS.path_bytes_max} bytes"
    components = path.split("/")
    if len(components) > LIMITS.path_depth_max:
        return f"is more than {LIMITS.path_depth_max} levels deep"
    return next(filter(None, map(_why_not_component, components)), None)


def _why_not_characters(path: str) -> str | None:
    if "\\" in path:
        return "contains a backslash; the separator is /"
    if ":" in path:
        return "contains a colon; a path has no drive, scheme or stream"
    if path.isascii() and path.isprintable():
        return None
    return next(filter(None, map(_why_not_character, path)), None)


def _why_not_character(character: str) -> str | None:
    if character in _BLANK_LETTERS:
        return "contains an invisible character"
    if character in _SLASH_LOOKALIKES:
        return "contains a character that looks like a slash"
    if ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF:
        return "contains a code point that is no character"
    return _CATEGORIES.get(unicodedata.category(character))


def _why_not_component(name: str) -> str | None:
    if name in {"", ".", ".."}:
        return f"has the component '{name}'" if name else "has an empty component"
    if name.endswith(".") or name[-1].isspace():
        return "has a component that ends in a dot or a space"
    if len(name.encode()) > LIMITS.name_bytes_max:
        return f"has a name longer than {LIMITS.name_bytes_max} bytes"
    key = fold(name)
    compatible = key if name.isascii() else unicodedata.normalize("NFKC", name)
    if compatible in {".", ".."} or "/" in compatible or "\\" in compatible:
        return "has a component that turns into a dot or a separator under NFKC"
    return _why_not_key(key)


def _why_not_key(key: str) -> str | None:
    # NFKC has made COM1 of COM¹, and both are devices.
    if _DEVICE.fullmatch(key):
        return "has a component that is a device on Windows"
    if key in _RESERVED or _RESERVED_SHORT.fullmatch(key):
        return "leads into a directory that belongs to the server or to git"
    return None


def _why_not_when_decoded(path: str) -> str | None:
    """Return why a path would be refused if someone percent-decoded it once or twice, or None."""
    decoded = path
    for _ in range(2):
        if "%" not in decoded:
            return None
        further = unquote(decoded, errors="surrogateescape")
        if further == decoded:
            return None
        decoded = further
        reason = _why_not(unicodedata.normalize("NFC", decoded))
        if reason is not None:
            return f"{reason}, once percent-decoded"
    return None


def _refused(raw: str, reason: str) -> InvalidPath:
    # The path goes out as JSON and into logs: escaped where it could not be encoded, and never longer than it may be.
    shown = raw[: LIMITS.path_bytes_max].encode("utf-8", "backslashreplace").decode()
    return InvalidPath(
        f"This path {reason}.",
        hint="Use a relative path such as reports/summary.md: '/' between names, no '..', no hidden characters.",
        path=shown,
        reason=reason,
    )
