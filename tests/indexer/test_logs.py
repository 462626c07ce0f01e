"""Logs: levels, times and errors, counted rather than listed."""

import re
from itertools import count

import pytest

from indexer.extraction import extract
from indexer.limits import ERRORS_PER_LOG_MAX
from tests.indexer.reading import facts, read, said

LOG = """\
2026-03-01T08:00:01Z INFO  server: listening on 0.0.0.0:8080
2026-03-01T08:03:11Z WARN  cache: evicted 120 entries
2026-03-01T08:05:59Z ERROR payment: timeout after 30 s (order 8812)
Traceback (most recent call last):
TimeoutError: gateway
2026-03-01T08:06:30Z ERROR payment: timeout after 31 s (order 8813)
2026-03-01T08:06:31Z FATAL server: out of memory
2026-03-01T08:06:32Z ERROR
"""


def test_each_different_error_is_a_fact_once() -> None:
    found = facts(read(LOG, "app.log"), "observation")

    assert [(f.subject, f.key, f.value, f.start_line) for f in found] == [
        ("app", "error", "payment: timeout after 30 s (order 8812)", 3),
        ("app", "fatal", "server: out of memory", 7),
    ]


def test_levels_times_and_errors_are_counted() -> None:
    found = facts(read(LOG, "app.log"), "profile")

    assert [(f.key, f.value, f.start_line) for f in found] == [
        ("log levels", "ERROR (3), FATAL (1), INFO (1), WARN (1)", 1),
        ("time", "2026-03-01T08:00:01Z to 2026-03-01T08:06:32Z", 1),
        ("most frequent errors", "payment: timeout after # s (order #) (2), server: out of memory (1)", 3),
    ]


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("ERROR: it broke", "ERROR"),
        ("Mar  1 08:00:01 host app[12]: CRITICAL it broke", "FATAL"),
        ("08:00:01,123 [main] WARNING - slow", "WARN"),
        ("[2026-03-01 08:00:01] [error] it broke", "ERROR"),
        ("time=1 level=debug msg=x", "DEBUG"),
        ('a b severity="Notice" x', "INFO"),
        ("TRACE", "TRACE"),
    ],
)
def test_a_level_is_known_by_where_it_stands(line: str, level: str) -> None:
    assert (("x", "log levels", f"{level} (3)")) in said(read((line + "\n") * 3, "x.log"))


@pytest.mark.parametrize(
    "line",
    ["an error occurred", "GET /ERROR now", "one two three four ERROR five", '"ERROR" x', "x" * 3_000 + " ERROR y"],
)
def test_a_word_in_a_message_is_no_level(line: str) -> None:
    assert facts(read((line + "\n") * 3, "x.log")) == []


def test_requests_are_counted_by_their_status() -> None:
    line = '10.0.0.1 - - [10/Mar/2026:13:55:3{} +0000] "GET / HTTP/1.1" {} 2326\n'
    text = line.format(1, 200) + line.format(2, 500) + line.format(3, 200)

    assert said(read(text, "access.log")) == [
        ("access", "status codes", "200 (2), 500 (1)"),
        ("access", "time", "10/Mar/2026:13:55:31 +0000 to 10/Mar/2026:13:55:33 +0000"),
    ]


def test_a_log_of_two_lines_is_not_counted() -> None:
    assert said(read("INFO a\nERROR b\n", "x.log")) == [("x", "error", "b")]


def test_a_log_of_json_is_a_table() -> None:
    assert ("x", "level", "text, 1 distinct of 3: error (3)") in said(read('{"level": "error"}\n' * 3, "x.log"))


def test_many_errors_and_a_log_that_takes_too_long_are_read_in_part() -> None:
    many = "".join(f"ERROR {'x' * n}y\n" for n in range(ERRORS_PER_LOG_MAX + 9))
    looks = count()
    late = extract(b"INFO a\n" * 1_000, path="x.log", clock=lambda: next(looks) * 0.01)

    assert len(facts(read(many, "x.log"), "observation")) == ERRORS_PER_LOG_MAX
    assert late.reason.endswith("lines were counted in time")
    assert re.fullmatch(r"in the first \d+ lines: INFO \(\d+\)", said(late, "profile")[0][2])
