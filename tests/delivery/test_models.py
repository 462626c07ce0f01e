"""Speaking to a server of language models over real connections on loopback, whatever it answers."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from indexer.models.ports import Message, ModelFailed
from tests.delivery.test_sender import receiver
from workspace_server.core.limits import LIMITS
from workspace_server.delivery.models import READ_AT_ONCE_CHARS, ModelsOverHttp
from workspace_server.delivery.named import check_url

pytestmark = pytest.mark.anyio

ASKED = [Message("system", "rules"), Message("user", "text")]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def client(port: int, **more: Any) -> ModelsOverHttp:
    return ModelsOverHttp(f"http://127.0.0.1:{port}/v1/", extract_model="words", embed_model="vectors", **more)


def answering(body: Any, status: int = 200) -> Handler:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(text=body if isinstance(body, str) else json.dumps(body), status=status)

    return handle


async def test_messages_and_texts_go_out_in_the_common_form() -> None:
    heard: list[tuple[str, str | None, Any]] = []

    async def handle(request: web.Request) -> web.Response:
        heard.append((request.path, request.headers.get("Authorization"), await request.json()))
        if request.path.endswith("completions"):
            return web.json_response({"choices": [{"message": {"content": "said"}}]})
        return web.json_response({"data": [{"index": 1, "embedding": [3]}, {"index": 0, "embedding": [1, 2.5]}]})

    async with receiver(handle) as port, client(port, api_key="k1") as models:
        assert await models.complete(ASKED) == "said"
        assert await models.embed(["a", "b"]) == [[1.0, 2.5], [3.0]]

    (said_to, key, words), (embedded_at, _, vectors) = heard
    assert (said_to, embedded_at, key) == ("/v1/chat/completions", "/v1/embeddings", "Bearer k1")
    assert words["messages"] == [{"role": "system", "content": "rules"}, {"role": "user", "content": "text"}]
    assert (words["model"], words["temperature"], words["stream"]) == ("words", 0, False)
    assert vectors == {"model": "vectors", "input": ["a", "b"]}


@pytest.mark.parametrize(
    "body", ["", "nonsense", "[" * 50_000, "[]", {"choices": []}, {"choices": [{"message": {"content": 5}}]}, "null"]
)
async def test_an_answer_without_words_is_a_failure_of_this_question(body: Any) -> None:
    async with receiver(answering(body)) as port, client(port) as models:
        with pytest.raises(ModelFailed) as failed:
            await models.complete(ASKED)
    assert failed.value.of_input


@pytest.mark.parametrize(
    "data", [None, [], [{"index": 0}], [{"index": 0, "embedding": ["x"]}], [{"index": 0, "embedding": [1]}] * 2, [7]]
)
async def test_an_answer_without_a_vector_for_each_text_is_a_failure_too(data: Any) -> None:
    async with receiver(answering({"data": data})) as port, client(port) as models:
        with pytest.raises(ModelFailed):
            await models.embed(["a"])


@pytest.mark.parametrize(
    ("status", "of_input"), [(500, True), (400, True), (302, True), (401, False), (404, False), (429, False)]
)
async def test_a_status_says_whether_another_question_may_be_answered(status: int, of_input: bool) -> None:
    async with receiver(answering("your key sk-1 is wrong", status)) as port, client(port, api_key="sk-1") as models:
        with pytest.raises(ModelFailed) as failed:
            await models.complete(ASKED)
    assert failed.value.of_input is of_input
    assert str(failed.value) == f"the model server answered with HTTP {status}", "nothing of what it said"


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    over = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    async with receiver(never) as port, client(port, extract_s=0.1) as models:
        with pytest.raises(ModelFailed, match="in time") as failed:
            await models.complete(ASKED)
        over.set()
    assert failed.value.of_input


async def test_a_server_that_is_not_there_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    async with client(port) as models:
        with pytest.raises(ModelFailed, match="cannot be reached") as failed:
            await models.embed(["a"])
    assert not failed.value.of_input


async def test_no_redirect_is_followed() -> None:
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    async with receiver(handle) as port, client(port) as models:
        with pytest.raises(ModelFailed, match="HTTP 307"):
            await models.complete(ASKED)
    assert asked == ["/v1/chat/completions"]


async def test_our_own_port_is_refused() -> None:
    async with receiver(answering("{}")) as port, client(port, own_ports={port}) as models:
        with pytest.raises(ModelFailed, match="own address") as failed:
            await models.complete(ASKED)
    assert not failed.value.of_input


async def test_a_long_answer_is_read_and_a_longer_one_than_may_be_is_not() -> None:
    long = "x" * (2 * READ_AT_ONCE_CHARS)
    async with receiver(answering({"choices": [{"message": {"content": long}}]})) as port, client(port) as models:
        assert await models.complete(ASKED) == long

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(LIMITS.model_answer_bytes_max // (1 << 20) + 1):
            await response.write(b" " * (1 << 20))
        return response

    async with receiver(endless) as port, client(port) as models:
        with pytest.raises(ModelFailed, match="too long"):
            await models.complete(ASKED)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:11434/v1", "https://models.example/api", "http://[::1]:1234", "http://box.lan:80/v1/"]
)
def test_an_address_of_a_server_is_taken(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://a/",
        "127.0.0.1:11434",
        "http://",
        "http://user:secret@a.example/v1",
        "http://a/v1?key=secret",
        "http://a:99999/",
        "http://a b/",
    ],
)
def test_what_is_no_address_or_holds_a_secret_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refusal:
        check_url(url)
    assert "secret" not in str(refusal.value)
