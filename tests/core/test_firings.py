"""What a firing says of itself."""

from workspace_server.core.firings import (
    beside_inputs,
    chain,
    event_data,
    firing_data,
    inputs,
    root_of,
    subject,
    trace_of,
)
from workspace_server.core.joins.deciding import Fire
from workspace_server.core.joins.state import Cause, Save
from workspace_server.core.triggers.parsing import parse_definition

RULE = parse_definition({"name": "t", "files": ["a"], "queue": "q"})
SAVE = Save(path="a", version=2, seq=7, sha256="9f", agent="ann", index_state="ok")
INPUT = {"path": "a", "version": 2, "sha256": "9f", "agent": "ann", "seq": 7}
PARENT = Cause(firing="F3", root="F1", depth=2)


def fire(*saves: Save, **facts: object) -> Fire:
    given = {"holders": (), "coalesced": 0, "parent": None, **facts}
    return Fire(inputs=saves, **given)  # type: ignore[arg-type]  # by their names


def test_a_firing_names_its_inputs_and_its_chain() -> None:
    cause = chain("F4", PARENT)
    assert cause == Cause(firing="F4", root="F1", depth=3)
    assert chain("F9", None) == Cause(firing="F9", root="F9", depth=1)
    assert firing_data(RULE, {"topic": "cats"}, fire(SAVE), cause, seq=7) == {
        "trigger": "t",
        "firing": "F4",
        "key": {"topic": "cats"},
        "mode": "each",
        "inputs": [INPUT],
        "seq": 7,
        "cause": {"firing": "F4", "root": "F1", "depth": 3},
    }


def test_a_firing_says_what_is_odd_about_it() -> None:
    rule = parse_definition({"name": "t", "files": ["a"], "queue": "q", "indexed": True, "instructions": "Do it."})
    missing = [{"path": "b", "reason": "absent"}]
    odd = fire(SAVE, holders=("bob",), coalesced=2, partial=True)
    data = firing_data(rule, {}, odd, chain("F1", None), seq=7, missing=missing)
    assert data["inputs"] == [{**INPUT, "index_state": "ok"}]
    assert (data["unclean"], data["holders"], data["coalesced"]) == (True, ["bob"], 2)
    assert (data["missing"], data["instructions"]) == (missing, "Do it.")
    assert inputs(rule, odd) == [{"path": "a", "version": 2, "index_state": "ok"}]
    assert beside_inputs(data) == {"missing": missing, "unclean": True, "holders": ["bob"], "coalesced": 2}


def test_the_event_of_a_firing_is_caused_by_what_led_to_it() -> None:
    assert "cause" not in event_data(RULE, {}, fire(SAVE))
    data = event_data(RULE, {}, fire(SAVE, parent=PARENT), reason="depth")
    assert (data["cause"], data["reason"], data["inputs"]) == (PARENT.as_json(), "depth", inputs(RULE, fire(SAVE)))


def test_a_firing_is_about_a_file_when_it_has_one_input() -> None:
    assert subject(fire(SAVE)) == "a"
    assert subject(fire(SAVE, SAVE)) is None


def test_the_trace_of_a_chain_says_with_which_firing_it_began() -> None:
    trace = trace_of("workspace://demo", "F31")
    assert len(trace) == 32
    assert root_of(f"00-{trace}-00f067aa0ba902b7-01", "workspace://demo") == "F31"
    assert root_of(f"00-{trace}-00f067aa0ba902b7-01", "workspace://other") is None
    assert root_of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "workspace://demo") is None
    assert root_of("not a trace", "workspace://demo") is None


def test_what_began_with_no_firing_has_a_trace_of_its_own() -> None:
    traces = {trace_of("workspace://demo", root) for root in ("msg_1", "msg_2", "FILE", "7")}
    assert {len(trace) for trace in traces} == {32}
    assert len(traces) == 4
