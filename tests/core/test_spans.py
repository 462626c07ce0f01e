"""What names a span, and which trace contexts do."""

import pytest

from workspace_server.core.spans import Place, place_in, span_id, told

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize("given", [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f"cc-{TRACE}-{SPAN}-09"])
def test_a_trace_context_names_a_span(given: str) -> None:
    assert place_in(given) == Place(TRACE, SPAN)


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE[1:]}-{SPAN}-01",
    ],
)
def test_a_malformed_trace_context_names_none(given: str | None) -> None:
    assert place_in(given) is None


def test_the_same_thing_has_the_same_span_in_its_workspace_alone() -> None:
    assert span_id("workspace://a", "firing", "F1") == span_id("workspace://a", "firing", "F1")
    spans = {
        span_id(source, kind, 1) for source in ("workspace://a", "workspace://b") for kind in ("commit", "request")
    }
    assert len(spans) == 4
    assert all(place_in(f"00-{TRACE}-{span}-01") == Place(TRACE, span) for span in spans)


def test_what_is_not_known_is_no_attribute() -> None:
    assert told(agent="ann", seq=0, request_id=None) == {"workspace.agent": "ann", "workspace.seq": 0}
