"""What is kept of what a program prints."""

from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.kept_log import GAP_BYTES, HEAD_SHARE, KeptLog


def kept(*printed: bytes, bytes_max: int = 400) -> KeptLog:
    log = KeptLog(bytes_max)
    for part in printed:
        log.add(part)
    return log


def test_a_short_log_is_kept_whole() -> None:
    log = kept(b"one\n", "zwölf\n".encode())
    assert log.text() == "one\nzwölf\n"
    assert (log.size_bytes, log.left_out_bytes) == (11, 0)


def test_of_a_long_log_the_beginning_and_the_end_are_kept_and_it_says_how_much_is_not() -> None:
    log = kept(b"begin" + b"." * 1_000, b"." * 1_000 + b"end")
    assert log.text().startswith("begin.")
    assert log.text().endswith(".end")
    assert f"\n… {log.left_out_bytes} bytes are left out …\n" in log.text()
    assert log.end(5) == "..end"


def test_a_character_that_is_cut_is_replaced() -> None:
    assert "\ufffd" in kept("ü".encode() * 1_000, bytes_max=HEAD_SHARE * 3).text()
    assert kept(b"\xff").text() == "\ufffd"


@given(st.lists(st.text("ab\n").map(str.encode), max_size=20), st.integers(100, 300))
def test_it_never_keeps_more_than_its_bound_and_never_loses_an_end(parts: list[bytes], bytes_max: int) -> None:
    log, whole = kept(*parts, bytes_max=bytes_max), b"".join(parts)
    assert log.size_bytes == len(whole)
    assert len(log.text().encode()) <= bytes_max
    head = bytes_max // HEAD_SHARE
    tail = bytes_max - head - GAP_BYTES
    if len(whole) <= head + tail:
        assert log.text().encode() == whole
    else:
        assert log.text().encode().startswith(whole[:head])
        assert log.text().encode().endswith(whole[-tail:])
        assert log.left_out_bytes == len(whole) - head - tail
