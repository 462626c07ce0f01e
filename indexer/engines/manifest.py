"""What the files of an index looked like after its last commit: by that an index is believed, or built anew."""

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

NAME: Final = "manifest.json"


class Manifest:
    """The sizes and checksums of an engine's files, with the cursor that they stand for.

    Args:
        form: What the index was made with; one of another form is not believed.
        counts: Whether a file of this name belongs to the index; others are locks and leftovers.
        changes: Whether a file of this name is written more than once; others are read only when they are new.
    """

    def __init__(
        self, directory: Path, *, form: str, counts: Callable[[str], bool], changes: Callable[[str], bool]
    ) -> None:
        self._directory = directory
        self._form = form
        self._counts = counts
        self._changes = changes

    def open(self) -> None:
        """Say that the engine now commits: until `close`, its files may be those from before or from after.

        A crash in between costs a replay from the older cursor, not a new index.
        """
        manifest = self._read()
        if manifest is not None:
            self._write({**manifest, "open": True})

    def close(self, cursor: int) -> None:
        """Record the files as they are now."""
        known = (self._read() or {"files": {}})["files"]
        files = {
            path.name: (None if self._changes(path.name) else known.get(path.name)) or _looks(path)
            for path in self._files()
        }
        self._write({"form": self._form, "cursor": cursor, "open": False, "files": files})

    def cursor(self) -> int | None:
        """Return the cursor when every file is as it was recorded; None asks for a reset."""
        manifest = self._read()
        if manifest is None or manifest["form"] != self._form or not self._is_as_written(manifest):
            return None
        return int(manifest["cursor"])

    def _files(self) -> list[Path]:
        return [path for path in self._directory.iterdir() if self._counts(path.name)]

    def _read(self) -> dict[str, Any] | None:
        """Return what was recorded; None when there is nothing, or nothing that is as it was written."""
        try:
            manifest = json.loads((self._directory / NAME).read_text("utf-8"))
            written: dict[str, Any] = {name: value for name, value in manifest.items() if name != "crc"}
            return written if manifest["crc"] == _crc(written) else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _write(self, manifest: dict[str, Any]) -> None:
        temporary = self._directory / (NAME + ".new")
        temporary.write_text(json.dumps({"crc": _crc(manifest), **manifest}), "utf-8")
        temporary.replace(self._directory / NAME)

    def _is_as_written(self, manifest: dict[str, Any]) -> bool:
        """Compare the files with the manifest; of a commit that was under way, only those that were there before."""
        present = {path.name: path for path in self._files()}
        recorded: dict[str, list[int]] = manifest["files"]
        if not manifest["open"] and not recorded.keys() <= present.keys():
            return False
        return all(
            _looks(present[name]) == looks
            for name, looks in recorded.items()
            if name in present and not (manifest["open"] and self._changes(name))
        )


def _looks(path: Path) -> list[int]:
    """Return the size of a file in bytes, and its checksum."""
    return [path.stat().st_size, zlib.crc32(path.read_bytes())]


def _crc(manifest: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(manifest).encode())
