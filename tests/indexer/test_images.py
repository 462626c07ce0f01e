"""Images: their size and what was written into them, by their headers; hostile ones are no error."""

import os
import struct
from pathlib import Path

import pytest

from indexer.extractors.images import Picture, picture_of, prepare
from indexer.limits import IMAGE_ENTRIES_MAX, IMAGE_PIXELS_MAX
from tests.indexer import files
from tests.indexer.reading import read, said

UNREAD = "text in it is not recognised: no data for that is installed"


@pytest.fixture(autouse=True)
def without_tesseract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.extractors.images._DATA_PLACES", ())
    monkeypatch.delenv("TESSDATA_PREFIX", raising=False)


def tiff(
    order: str, entries: list[tuple[int, int, bytes]], *, more: list[tuple[int, int, bytes]] | None = None
) -> bytes:
    """Return a TIFF of entries (tag, type, value); *more* is the directory that cameras add."""
    start = 8

    def directory(of: list[tuple[int, int, bytes]], at: int) -> bytes:
        body, tail = struct.pack(order + "H", len(of)), b""
        place = at + 2 + 12 * len(of)
        for tag, kind, value in of:
            count = len(value) // {2: 1, 3: 2, 4: 4}.get(kind, 1)
            if len(value) > 4:
                body += struct.pack(order + "HHII", tag, kind, count, place + len(tail))
                tail += value
            else:
                body += struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\0")
        return body + tail

    if more is None:
        return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start) + directory(entries, start)
    size = len(directory([*entries, (0x8769, 4, b"....")], start))
    entries = [*entries, (0x8769, 4, struct.pack(order + "I", start + size))]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    return head + directory(entries, start) + directory(more, start + size)


def camera(order: str) -> bytes:
    return tiff(order, [(0x010F, 2, b"Lumen\0"), (0x013B, 2, b"Ada\0")], more=[(0x9003, 2, b"2026:03:03 09:30:00\0")])


def jpeg(width: int, height: int, exif: bytes = b"") -> bytes:
    def part(mark: int, body: bytes) -> bytes:
        return bytes((0xFF, mark)) + struct.pack(">H", len(body) + 2) + body

    return (
        b"\xff\xd8"
        + part(0xE0, b"JFIF\0")
        + (part(0xE1, b"Exif\0\0" + exif) if exif else b"")
        + part(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
        + b"\xff\xd9"
    )


def webp(kind: bytes, body: bytes, exif: bytes = b"") -> bytes:
    parts = b"WEBP" + kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    if exif:
        parts += b"EXIF" + struct.pack("<I", len(exif)) + exif
    return b"RIFF" + struct.pack("<I", len(parts)) + parts


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (files.png(40, 30), "PNG"),
        (jpeg(40, 30), "JPEG"),
        (b"GIF89a" + struct.pack("<HH", 40, 30) + b"\0\0\0;", "GIF"),
        (webp(b"VP8X", b"\0\0\0\0" + b"\x27\0\0" + b"\x1d\0\0"), "WebP"),
        (webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 40, 30)), "WebP"),
        (webp(b"VP8L", b"\x2f" + struct.pack("<I", 39 | 29 << 14)), "WebP"),
        (tiff("<", [(0x0100, 3, b"\x28\0"), (0x0101, 4, b"\x1e\0\0\0"), (0x9999, 9, b"x")]), "TIFF"),
        (tiff(">", [(0x0100, 3, b"\0\x28"), (0x0101, 4, b"\0\0\0\x1e")]), "TIFF"),
    ],
)
def test_an_image_tells_its_size(data: bytes, form: str) -> None:
    found = read(data, "shot.dat")

    assert (found.state, found.reason, found.extractor) == ("limited", UNREAD, "image@1")
    assert said(found) == [("shot", "Format", form), ("shot", "Dimensions", "40 × 30 pixels")]


@pytest.mark.parametrize(
    "data",
    [
        jpeg(40, 30, camera("<")),
        jpeg(40, 30, camera(">")),
        webp(b"VP8X", b"\0\0\0\0" + b"\x27\0\0" + b"\x1d\0\0", camera("<")),
        files.png(40, 30, exif=camera("<")),
    ],
)
def test_what_a_camera_wrote_are_facts(data: bytes) -> None:
    assert said(read(data, "shot.jpg"))[2:] == [
        ("shot", "Camera maker", "Lumen"),
        ("shot", "Artist", "Ada"),
        ("shot", "Taken at", "2026:03:03 09:30:00"),
    ]


def test_text_written_into_a_png_is_a_fact_and_blanks_are_none() -> None:
    found = read(files.png(4, 3, shown={"Title": "Floor plan", "Comment": "  "}), "shot.png")

    assert said(found)[2:] == [("shot", "Title", "Floor plan")]


def test_a_huge_image_is_described_and_never_unfolded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "eng.traineddata").touch()
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    found = read(files.png(30_000, 30_000, rows=1), "bomb.png")

    assert said(found)[1] == ("bomb", "Dimensions", "30000 × 30000 pixels")
    assert (found.state, found.reason) == (
        "limited",
        f"text in it is not recognised: more than {IMAGE_PIXELS_MAX} pixels",
    )


def test_recognition_that_cannot_start_is_said_and_costs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "eng.traineddata").write_bytes(b"no such data")
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    found = read(files.png(40, 30), "shot.png")

    assert found.state == "limited"
    assert found.reason.startswith("text in it is not recognised: damaged: ")
    assert len(said(found)) == 2
    assert os.environ["TESSDATA_PREFIX"] == str(tmp_path)


def test_recognition_is_prepared_where_its_data_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    monkeypatch.setattr("indexer.extractors.images._recognised", lambda data, *_: seen.append(data))
    prepare()
    assert seen == []

    (tmp_path / "eng.traineddata").touch()
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    prepare()
    (dot,) = seen
    assert picture_of(dot) == Picture("PNG", 1, 1)


@pytest.mark.parametrize("whole", [files.png(4, 3), jpeg(4, 3, camera("<")), camera(">"), webp(b"VP8L", b"\x2f....")])
def test_a_torn_image_is_no_error(whole: bytes) -> None:
    for end in range(len(whole)):
        assert read(whole[:end], "a.png").state in {"empty", "failed", "limited", "ok"}


def test_metadata_without_end_is_read_up_to_a_limit() -> None:
    picture = picture_of(jpeg(4, 3).replace(b"\xff\xd9", b"").replace(b"\xff\xd8", b"\xff\xd8" + b"\xff\xe2\0\2" * 999))

    assert picture is not None
    assert (picture.width, IMAGE_ENTRIES_MAX < 999) == (0, True)
    assert (
        len(read(files.png(4, 3, shown={f"Key {n}": "v" for n in range(999)}), "a.png").facts) == IMAGE_ENTRIES_MAX + 1
    )
    assert picture_of(b"RIFF....WAVE") is None
