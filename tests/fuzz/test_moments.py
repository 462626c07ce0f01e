"""Times, schedules, cursors and pointers: whatever is sent is read as a plain reading says, or refused."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from hypothesis import strategies as st

from indexer.extractors.leaves import json_pointer
from tests.fuzz.drawing import ANY_TEXT, PATHS, fuzzed
from workspace_server.cli.options import SPAN
from workspace_server.core.cursors import CURSOR_CHARS_MAX, cursor, seq_of
from workspace_server.core.moments import iso, parse_moment
from workspace_server.core.triggers.schedule import Schedule, parse_schedule
from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.web.files.render.tree import Members, Node, Room, parse, tree_of, value_at
from workspace_server.services.automation.schedules import check, moments

NOW_S = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
WRITTEN = st.one_of(
    ANY_TEXT,
    st.datetimes(timezones=st.one_of(st.none(), st.timezones())).map(datetime.isoformat),
    st.builds("{}{}".format, st.integers(0, 10**12), st.sampled_from(["", "s", "m", "h", "d", "w", "-"])),
)


@fuzzed(text=WRITTEN)
def test_a_moment_is_one_of_three_things_or_refused(text: str) -> None:
    try:
        moment = parse_moment(text, argument="since", now_s=NOW_S)
    except InvalidArgument as refusal:
        assert refusal.facts["argument"] == "since"
        return
    assert (moment.seq is None) != (moment.at_s is None)


@fuzzed(seconds=st.floats(0, 10**11))
def test_a_time_is_read_as_it_is_written(seconds: float) -> None:
    moment = parse_moment(iso(seconds), argument="since", now_s=NOW_S)
    assert moment.at_s is not None
    assert abs(moment.at_s - seconds) <= 0.001


@fuzzed(text=WRITTEN)
def test_a_span_on_the_command_line_is_seconds_or_refused(text: str) -> None:
    try:
        seconds = SPAN.convert(text, None, None)
    except click.BadParameter:
        return
    unit = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}.get(text[-1])
    assert seconds == (int(text[:-1]) * unit if unit else int(text))


FIELD = st.one_of(
    st.just("*"), st.integers(0, 70).map(str), st.sampled_from(["*/7", "1-5", "L", "5#3", "MON", "L-3", "", "a"])
)
CRONS = st.one_of(ANY_TEXT, st.lists(FIELD, min_size=4, max_size=6).map(" ".join))
ZONES = st.one_of(st.sampled_from(["UTC", "Europe/Berlin", "../UTC", "/etc/passwd", "Europe", "a.b/c"]), PATHS)


@fuzzed(cron=CRONS, zone=ZONES)
def test_a_schedule_is_refused_or_comes(cron: str, zone: str) -> None:
    try:
        schedule = parse_schedule({"schedule": cron, "timezone": zone})
        assert schedule is not None
        check(schedule)
    except InvalidArgument as refusal:
        assert refusal.facts["argument"] in {"schedule", "timezone"}
        return
    coming = list(itertools.islice(moments(schedule, after_s=NOW_S), 3))
    assert coming == sorted(set(coming))
    assert coming[0] > NOW_S
    assert parse_schedule(schedule.as_mapping()) == schedule


@fuzzed(
    minutes=st.sets(st.integers(0, 59), min_size=1, max_size=3),
    hours=st.sets(st.integers(0, 23), min_size=1, max_size=3),
    weekdays=st.sets(st.integers(0, 6), min_size=1, max_size=6),
)
def test_a_schedule_comes_in_the_minutes_that_it_names(minutes: set, hours: set, weekdays: set) -> None:
    cron = " ".join([_listed(minutes), _listed(hours), "*", "*", _listed(weekdays)])
    after = datetime.fromtimestamp(NOW_S, UTC)
    every = (after + timedelta(minutes=number) for number in itertools.count(1))
    plainly = (one for one in every if one.minute in minutes and one.hour in hours and one.isoweekday() % 7 in weekdays)
    coming = moments(Schedule(cron=cron, timezone="UTC", missed="once"), after_s=NOW_S)
    assert [*itertools.islice(coming, 2)] == [one.timestamp() for one in itertools.islice(plainly, 2)]


def _listed(numbers: set[int]) -> str:
    return ",".join(map(str, sorted(numbers)))


@fuzzed(seq=st.integers(0, 10**18 - 1), text=ANY_TEXT)
def test_a_cursor_is_read_as_it_is_made_and_nothing_else_is_one(seq: int, text: str) -> None:
    assert seq_of(cursor(seq)) == seq
    assert len(cursor(seq)) <= CURSOR_CHARS_MAX
    assert seq_of(text) is None


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.text(max_size=4), st.sampled_from(["~", "/", "~1", "a/b", "", "0"])), inner, max_size=4
        ),
    ),
    max_leaves=12,
)


def walk(node: Node) -> list[Node]:
    return [node, *itertools.chain.from_iterable(map(walk, node.children))]


def plainly_at(value: Any, pointer: str) -> Any:
    """Follow RFC 6901 word by word."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def plain(value: Any) -> Any:
    """Return what was parsed for showing as what it is."""
    if isinstance(value, Members):
        return {name: plain(member) for name, member in value}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value if value is None or isinstance(value, bool) else str(value)


@fuzzed(value=JSON)
def test_each_place_of_a_tree_is_found_by_its_pointer(value: Any) -> None:
    parsed = parse(json.dumps(value))
    for node in walk(tree_of(parsed, name="", room=Room())):
        found = value_at(parsed, node.pointer)
        assert plain(found) == plain_of(plainly_at(value, node.pointer))


def plain_of(value: Any) -> Any:
    """Return a value of JSON with its numbers as text, as they are shown."""
    if isinstance(value, dict):
        return {name: plain_of(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain_of(member) for member in value]
    return value if value is None or isinstance(value, bool) else str(value)


@fuzzed(
    value=JSON,
    pointer=st.one_of(ANY_TEXT, st.lists(st.sampled_from(["0", "-1", "a", "~", "~2", "", "٣", "1e3"])).map("/".join)),
)
def test_a_pointer_that_leads_nowhere_says_so(value: Any, pointer: str) -> None:
    parsed = parse(json.dumps(value))
    try:
        found = value_at(parsed, pointer)
    except LookupError:
        return
    assert plain(found) == plain_of(plainly_at(value, pointer))


@fuzzed(keys=st.lists(st.one_of(st.text(max_size=5), st.sampled_from(["~", "/", "~0", "~1/"]), st.integers(0, 9))))
def test_a_pointer_that_a_fact_carries_leads_back_to_its_keys(keys: list[str | int]) -> None:
    read = [part.replace("~1", "/").replace("~0", "~") for part in json_pointer(tuple(keys)).split("/")[1:]]
    assert read == [str(key) for key in keys]
