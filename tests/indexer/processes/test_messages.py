"""What parent and child say to each other: nothing is lost, and nothing is believed that is out of bounds."""

import io
import json
from typing import Any

import pytest

from indexer.document import Unreadable
from indexer.drawing import PNG, Drawn
from indexer.extractors import REGISTRY
from indexer.limits import FACTS_PER_FILE_MAX, PAGES_MAX, SUBJECT_CHARS_MAX
from indexer.model import Extraction
from indexer.processes.messages import (
    Unbelievable,
    answer,
    answered,
    drawing_answer,
    drawing_answered,
    drawing_request,
    read_frame,
    request,
    requested,
    unspoken,
    write_frame,
)
from indexer.processes.serving import serve, serve_drawings
from tests.indexer import files
from tests.indexer.reading import read

PLAN = read(
    files.docx([("Heading1", "Plan \U0001f600 ä"), ("", "Owner: Ada"), ("page break", ""), ("", "Size: 3")]), "a.docx"
)


def test_every_field_of_the_model_is_told() -> None:
    assert unspoken() == set()


@pytest.mark.parametrize(
    "extraction",
    [PLAN, Extraction(state="failed", reason="x"), read("a\ud800b: 1\u2028\r\n".encode("utf-8", "surrogatepass"))],
)
def test_an_extraction_arrives_as_it_was(extraction: Extraction) -> None:
    assert answered(answer(extraction)) == extraction


def changed(line: int, place: int, value: Any) -> bytes:
    """Return the answer about the plan with one value exchanged."""
    lines = [json.loads(each) for each in answer(PLAN).split(b"\n")]
    if isinstance(lines[line], list):
        lines[line][place] = value
    else:
        lines[line] = value
    return "\n".join(map(json.dumps, lines)).encode()


def test_an_answer_is_believed_that_only_differs_within_bounds() -> None:
    assert answered(changed(0, 2, "Another title")).title == "Another title"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        answer(PLAN)[:-9],
        answer(PLAN).rpartition(b"\n")[0],
        changed(0, 0, "wonderful"),
        changed(0, 0, ["ok"]),
        changed(0, 2, "x" * 20_000),
        changed(0, 3, -1),
        changed(0, 3, True),
        changed(0, 8, [1] * (PAGES_MAX + 1)),
        changed(0, 8, ["1"]),
        changed(0, 8, 1),
        changed(1, 0, FACTS_PER_FILE_MAX + 1),
        changed(1, 0, "3"),
        changed(2, 0, "gossip"),
        changed(2, 1, "x" * (SUBJECT_CHARS_MAX + 1)),
        changed(2, 5, "never said"),
        changed(2, 6, 1.5),
        changed(2, 13, 1),
    ],
)
def test_an_answer_out_of_bounds_is_not_believed(body: bytes) -> None:
    with pytest.raises(Unbelievable):
        answered(body)


def test_a_request_says_what_is_asked() -> None:
    about = {"path": "a/ä.md", "media_type": "text/markdown", "size_bytes": 9}

    assert requested(request(b"x\ny", **about)) == (b"x\ny", about)  # type: ignore[arg-type]


def test_a_child_answers_until_nobody_asks() -> None:
    asked, said = io.BytesIO(), io.BytesIO()
    for text in (b"Owner: Ada", b"Owner: Bob"):
        write_frame(asked, request(text, path="a.md", media_type="", size_bytes=10))
    asked.seek(0)
    serve(asked, said, REGISTRY, layers=["limits"])
    said.seek(0)

    assert json.loads(read_frame(said) or b"") == ["limits"]
    for name in ("Ada", "Bob"):
        assert [fact.value for fact in answered(read_frame(said) or b"").facts] == [name]
    assert read_frame(said) is None


def test_a_picture_arrives_as_it_was_and_so_does_why_there_is_none() -> None:
    drawn = Drawn(PNG + b"1\n2", 7)

    assert drawing_answered(drawing_answer(drawn)) == drawn
    with pytest.raises(Unreadable, match="damaged"):
        drawing_answered(drawing_answer(Unreadable("damaged")))


@pytest.mark.parametrize("body", [b"7\nGIF89a", b"x\n" + PNG, b"9" * 40 + b"\n" + PNG, PNG])
def test_what_is_no_picture_is_not_believed_to_be_one(body: bytes) -> None:
    with pytest.raises(Unbelievable):
        drawing_answered(body)


def test_a_child_that_draws_answers_each_request() -> None:
    requests, answers = io.BytesIO(), io.BytesIO()
    for page in (1, 2):
        write_frame(requests, drawing_request(files.pdf([["Owner: Ada"]]), page))
    requests.seek(0)
    serve_drawings(requests, answers, layers=["limits"])
    answers.seek(0)

    assert json.loads(read_frame(answers) or b"") == ["limits"]
    assert drawing_answered(read_frame(answers) or b"").pages == 1
    with pytest.raises(Unreadable, match="has 1 pages"):
        drawing_answered(read_frame(answers) or b"")
