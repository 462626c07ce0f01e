"""The files that pages load, read once when the program starts, and sent without what only people read."""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

ROOT = files("workspace_server.interfaces.web")
_SPACES = re.compile(r"\s+")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_AROUND = re.compile(r"\s*([{};,>])\s*")


class Asset:
    """A file that pages load: its bytes as they are sent, its type, and a mark that changes with its content."""

    def __init__(self, name: str, content: bytes) -> None:
        self.content = lean(name, content.decode()).encode() if name.endswith((".css", ".js")) else content
        self.packed = gzip.compress(self.content, mtime=0)
        self.media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.mark = hashlib.sha256(content).hexdigest()[:12]


def lean(name: str, text: str) -> str:
    """Return a style sheet or a script of ours without comments and indentation.

    Of a script only whole lines are looked at, so that no string is taken for a comment; ours have none over lines.
    """
    if name.endswith(".css"):
        return (
            _AROUND.sub(r"\1", _SPACES.sub(" ", _COMMENT.sub("", text))).replace(";}", "}").replace(": ", ":").strip()
        )
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}{_end_of(line)}" for line in lines if line and not line.startswith("//"))


def _end_of(line: str) -> str:
    """Return what must follow a line of a script: nothing where it cannot go on, unless a remark may end it."""
    return "" if line[-1] in "{;," and "//" not in line else "\n"


def entries(directory: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    """Return the files below a directory, each with its path in it."""
    for entry in directory.iterdir():
        if entry.is_dir():
            yield from entries(entry, f"{above}{entry.name}/")
        else:
            yield above + entry.name, entry


ASSETS = {name: Asset(name, entry.read_bytes()) for name, entry in entries(ROOT.joinpath("static"))}


def asset_url(name: str) -> str:
    """Return the address of an asset, which is another one once its content is."""
    return f"/static/{name}?v={ASSETS[name].mark}"
