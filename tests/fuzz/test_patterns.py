"""Patterns and grants: whatever is sent is refused or read, and means what a slow and simple reading says it means."""

from functools import cache

from hypothesis import strategies as st

from tests.fuzz.drawing import ANY_TEXT, PATHS, fuzzed
from workspace_server.core.patterns import parse_pattern
from workspace_server.core.scopes import VERBS, parse_grant, parse_scope
from workspace_server.errors import InvalidArgument

PIECES = st.sampled_from(
    [
        "a",
        "b",
        "-",
        "]",
        ".",
        "*",
        "?",
        "[ab]",
        "[!a]",
        "[a-c]",
        "[]a]",
        r"\*",
        r"\[",
        r"[\]x]",
        "é",
        "/",
        "/**/",
        "**/",
    ]
)
WRITTEN = st.one_of(st.lists(PIECES, min_size=1, max_size=8).map("".join), PATHS, ANY_TEXT)
NAMES = st.text("ab-].*[éx", min_size=1, max_size=5).filter(lambda name: name not in {".", ".."})
FILES = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


def plainly_matches(pattern: str, path: str) -> bool:
    """Say what a pattern that `parse_pattern` takes means, by trying everything."""
    wanted = [name for name in pattern.removeprefix("./").split("/") if name]
    if pattern.endswith("/"):
        wanted.append("**")
    given = path.split("/")

    @cache
    def below(here: int, there: int) -> bool:
        if here == len(wanted):
            return there == len(given)
        if wanted[here] == "**":
            least = there + (here == len(wanted) - 1)  # at the end it stands for one name at least
            return any(below(here + 1, further) for further in range(least, len(given) + 1))
        return there < len(given) and name_matches(wanted[here], given[there]) and below(here + 1, there + 1)

    return below(0, 0)


def name_matches(pattern: str, name: str) -> bool:
    """Say the same of one name."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(name_matches(pattern[1:], name[at:]) for at in range(len(name) + 1))
    if not name:
        return False
    if pattern[0] == "?":
        return name_matches(pattern[1:], name[1:])
    if pattern[0] == "[":
        found, end = in_class(pattern, name[0])
        return found and name_matches(pattern[end:], name[1:])
    at = 1 if pattern[0] == "\\" else 0
    return pattern[at] == name[0] and name_matches(pattern[at + 1 :], name[1:])


def in_class(pattern: str, character: str) -> tuple[bool, int]:
    """Return whether a class that begins a pattern has a character, and where it ends."""
    at = 2 if pattern[1] == "!" else 1
    negated, first, found = at == 2, at, False
    while pattern[at] != "]" or at == first:
        low, escaped = (pattern[at + 1], 1) if pattern[at] == "\\" else (pattern[at], 0)
        at += 1 + escaped
        high = low
        if pattern[at] == "-":
            high = pattern[at + 1]
            at += 2
        found = found or low <= character <= high
    return found != negated, at + 1


@fuzzed(pattern=st.lists(PIECES, min_size=1, max_size=8).map("".join), path=FILES)
def test_a_pattern_means_what_a_plain_reading_of_it_means(pattern: str, path: str) -> None:
    try:
        parsed = parse_pattern(pattern)
    except InvalidArgument:
        return
    assert parsed.matches(path) == plainly_matches(pattern, path)


@fuzzed(text=WRITTEN, path=FILES, captures=st.booleans())
def test_what_is_written_is_refused_or_matches_below_its_literal_beginning(
    text: str, path: str, captures: bool
) -> None:
    try:
        pattern = parse_pattern(text, captures=captures)
    except InvalidArgument as refusal:
        assert refusal.facts["reason"]
        return
    found = pattern.capture(path)
    assert (found is not None) == pattern.matches(path)
    if found is not None:
        assert path.startswith(pattern.literal_prefix)
        assert tuple(found) == pattern.captures
        assert all(found.values())
    assert pattern.overlaps(pattern)


@fuzzed(verbs=st.lists(st.one_of(st.sampled_from([*VERBS, "all"]), ANY_TEXT), max_size=4), pattern=WRITTEN, path=FILES)
def test_a_grant_is_refused_or_read_back_as_it_is_written(verbs: list[str], pattern: str, path: str) -> None:
    text = f"{','.join(verbs)}:{pattern}"
    try:
        grant = parse_grant(text)
    except InvalidArgument as refusal:
        assert refusal.facts["argument"] == "allow"
        return
    assert parse_grant(str(grant)) == grant
    assert set(verbs) == {"all"} or set(verbs) == grant.verbs
    scope = parse_scope([text])
    for verb in VERBS:
        assert scope.allows(verb, path) == (verb in grant.verbs and grant.pattern.matches(path))
        assert scope.contains(verb, grant.pattern) == (verb in grant.verbs)


@fuzzed(granted=WRITTEN, asked=WRITTEN, path=FILES)
def test_what_lies_in_a_grant_is_allowed_path_by_path(granted: str, asked: str, path: str) -> None:
    try:
        scope, pattern = parse_scope([f"lock:{granted}"]), parse_pattern(asked)
    except InvalidArgument:
        return
    if scope.contains("lock", pattern) and pattern.matches(path):
        assert scope.allows("lock", path)
    if scope.allows("lock", path):
        directory = path.rpartition("/")[0]
        assert scope.near("lock", directory)
        assert scope.grants[0].pattern.overlaps(parse_pattern("**"))
