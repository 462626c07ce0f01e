"""The rules of share links."""

import pytest

from workspace_server.core import links
from workspace_server.core.limits import LIMITS
from workspace_server.core.links import Link
from workspace_server.errors import InvalidArgument, NotFound


def link(path: str = "reports", *, is_directory: bool = True, revoked_at: float | None = None) -> Link:
    return Link(
        number=7,
        path=path,
        is_directory=is_directory,
        version=None,
        as_of_seq=None,
        note=None,
        created_by="owner",
        created_at=0.0,
        expires_at=100.0,
        revoked_at=revoked_at,
        revoked_by=None,
        opened=0,
        opened_at=None,
    )


def test_a_link_is_open_until_its_time_is_over_or_it_is_revoked() -> None:
    assert [link().state(now_s) for now_s in (0.0, 99.9, 100.0)] == ["open", "open", "expired"]
    assert link(revoked_at=5.0).state(50.0) == "revoked"
    assert link(revoked_at=5.0).state(500.0) == "revoked"


def test_only_what_can_be_an_id_is_looked_up_and_never_kept_itself() -> None:
    secret = "aB3-_" * 6 + "xy"

    kept = links.digest(secret)
    assert kept is not None
    assert len(kept) == 64
    assert secret not in kept
    assert [links.digest(other) for other in ("", secret[1:], secret + "x", "ä" * 32, "/" * 32)] == [None] * 5


def test_a_link_goes_by_a_name_that_opens_nothing() -> None:
    assert links.name_of(7) == "S7"
    assert links.number_of("S7") == 7
    for other in ("", "7", "S0", "s7", "S7 ", "S" + "9" * 20):
        with pytest.raises(NotFound):
            links.number_of(other)


def test_a_link_lives_as_long_as_the_table_allows() -> None:
    for seconds in (LIMITS.link_s_min, LIMITS.link_s_max):
        links.check_term(seconds)
    for seconds in (LIMITS.link_s_min - 1, LIMITS.link_s_max + 1):
        with pytest.raises(InvalidArgument):
            links.check_term(seconds)


def test_what_is_asked_for_lies_below_what_is_shared() -> None:
    assert links.inside(link(), "") == "reports"
    assert links.inside(link(), "a/b.md") == "reports/a/b.md"
    assert links.inside(link(""), "a.md") == "a.md"
    assert links.inside(link("a.md", is_directory=False), "") == "a.md"
    with pytest.raises(NotFound):
        links.inside(link("a.md", is_directory=False), "b.md")


@pytest.mark.parametrize(
    ("shared", "path", "part"),
    [
        (link(), "reports/a.md", "a.md"),
        (link(), "reports", ""),
        (link(), "reports-2/a.md", None),
        (link(), "a.md", None),
        (link(""), "a.md", "a.md"),
        (link(""), "", ""),
        (link("a.md", is_directory=False), "a.md", ""),
        (link("a.md", is_directory=False), "b.png", None),
    ],
)
def test_a_link_leads_to_what_is_shared_and_nowhere_else(shared: Link, path: str, part: str | None) -> None:
    assert links.shared_part(shared, path) == part
