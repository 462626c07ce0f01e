"""Files by parts, for who looks at them a page at a time."""

from workspace_server.services.files.drawn import DrawnPages
from workspace_server.services.files.pieces import Pieces
from workspace_server.services.folder import Folder


class Parts:
    """The pieces of long text, and the pages of PDFs as pictures; one for all files, for both remember."""

    def __init__(self, folder: Folder) -> None:
        self.pieces = Pieces()
        self.drawn = DrawnPages(folder)
