"""What kind of content a file holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.media import BINARY, TEXT, by_name, decode, is_image, may_be_text, media_type


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/notes.md", "text/markdown"),
        ("NOTES.MD", "text/markdown"),
        ("data.csv", "text/csv"),
        ("a.b/page.html", "text/html"),
        ("pic.png", "image/png"),
        ("paper.pdf", "application/pdf"),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("a.odt", "application/vnd.oasis.opendocument.text"),
        ("a.epub", "application/epub+zip"),
        ("a.rtf", "application/rtf"),
        ("a.eml", "message/rfc822"),
        ("Makefile", None),
        (".gitignore", None),
        ("dir.md/.profile", None),
        ("x.unheard-of", None),
    ],
)
def test_a_name_tells_the_kind_or_nothing(path: str, kind: str | None) -> None:
    assert by_name(path) == kind


@pytest.mark.parametrize(
    ("path", "head", "kind"),
    [
        ("a.json", b"\0", "application/json"),
        ("README", b"hello", TEXT),
        ("README", b"", TEXT),
        ("core", b"\x7fELF\0", BINARY),
        ("README", "hi".encode("utf-16"), TEXT),
    ],
    ids=["name", "text", "empty", "binary", "utf-16"],
)
def test_where_the_name_says_nothing_the_first_bytes_do(path: str, head: bytes, kind: str) -> None:
    assert media_type(path, head) == kind


def test_images_are_those_that_models_can_see() -> None:
    assert is_image("image/png")
    assert not is_image("image/svg+xml")


@pytest.mark.parametrize("path", ["a.md", "a.py", "a.svg", "a.sh", "a.xml", "a.jsonl", "a.ipynb", "a.eml"])
def test_what_people_write_may_be_text(path: str) -> None:
    assert may_be_text(by_name(path) or TEXT)


@pytest.mark.parametrize("path", ["a.png", "a.mp3", "a.mp4", "a.bin", "a.zip", "a.pdf", "a.docx", "a.doc", "a.odt"])
def test_what_programs_write_is_no_text(path: str) -> None:
    assert not may_be_text(by_name(path) or TEXT)


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n",
        b"caf\xe9\x7f",
        b"a\0b",
        b"\xe9\0b",
        b"\xff\xfea",
        b"\xfe\xff\xd8\x00",
        b"\xef\xbb\xbf\xff",
        b"\xff\xfe\0\0a\0\0\0",
    ],
)
def test_bytes_that_are_no_text_are_not_decoded(data: bytes) -> None:
    assert decode(data) is None


def test_what_is_neither_marked_nor_utf_8_nor_binary_is_latin_1_and_stays_so() -> None:
    decoded = decode(b"caf\xe9\tau lait\r\n")
    assert decoded is not None
    assert (decoded.text, decoded.encoding) == ("caf\xe9\tau lait\r\n", "latin-1")
    assert decoded.encode("th\xe9") == b"th\xe9"
    assert not decoded.holds("5 €")
    assert decoded.encode("5 €") == "5 €".encode()


def test_an_empty_file_is_empty_text() -> None:
    decoded = decode(b"")
    assert decoded is not None
    assert decoded.text == ""


FORMS = [(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.sampled_from(FORMS))
def test_text_is_written_back_as_it_was_read(text: str, form: tuple[bytes, str]) -> None:
    mark, encoding = form
    data = mark + text.encode(encoding)
    decoded = decode(data)
    if decoded is None or decoded.mark != mark:
        assert mark == b""
        assert text.startswith("\ufeff")
        return
    assert (decoded.text, decoded.encoding) == (text, encoding)
    assert decoded.encode(decoded.text) == data
