"""Headers, as anybody may send them: each is read as a strict reading of its grammar says, or refused."""

import re

from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request

from tests.fuzz.drawing import LATIN, fuzzed
from workspace_server.core.access_tokens import digest, spelled
from workspace_server.errors import Forbidden, Unauthenticated, WorkspaceError
from workspace_server.interfaces.content import _range
from workspace_server.interfaces.cookies import cookie_of
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.http.call import _expected

HOST = r"(?:localhost|127\.0\.0\.1|\[::1\])"
HOSTS = st.one_of(
    LATIN,
    st.builds(
        "".join,
        st.lists(
            st.sampled_from(
                "localhost LOCALHOST 127.0.0.1 [::1] :8765 : :0 :99999 :٣ @ / ? # . [ ] evil.example \t % \\".split(" ")
            ),
            max_size=4,
        ),
    ),
).map(lambda text: text.encode("latin-1", "replace").decode("latin-1"))
ORIGINS = st.one_of(
    HOSTS, st.builds("".join, st.tuples(st.sampled_from("http:// https:// null file://".split()), HOSTS))
)


def connection(**headers: str) -> HTTPConnection:
    sent = {"host": "127.0.0.1:8765"} | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
    return HTTPConnection({"type": "http", "method": "GET", "headers": raw, "query_string": b""})


def passes(host: str, origin: str | None = None) -> bool:
    sent = [(b"host", host.encode("latin-1"))]
    sent += [(b"origin", origin.encode("latin-1"))] if origin is not None else []
    try:
        Guard().check_address(Headers(raw=sent))
    except Forbidden as refusal:
        assert refusal.facts["reason"] in {"host", "origin"}
        return False
    return True


@fuzzed(host=HOSTS)
def test_only_our_names_are_ours(host: str) -> None:
    found = re.fullmatch(rf"{HOST}(?::([0-9]*))?", host, re.IGNORECASE)
    assert passes(host) == (found is not None and int(found[1] or 0) < 65_536)


@fuzzed(origin=ORIGINS, port=st.sampled_from([80, 443, 8765]))
def test_only_our_origins_are_ours(origin: str, port: int) -> None:
    found = re.fullmatch(rf"(https?)://{HOST}(?::([0-9]*))?", origin, re.IGNORECASE)
    said = int(found[2] or {"http": 80, "https": 443}[found[1].lower()]) if found else None
    assert passes(f"127.0.0.1:{port}", origin) == (said == port)


@fuzzed(
    said=st.one_of(LATIN, st.tuples(st.sampled_from(["Bearer ", "bearer", "Basic "]), LATIN).map("".join)), key=LATIN
)
def test_a_proof_is_read_or_refused(said: str, key: str) -> None:
    for headers in (
        {"authorization": said},
        {"x-admin-key": key},
        {"cookie": said},
        {"authorization": said, "cookie": key},
    ):
        try:
            proof = Guard(admin_key="k" * 43).proof(connection(**headers))
        except Unauthenticated as refusal:
            assert said not in str(refusal.as_dict()) or len(said) < 12
            assert "cookie" not in headers or "authorization" in headers
            continue
        assert not proof.is_owner
    assert digest(said) is None


@fuzzed(token_id=st.binary(min_size=6, max_size=6), tail=LATIN)
def test_what_is_no_token_has_no_digest(token_id: bytes, tail: str) -> None:
    token = spelled(token_id.hex(), "s" * 43)
    assert digest(token)
    for other in (token + tail, tail + token, token[:-1] + tail):
        assert (digest(other) is not None) == (re.fullmatch(r"wst_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", other) is not None)


COOKIES = st.lists(
    st.tuples(st.sampled_from(["mine", "yours", "Mine", ""]), LATIN.filter(lambda text: ";" not in text))
)


@fuzzed(pairs=COOKIES, between=st.sampled_from(["; ", ";", " ; "]))
def test_a_cookie_is_the_first_of_its_name_as_it_stands(pairs: list[tuple[str, str]], between: str) -> None:
    sent = between.join(f"{name}={value}" for name, value in pairs)
    expected = next((value.strip() for name, value in pairs if name == "mine"), "")
    assert cookie_of(connection(cookie=sent).headers, "mine") == expected


@fuzzed(
    header=st.one_of(LATIN, st.from_regex(r"bytes=[0-9]{0,20}-[0-9]{0,20}", fullmatch=True)), size=st.integers(0, 99)
)
def test_a_range_lies_in_the_content(header: str, size: int) -> None:
    request = Request({"type": "http", "headers": [(b"range", header.encode("latin-1"))]})
    found = _range(request, '"1"', size)
    if found is not None:
        start, end, partial = found
        assert 0 <= start <= end <= size
        assert partial or (start, end) == (0, size)


@fuzzed(match=st.one_of(st.none(), LATIN, st.integers(-1, 10**20).map('"{}"'.format)), none=st.one_of(st.none(), LATIN))
def test_a_precondition_is_a_version_or_refused(match: str | None, none: str | None) -> None:
    try:
        version = _expected(match, none)
    except WorkspaceError as refusal:
        assert refusal.code == "invalid_argument"
        return
    assert version is None or 0 <= version < 10**15
    assert (version is None) == (match is None and none is None)


TRACES = st.one_of(LATIN, st.just(f"00-{'a' * 32}-{'b' * 16}-01"))


@fuzzed(agent=LATIN, request_id=LATIN, trace=TRACES)
def test_a_name_and_an_id_are_taken_or_refused(agent: str, request_id: str, trace: str) -> None:
    try:
        caller = Guard().admit(connection(x_agent=agent, idempotency_key=request_id, traceparent=trace), door="http")
    except WorkspaceError as refusal:
        assert refusal.code == "invalid_argument"
        return
    assert caller.agent.isprintable()
    assert caller.request_id is None or caller.request_id == request_id
