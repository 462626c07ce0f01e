"""What calls return."""

from dataclasses import dataclass
from typing import Any

Answer = dict[str, Any]
"""The structured content of a tool's result, with the names of the public contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What `read_file` returned.

    Attributes:
        header: Path, version, media type, lines shown, and whether there is more.
        text: The text as stored; None when the file is not text.
        data: The bytes, when `format="base64"` was asked for.
    """

    header: Answer
    text: str | None
    data: bytes | None = None

    @property
    def version(self) -> int:
        """The version that was read: what to give as `expect_version`."""
        return int(self.header["version"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A granted lock.

    Attributes:
        handle: What to give with writes.
        versions: The files it covers, with their versions at the grant.
    """

    handle: str
    paths: list[str]
    versions: dict[str, int]
