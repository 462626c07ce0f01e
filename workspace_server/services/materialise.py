"""Brings the working tree to what was committed."""

from collections.abc import Iterable


class Materialiser:
    """Writes committed heads into the working tree, one materialiser per path at a time.

    What every face relies on: when `settle` returns, a reader of the folder sees the committed content (or the intent
    stays open and `status` names it). The log and the database stay the truth.
    """

    def look(self, path: str) -> None:
        """Pass when a regular file may stand at *path*; quick enough for the event loop's thread.

        Raises:
            IsDirectory: A directory stands there.
            InvalidPath: A link, a special file or a file with other links stands there, or the path is ignored.
        """

    async def settle(self, paths: Iterable[str]) -> None:
        """Bring each path to its newest committed version; return when that is visible."""
