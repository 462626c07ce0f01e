"""Pages of a PDF as pictures."""

import os
from dataclasses import dataclass
from typing import Final

from indexer.document import Unreadable

PNG: Final = b"\x89PNG\r\n\x1a\n"
DOTS_PER_INCH: Final = 120
"""A page of A4 is 992 pixels wide then: sharp where a line of text is read, and some 100 KB."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One page as a PNG, and how many pages there are."""

    png: bytes
    pages: int


def draw_page(data: bytes, page: int) -> Drawn:
    """Return a page of a PDF, counted from 1.

    Raises:
        Unreadable: It has no such page, it is damaged or encrypted, or this system is not Linux: the library reads
            files only, and nowhere else is there a file that is nowhere on a disk.
    """
    import kreuzberg

    if not hasattr(os, "memfd_create"):
        raise Unreadable("pages are drawn on Linux only")
    with os.fdopen(os.memfd_create("document"), "wb") as held:
        held.write(data)
        held.flush()
        place = f"/proc/self/fd/{held.fileno()}"
        try:
            with kreuzberg.PdfPageIterator(place, DOTS_PER_INCH) as pages:
                count = len(pages)
            if not 1 <= page <= count:
                raise Unreadable(f"the document has {count} pages")
            return Drawn(kreuzberg.render_pdf_page(place, page - 1, dpi=DOTS_PER_INCH), count)
        except (kreuzberg.KreuzbergError, RuntimeError, ValueError) as error:
            secret = "password" in str(error).lower()
            raise Unreadable("password-protected" if secret else "damaged, or of a form that is not drawn") from error
