"""Files made to do harm, damaged, or not what they are called; and the state and reason in which each of them ends.

Each is small by itself, and made when it is asked for: what makes it harmful is what a parser makes of it.
"""

import codecs
import io
import itertools
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.indexer import files

MIB = 1024 * 1024
GIB = 1024 * MIB
LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)) + "]>"
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2_000
_CATALOG = "<< /Type /Catalog /Pages 2 0 R >>"
_PAGE = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>"
_ONE_PAGE = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"


@dataclass(frozen=True, slots=True)
class Harm:
    """One file.

    Attributes:
        clause: What it stands for.
        states: The states in which it may end; where a parser's taste decides, more than one.
        reason: What its reason has to say, as a part of it.
    """

    clause: str
    path: str
    make: Callable[[], bytes]
    states: tuple[str, ...]
    reason: str = ""


def zeros(count: int, *, times: int = 1) -> bytes:
    """Return *count* zero bytes as zlib packs them, packed again *times* over.

    A packed megabyte is repeated instead of packing all of them: that would take ten seconds for a gigabyte.
    """
    packer = zlib.compressobj(9, wbits=-15)
    one = packer.compress(b"\0" * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = struct.pack(">I", (count % 65_521) << 16 | 1)
    packed = b"\x78\xda" + one * (count // MIB) + b"\x03\0" + checksum
    for _ in range(times - 1):
        packed = zlib.compress(packed, 9)
    return packed


def pdf_over(stream: bytes, filters: str = "/FlateDecode") -> bytes:
    """Return a PDF of one page whose content is *stream*, packed as *filters* say."""
    body = b"<< /Length %d /Filter [%b] >>\nstream\n%b\nendstream" % (len(stream), filters.encode(), stream)
    return files.pdf_of([_CATALOG, _ONE_PAGE, _PAGE, body])


def encrypted_pdf() -> bytes:
    """Return a PDF that asks for a password."""
    lock = f"<< /Filter /Standard /V 1 /R 2 /O <{'41' * 32}> /U <{'42' * 32}> /P -4 >>"
    parts = [_CATALOG, "<< /Type /Pages /Kids [] /Count 0 >>", lock]
    return files.pdf_of(parts, trailer="/Encrypt 3 0 R /ID [<41><41>]")


def encrypted_zip() -> bytes:
    """Return a DOCX whose parts all say that they are encrypted."""
    data = bytearray(files.docx([("", "Owner: Ada")]))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def bloated(count: int) -> bytes:
    """Return a DOCX with *count* further parts of 16 MiB of nothing each."""
    held = io.BytesIO(files.docx([("", "Owner: Ada")]))
    with zipfile.ZipFile(held, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(count):
            archive.writestr(f"word/media/{number}.bin", b"\0" * (16 * MIB))
    return held.getvalue()


def lying_zip() -> bytes:
    """Return a DOCX whose text unpacks to a gigabyte, although its directory says it has a hundred bytes."""
    packed, told = zeros(GIB)[2:-4], zlib.crc32(b"\0" * 100)
    name = b"word/document.xml"
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0, told, len(packed), 100, len(name), 0)
    central = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, told, len(packed), 100, len(name), 0, 0, 0, 0, 0, 0
    )
    head, directory = local + name + packed, central + name
    return head + directory + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), len(head), 0)


def nested_zip() -> bytes:
    """Return archives in archives, sixteen in each, six deep."""
    inner = files.zipped({"0.bin": b"\0" * MIB})
    for _ in range(6):
        inner = files.zipped({f"{number}.zip": inner for number in range(16)})
    return inner


