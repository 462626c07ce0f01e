"""Whoever wants an event is found, and nobody else."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.interests import Interests
from workspace_server.core.subscriptions import ANYTHING, parse_wanted

NAMES = st.sampled_from(["a", "b", "ab"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
SELECTORS = st.one_of(
    PATHS, PATHS.map(lambda path: path + "/"), st.sampled_from(["/", "a*/b", "**/b", "a/*", "[ab]/a"])
)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "files": st.lists(SELECTORS, min_size=1, max_size=3),
        "agent": st.sampled_from(["ann", "bob"]),
        "types": st.lists(st.sampled_from(["file.created", "file.moved", "lock.acquired"]), min_size=1),
    },
)


@given(
    st.lists(ARGUMENTS, max_size=6),
    st.sampled_from(["file.created", "file.moved", "lock.acquired", "files.committed"]),
    st.none() | PATHS,
    st.sampled_from(["ann", "bob"]),
    st.fixed_dictionaries(
        {}, optional={"moved_from": st.builds(dict, path=PATHS), "paths": st.lists(PATHS, max_size=2)}
    ),
)
def test_those_who_want_an_event_are_the_same_as_when_everybody_is_asked(
    asked: list[dict[str, Any]], kind: str, path: str | None, agent: str, data: dict[str, Any]
) -> None:
    subscribers = [(number, parse_wanted(ANYTHING, arguments)) for number, arguments in enumerate(asked)]
    wanting = [number for number, wanted in subscribers if wanted.wants(kind, path, agent, data)]
    assert Interests(subscribers).who_want(kind, path, agent, data) == wanting


def test_nobody_wants_anything_of_an_empty_set() -> None:
    assert not Interests[int]([])
    assert Interests([(1, parse_wanted("file.created", {}))])
