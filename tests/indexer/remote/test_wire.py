"""What goes over the wire between the server and its index process comes out as it went in."""

from io import BytesIO
from typing import Any

import pytest

from indexer.model import Change, Found, Hit, Passage
from indexer.ports import Standing
from indexer.questions import Question, parse_question
from indexer.remote import wire
from indexer.remote.served import messages_from
from indexer.remote.wire import MessageTooLong, framed, length_of, message_of, packed, unpacked

CHANGE = Change(seq=3, path="a/ü\ud800.md", version=2, sha256="ab", size_bytes=5, media_type="text/markdown")
PASSAGE = Passage(text='x\n"é"', start_line=1, end_line=2, heading="H", page=4)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Change, CHANGE),
        (Change, Change(seq=1, path="a", version=None)),
        (list[Passage], [PASSAGE, Passage(text="", start_line=1, end_line=1)]),
        (Found, Found(hits=[Hit(path="a", version=1, passage=PASSAGE, score=0.5)], cut=True)),
        (Question, parse_question('harbour "old town" qu*')),
        (Standing, Standing(7, is_current=False)),
    ],
)
def test_a_value_comes_out_as_it_went_in(kind: type[Any], value: object) -> None:
    message = message_of(framed([1, packed(value)])[wire.HEAD_BYTES :])

    assert unpacked(kind, message[1]) == value


def test_a_message_that_is_too_long_is_neither_said_nor_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MESSAGE_BYTES_MAX", 9)
    assert length_of(framed(["1234"])[: wire.HEAD_BYTES]) == 8

    with pytest.raises(MessageTooLong):
        framed(["123456"])
    with pytest.raises(MessageTooLong):
        length_of(b"\xff\xff\xff\xff")


def test_messages_end_with_the_pipe_also_in_the_middle_of_one() -> None:
    whole = framed([1, "verify"])

    for torn in (b"", whole[:2], whole[:-1]):
        assert list(messages_from(BytesIO(whole + torn))) == [[1, "verify"]]