def text_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG of 3 × 3 pixels with one more chunk."""
    whole = files.png(3, 3)
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return whole[:33] + chunk + whole[33:]


def aliases() -> bytes:
    """Return YAML whose last list has nine to the power of twenty members, were its aliases followed."""
    names = "abcdefghijklmnopqrstu"
    lists = [f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in itertools.pairwise(names)]
    return "\n".join(["a: &a [x]", *lists, ""]).encode()


def mail_of(parts: int) -> bytes:
    """Return a mail whose parts stand one inside the other."""
    opened = "".join(f'Content-Type: multipart/mixed; boundary="b{at}"\n\n--b{at}\n' for at in range(parts))
    return f"From: a@example.org\nSubject: deep\nMIME-Version: 1.0\n{opened}Content-Type: text/plain\n\nx\n".encode()


BOMBS = (
    Harm("zip bomb", "bomb.docx", lambda: bloated(16), ("failed",), "unpacks to more than"),
    Harm("zip bomb", "lying.docx", lying_zip, ("failed", "empty")),
    Harm("zip bomb", "nested.zip", nested_zip, ("limited",), "not text"),
    Harm(
        "zip bomb",
        "many.xlsx",
        lambda: files.zipped({"xl/workbook.xml": "", **{f"{n}": "" for n in range(20_000)}}),
        ("failed",),
        "parts",
    ),
    Harm("PDF bomb", "content.pdf", lambda: pdf_over(zeros(2 * GIB)), ("failed", "empty")),
    Harm(
        "PDF bomb",
        "packed-thrice.pdf",
        lambda: pdf_over(zeros(4 * GIB, times=3), "/FlateDecode " * 3),
        ("failed", "empty"),
    ),
    Harm(
        "PDF bomb",
        "circle.pdf",
        lambda: files.pdf_of([_CATALOG, "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9999 >>"]),
        ("failed", "empty"),
    ),
    Harm(
        "PDF bomb",
        "deep.pdf",
        lambda: files.pdf_of([_CATALOG, _ONE_PAGE, "[" * 300_000 + "]" * 300_000]),
        ("failed", "empty"),
    ),
    Harm("XML bomb", "laughs.xml", f'<?xml version="1.0"?>{LAUGHS}<l>&a9;</l>'.encode, ("limited",), "entities"),
    Harm("XML bomb", "laughs.svg", f'<?xml version="1.0"?>{LAUGHS}<svg>&a9;</svg>'.encode, ("ok",)),
    Harm(
        "XML bomb", "laughs.docx", lambda: files.docx([("", "&a9;")], prologue=LAUGHS), ("failed",), "defines entities"
    ),
    Harm("XML bomb", "deep.xml", lambda: b"<a>" * 200_000 + b"</a>" * 200_000, ("limited",)),
    Harm(
        "XML bomb",
        "attributes.xml",
        lambda: b"<a " + b" ".join(b'k%d=""' % n for n in range(300_000)) + b"/>",
        ("ok", "limited"),
    ),
    Harm("image bomb", "huge.png", lambda: files.png(60_000, 60_000, rows=1), ("ok", "limited")),
    Harm("image bomb", "text.png", lambda: text_chunk(b"zTXt", b"Comment\0\0" + zeros(GIB)), ("ok", "limited")),
    Harm("image bomb", "profile.png", lambda: text_chunk(b"iCCP", b"p\0\0" + zeros(GIB)), ("ok", "limited")),
    Harm("JSON bomb", "deep.json", lambda: b"[" * 1_000_000, ("limited",)),
    Harm("JSON bomb", "deep-objects.json", lambda: b'{"a":' * 300_000 + b"1" + b"}" * 300_000, ("limited",)),
    Harm("JSON bomb", "number.json", lambda: b'{"a": ' + b"9" * 2_000_000 + b"}", ("ok", "limited")),
    Harm("JSON bomb", "exponent.json", lambda: b'{"a": 1e999999999, "b": -1E+99999999999999999999}', ("ok",)),
    Harm(
        "JSON bomb",
        "keys.json",
        lambda: b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(150_000)) + b"}",
        ("limited",),
    ),
    Harm("JSON bomb", "aliases.yaml", aliases, ("ok", "limited")),
    Harm("JSON bomb", "dots.toml", lambda: b".".join([b"a"] * 100_000) + b" = 1\n", ("limited",)),
    Harm("text bomb", "quotes.md", lambda: b">" * 200_000 + b" x\n", ("ok", "limited")),
    Harm("text bomb", "brackets.md", lambda: b"[" * 200_000 + b"](" * 100_000, ("ok", "limited")),
    Harm("text bomb", "stars.md", lambda: b"*a_b**" * 100_000, ("ok", "limited")),
    Harm("text bomb", "tags.html", lambda: b"<div>" * 200_000, ("ok", "limited")),
    Harm("text bomb", "comment.html", lambda: b"<!--" * 300_000, ("ok", "limited", "empty")),
    Harm("text bomb", "parentheses.py", lambda: b"x = " + b"(" * 100_000, ("ok", "limited")),
    Harm("text bomb", "angles.cs", lambda: b"class A { " + b"a<" * 50_000, ("ok", "limited")),
    Harm("text bomb", "columns.csv", lambda: b",".join(b"c%d" % n for n in range(100_000)) + b"\n1\n", ("limited",)),
    Harm("text bomb", "quote.csv", lambda: b'a,b\n"' + b'x,""' * 500_000, ("ok", "limited")),
    Harm("text bomb", "line.log", lambda: b"2025-01-01T00:00:00Z ERROR " + b"a=1 " * 1_500_000, ("ok", "limited")),
    Harm("text bomb", "parts.eml", lambda: mail_of(20_000), ("ok", "limited", "failed", "empty")),
)

DAMAGED = (
    Harm("truncated", "torn.pdf", lambda: files.pdf([["Owner: Ada"]])[:400], ("failed",), "damaged"),
    Harm("truncated", "torn.docx", lambda: files.docx([("", "Owner: Ada")])[:-60], ("failed",), "damaged"),
    Harm("truncated", "torn.xlsx", lambda: files.xlsx({"A": [["a", "b"], [1, 2]]})[:700], ("failed",), "damaged"),
    Harm("truncated", "torn.pptx", lambda: files.pptx([("Plan", ["Owner: Ada"])])[:-30], ("failed",), "damaged"),
    Harm("truncated", "torn.png", lambda: files.png(3, 3)[:20], ("failed",), "damaged"),
    Harm("truncated", "torn.json", lambda: b'{"owner": "Ada", "size', ("limited",)),
    Harm("truncated", "torn.ipynb", lambda: b'{"cells": [{"cell_type": "markdown", "source": ["x', ("limited",)),
    Harm("encrypted", "locked.pdf", encrypted_pdf, ("failed",), "password-protected"),
    Harm(
        "encrypted",
        "locked.docx",
        lambda: OLE + "EncryptedPackage".encode("utf-16-le"),
        ("failed",),
        "password-protected",
    ),
    Harm("encrypted", "locked-parts.docx", encrypted_zip, ("failed",), "password-protected"),
)

MISNAMED = (
    Harm("wrong extension", "pdf.md", lambda: files.pdf([["Owner: Ada"]]), ("ok",)),
    Harm("wrong extension", "docx.txt", lambda: files.docx([("", "Owner: Ada")]), ("ok",)),
    Harm("wrong extension", "text.pdf", lambda: b"Owner: Ada\n", ("limited",), "not what its name says"),
    Harm("wrong extension", "noise.xlsx", lambda: bytes(range(256)) * 40, ("failed", "limited")),
    Harm("wrong extension", "png.jpg", lambda: files.png(3, 3), ("ok", "limited")),
    Harm(
        "wrong extension",
        "html.docx",
        lambda: b"<html><body><p>Owner: Ada</p></body></html>",
        ("limited",),
        "not what its name says",
    ),
    Harm("wrong extension", "zip.csv", lambda: files.zipped({"a": "b"}), ("limited",), "not text"),
)

ENCODED = (
    Harm("UTF-16", "little.md", lambda: codecs.BOM_UTF16_LE + "Größe: 3 µm\n".encode("utf-16-le"), ("ok",)),
    Harm("UTF-16", "big.md", lambda: codecs.BOM_UTF16_BE + "Größe: 3 µm\n".encode("utf-16-be"), ("ok",)),
    Harm("UTF-16", "half.md", lambda: codecs.BOM_UTF16_LE + b"a", ("limited",)),
    Harm("Latin-1", "latin.md", lambda: "Größe: 3 µm\n".encode("latin-1"), ("limited",), "Latin-1"),
    Harm("invalid UTF-8", "invalid.md", lambda: b"Owner: Ada \xff\xfe\xfa\n", ("limited",)),
    Harm("invalid UTF-8", "overlong.md", lambda: b"Owner: Ada \xc0\xaf\xed\xa0\x80\n", ("limited",)),
    Harm("invalid UTF-8", "zero.md", lambda: b"Owner: Ada\0\n", ("limited",), "not text"),
)

ALL = (*BOMBS, *DAMAGED, *MISNAMED, *ENCODED)
