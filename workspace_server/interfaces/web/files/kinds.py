"""What kinds of files are called by people, where the media type says nothing to them, and which they write."""

from workspace_server.core.media import BINARY, by_name, may_be_text
from workspace_server.services.files.documents import is_named_as_one

_CALLED = {
    "a.docx": "Word document",
    "a.xlsx": "Excel workbook",
    "a.pptx": "PowerPoint slides",
    "a.odt": "OpenDocument text",
    "a.epub": "Book",
    "a.rtf": "Rich text",
    "a.eml": "Mail",
    "a.ipynb": "Notebook",
    "a.jsonl": "JSON lines",
    "a.pdf": "PDF",
}
_BY_TYPE = {**{by_name(name): called for name, called in _CALLED.items()}, BINARY: "Binary"}


def kind_of(media_type: str) -> str:
    """Return what people call files of a media type; the media type itself where it is short and known."""
    return _BY_TYPE.get(media_type, media_type)


def is_written_by_lines(path: str, media_type: str) -> bool:
    """Return whether a file is to be read as it is stored: then it can be edited, and each line has an author."""
    return may_be_text(media_type) and not is_named_as_one(path, media_type)
