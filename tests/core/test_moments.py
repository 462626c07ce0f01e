"""How people name a moment."""

import pytest

from workspace_server.core.moments import Moment, parse_moment
from workspace_server.errors import InvalidArgument

NOW_S = 1_000_000.0


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        (412, Moment(seq=412)),
        ("412", Moment(seq=412)),
        (0, Moment(seq=0)),
        ("90s", Moment(at_s=NOW_S - 90)),
        (" 30m ", Moment(at_s=NOW_S - 1_800)),
        ("1h", Moment(at_s=NOW_S - 3_600)),
        ("2d", Moment(at_s=NOW_S - 172_800)),
        ("1970-01-01T00:00:10Z", Moment(at_s=10.0)),
        ("1970-01-01T01:00:10+01:00", Moment(at_s=10.0)),
        ("1970-01-02", Moment(at_s=86_400.0)),
    ],
)
def test_a_seq_a_span_or_a_time_names_a_moment(raw: str | int, moment: Moment) -> None:
    assert parse_moment(raw, argument="since", now_s=NOW_S) == moment


@pytest.mark.parametrize("raw", ["", "-1", "1.5h", "1w", "yesterday", "1h30m", "9" * 16, "2026-13-01"])
def test_anything_else_is_refused_with_what_would_do(raw: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        parse_moment(raw, argument="since", now_s=NOW_S)

    assert refusal.value.facts["argument"] == "since"
    assert "1h" in str(refusal.value.hint)
