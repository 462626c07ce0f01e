"""Pages of PDFs as pictures, drawn where hostile files are read, and kept for a while."""

from collections import OrderedDict

from indexer.document import Unreadable
from indexer.drawing import Drawn
from indexer.limits import DOCUMENT_BYTES_MAX
from workspace_server.core.limits import MIB
from workspace_server.errors import NotText
from workspace_server.services.files.opened import OpenContent
from workspace_server.services.folder import Folder

KEPT_BYTES_MAX = 16 * MIB
"""What the pictures that are kept take: some hundred pages."""


class DrawnPages:
    """Draws pages; one for all contents, for it keeps those that it drew last."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._kept: OrderedDict[tuple[str, int], Drawn] = OrderedDict()

    async def page(self, content: OpenContent, number: int) -> Drawn:
        """Return a page of a PDF, counted from 1, and how many pages there are.

        Raises:
            NotText: It cannot be drawn; the message says why.
        """
        name = (content.sha256, number)
        found = self._kept.get(name)
        if found is None:
            if content.size_bytes > DOCUMENT_BYTES_MAX:
                raise _not_drawn(content, f"it has more than {DOCUMENT_BYTES_MAX // MIB} MiB")
            try:
                found = await self._folder.extracting.draw(await content.read(), number)
            except Unreadable as wrong:
                raise _not_drawn(content, str(wrong)) from None
            self._kept[name] = found
            while sum(len(one.png) for one in self._kept.values()) > KEPT_BYTES_MAX:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(name)
        return found


def _not_drawn(content: OpenContent, why: str) -> NotText:
    return NotText(
        f"{content.path} cannot be shown page by page: {why}.",
        hint="Download it.",
        path=content.path,
        media_type=content.media_type,
    )
