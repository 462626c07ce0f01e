"""The use case that says who wrote each line of a text: in which version, when, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workspace_server.core import blame, media
from workspace_server.core.access import Caller
from workspace_server.core.diffs import lines_of
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.errors import Gone, NotText, TooLarge
from workspace_server.services.arguments import bounded
from workspace_server.services.files import changes, kept
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.storage import soundness
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files
from workspace_server.storage.tables.files import VersionRow

HINT = "file_history tells who wrote each version."


class Passed(NamedTuple):
    """A version on the way back, and the path at which it stands."""

    path: str
    row: VersionRow


@dataclass(slots=True)
class Way:
    """The way back through the versions.

    Attributes:
        passed: The versions that were reached, the newest first.
        lines: The lines of the last of them.
        stopped: Why the way ends before the first version; None while it does not.
    """

    passed: list[Passed]
    lines: Sequence[str]
    trace: blame.Trace
    stopped: str | None = None


class Blaming:
    """Say who wrote which line. Errors: not_found, gone, is_directory, not_text, too_large, invalid_argument."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def blame(
        self,
        caller: Caller,
        *,
        path: str,
        version: int | None = None,
        start_line: int = 1,
        max_lines: int = LIMITS.blame_lines_max,
    ) -> Result:
        """Return `{path, version, start_line, end_line, total_lines, more, stretches, stopped?}`.

        A line belongs to the version that brought it and since which it stands there unchanged, also where the file
        was moved or copied on the way. `stopped` says at which version the way back ends, and why: stretches with
        `or_before` are of that version or of an earlier one.
        """
        bounded("start_line", start_line, 1, files.NUMBERS_MAX)
        bounded("max_lines", max_lines, 1, LIMITS.blame_lines_max)
        place = canonical_file(path)
        caller.require("read", place)

        async def read(tx: Transaction) -> Result:
            walk = Walk(self._folder, tx, caller)
            head = Passed(place, (await changes.known_version(tx, place, version))[1])
            lines = await walk.lines_of(head)
            first = min(start_line - 1, len(lines))
            last = min(first + max_lines, len(lines))
            way = Way([head], lines, blame.begin(first, last))
            await walk.back(way)
            part = {"start_line": first + 1, "end_line": last, "total_lines": len(lines), "more": last < len(lines)}
            return {"path": place, "version": head.row.version, **part, **_told(way)}

        return await self._folder.db.read_long(read)


class Walk:
    """Goes back from version to version within one read, as far as the limits allow."""

    def __init__(self, folder: Folder, tx: Transaction, caller: Caller) -> None:
        self._folder = folder
        self._tx = tx
        self._caller = caller
        self._until_s = folder.clock.boot_s() + LIMITS.blame_s_max
        self._bytes_left = LIMITS.blame_bytes_max

    async def lines_of(self, at: Passed) -> Sequence[str]:
        """Return the lines of a version.

        Raises:
            Gone: Its bytes are kept no longer.
            NotText, TooLarge: It cannot be cut into lines.
        """
        path, row = at
        if row.size_bytes > LIMITS.merge_bytes_max:
            raise TooLarge(
                f"{path}@{row.version} has {row.size_bytes} bytes, too many to be looked through line by line.",
                hint=HINT,
                limit=LIMITS.merge_bytes_max,
                actual=row.size_bytes,
            )
        _, form, data = await kept.bytes_of(self._tx, path, row)
        decoded = media.decode(soundness.whole(form, data, self._folder.objects.path(row.sha256)))
        if decoded is None:
            raise NotText(f"{path}@{row.version} is no text.", hint=HINT, path=path, media_type=row.media_type)
        self._bytes_left -= row.size_bytes
        return lines_of(decoded.text)

    async def back(self, way: Way) -> None:
        """Go back until every line is found, the first version is reached, or a limit is."""
        while way.trace.pending and way.stopped is None:
            origin = _origin(way.passed[-1].row)
            if origin is not None and not self._caller.sees(origin["path"]):
                way.stopped = "scope"
                return
            before = await self._before(way.passed[-1])
            if before is None:
                return
            way.stopped = self._spent(way) or await self._step(way, before)

    async def _step(self, way: Way, before: Passed) -> str | None:
        """Go back one version; return why that cannot be done, if so."""
        try:
            lines = await self.lines_of(before)
        except Gone:
            return "gone"
        except (NotText, TooLarge):
            return "not_text"
        trace = blame.back(way.trace, lines, way.lines)
        if trace is None:
            return "too_different"
        way.passed.append(before)
        way.lines, way.trace = lines, trace
        return None

    async def _before(self, at: Passed) -> Passed | None:
        """Return what a version was made on top of: the one before it, or the one that was moved or copied."""
        origin = _origin(at.row)
        if origin is None:
            found = await files.version(self._tx, at.row.file_id, at.row.version - 1)
            return None if found is None else Passed(at.path, found)
        return Passed(origin["path"], (await changes.known_version(self._tx, origin["path"], origin["version"]))[1])

    def _spent(self, way: Way) -> str | None:
        if len(way.passed) >= LIMITS.blame_versions_max:
            return "versions"
        if self._bytes_left <= 0:
            return "bytes"
        return "time" if self._folder.clock.boot_s() >= self._until_s else None


def _origin(row: VersionRow) -> files.Source | None:
    """Return what was moved or copied to be a version; None when it was written."""
    if row.moved_from:
        return files.json_object(row.moved_from)
    return files.sources_of(row)[0] if row.op == "copy" else None


def _told(way: Way) -> Result:
    """Return the stretches of lines with who brought them, and where the way back was left."""
    reached = len(way.passed) - 1
    told: Result = {"stretches": []}
    for first, last, step in blame.stretches(blame.ended(way.trace)):
        path, row = way.passed[step]
        told["stretches"].append(
            {
                "start_line": first + 1,
                "end_line": last,
                "path": path,
                "version": row.version,
                "seq": row.seq,
                "at": iso(row.at),
                "by": row.agent,
                "op": row.op,
                "message": row.message,
                **({"or_before": True} if way.stopped and step == reached else {}),
            }
        )
    if way.stopped:
        path, row = way.passed[reached]
        told["stopped"] = {"path": path, "version": row.version, "reason": way.stopped}
    return told
