"""Where a client goes on reading, whatever it kept."""

import base64

import pytest

from workspace_server.core.cursors import CURSOR_CHARS_MAX, Place, cursor, place, seq_of


@pytest.mark.parametrize("seq", [0, 1, 118, 10**17])
def test_a_cursor_says_up_to_where_its_holder_has_seen_the_log(seq: int) -> None:
    assert seq_of(cursor(seq)) == seq
    assert str(seq) not in cursor(seq)
    assert len(cursor(seq)) <= CURSOR_CHARS_MAX


def encoded(plain: bytes) -> str:
    return base64.urlsafe_b64encode(plain).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "118",
        "ü",
        "not base64!",
        "a",
        encoded(b"118"),
        encoded(b"log1:"),
        encoded(b"log1:-4"),
        encoded(b"log2:118"),
        encoded(b"log1:" + b"9" * 19),
        "A" * 10_000,
    ],
)
def test_what_is_no_cursor_of_ours_says_nothing(text: str) -> None:
    assert seq_of(text) is None


def test_a_good_cursor_goes_on_where_it_stands() -> None:
    assert place(7, head_seq=9, following_seq=8) == Place(7, truncated=False)
    assert place(9, head_seq=9, following_seq=None) == Place(9, truncated=False)
    assert place(0, head_seq=9, following_seq=1, least_seq=0) == Place(0, truncated=False)


def test_a_stale_cursor_is_put_at_the_head_and_told_so() -> None:
    assert place(None, head_seq=9, following_seq=None) == Place(9, truncated=True)
    assert place(12, head_seq=9, following_seq=None) == Place(9, truncated=True)


def test_events_that_are_no_longer_kept_are_told_of() -> None:
    assert place(3, head_seq=9, following_seq=7) == Place(3, truncated=True)


def test_what_is_too_old_or_too_much_is_passed_over_and_told_of() -> None:
    assert place(3, head_seq=9, following_seq=4, least_seq=6) == Place(6, truncated=True)
    assert place(3, head_seq=9, following_seq=4, least_seq=20) == Place(9, truncated=True)
    assert place(3, head_seq=9, following_seq=4, least_seq=3) == Place(3, truncated=False)
