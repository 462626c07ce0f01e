"""Whatever is sent as a path: it is refused, or has one spelling that leads nowhere else, whoever reads it."""

import posixpath
import unicodedata
from urllib.parse import quote, unquote

from hypothesis import strategies as st

from tests.fuzz.drawing import PATHS, fuzzed
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_directory, canonical_file, fold
from workspace_server.core.patterns import Selector, escape, parse_pattern, parse_selector
from workspace_server.core.scopes import parse_grant
from workspace_server.errors import InvalidArgument, InvalidPath
from workspace_server.interfaces.mcp.resources import path_of, uri_of
from workspace_server.interfaces.raw_path import decode


def canonical(raw: str) -> str | None:
    """Return the spelling of what is no file's path: None."""
    try:
        return canonical_file(raw)
    except InvalidPath as refusal:
        assert refusal.facts["reason"]
        str(refusal.as_dict()).encode()  # it goes out as JSON
        return None


@fuzzed(raw=PATHS)
def test_a_path_that_passes_stays_inside_for_whoever_resolves_it(raw: str) -> None:
    path = canonical(raw)
    if path is None:
        return
    for read in (path, unquote(path), unquote(unquote(path)), unicodedata.normalize("NFKC", path)):
        assert posixpath.normpath(posixpath.join("/root", read)).startswith("/root/"), read
        names = read.split("/")
        assert not {"", ".", ".."} & set(names)
        assert not {".git", ".workspace", ".workspace.part"} & {name.casefold() for name in names}
        assert not [character for character in read if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}]
    assert len(path.encode()) <= LIMITS.path_bytes_max
    assert max(len(name.encode()) for name in path.split("/")) <= LIMITS.name_bytes_max
    assert path.count("/") < LIMITS.path_depth_max


@fuzzed(raw=PATHS)
def test_a_spelling_is_the_last_one(raw: str) -> None:
    path = canonical(raw)
    if path is not None:
        assert canonical(path) == path == unicodedata.normalize("NFC", path)
        assert canonical_directory(path + "/") == path
        assert fold(path) == fold(fold(path)) == fold(unicodedata.normalize("NFD", path))


@fuzzed(raw=PATHS)
def test_the_short_way_decides_as_the_long_one(raw: str) -> None:
    # What begins with ./ never goes the short way.
    if raw and not raw.startswith("/"):
        assert canonical(raw) == canonical(f"./{raw}")


@fuzzed(raw=PATHS)
def test_a_path_comes_back_from_every_address_that_it_is_put_into(raw: str) -> None:
    path = canonical(raw)
    if path is not None:
        assert decode(quote(path)) == path
        assert path_of(uri_of(path), "papers") == path
        assert path_of(uri_of(path, "papers"), "papers") == path
        assert parse_pattern(escape(path)).matches(path)
        assert parse_grant(f"read:{escape(path)}").pattern.matches(path)


@fuzzed(raw=st.one_of(PATHS, st.binary(max_size=40).map(lambda data: data.decode("latin-1"))))
def test_an_address_is_decoded_or_refused(raw: str) -> None:
    for address in (f"workspace:///{raw}", f"workspace://papers/{raw}", raw):
        try:
            path_of(address, "papers")
        except InvalidPath:
            continue
    try:
        decode(raw.encode("utf-8", "surrogatepass").decode("latin-1"))
    except InvalidPath:
        return


@fuzzed(raw=PATHS, exists=st.booleans(), as_object=st.booleans())
def test_a_selector_is_refused_or_covers_only_what_it_keeps(raw: str, exists: bool, as_object: bool) -> None:
    try:
        selector = parse_selector({"path": raw} if as_object else raw, lambda _: exists)
    except (InvalidArgument, InvalidPath):
        return
    assert Selector.stored(selector.kind, selector.text) == selector
    assert selector.overlaps(selector)
    path = canonical(raw)
    if selector.kind == "path":
        assert selector.text == path
    if path is not None and selector.covers(path):
        assert selector.keeps(path)
        assert path.startswith(selector.literal_prefix)
