"""Images: size and metadata from their headers, and text by recognition where its data is installed."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from indexer.document import Converted, Unreadable
from indexer.extractors.documents import opened
from indexer.extractors.exif import Exif
from indexer.extractors.markdown import extract_markdown
from indexer.extractors.registry import Extractor
from indexer.limits import CONVERTED_CHARS_MAX, IMAGE_ENTRIES_MAX, IMAGE_PIXELS_MAX, VALUE_CHARS_MAX

PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff"
_TIFF: Final = (b"II*\0", b"MM\0*")
_BEGINS: Final = (PNG, JPEG, b"GIF87a", b"GIF89a", b"RIFF", *_TIFF)
_TYPES: Final = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "WebP": "image/webp",
    "TIFF": "image/tiff",
}
_EXIF: Final = b"Exif\0\0"
_LANGUAGE: Final = "eng"
_DATA_PLACES: Final = ("/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tesseract-ocr/4.00/tessdata",
                       "/usr/share/tessdata", "/usr/local/share/tessdata", "/opt/homebrew/share/tessdata")  # fmt: skip


_DOT: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63f80f00010101"
    "00b138f6140000000049454e44ae426082"
)
"""A PNG of one pixel."""


@dataclass(slots=True)
class Picture:
    """What an image's header says; width and height in pixels, 0 when it does not say."""

    form: str
    width: int = 0
    height: int = 0
    texts: dict[str, str] = field(default_factory=dict)

    def take(self, exif: Exif) -> None:
        """Add what a camera wrote; the size that the image itself states counts more."""
        self.texts |= exif.texts
        self.width, self.height = self.width or exif.width, self.height or exif.height


def picture_of(data: bytes) -> Picture | None:
    """Return what the header of an image says; None when *data* is none that is known here."""
    if data.startswith(PNG):
        return _png(data)
    if data.startswith(JPEG):
        return _jpeg(data)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return Picture("GIF", *struct.unpack("<HH", data[6:10].ljust(4, b"\0")))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(data)
    if data.startswith(_TIFF):
        found = Picture("TIFF")
        found.take(Exif(data))
        return found
    return None


def _png(data: bytes) -> Picture:
    found = Picture("PNG")
    for kind, body in _chunks(data, len(PNG), ">"):
        if kind == b"IHDR" and len(body) >= 8:
            found.width, found.height = struct.unpack(">II", body[:8])
        elif kind == b"tEXt":
            key, _, text = body[: VALUE_CHARS_MAX * 2].partition(b"\0")
            found.texts[key.decode("latin-1")] = text.decode("latin-1")
        elif kind == b"eXIf":
            found.take(Exif(body))
    return found


def _webp(data: bytes) -> Picture:
    found = Picture("WebP")
    for kind, body in _chunks(data, 12, "<"):
        if kind == b"VP8X" and len(body) >= 10:
            found.width, found.height = (1 + int.from_bytes(body[at : at + 3], "little") for at in (4, 7))
        elif kind == b"VP8 " and len(body) >= 10:
            found.width, found.height = (side & 0x3FFF for side in struct.unpack("<HH", body[6:10]))
        elif kind == b"VP8L" and len(body) >= 5:
            bits = int.from_bytes(body[1:5], "little")
            found.width, found.height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        elif kind == b"EXIF":
            found.take(Exif(body.removeprefix(_EXIF)))
    return found


def _chunks(data: bytes, at: int, order: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and body of the chunks of a PNG (``>``, with a sum behind each) or a RIFF (``<``, at even places)."""
    for _ in range(IMAGE_ENTRIES_MAX):
        head = data[at : at + 8]
        if len(head) < 8:
            return
        if order == ">":
            size, kind = struct.unpack(">I4s", head)
            step = size + 4
        else:
            kind, size = struct.unpack("<4sI", head)
            step = size + size % 2
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + step


def _jpeg(data: bytes) -> Picture:
    found = Picture("JPEG")
    at = 2
    for _ in range(IMAGE_ENTRIES_MAX):
        if data[at : at + 1] != b"\xff" or len(data) < at + 4:
            break
        mark, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + size]
        if 0xC0 <= mark <= 0xCF and mark not in {0xC4, 0xC8, 0xCC} and len(body) >= 5:
            found.height, found.width = struct.unpack(">HH", body[1:5])
            break
        if mark == 0xE1 and body.startswith(_EXIF):
            found.take(Exif(body[len(_EXIF) :]))
        at += 2 + size
    return found


def convert_image(data: bytes) -> Converted:
    """Return what the header of an image states, one ``Key: value`` a paragraph, and the text that is recognised in it.

    Raises:
        Unreadable: Its header does not even tell its size.
    """
    found = picture_of(data)
    if found is None or not found.width or not found.height:
        raise Unreadable("damaged: the image does not tell its size")
    said = [f"Format: {found.form}", f"Dimensions: {found.width} × {found.height} pixels"]
    for key, text in found.texts.items():
        value = " ".join(text[:VALUE_CHARS_MAX].split())
        said += [f"{' '.join(key.split())}: {value}"] if value else []
    text = ""
    notes: tuple[str, ...] = ()
    data_place = tesseract_data()
    if data_place is None:
        notes = ("text in it is not recognised: no data for that is installed",)
    elif found.width * found.height > IMAGE_PIXELS_MAX:
        notes = (f"text in it is not recognised: more than {IMAGE_PIXELS_MAX} pixels",)
    else:
        text, notes = _recognised(data, _TYPES[found.form], data_place)
    return Converted(text="\n\n".join([*said, text]).rstrip() + "\n", notes=notes)


def tesseract_data() -> Path | None:
    """Return the directory with what it takes to recognise text; None when there is none."""
    places = (os.environ.get("TESSDATA_PREFIX", ""), *_DATA_PLACES)
    found = (Path(place) for place in places if place and (Path(place) / f"{_LANGUAGE}.traineddata").is_file())
    return next(found, None)


def prepare() -> None:
    """Have the library make the directory that it wants for recognition, though nothing is kept there."""
    place = tesseract_data()
    if place is not None:
        _recognised(_DOT, "image/png", place)


def _recognised(data: bytes, media_type: str, place: Path) -> tuple[str, tuple[str, ...]]:
    os.environ["TESSDATA_PREFIX"] = str(place)
    try:
        return opened(data, media_type, output="plain", recognises=True).content.strip(), ()
    except Unreadable as wrong:
        return "", (f"text in it is not recognised: {wrong}",)


IMAGE: Final = Extractor(
    name="image",
    version=1,
    suffixes=(".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff"),
    media_types=tuple(_TYPES.values()),
    chars_max=CONVERTED_CHARS_MAX,
    extract=extract_markdown,
    convert=convert_image,
    begins=_BEGINS,
    recognises=lambda data: picture_of(data) is not None,
    prepare=prepare,
    is_ours=lambda: tesseract_data() is None,
)
